"""The records that travel between stages. Character spans over `Document.text` are the truth."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime

from .errors import GonerdError
from .labels import CORE
from .text import is_space, splits_cluster, text_sha256

DOMAINS = ("news", "legal", "other")


@dataclass(frozen=True, slots=True)
class Span:
    """A labelled stretch of a document.

    Attributes:
        start: Offset of the first character, in Unicode code points.
        end: Offset after the last character (half-open).
        label: A label of the scheme, for instance "PER".
        score: Confidence in 0..1, or None where the annotator gives none.
        provenance: What produced the span, for instance a pipeline name and version.
    """

    start: int
    end: int
    label: str
    score: float | None = None
    provenance: str | None = None

    def __post_init__(self) -> None:
        if type(self.start) is not int or type(self.end) is not int or not isinstance(self.label, str):
            raise GonerdError(
                f"span {self.start!r}..{self.end!r} {self.label!r}: start and end are whole numbers, label text"
            )
        if not 0 <= self.start < self.end:
            raise GonerdError(f"span {self.start}..{self.end} {self.label!r}: start must be >= 0 and below end")

    @property
    def key(self) -> tuple[int, int, str]:
        """What makes two spans the same entity mention: (start, end, label)."""
        return (self.start, self.end, self.label)


@dataclass(frozen=True, slots=True)
class Document:
    """A text and where it came from. Written once, never rewritten.

    Attributes:
        id: Stable identifier, the same for the same address however it was fetched.
        text: The text, normalised once (`gonerd.text.normalize`).
        url: Address to cite.
        source: Short name of the publisher or collection.
        domain: One of `DOMAINS`.
        title: Headline or caption.
        author: Byline as stated.
        published: Day of publication as stated.
        fetched: When the response was received (UTC).
        language: ISO 639-1 code.
        license: SPDX identifier, licence URL, or "unknown".
        license_evidence: Where the licence was read.
        warc_file: File that holds the response.
        warc_record_id: The response record's WARC-Record-ID.
        extractor: Name and version of what turned the response into text.
        evidence: Where title, author, day, language and charset were read, as a JSON object by field.
        sha256: Of the UTF-8 text; computed when not given, checked when given.
    """

    id: str
    text: str
    url: str | None = None
    source: str | None = None
    domain: str = "other"
    title: str | None = None
    author: str | None = None
    published: date | None = None
    fetched: datetime | None = None
    language: str | None = None
    license: str = "unknown"
    license_evidence: str | None = None
    warc_file: str | None = None
    warc_record_id: str | None = None
    extractor: str | None = None
    evidence: str | None = None
    sha256: str = ""

    def __post_init__(self) -> None:
        if not self.id:
            raise GonerdError("document without an id: field 'id' must be a non-empty string")
        if self.domain not in DOMAINS:
            raise GonerdError(f"document {self.id}: field 'domain' is {self.domain!r}; use one of {', '.join(DOMAINS)}")
        actual = text_sha256(self.text)
        if self.sha256 and self.sha256 != actual:
            raise GonerdError(
                f"document {self.id}: field 'sha256' does not match its text, so the text was changed after "
                "it was written; extract it again"
            )
        object.__setattr__(self, "sha256", actual)


@dataclass(frozen=True, slots=True)
class Annotation:
    """One annotator's spans over one document.

    Attributes:
        doc_id: `Document.id`.
        layer: Name of the pass, for instance "en_core_web_sm-3.8.0" or "gold".
        guideline_version: Version of the guidelines followed.
        text_sha256: `Document.sha256` of the text that was annotated.
        spans: In order of start, then end.
    """

    doc_id: str
    layer: str
    guideline_version: str
    text_sha256: str
    spans: tuple[Span, ...] = ()

    def check(self, document: Document, labels: Iterable[str] = CORE, *, overlaps: bool = False) -> None:
        """Checks that this annotation belongs to `document` and fits its text.

        Args:
            document: The annotated document.
            labels: Labels that may occur.
            overlaps: Whether spans may overlap.

        Raises:
            GonerdError: Another text was annotated, a span lies outside it, bears an unknown label, begins or
                ends with white space or inside a character, or overlaps another.
        """
        where = f"annotation of document {document.id} (layer {self.layer!r})"
        if self.doc_id != document.id or self.text_sha256 != document.sha256:
            raise GonerdError(f"{where}: it was made over another text; annotate the document again")
        allowed, end = set(labels), 0
        for span in sorted(self.spans, key=lambda s: s.key):
            here = f"{where}: span {span.start}..{span.end} {span.label!r}"
            if span.end > len(document.text):
                raise GonerdError(f"{here} lies outside its text of {len(document.text)} characters")
            if is_space(document.text[span.start]) or is_space(document.text[span.end - 1]):
                raise GonerdError(f"{here} begins or ends with white space; trim it")
            for border in (span.start, span.end):
                if splits_cluster(document.text, border):
                    raise GonerdError(
                        f"{here} splits a character at {border} (a letter from its mark); move the border"
                    )
            if span.label not in allowed:
                raise GonerdError(f"{here}: unknown label; use one of {', '.join(sorted(allowed))}")
            if span.start < end and not overlaps:
                raise GonerdError(f"{here} overlaps the span before it; keep one of the two")
            end = max(end, span.end)


@dataclass(frozen=True, slots=True)
class Decision:
    """What adjudication decided where annotators disagreed, or where both were wrong.

    Attributes:
        doc_id: `Document.id`.
        start: First character of the disputed stretch.
        end: After its last character.
        kind: "boundary", "label", "boundary and label", "missing", "several" of these, or "both-wrong" where the
            annotators agreed.
        marked: What each annotator had, for people to read.
        decision: What the gold layer has, in the same notation.
        reason: Why, with the section of the guidelines.
    """

    doc_id: str
    start: int
    end: int
    kind: str
    marked: str
    decision: str
    reason: str


@dataclass(frozen=True, slots=True)
class Rejected:
    """An item that a stage set aside, so that counts reconcile: in = kept + rejected.

    Attributes:
        id: Document id or address.
        reason: Short machine-readable reason; counted in the stage's summary.
        detail: What exactly was wrong.
        stage: The stage that rejected it.
    """

    id: str
    reason: str
    detail: str = ""
    stage: str = ""
