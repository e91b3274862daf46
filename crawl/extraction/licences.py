"""The licence a page states for itself, and where it states it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Any
from urllib.parse import urljoin, urlsplit

from .structured import Node, read_nodes, stated_licences

UNKNOWN = "unknown"
_CC = re.compile(r"creativecommons\.org/licenses/([a-z-]+)/(\d\.\d)(?:/([a-z]{2,3})(?=/|$))?")
_CC0 = re.compile(r"creativecommons\.org/publicdomain/zero/(\d\.\d)")
_SPDX_PAGE = re.compile(r"spdx\.org/licenses/([A-Za-z0-9.+-]+?)(?:\.html|\.json|/)?$")
_SPDX_LIKE = re.compile(r"[A-Za-z][A-Za-z0-9]*(-[A-Za-z0-9.]+)+")
# A licence link in here speaks of a picture, a quoted work or another page.
_ASIDE = ("figure", "figcaption", "aside", "blockquote")
_META = ("license", "licence", "dc.rights.license", "dcterms.license", "dc.license")


def spdx_of(stated: str) -> str:
    """Returns the SPDX identifier of a licence URL where it is known, else the URL as it is."""
    if match := _CC0.search(stated):
        return f"CC0-{match[1]}"
    if match := _CC.search(stated):
        port = f"-{match[3].upper()}" if match[3] else ""
        return f"CC-{match[1].upper()}-{match[2]}{port}"
    if match := _SPDX_PAGE.search(stated):
        return match[1]
    return stated


def licence_url(spdx: str) -> str:
    """Returns an address that explains a licence, the inverse of `spdx_of`."""
    if match := re.fullmatch(r"CC0-(\d\.\d)", spdx):
        return f"https://creativecommons.org/publicdomain/zero/{match[1]}/"
    if match := re.fullmatch(r"CC-([A-Z-]+)-(\d\.\d)", spdx):
        return f"https://creativecommons.org/licenses/{match[1].lower()}/{match[2]}/"
    return f"https://spdx.org/licenses/{spdx}.html"


def _usable(stated: str, base: str) -> str | None:
    stated = stated.strip()
    if _SPDX_LIKE.fullmatch(stated):
        return stated
    if not stated or (any(c.isspace() for c in stated) or ("." not in stated and "/" not in stated)):
        return None  # prose: it says something about rights, but it names no licence
    try:
        url = urljoin(base, stated)
        return spdx_of(url) if urlsplit(url).scheme in ("http", "https") else None
    except ValueError:  # no address
        return None


def _statements(tree: Any, nodes: Iterable[Node]) -> Iterator[tuple[str, str]]:
    for link in tree.getroottree().iter("a", "link", "area"):
        is_licence = "license" in link.get("rel", "").lower().split() and link.get("href") is not None
        if is_licence and next(link.iterancestors(*_ASIDE), None) is None:
            yield link.get("href"), f"<{link.tag} rel=license>"
    for stated in stated_licences(nodes):
        yield stated, "JSON-LD license"
    for meta in tree.xpath("//meta[@name and @content]"):
        if meta.get("name").lower() in _META:
            yield meta.get("content"), f"<meta name={meta.get('name')}>"


def licence_of(tree: Any, base: str, nodes: Iterable[Node] | None = None) -> tuple[str, str | None]:
    """Reads the licence of a page.

    Args:
        tree: The parsed page.
        base: Address against which a relative licence link is resolved.
        nodes: Its JSON-LD nodes, read from the page when None.

    Returns:
        (SPDX identifier or licence URL, where it stands), or ("unknown", None).
    """
    for stated, where in _statements(tree, read_nodes(tree) if nodes is None else nodes):
        if found := _usable(stated, base):
            return found, f"{where}: {' '.join(stated.split())}"
    return UNKNOWN, None
