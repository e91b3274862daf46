"""The error browser shows every disagreement once, with its text where that may be shown, and says when not."""

import json
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gonerd import UsageError
from gonerd.evaluation.compare.run import CompareSettings
from gonerd.evaluation.metrics import Spanned, Tagged
from gonerd.evaluation.metrics.hotpotqa import Hop
from gonerd.evaluation.report import ReportSettings, write_report
from gonerd.evaluation.report.marks import Stretch, stretches
from gonerd.evaluation.report.showing import AROUND, show, spans_of
from gonerd.evaluation.report.texts import TextSettings, folders_of
from gonerd.evaluation.tasks import TASKS, QuestionExample
from gonerd.evaluation.tasks._ner import example_of
from tests.browser import HOSTILE, load, needs_chromium
from tests.evaluation.report.conftest import write_scores

LABELS = st.sampled_from(["PER", "ORG"])


@st.composite
def three_sides(draw):
    """A text, and the spans of gold, teacher and student, which overlap one another in any way."""
    text = draw(st.text("ab \n😀", min_size=1, max_size=40))
    span = st.tuples(st.integers(0, len(text) - 1), st.integers(1, 6), LABELS).map(
        lambda t: (t[0], min(t[0] + t[1], len(text)), t[2])
    )
    return text, [draw(st.sets(span, max_size=5)) for _ in range(3)]


@given(three_sides())
def test_stretches_lose_nothing(drawn):
    text, sides = drawn
    pieces = list(stretches(text, sides))
    seen = [set(), set(), set()]
    whole, at = "", 0
    for piece in pieces:
        if isinstance(piece, str):
            whole += piece
            at += len(piece)
            continue
        assert sorted(who for reading in piece.readings for who in reading.who) == ["gold", "student", "teacher"]
        bare = [r for r in piece.readings if not any(label for _, label in r.parts)]
        for reading in piece.readings:
            for number, who in enumerate(("gold", "teacher", "student")):
                if who in reading.who:
                    seen[number] |= {(part, label) for part, label in reading.parts if label}
        covered = {key for side in sides for key in side if key[0] >= at}
        end = at
        for key in sorted(covered):
            if key[0] > end or (key[0] == end and end > at):
                break
            end = max(end, key[1])
        assert all("".join(part for part, _ in reading.parts) == text[at:end] for reading in bare)
        whole += text[at:end]
        at = end
        right, wrong = (sides[1] & sides[0]) - sides[2], (sides[2] & sides[0]) - sides[1]
        assert piece.kind != "lost" or right
        assert piece.kind != "gained" or wrong
    assert whole == text
    for side, found in zip(sides, seen, strict=True):
        assert found == {(text[start:end], label) for start, end, label in side}


def test_kinds_by_hand():
    gold = [(0, 3, "PER"), (4, 6, "LOC"), (7, 9, "ORG"), (10, 12, "ORG")]
    teacher = [(0, 3, "PER"), (4, 6, "LOC"), (7, 8, "ORG")]
    student = [(0, 3, "PER"), (7, 9, "ORG"), (13, 14, "PER")]
    kinds = [
        piece.kind for piece in stretches("Ann of Bo at X.", (gold, teacher, student)) if isinstance(piece, Stretch)
    ]
    assert kinds == ["agreed", "lost", "gained", "wrong", "wrong"]
    without = list(stretches(None, (gold, teacher, student)))
    assert [piece.kind for piece in without] == kinds[1:]
    assert without[0].readings[0].parts == (("4–6", "LOC"),)


def test_tags_become_spans_of_the_text():
    example = example_of("0", "0", [(["Ann", "Bo"], ["B-PER", "O"]), (["in", "New", "Oslo"], ["O", "B-LOC", "I-LOC"])])
    assert spans_of(example.tagged(), example) == [(0, 3, "PER"), (10, 18, "LOC")]
    assert spans_of(Tagged((("O", "B-PER"), ("I-LOC",))), None) == [(1, 2, "PER"), (2, 3, "LOC")]


def test_answers_are_shown_in_their_context():
    context = "a" * 1000 + " Eyes of Lake Orsa " + "b" * 1000 + " yes " + "c" * 1000
    example = QuestionExample("q", "q", "Which lake?", context, ("Lake Orsa",), (1,))
    shown = show(
        TASKS.get("hotpotqa"), Hop("Lake Orsa", frozenset({("T", 1)})), (Hop("lake orsa"), Hop("yes")), example
    )
    assert shown.question == "Which lake?"
    assert shown.answers == (("gold", "Lake Orsa; facts: T 1"), ("teacher", "lake orsa"), ("student", "yes"))
    first, lake, between, yes, last = shown.pieces
    assert lake.kind == "lost" and yes.kind == "wrong"  # "yes" is not the end of "Eyes"
    assert first.endswith("Eyes of ") and "[…709 characters…]" in first  # 1009 before the answer, 300 of them shown
    assert "[…402 characters…]" in between and last.startswith(" c")
    assert len(last) < AROUND + 40


def test_classes_and_numbers():
    assert show(TASKS.get("rte"), 0, (0, 1), None).answers == (
        *(("gold", "entailment"), ("teacher", "entailment"), ("student", "not_entailment")),
    )
    assert show(TASKS.get("stsb"), 2.5, (2.25, 3.0), None).answers[1] == ("teacher", "2.250")
    many = show(TASKS.get("triviaqa_web"), tuple("abcdefghij"), ("a", None), None).answers
    assert many[0][1].endswith("h and 2 more") and many[2][1] == "(none)"


def made(folder, name, texts, student, **dataset):
    """Teacher right, student as told, over the packaged release or other data."""
    task = TASKS.get(name)
    rows = [(e.id, task.gold(e), student(task.gold(e))) for e in texts]
    data = {"dataset": {"name": "x", **dataset}}
    write_scores(folder, {"name": "teacher", "parameters": 2}, name, [(a, b, b) for a, b, _ in rows], **data)
    write_scores(folder, {"name": "student", "parameters": 1}, name, rows, **data)


def page(folder, out, examples=20, **texts):
    settings = ReportSettings(compare=CompareSettings(resamples=50), texts=TextSettings(**texts), examples=examples)
    return write_report(folder, out, settings)[0].read_text()


def test_free_texts_of_a_release_are_shown(tmp_path):
    loaded = TASKS.get("gonerd").load("test").examples
    made(tmp_path / "r", "gonerd", loaded, lambda gold: Spanned(gold.spans[1:], gold.text), asked_for="sample")
    html = page(tmp_path / "r", tmp_path / "o")
    assert html.count('<details class="entry') == len(loaded)
    assert html.count("1 lost") == len(loaded)
    for example in loaded:
        first = example.spans[0]
        assert f"{example.text[first.start : first.end]}" in html
    none = page(tmp_path / "r", tmp_path / "o", embed=False)
    assert "texts are left out, as --no-texts says" in none and len(none) < len(html) / 4
    assert "4 of 4 examples have an error of either; the 2 that changed most are shown" in page(
        tmp_path / "r", tmp_path / "o", examples=2, embed=False
    )
    assert "have an error of either" not in page(tmp_path / "r", tmp_path / "o", examples=0, embed=False)


RTE = "index\tsentence1\tsentence2\tlabel\n" + "".join(f"{i}\tSecret {i}.\tPair {i}.\tentailment\n" for i in range(4))


def test_other_texts_only_when_asked(tmp_path):
    (tmp_path / "rte").mkdir()
    (tmp_path / "rte" / "dev.tsv").write_text(RTE)
    loaded = TASKS.get("rte").load("validation", tmp_path / "rte").examples
    made(tmp_path / "r", "rte", loaded, lambda gold: 1 - gold)
    assert "texts are left out, for others" in (html := page(tmp_path / "r", tmp_path / "o")) and "Secret" not in html
    html = page(tmp_path / "r", tmp_path / "o", embed=True, folders={"rte": tmp_path / "rte"})
    assert html.count("Secret") == 4 and "Pair 3." in html
    assert "Secret" in page(tmp_path / "r", tmp_path / "o", embed=True, folders={"": tmp_path / "rte" / "dev.tsv"})
    # Data that are not those that were scored say so, and the rest is shown.
    (tmp_path / "rte" / "dev.tsv").write_text(RTE.replace("3\tSecret 3.\tPair 3.\tentailment", "9\ta\tb\tentailment"))
    html = page(tmp_path / "r", tmp_path / "o", embed=True, folders={"rte": tmp_path / "rte"})
    assert html.count("Secret") == 3 and "1 examples of the result are not in the data as they were" in html
    html = page(tmp_path / "r", tmp_path / "o", embed=True, folders={"rte": tmp_path / "none"})
    assert "texts are not at hand" in html and "no such folder" in html


def test_folders_by_task():
    assert {name: str(place) for name, place in folders_of(["rte=a/b", "c"]).items()} == {"rte": "a/b", "": "c"}
    with pytest.raises(UsageError, match="already named"):
        folders_of(["a", "b"])
    with pytest.raises(UsageError, match="unknown task 'rta'"):
        folders_of(["rta=b"])


@needs_chromium
def test_hostile_texts_in_chromium(tmp_path):
    """Texts, labels and ids that would act on a page: as spans, around them, and as questions and answers."""
    lines = []
    for i, text in enumerate(HOSTILE):
        span = {"start": 0, "end": len(text), "label": HOSTILE[-1 - i]}
        lines.append({"id": f"{i}{text}", "text": f"{text} Ann {text}", "spans": [span]})
    data = tmp_path / "gold.jsonl"
    data.write_text("".join(json.dumps(line) + "\n" for line in lines))
    from gonerd.evaluation.tasks import Tally

    examples = list(TASKS.get("gonerd").examples(data, Tally()))
    made(tmp_path / "r", "gonerd", examples, lambda gold: Spanned(((1, 5, HOSTILE[0]),), gold.text))
    html = page(tmp_path / "r", tmp_path / "o", embed=True, folders={"gonerd": data})
    assert html.count('class="dispute lost"') == len(HOSTILE)
    shown = load(tmp_path / "o" / "report.html", tmp_path / "profile")
    assert shown.title == "What the students kept, what they saved"
    assert shown.console == []
    assert not re.search(r"<(script|img|iframe|base)\b", shown.dom)
