"""What of a text counts when texts are compared: its letters and digits, whatever their case and what lies between."""

from __future__ import annotations

import hashlib
import unicodedata

import regex

_WORD = regex.compile(r"[\p{L}\p{M}\p{N}]+")


def normal_words(text: str) -> list[str]:
    """Returns the words of a text in Unicode NFKC and case-folded, without punctuation and white space."""
    return _WORD.findall(unicodedata.normalize("NFKC", text).casefold())


def text_key(text: str, words: list[str]) -> bytes:
    """Returns 16 bytes that are equal for texts that differ in case, white space and punctuation alone.

    Args:
        text: The text.
        words: Its `normal_words`; a text without any is compared as it stands.
    """
    return hashlib.sha256(("".join(words) or text).encode("utf-8")).digest()[:16]
