"""What travels between the blocks, and the light row that is kept of every page."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from datetime import date, datetime

from gonerd.crawl.extraction.parts import Part
from gonerd.crawl.warc.pages import Answer, Revisit
from gonerd.crawl.warc.read import DamagedWarc
from gonerd.dataset.rights import why_not
from gonerd.records import Document

from .plan import Unit


@dataclass(slots=True)
class Looked:
    """A page on its way through the blocks.

    Attributes:
        unit: The share of the input that it stands in.
        answer: The page.
        reason: Why it has no document, empty where it has one.
        detail: What exactly was wrong.
        document: Its document.
        part: Which part of an article it is.
        text_key: Key of the normalised text.
        signature: MinHash signature.
    """

    unit: Unit
    answer: Answer
    reason: str = ""
    detail: str = ""
    document: Document | None = None
    part: Part | None = None
    text_key: bytes = b""
    signature: bytes = b""


@dataclass(slots=True)
class UnitEnd:
    """The end of a share.

    Attributes:
        unit: The share.
        counts: Records and answers that are no pages.
        damage: Where the file is damaged.
    """

    unit: Unit
    counts: Counter[str] = field(default_factory=Counter)
    damage: DamagedWarc | None = None


@dataclass(frozen=True, slots=True)
class PageRow:
    """What is kept of a page beside its document.

    Attributes:
        url: The address that answered.
        record_id: WARC-Record-ID.
        fetched: When it was received.
        reason: Why it has no document, empty where it has one.
        detail: What exactly was wrong.
        original: Of a revisit, the record it refers to.
        original_url: Of a revisit, the address of that record.
        id: Id of the document.
        cited: Address of the document.
        length: Characters of its text.
        published: Its day.
        free: Whether its licence lets the text be passed on.
        text_key: Key of its normalised text.
        signature: MinHash signature, 128 numbers of 32 bits, little-endian.
        group: Of a part, the article's address.
        number: Of a part, its number; 0 else.
        next_url: Of a part, the address of the next.
        joins: Of an article put together, the numbers of its parts' pages among all pages.
    """

    url: str
    record_id: str
    fetched: datetime | None
    reason: str = ""
    detail: str = ""
    original: str = ""
    original_url: str = ""
    id: str = ""
    cited: str = ""
    length: int = 0
    published: date | None = None
    free: bool = False
    text_key: bytes = b""
    signature: bytes = b""
    group: str = ""
    number: int = 0
    next_url: str = ""
    joins: tuple[int, ...] = ()


def row_of(page: Looked, joins: tuple[int, ...] = ()) -> PageRow:
    """Returns the light row of a page."""
    answer, document, part = page.answer, page.document, page.part
    return PageRow(
        url=answer.url,
        record_id=answer.record_id,
        fetched=getattr(answer, "fetched", None),
        reason=page.reason,
        detail=page.detail,
        original=answer.original if isinstance(answer, Revisit) else "",
        original_url=answer.original_url if isinstance(answer, Revisit) else "",
        id=document.id if document else "",
        cited=(document.url or "") if document else "",
        length=len(document.text) if document else 0,
        published=document.published if document else None,
        free=document is not None and why_not(document) is None,
        text_key=page.text_key,
        signature=page.signature,
        group=part.group if part else "",
        number=part.number if part else 0,
        next_url=(part.next_url or "") if part else "",
        joins=joins,
    )
