"""What a page says about itself in JSON-LD."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

# Types of nodes that are the page; pictures, videos and organisations on it speak of themselves alone.
_PAGE_TYPES = re.compile(r"(Article|Posting|WebPage|CreativeWork|Report|Legislation|Document)$")
ARTICLE_TYPES = re.compile(r"(Article|Posting|Report)$")
_SCRIPTS = '//script[@type="application/ld+json"]'


def _nodes(text: str) -> Iterator[dict[str, Any]]:
    try:
        value = json.loads(text, strict=False)
    except (ValueError, RecursionError):  # malformed blocks are common, and none is needed
        return
    for node in value if isinstance(value, list) else [value]:
        if isinstance(node, dict):
            graph = node.get("@graph")
            yield node
            yield from (inner for inner in (graph if isinstance(graph, list) else ()) if isinstance(inner, dict))


def page_nodes(tree: Any, types: re.Pattern[str]) -> Iterator[dict[str, Any]]:
    """Yields the JSON-LD nodes of a page whose type matches."""
    for script in tree.xpath(_SCRIPTS):
        for node in _nodes(script.text_content()):
            kinds = node.get("@type")
            if any(types.search(str(kind)) for kind in (kinds if isinstance(kinds, list) else [kinds])):
                yield node


def stated_licences(tree: Any) -> Iterator[str]:
    """Yields the licences that JSON-LD states for the page."""
    for node in page_nodes(tree, _PAGE_TYPES):
        stated = node.get("license")
        if isinstance(stated, dict):
            stated = stated.get("@id") or stated.get("url")
        if isinstance(stated, str):
            yield stated


def stated_authors(tree: Any) -> list[str]:
    """Returns the names of the authors that JSON-LD, or else the page's head, states for the article."""
    for node in page_nodes(tree, ARTICLE_TYPES):
        authors = node.get("author")
        names = [one.get("name") if isinstance(one, dict) else one for one in _list(authors)]
        # A name is text; an address in its place points at a profile.
        found = [" ".join(name.split()) for name in names if isinstance(name, str) and name.strip() and "/" not in name]
        if found:
            return list(dict.fromkeys(found))
    metas = tree.xpath('//head//meta[@name="author"]/@content')
    return list(dict.fromkeys(" ".join(str(name).split()) for name in metas if name.strip() and "/" not in name))


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]
