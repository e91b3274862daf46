"""A publisher's layout applied to a page: its text alone is left for the extractor."""

from __future__ import annotations

import copy
from typing import Any

from lxml import etree

from gonerd.crawl.trees import drop
from gonerd.errors import GonerdError

from . import Layout

# Regular expressions in XPath: `re:test(., "pattern")`.
XPATH_NAMESPACES = {"re": "http://exslt.org/regular-expressions"}
_LINKED_DATA = './/script[@type="application/ld+json"]'


def apply_layout(tree: Any, layout: Layout) -> Any:
    """Returns a copy of a page that holds its head and what the layout names as text.

    The page itself stays as it is: what the page says of itself outside its text, a licence link at its foot for
    instance, is read there. Linked data is kept, in the copy's head.

    Args:
        tree: The parsed page, an lxml `<html>`.
        layout: The layout.

    Raises:
        GonerdError: The layout's body is not on the page, so the page is built in another way; extraction rejects it
            under the reason "layout".
    """
    page = copy.deepcopy(tree)
    for element in _elements(page, layout.remove):
        drop(element)
    if not layout.body:
        return page
    found = _outermost(_elements(page, layout.body))
    if not found:
        raise GonerdError(f"nothing on the page matches {layout.body}")
    body = page.find("body")
    if body is None:
        raise GonerdError("the page has no <body>")
    head = page.find("head")
    if head is not None:
        head.extend(body.iterfind(_LINKED_DATA))
    kept = _outermost([*_elements(page, layout.heading), *found])
    for element in kept:
        element.tail = None
    body[:] = kept
    body.text = None
    return page


def _elements(page: Any, path: str) -> list[Any]:
    return [item for item in page.xpath(path, namespaces=XPATH_NAMESPACES) if etree.iselement(item)] if path else []


def _outermost(elements: list[Any]) -> list[Any]:
    chosen = set(elements)
    return [element for element in elements if not any(above in chosen for above in element.iterancestors())]
