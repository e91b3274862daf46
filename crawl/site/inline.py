"""Markup inside paragraphs, as publishing systems leave it there; the words are not touched."""

from __future__ import annotations

import re
import textwrap
from urllib.parse import urlencode

from markupsafe import Markup, escape

_NAME = re.compile(r"\b[^\W\d_a-z]\w+(?: [^\W\d_a-z]\w+)+")
_COLUMNS = 100


def marked(line: str) -> Markup:
    """Puts the first letter into a span and makes the first name of several words a link."""
    initial, rest = line[:1], line[1:]
    name = _NAME.search(rest)
    drop = Markup('<span class="initial">{}</span>').format(initial)
    if name is None:
        return drop + rest
    target = urlencode({"q": name[0]})
    link = Markup('<a href="/search?{}">{}</a>').format(target, name[0])
    return drop + escape(rest[: name.start()]) + link + rest[name.end() :]


def wrapped(line: str) -> str:
    """Breaks a line as a document server's converter does."""
    return textwrap.fill(line, _COLUMNS, break_long_words=False, break_on_hyphens=False)
