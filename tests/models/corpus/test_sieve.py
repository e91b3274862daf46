"""Filters drop what they should, and the index of near-duplicates follows its probability curve."""

import random

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gonerd.errors import UsageError
from gonerd.models.corpus.mix import Filters
from gonerd.models.corpus.sieve import HashSet, Sieve, bands, text_hash

WORDS = [f"word{i}" for i in range(5000)]


def document(rng, words=300):
    return rng.choices(WORDS, k=words)


def jaccard(a, b):
    shingles = [{tuple(words[i : i + 5]) for i in range(len(words) - 4)} for words in (a, b)]
    return len(shingles[0] & shingles[1]) / len(shingles[0] | shingles[1])


def test_reasons():
    sieve = Sieve(Filters(min_characters=20, max_characters=4000, languages=("en",)))
    english = "The court of appeals affirmed the judgment of the district court on Tuesday, the clerk said. " * 3
    german = "Das Gericht hat am Dienstag das Urteil der ersten Instanz bestätigt, wie ein Sprecher mitteilte. " * 3
    cases = [
        (None, "empty"), (" \n", "empty"), ("too short", "too short"), ("x" * 4001, "too long"), (english, None),
        (english, "exact duplicate"), (german, "another language"), (english + " Indeed.", "near-duplicate"),
    ]  # fmt: skip
    assert [sieve.reason(text) for text, _ in cases] == [reason for _, reason in cases]


def test_near_duplicates_follow_the_curve():
    rng = random.Random(3)
    count, rows = bands(0.8)
    caught, expected = 0, 0.0
    for _ in range(150):
        sieve, words = Sieve(Filters()), document(rng)
        changed = list(words)
        for place in rng.sample(range(len(words)), rng.choice([0, 2, 4, 6, 9])):
            changed[place] = "changed"
        similarity = jaccard(words, changed)
        assert sieve.reason(" ".join(words)) is None
        caught += sieve.reason(" ".join([*changed])) in ("near-duplicate", "exact duplicate")
        expected += 1 - (1 - similarity**rows) ** count
    assert abs(caught - expected) < 20  # about four standard deviations


def test_different_documents_stay():
    rng, sieve = random.Random(4), Sieve(Filters())
    assert not any(sieve.reason(" ".join(document(rng))) for _ in range(200))


def test_near_duplicates_can_stay():
    sieve = Sieve(Filters(near_duplicates=None, exact_duplicates=False))
    assert [sieve.reason("the same text") for _ in range(2)] == [None, None]


def test_what_was_learnt_is_learnt_again():
    rng = random.Random(5)
    sieve, again = Sieve(Filters()), Sieve(Filters())
    words = [" ".join(document(rng)) for _ in range(20)]
    for text in words:
        sieve.reason(text)
    again.load(sieve.drain())
    assert {again.reason(text) for text in words} == {"exact duplicate"}
    assert again.reason(words[0] + " more") == "near-duplicate"


@given(st.lists(st.lists(st.integers(0, 2**64 - 1), max_size=20), max_size=4), st.integers(0, 2**64 - 1))
def test_hash_set_is_a_set(parts, other):
    mine, plain = HashSet(), set()
    for part in parts:
        for value in part:
            mine.add(value)
        plain |= set(part)
        assert set(mine.drain().tolist()) <= plain
    assert all(value in mine for value in plain)
    assert (other in mine) == (other in plain)


@pytest.mark.parametrize("threshold", [0.3, 0.5, 0.7, 0.8, 0.9])
def test_bands_rise_at_the_threshold(threshold):
    count, rows = bands(threshold)
    assert count * rows <= 128
    assert abs((1 / count) ** (1 / rows) - threshold) < 0.05


def test_hash_takes_any_text():
    assert text_hash("half a \ud800 pair") != text_hash("half a pair")
    assert np.uint64(text_hash("x"))


def test_unknown_language():
    with pytest.raises(UsageError, match="unknown language 'english'"):
        Sieve(Filters(languages=("english",)))
