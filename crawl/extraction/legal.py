"""Legal pages: the whole of the document, with headings, numbered paragraphs and footnotes.

Courts and gazettes publish a document in one element of the page, and every line in it counts: a caption, a table of
contents, a note. The rules by which an article is picked out of a news page would take such lines for furniture, so
here the element is found and then rendered as it is.
"""

from __future__ import annotations

import re
from typing import Any

from lxml import etree

from gonerd.crawl.trees import drop

from .furniture import remove_furniture
from .rendering import to_lines

# Things that a page has around a text. A page without any is the text: an API's field, a `pre` of the printing office.
_CHROME = etree.XPath(
    "//script or //nav or //header or //form or //button or //main or //article or //iframe or //input"
    " or //aside[not(@role='doc-footnote')] or //footer[not(.//*[contains(@class, 'footnote')])]"
)
_PAGE_BREAKS = etree.XPath(
    ".//*[@role='doc-pagebreak' or contains(@class, 'star-pag') or contains(@class, 'page-break')"
    " or contains(@class, 'pagebreak') or contains(@class, 'page-number') or contains(@class, 'pagenum')]"
)
_PAGE_MARK = re.compile(r"[*\[\s]*(?:page\s*|p\.\s*)?[\divxlc]{1,6}[\]\s]*", re.IGNORECASE)
_ASIDE = etree.XPath(
    ".//*[@aria-hidden='true' or @hidden or @role='dialog' or @role='navigation' or @role='search' or @role='banner'"
    " or @role='contentinfo' or @role='complementary' or @role='alert' or self::nav or self::aside or self::footer"
    " or self::button]"
    "[not(@role='doc-footnote' or @role='doc-endnotes')]"
)
_NOTES = etree.XPath(
    ".//*[self::div or self::section or self::aside or self::footer or self::ol or self::ul or self::p or self::li]"
    "[@role='doc-footnote' or @role='doc-endnotes'"
    " or contains(concat(' ', translate(@class, 'FN', 'fn'), ' '), ' footnote') or contains(@class, '-footnote')"
    " or contains(@class, 'endnote')]"
)
_HOLDERS = etree.XPath(
    "//*[self::article or self::main or self::section or self::div or self::td or self::form]"
    "[self::article or self::main or @role='main' or contains(@itemprop, 'articleBody') or @itemprop='text'"
    " or contains(@class, 'body') or contains(@class, 'content') or contains(@class, 'text')"
    " or contains(@class, 'opinion') or contains(@class, 'judgment') or contains(@class, 'document')"
    " or contains(@class, 'decision') or contains(@class, 'story') or contains(@class, 'entry')"
    " or contains(@id, 'body') or contains(@id, 'content') or contains(@id, 'text') or contains(@id, 'document')"
    " or contains(@id, 'opinion') or contains(@id, 'judgment')]"
)
# The element that holds so much of the running text holds the document; what is around it is the site.
_MOST = 0.8
_LINKED = 0.3
_TEXT = ("p", "li", "pre", "blockquote", "td")


def is_bare(tree: Any) -> bool:
    """Whether a page is a text and nothing else: without the parts of a site around it, and not made of links."""
    if _CHROME(tree):
        return False
    linked = sum(len("".join(link.itertext())) for link in tree.iter("a"))
    return linked <= _LINKED * len("".join(tree.itertext()))


def _weight(element: Any) -> int:
    total = 0
    for block in element.iter(*_TEXT):
        if next(block.iterdescendants(*_TEXT), None) is None:
            linked = sum(len("".join(link.itertext())) for link in block.iter("a"))
            whole = len("".join(block.itertext()))
            total += whole if linked < whole / 2 else 0
    return total


def document_element(tree: Any) -> Any:
    """Finds the innermost element that holds the document, None if no element holds most of the text."""
    total = _weight(tree)
    found = None
    for element in _HOLDERS(tree):  # in document order, so what is inside comes later
        if (found is None or found in element.iterancestors()) and total and _weight(element) >= _MOST * total:
            found = element
    return found


def legal_text(tree: Any) -> str | None:
    """Returns the text of a legal page, footnotes last; None if no element holds most of it.

    Args:
        tree: The parsed page, which is changed.
    """
    if is_bare(tree):
        body = tree.find("body")
        element = tree if body is None else body
    else:
        for note in _NOTES(tree):
            note.tag = "li" if note.tag == "li" else "div"  # not an `aside` any more, nor a `footer`
        for aside in list(_ASIDE(tree)):
            if not _NOTES(aside):
                drop(aside)
        remove_furniture(tree, press=False)
        element = document_element(tree)
    if element is None:
        return None
    for mark in list(_PAGE_BREAKS(element)):
        if _PAGE_MARK.fullmatch("".join(mark.itertext())):
            drop(mark)
    return "\n".join(_body_lines(element))


def _body_lines(element: Any) -> list[str]:
    notes = [note for note in _NOTES(element) if len(note) or note.text]
    known = set(notes)
    outer = [note for note in notes if known.isdisjoint(note.iterancestors())]
    last = [line for note in outer for line in to_lines(note)]
    for note in outer:
        drop(note)
    return [*to_lines(element), *last]
