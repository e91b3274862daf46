"""What is wrong in a layer is found, and mended without touching what people decided."""

import json
import unicodedata

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gonerd import Annotation, Document, GonerdError, Span
from gonerd.annotation.check import check_layer
from gonerd.annotation.findings import BROKEN, LooseSpan, mend
from gonerd.annotation.inconsistencies import inconsistencies
from gonerd.cli import main
from gonerd.io import read_annotations
from gonerd.labels import CORE
from gonerd.tables import record_schema, write_table

DOC = Document("d", "Ana Ruiz met 👩‍🚒 of Oslo. Oslo sued Oslo; Ana Ruiz paid Ana.")


def span(surface, label, before=0, after=0, nth=0, **more):
    start = -1
    for _ in range(nth + 1):
        start = DOC.text.index(surface, start + 1)
    return LooseSpan(start - before, start + len(surface) + after, label, **more)


@pytest.mark.parametrize(
    ("broken", "kind", "mended"),
    [
        (LooseSpan(3, 3, "PER"), "empty", None),
        (LooseSpan(5, 2, "PER"), "empty", None),
        (LooseSpan(-1, 2, "PER"), "outside the text", None),
        (LooseSpan(0, 999, "PER"), "outside the text", None),
        (LooseSpan(3, 4, "PER"), "white space", None),
        (span("Ana Ruiz", "PER", after=1), "white space", "Ana Ruiz"),
        (span("Oslo", "LOC", before=1), "white space", "Oslo"),
        (span("Rui", "PER"), "misaligned", "Ruiz"),
        (span("slo", "LOC"), "misaligned", "Oslo"),
        (span("👩", "MISC"), "misaligned", "👩‍🚒"),
        (span("Oslo", "GPE"), "unknown label", None),
        (span("Oslo", "LOC"), None, "Oslo"),
    ],
)
def test_one_span(broken, kind, mended):
    spans, found = mend(DOC, [broken])
    assert [f.kind for f in found] == ([kind] if kind else [])
    assert [DOC.text[s.start : s.end] for s in spans] == ([mended] if mended else [])
    if kind and mended:
        assert mended in found[0].proposal
        assert spans[0].provenance == f"unknown (repaired: {kind})"


def test_a_mark_on_white_space_cannot_be_marked():
    document = Document("d", "B \u0301")
    assert mend(document, [LooseSpan(2, 3, "PER")])[0] == []


def test_the_better_of_two_stays():
    long, short = span("Ana Ruiz", "PER"), span("Ruiz", "ORG")
    spans, found = mend(DOC, [short, long, long])
    assert [s.key for s in spans] == [(0, 8, "PER")]
    assert sorted(f.kind for f in found) == ["duplicate", "overlap"]
    sure = span("Ruiz", "ORG", score=0.9)
    assert [s.label for s in mend(DOC, [long, sure])[0]] == ["ORG"]


def test_inconsistent_and_unmarked_surfaces_are_reported_alone():
    marked = [span("Oslo", "LOC"), span("Oslo", "LOC", nth=1), span("Oslo", "ORG", nth=2), span("Ana Ruiz", "PER")]
    spans, found = mend(DOC, marked)
    assert found == []
    assert [s.label for s in spans].count("ORG") == 1, "nothing is changed"
    seen = [(f.kind, f.text, f.start, f.proposal) for f in inconsistencies(DOC, spans)]
    third, again = span("Oslo", "ORG", nth=2).start, span("Ana Ruiz", "PER", nth=1).start
    assert seen == [
        ("inconsistent label", "Oslo", third, "LOC, as 2 others of 3"),
        ("unmarked", "Ana Ruiz", again, "PER, as 1 others of 1"),
    ]


@given(
    st.text(st.sampled_from("aB \n.é👩\u200d🚒\u0301"), min_size=1, max_size=30),
    st.lists(st.tuples(st.integers(-2, 32), st.integers(-2, 32), st.sampled_from([*CORE, "GPE"])), max_size=8),
)
def test_what_is_mended_may_stand_in_a_layer(text, places):
    document = Document("d", unicodedata.normalize("NFC", text))
    given_spans = [LooseSpan(*place) for place in places]
    spans, found = mend(document, given_spans)
    Annotation("d", "x", "1", document.sha256, tuple(spans)).check(document)
    assert mend(document, [LooseSpan(*s.key) for s in spans])[1] == [], "nothing is left to mend"
    sound = {(s.start, s.end, s.label) for s in given_spans} <= {s.key for s in spans}
    assert bool(found) or sound


@pytest.fixture
def folder(tmp_path):
    write_table(tmp_path / "docs", [DOC], Document)
    spans = [
        {"start": 0, "end": 9, "label": "PER", "score": 0.5, "provenance": "p"},
        {"start": 4, "end": 4, "label": "PER", "score": None, "provenance": None},
    ]
    row = {"doc_id": "d", "layer": "bad", "guideline_version": "1", "text_sha256": DOC.sha256, "spans": spans}
    (tmp_path / "bad").mkdir()
    pq.write_table(
        pa.Table.from_pylist([row], schema=record_schema(Annotation)), tmp_path / "bad" / "part-00000.parquet"
    )
    return tmp_path


def test_commands(folder, capsys):
    words = ["annotate", "check", str(folder / "bad"), "--documents", str(folder / "docs")]
    assert main([*words, "--report", str(folder / "found.jsonl")]) == 1
    out, err = capsys.readouterr()
    assert "1 documents: empty 1, unmarked 1, white space 1" in out
    assert "2 spans are broken (empty 1, white space 1); mend them with --repair OUT" in err
    rows = [json.loads(line) for line in (folder / "found.jsonl").read_text().splitlines()]
    assert {row["kind"] for row in rows} == {"empty", "white space", "unmarked"}
    assert rows[0]["proposal"] == "0..8 [Ana Ruiz]{PER}"
    assert main([*words, "--repair", str(folder / "good")]) == 0
    (annotation,) = read_annotations(folder / "good")
    assert annotation.spans == (Span(0, 8, "PER", 0.5, "p (repaired: white space)"),)
    again = [*words[:2], str(folder / "good"), *words[3:]]
    assert main(again) == 0
    (folder / "good" / "layer.json").write_text('{"made_by": "people"}')
    assert main([*words, "--repair", str(folder / "good")]) == 1
    assert "people made this layer" in capsys.readouterr().err


def test_other_documents_are_refused(folder):
    write_table(folder / "other", [Document("e", "x")], Document)
    with pytest.raises(GonerdError, match=r"row 0: no document 'd' in"):
        check_layer(folder / "bad", folder / "other")
    write_table(folder / "changed", [Document("d", "x")], Document)
    with pytest.raises(GonerdError, match="over another text"):
        check_layer(folder / "bad", folder / "changed")
    assert set(BROKEN) >= {"empty", "overlap"}
