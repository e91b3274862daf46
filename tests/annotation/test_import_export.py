"""Layers to tools and back, over the command line; work of people is never overwritten."""

import json
import re
from pathlib import Path

import pytest
import typer

from gonerd import Annotation, Document, GonerdError, Span
from gonerd.annotation.cli import app
from gonerd.annotation.layers import import_layer, keep_people
from gonerd.annotation.run import annotate_documents
from gonerd.cli import main
from gonerd.formats import FORMATS
from gonerd.io import read_annotations
from gonerd.tables import write_table

TEXT = "Ana Ruiz 😀 flew to Bergen."
SPANS = (Span(0, 8, "PER", 0.5, "rule"), Span(19, 25, "LOC", 0.5, "rule"))


@pytest.fixture
def folder(tmp_path):
    documents = [Document("d", TEXT), Document("e", "Oslo.")]
    write_table(tmp_path / "docs", documents, Document)
    layer = [Annotation(d.id, "auto", "automatic", d.sha256, SPANS if d.id == "d" else ()) for d in documents]
    write_table(tmp_path / "auto", layer, Annotation)
    (tmp_path / "auto" / "layer.json").write_text('{"pipeline": "p", "complete": true, "documents": 2}')
    return tmp_path


def run(folder, *words):
    return main(["annotate", *(str(folder / word[1:]) if word.startswith("@") else word for word in words)])


@pytest.mark.parametrize("name", FORMATS.names())
def test_there_and_back(name, folder, capsys):
    assert run(folder, "export", "@auto", "--documents", "@docs", "--out", "@file", "--format", name) == 0
    assert run(folder, "import", "@file", "--documents", "@docs", "--out", "@back", "--format", name) == 0
    assert "imported 2 of 2 documents (set aside: none)" in capsys.readouterr().out
    before, after = (list(read_annotations(folder / layer)) for layer in ("auto", "back"))
    assert [(a.doc_id, [s.key for s in a.spans]) for a in after] == [
        (a.doc_id, [s.key for s in a.spans]) for a in before
    ]
    assert {a.layer for a in after} == {"back"}
    kept = "rule" if name in ("jsonl", "label-studio") else "back"
    assert {s.provenance for a in after for s in a.spans} == {kept}


def test_people_are_not_overwritten(folder):
    def lines(spans):
        row = {"id": "d", "text": TEXT, "spans": [{"start": s.start, "end": s.end, "label": s.label} for s in spans]}
        (folder / "in.jsonl").write_text(json.dumps(row) + "\n")
        return import_layer(str(folder / "in.jsonl"), folder / "docs", folder / "ana")

    summary = lines(SPANS)
    assert (summary.documents, summary.given) == (1, 2)
    assert lines(SPANS) == summary, "the same again is no loss"
    with pytest.raises(GonerdError, match="people made this layer, and document 'd' would be overwritten"):
        lines(SPANS[:1])
    with pytest.raises(GonerdError, match="people made this layer"):
        keep_people(folder / "ana")
    keep_people(folder / "auto")
    keep_people(folder / "nowhere")
    with pytest.raises(GonerdError, match="choose another --out"):
        annotate_documents(folder / "docs", folder / "ana")
    assert [len(a.spans) for a in read_annotations(folder / "ana")] == [2]


def test_what_is_refused_leaves_nothing(folder, capsys):
    row = {"text": TEXT, "label": [[1, 9, "PER"], [21, 27, "LOC"]]}
    (folder / "in.jsonl").write_text(json.dumps(row) + "\n")
    assert run(folder, "import", "@in.jsonl", "--documents", "@docs", "--out", "@new", "--format", "doccano") == 1
    (line,) = capsys.readouterr().err.splitlines()
    assert "the offsets look shifted by 1: span 1..9 is 'na Ruiz ', and 'Ana Ruiz' stands at 0..8" in line
    assert not (folder / "new").exists()
    assert run(folder, "import", "@in.jsonl", "--documents", "@docs", "--out", "@new", "--format", "docano") == 2
    assert "did you mean 'doccano'" in capsys.readouterr().err


def test_the_guide_to_review_names_what_there_is():
    guide = (Path(__file__).parents[2] / "docs" / "REVIEW.md").read_text(encoding="utf-8")
    assert re.findall(r"^\| `([a-z-]+)` \|", guide, re.MULTILINE) == sorted(
        FORMATS.names(), key=lambda name: guide.index(f"| `{name}` |")
    )
    command = typer.main.get_command(app)
    for line in re.findall(r"^gonerd annotate (.+)$", guide, re.MULTILINE):
        name, *words = line.split()
        options = {option for param in command.commands[name].params for option in param.opts}
        assert {word for word in words if word.startswith("--")} <= options, line
