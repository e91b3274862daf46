"""Agreement against scikit-learn, the span scorer, and a case computed by hand."""

import random

import numpy as np
import pytest
from sklearn.metrics import cohen_kappa_score

from gonerd import Span
from gonerd.agreement import Agreement
from gonerd.evaluation.metrics import METRICS, Spanned
from gonerd.labels import CORE, spans_to_tags
from gonerd.tokens import tokenize

TEXT = " ".join(f"w{i}" for i in range(60))
WORDS = tokenize(TEXT)


def draw_spans(seed):
    draw = random.Random(seed)
    spans, i = [], 0
    while i < len(WORDS) - 3:
        if draw.random() < 0.3:
            length = draw.randrange(1, 3)
            spans.append(Span(WORDS[i][0], WORDS[i + length - 1][1], draw.choice(CORE)))
            i += length
        i += 1
    return spans


def disturb(spans, seed):
    draw = random.Random(seed)
    kept = [s for s in spans if draw.random() < 0.85]
    return [Span(s.start, s.end, draw.choice(CORE)) if draw.random() < 0.2 else s for s in kept]


def test_against_other_libraries():
    pairs = [(draw_spans(i), disturb(draw_spans(i), i)) for i in range(12)]
    agreement = Agreement()
    for a, b in pairs:
        agreement.add(TEXT, a, b)
    measures = agreement.measure(resamples=50)
    sides = [[Spanned(tuple(span.key for span in pair[i])) for pair in pairs] for i in (0, 1)]
    scores = METRICS.get("exact_spans").compute(*sides)
    expected = {"micro": scores["f1"], **{label: score["f1"] for label, score in scores["labels"].items()}}
    assert {k: v.value for k, v in measures["exact"].items()} == pytest.approx(expected)
    tags = [[t.partition("-")[2] or "O" for a in pairs for t in spans_to_tags(a[side], WORDS)] for side in (0, 1)]
    assert measures["token kappa"]["micro"].value == pytest.approx(cohen_kappa_score(*tags))
    for values in measures.values():
        for found in values.values():
            assert found.low <= found.value <= found.high or found.low - 0.05 < found.value < found.high + 0.05


def test_by_hand():
    agreement = Agreement()
    first = [Span(0, 5, "PER"), Span(10, 20, "ORG"), Span(30, 35, "LOC")]
    second = [Span(0, 5, "PER"), Span(12, 20, "ORG"), Span(30, 35, "ORG"), Span(50, 52, "MISC")]
    agreement.add(TEXT, first, second)
    measures = agreement.measure(resamples=10)
    exact = {label: found.value for label, found in measures["exact"].items()}
    overlap = {label: found.value for label, found in measures["overlap"].items()}
    assert exact == {"PER": 1.0, "ORG": 0.0, "LOC": 0.0, "MISC": 0.0, "micro": pytest.approx(2 / 7)}
    assert overlap == {"PER": 1.0, "ORG": pytest.approx(2 / 3), "LOC": 0.0, "MISC": 0.0, "micro": pytest.approx(4 / 7)}


def test_the_interval_is_the_bootstrap_over_documents():
    agreement = Agreement()
    for i in range(10):  # five documents agree wholly, five not at all
        agreement.add(TEXT, [Span(0, 2, "PER")], [Span(0, 2, "PER" if i < 5 else "ORG")])
    found = agreement.measure(seed=3, resamples=4000)["exact"]["micro"]
    assert found.value == 0.5
    # A mean of ten fair coins: 2.5 % and 97.5 % quantiles of Binomial(10, 0.5) / 10.
    assert (found.low, found.high) == (0.2, 0.8)
    assert agreement.measure(seed=3, resamples=4000)["exact"]["micro"] == found


def test_empty():
    assert Agreement().measure() == {}
    agreement = Agreement()
    agreement.add(TEXT, [], [])
    assert agreement.measure(resamples=5)["exact"] == {}
    assert np.isfinite(agreement.measure(resamples=5)["token kappa"]["micro"].value)
