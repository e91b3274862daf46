"""The language of a page, told from its text; many a site states that of its template in the `lang` attribute."""

from __future__ import annotations

import re

from gonerd.language import detect_language

__all__ = ["detect_language", "language_of", "stated_language"]

_CODE = re.compile(r"([A-Za-z]{2})(?:[-_].*)?")


def stated_language(attribute: str) -> str | None:
    """Returns the ISO 639-1 code that a `lang` attribute begins with."""
    match = _CODE.fullmatch(attribute.strip())
    return match[1].lower() if match else None


def language_of(text: str, attribute: str) -> tuple[str, str]:
    """Tells the language of a document.

    Args:
        text: Its text.
        attribute: What its page states, empty for nothing.

    Returns:
        (ISO 639-1 code, how it was told).
    """
    found, stated = detect_language(text), stated_language(attribute)
    return found, "detected" if stated in (None, found) else f"detected; the lang attribute says {attribute}"
