"""What the splits need to know of a document, and what makes two of them belong together."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

LENGTHS = ((512, "up to 512"), (4096, "513-4,096"), (None, "over 4,096"))
_TRACKING = re.compile(r"utm_|fbclid$|gclid$|mc_[ce]id$|igshid$|ref$|ref_src$", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Candidate:
    """What the splits need to know of a document.

    Attributes:
        id: Its id.
        domain: Its domain.
        source: Its source.
        published: Day of publication.
        tokens: Its length in words and punctuation marks.
        url: Its address.
    """

    id: str
    domain: str
    source: str | None
    published: date | None
    tokens: int
    url: str | None = None

    @property
    def address(self) -> str | None:
        """Its address without fragment and tracking parameters, None when it has none."""
        return plain_address(self.url) if self.url else None

    @property
    def occasion(self) -> str:
        """Source and ISO week: what one publisher wrote in one week is often about the same events."""
        if not self.source or not self.published:
            return f"document {self.id}"
        year, week, _ = self.published.isocalendar()
        return f"{year}-W{week:02d} {' '.join(self.source.casefold().split())}"

    @property
    def length(self) -> str:
        """Its length class."""
        return length_class(self.tokens)


def length_class(tokens: int) -> str:
    """Returns the length class of so many tokens."""
    return class_of(tokens, LENGTHS)


def class_of(value: int, classes: Iterable[tuple[int | None, str]]) -> str:
    """Returns the name of the first class that reaches to `value`; the last has no end."""
    return next(name for most, name in classes if most is None or value <= most)


def plain_address(url: str) -> str:
    """Returns an address without scheme, fragment and tracking parameters, its host in lower case."""
    parts = urlsplit(url)
    kept = [(key, value) for key, value in parse_qsl(parts.query, keep_blank_values=True) if not _TRACKING.match(key)]
    return urlunsplit(("", parts.netloc.casefold(), parts.path.rstrip("/"), urlencode(kept), ""))
