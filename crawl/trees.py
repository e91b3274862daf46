"""Small operations on parsed pages that lxml leaves to its callers."""

from __future__ import annotations

from typing import Any


def drop(element: Any) -> None:
    """Takes an element out of its tree and leaves the text after it, which lxml keeps with the element, in place."""
    parent = element.getparent()
    if parent is None:
        return
    if element.tail:
        previous = element.getprevious()
        if previous is None:
            parent.text = (parent.text or "") + element.tail
        else:
            previous.tail = (previous.tail or "") + element.tail
    parent.remove(element)
