"""Several pipelines: weights, thresholds, alternatives; against cases counted by hand."""

import pytest

from gonerd import UsageError
from gonerd.annotation.draft import Mention
from gonerd.annotation.loading import parse
from gonerd.annotation.vote import vote


def m(start, end, label, source):
    return Mention(start, end, label, source)


def keys(mentions):
    return [(x.start, x.end, x.label) for x in mentions]


def test_one_pipeline_is_taken_as_it_is():
    assert vote([[m(0, 4, "ORG", "a")]], [1.0]) == [m(0, 4, "ORG", "a")]


def test_the_heavier_opinion_wins_and_the_other_is_kept():
    (won,) = vote([[m(0, 4, "ORG", "a")], [m(0, 4, "PER", "b")]], [1.0, 0.5])
    assert (won.label, won.others) == ("ORG", ("PER by b",))
    assert won.score == pytest.approx(1 / 1.5)


def test_less_than_half_of_the_weight_is_not_enough():
    lone = [m(0, 4, "ORG", "b")]
    assert vote([[], lone], [1.0, 0.5]) == []
    assert keys(vote([[], lone], [1.0, 1.0])) == [(0, 4, "ORG")]


def test_two_light_pipelines_outweigh_a_heavy_one():
    a, b, c = [m(0, 9, "ORG", "a")], [m(0, 4, "PER", "b")], [m(0, 4, "PER", "c")]
    (won,) = vote([a, b, c], [1.0, 0.6, 0.6])
    assert (won.start, won.end, won.label, won.source) == (0, 4, "PER", "b + c")


def test_what_does_not_touch_the_winner_is_decided_on_its_own():
    wide, parts = [m(0, 20, "ORG", "a")], [m(0, 4, "PER", "b"), m(10, 20, "LOC", "b")]
    assert keys(vote([wide, parts, parts], [1.0, 1.0, 1.0])) == [(0, 4, "PER"), (10, 20, "LOC")]


def test_weights_are_read_from_the_name():
    assert parse("sm:0.5") == ("sm", 0.5)
    assert parse("hf:dslim/bert") == ("hf:dslim/bert", 1.0)
    assert parse("hf:dslim/bert:2") == ("hf:dslim/bert", 2.0)
    with pytest.raises(UsageError, match="above 0"):
        parse("sm:0")
