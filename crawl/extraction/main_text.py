"""The main text of a page: trafilatura on a page without its furniture, checked against what the page says of itself.

trafilatura's quick way is enough for most pages once the furniture is gone. Two cheap tests tell where it is not: the
text holds less than half of the page's paragraphs, or it differs from the `articleBody` in the page's JSON-LD. Only
then are its slower comparisons run, and the blocks of the page taken that the `articleBody` confirms.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable
from html import unescape
from typing import Any

import trafilatura

from gonerd.crawl.trees import drop

from .asides import is_aside
from .furniture import remove_furniture

# Characters below which a text is worth a second look, and below which an `articleBody` is but a summary.
_SHORT, _SUMMARY = 300, 600
# Share of the page's paragraphs that a text should have, and agreement with the `articleBody` that confirms it.
_COVERED, _AGREED = 0.5, 0.9
# Share of a block's word triples that must stand in the `articleBody`.
_CONFIRMED = 0.8
_WORD = re.compile(r"\w+")
_MARKUP = re.compile(r"<[^>]+>")
_LEAVES = ("p", "li", "h2", "h3", "h4", "blockquote", "div")
_INNER = ("p", "li", "div", "ul", "ol", "h2", "h3", "h4", "table", "section", "article", "blockquote")
# Shorter descriptions are a site's name or motto.
_STANDFIRST_WORDS = 5


def main_text(tree: Any, *, headlines: Iterable[str], descriptions: Iterable[str], article_body: str) -> str:
    """Returns the main text, a line for each paragraph, heading and list item; without headline and furniture.

    Args:
        tree: The parsed page, which is changed.
        headlines: What the page gives as its title; such lines at the beginning are no part of the text.
        descriptions: The page's own summaries; one that stands on the page as its standfirst is put first.
        article_body: The text according to the page's JSON-LD, empty where it states none.
    """
    body = _plain(article_body) if len(article_body) >= _SUMMARY else ""
    _drop_heads(tree)
    total = remove_furniture(tree)
    text = _best(tree, total, body)
    lines = running_lines(text, headlines)
    standfirst = _standfirst(tree, descriptions, text) if lines else ""
    return "\n".join([standfirst, *lines] if standfirst else lines)


def running_lines(text: str, headlines: Iterable[str]) -> list[str]:
    """Returns the lines of a text that are neither its headline, at the beginning, nor asides to the reader."""
    titles = {key for headline in headlines if (key := _key(headline))}
    lines = [line for line in text.split("\n") if line.strip()]
    while lines and _key(lines[0]) in titles:
        lines.pop(0)
    return [line for line in lines if not is_aside(line.removeprefix("- "))]


def _drop_heads(tree: Any) -> None:
    # HTML's `header` is introductory content: of an article the headline, byline and date.
    for head in list(tree.iter("header")):
        if head.find(".//h1") is not None:
            drop(head)


def _best(tree: Any, total: int, body: str) -> str:
    text = _extracted(tree, fast=True)
    agreement = _agreement(text, body) if body else None
    if agreement is not None and agreement < _AGREED:
        candidates = [text, _extracted(tree, fast=False), _confirmed(tree, body)]
        return max(candidates, key=lambda candidate: _agreement(candidate, body))
    if agreement is None and (len(text) < _COVERED * total or len(text) < _SHORT):
        return max(text, _extracted(tree, fast=False), key=len)
    return text


def _extracted(tree: Any, *, fast: bool) -> str:
    return trafilatura.extract(tree, fast=fast, include_comments=False, include_tables=True, deduplicate=False) or ""


def _plain(markup: str) -> str:
    return _MARKUP.sub(" ", unescape(markup))


def _words(text: str) -> list[str]:
    return _WORD.findall(text.lower())


def _agreement(text: str, body: str) -> float:
    have, want = Counter(_words(text)), Counter(_words(body))
    return 2 * (have & want).total() / max(1, have.total() + want.total())


def _triples(text: str) -> set[tuple[str, str, str]]:
    words = _words(text)
    return set(zip(words, words[1:], words[2:], strict=False))


def _confirmed(tree: Any, body: str) -> str:
    stated = _triples(body)
    lines = []
    for block in tree.iter(*_LEAVES):
        if next(block.iterdescendants(*_INNER), None) is None:
            line = " ".join("".join(block.itertext()).split())
            own = _triples(line)
            if own and len(own & stated) >= _CONFIRMED * len(own):
                lines.append(line)
    return "\n".join(lines)


def _key(line: str) -> str:
    return " ".join(_words(line))


def _runs_in(key: str, plain: str) -> bool:
    """Whether the words of a key stand one after the other in a text in lower case."""
    # As a pattern that begins with a literal: taking the whole text into words would cost more than all else here.
    return re.search(r"\W+".join(map(re.escape, key.split())), plain) is not None


def _standfirst(tree: Any, descriptions: Iterable[str], text: str) -> str:
    plain = text.lower()
    wanted = {key for one in descriptions if (key := _key(one)).count(" ") >= _STANDFIRST_WORDS - 1}
    wanted = {key for key in wanted if not _runs_in(key, plain)}
    if not wanted:
        return ""
    starts = {key.partition(" ")[0] for key in wanted}
    for element in tree.iter("p", "h2", "h3", "h4", "div", "span"):
        first = _WORD.search(element.text or "")
        if first and first[0].lower() in starts:
            line = " ".join("".join(element.itertext()).split())
            if _key(line) in wanted:
                return line
    return ""
