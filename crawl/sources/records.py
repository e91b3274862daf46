"""API records as web pages, so that one extraction reads both."""

from __future__ import annotations

import json
import re
from html import escape
from typing import Any

from gonerd.errors import GonerdError

_BLANK_LINES = re.compile(r"\n[ \t]*(?:\n[ \t]*)+")


def json_record(body: bytes) -> dict[str, Any]:
    """Parses a record.

    Raises:
        GonerdError: It is no JSON object; extraction rejects the page under the reason "record".
    """
    try:
        record = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise GonerdError("the record is not JSON") from error
    if not isinstance(record, dict):
        raise GonerdError("the record is no JSON object")
    return record


def text_of(record: dict[str, Any], name: str) -> str:
    """Returns a text field; an empty string where it is missing, null or no text."""
    value = record.get(name)
    return value.strip() if isinstance(value, str) else ""


def paragraphs(text: str) -> str:
    """Renders plain text: escaped, blank lines between paragraphs, lines kept."""
    pieces = (piece.strip("\n") for piece in _BLANK_LINES.split(text.replace("\r\n", "\n").replace("\f", "\n\n")))
    return "\n".join(f"<p>{'<br>'.join(map(escape, piece.split(chr(10))))}</p>" for piece in pieces if piece.strip())


def html_page(
    content: str,
    *,
    url: str,
    title: str = "",
    published: str = "",
    author: str = "",
    licence: str = "",
    language: str = "en",
) -> str:
    """Wraps the text of a record into a page.

    Args:
        content: Text as HTML.
        url: Address to cite, which becomes the canonical link.
        title: Title, plain text.
        published: Day or moment of publication, ISO 8601; empty where the record does not say.
        author: Author, plain text.
        licence: Address of the licence that the record states.
        language: ISO 639-1 code.
    """
    head = [f'<link rel="canonical" href="{escape(url)}">']
    if title:
        head += [f"<title>{escape(title)}</title>", f'<meta property="og:title" content="{escape(title)}">']
    if published:
        head.append(f'<meta property="article:published_time" content="{escape(published)}">')
    if author:
        head.append(f'<meta name="author" content="{escape(author)}">')
    if licence:
        head.append(f'<link rel="license" href="{escape(licence)}">')
    heading = f"<h1>{escape(title)}</h1>\n" if title else ""
    lines = "\n".join(head)
    return (
        f'<!DOCTYPE html>\n<html lang="{escape(language)}">\n<head>\n<meta charset="utf-8">\n{lines}\n</head>\n'
        f"<body>\n<article>\n{heading}{content}\n</article>\n</body>\n</html>\n"
    )
