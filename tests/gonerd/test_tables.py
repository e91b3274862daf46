"""Tables round-trip, read lazily, and refuse foreign files with file and column named."""

from datetime import UTC, date, datetime

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from gonerd import Annotation, Document, GonerdError, Span
from gonerd.files import new_file, new_folder, only_writer
from gonerd.io import pair, read_annotations, read_documents
from gonerd.tables import read_table, record_schema, write_table


def documents(count):
    for i in range(count):
        fetched = datetime(2026, 1, 2, 3, 4, 5, 678, tzinfo=UTC)
        yield Document(f"d{i}", f"Text {i} 😀\n", title=None, published=date(2025, 5, i % 28 + 1), fetched=fetched)


def test_round_trip_over_shards(tmp_path):
    written = list(documents(25))
    assert write_table(tmp_path, iter(written), Document, rows_per_shard=10) == 25
    assert [p.name for p in sorted(tmp_path.iterdir())] == [f"part-0000{i}.parquet" for i in range(3)]
    assert list(read_table(tmp_path, Document)) == written


def test_nested_spans_round_trip(tmp_path):
    layer = [
        Annotation("d0", "l", "1", "h", (Span(0, 4, "LOC", 0.5, "p"), Span(5, 6, "PER"))),
        Annotation("d1", "l", "1", "h"),
    ]
    write_table(tmp_path, layer, Annotation)
    assert list(read_annotations(tmp_path)) == layer
    assert record_schema(Annotation).field("spans").type.value_type.names == [
        "start",
        "end",
        "label",
        "score",
        "provenance",
    ]


def test_an_empty_table_can_be_read(tmp_path):
    assert write_table(tmp_path, [], Document) == 0
    assert list(read_table(tmp_path, Document)) == []


def test_foreign_files_are_refused(tmp_path):
    with pytest.raises(GonerdError, match="no such Document"):
        list(read_table(tmp_path / "nowhere", Document))
    with pytest.raises(GonerdError, match=r"holds no \*\.parquet"):
        list(read_table(tmp_path, Document))
    bad = tmp_path / "x.parquet"
    bad.write_bytes(b"PAR1 not really")
    with pytest.raises(GonerdError, match=r"x\.parquet: not a readable parquet file"):
        list(read_table(bad, Document))
    pq.write_table(pa.table({"id": ["a"]}), bad)
    with pytest.raises(GonerdError, match=r"x\.parquet: column 'text' is missing"):
        list(read_table(bad, Document))
    pq.write_table(pa.table({"id": [1], "text": ["a"]}), bad)
    with pytest.raises(GonerdError, match="column 'id' is int64, expected string"):
        list(read_table(bad, Document))
    pq.write_table(pa.table({"id": ["a", "b"], "text": ["a", "b"], "domain": ["news", "sport"]}), bad)
    with pytest.raises(GonerdError, match=r"x\.parquet row 1: .*'domain' is 'sport'"):
        list(read_table(bad, Document))


def test_failed_writes_leave_nothing(tmp_path):
    target = tmp_path / "a.txt"
    target.write_text("before")
    with pytest.raises(RuntimeError), new_file(target) as temporary:
        temporary.write_text("half")
        raise RuntimeError
    assert target.read_text() == "before"
    assert [p.name for p in tmp_path.iterdir()] == ["a.txt"]
    with pytest.raises(RuntimeError), new_folder(tmp_path / "out") as folder:
        (folder / "half").touch()
        raise RuntimeError
    assert [p.name for p in tmp_path.iterdir()] == ["a.txt"]


def test_a_strangers_folder_is_never_replaced(tmp_path):
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "thesis.tex").touch()
    with (
        pytest.raises(GonerdError, match="which this command did not write"),
        new_folder(tmp_path / "mine"),
    ):
        pass
    for content in ("1", "2"):
        with new_folder(tmp_path / "ours") as folder:
            (folder / "m.json").write_text(content)
            (folder / content).touch()
        assert (tmp_path / "ours" / "m.json").read_text() == content
    assert {p.name for p in (tmp_path / "ours").iterdir()} == {"m.json", "2", ".gonerd-made"}
    (tmp_path / "ours" / ".git").mkdir()
    with pytest.raises(GonerdError, match=r"holds '\.git'"), new_folder(tmp_path / "ours"):
        pass
    (tmp_path / "link").symlink_to(tmp_path / "big", target_is_directory=True)
    with new_folder(tmp_path / "link") as folder:
        (folder / "a").touch()
    assert (tmp_path / "link").is_symlink()
    assert (tmp_path / "big" / "a").exists()
    assert (tmp_path / "mine" / "thesis.tex").exists()


def test_files_and_folders_are_not_confused(tmp_path, monkeypatch):
    (tmp_path / "file").touch()
    (tmp_path / "folder").mkdir()
    with pytest.raises(GonerdError, match="is a file"), new_folder(tmp_path / "file"):
        pass
    with pytest.raises(GonerdError, match="is a file"), only_writer(tmp_path / "file"):
        pass
    with pytest.raises(GonerdError, match="is a folder"), new_file(tmp_path / "folder"):
        pass
    monkeypatch.chdir(tmp_path)
    with pytest.raises(GonerdError, match="working directory"), new_folder(tmp_path):
        pass


def test_one_writer_at_a_time(tmp_path):
    with only_writer(tmp_path), pytest.raises(GonerdError, match="another process is writing"), only_writer(tmp_path):
        pass


def test_jsonl_input_names_file_line_and_field(tmp_path):
    path = tmp_path / "in.jsonl"
    path.write_text('{"id": "a", "text": "x"}\n{"id": "b"}\n')
    with pytest.raises(GonerdError, match=r"in\.jsonl line 2: field 'text' must be a string"):
        list(read_documents(path))
    path.write_text('{"id": "a", "text": "x"}\n{"id": "a", "text": "y"}\n')
    with pytest.raises(GonerdError, match="'a' occurs twice"):
        list(read_documents(path))
    path.write_text("{oops\n")
    with pytest.raises(GonerdError, match=r"in\.jsonl line 1: not valid JSON"):
        list(read_documents(path))
    path.write_bytes(b'{"id": "a", "text": "Cafe\\u0301\\r\\n", "title": "T", "license": "CC0-1.0"}\n')
    (document,) = read_documents(path)
    assert (document.text, document.title, document.license) == ("Café\n", "T", "CC0-1.0")


def test_pairing_reports_what_does_not_fit(tmp_path):
    docs = list(documents(3))
    write_table(tmp_path / "docs", docs, Document)
    layer = [Annotation(d.id, "l", "1", d.sha256) for d in docs]
    write_table(tmp_path / "layer", reversed(layer), Annotation)
    assert [d.id for d, _ in pair(tmp_path / "docs", tmp_path / "layer")] == ["d0", "d1", "d2"]
    write_table(tmp_path / "short", layer[:2], Annotation)
    with pytest.raises(GonerdError, match="document 'd2' has no annotation"):
        list(pair(tmp_path / "docs", tmp_path / "short"))
    write_table(tmp_path / "few", docs[:2], Document)
    with pytest.raises(GonerdError, match="annotates document 'd2'"):
        list(pair(tmp_path / "few", tmp_path / "layer"))
    write_table(tmp_path / "twice", [*layer, layer[0]], Annotation)
    with pytest.raises(GonerdError, match=r"annotates document 'd0'|annotated twice"):
        list(pair(tmp_path / "docs", tmp_path / "twice"))
