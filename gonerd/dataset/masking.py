"""Hiding contact data and identity numbers at equal length, so that every offset still holds."""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Callable, Iterator

import phonenumbers
import regex
from stdnum import iban, luhn
from stdnum.es import dni, nie
from stdnum.fr import nir
from stdnum.it import codicefiscale

# No mark may follow: a mark composes with a masked letter, and the text would no longer be in NFC.
_END = r"(?![\w\p{M}])"
# Every repetition is bounded, so that no text makes the search slow.
_EMAIL = regex.compile(
    r"(?<!\w)[\p{L}\p{N}_][\w.%+'-]{0,63}@(?:[\w-]{1,63}\.){1,8}(?:xn--[\w-]{2,59}|\p{L}[\p{L}\p{M}]{1,23})" + _END
)
_DASH = r"[-\u2010-\u2013]"
_PHONE_LIKE = regex.compile(
    rf"(?<![\w.,])[+(]{{0,2}}\d{{1,5}}\)?(?:(?:[ ./]|{_DASH}){{0,2}}\(?\d{{1,5}}\)?){{1,7}}(?!\w)"
)
_NON_ASCII_DASH = re.compile("[\u2010-\u2013]")
_DIGITS = range(9, 16)  # in a whole phone number
_CONTEXT = (
    12  # characters around a candidate that the matcher sees: enough for "ext. 12" and for what rules a number out
)

# Numbers of people. A social security number is hidden whatever its digits; the others only when their
# check digits are right, because contracts are full of long numbers.
_NUMBERS: dict[str, tuple[str, Callable[[str], bool]]] = {
    "us-ssn": (
        rf"\d{{3}}{_DASH}\d{{2}}{_DASH}\d{{4}}"
        r"|(?<=(?i:SSN|social security(?: number)?)[\s:#.]{1,3})\d{3}[ ]?\d{2}[ ]?\d{4}",
        lambda number: True,
    ),
    "gb-nino": (r"[A-CEGHJ-PR-TW-Z][A-CEGHJ-NPR-TW-Z] ?\d{2} ?\d{2} ?\d{2} ?[A-D]", lambda number: True),
    "iban": (r"[A-Za-z]{2}\d{2}(?: ?[A-Za-z0-9]{4}){2,7}(?: ?[A-Za-z0-9]{1,3})?", iban.is_valid),
    "card": (
        rf"(?:\d{{4}}(?: |{_DASH})?){{3}}\d{{4}}|3[47]\d\d(?: |{_DASH})?\d{{6}}(?: |{_DASH})?\d{{5}}",
        lambda n: luhn.is_valid(re.sub(r"\D", "", n)),
    ),
    "es-dni": (r"\d{8}-?[A-Z]", dni.is_valid),
    "es-nie": (r"[XYZ]-?\d{7}-?[A-Z]", nie.is_valid),
    "fr-nir": (r"[12] ?\d{2} ?\d{2} ?\d{2} ?\d{3} ?\d{3} ?\d{2}", nir.is_valid),
    "it-codice-fiscale": (r"[A-Z]{6}\d{2}[A-Z]\d{2}[A-Z]\d{3}[A-Z]", codicefiscale.is_valid),
}
_NUMBER_PATTERNS = {
    kind: (regex.compile(rf"(?<![\w\p{{M}}-])(?:{pattern}){_END}"), valid)
    for kind, (pattern, valid) in _NUMBERS.items()
}


def mask(text: str) -> tuple[str, Counter[str]]:
    """Hides email addresses, phone numbers and identity numbers.

    Letters become `x` and digits `0`, character by character; punctuation stays, so the kind of thing
    remains visible. Masking a masked text changes nothing.

    Args:
        text: A normalised text.

    Returns:
        A text of the same length, and how many things of each kind were hidden.
    """
    counts: Counter[str] = Counter()
    characters: list[str] | None = None
    covered = 0
    for start, end, kind in sorted(_found(text)):
        if start < covered:  # two readings of the same digits: the first covers both
            start = covered
        hidden = "".join(_hide(c) for c in text[start:end])
        if hidden == text[start:end]:  # nothing left to hide: masked before
            continue
        characters = characters if characters is not None else list(text)
        characters[start:end] = hidden
        counts[kind] += 1
        covered = max(covered, end)
    return ("".join(characters) if characters is not None else text), counts


def _hide(character: str) -> str:
    if character.isdigit():
        return "0"
    return "x" if character.isalpha() or unicodedata.combining(character) else character


def _found(text: str) -> Iterator[tuple[int, int, str]]:
    if "@" in text:
        for match in _EMAIL.finditer(text):
            yield match.start(), match.end(), "email"
    for kind, (pattern, valid) in _NUMBER_PATTERNS.items():
        for match in pattern.finditer(text):
            if end := _longest(match[0], valid):
                yield match.start(), match.start() + end, kind
    for candidate in _PHONE_LIKE.finditer(text):
        yield from _phones(text, candidate.start(), candidate.end())


def _longest(found: str, valid: Callable[[str], bool]) -> int:
    """Returns the end of the longest valid number at the beginning: a greedy match may reach into the next word."""
    ends = [len(found), *(i for i in range(len(found) - 1, 0, -1) if found[i] == " ")]
    return next((end for end in ends if valid(found[:end])), 0)


def _phones(text: str, start: int, end: int) -> Iterator[tuple[int, int, str]]:
    written = text[start:end]
    # Digits without any mark between them are as likely an amount or an account.
    if sum(map(str.isdigit, written)) not in _DIGITS or written.isdigit():
        return
    before = max(0, start - _CONTEXT)
    window = _NON_ASCII_DASH.sub("-", text[before : end + _CONTEXT])
    region = "GB" if written.lstrip("(").startswith("0") else "US"
    for number in phonenumbers.PhoneNumberMatcher(window, region):
        yield before + number.start, before + number.end, "phone"
