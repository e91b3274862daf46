"""What is hidden, what is not, and that offsets hold."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gonerd.dataset.masking import mask
from gonerd.text import normalize

HIDDEN = [
    ("press@pellworth.example", "email"),
    ("o'neil.jr+x@mail.example.co.uk", "email"),
    ("jörg_o@köln.example", "email"),
    ("_a@b.xn--p1ai", "email"),
    ("joe@maq\u0308il.example.com", "email"),
    ("(865) 555-0142", "phone"),
    ("865\u2011555\u20110142", "phone"),
    ("+44 20 7946 0123", "phone"),
    ("020 7946 0123", "phone"),
    ("865.555.0142", "phone"),
    ("000-12-3456", "us-ssn"),
    ("123\u201145\u20116789", "us-ssn"),
    ("AB 12 34 56 C", "gb-nino"),
    ("ES91 2100 0418 4502 0005 1332", "iban"),
    ("es9121000418450200051332", "iban"),
    ("3782-822463-10005", "card"),
    ("GB82 WEST 1234 5698 7654 32", "iban"),
    ("4111 1111 1111 1111", "card"),
    ("12345678Z", "es-dni"),
    ("RSSMRA85T10A562S", "it-codice-fiscale"),
]
SHOWN = [
    "388 F.4th 1011, 1016 (2d Cir. 2017)",
    "Nos. 23-7714(L), 23-7752(XAP)",
    "42 U.S.C. § 1983",
    "$11,520,000.00 on 2024-11-19",
    "1200 1300 1400 1500",
    "GB00 WEST 1234 5698 7654 32",
    "12345678A",
    "2127365000 shares and 2127365001",
    "123 45 6789 in a table",
    "Sections 9, 13 and 14.2(3) and 2011-2021",
    "@handle and a @ b",
]


@pytest.mark.parametrize(("thing", "kind"), HIDDEN)
def test_hidden(thing, kind):
    text = f"Write to {thing}, or do not."
    masked, counts = mask(text)
    assert counts == {kind: 1}
    assert len(masked) == len(text)
    start = text.index(thing)
    assert masked[:start] + masked[start + len(thing) :] == text.replace(thing, "")
    hidden = masked[start : start + len(thing)]
    assert set(hidden) <= set("x0 .+-'@()_\u2011") and not any(
        a == b and a.isalnum() and a not in "x0" for a, b in zip(hidden, thing, strict=True)
    )


@pytest.mark.parametrize("text", SHOWN)
def test_not_hidden(text):
    assert mask(text) == (text, {})


PIECES = [*"ax0159 .-@()+\n", "é", "e\u0301", "\u0308", "😀", "a@b.example", "(865) 555-0142"]


@given(st.lists(st.sampled_from(PIECES), max_size=30).map("".join))
def test_length_form_and_second_pass(text):
    text = normalize(text)
    masked, _ = mask(text)
    assert len(masked) == len(text)
    assert unicodedata.is_normalized("NFC", masked)
    again, counts = mask(masked)
    assert (again, counts) == (masked, {})
    marks = unicodedata.combining
    for before, after in zip(text, masked, strict=True):  # letters and their marks become x, digits 0, the rest stays
        assert after == before or (after == ("0" if before.isdigit() else "x") and (before.isalnum() or marks(before)))


def test_what_follows_a_number_does_not_hide_it():
    masked, counts = mask("ES91 2100 0418 4502 0005 1332 BIC CAIXESBB and SSN: 123456789, AT61 1904 3002 3457 3201 BIC")
    assert masked == "xx00 0000 0000 0000 0000 0000 BIC CAIXESBB and SSN: 000000000, xx00 0000 0000 0000 0000 BIC"
    assert counts == {"iban": 2, "us-ssn": 1}


@pytest.mark.timeout(20)
@pytest.mark.parametrize("text", ["a@" + "a-." * 100_000, "12 345 6789 " * 20_000, "1" * 300_000, "a." * 100_000])
def test_no_text_makes_it_slow(text):
    """A search that went back and forth over these would take minutes."""
    assert len(mask(text)[0]) == len(text)
