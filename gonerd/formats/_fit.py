"""Fitting what a tool gives back onto the documents: the right one, the same text, offsets that mean what they say."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from gonerd.errors import GonerdError
from gonerd.offsets import Normalized, Ruler
from gonerd.records import Annotation, Document
from gonerd.text import text_sha256

from ._borders import Borders
from ._marks import Marked
from ._placing import placed


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
    _borders: Borders = field(default_factory=Borders)

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
        spans = placed(marked, document, units)
        spans = tuple(sorted(spans, key=lambda s: s.key))
        if not marked.states_texts:
            self._borders.add(spans, document.text, marked.where)
            if len(spans) > 1:  # a single one may well cut a word; whether all of them do is seen at the end
                here = Borders()
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


def _difference(document: Document, text: str) -> str:
    pairs = enumerate(zip(document.text, text, strict=False))
    at = next((i for i, (a, b) in pairs if a != b), min(len(document.text), len(text)))
    expected, found = document.text[at : at + 20], text[at : at + 20]
    return (
        f"document {document.id}: it was made over another text: at {at} stands {expected!r} in the document and "
        f"{found!r} in the file"
    )
