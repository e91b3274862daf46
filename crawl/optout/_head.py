"""The meta elements at the beginning of a page."""

from __future__ import annotations

import codecs
from typing import NamedTuple

from lxml import etree

_HEAD = 64 << 10
# Elements whose content is text to a browser, though the parser at hand finds elements in it.
_TEXT = frozenset({"title", "textarea", "xmp", "noembed", "noframes", "iframe", "plaintext"})
_WIDE = {codecs.BOM_UTF16_LE: "utf-16-le", codecs.BOM_UTF16_BE: "utf-16-be"}


class MetaElement(NamedTuple):
    """A `<meta name content>`; the name is in lower case."""

    name: str
    content: str


def meta_elements(html: bytes, hints: tuple[bytes, ...]) -> list[MetaElement]:
    """Reads the meta elements among the first 64 KiB of a page.

    A page is parsed only if it holds one of some octets, so that nearly all pages cost no more than a search.

    Args:
        html: The beginning of the page.
        hints: The octets, in lower case.
    """
    head = html[:_HEAD]
    if wide := _WIDE.get(head[:2]):
        head = head[2:].decode(wide, errors="ignore").encode("utf-8")
    lowered = head.lower()
    if not any(hint in lowered for hint in hints):
        return []
    # Names and values are ASCII, so any encoding that holds ASCII will do, and this one takes every octet.
    tree = etree.HTML(head, etree.HTMLParser(encoding="iso-8859-1"))
    return [
        MetaElement(name.strip().lower(), element.get("content") or "")
        for element in (() if tree is None else tree.iter("meta"))
        if (name := element.get("name")) and not any(outer.tag in _TEXT for outer in element.iterancestors())
    ]
