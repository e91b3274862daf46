"""Agreement of many annotators against published examples; disagreements by type; anchoring of made-up reviewers."""

import json
import random

import numpy as np
import pytest
from sklearn.metrics import cohen_kappa_score

from gonerd import Annotation, Document, GonerdError, Span, UsageError
from gonerd.agreement import Agreement
from gonerd.annotation.adjudicate import adjudicate
from gonerd.annotation.blind import is_blind, measure_anchoring
from gonerd.annotation.panel import Panel, fleiss_kappa, krippendorff_alpha
from gonerd.cli import main
from gonerd.labels import CORE
from gonerd.tables import write_table


def test_fleiss_kappa_of_a_published_table():
    """Fourteen raters, ten subjects, five categories: the worked example known from textbooks, kappa 0.210."""
    table = [
        [0, 0, 0, 0, 14], [0, 2, 6, 4, 2], [0, 0, 3, 5, 6], [0, 3, 9, 2, 0], [2, 2, 8, 1, 1],
        [7, 7, 0, 0, 0], [3, 2, 6, 3, 0], [2, 5, 3, 2, 2], [6, 5, 2, 1, 0], [0, 2, 2, 3, 7],
    ]  # fmt: skip
    assert fleiss_kappa(np.array(table)) == pytest.approx(0.210, abs=5e-4)
    assert fleiss_kappa(np.array([[3, 0], [3, 0]])) == 1.0
    with pytest.raises(UsageError, match="the same two or more annotators"):
        fleiss_kappa(np.array([[3, 0], [2, 0]]))


def test_alpha_of_krippendorffs_own_data():
    """Nominal data with missing values of Krippendorff's "Computing Krippendorff's Alpha-Reliability": 0.743."""
    rows = ["1 2 3 3 2 1 4 1 2 * * *", "1 2 3 3 2 2 4 1 2 5 * 3", "* 3 3 3 2 3 4 2 2 5 1 *", "1 2 3 3 2 4 4 1 2 5 1 *"]
    counts = np.zeros((12, 5), dtype=int)
    for row in rows:
        for unit, value in enumerate(row.split()):
            if value != "*":
                counts[unit, int(value) - 1] += 1
    assert krippendorff_alpha(counts) == pytest.approx(0.743, abs=5e-4)
    assert krippendorff_alpha(np.array([[2, 0], [3, 0]])) == 1.0


TEXT = " ".join(f"w{i}" for i in range(50))


def draw_spans(seed):
    draw = random.Random(seed)
    words = TEXT.split()
    starts = [sum(len(w) + 1 for w in words[:i]) for i in range(50)]
    return tuple(
        Span(starts[i], starts[i] + len(words[i]), draw.choice(CORE)) for i in range(50) if draw.random() < 0.3
    )


def test_two_annotators():
    """With two annotators alpha tends to Scott's pi, close to Cohen's kappa; with the same spans all are one."""
    panel, pairs = Panel(), [(draw_spans(i), draw_spans(i + 100)) for i in range(20)]
    for pair in pairs:
        panel.add(TEXT, pair)
    measures = panel.measure(resamples=20)
    words = [m for m in range(50)]
    tags = [[_label(spans, w) for pair in pairs for spans in (pair[side],) for w in words] for side in (0, 1)]
    kappa = cohen_kappa_score(*tags)
    assert measures["fleiss kappa"].value == pytest.approx(kappa, abs=0.01)
    assert measures["krippendorff alpha"].value == pytest.approx(measures["fleiss kappa"].value, abs=0.002)
    assert measures["fleiss kappa"].low <= measures["fleiss kappa"].value <= measures["fleiss kappa"].high
    same = Panel()
    same.add(TEXT, [pairs[0][0]] * 3)
    assert {m.value for m in same.measure(resamples=2).values()} == {1.0}


def _label(spans, word):
    start = sum(len(w) + 1 for w in TEXT.split()[:word])
    return next((s.label for s in spans if s.start == start), "O")


def test_documents_that_not_everybody_annotated():
    panel = Panel()
    panel.add(TEXT, [draw_spans(1), None, None])
    assert panel.measure() == {}
    panel.add(TEXT, [draw_spans(1), draw_spans(2), None])
    assert list(panel.measure(resamples=2)) == ["krippendorff alpha"]
    panel.add(TEXT, [draw_spans(1), draw_spans(2), draw_spans(3)])
    assert list(panel.measure(resamples=2)) == ["fleiss kappa", "krippendorff alpha"]
    with pytest.raises(UsageError, match="unknown label 'GPE'"):
        panel.add("Oslo", [[Span(0, 4, "GPE")], []])


def test_boundary_agreement_is_blind_to_labels():
    agreement = Agreement()
    first = [Span(0, 5, "PER"), Span(10, 20, "ORG"), Span(30, 35, "LOC")]
    second = [Span(0, 5, "ORG"), Span(12, 20, "ORG"), Span(30, 35, "LOC"), Span(40, 42, "LOC")]
    agreement.add(TEXT, first, second)
    assert agreement.boundary(resamples=5).value == pytest.approx(4 / 7)
    assert agreement.measure(resamples=5)["exact"]["micro"].value == pytest.approx(2 / 7)
    empty = Agreement()
    assert empty.boundary() is None
    empty.add(TEXT, [], [])
    assert empty.boundary() is None


DOC = Document("d", "Judge Ana Ruiz of Bergen saw the Ostrava Report and Acme.")
LAYERS = {
    "ana": (Span(6, 14, "PER"), Span(18, 24, "LOC"), Span(33, 40, "LOC"), Span(52, 56, "ORG")),
    "bo": (Span(0, 14, "PER"), Span(18, 24, "ORG"), Span(33, 47, "MISC")),
    "cy": (Span(6, 14, "PER"), Span(18, 24, "LOC"), Span(33, 47, "MISC")),
}


@pytest.fixture
def folder(tmp_path):
    write_table(tmp_path / "docs", [DOC], Document)
    for name, spans in LAYERS.items():
        write_table(tmp_path / name, [Annotation("d", name, "1", DOC.sha256, spans)], Annotation)
    return tmp_path


def test_commands(folder, capsys):
    words = ["annotate", "agree", str(folder / "ana"), str(folder / "bo"), "--documents", str(folder / "docs")]
    words += ["--also", str(folder / "cy"), "--out", str(folder / "m.json"), "--differences", str(folder / "d.jsonl")]
    assert main(words) == 0
    out = capsys.readouterr().out
    assert "differences: boundary 1, boundary and label 1, label 1, missing 1" in out
    measures = json.loads((folder / "m.json").read_text())
    assert measures["boundary"]["micro"]["value"] == pytest.approx(2 / 7)
    assert {"exact", "overlap", "token kappa", "fleiss kappa", "krippendorff alpha"} <= set(measures)
    rows = [json.loads(line) for line in (folder / "d.jsonl").read_text().splitlines()]
    assert [(r["start"], r["kind"]) for r in rows] == [
        (0, "boundary"),
        (18, "label"),
        (33, "boundary and label"),
        (52, "missing"),
    ]
    for row in rows:  # filled in, they are decisions
        row.update(spans=row["ana"], reason="the first has it")
    (folder / "decided.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    made = adjudicate(folder / "ana", folder / "bo", folder / "docs", str(folder / "decided.jsonl"), folder / "gold")
    assert made.decisions == {"boundary": 1, "boundary and label": 1, "label": 1, "missing": 1}


def test_anchoring_of_reviewers_who_copy_what_they_see(tmp_path, capsys):
    """Reviewers who keep every suggestion that they see, and find half of it by themselves where they see none."""
    documents = [Document(f"d{i}", f"{TEXT} {i}") for i in range(120)]
    suggested = {d.id: draw_spans(i) for i, d in enumerate(documents)}
    reviewed = {k: spans[::2] if is_blind(k, 0.3) else spans for k, spans in suggested.items()}
    write_table(tmp_path / "docs", documents, Document)
    for name, layer in (("auto", suggested), ("ana", reviewed)):
        write_table(
            tmp_path / name, [Annotation(d.id, name, "1", d.sha256, layer[d.id]) for d in documents], Annotation
        )
    found = measure_anchoring(tmp_path / "ana", tmp_path / "auto", tmp_path / "docs", 0.3, resamples=200)
    assert found.shown.value == 1.0
    assert found.blind.value == pytest.approx(2 / 3, abs=0.03)
    assert found.difference.low > 0.25
    assert sum(found.documents) == 120
    words = [
        "annotate",
        "anchoring",
        str(tmp_path / "ana"),
        str(tmp_path / "auto"),
        "--documents",
        str(tmp_path / "docs"),
    ]
    assert main([*words, "--blind", "0.3"]) == 0
    assert "difference 0.3" in capsys.readouterr().out
    with pytest.raises(GonerdError, match="holds nothing of the blind slice"):
        measure_anchoring(tmp_path / "ana", tmp_path / "auto", tmp_path / "docs", 0.0)
