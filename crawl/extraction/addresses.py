"""The address to cite for a page, and the document id that follows from it."""

from __future__ import annotations

import hashlib
from typing import Any
from urllib.parse import urlsplit

from gonerd.crawl.hosts import host_of, is_loopback, url_problem

_ID_LENGTH = 16


def _stated(tree: Any) -> list[str]:
    found = []
    for element in (one for head in tree.getroottree().iter("head") for one in head.iter("link", "meta")):
        if element.tag == "meta":
            address = element.get("content") if element.get("property") == "og:url" else None
        else:
            address = element.get("href") if "canonical" in element.get("rel", "").lower().split() else None
        if address is not None:
            found.append((element.tag == "meta", address.strip()))
    return [address for _, address in sorted(found, key=lambda item: item[0])]


def cited_url(tree: Any, fetched: str, *, believed: bool = False) -> str:
    """Returns the page's canonical address if it can be believed, else the one it was fetched from.

    It is believed when it has the same path and lies on the same host. A page fetched from this machine
    is a mirror, so there any host is believed: the mirror's own address tells nobody anything.

    Args:
        tree: The parsed page.
        fetched: The address that answered.
        believed: Whether the page is our own rendering of a record, so that it says what the record says.
    """
    for address in _stated(tree):
        if url_problem(address):
            continue
        if believed:
            return address
        same_path = urlsplit(address).path.rstrip("/") == urlsplit(fetched).path.rstrip("/")
        if same_path and (host_of(address) == host_of(fetched) or is_loopback(host_of(fetched))):
            return address
    return fetched


def document_id(url: str) -> str:
    """Returns the id of the document at `url`; scheme and port do not enter it."""
    parts = urlsplit(url)
    name = f"{host_of(url)}{parts.path or '/'}?{parts.query}"
    return hashlib.sha256(name.encode("utf-8")).hexdigest()[:_ID_LENGTH]
