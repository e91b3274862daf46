"""Splits keep groups whole, hit their shares in every stratum, and do not move when documents are added."""

import random
from collections import Counter
from datetime import date, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gonerd import GonerdError
from gonerd.dataset.candidates import Candidate
from gonerd.dataset.leakage import Placed, find_leaks
from gonerd.dataset.schema import SPLITS
from gonerd.dataset.splits import FRACTIONS, assign_splits


def candidates(count, seed=0, sources=8):
    draw = random.Random(seed)
    return [
        Candidate(
            f"{seed}-{i}",
            draw.choice(("news", "legal")),
            f"s{draw.randrange(sources)}" if draw.random() < 0.9 else None,
            date(2015, 1, 1) + timedelta(days=draw.randrange(4000)) if draw.random() < 0.9 else None,
            draw.choice((100, 1000, 9000)),
        )
        for i in range(count)
    ]


@settings(max_examples=30)
@given(
    st.integers(0, 10**6), st.integers(12, 300), st.lists(st.tuples(st.integers(0, 11), st.integers(0, 11)), max_size=4)
)
def test_nothing_that_belongs_together_is_parted(seed, count, near):
    documents = candidates(count, seed)
    splits = assign_splits(documents, near, seed)
    assert set(splits.values()) == set(SPLITS)
    assert set(splits) == {c.id for c in documents}
    entries = [Placed(c.id, splits[c.id], c.id, None, c.occasion) for c in documents]
    assert find_leaks(entries, [(a, b, 1.0) for a, b in near]) == []


@pytest.mark.parametrize("seed", range(5))
def test_shares_in_every_stratum(seed):
    documents = candidates(3000, seed, sources=200)
    splits = assign_splits(documents, seed=seed)
    sizes = Counter((c.domain, c.length) for c in documents)
    counts = Counter((c.domain, c.length, splits[c.id]) for c in documents)
    for stratum, total in sizes.items():
        for split, share in FRACTIONS.items():
            # Groups of several documents count by the stratum of their longest: a little more than the slack.
            assert abs(counts[(*stratum, split)] - share * total) <= 0.05 * total + 5


def test_added_documents_move_nobody():
    documents = candidates(4000, 1, sources=300)
    few = assign_splits(documents[:2000])
    many = assign_splits(documents)
    assert {key: many[key] for key in few} == few


def test_order_and_process_do_not_matter():
    documents = candidates(200)
    shuffled = documents[::-1]
    assert assign_splits(documents) == assign_splits(shuffled)
    assert assign_splits(documents) != assign_splits(documents, seed=1)


def test_previous_release_wins_and_pulls_its_group_along():
    week = date(2024, 5, 6)
    documents = [Candidate(f"d{i}", "news", f"s{i}", week, 100) for i in range(30)]
    previous = {f"d{i}": SPLITS[i % 3] for i in range(10)}
    joined = [*documents, Candidate("new", "news", "s1", week + timedelta(days=2), 100)]
    splits = assign_splits(joined, previous=previous)
    assert {key: splits[key] for key in previous} == previous
    assert splits["new"] == splits["d1"] == "validation"


def test_a_copy_of_held_out_and_training_text_is_held_out():
    documents = [Candidate(f"d{i}", "news", None, None, 100) for i in range(5)]
    previous = {"d0": "train", "d1": "test"}
    splits = assign_splits(documents, [(0, 4), (1, 4)], previous=previous)
    assert (splits["d0"], splits["d1"], splits["d4"]) == ("train", "test", "test")


def test_too_few():
    with pytest.raises(GonerdError, match="at least 3 groups"):
        assign_splits([Candidate(str(i), "news", "s", date(2024, 1, 2), 5) for i in range(9)])


def test_leaks_are_found():
    entries = [
        Placed("a", "train", "1", "u", "w1"),
        Placed("b", "test", "1", "v", "w2"),
        Placed("c", "test", "2", "u", "w3"),
        Placed("d", "validation", "3", None, "w1"),
        Placed("e", "validation", "4", None, "w5"),
    ]
    found = [(leak.check, leak.first, leak.second) for leak in find_leaks(entries, [(3, 4, 0.9), (2, 4, 0.7)])]
    assert found == [
        ("same-text", "a", "b"),
        ("same-url", "a", "c"),
        ("near-duplicate", "c", "e"),
        ("same-source-and-week", "a", "d"),
    ]
