"""What a page says about itself, read in one pass before anything is taken out of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from .structured import Node, read_nodes

_LANG = ("lang", "{http://www.w3.org/XML/1998/namespace}lang", "xml:lang")


@dataclass(frozen=True, slots=True)
class Head:
    """The statements of a page about itself.

    Attributes:
        nodes: JSON-LD nodes.
        metas: Contents of the `meta` elements by lower-case `name`, `property` or `itemprop`, in order.
        titles: Texts of `title`.
        headings: Texts of the `h1` elements.
        lang: The `lang` attribute of the page as it stands, empty for none.
    """

    nodes: tuple[Node, ...]
    metas: dict[str, list[str]]
    titles: tuple[str, ...]
    headings: tuple[str, ...]
    lang: str

    def meta(self, *names: str) -> str:
        """Returns the first content stated under any of the names, in their order."""
        return next((content for name in names for content in self.metas.get(name, ()) if content.strip()), "")


def read_head(tree: Any) -> Head:
    """Reads the statements of a parsed page."""
    metas: dict[str, list[str]] = {}
    for meta in tree.iter("meta"):
        content = meta.get("content")
        name = meta.get("name") or meta.get("property") or meta.get("itemprop")
        if content and name:
            metas.setdefault(name.strip().lower(), []).append(content)
    return Head(
        nodes=read_nodes(tree),
        metas=metas,
        titles=tuple(_line(title) for title in tree.iter("title")),
        headings=tuple(_line(heading) for heading in tree.iter("h1")),
        lang=next((stated.strip() for name in _LANG if (stated := tree.get(name))), ""),
    )


def _line(element: Any) -> str:
    return " ".join("".join(element.itertext()).split())
