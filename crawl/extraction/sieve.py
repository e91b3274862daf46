"""Pages in, documents out, each page once; what falls through is kept aside with its reason."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from gonerd.crawl.warc.pages import MAX_BYTES
from gonerd.records import Document, Rejected

from .page import Page, Unfit, to_document

_STAGE = "extract"


class Sieve:
    """Turns pages into documents and keeps aside what falls through.

    Attributes:
        pages: Number of pages seen.
        rejected: Pages that became no document.
    """

    def __init__(self) -> None:
        self.pages = 0
        self.rejected: list[Rejected] = []
        self._by_id: dict[str, str] = {}
        self._by_text: dict[str, str] = {}

    def documents(self, pages: Iterable[Page]) -> Iterator[Document]:
        """Yields the document of every page that has one of its own."""
        for page in pages:
            self.pages += 1
            try:
                yield self._document(page)
            except Unfit as why:
                self.rejected.append(Rejected(page.url, why.reason, why.detail, _STAGE))

    def _document(self, page: Page) -> Document:
        if len(page.body) > MAX_BYTES:
            raise Unfit("too-large", f"more than {MAX_BYTES} bytes")
        document = to_document(page)
        if document.id in self._by_id:
            raise Unfit("duplicate-address", f"document {document.id} comes from {self._by_id[document.id]}")
        if document.sha256 in self._by_text:
            raise Unfit("duplicate-text", f"the same text as {self._by_text[document.sha256]}")
        self._by_id[document.id] = self._by_text[document.sha256] = page.url
        return document
