"""Entity metrics against seqeval, a sequential conlleval, and naive counts."""

import random
import warnings
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st
from seqeval.metrics.sequence_labeling import precision_recall_fscore_support as default_scores
from seqeval.metrics.v1 import precision_recall_fscore_support as strict_scores
from seqeval.scheme import IOB2

from gonerd import GonerdError, Span
from gonerd.evaluation.metrics import METRICS, Spanned, Tagged
from gonerd.evaluation.metrics.long_ner import DISTANCES, LENGTHS, POSITIONS, bucket

CASES = 1000
TAGS = ["O"] * 5 + [f"{prefix}-{label}" for prefix in "BI" for label in ("PER", "LOC", "ORG-X")]


def tags(draw, lengths):
    return Tagged(tuple(tuple(draw.choice(TAGS) for _ in range(length)) for length in lengths))


def documents(draw):
    """Two sides of a few documents, valid BIO and nonsense alike."""
    shapes = [[draw.randint(0, 7) for _ in range(draw.randint(1, 3))] for _ in range(draw.randint(1, 3))]
    return [tags(draw, shape) for shape in shapes], [tags(draw, shape) for shape in shapes]


def sentences(items):
    return [list(sentence) for item in items for sentence in item.sentences if sentence]


@pytest.mark.parametrize("name", ["exact_spans", "seqeval_default"])
def test_equals_seqeval(name):
    draw = random.Random(0)
    for _ in range(CASES):
        gold, predicted = documents(draw)
        sides = sentences(gold), sentences(predicted)
        if not sides[0]:
            continue
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            if name == "exact_spans":
                precision, recall, f1, _ = strict_scores(*sides, average="micro", scheme=IOB2, zero_division=0)
            else:
                precision, recall, f1, _ = default_scores(*sides, average="micro", zero_division=0)
        found = METRICS.get(name).compute(gold, predicted)
        assert (found["precision"], found["recall"], found["f1"]) == pytest.approx((precision, recall, f1))


def test_counts_add_up_to_the_score():
    draw = random.Random(1)
    metric = METRICS.get("exact_spans")
    for _ in range(200):
        gold, predicted = documents(draw)
        sums = metric.counts(gold, predicted)
        assert len(sums) == len(gold)
        assert float(metric.value(sums.sum(axis=0))) == pytest.approx(metric.compute(gold, predicted)["f1"])


def conlleval(gold, predicted):
    """The shared task's script as a machine over tokens: chunks open and close, right while both sides agree."""
    right, guessed, truths = Counter(), Counter(), Counter()
    same = total = 0
    for truth, guess in zip(sentences(gold), sentences(predicted), strict=True):
        before, agreeing = (("O", ""), ("O", "")), None
        for pair in [*zip(truth, guess, strict=True), ("O", "O")]:
            now = tuple((tag[0], tag[2:]) for tag in pair)
            ended = [closes(before[i], now[i]) for i in (0, 1)]
            begun = [opens(before[i], now[i]) for i in (0, 1)]
            if agreeing is not None:
                if all(ended):
                    right[agreeing] += 1
                    agreeing = None
                elif any(ended) or now[0][1] != now[1][1]:
                    agreeing = None
            if all(begun) and now[0][1] == now[1][1]:
                agreeing = now[0][1]
            truths.update([now[0][1]] if begun[0] else [])
            guessed.update([now[1][1]] if begun[1] else [])
            before = now
        same += sum(a == b for a, b in zip(truth, guess, strict=True))
        total += len(truth)
    return right, guessed, truths, same / total if total else 0.0


def opens(before, now):
    return now[0] == "B" or (now[0] == "I" and (before[0] == "O" or before[1] != now[1]))


def closes(before, now):
    return before[0] != "O" and (now[0] in "OB" or before[1] != now[1])


def test_equals_conlleval():
    draw = random.Random(2)
    for _ in range(CASES):
        gold, predicted = documents(draw)
        right, guessed, truths, accuracy = conlleval(gold, predicted)
        found = METRICS.get("conlleval").compute(gold, predicted)
        hits, both = right.total(), guessed.total() + truths.total()
        assert found["FB1"] == pytest.approx(200 * hits / both if both else 0)
        assert found["accuracy"] == pytest.approx(100 * accuracy)
        for label in set(truths) | set(guessed):
            assert found["types"][label] == pytest.approx(200 * right[label] / (guessed[label] + truths[label]))


def test_spans_score_as_the_set_scorer_does():
    draw = random.Random(3)
    for _ in range(CASES):
        sides = []
        for _ in range(2):
            rows = [
                [Span(s, s + draw.randint(1, 3), draw.choice("PL")) for s in draw.sample(range(20), draw.randint(0, 5))]
                for _ in range(3)
            ]
            sides.append(rows)
        found = METRICS.get("exact_spans").compute(
            *([Spanned(tuple(s.key for s in row)) for row in side] for side in sides)
        )
        gold, guessed = ({(i, s.key) for i, row in enumerate(side) for s in row} for side in sides)
        assert (found["correct"], found["predicted"], found["gold"]) == (len(gold & guessed), len(guessed), len(gold))
        assert found["f1"] == pytest.approx(2 * len(gold & guessed) / max(len(gold) + len(guessed), 1))
        for label, score in found["labels"].items():
            own, theirs = ({x for x in side if x[1][2] == label} for side in (gold, guessed))
            assert (score["correct"], score["predicted"], score["gold"]) == (len(own & theirs), len(theirs), len(own))


def test_offsets_of_any_size():
    far = [Spanned(((2**40, 2**40 + 2**30, "P"), (2**40, 2**40 + 5, "Q"))), Spanned(((0, 1, "P"),))]
    found = METRICS.get("exact_spans").compute(far, [Spanned(far[0].spans[:1]), Spanned(((0, 1, "Q"),))])
    assert (found["correct"], found["predicted"], found["gold"]) == (1, 2, 3)


def test_unknown_prefixes_are_refused():
    with pytest.raises(GonerdError, match="'E-PER'"):
        METRICS.get("exact_spans").compute([Tagged((("E-PER",),))], [Tagged((("O",),))])


def test_right_mentions_are_named():
    gold, predicted = Tagged((("B-P", "I-P", "O"), ("B-L",))), Tagged((("B-P", "O", "O"), ("B-L",)))
    assert METRICS.get("exact_spans").right(gold, predicted) == {"word 3-4 L"}
    gold, predicted = Spanned(((0, 3, "P"), (4, 6, "L"))), Spanned(((0, 3, "P"), (0, 3, "P"), (4, 6, "P")))
    assert METRICS.get("exact_spans").right(gold, predicted) == {"0-3 P"}


@given(st.lists(st.tuples(st.integers(0, 4), st.integers(5, 8), st.sampled_from("PL")), max_size=8), st.data())
def test_right_mentions_are_those_counted(spans, data):
    gold = Spanned(tuple(spans))
    predicted = Spanned(tuple(data.draw(st.lists(st.sampled_from(spans or [(9, 10, "P")]), max_size=8))))
    metric = METRICS.get("exact_spans")
    assert len(metric.right(gold, predicted)) == metric.compute([gold], [predicted])["correct"]


def long_document(draw, length):
    """A document of few names that come again, as words, and two taggings of it."""
    words = [draw.choice(["Ann", "Oslo", "x", "y"]) for _ in range(length)]
    sides = []
    for _ in range(2):
        found = []
        for word in words:
            named = word in ("Ann", "Oslo") and draw.random() < 0.7
            found.append(("B-PER" if draw.random() < 0.8 else "B-LOC") if named else "O")
        sides.append(Tagged((tuple(found),), (tuple(words),)))
    return sides


def naive(gold, predicted, place):
    """Counts by bucket, mention by mention; every mention here is one word."""
    table = {}
    for one, two in zip(gold, predicted, strict=True):
        words, a, b = one.words[0], one.sentences[0], two.sentences[0]
        first = {}
        for i, word in enumerate(words):
            if a[i] != "O" and word not in first:
                first[word] = i
            row = table.setdefault(place(i, first.get(word, i), len(words)), [0, 0, 0])
            row[0] += a[i] == b[i] != "O"
            row[1] += b[i] != "O"
            row[2] += a[i] != "O"
    return {name: row for name, row in table.items() if any(row[1:])}


def test_long_documents_by_position_distance_and_length():
    draw = random.Random(4)
    for _ in range(25):
        pairs = [long_document(draw, draw.choice([5, 300, 700, 1500, 4500])) for _ in range(2)]
        gold, predicted = (list(side) for side in zip(*pairs, strict=True))
        found = METRICS.get("long_ner").compute(gold, predicted)
        places = {
            "by_position": lambda i, first, length: bucket(i, POSITIONS),
            "by_length": lambda i, first, length: bucket(length, LENGTHS),
            "by_distance": lambda i, first, length: "first" if i == first else bucket(i - first, DISTANCES),
        }
        for name, place in places.items():
            expected = naive(gold, predicted, place)
            assert {
                key: [row["correct"], row["predicted"], row["gold"]] for key, row in found[name].items()
            } == expected
        assert sum(row["gold"] for row in found["by_distance"].values()) == sum(
            tag != "O" for item in gold for tag in item.sentences[0]
        )


def test_buckets_cover_everything_once():
    names = {0: "0-511", 511: "0-511", 512: "512-1023", 1023: "512-1023", 1024: "1024-2047", 2048: "2048-4095"}
    for value, name in {**names, 4095: "2048-4095", 4096: "4096+", 10**6: "4096+"}.items():
        assert bucket(value, POSITIONS) == name


def test_repeated_names_by_hand():
    words = ("Ann", "Bo", "Ann", "Bo", "Cy", "Cy", "Di")
    gold = Tagged((("B-P",) * 7,), (words,))
    predicted = Tagged((("B-P", "B-P", "B-P", "O", "B-L", "B-L", "O"),), (words,))
    found = METRICS.get("long_ner").compute([gold], [predicted])["repeated_names"]
    # Ann is found twice, Bo once of two, Cy is called a place both times; Di does not come again.
    assert found == pytest.approx(
        {"names": 3, "all_found": 1 / 3, "partly_found": 1 / 3, "none_found": 1 / 3, "consistent": 2 / 3}
    )


def test_texts_place_mentions_by_words():
    text = "Ann met Bo.\nThen Ann left."
    gold = Spanned(((0, 3, "P"), (8, 10, "P"), (17, 20, "P")), text)
    predicted = Spanned(((0, 3, "P"), (17, 20, "P")))
    found = METRICS.get("long_ner").compute([gold], [predicted])
    assert found["by_distance"]["1-127"]["correct"] == 1
    assert found["by_distance"]["first"]["gold"] == 2
    with pytest.raises(GonerdError, match="keep field 'text'"):
        METRICS.get("long_ner").compute([Spanned(((0, 3, "P"),))], [predicted])
