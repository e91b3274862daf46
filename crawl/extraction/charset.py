"""Decoding a page, once: what it declares first, what its bytes look like last."""

from __future__ import annotations

from collections.abc import Iterator

from trafilatura.utils import detect_encoding
from w3lib.encoding import html_body_declared_encoding, http_content_type_encoding, read_bom

# A declared charset is kept over a guessed one while it fails for no more than this share of the text.
_TOLERATED = 0.001
_HEAD = 4096


def _declared(body: bytes, content_type: str) -> Iterator[str]:
    encoding, _ = read_bom(body)
    for name in (
        encoding,
        http_content_type_encoding(content_type),
        html_body_declared_encoding(body[:_HEAD]),
        "utf-8",
    ):
        if name:
            yield name


def _decode(body: bytes, encoding: str, errors: str) -> str | None:
    try:
        return body.decode(encoding, errors)
    except (UnicodeDecodeError, LookupError):
        return None


def decode(body: bytes, content_type: str) -> str | None:
    """Decodes the content of a page.

    Args:
        body: Content without content encoding.
        content_type: The HTTP header, which may name a charset.

    Returns:
        The text without byte order mark, or None if no charset fits.
    """
    declared = list(dict.fromkeys(_declared(body, content_type)))
    for encoding in declared:
        if (text := _decode(body, encoding, "strict")) is not None:
            return text.removeprefix("\ufeff")
    for encoding in declared:
        text = _decode(body, encoding, "replace")
        if text and text.count("\ufffd") <= len(text) * _TOLERATED:
            return text.removeprefix("\ufeff")
    for encoding in detect_encoding(body):
        if (text := _decode(body, encoding, "strict")) is not None:
            return text
    return None
