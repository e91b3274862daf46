"""Metrics of classes, numbers and answers against independent definitions, on a thousand generated cases each."""

import itertools
import math
import random
import warnings

import numpy as np
import pytest
from scipy import stats
from sklearn import metrics as sklearn_metrics

from gonerd.evaluation.metrics import METRICS
from gonerd.evaluation.metrics.hotpotqa import Hop
from gonerd.evaluation.metrics.squad_v2 import Guess

CASES = 1000
WORDS = [
    "the",
    "a",
    "An",
    "Oslo",
    "oslo",
    "U.S.",
    "us",
    "1,000",
    "yes",
    "no",
    "noanswer",
    "don't",
    "well-known",
    "_x_",
    "é",
]
MARKS = "!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~"


def metric(name):
    return METRICS.get(name)


def from_sums(name, gold, predicted):
    """The main number as resampling sees it: from counts that were added up."""
    found = metric(name)
    return float(found.value(found.counts(gold, predicted).sum(axis=0)))


def test_every_module_registers_its_own_name():
    for name in METRICS.names():
        assert METRICS.get(name).name == name
        assert METRICS.get(name).unit in (1, 100)


@pytest.mark.parametrize(
    ("name", "oracle"),
    [
        ("accuracy", lambda a, b: sum(x == y for x, y in zip(a, b, strict=True)) / len(a)),
        ("matthews", lambda a, b: confusion_correlation(a, b)),
        ("f1", lambda a, b: positive_f1(a, b)),
    ],
)
def test_classes(name, oracle):
    draw = np.random.default_rng(1)
    for _ in range(CASES):
        size, share = int(draw.integers(1, 30)), draw.random()
        gold = (draw.random(size) < share).astype(int).tolist()
        predicted = [g if draw.random() < 0.7 else int(draw.integers(2)) for g in gold]
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # scikit-learn speaks up about a single class
            expected, found = oracle(gold, predicted), metric(name).compute(gold, predicted)[metric(name).main]
        assert found == pytest.approx(expected, abs=1e-12)
        assert from_sums(name, gold, predicted) == pytest.approx(expected, abs=1e-12)


def confusion_correlation(gold, predicted):
    """Matthews' formula over the four cells."""
    tp, tn, fp, fn = (
        sum((g, p) == cell for g, p in zip(gold, predicted, strict=True)) for cell in ((1, 1), (0, 0), (0, 1), (1, 0))
    )
    under = (tp + fp) * (tp + fn) * (tn + fp) * (tn + fn)
    return (tp * tn - fp * fn) / math.sqrt(under) if under else 0.0


def positive_f1(gold, predicted):
    """The harmonic mean of precision and recall of class 1."""
    hits = sum(g == p == 1 for g, p in zip(gold, predicted, strict=True))
    return 2 / (sum(predicted) / hits + sum(gold) / hits) if hits else 0.0


def test_classes_as_scikit_learn_counts_them():
    """Resampled sums against the library itself, whose numbers `compute` returns."""
    gold, predicted = [0, 1, 1, 0, 1, 1, 0, 0, 1], [0, 1, 0, 1, 1, 1, 0, 0, 0]
    assert from_sums("accuracy", gold, predicted) == pytest.approx(sklearn_metrics.accuracy_score(gold, predicted))
    assert from_sums("matthews", gold, predicted) == pytest.approx(sklearn_metrics.matthews_corrcoef(gold, predicted))
    assert from_sums("f1", gold, predicted) == pytest.approx(sklearn_metrics.f1_score(gold, predicted))


@pytest.mark.parametrize("name", ["pearson", "spearman"])
def test_correlations(name):
    draw = np.random.default_rng(2)
    for _ in range(CASES):
        size = int(draw.integers(2, 40))
        gold = np.round(draw.random(size) * 5, 1)  # with ties
        predicted = gold + draw.normal(size=size) * draw.choice([0.1, 1, 10]) + draw.choice([0, 1e4])
        if np.ptp(gold) == 0:
            continue
        ranks = (stats.rankdata(gold), stats.rankdata(predicted)) if name == "spearman" else (gold, predicted)
        expected = np.corrcoef(*ranks)[0, 1]
        assert metric(name).compute(gold.tolist(), predicted.tolist())[name] == pytest.approx(expected, abs=1e-9)
        assert from_sums(name, gold.tolist(), predicted.tolist()) == pytest.approx(expected, abs=1e-6)


@pytest.mark.parametrize("name", ["pearson", "spearman"])
def test_a_constant_side_does_not_correlate(name):
    assert metric(name).compute([1.0, 2.0], [3.0, 3.0]) == {name: 0.0}
    assert from_sums(name, [1.0, 2.0], [3.0, 3.0]) == 0


def answer(draw, most=5):
    words = [draw.choice(WORDS) for _ in range(draw.randint(0, most))]
    text = "".join(word + draw.choice([" ", "  ", ", ", "\t", " the ", "…", "’"]) for word in words)
    return text.strip() if draw.random() < 0.5 else text


def tokens_of(text, *, blanks=False):
    """Tokens after normalisation, letter by letter: marks go (or become blanks), then articles, then white space."""
    text = text.replace("_", " ") if blanks else text
    marks = MARKS + ("‘’´`" if blanks else "")
    kept = "".join((" " if blanks else "") if c in marks else c for c in text.lower())
    found, word = [], ""
    for c in f"{kept} ":
        if c.isalnum() or c == "_":
            word += c
        else:
            found += [word] if word else []
            found += [c]
            word = ""
    joined = "".join(" " if piece in ("a", "an", "the") else piece for piece in found)
    return joined.split()


def squad_f1(guess, truth):
    left, shared = list(truth), 0
    for token in guess:
        if token in left:
            left.remove(token)
            shared += 1
    if not shared:
        return 0.0, 0.0, 0.0
    precision, recall = shared / len(guess), shared / len(truth)
    return 2 / (1 / precision + 1 / recall), precision, recall


@pytest.mark.parametrize(("name", "blanks"), [("squad_v1", False), ("triviaqa", True)])
def test_answers_against_the_best_of_several(name, blanks):
    draw = random.Random(3)
    seen = set()
    for _ in range(CASES):
        gold = [tuple(answer(draw) for _ in range(draw.randint(1, 4))) for _ in range(draw.randint(1, 4))]
        predicted = [draw.choice([answer(draw), draw.choice(accepted), None]) for accepted in gold]
        exact = f1 = 0.0
        for accepted, guess in zip(gold, predicted, strict=True):
            if guess is None:
                continue
            tokens = tokens_of(guess, blanks=blanks)
            exact += any(tokens == tokens_of(text, blanks=blanks) for text in accepted)
            f1 += max(squad_f1(tokens, tokens_of(text, blanks=blanks))[0] for text in accepted)
        found = metric(name).compute(gold, predicted)
        assert found["exact_match"] == pytest.approx(100 * exact / len(gold))
        assert found["f1"] == pytest.approx(100 * f1 / len(gold))
        assert from_sums(name, gold, predicted) == pytest.approx(f1 / len(gold))
        seen.add(found["exact_match"])
    assert len(seen) > 5


def test_answers_by_hand():
    one = metric("squad_v1").compute([("the Cat", "dog")], ["cat!"])
    assert one == {"exact_match": 100, "f1": 100}
    half = metric("squad_v1").compute([("red cat", "blue dog")], ["a red dog"])
    assert half == {"exact_match": 0, "f1": 50}
    # Nothing but an article: equal as strings, no token in common.
    assert metric("squad_v1").compute([("the",)], ["a"]) == {"exact_match": 100, "f1": 0}
    # TriviaQA parts what SQuAD joins.
    assert metric("triviaqa").compute([("well known",)], ["Well-Known"])["exact_match"] == 100
    assert metric("squad_v1").compute([("well known",)], ["Well-Known"])["exact_match"] == 0


def squad_v2_oracle(answers, guess):
    truths = [tokens for tokens in map(tokens_of, answers) if tokens]
    tokens = tokens_of(guess)
    if not truths:
        return (1.0, 1.0) if not tokens else (0.0, 0.0)
    if not tokens:
        return 0.0, 0.0
    return float(tokens in truths), max(squad_f1(tokens, truth)[0] for truth in truths)


def test_squad_v2_with_thresholds():
    draw = random.Random(4)
    for _ in range(CASES):
        size = draw.randint(1, 8)
        gold = [tuple(answer(draw) for _ in range(draw.randint(0, 3))) for _ in range(size)]
        # Ties among the no-answer scores are decided by order in the official scorer; here there are none.
        scores = draw.sample([i / 100 for i in range(1, 100)], size)
        predicted = [
            Guess(draw.choice(["", answer(draw), *accepted]), score)
            for accepted, score in zip(gold, scores, strict=True)
        ]
        raw = [squad_v2_oracle(a, b.text) for a, b in zip(gold, predicted, strict=True)]
        found = metric("squad_v2").compute(gold, predicted)
        for column, name in enumerate(("exact", "f1")):
            assert found[name] == pytest.approx(100 * sum(row[column] for row in raw) / size)
            for prefix, wanted in (("HasAns_", True), ("NoAns_", False)):
                part = [row[column] for row, accepted in zip(raw, gold, strict=True) if bool(accepted) is wanted]
                if part:
                    assert found[prefix + name] == pytest.approx(100 * sum(part) / len(part))
                else:
                    assert prefix + name not in found
            totals = {}
            for limit in (0.0, *sorted(scores)):
                credit = [
                    (row[column] if accepted else float(not guess.text))
                    if guess.no_answer <= limit
                    else float(not accepted)
                    for row, accepted, guess in zip(raw, gold, predicted, strict=True)
                ]
                totals[limit] = sum(credit)
            best = max(totals.values())
            assert found[f"best_{name}"] == pytest.approx(100 * best / size)
            assert totals[found[f"best_{name}_thresh"]] == pytest.approx(best)


def test_squad_v2_refusals_and_missing_answers():
    gold = [("x",), (), ()]
    guesses = [Guess("x", 2.0, refused=True), Guess("y", 2.0, refused=True), Guess(None)]
    found = metric("squad_v2").compute(gold, guesses)
    assert found["exact"] == pytest.approx(100 / 3)  # only the refusal of the second is right
    assert "best_exact" not in metric("squad_v2").compute(gold, [Guess("x"), Guess(""), Guess("")])


def test_the_best_threshold_is_the_lowest_one():
    """A wrong answer changes nothing, so the threshold stays where it was."""
    found = metric("squad_v2").compute([("x",), ("y",), ()], [Guess("no", 0.3), Guess("y", 0.2), Guess("", 0.4)])
    assert (found["best_exact"], found["best_exact_thresh"]) == (pytest.approx(200 / 3), 0.2)


def test_hotpotqa():
    draw = random.Random(5)
    for _ in range(CASES):
        facts = [(title, i) for title in "ab" for i in range(3)]
        gold, predicted, rows = [], [], []
        for _ in range(draw.randint(1, 4)):
            truth = Hop(draw.choice([answer(draw), "yes", "no"]), frozenset(draw.sample(facts, draw.randint(1, 4))))
            text = draw.choice([answer(draw), truth.answer, f"{truth.answer} {answer(draw)}", "yes", None])
            held = draw.choice([None, frozenset(draw.sample(facts, draw.randint(0, 4))), truth.facts])
            gold.append(truth)
            predicted.append(Hop(text, held))
            rows.append(hotpot_oracle(truth, text, held))
        found = metric("hotpotqa").compute(gold, predicted)
        for prefix, i in (("", 0), ("sp_", 1), ("joint_", 2)):
            if prefix and all(guess.facts is None for guess in predicted):
                assert not any(key.startswith(prefix) for key in found)
                continue
            for name, column in zip(
                ("em", "f1", "prec", "recall"), zip(*(row[i] for row in rows), strict=True), strict=True
            ):
                assert found[prefix + name] == pytest.approx(sum(column) / len(rows)), prefix + name


def hotpot_oracle(truth, text, held):
    """Answer, supporting facts and both, each as exact match, F1, precision and recall."""

    def harmonic(p, r):
        return 0.0 if p + r == 0 else 2 * p * r / (p + r)

    one = two = (0.0,) * 4
    if text is not None:
        guess, gold = tokens_of(text), tokens_of(truth.answer)
        closed = ["yes"], ["no"], ["noanswer"]
        if guess == gold or not (guess in closed or gold in closed):
            f1, p, r = squad_f1(guess, gold)
            one = (float(guess == gold), f1, p, r)
    if held is not None:
        hits = sum(fact in truth.facts for fact in held)
        p, r = (hits / len(held) if held else 0.0), hits / len(truth.facts)
        two = (float(held == truth.facts), harmonic(p, r), p, r)
    if text is None or held is None:
        return one, two, (0.0,) * 4
    p, r = one[2] * two[2], one[3] * two[3]
    return one, two, (one[0] * two[0], harmonic(p, r), p, r)


def test_right_answers_are_named():
    assert metric("accuracy").right(1, 1) == {"class"}
    assert metric("accuracy").right(1, 0) == frozenset()
    assert metric("squad_v1").right(("cat",), "The cat") == {"answer"}
    facts = frozenset({("a", 0)})
    assert metric("hotpotqa").right(Hop("x", facts), Hop("y", facts)) == {"supporting facts"}
    assert metric("pearson").right is None


def test_metrics_of_sums_say_how():
    """Counts and value come together, and the value is no percentage."""
    for name in METRICS.names():
        found = METRICS.get(name)
        assert (found.counts is None) == (found.value is None)
    assert list(itertools.islice(sorted(METRICS.names()), 2)) == ["accuracy", "conlleval"]
