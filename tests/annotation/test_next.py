"""The order of review: by hand, against a slow reference, and always the same."""

import json
import random

import pytest

from gonerd import Annotation, Document, GonerdError, Span, UsageError
from gonerd.annotation.next import Weights, order_documents, write_chosen
from gonerd.cli import main
from gonerd.io import read_documents
from gonerd.labels import CORE
from gonerd.tables import write_table

A, B = Span(0, 3, "PER"), Span(0, 3, "ORG")


def layer(folder, name, spans):
    rows = [Annotation(d.id, name, "1", d.sha256, tuple(found)) for d, found in spans]
    write_table(folder / name, rows, Annotation)
    return folder / name


@pytest.fixture
def folder(tmp_path):
    texts = {"a": "Ana", "b": "Ana ran", "c": "Ana ran far", "d": "Ana ran far off"}
    documents = [Document(k, t, domain="legal" if k == "a" else "news") for k, t in texts.items()]
    write_table(tmp_path / "docs", documents, Document)
    layer(tmp_path, "one", [(d, [A]) for d in documents])
    layer(tmp_path, "two", [(d, [B if d.id in "bc" else A]) for d in documents])
    layer(tmp_path, "ana", [(documents[3], [A])])
    return tmp_path


def order(folder, *weights, layers=("one", "two"), reviewed=(), limit=None):
    choices = order_documents(
        folder / "docs", [folder / n for n in layers], [folder / n for n in reviewed], Weights(*weights), limit
    )
    assert [c.rank for c in choices] == list(range(1, len(choices) + 1))
    return choices


def test_by_hand(folder):
    assert [c.id for c in order(folder, 1, 0, 0)] == ["b", "c", "a", "d"], "b and c are disputed; ids decide"
    assert [c.id for c in order(folder, 0, 1, 0)] == ["d", "c", "b", "a"]
    assert [c.id for c in order(folder, 0, 0, 1)] == ["a", "b", "c", "d"]
    assert [c.id for c in order(folder, 0, 0.1, 1, reviewed=["ana"])] == ["a", "c", "b"], "news has its share"
    first, second, *_ = order(folder, 0.5, 0.25, 0.25, reviewed=["ana"])
    assert (first.id, first.disagreement, first.balance) == ("c", 1.0, 0.0)
    assert first.score == pytest.approx(0.5 + 0.25 * 2 / 3)
    assert first.why == (
        "1 differences among 2 layers (F1 0.00); 3 words, more than 67% of the documents; 1 of 1 reviewed or chosen "
        "before are news"
    )
    assert second.id == "b"
    assert len(order(folder, limit=2)) == 2


def test_a_single_layer_counts_by_its_doubt(folder):
    documents = list(read_documents(folder / "docs"))
    layer(folder, "sure", [(d, [Span(0, 3, "PER", 0.9 if d.id != "b" else 0.2)]) for d in documents])
    first, *rest = order(folder, 1, 0, 0, layers=["sure"])
    assert (first.id, first.disagreement) == ("b", 0.8)
    assert "spans 0.20 sure on average" in first.why
    assert {c.disagreement for c in rest} == {0.1}
    assert {c.disagreement for c in order(folder, layers=["one"])} == {0.0}


def test_against_a_slow_reference(tmp_path):
    draw = random.Random(4)
    domains = ("news", "legal", "other")
    documents = [Document(f"d{i}", "Ana " * draw.randint(1, 30), domain=draw.choice(domains)) for i in range(60)]
    write_table(tmp_path / "docs", documents, Document)
    spans = {}
    for name in ("one", "two", "three"):
        spans[name] = {d.id: {(0, 3, draw.choice(CORE[:2]))} for d in documents}
        layer(tmp_path, name, [(d, [Span(*key) for key in spans[name][d.id]]) for d in documents])
    left, chosen, expected = {d.id: d for d in documents}, [], []
    sizes = [len(d.text.split()) for d in documents]
    while left:

        def score(d):
            pairs = [("one", "two"), ("one", "three"), ("two", "three")]
            differ = sum(spans[a][d.id] != spans[b][d.id] for a, b in pairs) / 3
            shorter = sum(size < len(d.text.split()) for size in sizes) / 60
            same = sum(c.domain == d.domain for c in chosen) / len(chosen) if chosen else 0
            return 0.6 * differ + 0.2 * shorter + 0.2 * (1 - same)

        best = min(left.values(), key=lambda d: (-round(score(d), 9), d.id))
        expected.append((best.id, pytest.approx(score(best), abs=1e-5)))
        chosen.append(left.pop(best.id))
    found = order(tmp_path, layers=["one", "two", "three"])
    assert [(c.id, c.score) for c in found] == expected
    assert order(tmp_path, layers=["one", "two", "three"]) == found
    write_table(tmp_path / "docs", documents[::-1], Document)
    assert order(tmp_path, layers=["one", "two", "three"]) == found, "whatever the order of the input"


def test_commands(folder, capsys):
    words = ["annotate", "next", str(folder / "docs"), "--layer", str(folder / "one"), "--layer", str(folder / "two")]
    words += ["--reviewed", str(folder / "ana"), "--out", str(folder / "o.jsonl"), "--chosen", str(folder / "chosen")]
    assert main([*words, "--limit", "2"]) == 0
    assert len(capsys.readouterr().out.splitlines()) == 2
    rows = [json.loads(line) for line in (folder / "o.jsonl").read_text().splitlines()]
    assert [row["id"] for row in rows] == [d.id for d in read_documents(folder / "chosen")]
    assert main(["annotate", "next", str(folder / "docs")]) == 2
    assert "no layer to look at" in capsys.readouterr().err
    weights = ["--disagreement", "0", "--length", "0", "--balance", "0"]
    assert main([*words, *weights]) == 2
    assert "one must be above zero" in capsys.readouterr().err
    everything = layer(folder, "all", [(d, []) for d in read_documents(folder / "docs")])
    with pytest.raises(GonerdError, match="every document is reviewed"):
        order(folder, reviewed=[everything.name])
    with pytest.raises(UsageError, match="must not be negative"):
        Weights(-1)
    write_chosen([], folder / "docs", folder / "none")
    assert list(read_documents(folder / "none")) == []
