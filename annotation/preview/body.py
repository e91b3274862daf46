"""One document as HTML: sections, marked spans, and the stretches that two layers read differently."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from html import escape

import regex

from gonerd.annotation.disputes import Dispute
from gonerd.labels import CORE
from gonerd.records import Document, Span

SECTION_CHARACTERS = 4000
_BREAK = regex.compile(r"\n+")
Piece = Span | Dispute


def document_html(
    document: Document, spans: Sequence[Span], found: Sequence[Dispute], names: Sequence[str], number: int
) -> Iterator[str]:
    """Renders a document.

    Args:
        document: The document.
        spans: Spans of the first layer, in order, not overlapping.
        found: Where the second layer differs.
        names: Names of the layers.
        number: Number of the document on the page.

    Yields:
        Pieces of HTML, everything that comes from the document or the layers escaped.
    """
    open_spans = {s.key for d in found for s in d.first}
    pieces: list[Piece] = sorted([*(s for s in spans if s.key not in open_spans), *found], key=lambda p: p.start)
    cuts = sections(document.text, pieces)
    yield f'<article id="d{number}">\n<h2>{escape(document.title or document.id)}</h2>\n'
    source = " · ".join(filter(None, (document.id, document.domain, document.source, document.url)))
    yield f'<p class="source">{escape(source)}</p>\n'
    if len(cuts) > 1:
        links = (f'<a href="#d{number}-{i}">{i + 1}</a>' for i in range(len(cuts)))
        yield f"<nav>sections {' '.join(links)}</nav>\n"
    position = 0
    for i, (start, end) in enumerate(cuts):
        yield f'<section id="d{number}-{i}" dir="auto">'
        at = start
        while position < len(pieces) and pieces[position].start < end:
            piece = pieces[position]
            yield escape(document.text[at : piece.start])
            yield _mark(document.text, piece) if isinstance(piece, Span) else _dispute(document.text, piece, names)
            at, position = piece.end, position + 1
        yield escape(document.text[at:end])
        yield "</section>\n"
    yield "</article>\n"


def sections(text: str, pieces: Sequence[Piece], size: int = SECTION_CHARACTERS) -> list[tuple[int, int]]:
    """Cuts a text at line breaks into sections of about `size` characters, never inside a piece.

    Returns:
        (start, end) of each section: ascending, adjacent, covering the text.
    """
    cuts, start, position = [], 0, 0
    for match in _BREAK.finditer(text):
        cut = match.end()
        while position < len(pieces) and pieces[position].end <= cut:
            position += 1
        inside = position < len(pieces) and pieces[position].start < cut
        if cut - start >= size and cut < len(text) and not inside:
            cuts.append((start, cut))
            start = cut
    return [*cuts, (start, len(text))]


def _mark(text: str, span: Span) -> str:
    score = None if span.score is None else f"{span.score:.2f}"
    said = " · ".join(filter(None, (span.provenance, score, f"{span.start}..{span.end}")))
    known = span.label if span.label in CORE else "other"
    label = escape(span.label)
    return (
        f'<mark class="{known}" data-label="{label}" title="{escape(said)}">{escape(text[span.start : span.end])}'
        f'<span class="label">{label}</span></mark>'
    )


def _dispute(text: str, dispute: Dispute, names: Sequence[str]) -> str:
    """Shows the stretch once a layer, one below the other: the two may overlap in any way."""
    sides = (
        _side(text, dispute, spans, name) for spans, name in zip((dispute.first, dispute.second), names, strict=True)
    )
    return f'<span class="dispute" title="{escape(dispute.kind)}">{"".join(sides)}</span>'


def _side(text: str, dispute: Dispute, spans: Sequence[Span], name: str) -> str:
    html, at = "", dispute.start
    for span in sorted(spans, key=lambda s: s.key):
        html += escape(text[at : span.start]) + _mark(text, span)
        at = span.end
    return f'<span class="side"><span class="layer">{escape(name)}</span>{html}{escape(text[at : dispute.end])}</span>'
