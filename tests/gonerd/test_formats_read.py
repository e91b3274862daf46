"""Every format read back: nothing is lost, and what does not fit is refused in one sentence."""

import json
import re
import tempfile
import warnings
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gonerd import Annotation, Document, GonerdError, Span, UsageError
from gonerd.formats import FORMATS, Reading
from gonerd.labels import CORE
from gonerd.records import Rejected
from gonerd.text import is_space, normalize, splits_cluster
from gonerd.tokens import tokenize

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # spaCy's own, at import
    import spacy  # noqa: F401

ALPHABET = "aB1 \n\t.,-(\"'é😀👩\u200d🚒\u0301\u00a0한中\u2028\u0085\u001c\ufe0f𝔸{}[]#\\/<&"
FORMAT_NAMES = FORMATS.names()
TEXT = "Judge Ana Ruiz 😀 of Bergen\nsaw Acme, Inc. and Żory."
SPANS = tuple(
    Span(TEXT.index(s), TEXT.index(s) + len(s), label)
    for s, label in (("Ana Ruiz", "PER"), ("Bergen", "LOC"), ("Acme, Inc.", "ORG"), ("Żory", "LOC"))
)


@st.composite
def annotated(draw, words=False):
    """A few documents with spans; only over whole words where a format states no texts."""
    pairs = []
    for number in range(draw(st.integers(1, 3))):
        text = normalize(draw(st.text(st.sampled_from(ALPHABET), min_size=1, max_size=40)))
        places = {border for token in tokenize(text) for border in token} if words else range(len(text) + 1)
        borders = sorted(draw(st.sets(st.sampled_from(sorted(places)), max_size=8))) if places else []
        spans = []
        for start, end in zip(borders[::2], borders[1::2], strict=False):
            edges = is_space(text[start]) or is_space(text[end - 1])
            if not edges and not splits_cluster(text, start) and not splits_cluster(text, end):
                spans.append(Span(start, end, draw(st.sampled_from(CORE))))
        document = Document(f"d/{number}: {draw(st.sampled_from(['x', 'é', 'a' * 150, '..']))}", text)
        pairs.append((document, Annotation(document.id, "layer", "1", document.sha256, tuple(spans))))
    return pairs


def write(name, pairs, folder):
    path = Path(folder) / f"file{FORMATS.get(name).suffix}"
    assert FORMATS.get(name).write(pairs, path) == len(pairs)
    return path


def read(name, path, documents, **options):
    reading = Reading.of(documents, "documents.jsonl", **options)
    found = list(FORMATS.get(name).read(path, reading))
    reading.finish()
    return found


@pytest.mark.parametrize("name", [name for name in FORMAT_NAMES if name != "docbin"])
@settings(max_examples=60, suppress_health_check=[HealthCheck.too_slow])
@given(data=st.data())
def test_nothing_is_lost(name, data):
    go_round(name, data)


@settings(max_examples=15, suppress_health_check=[HealthCheck.too_slow])  # spaCy takes its time
@given(data=st.data())
def test_spacy_loses_nothing(data):
    go_round("docbin", data)


def go_round(name, data):
    pairs = data.draw(annotated(words=name in ("doccano", "argilla")))
    with tempfile.TemporaryDirectory() as folder:
        found = read(name, write(name, pairs, folder), [document for document, _ in pairs])
    by_id = {a.doc_id: [s.key for s in a.spans] for a in found}
    expected = {d.id: [s.key for s in a.spans] for d, a in pairs}
    if name == "conll":  # known by their words alone: the same words may change places
        assert sorted(by_id.values()) == sorted(expected.values())
    else:
        assert by_id == expected


@pytest.fixture
def document():
    return Document("d", TEXT, language="en")


@pytest.fixture
def annotation(document):
    return Annotation("d", "layer", "1.1", document.sha256, SPANS)


def keys(annotations):
    (annotation,) = annotations
    return [s.key for s in annotation.spans]


def test_jsonl_and_label_studio_keep_scores_and_sources(document, tmp_path):
    spans = (Span(6, 14, "PER", 0.5, "rule:byline"), Span(20, 26, "LOC"))
    pair = (document, Annotation("d", "layer", "1.1", document.sha256, spans))
    for name in ("jsonl", "label-studio"):
        (found,) = read(name, write(name, [pair], tmp_path), [document])
        assert found.spans == spans
    assert read("jsonl", write("jsonl", [pair], tmp_path), [document])[0].guideline_version == "1.1"


def test_doccano_counts_as_javascript_does(document, annotation, tmp_path):
    row = json.loads(write("doccano", [(document, annotation)], tmp_path).read_text())
    units = row["text"].encode("utf-16-le")
    surfaces = [units[2 * start : 2 * end].decode("utf-16-le") for start, end, _ in row["label"]]
    assert surfaces == ["Ana Ruiz", "Bergen", "Acme, Inc.", "Żory"]


def test_prodigy_tokens_and_spans_agree(document, annotation, tmp_path):
    row = json.loads(write("prodigy", [(document, annotation)], tmp_path).read_text())
    assert "".join(t["text"] for t in row["tokens"]) == "".join(TEXT.split())
    assert all(TEXT[t["start"] : t["end"]] == t["text"] and row["tokens"][t["id"]] is t for t in row["tokens"])
    assert all((TEXT[t["end"] : t["end"] + 1] == " ") == t["ws"] for t in row["tokens"])
    for span in row["spans"]:
        assert row["tokens"][span["token_start"]]["start"] == span["start"]
        assert row["tokens"][span["token_end"]]["end"] == span["end"]


def test_brat_files_are_as_its_manual_says(document, annotation, tmp_path):
    wide = Annotation("d", "layer", "1", document.sha256, (Span(6, 14, "PER"), Span(20, 30, "MISC")))
    folder = write("brat", [(document, wide)], tmp_path)
    assert (folder / "d.txt").read_text() == TEXT
    assert (folder / "d.ann").read_text() == "T1\tPER 6 14\tAna Ruiz\nT2\tMISC 20 26;27 30\tBergen saw\n"
    assert keys(read("brat", folder, [document])) == [(6, 14, "PER"), (20, 30, "MISC")]
    (folder / "d.ann").write_text("#1\tAnnotatorNotes T1\tsure\nT1\tPER 6 9;15 16\tAna 😀\n")
    with pytest.raises(GonerdError, match=r"d.ann line 2: the span is in 2 parts with ' Ruiz ' between"):
        read("brat", folder, [document])


def shift(name, path, by):
    """Moves every offset of a file, as a tool that counts otherwise would."""
    if name == "brat":
        ann = path / "d.ann"
        lines = [line.split("\t") for line in ann.read_text().splitlines()]
        moved = [f"{a}\t{b.split()[0]} {' '.join(str(int(n) + by) for n in b.split()[1:])}\t{c}\n" for a, b, c in lines]
        ann.write_text("".join(moved))
        return

    def move(value):
        if isinstance(value, dict):
            return {k: v + by if k in ("start", "end") else move(v) for k, v in value.items()}
        if isinstance(value, list) and [type(v) for v in value] == [int, int, str]:
            return [value[0] + by, value[1] + by, value[2]]
        return [move(v) for v in value] if isinstance(value, list) else value

    path.write_text(json.dumps(move(json.loads(path.read_text()))) + "\n")


@pytest.mark.parametrize("by", [-2, -1, 1, 2])
@pytest.mark.parametrize("name", ["jsonl", "label-studio", "doccano", "prodigy", "argilla", "brat"])
def test_shifted_offsets_are_refused_with_the_first_mismatch(name, by, document, annotation, tmp_path):
    path = write(name, [(document, annotation)], tmp_path)
    shift(name, path, by)
    with pytest.raises(GonerdError) as caught:
        read(name, path, [document])
    message = str(caught.value)
    assert "\n" not in message
    if name in ("doccano", "argilla"):
        assert f"the offsets look shifted by {by}" in message or re.search("begins or ends with|outside the", message)
    else:
        start, end = (0, 5) if name == "prodigy" else (6, 14)
        expected = TEXT[start:end]
        assert f"{start + by}..{end + by}" in message
        assert f"{expected!r}" in message
        assert start + by < 0 or f"which stands at {start}..{end}" in message


@pytest.mark.parametrize("name", ["label-studio", "doccano", "argilla", "prodigy"])
def test_a_tool_that_counts_utf16(name, document, annotation, tmp_path):
    """Where the tool states texts the unit is found, elsewhere it is the tool's own or must be named."""
    path = write(name, [(document, annotation)], tmp_path)
    if name == "doccano":
        assert keys(read(name, path, [document])) == [s.key for s in SPANS]
        with pytest.raises(GonerdError, match="look shifted by"):
            read(name, path, [document], offsets="code-point")
        return
    values = json.loads(path.read_text())
    place = TEXT.index("😀")

    def move(value):
        if isinstance(value, dict):
            return {k: v + (v > place) if k in ("start", "end") else move(v) for k, v in value.items()}
        return [move(v) for v in value] if isinstance(value, list) else value

    moved = move(values)
    if name == "argilla":
        given = {"spans": [{"value": moved[0]["suggestions"]["spans"]["value"], "user_id": "u1"}]}
        moved[0] |= {"responses": given, "suggestions": {}}
    path.write_text(json.dumps(moved) + "\n")
    if name == "prodigy":  # it never counts so; the words tell
        with pytest.raises(GonerdError, match=r"word 15\.\.17 is '😀 ', not '😀'"):
            read(name, path, [document])
        assert keys(read(name, path, [document], offsets="utf-16")) == [s.key for s in SPANS]
    else:
        assert keys(read(name, path, [document])) == [s.key for s in SPANS]


@pytest.mark.parametrize("name", ["label-studio", "doccano", "prodigy", "argilla", "brat"])
def test_a_tool_that_keeps_crlf_and_decomposed_letters(name, tmp_path):
    raw = "Café\r\nOslo, Ana\r\nŻory 😀 Acme".replace("é", "e\u0301")
    document = Document("d", normalize(raw))
    surfaces = [("Oslo", "LOC"), ("Ana", "PER"), ("Acme", "ORG")]
    tool = Document("d", "x" * len(raw))
    object.__setattr__(tool, "text", raw)  # what the tool holds; a Document of our own would be normalised
    spans = tuple(Span(raw.index(s), raw.index(s) + len(s), label) for s, label in surfaces)
    path = write(name, [(tool, Annotation("d", "", "", tool.sha256, spans))], tmp_path)
    if name != "brat":
        path.write_text(path.read_text().replace(tool.sha256, document.sha256))
    expected = [(document.text.index(s), document.text.index(s) + len(s), label) for s, label in surfaces]
    assert keys(read(name, path, [document])) == expected


def test_a_shift_that_no_single_document_tells(tmp_path):
    documents = [Document(f"d{i}", "Then Oslo-based Ana, too.") for i in range(3)]
    rows = [{"document_id": d.id, "text": d.text, "label": [[16 + 1, 19 + 1, "PER"]]} for d in documents]
    path = tmp_path / "file.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    with pytest.raises(GonerdError, match=r"line 1: the offsets look shifted by 1: span 17\.\.20 is 'na,', and 'Ana'"):
        read("doccano", path, documents)
    for row in rows[:2]:
        row["label"] = [[16, 19, "PER"]]
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    assert len(read("doccano", path, documents)) == 3, "one that cuts a word among sound ones is somebody's will"


def test_argilla_says_when_both_readings_fit(tmp_path):
    document = Document("d", "😀 a,b c")
    response = {"spans": [{"value": [{"start": 4, "end": 5, "label": "PER"}], "user_id": "u"}]}
    record = {"id": "d", "fields": {"text": document.text}, "responses": response}
    (tmp_path / "a.json").write_text(json.dumps([record]))
    with pytest.raises(GonerdError, match="can be read as utf-16 or code-point, and the text does not tell"):
        read("argilla", tmp_path / "a.json", [document])
    assert keys(read("argilla", tmp_path / "a.json", [document], offsets="utf-16")) == [(3, 4, "PER")]


def exported(document, *results, **more):
    made = [
        {"id": i, "completed_by": i + 1, "was_cancelled": False, "result": result} for i, result in enumerate(results)
    ]
    data = {"text": document.text, "id": document.id, "text_sha256": document.sha256}
    return {
        "id": 7,
        "data": data,
        "annotations": made,
        "predictions": [{"result": [region(0, 5, "PER", "Judge")]}],
        **more,
    }


def region(start, end, label, text):
    value = {"start": start, "end": end, "text": text, "labels": [label]}
    return {"id": "x", "from_name": "label", "to_name": "text", "type": "labels", "value": value, "origin": "manual"}


def test_label_studio_export(document, tmp_path):
    other = Document("e", "Oslo.")
    choice = {"type": "choices", "value": {"choices": ["easy"]}}
    line_break = region(20, 30, "LOC", "Bergen\\nsaw")
    rows = [exported(document, [region(6, 14, "PER", "Ana Ruiz"), choice, line_break]), exported(other)]
    (tmp_path / "ls.json").write_text(json.dumps(rows))
    found, aside = read("label-studio", tmp_path / "ls.json", [document, other])
    assert [s.key for s in found.spans] == [(6, 14, "PER"), (20, 30, "LOC")]
    assert {s.provenance for s in found.spans} == {"label-studio:1"}
    assert aside == Rejected("e", "not annotated", f"{tmp_path / 'ls.json'} item 1", "import")
    twice = exported(document, [], [region(6, 14, "PER", "Ana Ruiz")])
    (tmp_path / "ls.json").write_text(json.dumps([twice]))
    with pytest.raises(GonerdError, match=r"item 0: has 2 annotations \(by 1, 2\).* with --annotator"):
        read("label-studio", tmp_path / "ls.json", [document])
    assert keys(read("label-studio", tmp_path / "ls.json", [document], annotator="2")) == [(6, 14, "PER")]


def test_whose_work_it_is(document, annotation, tmp_path):
    path = write("prodigy", [(document, annotation)], tmp_path)
    row = json.loads(path.read_text())
    rows = [row | {"_annotator_id": "news-ana"}, row | {"_annotator_id": "news-bo", "spans": []}]
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    with pytest.raises(GonerdError, match="line 2: document 'd' is annotated twice"):
        read("prodigy", path, [document])
    found, aside = read("prodigy", path, [document], annotator="news-ana")
    assert {s.provenance for s in found.spans} == {"prodigy:news-ana"}
    assert aside.reason == "by another annotator"
    responses = [{"value": [{"start": 0, "end": 5, "label": "PER"}], "user_id": who} for who in ("u1", "u2")]
    record = {"id": "d", "fields": {"text": TEXT}, "responses": {"spans": responses}}
    (tmp_path / "a.json").write_text(json.dumps([record]))
    with pytest.raises(GonerdError, match=r"has 2 responses \(by u1, u2\)"):
        read("argilla", tmp_path / "a.json", [document])
    (found,) = read("argilla", tmp_path / "a.json", [document], annotator="u2")
    assert {s.provenance for s in found.spans} == {"argilla:u2"}


def test_unfinished_work_is_set_aside(document, annotation, tmp_path):
    path = write("prodigy", [(document, annotation)], tmp_path)
    path.write_text(json.dumps(json.loads(path.read_text()) | {"answer": "ignore"}))
    (aside,) = read("prodigy", path, [document])
    assert (aside.id, aside.reason) == ("d", "answered ignore")
    draft = {"spans": [{"value": [], "user_id": "u", "status": "draft"}]}
    record = {"id": "d", "fields": {"text": TEXT}, "responses": draft}
    (tmp_path / "a.json").write_text(json.dumps([record]))
    (aside,) = read("argilla", tmp_path / "a.json", [document])
    assert (aside.id, aside.reason) == ("d", "not annotated")


@pytest.mark.parametrize("tags", [["I-PER", "I-PER"], ["B-PER", "E-PER"], ["B-PER", "L-PER"]])
def test_conll_of_other_schemes_and_line_ends(tags, tmp_path):
    document = Document("d", "Ana  Ruiz slept. ")
    words = zip(["Ana", "Ruiz", "slept."], [*tags, "O"], strict=True)
    (tmp_path / "a.conll").write_bytes("".join(f"{w}\t{t}\r\n" for w, t in words).encode())
    assert keys(read("conll", tmp_path / "a.conll", [document])) == [(0, 9, "PER")]


CUT = {"label-studio": "not valid JSON", "argilla": "not valid JSON", "docbin": "no complete DocBin"}


@pytest.mark.parametrize("name", FORMAT_NAMES)
def test_half_written_files_are_refused(name, document, annotation, tmp_path):
    path = write(name, [(document, annotation)], tmp_path)
    if name == "brat":
        ann = path / "d.ann"
        ann.write_text(ann.read_text()[:-6])
        with pytest.raises(GonerdError, match="ends in the middle of a line"):
            read(name, path, [document])
        ann.unlink()
        with pytest.raises(GonerdError, match=r"has no \.ann beside it"):
            read(name, path, [document])
        return
    content = path.read_bytes()
    words = CUT.get(name, "not valid JSON|cut off")
    for part in (len(content) // 2, len(content) - 20):
        path.write_bytes(content[:part])
        with pytest.raises(GonerdError, match=words) as caught:
            read(name, path, [document])
        assert "\n" not in str(caught.value)


@pytest.mark.parametrize("name", FORMAT_NAMES)
def test_other_documents_texts_and_labels_are_refused(name, document, annotation, tmp_path):
    path = write(name, [(document, annotation)], tmp_path)
    changed = Document("d", TEXT.replace("Judge", "Chief"))
    said = "word 'Judge' is not in the text" if name == "conll" else "another text: at 0 stands 'Chief"
    with pytest.raises(GonerdError, match=said):
        read(name, path, [changed])
    with pytest.raises(GonerdError, match=r"no document|no other document|not in the text"):
        read(name, path, [Document("e", "Oslo")])
    if name in ("jsonl", "label-studio", "doccano", "prodigy", "argilla"):
        path.write_text(path.read_text().replace('"PER"', '"PERSON"'))
    elif name == "conll":
        path.write_text(path.read_text().replace("-PER", "-PERSON"))
    elif name == "brat":
        (path / "d.ann").write_text((path / "d.ann").read_text().replace("PER", "PERSON"))
    else:
        return  # a DocBin is no text
    with pytest.raises(GonerdError, match="unknown label; use one of LOC, MISC, ORG, PER"):
        read(name, path, [document])


def test_documents_without_ids_are_known_by_their_text(document, annotation, tmp_path):
    rows = {"doccano": {"text": TEXT, "label": [[6, 14, "PER"]]}, "prodigy": {"text": TEXT, "spans": []}}
    for name, row in rows.items():
        (tmp_path / name).write_text(json.dumps(row) + "\n")
        assert read(name, tmp_path / name, [document])[0].doc_id == "d"
        with pytest.raises(GonerdError, match="no document with the text 'Judge Ana"):
            read(name, tmp_path / name, [Document("d", "Oslo")])
    with pytest.raises(UsageError, match="unknown unit of offsets 'utf8'"):
        Reading.of([document], "x", offsets="utf8")


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("jsonl", '{"id": "d", "text_sha256": 3}', "'text_sha256' must be a string"),
        ("jsonl", '{"id": "d", "text": "x", "spans": {}}', "'spans' must be a list"),
        ("doccano", '{"text": "x", "label": ["PER"]}', "must be a list of .start, end, label."),
        ("doccano", '{"text": "x", "entities": [{"label": "PER"}]}', "no span"),
        ("prodigy", '{"text": "x", "tokens": [{"id": 0}]}', "is malformed"),
        ("prodigy", '{"text": "x", "meta": {"id": 3}}', "'id' must be a string"),
        ("label-studio", '{"tasks": []}', "holds a dict, but a Label Studio export is a list"),
        ("label-studio", "[3]", "is a int, but a Label Studio export holds objects"),
        ("label-studio", '[{"data": {}}]', "field 'data' lacks 'text'"),
        ("label-studio", '[{"data": {"text": "x"}, "annotations": [{"result": [{"type": "labels"}]}]}]', "malformed"),
        ("label-studio", '[{"data": {"text": "x"}, "annotations": [{"result": 3}]}]', "is malformed"),
        (
            "label-studio",
            '[{"data": {"text": "x"}, "annotations": [{"result": [{"type": "hypertextlabels"}]}]}]',
            "type 'hypertextlabels', and spans here are over plain text",
        ),
        ("jsonl", '{"id": "d", "text": "x", "spans": [{"start": 0, "end": 1, "label": "PER", "score": ""}]}', "number"),
        ("jsonl", '{"id": "d", "text": "x", "spans": [{"start": 0, "end": 1, "label": "PER", "text": 1}]}', "are text"),
        ("jsonl", '{"id": "d", "text": "x", "spans": [{"start": true, "end": 1, "label": "PER"}]}', "whole numbers"),
        ("argilla", '[{"fields": {}}]', "lacks 'text'"),
        ("argilla", '[{"fields": {"text": "x"}, "responses": {"spans": 3}}]', "'responses' is malformed"),
        ("conll", "word", "has no tag"),
        ("conll", "x Q-PER", "mend the column of tags|does not belong"),
        ("docbin", "x", "no complete DocBin"),
    ],
)  # fmt: skip
def test_malformed_files(name, content, words, tmp_path):
    (tmp_path / "file").write_text(content)
    with pytest.raises(GonerdError, match=words):
        read(name, tmp_path / "file", [Document("d", "x")])
    with pytest.raises(GonerdError, match="no such"):
        read(name, tmp_path / "absent", [Document("d", "x")])
