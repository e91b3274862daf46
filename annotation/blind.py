"""The blind slice: documents that annotators see without suggestions, so that anchoring can be measured."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from gonerd.agreement import RESAMPLES, Interval
from gonerd.errors import GonerdError
from gonerd.io import LayerReader, read_documents


def is_blind(document: str, share: float, seed: int = 0) -> bool:
    """Whether a document is in the blind slice; a larger share only adds documents.

    Args:
        document: Id of the document.
        share: Share of documents in the slice, 0..1.
        seed: Which documents these are.
    """
    digest = hashlib.sha256(f"{seed}:{document}".encode()).digest()
    return int.from_bytes(digest[:8], "big") < share * 2**64


@dataclass(frozen=True)
class Anchoring:
    """How far reviewers follow suggestions that they saw, against suggestions that they did not see.

    Attributes:
        shown: Exact F1 between suggestions and review, over documents shown with suggestions.
        blind: The same over the blind slice.
        difference: `shown` less `blind`; above zero where suggestions draw the reviewers to them.
        documents: Documents shown with suggestions, and in the blind slice.
    """

    shown: Interval
    blind: Interval
    difference: Interval
    documents: tuple[int, int]


def measure_anchoring(
    reviewed: Path, suggested: Path, documents: Path, share: float, seed: int = 0, resamples: int = RESAMPLES
) -> Anchoring:
    """Measures anchoring.

    Args:
        reviewed: Layer of the reviewers.
        suggested: Layer that was suggested, also for the documents where it was not shown.
        documents: The documents.
        share: Share of the blind slice, as it was pushed.
        seed: Its seed, as it was pushed.
        resamples: Number of bootstrap samples of documents.

    Returns:
        The measures with 95 % bootstrap intervals over documents.

    Raises:
        GonerdError: A layer does not fit the documents, or one of the two groups was not reviewed.
    """
    counts: dict[bool, list[tuple[int, int]]] = {True: [], False: []}
    readers = LayerReader(reviewed), LayerReader(suggested)
    for document in read_documents(documents):
        a, b = (reader.take(document) for reader in readers)
        if a is not None and b is not None:
            keys = {s.key for s in a.spans}, {s.key for s in b.spans}
            row = 2 * len(keys[0] & keys[1]), len(keys[0]) + len(keys[1])
            counts[is_blind(document.id, share, seed)].append(row)
    for reader in readers:
        reader.finish(documents)
    if not counts[True] or not counts[False]:
        which = "the blind slice" if not counts[True] else "the documents shown with suggestions"
        raise GonerdError(f"{reviewed}: holds nothing of {which}; review some, or give --blind and --seed as pushed")
    draws = np.random.default_rng(seed).spawn(2 * resamples)
    drawn = {
        blind: np.array([_f1(rows, draw) for draw in draws[blind * resamples : (blind + 1) * resamples]])
        for blind, rows in counts.items()
    }
    value = {blind: _f1(rows) for blind, rows in counts.items()}
    return Anchoring(
        _interval(value[False], drawn[False]),
        _interval(value[True], drawn[True]),
        _interval(value[False] - value[True], drawn[False] - drawn[True]),
        (len(counts[False]), len(counts[True])),
    )


def _f1(rows: Sequence[tuple[int, int]], draw: np.random.Generator | None = None) -> float:
    table = np.array(rows)
    matching, spans = (table if draw is None else table[draw.integers(0, len(rows), len(rows))]).sum(axis=0)
    return float(matching / spans) if spans else 1.0


def _interval(value: float, drawn: Any) -> Interval:
    low, high = np.percentile(drawn, [2.5, 97.5])
    return Interval(value, float(low), float(high))
