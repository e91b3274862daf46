"""Numbers of paragraphs and list items, as HTML's `ol` counts them and as documents write them."""

from __future__ import annotations

import re

# A line with nothing but the number of what follows: "12.", "(a)", "[3]", "¶ 7", "§ 2.1". "v." and "IV." stand alone.
_NUMBER = re.compile(
    r"[¶§]\s*\d{1,4}(?:\.\d{1,3})*\.? | [(\[](?:\d{1,4}|[A-Za-z]|[ivxl]{1,6})[)\]]\.?"
    r" | \d{1,4}(?:\.\d{1,3})*[.):] | [a-z]\)",
    re.ASCII | re.VERBOSE,
)
_ROMAN = ((10, "x"), (9, "ix"), (5, "v"), (4, "iv"), (1, "i"))


def is_number(line: str) -> bool:
    """Whether a line is no more than the number of the paragraph after it."""
    return _NUMBER.fullmatch(line) is not None


def whole(stated: str | None, default: int) -> int:
    """Returns the whole number that an attribute states, or a default."""
    return int(stated) if stated is not None and re.fullmatch(r"\s*[+-]?\d{1,6}\s*", stated, re.ASCII) else default


def figure(number: int, kind: str) -> str:
    """Returns a number as `ol type` shows it: 1, a, A, i or I."""
    if kind in ("a", "A") and number > 0:
        letters = ""
        while number:
            number, rest = divmod(number - 1, 26)
            letters = chr(97 + rest) + letters
        return letters.upper() if kind == "A" else letters
    if kind in ("i", "I") and 0 < number < 40:
        roman = ""
        for value, sign in _ROMAN:
            roman += sign * (number // value)
            number %= value
        return roman.upper() if kind == "I" else roman
    return str(number)
