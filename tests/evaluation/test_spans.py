"""The set scorer against seqeval and hand-computed counts."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gonerd import Span
from gonerd.evaluation.spans import Score, score_spans, seqeval_strict

TEXT = "one two three four five six seven eight"
WORDS = [(i, i + len(w)) for i, w in zip([TEXT.index(w) for w in TEXT.split()], TEXT.split(), strict=True)]


@st.composite
def span_sets(draw):
    borders = sorted(draw(st.sets(st.integers(0, len(WORDS)), max_size=6)))
    pairs = zip(borders[::2], borders[1::2], strict=False)
    return [Span(WORDS[a][0], WORDS[b - 1][1], draw(st.sampled_from(["PER", "LOC"]))) for a, b in pairs]


def test_hand_computed():
    gold = [[Span(0, 3, "PER"), Span(4, 7, "LOC")], [Span(0, 3, "ORG")]]
    predicted = [[Span(0, 3, "PER"), Span(4, 7, "ORG"), Span(8, 13, "PER")], []]
    scores = score_spans(gold, predicted)
    assert scores["micro"] == Score(correct=1, predicted=3, gold=3)
    assert scores["PER"] == Score(1, 2, 1)
    assert scores["ORG"] == Score(0, 1, 1)
    assert scores["PER"].f1 == pytest.approx(2 / 3)
    assert scores["LOC"].f1 == 0


@settings(deadline=None)
@given(st.lists(st.tuples(span_sets(), span_sets()), min_size=1, max_size=4))
def test_equals_strict_seqeval(documents):
    gold, predicted = (list(side) for side in zip(*documents, strict=True))
    micro = score_spans(gold, predicted)["micro"]
    if not micro.gold or not micro.predicted:
        return  # seqeval defines these by its zero_division, warning as it does
    theirs = seqeval_strict([TEXT] * len(documents), gold, predicted)
    assert theirs["f1"] == pytest.approx(micro.f1)
    assert theirs["precision"] == pytest.approx(micro.precision)
    assert theirs["recall"] == pytest.approx(micro.recall)
