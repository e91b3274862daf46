"""Hiding contact data and identity numbers at equal length, so that every offset still holds."""

from __future__ import annotations

import re
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
_EMAIL = regex.compile(r"(?<![\w.+-])[A-Za-z0-9][A-Za-z0-9._%+'-]{0,63}@(?:[\w-]+\.)+\p{L}{2,24}" + _END)
_PHONE_LIKE = re.compile(r"[+(]?\d[\d\s().\-–/]{6,}\d")
_CONTEXT = (
    12  # characters around a candidate that the matcher sees: enough for "ext. 12" and for what rules a number out
)
_REGIONS = ("US", "GB")

# Numbers of people. A social security number is hidden whatever its digits; the others only when their
# check digits are right, because contracts are full of long numbers.
_NUMBERS: dict[str, tuple[str, Callable[[str], bool]]] = {
    "us-ssn": (r"\d{3}[-–]\d{2}[-–]\d{4}", lambda number: True),
    "gb-nino": (r"[A-CEGHJ-PR-TW-Z][A-CEGHJ-NPR-TW-Z] ?\d{2} ?\d{2} ?\d{2} ?[A-D]", lambda number: True),
    "iban": (r"[A-Z]{2}\d{2}(?: ?[A-Z0-9]{4}){2,7}(?: ?[A-Z0-9]{1,3})?", iban.is_valid),
    "card": (r"\d{4}[ -]?\d{4}[ -]?\d{4}[ -]?\d{4}", lambda number: luhn.is_valid(re.sub(r"\D", "", number))),
    "es-dni": (r"\d{8}-?[A-Z]", dni.is_valid),
    "es-nie": (r"[XYZ]-?\d{7}-?[A-Z]", nie.is_valid),
    "fr-nir": (r"[12] ?\d{2} ?\d{2} ?\d{2} ?\d{3} ?\d{3} ?\d{2}", nir.is_valid),
    "it-codice-fiscale": (r"[A-Z]{6}\d{2}[A-Z]\d{2}[A-Z]\d{3}[A-Z]", codicefiscale.is_valid),
}
_NUMBER_PATTERNS = {
    kind: (regex.compile(rf"(?<![\w\p{{M}}-]){pattern}{_END}"), valid) for kind, (pattern, valid) in _NUMBERS.items()
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
    return "x" if character.isalpha() else character


def _found(text: str) -> Iterator[tuple[int, int, str]]:
    if "@" in text:
        for match in _EMAIL.finditer(text):
            yield match.start(), match.end(), "email"
    for kind, (pattern, valid) in _NUMBER_PATTERNS.items():
        for match in pattern.finditer(text):
            if valid(match[0]):
                yield match.start(), match.end(), kind
    for candidate in _PHONE_LIKE.finditer(text):
        before = max(0, candidate.start() - _CONTEXT)
        window = text[before : candidate.end() + _CONTEXT]
        for region in _REGIONS:
            for number in phonenumbers.PhoneNumberMatcher(window, region):
                yield before + number.start, before + number.end, "phone"
