"""Articles that are spread over several pages: which part a page is, and how the parts become one document."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl, urlencode, urljoin, urlsplit, urlunsplit

from lxml import etree

from gonerd.crawl.hosts import host_of
from gonerd.records import Document

# The reason that is counted for a part which does not follow on the ones before it.
MISSING = "part-missing"
_PARAMETERS = ("page", "part", "seite", "p", "pg", "pagina")
_IN_PATH = re.compile(r"(?:/(?:page|part|p)[-/]?|[-_/](?=\d+\.html?$))(\d{1,3})(/?|\.html?)$", re.IGNORECASE)
_OF = re.compile(r"\b(?:page|part)\s+(\d{1,3})\s+of\s+(\d{1,3})\b", re.IGNORECASE)
_MOST = 200
_PAGERS = etree.XPath(
    "//*[contains(@class, 'pag') or @role='navigation' or self::nav][string-length(.) < 400][contains(., ' of ')]"
)


@dataclass(frozen=True, slots=True)
class Part:
    """The place of a page in an article of several pages.

    Attributes:
        group: Address without what tells the parts apart; the same for all of them.
        number: Which part it is, from 1.
        next_url: Address of the following part, None where the page names none.
        total: How many there are, None where the page does not say.
    """

    group: str
    number: int
    next_url: str | None = None
    total: int | None = None


@dataclass(frozen=True, slots=True)
class Extracted:
    """What became of a page.

    Attributes:
        document: Its document.
        part: Which part of an article it is, None for a whole one.
    """

    document: Document
    part: Part | None = None


def part_of(tree: Any, url: str) -> Part | None:
    """Tells which part of an article a page is, None for a whole one.

    A page is a part if it links to the one before or after it (`rel=prev`, `rel=next`) under an address that differs
    only in a number, or bears a page number in its address and says "Page 2 of 3".

    Args:
        tree: The parsed page.
        url: The address that answered.
    """
    group, number = _split(url)
    linked = {rel: _same(group, address) for rel, address in _linked(tree, url)}
    before, after = linked.get("prev") or linked.get("previous"), linked.get("next")
    if not before and not after and not number:
        return None  # the search for what is stated goes through the whole page
    stated = _stated(tree)
    if not before and not after and not stated:
        return None
    if number is None:
        number = stated[0] if stated else _split(before)[1] or 1 if before else 1
    total = stated[1] if stated and stated[0] == number else None
    return Part(group, number, after, total) if 1 <= number <= _MOST else None


def _split(url: str) -> tuple[str, int | None]:
    """Returns an address without its page number, and the number."""
    parts = urlsplit(url)
    query = parse_qsl(parts.query, keep_blank_values=True)
    for name in _PARAMETERS:
        for key, value in query:
            if key.lower() == name and value.isascii() and value.isdecimal() and len(value) <= 3:
                rest = urlencode([pair for pair in query if pair != (key, value)])
                return urlunsplit((parts.scheme, parts.netloc, parts.path, rest, "")), int(value)
    if match := _IN_PATH.search(parts.path):
        path = parts.path[: match.start()] + (match[2] if "." in match[2] else "")
        return urlunsplit((parts.scheme, parts.netloc, path.rstrip("/"), parts.query, "")), int(match[1])
    return urlunsplit((parts.scheme, parts.netloc, parts.path.rstrip("/"), parts.query, "")), None


def _linked(tree: Any, url: str) -> list[tuple[str, str]]:
    found = []
    for link in tree.getroottree().iter("link", "a"):
        for rel in link.get("rel", "").lower().split():
            if rel in ("next", "prev", "previous") and link.get("href") is not None:
                try:
                    found.append((rel, urljoin(url, link.get("href").strip())))
                except ValueError:  # no address
                    continue
    return found


def _same(group: str, address: str) -> str | None:
    """Returns an address if it is another part of the group, None if it is another article."""
    try:
        other, _ = _split(address)
    except ValueError:
        return None
    same = host_of(other) == host_of(group) and urlsplit(other)[2:4] == urlsplit(group)[2:4]
    return address if same else None


def _stated(tree: Any) -> tuple[int, int] | None:
    texts = [*(title.text or "" for title in tree.iter("title")), *("".join(p.itertext()) for p in _PAGERS(tree))]
    for text in texts:
        if (match := _OF.search(text)) and 1 <= int(match[1]) <= int(match[2]) and int(match[2]) > 1:
            return int(match[1]), int(match[2])
    return None


def in_sequence(numbers: Sequence[int]) -> int:
    """Returns how many of the numbers, counted from 1, follow on each other without a gap."""
    there, count = set(numbers), 0
    while count + 1 in there:
        count += 1
    return count


def join_parts(documents: Sequence[Document]) -> Document:
    """Joins the parts of an article, the first one's address and identity for the whole.

    A headline or standfirst that a later part repeats from the first is left out of it.

    Args:
        documents: The parts in order, at least one.

    Returns:
        The document; its text is theirs, joined as paragraphs are, so that it equals the article's on one page.
    """
    first = documents[0]
    if len(documents) == 1:
        return first
    opening = first.text.split("\n", 1)[0].strip()
    known = {line for line in (opening, (first.title or "").strip()) if line}
    texts = [first.text]
    for document in documents[1:]:
        lines = document.text.split("\n")
        while lines and (lines[0].strip() in known or not lines[0].strip()):
            lines.pop(0)
        if lines:
            texts.append("\n".join(lines))
    return dataclasses.replace(first, text="\n".join(texts), sha256="")
