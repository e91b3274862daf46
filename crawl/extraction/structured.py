"""What a page says about itself in JSON-LD, parsed once."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from typing import Any

Node = dict[str, Any]
# Types of nodes that are the page; pictures, videos and organisations on it speak of themselves alone.
PAGE_TYPES = re.compile(r"(Article|Posting|WebPage|CreativeWork|Report|Legislation|Document)$")
ARTICLE_TYPES = re.compile(r"(Article|Posting|Report)$")
_SCRIPTS = '//script[@type="application/ld+json"]'


def read_nodes(tree: Any) -> tuple[Node, ...]:
    """Returns the JSON-LD nodes of a page, those of a `@graph` among them."""
    return tuple(node for script in tree.xpath(_SCRIPTS) for node in _nodes(script.text_content()))


def _nodes(text: str) -> Iterator[Node]:
    try:
        value = json.loads(text, strict=False)
    except (ValueError, RecursionError):  # malformed blocks are common, and none is needed
        return
    for node in as_list(value):
        if isinstance(node, dict):
            graph = node.get("@graph")
            yield node
            yield from (inner for inner in (graph if isinstance(graph, list) else ()) if isinstance(inner, dict))


def of_type(nodes: Iterable[Node], types: re.Pattern[str]) -> Iterator[Node]:
    """Yields the nodes whose type matches."""
    for node in nodes:
        if any(types.search(str(kind)) for kind in as_list(node.get("@type"))):
            yield node


def stated_text(nodes: Iterable[Node], field: str, types: re.Pattern[str] = ARTICLE_TYPES) -> str:
    """Returns the first text that a node of the page has in a field, empty for none."""
    values = (node.get(field) for node in of_type(nodes, types))
    return next((value for value in values if isinstance(value, str) and value.strip()), "")


def stated_licences(nodes: Iterable[Node]) -> Iterator[str]:
    """Yields the licences that JSON-LD states for the page."""
    for node in of_type(nodes, PAGE_TYPES):
        stated = node.get("license")
        if isinstance(stated, dict):
            stated = stated.get("@id") or stated.get("url")
        if isinstance(stated, str):
            yield stated


def stated_authors(nodes: Iterable[Node]) -> list[str]:
    """Returns the names of the authors that JSON-LD states for the article."""
    for node in of_type(nodes, ARTICLE_TYPES):
        names = [one.get("name") if isinstance(one, dict) else one for one in as_list(node.get("author"))]
        if found := person_names(name for name in names if isinstance(name, str)):
            return found
    return []


def person_names(stated: Iterable[str]) -> list[str]:
    """Returns names as they are stated, each once; an address in a name's place points at a profile."""
    return list(dict.fromkeys(" ".join(name.split()) for name in stated if name.strip() and "/" not in name))


def as_list(value: Any) -> list[Any]:
    """Returns a list as it is, and anything else as the only member of one."""
    return value if isinstance(value, list) else [value]
