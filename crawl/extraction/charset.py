"""Decoding a page, once: what it declares first, what its bytes look like last."""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterator
from typing import NamedTuple

from trafilatura.utils import detect_encoding
from w3lib.encoding import html_body_declared_encoding, http_content_type_encoding, read_bom

# A declared charset is kept over a guessed one while it fails for no more than this share of the text.
TOLERATED = 0.001
_HEAD = 4096
# These decode any bytes, so that a wrong declaration of one shows only in that the bytes are sound UTF-8.
_SINGLE_BYTE = re.compile(r"cp125\d|iso8859-\d+")
# Python's own codecs, which are no charsets of the web.
_NO_CHARSETS = frozenset(
    {"idna", "mbcs", "oem", "punycode", "raw-unicode-escape", "undefined", "unicode-escape", "utf-7"}
)


class Decoded(NamedTuple):
    """A text and how its bytes were read.

    Attributes:
        text: The text without byte order mark.
        charset: Python's name of the charset.
        where: What decided for it: "byte order mark", "header", "meta", "bytes", "default" or "detection".
        replaced: Number of bytes that are no text in it and became U+FFFD.
    """

    text: str
    charset: str
    where: str
    replaced: int = 0

    @property
    def evidence(self) -> str:
        """The decision in words."""
        lost = f", {self.replaced} characters replaced" if self.replaced else ""
        return f"{self.charset} ({self.where}{lost})"


def _declared(body: bytes, content_type: str) -> Iterator[tuple[str, str]]:
    encoding, _ = read_bom(body)
    for name, where in (
        (encoding, "byte order mark"),
        (http_content_type_encoding(content_type), "header"),
        (html_body_declared_encoding(body[:_HEAD]), "meta"),
        ("utf-8", "default"),
    ):
        if name and (codec := _codec(name)) and codec not in _NO_CHARSETS:
            yield name, where


def _codec(name: str) -> str:
    try:
        return codecs.lookup(name).name.replace("_", "-")
    except (LookupError, ValueError):
        return ""


def _decode(body: bytes, encoding: str, errors: str) -> str | None:
    try:
        return body.decode(encoding, errors)
    except (LookupError, ValueError):
        return None


def _is_sound_utf8(body: bytes, encoding: str) -> bool:
    named = _SINGLE_BYTE.fullmatch(_codec(encoding))
    return bool(named) and not body.isascii() and _decode(body, "utf-8", "strict") is not None


def decode(body: bytes, content_type: str) -> Decoded | None:
    """Decodes the content of a page.

    Declared charsets are tried in the order of the HTML standard: byte order mark, header, `meta`.

    Args:
        body: Content without content encoding.
        content_type: The HTTP header, which may name a charset.

    Returns:
        The text and the decision, or None if no charset fits.
    """
    declared = dict(reversed([*_declared(body, content_type)]))  # the first word on each charset counts
    order = list(dict.fromkeys(name for name, _ in _declared(body, content_type)))
    for encoding in order:
        if _is_sound_utf8(body, encoding):
            return Decoded(body.decode("utf-8"), "utf-8", f"bytes; {declared[encoding]} says {encoding}")
        if (text := _decode(body, encoding, "strict")) is not None:
            return Decoded(text.removeprefix("\ufeff"), encoding, declared[encoding])
    for encoding in order:
        text = _decode(body, encoding, "replace")
        if text and (lost := text.count("\ufffd")) <= len(text) * TOLERATED:
            return Decoded(text.removeprefix("\ufeff"), encoding, declared[encoding], lost)
    for encoding in detect_encoding(body):
        if (text := _decode(body, encoding, "strict")) is not None:
            return Decoded(text, encoding, "detection")
    return None
