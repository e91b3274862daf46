"""Turning a tool's offsets into places of the document, in the unit in which what it states stands there."""

from __future__ import annotations

from gonerd.errors import GonerdError
from gonerd.offsets import Normalized, Ruler
from gonerd.records import Document, Span

from ._borders import doubtful
from ._marks import Marked


def placed(marked: Marked, document: Document, units: tuple[str, ...]) -> tuple[Span, ...]:
    """Reads the marks in the first unit in which every stated text stands where it should.

    Raises:
        GonerdError: It does in none, or nothing tells which of two units is meant.
    """
    raw = document.text if marked.text is None else marked.text
    same = Normalized(raw)
    readings: dict[tuple[Span, ...], str] = {}
    problem = ""
    for unit in units:
        ruler = Ruler(raw, unit)
        try:
            readings.setdefault(_read(marked, document.text, ruler, same), unit)
        except GonerdError as error:
            problem = problem or str(error)
    if not readings:
        raise GonerdError(problem)
    if len(readings) == 1 or marked.states_texts:
        return next(iter(readings))
    clean = [spans for spans in readings if not any(doubtful(span, document.text) for span in spans)]
    if len(clean) == 1:
        return clean[0]
    raise GonerdError(
        f"{marked.where}: the offsets can be read as {' or '.join(readings.values())}, and the text does not tell "
        "which; name the unit with --offsets"
    )


def _read(marked: Marked, text: str, ruler: Ruler, same: Normalized) -> tuple[Span, ...]:
    def place(offset: int) -> int | None:
        point = ruler.code_point(offset)
        return None if point is None else same.position(point)

    def check(start: int, end: int, stated: str | None, what: str) -> tuple[int, int]:
        places = place(start), place(end)
        if places[0] is None or places[1] is None:
            said = "" if stated is None else f" (stated as {stated!r})"
            raise GonerdError(
                f"{marked.where}: {what} {start}..{end}{said} lies outside the text of {len(text)} characters or "
                "inside one of them, so the offsets are over another text or in another unit; export again, or name "
                "the unit with --offsets"
            )
        found = text[places[0] : places[1]]
        if stated is not None and Normalized(stated).text != found and stated.replace("\\n", "\n") != found:
            raise GonerdError(
                f"{marked.where}: {what} {start}..{end} is {found!r}, not {stated!r} as stated"
                f"{_elsewhere(text, Normalized(stated).text, places[0])}, so the offsets are over another text; "
                "annotate that text again"
            )
        return places[0], places[1]

    for start, end, word in marked.words:
        check(start, end, word, "word")
    spans = []
    for mark in marked.marks:
        if mark.start >= mark.end:
            raise GonerdError(f"{marked.where}: span {mark.start}..{mark.end} is empty; remove it")
        start, end = check(mark.start, mark.end, mark.text, "span")
        spans.append(Span(start, end, mark.label, mark.score, mark.provenance))
    return tuple(spans)


def _elsewhere(text: str, stated: str, start: int) -> str:
    before, after = text.rfind(stated, 0, start + len(stated)), text.find(stated, start)
    places = [place for place in (before, after) if stated and place >= 0]
    if not places:
        return " (which stands nowhere in the text)"
    nearest = min(places, key=lambda place: abs(place - start))
    return f" (which stands at {nearest}..{nearest + len(stated)})"
