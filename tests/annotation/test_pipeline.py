"""Annotation with a real and with a rule-made pipeline: exact offsets, mapped labels, chunks, resume."""

import json
import os
import signal
import subprocess
import sys
import time

import pytest
import spacy
from hypothesis import given
from hypothesis import strategies as st

from gonerd import Document, GonerdError
from gonerd.annotation.boundaries import trim
from gonerd.annotation.chunks import chunks
from gonerd.annotation.export import export_layer
from gonerd.annotation.label_maps import MAPS, label_map_for
from gonerd.annotation.pipeline import SpacyAnnotator
from gonerd.annotation.run import annotate_documents
from gonerd.io import read_annotations
from gonerd.labels import CORE
from gonerd.tables import write_table

TEXT = "Angela Merkel's visit to Paris 😀 pleased the United Nations.\r\nShe met Siemens in Cafe\u0301 Nero, Berlin."


@pytest.fixture(scope="session")
def annotator():
    return SpacyAnnotator.load()


def test_every_span_is_its_text(annotator):
    document = Document("d", TEXT.replace("\r\n", "\n").replace("e\u0301", "é"))
    found = {(document.text[s.start : s.end], s.label) for s in annotator.annotate(document.text)}
    assert {("Angela Merkel", "PER"), ("Paris", "LOC"), ("United Nations", "ORG"), ("Berlin", "LOC")} <= found
    assert {label for _, label in found} <= set(CORE)


def test_chunk_size_moves_no_offset(annotator):
    """A spaCy pipeline sees the same words whether its text comes whole or in sentences."""
    sentence = "Angela Merkel flew from Berlin to Paris. The Germans cheered. "
    text = sentence * 40
    small = SpacyAnnotator(annotator.nlp, annotator.name, annotator.map_name, annotator.label_map, chunk=130)
    spans = small.annotate(text)
    assert len(list(chunks(text, 130))) > 10
    names = [(s.start % len(sentence), s.end % len(sentence), text[s.start : s.end], s.label) for s in spans]
    assert (
        names
        == [
            (0, 13, "Angela Merkel", "PER"),
            (24, 30, "Berlin", "LOC"),
            (34, 39, "Paris", "LOC"),
            (45, 52, "Germans", "MISC"),
        ]
        * 40
    )


@given(st.text(st.sampled_from("aB c.!?\n"), max_size=200), st.integers(5, 50))
def test_chunks_cover_the_text_and_keep_to_size(text, size):
    pieces = list(chunks(text, size))
    if all(len(word) < size / 2 for word in text.split()):
        assert all(text[b - 1].isspace() or text[b].isspace() or not text[b - 1].isalpha() for _, b in pieces[:-1])
    assert "".join(text[a:b] for a, b in pieces) == text
    assert all(0 < b - a <= size for a, b in pieces)


def test_chunks_cut_at_sentences():
    text = "One two three. Four five six. Seven eight nine. "
    assert [text[a:b] for a, b in chunks(text, 32)] == ["One two three. Four five six. ", "Seven eight nine. "]


@pytest.mark.parametrize(
    ("name", "kept"),
    [
        ("the United Nations", "United Nations"),
        ("The Hague", "The Hague"),
        ("Merkel's", "Merkel"),
        ("the Joneses’", "Joneses"),
        ("“Acme, Inc.”", "Acme, Inc."),
        (" Oslo,\n", "Oslo"),
        ("the ", ""),
        ("a", "a"),
    ],
)
def test_boundaries(name, kept):
    text = f"x{name}y"
    start, end = trim(text, 1, 1 + len(name))
    assert text[start:end] == kept


def test_label_maps_refuse_what_they_do_not_know():
    assert label_map_for(["PERSON", "GPE"], "p")[0] == "ontonotes"
    assert label_map_for(["PER", "LOC"], "p")[0] == "core"
    assert {label for m in MAPS.values() for label in m.values()} <= {*CORE, None}
    with pytest.raises(GonerdError, match="labels JUDGE are in no label map"):
        label_map_for(["PERSON", "JUDGE"], "legal")


def test_pipelines_without_entities_are_refused(tmp_path):
    spacy.blank("en").to_disk(tmp_path / "blank")
    with pytest.raises(GonerdError, match="no 'ner' component"):
        SpacyAnnotator.load(str(tmp_path / "blank"))
    (tmp_path / "empty").mkdir()
    with pytest.raises(GonerdError, match="cannot be loaded"):
        SpacyAnnotator.load(str(tmp_path / "empty"))


def test_layer_and_export_round_trip(tmp_path):
    path = tmp_path / "docs.jsonl"
    path.write_text("".join(json.dumps({"id": f"d{i}", "text": f"{TEXT} {i}"}) + "\n" for i in range(40)))
    summary = annotate_documents(path, tmp_path / "layer")
    assert (summary.documents, summary.shards_reused) == (40, 0)
    assert export_layer(tmp_path / "layer", path, tmp_path / "out.jsonl") == 40
    rows = [json.loads(line) for line in (tmp_path / "out.jsonl").read_text(encoding="utf-8").splitlines()]
    assert [row["id"] for row in rows] == [f"d{i}" for i in range(40)]
    assert all("\r" not in row["text"] for row in rows)
    surfaces = {row["text"][s["start"] : s["end"]] for row in rows for s in row["spans"]}
    assert {"Angela Merkel", "United Nations"} <= surfaces
    assert sum(len(row["spans"]) for row in rows) == sum(summary.spans.values())


def test_same_command_again_keeps_finished_shards(tmp_path):
    docs = [Document(f"d{i}", f"Angela Merkel met {i} people in Paris.") for i in range(70)]
    write_table(tmp_path / "docs", docs, Document)
    annotate_documents(tmp_path / "docs", tmp_path / "layer")
    before = list(read_annotations(tmp_path / "layer"))
    (tmp_path / "layer" / "part-00001.parquet").unlink()
    assert annotate_documents(tmp_path / "docs", tmp_path / "layer").shards_reused == 2
    assert list(read_annotations(tmp_path / "layer")) == before
    docs[0] = Document("d0", "Another text, about Oslo.")
    write_table(tmp_path / "docs", docs, Document)
    assert annotate_documents(tmp_path / "docs", tmp_path / "layer").shards_reused == 2
    assert next(read_annotations(tmp_path / "layer")).text_sha256 == docs[0].sha256
    write_table(tmp_path / "docs", docs[:10], Document)
    annotate_documents(tmp_path / "docs", tmp_path / "layer")
    assert len(list(read_annotations(tmp_path / "layer"))) == 10


def test_leftovers_of_a_killed_write_do_not_stop_it(tmp_path):
    write_table(tmp_path / "docs", [Document(f"d{i}", f"Oslo {i}") for i in range(40)], Document)
    (tmp_path / "layer").mkdir()
    (tmp_path / "layer" / ".layer.json.99.part").touch()
    annotate_documents(tmp_path / "docs", tmp_path / "layer")
    assert not list((tmp_path / "layer").glob(".*.part"))
    with pytest.raises(GonerdError, match="holds more documents than --limit allows"):
        annotate_documents(tmp_path / "docs", tmp_path / "layer", limit=5)


def test_another_pipeline_never_mixes_in(tmp_path):
    write_table(tmp_path / "docs", [Document("d", "Oslo")], Document)
    annotate_documents(tmp_path / "docs", tmp_path / "layer")
    other = spacy.blank("en")
    other.add_pipe("ner").add_label("PER")
    other.initialize()
    other.to_disk(tmp_path / "other")
    with pytest.raises(GonerdError, match="made with pipeline 'en_core_web_sm"):
        annotate_documents(tmp_path / "docs", tmp_path / "layer", pipeline=str(tmp_path / "other"))
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "notes.txt").touch()
    with pytest.raises(GonerdError, match=r"already holds notes\.txt"):
        annotate_documents(tmp_path / "docs", tmp_path / "mine")


def test_unfinished_layers_are_not_exported(tmp_path):
    write_table(tmp_path / "docs", [Document("d", "Oslo")], Document)
    annotate_documents(tmp_path / "docs", tmp_path / "layer")
    marker = tmp_path / "layer" / "layer.json"
    marker.write_text(marker.read_text().replace('"complete": true', '"complete": false'))
    with pytest.raises(GonerdError, match="has not finished; run the same command again"):
        export_layer(tmp_path / "layer", tmp_path / "docs", tmp_path / "out.jsonl")
    assert not (tmp_path / "out.jsonl").exists()


def test_kill_then_same_command(tmp_path):
    """SIGKILL in the middle of a run: the same command finishes, no document lost or doubled."""
    docs = [
        Document(f"d{i}", "Angela Merkel flew from Berlin to Paris. " * 15 + "It took two trains.") for i in range(200)
    ]
    write_table(tmp_path / "docs", docs, Document)
    command = [sys.executable, "-P", "-m", "gonerd", "annotate", "run", "docs", "--out", "layer"]
    process = subprocess.Popen(command, cwd=tmp_path, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    deadline = time.monotonic() + 60
    while not list((tmp_path / "layer").glob("part-*.parquet")):
        assert process.poll() is None, process.stderr.read()
        assert time.monotonic() < deadline
        time.sleep(0.01)
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    process.stderr.close()
    done = len(list((tmp_path / "layer").glob("part-*.parquet")))
    assert 1 <= done < 7
    again = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=True)
    assert "annotated 200 documents" in again.stdout
    assert f"({done} shards kept" in again.stdout
    assert "CARDINAL 200" in again.stdout, "what was dropped before the kill counts too"
    assert [a.doc_id for a in read_annotations(tmp_path / "layer")] == [d.id for d in docs]
