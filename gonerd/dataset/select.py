"""The first pass of a build: which documents stay, and what the splits need to know of them."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path

import numpy as np

from gonerd.errors import GonerdError
from gonerd.io import read_documents
from gonerd.progress import track
from gonerd.records import Document, Rejected
from gonerd.tokens import words

from .candidates import Candidate
from .leakage import Placed, find_leaks, refuse_leaks
from .near import PERMUTATIONS, near_pairs, signature
from .rights import why_not
from .splits import assign_splits


@dataclass
class Selection:
    """What the first pass found out; some hundred bytes a document.

    Attributes:
        documents: Documents read.
        rejected: Documents set aside.
        withheld: Ids of documents whose text stays out of the release.
        near: Near-duplicate pairs, as (id, id, similarity).
        splits: Split of each document that stays, in their order.
        newest: Latest day of publication among them.
        unmet: Blocked ids that no document bears.
    """

    documents: int = 0
    rejected: list[Rejected] = field(default_factory=list)
    withheld: set[str] = field(default_factory=set)
    near: list[tuple[str, str, float]] = field(default_factory=list)
    splits: dict[str, str] = field(default_factory=dict)
    newest: str | None = None
    unmet: set[str] = field(default_factory=set)


def select(
    documents: Path,
    out: Path,
    *,
    release: str,
    blocked: set[str],
    seed: int,
    previous: dict[str, str],
    limit: int | None,
) -> Selection:
    """Reads the documents once and decides what becomes of each.

    Args:
        documents: The documents.
        out: Folder of the release; a report of leaks is written beside it.
        release: Kind of release.
        blocked: Ids that must not appear.
        seed: Seed of the splits.
        previous: Splits of the release before.
        limit: Read no more than this many.

    Returns:
        The selection.

    Raises:
        GonerdError: The documents cannot be read, too few are left, or the splits leak.
    """
    selection = Selection()
    sieve = _Sieve(release, blocked)
    candidates: list[Candidate] = []
    texts: list[str] = []
    signatures: list[bytes] = []
    for document in track(islice(read_documents(documents), limit), "select"):
        selection.documents += 1
        rejected = sieve.why_not(document)
        if rejected:
            selection.rejected.append(rejected)
            continue
        tokens = words(document.text)
        candidates.append(_candidate(document, len(tokens)))
        texts.append(document.sha256)
        signatures.append(signature(tokens).tobytes())
        if document.published:
            selection.newest = max(selection.newest or "", document.published.isoformat())
    pairs = near_pairs(np.frombuffer(b"".join(signatures), dtype=np.uint32).reshape(-1, PERMUTATIONS))
    selection.withheld, selection.unmet = sieve.withheld, blocked - sieve.met
    selection.near = [(candidates[a].id, candidates[b].id, round(score, 3)) for a, b, score in pairs]
    try:
        selection.splits = assign_splits(candidates, [pair[:2] for pair in pairs], seed, previous)
    except GonerdError as error:
        aside = Counter(item.reason for item in selection.rejected)
        counted = ", ".join(f"{count} {reason}" for reason, count in sorted(aside.items())) or "none"
        raise GonerdError(
            f"{documents}: {error}; {len(selection.rejected)} documents were set aside: {counted}"
        ) from error
    entries = [
        Placed(c.id, selection.splits[c.id], sha256, c.address, c.occasion)
        for c, sha256 in zip(candidates, texts, strict=True)
    ]
    refuse_leaks(find_leaks(entries, pairs), out)
    return selection


def _candidate(document: Document, tokens: int) -> Candidate:
    return Candidate(document.id, document.domain, document.source, document.published, tokens, document.url)


class _Sieve:
    """Sets aside what must not be in the release."""

    def __init__(self, release: str, blocked: set[str]) -> None:
        self.release, self.blocked = release, blocked
        self.withheld: set[str] = set()
        self.met: set[str] = set()
        self._texts: dict[str, str] = {}

    def why_not(self, document: Document) -> Rejected | None:
        if document.id in self.blocked:
            self.met.add(document.id)
            return Rejected(document.id, "blocklisted", "the blocklist names it", stage="build")
        if not document.text.strip():
            return Rejected(document.id, "empty-text", stage="build")
        if document.sha256 in self._texts:
            # The same text in two splits is the plainest leak there is.
            return Rejected(
                document.id, "duplicate-text", f"same text as document {self._texts[document.sha256]}", stage="build"
            )
        refusal = why_not(document) if self.release != "private" else None
        if refusal and self.release == "full":
            return Rejected(document.id, *refusal, stage="build")
        if refusal and not document.url:
            detail = f"{refusal[1]}, and without field 'url' nobody could find the text again"
            return Rejected(document.id, refusal[0], detail, stage="build")
        if refusal:
            self.withheld.add(document.id)
        self._texts[document.sha256] = document.id
        return None
