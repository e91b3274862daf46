r"""The one place where text is normalised: NFC and `\\n`, once, at ingestion."""

from __future__ import annotations

import hashlib
import unicodedata

import regex

from .errors import GonerdError


def normalize(text: str) -> str:
    r"""Returns `text` in NFC with every newline as `\n`.

    Character offsets are only meaningful over the result, so this runs before anything is annotated
    and never again: `check_normalized` guards the later borders.
    """
    return unicodedata.normalize("NFC", text.replace("\r\n", "\n").replace("\r", "\n"))


def check_normalized(text: str, where: str) -> None:
    """Refuses text whose offsets would move if it were normalised.

    Args:
        text: The text to look at.
        where: What to name in the message, for instance "documents.jsonl line 3".

    Raises:
        GonerdError: The text is not in NFC or holds a carriage return.
    """
    if "\r" in text:
        problem = "holds carriage returns"
    elif not unicodedata.is_normalized("NFC", text):
        problem = "is not in Unicode NFC"
    else:
        return
    raise GonerdError(
        f"{where}: field 'text' {problem}, so character offsets over it would shift; "
        "normalise it with gonerd.text.normalize before annotating"
    )


def text_sha256(text: str) -> str:
    """Returns the SHA-256 of the UTF-8 form of `text`, in hexadecimal."""
    return hashlib.sha256(text.encode("utf-8")).hexdigest()


_SPACE = regex.compile(r"\s")


def is_space(character: str) -> bool:
    """Whether a character is white space, and so part of no token."""
    return _SPACE.match(character) is not None


_VISIBLE = regex.compile(r"\S(?:.*\S)?", regex.DOTALL)


def visible(text: str, start: int, end: int) -> tuple[int, int] | None:
    """Returns the range inside `start`..`end` without white space at its edges, None when there is nothing else.

    White space is what `is_space` says; `str.strip` would also take U+001C to U+001F, which are tokens here.
    """
    match = _VISIBLE.search(text, start, end)
    return match.span() if match else None


_CLUSTER = regex.compile(r"\X")
_PLAIN = 0x0300  # below it no character joins the one before
_REACH = 64  # code points looked at around a position; no real cluster is nearly as long


def splits_cluster(text: str, position: int) -> bool:
    """Whether a position lies inside a character as readers see it: a letter and its marks, a joined emoji, a flag.

    Args:
        text: The text.
        position: An offset in code points.
    """
    if not 0 < position < len(text) or (ord(text[position]) < _PLAIN and ord(text[position - 1]) < _PLAIN):
        return False
    begin = max(0, position - _REACH)
    while begin > 0 and begin > position - 2 * _REACH and ord(text[begin]) >= _PLAIN:
        begin -= 1  # a plain character begins a cluster, so counting from it is safe
    return all(match.start() != position for match in _CLUSTER.finditer(text, begin, position + _REACH))
