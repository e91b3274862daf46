r"""The one place where text is normalised: NFC and `\\n`, once, at ingestion."""

from __future__ import annotations

import hashlib
import unicodedata

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
