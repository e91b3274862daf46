"""What an adjudicator made in a tool becomes decisions, and these become the same gold."""

import json
import tempfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gonerd import Annotation, Document, GonerdError, Span, UsageError
from gonerd.annotation.adjudicate import adjudicate
from gonerd.annotation.decide import decide_by_layer
from gonerd.cli import main
from gonerd.io import read_annotations
from gonerd.labels import CORE
from gonerd.records import Decision
from gonerd.tables import read_table, write_table

TEXT = "abcdefghijklmnopqrstuvwxyzabcde"


def write(folder, **layers):
    document = Document("d", TEXT)
    write_table(folder / "docs", [document], Document)
    for name, spans in layers.items():
        write_table(folder / name, [Annotation("d", name, "1", document.sha256, tuple(spans))], Annotation)


@st.composite
def three_layers(draw):
    layers = []
    for _ in range(3):
        borders = sorted(draw(st.sets(st.integers(0, len(TEXT)), max_size=8)))
        pairs = zip(borders[::2], borders[1::2], strict=False)
        layers.append([Span(a, b, draw(st.sampled_from(CORE[:2]))) for a, b in pairs])
    return layers


@settings(max_examples=40)
@given(three_layers())
def test_the_gold_is_what_the_adjudicator_has(layers):
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        write(folder, **dict(zip(("ana", "bo", "cy"), layers, strict=True)))
        decide_by_layer(folder / "ana", folder / "bo", folder / "cy", folder / "docs", folder / "made.jsonl")
        adjudicate(folder / "ana", folder / "bo", folder / "docs", str(folder / "made.jsonl"), folder / "gold")
        (gold,) = read_annotations(folder / "gold")
    assert [s.key for s in gold.spans] == [s.key for s in layers[2]]
    agreed = {s.key for s in layers[0]} & {s.key for s in layers[1]}
    assert all((s.key in agreed) or s.provenance == "adjudicated" for s in gold.spans)


def test_commands(tmp_path, capsys):
    write(tmp_path, ana=[Span(0, 3, "PER")], bo=[Span(0, 5, "PER")], cy=[Span(0, 5, "ORG"), Span(8, 9, "LOC")])
    layers = [str(tmp_path / name) for name in ("ana", "bo", "cy")]
    words = ["--documents", str(tmp_path / "docs"), "--out"]
    assert main(["annotate", "decide", *layers, *words, str(tmp_path / "made.jsonl")]) == 0
    assert "2 decisions" in capsys.readouterr().out
    rows = [json.loads(line) for line in (tmp_path / "made.jsonl").read_text().splitlines()]
    assert [(r["start"], r["end"], r["reason"]) for r in rows] == [
        (0, 5, "as layer cy has it"),
        (8, 9, "as layer cy has it"),
    ]
    decided = ["--decisions", str(tmp_path / "made.jsonl"), *words, str(tmp_path / "gold")]
    assert main(["annotate", "adjudicate", *layers[:2], *decided]) == 0
    kinds = [d.kind for d in read_table(tmp_path / "gold" / "decisions", Decision)]
    assert kinds == ["boundary", "both-wrong"]
    with pytest.raises(UsageError, match="is one of the layers to decide between"):
        decide_by_layer(*map(Path, [layers[0], layers[1], layers[1]]), tmp_path / "docs", tmp_path / "x.jsonl")
    write_table(tmp_path / "other", [Document("e", "x")], Document)
    with pytest.raises(GonerdError, match="does not hold"):
        decide_by_layer(*map(Path, layers), tmp_path / "other", tmp_path / "x.jsonl")
    assert not (tmp_path / "x.jsonl").exists()
