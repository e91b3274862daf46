"""Articles that a publisher cut into several pages: what a page says of its part, and the parts put together."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from gonerd.records import Document

from .addresses import document_id


@dataclass(frozen=True, slots=True)
class Part:
    """Which part of an article a page is.

    Attributes:
        group: Address of the article, the same for all its parts.
        number: Number of the part, from 1.
        next_url: Address of the following part, None for the last.
    """

    group: str
    number: int
    next_url: str | None


@dataclass(frozen=True, slots=True)
class Extracted:
    """What became of a page.

    Attributes:
        document: Its document.
        part: Which part of an article it is, None for a whole one.
    """

    document: Document
    part: Part | None = None


def join_parts(documents: Sequence[Document]) -> Document:
    """Puts the parts of an article together, in the order given; all else is taken from the first.

    Raises:
        ValueError: There is none.
    """
    if not documents:
        raise ValueError("no part to join")
    first = documents[0]
    url = (first.url or "").partition("?")[0]
    text = "\n".join(document.text for document in documents)
    return replace(first, id=document_id(url), url=url, text=text, sha256="")
