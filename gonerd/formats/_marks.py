"""What a tool has of a document, as its file states it: spans, text and identity, nothing of it believed yet."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from gonerd.errors import GonerdError
from gonerd.offsets import CODE_POINT


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

    @property
    def states_texts(self) -> bool:
        """Whether the tool says what stands where."""
        return bool(self.words) or any(mark.text is not None for mark in self.marks)


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
