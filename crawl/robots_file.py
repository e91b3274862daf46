"""The format of robots.txt after RFC 9309: which records are meant for us, and which paths a pattern covers.

Two other files speak it too, ai.txt as a whole and tdmrep.json in its patterns. Protego, the parser of Scrapy, departs
from the RFC where a site would notice, so it is the judge of our tests and not the parser: it takes the beginning of a
name for the name (2.2.1), lets an unknown record end a group (2.2.4), reads `%3F` as `?` and a final `$` also as itself
(2.2.2, 2.2.3), allows `/` where `/index.html` is allowed, and ends lines at characters that are none of CR and LF.
"""

from __future__ import annotations

import re
import string
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import NamedTuple
from urllib.parse import quote, urlsplit

PRODUCT = "GONERD"
LIMIT = 500 << 10  # RFC 9309, 2.5: at least so much must be read

ALLOW, DISALLOW = "allow", "disallow"
_AGENT = "user-agent"
# What site owners write for them; every parser in wide use takes these.
_MEANT = {
    "useragent": _AGENT, "user agent": _AGENT, "dissallow": DISALLOW, "dissalow": DISALLOW, "disalow": DISALLOW,
    "diasllow": DISALLOW, "disallaw": DISALLOW,
}  # fmt: skip
_TOKEN = re.compile(r"[A-Za-z_-]*")
_EOL = re.compile(r"\r\n|\r|\n")

_DECODED = frozenset(string.ascii_letters + string.digits + "-._~" + ":/?[]@!$'()*+,;&=")
# Encoded, these are data; as they stand they divide the path or the query.
_DATA_IN_PATH, _DATA_IN_QUERY = frozenset("/?"), frozenset("&=")
_SPECIAL = re.compile(r"%([0-9A-Fa-f]{2})|[^!-~]|[\"<>\\^`{|}]")


class Record(NamedTuple):
    """One line of a group: its key in lower case, and its value."""

    key: str
    value: str


def records_for(body: bytes, product: str = PRODUCT) -> list[Record]:
    """Collects the records that are meant for a crawler.

    Args:
        body: Content of the file; read up to the last line that ends within 500 KiB.
        product: Its product token.

    Returns:
        The records of every group that names the product, else of every group for all (`*`), in order (RFC 9309,
        2.2.1). Records that the RFC does not define are among them and end no group (2.2.4).
    """
    named: list[Record] = []
    common: list[Record] = []
    found = for_us = for_all = ended = False
    for key, value in _records(body):
        if key == _AGENT:
            if ended:
                for_us = for_all = ended = False
            if value[:1] == "*" and not value[1:2].strip():
                for_all = True
            elif _TOKEN.match(value)[0].lower() == product.lower():  # type: ignore[index]  # it matches always
                for_us = found = True
            continue
        ended = ended or key in (ALLOW, DISALLOW)
        if for_us:
            named.append(Record(key, value))
        if for_all:
            common.append(Record(key, value))
    return named if found else common


def _records(body: bytes) -> Iterator[Record]:
    if len(body) > LIMIT:
        body = body[: max(body.rfind(b"\n", 0, LIMIT), body.rfind(b"\r", 0, LIMIT)) + 1]
    # Whatever is not UTF-8 is kept as it is, so that it still equals the same octets in a URL.
    text = body.decode("utf-8", errors="surrogateescape").removeprefix("\ufeff")
    for line in _EOL.split(text):
        stated = line.partition("#")[0].strip(" \t")
        key, colon, value = stated.partition(":")
        words = stated.split()
        if not colon and len(words) == 2:  # the colon is forgotten often enough
            key, value = words
        key = " ".join(key.lower().split())
        if key and (colon or len(words) == 2):
            yield Record(_MEANT.get(key, key), value.strip(" \t"))


@dataclass(frozen=True, slots=True)
class Pattern:
    """A path with `*` for any octets and a final `$` for the end (RFC 9309, 2.2.3).

    Attributes:
        parts: What stands between the stars, normalised.
        anchored: Whether it ends with `$`.
        octets: Its length, by which the most specific of several is found (2.2.2).
    """

    parts: tuple[str, ...]
    anchored: bool
    octets: int

    @classmethod
    def read(cls, text: str) -> Pattern:
        """Reads a pattern as it stands in a file."""
        anchored, query = text.endswith("$"), False
        parts = []
        for part in text.removesuffix("$").split("*"):
            path, mark, rest = ("", "", part) if query else part.partition("?")
            parts.append(_normal(path, _DATA_IN_PATH) + mark + _normal(rest, _DATA_IN_QUERY))
            query = query or bool(mark)
        return cls(tuple(parts), anchored, sum(map(len, parts)) + len(parts) - 1 + anchored)

    def covers(self, target: str) -> bool:
        """Whether the pattern covers a `target_of` a URL. Takes time proportional to the product of their lengths."""
        first, *rest = self.parts
        if not target.startswith(first):
            return False
        at = len(first)
        if not rest:
            return not self.anchored or at == len(target)
        for part in rest[:-1]:
            at = target.find(part, at)
            if at < 0:
                return False
            at += len(part)
        if self.anchored:
            return len(target) - len(rest[-1]) >= at and target.endswith(rest[-1])
        return target.find(rest[-1], at) >= 0


def target_of(url: str) -> str:
    """Returns what patterns are compared with: path and query of a URL, normalised.

    Percent-encoding is undone where it changes nothing (RFC 9309, 2.2.2); what cannot stand in a URL is encoded.
    """
    parts = urlsplit(url)
    mark = "?" if "?" in url.partition("#")[0] else ""
    return _normal(parts.path or "/", _DATA_IN_PATH) + mark + _normal(parts.query, _DATA_IN_QUERY)


def _normal(text: str, data: frozenset[str]) -> str:
    def one(found: re.Match[str]) -> str:
        if not found[1]:
            return quote(found[0].encode("utf-8", errors="surrogateescape"), safe="")
        character = chr(int(found[1], 16))
        return character if character in _DECODED and character not in data else found[0].upper()

    return _SPECIAL.sub(one, text)


def most_specific(patterns: Iterable[tuple[Pattern, bool]], target: str, *, tie: bool) -> bool | None:
    """Returns what the longest covering pattern says.

    Args:
        patterns: Patterns and what each says.
        target: `target_of` a URL.
        tie: Which answer wins among patterns of the same length.

    Returns:
        The answer, or None if no pattern covers the target.
    """
    found = max(((one.octets, says == tie) for one, says in patterns if one.covers(target)), default=None)
    return None if found is None else (tie if found[1] else not tie)


class PathRules:
    """The Allow and Disallow records of a group.

    Args:
        records: The records of the group; others are passed over.
    """

    def __init__(self, records: Iterable[Record]) -> None:
        self._patterns = [
            (Pattern.read(value), key == ALLOW) for key, value in records if value and key in (ALLOW, DISALLOW)
        ]

    def allow(self, target: str) -> bool:
        """Whether a `target_of` a URL may be fetched: the longest pattern decides, Allow among equals (2.2.2)."""
        return most_specific(self._patterns, target, tie=True) is not False
