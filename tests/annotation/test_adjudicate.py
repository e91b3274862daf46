"""Two layers and decisions become gold; nothing is decided silently."""

import json
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gonerd import Annotation, Document, GonerdError, Span, UsageError
from gonerd.annotation.adjudicate import adjudicate
from gonerd.annotation.agree import agree
from gonerd.annotation.disputes import disputes
from gonerd.annotation.layers import import_layer
from gonerd.io import read_annotations
from gonerd.labels import CORE
from gonerd.records import Decision
from gonerd.tables import read_table, write_table

TEXT = "Judge Ana Ruiz of Bergen saw the Ostrava Report and Acme."
A = (Span(6, 14, "PER"), Span(18, 24, "LOC"), Span(33, 40, "LOC"))
B = (Span(0, 14, "PER"), Span(18, 24, "ORG"), Span(33, 47, "MISC"))


@pytest.fixture
def folder(tmp_path):
    documents = [Document("d", TEXT), Document("e", "Oslo.")]
    write_table(tmp_path / "docs", documents, Document)
    for name, spans in (("a", A), ("b", B)):
        layer = [Annotation("d", name, "1.0", documents[0].sha256, spans)]
        layer.append(Annotation("e", name, "1.0", documents[1].sha256, (Span(0, 4, "LOC"),)))
        write_table(tmp_path / name, layer, Annotation)
    return tmp_path


def decide(folder, *rows):
    (folder / "decisions.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    return adjudicate(folder / "a", folder / "b", folder / "docs", str(folder / "decisions.jsonl"), folder / "gold")


def row(start, end, *spans, reason="section 3", **more):
    values = [{"start": s.start, "end": s.end, "label": s.label} for s in spans]
    return {"id": "d", "start": start, "end": end, "spans": values, "reason": reason, **more}


DECIDED = (
    row(0, 14, Span(6, 14, "PER")),
    row(18, 24, Span(18, 24, "LOC")),
    row(33, 47, Span(33, 47, "MISC")),
    row(52, 56, Span(52, 56, "ORG"), reason="both missed it"),
)


def test_gold(folder):
    summary = decide(folder, *DECIDED)
    assert (summary.documents, summary.spans) == (2, {"adjudicated": 4, "agreed": 1})
    assert summary.decisions == {"both-wrong": 1, "boundary": 1, "boundary and label": 1, "label": 1}
    gold = {a.doc_id: a for a in read_annotations(folder / "gold")}
    assert [s.key for s in gold["d"].spans] == [(6, 14, "PER"), (18, 24, "LOC"), (33, 47, "MISC"), (52, 56, "ORG")]
    assert {s.provenance for s in gold["e"].spans} == {"agreed"}
    assert {a.layer for a in gold.values()} == {"gold"}
    decisions = list(read_table(folder / "gold" / "decisions", Decision))
    assert decisions[0].marked == "a: [Ana Ruiz]{PER}; b: [Judge Ana Ruiz]{PER}"
    assert decisions[3].marked == "a: nothing; b: nothing"
    assert [d.decision for d in decisions][:2] == ["[Ana Ruiz]{PER}", "[Bergen]{LOC}"]


def test_a_wide_decision_is_of_the_kind_of_its_dispute(folder):
    rows = [DECIDED[0], row(18, 47, Span(18, 24, "LOC"), Span(33, 47, "MISC"))]
    assert decide(folder, *rows).decisions == {"boundary": 1, "several": 1}


def test_undecided_are_listed_ready_to_fill_in(folder):
    with pytest.raises(GonerdError, match=r"2 disagreements are undecided; fill in .*gold.undecided.jsonl"):
        decide(folder, DECIDED[0])
    assert not (folder / "gold").exists()
    rows = [json.loads(line) for line in (folder / "gold.undecided.jsonl").read_text().splitlines()]
    assert [(r["start"], r["end"]) for r in rows] == [(18, 24), (33, 47)]
    assert rows[0]["a"] == [{"start": 18, "end": 24, "label": "LOC", "text": "Bergen"}]
    for found in rows:
        found.update(spans=found["b"], reason="the second has it")
    decide(folder, DECIDED[0], *rows)
    gold = next(a for a in read_annotations(folder / "gold") if a.doc_id == "d")
    assert [s.key for s in gold.spans] == [(6, 14, "PER"), (18, 24, "ORG"), (33, 47, "MISC")]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({0: row(0, 14, reason=" ")}, r"decisions.jsonl line 1: field 'reason' is empty"),
        ({0: row(0, 20, Span(6, 14, "PER"))}, r"line 1: a span reaches over the border of 0..20"),
        ({3: row(50, 54, Span(52, 56, "ORG"))}, r"line 4: a span reaches over the border of 50..54"),
        ({3: row(52, 56, Span(52, 56, "GPE"))}, r"unknown label"),
        ({3: {**row(1, 2), "id": "nobody"}}, r"decides about document 'nobody'"),
        ({3: {**row(52, 56), "spans": [{"start": 52, "end": 56, "label": "ORG", "text": "Acne"}]}}, r"not 'Acne'"),
        ({3: row(52, 56, Span(18, 24, "ORG"))}, r"line 4: a span reaches over the border of 52..56"),
        ({3: row(56, 52)}, r"line 4: 'start' 56 and 'end' 52 are no stretch of 57 characters"),
        ({3: row(52, 560)}, r"line 4: 'start' 52 and 'end' 560 are no stretch"),
        ({3: row(40, 50)}, r"line 4: 40..50 is decided twice, from 33 on"),
        ({3: row(52, 56, text="Acne")}, r"line 4: field 'text' is 'Acne', but 'Acme' stands there"),
        ({3: {**row(52, 56), "spans": [{"start": 52.0, "end": 56, "label": "ORG"}]}}, r"line 4: .* whole numbers"),
        ({3: {**row(52, 56), "spans": [{"start": 52, "end": 56, "label": ["ORG"]}]}}, r"line 4: .* whole numbers"),
        ({3: {**row(52, 56), "spans": [{"start": 52}]}}, r"line 4: field 'spans' holds .* no span"),
    ],
)  # fmt: skip
def test_bad_decisions(folder, change, message):
    rows = [change.get(i, decided) for i, decided in enumerate(DECIDED)]
    with pytest.raises(GonerdError, match=message):
        decide(folder, *rows)
    assert not (folder / "gold").exists()


def test_a_layer_that_lacks_a_document(folder):
    layer = [a for a in read_annotations(folder / "b") if a.doc_id == "d"]
    write_table(folder / "b", layer, Annotation)
    with pytest.raises(GonerdError, match=r"/b: document 'e' is not annotated, though the other layer has it"):
        decide(folder, *DECIDED)


def test_agree(folder):
    measures = agree(folder / "a", folder / "b", folder / "docs").measure(resamples=10)
    assert measures["exact"]["micro"].value == pytest.approx(2 / 8)
    assert measures["overlap"]["PER"].value == 1.0


def line(document, spans, **more):
    return {
        "id": document,
        "text_sha256": Document(document, TEXT).sha256,
        "guideline_version": "1",
        "spans": spans,
    } | more


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        (["{"], r"in.jsonl line 1: not valid JSON"),
        ([{"id": "d"}], r"line 1: field 'text_sha256' must be a string"),
        ([line("x", [])], r"line 1: no document 'x' in"),
        ([line("d", []), line("d", [])], r"line 2: document 'd' is annotated twice"),
        ([line("d", [], text_sha256="0")], r"line 1: .*made over another text"),
        ([line("d", [{"start": 6, "end": 14, "label": "PER", "text": "Ana Ruis"}])], r"is 'Ana Ruiz', not 'Ana Ruis'"),
        ([line("d", [{"start": 6, "end": 14, "label": "PERSON"}])], r"line 1: .*unknown label"),
        ([], r"would be empty"),
    ],
)
def test_import_refuses(folder, rows, message):
    (folder / "in.jsonl").write_text("".join((r if isinstance(r, str) else json.dumps(r)) + "\n" for r in rows))
    with pytest.raises(GonerdError, match=message):
        import_layer(str(folder / "in.jsonl"), folder / "docs", folder / "new")
    assert not (folder / "new").exists()


def test_import(folder):
    spans = [{"start": s.start, "end": s.end, "label": s.label, "text": TEXT[s.start : s.end]} for s in A]
    (folder / "in.jsonl").write_text(json.dumps(line("d", spans)) + "\n")
    assert import_layer(str(folder / "in.jsonl"), folder / "docs", folder / "new").documents == 1
    (annotation,) = read_annotations(folder / "new")
    assert [s.key for s in annotation.spans] == [s.key for s in A]
    assert {s.provenance for s in annotation.spans} == {"new"}
    with pytest.raises(UsageError, match="unknown packaged annotation"):
        import_layer("sample:nobody", folder / "docs", folder / "other")


@st.composite
def layers(draw):
    found = []
    for _ in range(2):
        borders = sorted(draw(st.sets(st.integers(0, 30), max_size=8)))
        found.append(
            [Span(a, b, draw(st.sampled_from(CORE))) for a, b in zip(borders[::2], borders[1::2], strict=False)]
        )
    return found


@given(layers())
def test_disputes_part_the_differences(pair):
    first, second = pair
    found = disputes(first, second)
    agreed = {s.key for s in first} & {s.key for s in second}
    assert {s.key for d in found for s in d.first} == {s.key for s in first} - agreed
    assert {s.key for d in found for s in d.second} == {s.key for s in second} - agreed
    for before, after in pairwise(found):
        assert before.end <= after.start
    for d in found:
        assert not any(d.start < end and start < d.end for start, end, _ in agreed)
