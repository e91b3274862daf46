"""Fitting what a tool gives back onto the documents: the right one, the same text, offsets that mean what they say."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import regex

from gonerd.errors import GonerdError
from gonerd.offsets import CODE_POINT, Normalized, Ruler
from gonerd.records import Annotation, Document, Span
from gonerd.text import is_space, text_sha256

_CUTS = regex.compile(r"(?<=\w)(?=\w)")
_REACH = 8  # how far a shift is looked for, in characters


@dataclass(frozen=True)
class Mark:
    """A span as a tool has it.

    Attributes:
        start: Offset in the tool's unit.
        end: Offset after the last character.
        label: Its label.
        text: What the tool says stands there, where it says so.
        score: Confidence in 0..1.
        provenance: What produced it.
    """

    start: int
    end: int
    label: str
    text: str | None = None
    score: float | None = None
    provenance: str | None = None

    def __post_init__(self) -> None:
        if type(self.start) is not int or type(self.end) is not int or not isinstance(self.label, str):
            raise TypeError("start and end are whole numbers, label text")
        if not isinstance(self.text, str | None) or not isinstance(self.provenance, str | None):
            raise TypeError("text and provenance are text")
        if self.score is not None and type(self.score) not in (int, float):
            raise TypeError("score is a number")


@dataclass(frozen=True)
class Marked:
    """One document as a tool gives it back.

    Attributes:
        where: File and line, for messages.
        id: The document's id, where the tool kept it.
        text: The text as the tool has it, where it gives it.
        sha256: Hash of the text that was annotated, where the tool kept it.
        marks: The spans.
        words: (start, end, text) of words that the tool names with their offsets; they must fit too.
        units: What the tool may count in, likeliest first.
        guideline_version: Version of the guidelines followed, "" where the tool does not say.
    """

    where: str
    id: str | None
    text: str | None
    sha256: str | None
    marks: tuple[Mark, ...]
    words: tuple[tuple[int, int, str], ...] = ()
    units: tuple[str, ...] = (CODE_POINT,)
    guideline_version: str = ""


@dataclass
class Reading:
    """The documents that a file is read against, and how.

    Attributes:
        documents: Documents by id.
        source: Where they come from, for messages.
        offsets: Unit of the file's offsets, one of `gonerd.offsets.UNITS`; what the tool counts in when None.
        annotator: Whose work is read, where a file holds that of several.
    """

    documents: Mapping[str, Document]
    source: str = "the documents"
    offsets: str | None = None
    annotator: str | None = None
    _by_hash: dict[str, str] = field(default_factory=dict)
    _done: set[str] = field(default_factory=set)
    _borders: _Borders = field(default_factory=lambda: _Borders())

    @classmethod
    def of(
        cls, documents: Iterable[Document], source: str, offsets: str | None = None, annotator: str | None = None
    ) -> Reading:
        """Gathers the documents."""
        if offsets is not None:
            Ruler("", offsets)  # an unknown unit is refused before anything is read
        return cls({document.id: document for document in documents}, source, offsets, annotator)

    def find(self, marked: Marked) -> Document:
        """Finds the document that was annotated: by its id, else by its text.

        Raises:
            GonerdError: There is none, or it has another text.
        """
        text = None if marked.text is None else Normalized(marked.text).text
        if marked.id is None:
            if text is None:
                raise GonerdError(f"{marked.where}: names neither a document nor its text; export it with its metadata")
            if not self._by_hash:
                self._by_hash.update((document.sha256, key) for key, document in self.documents.items())
            key = self._by_hash.get(text_sha256(text), "")
            what = f"no document with the text {text[:40]!r}"
        else:
            key, what = marked.id, f"no document {marked.id!r}"
        document = self.documents.get(key)
        if document is None:
            raise GonerdError(f"{marked.where}: {what} in {self.source}; pass the documents that were annotated")
        if text is not None and text != document.text:
            raise GonerdError(f"{marked.where}: {_difference(document, text)}; annotate the document again")
        if marked.sha256 is not None and marked.sha256 != document.sha256:
            raise GonerdError(
                f"{marked.where}: annotation of document {document.id}: it was made over another text (field "
                "'text_sha256'); annotate the document again"
            )
        return document

    def fit(self, marked: Marked) -> Annotation:
        """Turns what a tool has into a checked annotation.

        Raises:
            GonerdError: The document is unknown or was annotated before, its text is another, an offset does not mean
                what the tool says stands there, or a span is none that a layer may hold.
        """
        document = self.find(marked)
        if document.id in self._done:
            raise GonerdError(f"{marked.where}: document {document.id!r} is annotated twice; keep one of the two")
        self._done.add(document.id)
        units = (self.offsets,) if self.offsets else marked.units
        spans = _spans(marked, document, units)
        spans = tuple(sorted(spans, key=lambda s: s.key))
        if not _states_texts(marked):
            self._borders.add(spans, document.text, marked.where)
            if len(spans) > 1:  # a single one may well cut a word; whether all of them do is seen at the end
                here = _Borders()
                here.add(spans, document.text, marked.where)
                here.refuse_shift()
        annotation = Annotation(document.id, "", marked.guideline_version, document.sha256, spans)
        try:
            annotation.check(document)
        except GonerdError as error:
            raise GonerdError(f"{marked.where}: {error}") from error
        return annotation

    def finish(self) -> None:
        """Looks back over the file, once it was read.

        Raises:
            GonerdError: Its offsets are shifted, which a document with a single span cannot tell.
        """
        self._borders.refuse_shift()


def _states_texts(marked: Marked) -> bool:
    return bool(marked.words) or any(mark.text is not None for mark in marked.marks)


def _difference(document: Document, text: str) -> str:
    pairs = enumerate(zip(document.text, text, strict=False))
    at = next((i for i, (a, b) in pairs if a != b), min(len(document.text), len(text)))
    expected, found = document.text[at : at + 20], text[at : at + 20]
    return (
        f"document {document.id}: it was made over another text: at {at} stands {expected!r} in the document and "
        f"{found!r} in the file"
    )


def _spans(marked: Marked, document: Document, units: tuple[str, ...]) -> tuple[Span, ...]:
    """Reads the marks in the first unit in which every stated text stands where it should."""
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
    if len(readings) == 1 or _states_texts(marked):
        return next(iter(readings))
    clean = [spans for spans in readings if not any(_doubtful(span, document.text) for span in spans)]
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


def _doubtful(span: Span, text: str, shift: int = 0) -> bool:
    """Whether a border has white space inside it, or cuts a word."""
    start, end = span.start + shift, span.end + shift
    if start < 0 or end > len(text) or is_space(text[start]) or is_space(text[end - 1]):
        return True
    return any(_CUTS.match(text, border) is not None for border in (start, end))


@dataclass
class _Borders:
    """Where spans begin and end, over which no text is stated: how a shift shows in what it does to words.

    Attributes:
        spans: How many there are.
        doubtful: How many begin or end in white space or inside a word.
        moved: By direction, the first of these as it would stand after the least shift that mends it; a direction
            that does not mend them all is gone.
    """

    spans: int = 0
    doubtful: int = 0
    moved: dict[int, str] = field(default_factory=lambda: {-1: "", 1: ""})

    def add(self, spans: Sequence[Span], text: str, where: str) -> None:
        self.spans += len(spans)
        for span in spans:
            if not _doubtful(span, text):
                continue
            self.doubtful += 1
            for sign in list(self.moved):
                # An emoji before a span moves it further than the spans before the emoji: each has its own distance.
                shift = _mended(span, text, sign)
                if shift is None:
                    del self.moved[sign]
                elif not self.moved[sign]:
                    self.moved[sign] = _moved(span, text, shift, where)

    def refuse_shift(self) -> None:
        """Refuses spans most of which cut words and, all moved one way, would cut none."""
        if 2 * self.doubtful > self.spans and self.moved:
            raise GonerdError(next(iter(self.moved.values())))


def _moved(span: Span, text: str, shift: int, where: str) -> str:
    start, end = span.start + shift, span.end + shift
    return (
        f"{where}: the offsets look shifted by {-shift}: span {span.start}..{span.end} is "
        f"{text[span.start : span.end]!r}, and {text[start:end]!r} stands at {start}..{end}; export again, or name the "
        "unit with --offsets"
    )


def _mended(span: Span, text: str, sign: int) -> int | None:
    """Returns the least shift after which a span cuts no word, None where none is near."""
    shifts = (sign * distance for distance in range(1, _REACH + 1))
    return next((shift for shift in shifts if not _doubtful(span, text, shift)), None)


def marks_from(values: Any, where: str, fields: tuple[str, str, str] = ("start", "end", "label")) -> tuple[Mark, ...]:
    """Builds marks from objects with a start, an end, a label and, where given, `text`, `score`, `provenance`.

    Args:
        values: The list of objects as read.
        where: File and line, for messages.
        fields: Names of the first three fields.

    Raises:
        GonerdError: One is malformed.
    """
    if not isinstance(values, list):
        raise GonerdError(f"{where}: field 'spans' must be a list; mend the line")
    marks = []
    for value in values:
        try:
            start, end, label = (value[name] for name in fields)
            marks.append(Mark(start, end, label, value.get("text"), value.get("score"), value.get("provenance")))
        except (KeyError, TypeError, AttributeError) as error:
            raise GonerdError(f"{where}: field 'spans' holds {value!r}, no span ({error}); mend it") from error
    return tuple(marks)


def text_or_none(value: Any, name: str, where: str) -> str | None:
    """Returns a field that is a string or missing.

    Raises:
        GonerdError: It is something else.
    """
    if value is None or isinstance(value, str):
        return value
    raise GonerdError(f"{where}: field {name!r} must be a string; mend the line")
