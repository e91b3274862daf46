"""Predicting a split pool by pool: batches by length within a pool, what is found kept as it comes."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from torch import Tensor

from gonerd.models.finetuning import Piece
from gonerd.models.finetuning.batching import Batching
from gonerd.models.finetuning.running import check_finite, run_batches
from gonerd.progress import track

from .coverage import coverage
from .prediction_cache import Found, PredictionCache
from .subject import Subject

# Characters of the texts of a pool, some 250,000 tokens: enough to find texts of like length, and the most that is cut
# into windows at once. Pools follow from the texts alone, so that a run that goes on forms the same batches.
_POOL = 1_000_000


def predict_examples(
    subject: Subject,
    examples: Sequence[Any],
    cache: PredictionCache,
    batching: Batching,
    share: tuple[int, int] = (0, 1),
) -> None:
    """Predicts what the cache does not hold yet.

    Batches are those of a run from the beginning, so that a run that was killed ends with the very same numbers; only
    batches whose examples are all known are left out.

    Args:
        subject: The model.
        examples: Records of `gonerd.models.finetuning`, the whole split.
        cache: Where predictions are looked up and added.
        batching: How many windows are run at once.
        share: (number of this process, how many there are); each takes its part of the examples.

    Raises:
        GonerdError: The model gives no finite numbers, or a window does not fit into memory.
    """
    known = cache.read()
    mine = _share(examples, *share)
    if all(example.id in known for example in mine):
        return
    cache.open()
    for pool in track(list(pools(mine)), "predict"):
        wanted = {i for i, example in enumerate(pool) if example.id not in known}
        if wanted:
            for i, found in _predict_pool(subject, pool, wanted, batching):
                cache.append([(pool[i].id, found)])


def pools(examples: Sequence[Any]) -> Iterator[list[Any]]:
    """Parts examples, in order, where their texts fill a pool."""
    pool: list[Any] = []
    filled = 0
    for example in examples:
        pool.append(example)
        filled += characters(example)
        if filled >= _POOL:
            yield pool
            pool, filled = [], 0
    if pool:
        yield pool


def characters(example: Any) -> int:
    """Returns the length of an example's texts, those that stand beside each other together."""
    texts = (getattr(example, name, None) for name in ("text", "second", "question", "context"))
    return 1 + sum(len(text) for text in texts if text)


def _share(examples: Sequence[Any], process: int, processes: int) -> list[Any]:
    """Deals examples out by length, so that all processes have about as much to do."""
    if processes == 1:
        return list(examples)
    order = sorted(range(len(examples)), key=lambda i: -characters(examples[i]))
    return [examples[i] for i in sorted(order[process::processes])]


def _predict_pool(
    subject: Subject, pool: Sequence[Any], wanted: set[int], batching: Batching
) -> Iterator[tuple[int, Found]]:
    """Yields (index in the pool, what was found) of the wanted examples, each as soon as its last window was run."""
    pieces = subject.kind.pieces(subject.tokenizer, pool, subject.shape, gold=False)
    batches = batching.plan([len(piece.input_ids) for piece in pieces], subject.model.device.type)
    needed = [batch for batch in batches if any(pieces[i].example in wanted for i in batch)]
    held: dict[int, list[int]] = defaultdict(list)
    for i, piece in enumerate(pieces):
        held[piece.example].append(i)
    for example in wanted - held.keys():  # an empty text has no window
        yield example, _merged(subject, pool[example], [], [])
    scores: dict[int, Tensor] = {}
    left = {example: len(indices) for example, indices in held.items()}
    ran = run_batches(subject.model, subject.tokenizer, subject.kind, pieces, subject.attends, needed, batching)
    for i, found in ran:
        example = pieces[i].example
        check_finite(found, f"example {pool[example].id!r}")
        scores[i] = found
        left[example] -= 1
        if not left[example] and example in wanted:
            own = held[example]
            yield example, _merged(subject, pool[example], [pieces[k] for k in own], [scores.pop(k) for k in own])


def _merged(subject: Subject, example: Any, pieces: list[Piece], scores: list[Tensor]) -> Found:
    (found,) = subject.kind.merge([example], [replace(piece, example=0) for piece in pieces], scores)
    if subject.order is not None:
        found = subject.order[found]
    seen = coverage(subject.tokenizer, example, pieces)
    return Found(found, len(pieces), sum(len(piece.input_ids) for piece in pieces), *seen)


def counted(found: Mapping[str, Found], ids: Sequence[str]) -> dict[str, int]:
    """Returns windows, tokens, words and what stands in no window, summed over examples."""
    names = ("windows", "tokens", "words", "words_unseen", "truncated")
    return {name: sum(getattr(found[key], name) for key in ids) for name in names}
