"""Reviewed texts as spaCy learns from them: pieces, examples, batches of a number of words."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from gonerd.records import Span

from .chunks import chunks

_PIECE = 1_500  # characters of a training example; a recogniser that sees 4 tokens to each side needs no more
_BATCH_WORDS = 1_200
_STEPS = 30  # at least so many steps a pass, or the average of the weights lags far behind on little data


def pieces(text: str, spans: Sequence[Span]) -> Iterator[tuple[str, list[Span]]]:
    """Cuts a document into training pieces; a border inside a span is left out."""
    ordered = sorted(spans, key=lambda s: s.key)
    start = 0
    for _, end in chunks(text, _PIECE):
        if any(s.start < end < s.end for s in ordered):
            continue
        inside = [Span(s.start - start, s.end - start, s.label) for s in ordered if start <= s.start and s.end <= end]
        yield text[start:end], inside
        start = end
    if start < len(text):
        yield text[start:], [Span(s.start - start, s.end - start, s.label) for s in ordered if s.start >= start]


def examples(nlp: Any, pieces: Iterable[tuple[str, list[Span]]]) -> tuple[list[Any], int]:
    """Makes spaCy's examples; returns them with the number of spans that cut a token, which are left open."""
    from spacy.training import Example

    found, misaligned = [], 0
    for text, spans in pieces:
        reference = nlp.make_doc(text)
        if not len(reference):
            continue
        exact = [reference.char_span(s.start, s.end, s.label) for s in spans]
        missing = [
            reference.char_span(s.start, s.end, alignment_mode="expand")
            for s, f in zip(spans, exact, strict=True)
            if f is None
        ]
        misaligned += len(missing)
        kept = [f for f in exact if f is not None]
        reference.set_ents(
            kept,
            missing=[
                m for m in missing if m is not None and not any(m.start < k.end and k.start < m.end for k in kept)
            ],
            default="outside",
        )
        found.append(Example(nlp.make_doc(text), reference))
    return found, misaligned


def word_batches(examples: Sequence[Any]) -> Iterator[list[Any]]:
    """Yields batches of about the same number of words."""
    batch: list[Any] = []
    words = 0
    enough = min(_BATCH_WORDS, sum(len(example.reference) for example in examples) // _STEPS)
    for example in examples:
        batch.append(example)
        words += len(example.reference)
        if words >= enough:
            yield batch
            batch, words = [], 0
    if batch:
        yield batch
