"""What stands around an article: readers' comments, house advertisements, tags. None of it is the article."""

from __future__ import annotations

import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from typing import Any, TypeVar

from .documents import SitePage

_T = TypeVar("_T")


@dataclass(frozen=True, slots=True)
class Comment:
    """A reader's comment, with the name it is signed with."""

    reader: str
    text: str


COMMENTS = (
    Comment("Pemberley Ostrowicz", "I have read this twice and still cannot tell who paid for the lunch."),
    Comment(
        "tidal_accountant",
        "Everybody quoted here has a reason to say what they say. I would have liked to hear from somebody who has "
        "none, if such a person can still be found at that hour of the morning.",
    ),
    Comment("R. Quisling-Hathersage (Mrs)", "My late husband worked with people exactly like that for thirty years."),
    Comment("Bartholomew Ngata-Smythe", "Could the map be made larger? It cannot be read on a telephone."),
    Comment(
        "notmyrealname77",
        "Second paragraph contradicts the ninth. I wrote to the desk about the same thing last spring and had a very "
        "civil answer from Mr Dunnock, but nothing was changed.",
    ),
    Comment("Iphigenia Wolstencroft", "Thank you for going there and asking, instead of ringing up."),
    Comment("old_signal_box", "The photograph is of a different one. Look at the chimney."),
    Comment(
        "Gaius Pettibone III",
        "As a subscriber since the first number I must say that the crossword has become easier and the news harder. "
        "Whether these two facts are connected I leave to the Courier’s editor, Miss Arkwright-Lund.",
    ),
    Comment("Saoirse-Anne Kettlewell", "Three of my cousins live within sight of it and nobody told them anything."),
    Comment("DeptOfCorrections", "‘Fewer’, not ‘less’. Otherwise a fair account."),
)
ADVERTISEMENTS = (
    ("Quillenbrook Umbrellas", "Carried out of the Ravensmoor Hotel by mistake since 1911."),
    (
        "Tarn & Oddie, Wallpaper",
        "Patterns for rooms that are looked at from the side. Showroom in Lower Pellick Street.",
    ),
    ("The Pickled Cartographer", "Luncheon from noon, dinner from six, directions at any hour."),
    ("Hobb’s Patent Inkwell", "Does not spill, within reason. Hobb & Daughters, Mallerstang Yard."),
)
TAGS = {
    "courier": ("Inquiries", "Harbours", "Public money", "The provinces", "Weather", "Long reads", "Courts"),
    "registry": ("Civil docket", "Filings", "Entered orders", "Full text", "Public record", "Agreements"),
}


def number_of(page: SitePage, below: int, salt: str = "") -> int:
    """Returns a number under `below` that stays the same for a page for ever."""
    return zlib.crc32(f"{page.slug} {salt}".encode()) % below


def _some(page: SitePage, pool: Sequence[_T], count: int, salt: str) -> list[_T]:
    first = number_of(page, len(pool), salt)
    return [pool[(first + 3 * i) % len(pool)] for i in range(count)]


def moment_of(page: SitePage) -> datetime:
    """Returns the time of day at which a page was published, on its day."""
    return datetime.combine(page.published, time(5 + number_of(page, 12, "hour"), number_of(page, 60, "minute")), UTC)


def furniture_of(page: SitePage, layout: str, others: Sequence[SitePage]) -> dict[str, Any]:
    """Furnishes a page.

    Args:
        page: The page.
        layout: Layout of its publication.
        others: Further pages of the publication, newest first.

    Returns:
        What the templates put around the article, by name.
    """
    moment = moment_of(page)
    comments = _some(page, COMMENTS, 4, "comments")
    return {
        "published": moment,
        "modified": moment + timedelta(hours=9 + number_of(page, 60, "modified")),
        "comments": [(one, moment + timedelta(hours=3 + 5 * i)) for i, one in enumerate(comments)],
        "advertisements": _some(page, ADVERTISEMENTS, 3, "ads"),
        "tags": _some(page, TAGS[layout], 3, "tags"),
        "related": others[:4],
        "most_read": sorted(others, key=lambda other: number_of(other, 1000, "read"))[:5],
        "docket": f"GR-{page.published.year}-{10000 + number_of(page, 90000, 'docket')}",
    }
