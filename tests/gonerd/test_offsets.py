"""Offsets in other units, against what the encodings themselves say."""

import unicodedata

import pytest
import regex
from hypothesis import given
from hypothesis import strategies as st

from gonerd import GonerdError, UsageError
from gonerd.offsets import CODE_POINT, GRAPHEME, UNITS, UTF16, Normalized, Ruler
from gonerd.text import normalize

TEXTS = st.text(st.sampled_from("ab é😀\u0301\u200d👩🚒\r\n한\u1112\u1161𝔸"), max_size=30)


@given(TEXTS, st.data())
def test_utf16_is_what_the_encoding_says(text, data):
    start = data.draw(st.integers(0, len(text)))
    end = data.draw(st.integers(start, len(text)))
    ruler = Ruler(text, UTF16)
    units = text.encode("utf-16-le")
    assert units[2 * ruler.unit(start) : 2 * ruler.unit(end)].decode("utf-16-le") == text[start:end]


@given(TEXTS, st.sampled_from(UNITS))
def test_there_and_back(text, unit):
    ruler = Ruler(text, unit)
    borders = [i for i in range(len(text) + 1) if unit != GRAPHEME or i in _cluster_borders(text)]
    assert [ruler.code_point(ruler.unit(i)) for i in borders] == borders


def _cluster_borders(text):
    return {0, *(m.end() for m in regex.finditer(r"\X", text))}


def test_known_counts():
    text = "👩🏽‍🚒 in Żory"  # one character for readers, four code points, seven UTF-16 units
    place = text.index("Żory")
    assert [Ruler(text, unit).unit(place) for unit in (CODE_POINT, UTF16, GRAPHEME)] == [8, 11, 5]
    assert Ruler(text, UTF16).code_point(1) is None, "inside a surrogate pair"
    assert Ruler(text, UTF16).code_point(99) is None
    assert Ruler(text, CODE_POINT).code_point(-1) is None
    with pytest.raises(GonerdError, match="inside a character"):
        Ruler(text, GRAPHEME).unit(1)
    with pytest.raises(UsageError, match="did you mean 'utf-16'"):
        Ruler(text, "utf16")


@given(TEXTS, st.data())
def test_positions_survive_normalisation(raw, data):
    at = data.draw(st.integers(0, len(raw)))
    same = Normalized(raw)
    assert same.text == normalize(raw)
    place = same.position(at)
    if place is not None:
        assert normalize(raw[:at]) == same.text[:place]
        assert normalize(raw[at:]) == same.text[place:]
    elif raw.isascii():
        assert raw[at - 1 : at + 1] == "\r\n", "only a place inside a line break has none"


def test_crlf_and_marks():
    raw = "a\r\nCafe\u0301 b"
    same = Normalized(raw)
    assert same.text == unicodedata.normalize("NFC", "a\nCafe\u0301 b")
    assert [same.position(i) for i in (0, 1, 2, 3, 8, 9, 10)] == [0, 1, None, 2, 6, 7, 8]
    assert same.position(7) is None, "inside the letter with its mark"
