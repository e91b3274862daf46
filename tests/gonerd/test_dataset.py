"""A build is read back by `datasets` and equals what went in; nothing leaks, nothing is lost."""

import hashlib
import json
import os
import resource
import signal
import subprocess
import sys
import time
from collections import Counter
from dataclasses import replace
from datetime import date

import datasets
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from gonerd import Annotation, GonerdError, Span
from gonerd.dataset.build import BuildSettings, build_dataset
from gonerd.dataset.load import load_dataset
from gonerd.dataset.release import read_manifest, splits_of
from gonerd.dataset.schema import CONFIGS, SPLITS
from gonerd.io import read_documents
from gonerd.labels import BIO_TAGS, tags_to_spans
from gonerd.records import Decision
from gonerd.tables import write_table
from tests.corpus import invent, write_corpus


@pytest.fixture
def corpus(tmp_path):
    documents = [invent(i) for i in range(9)]
    documents.append((replace(documents[0][0], id="copy"), documents[0][1]))
    write_corpus(tmp_path, documents)
    return tmp_path


def build(corpus, out="gonerd", **settings):
    return build_dataset(corpus / "docs", corpus / "gold", corpus / out, BuildSettings(**settings))


def tree(folder):
    return {str(p.relative_to(folder)): p.read_bytes() for p in sorted(folder.rglob("*")) if p.is_file()}


def test_build_then_load(corpus):
    summary = build(corpus)
    assert summary.documents == 10 == sum(summary.splits.values()) + len(summary.rejected)
    assert [(r.id, r.reason) for r in summary.rejected] == [("copy", "duplicate-text")]
    splits = load_dataset(corpus / "gonerd")
    assert {name: rows.num_rows for name, rows in splits.items()} == summary.splits
    expected = {document.id: (document, spans) for document, spans in map(invent, range(9))}
    seen = []
    for rows in splits.values():
        names = rows.features["ner_tags"].feature.names
        assert names == list(BIO_TAGS)
        for row in rows:
            document, spans = expected[row["id"]]
            seen.append(row["id"])
            assert (row["text"], row["text_sha256"]) == (document.text, document.sha256)
            assert row["source_sha256"] == document.sha256
            offsets = [(s, s + len(t)) for s, t in zip(row["token_starts"], row["tokens"], strict=True)]
            assert all(row["text"][a:b] == t for (a, b), t in zip(offsets, row["tokens"], strict=True))
            decoded = tags_to_spans([names[tag] for tag in row["ner_tags"]], offsets)
            assert [s.key for s in decoded] == [s.key for s in spans]
            assert [(s["start"], s["end"], s["label"]) for s in row["spans"]] == [s.key for s in spans]
    assert sorted(seen) == sorted(expected)


def test_every_config_says_the_same(corpus):
    for layer in ("gold", "annotator-a"):
        write_corpus(corpus, [invent(i) for i in range(9)], layer)
    build(corpus, annotators=(corpus / "annotator-a",))
    loaded = {config: load_dataset(corpus / "gonerd", config=config) for config in CONFIGS if config != "adjudication"}
    for split in SPLITS:
        documents = {row["id"]: row for row in loaded["documents"][split]}
        spans = Counter((i, s["start"], s["end"], s["label"]) for i, d in documents.items() for s in d["spans"])
        assert spans == Counter((r["document_id"], r["start"], r["end"], r["label"]) for r in loaded["spans"][split])
        for row in loaded["spans"][split]:
            document = documents[row["document_id"]]
            assert document["text"][row["start"] : row["end"]] == row["text"]
            assert document["token_starts"][row["first_token"]] == row["start"]
            last = row["last_token"]
            assert document["token_starts"][last] + len(document["tokens"][last]) == row["end"]
            starts = document["sentence_starts"]
            assert starts[row["sentence"]] <= row["start"] < [*starts[1:], len(document["text"]) + 1][row["sentence"]]
        inside = Counter()
        words = {key: [] for key in documents}
        for row in loaded["sentences"][split]:
            document = documents[row["document_id"]]
            assert document["text"][row["start"] : row["end"]] == row["text"] == row["text"].strip()
            assert document["sentence_starts"][row["index"]] == row["start"]
            for start, token in zip(row["token_starts"], row["tokens"], strict=True):
                assert row["text"][start : start + len(token)] == token
            words[row["document_id"]] += row["tokens"]
            inside.update(
                (row["document_id"], row["start"] + s["start"], row["start"] + s["end"], s["label"])
                for s in row["spans"]
            )
        assert inside == spans
        assert words == {key: document["tokens"] for key, document in documents.items()}
        annotators = {(row["document_id"], row["annotator"]): row["spans"] for row in loaded["annotators"][split]}
        assert annotators == {
            (key, who): document["spans"] for key, document in documents.items() for who in ("gold", "annotator-a")
        }


def test_same_input_same_bytes(corpus):
    """In another process with another hash seed, in another folder."""
    build(corpus, "a/gonerd")
    code = (
        "import sys; from pathlib import Path; from gonerd.dataset.build import build_dataset; "
        "build_dataset(*map(Path, sys.argv[1:4]))"
    )
    paths = [str(corpus / "docs"), str(corpus / "gold"), str(corpus / "b" / "gonerd")]
    for seed in ("1", "77"):
        subprocess.run(
            [sys.executable, "-P", "-c", code, *paths], check=True, env={**os.environ, "PYTHONHASHSEED": seed}
        )
        assert tree(corpus / "a" / "gonerd") == tree(corpus / "b" / "gonerd")


def test_manifest_lists_every_file(corpus):
    build(corpus)
    manifest = read_manifest(corpus / "gonerd")
    files = tree(corpus / "gonerd")
    assert set(manifest["files"]) == set(files) - {"data/manifest.json", ".gonerd-made"}
    for name, facts in manifest["files"].items():
        assert facts["sha256"] == hashlib.sha256(files[name]).hexdigest()
        assert facts["bytes"] == len(files[name])
        if name.endswith(".parquet"):
            assert facts["rows"] == pq.read_table(corpus / "gonerd" / name).num_rows


def test_parquet_layout(corpus, monkeypatch):
    """Small row groups with a page index, shards numbered i-of-n."""
    monkeypatch.setattr("gonerd.dataset.writer.ROWS_PER_GROUP", dict.fromkeys(CONFIGS, 2))
    monkeypatch.setattr("gonerd.dataset.writer.GROUPS_PER_SHARD", 1)
    summary = build(corpus)
    for split in SPLITS:
        paths = sorted((corpus / "gonerd" / "data" / "documents").glob(f"{split}-*"))
        shards = max(1, -(-summary.splits[split] // 2))
        assert [p.name for p in paths] == [f"{split}-{i:05d}-of-{shards:05d}.parquet" for i in range(shards)]
        for path in paths:
            metadata = pq.read_metadata(path)
            assert all(metadata.row_group(i).num_rows <= 2 for i in range(metadata.num_row_groups))
            assert metadata.row_group(0).column(0).has_offset_index
            assert metadata.row_group(0).column(0).has_column_index
    assert {name: rows.num_rows for name, rows in load_dataset(corpus / "gonerd").items()} == summary.splits


def test_a_rebuilt_folder_loads_as_itself(corpus):
    """`datasets` caches by the card's YAML: a rebuild must never load as the build before."""
    for limit in (6, 8):
        summary = build(corpus, limit=limit)
        assert {name: rows.num_rows for name, rows in load_dataset(corpus / "gonerd").items()} == summary.splits


def test_bare_name_loads_from_the_folder_above(corpus, monkeypatch):
    build(corpus)
    monkeypatch.chdir(corpus)
    assert set(datasets.load_dataset("gonerd")) == set(SPLITS)


def test_previous_release_keeps_its_splits(corpus):
    build(corpus, "first", seed=3)
    write_corpus(corpus, [invent(i) for i in range(40)])
    build(corpus, "second", seed=99, previous=corpus / "first")
    first, second = splits_of(corpus / "first"), splits_of(corpus / "second")
    assert {key: second[key] for key in first} == first
    assert len(second) == 40


def test_leaks_fail_the_build(corpus):
    """A new document that is a near-copy of a training and of a test document cannot be placed."""
    documents = dict(enumerate(invent(i) for i in range(9)))
    build(corpus, "first")
    known = splits_of(corpus / "first")
    train, test = (next(i for i in documents if known[f"d{i}"] == split) for split in ("train", "test"))
    sentences = invent(50, 80)[0].text.split("\n")
    third = len(sentences) // 3
    for number, part in ((train, sentences[third:]), (test, sentences[:-third])):
        documents[number] = (replace(documents[number][0], text="\n".join(part), sha256=""), ())
    write_corpus(corpus, documents.values())
    build(corpus, "first")
    assert {key: splits_of(corpus / "first")[key] for key in known} == known
    both = invent(50, 80, source=None)[0]
    write_corpus(corpus, [*documents.values(), (both, ())])
    with pytest.raises(GonerdError, match=r"near-duplicate .*--previous"):
        build(corpus, "second", previous=corpus / "first")
    assert not (corpus / "second").exists()
    found = json.loads((corpus / "second.leakage.json").read_text())
    assert found["found"]["near-duplicate"] == len(found["leaks"]) >= 1
    (corpus / "block.txt").write_text("d50  # joins two splits\n")
    summary = build(corpus, "second", previous=corpus / "first", blocklist=corpus / "block.txt")
    assert [(r.id, r.reason) for r in summary.rejected] == [("d50", "blocklisted")]


def test_near_duplicates_stay_together(corpus):
    documents = [invent(i, 30) for i in range(30)]
    for number in range(0, 30, 3):
        document, spans = documents[number]
        cut = document.text.rindex("\n")
        copy = replace(document, id=f"copy{number}", text=document.text[:cut], sha256="", url=None, source="agency")
        documents.append((copy, tuple(s for s in spans if s.end <= cut)))
    write_corpus(corpus, documents)
    build(corpus)
    splits = splits_of(corpus / "gonerd")
    assert len(splits) == 40
    assert all(splits[f"copy{n}"] == splits[f"d{n}"] for n in range(0, 30, 3))
    report = json.loads((corpus / "gonerd" / "data" / "leakage.json").read_text())
    assert {tuple(sorted(pair[:2])) for pair in report["near_duplicates_kept_together"]} == {
        (f"copy{n}", f"d{n}") for n in range(0, 30, 3)
    }


RIGHTS = {
    "d0": {"license": "unknown"},
    "d1": {"license": "CC-BY-NC-4.0"},
    "d2": {"license": "CC-BY-ND-4.0"},
    "d3": {"license_evidence": None},
    "d4": {"license": "CC-BY-SA-4.0"},
}


def test_full_release_refuses_what_may_not_be_passed_on(corpus):
    write_corpus(corpus, [invent(i, **RIGHTS.get(f"d{i}", {})) for i in range(12)])
    summary = build(corpus)
    assert {r.id: r.reason for r in summary.rejected} == {
        "d0": "licence-unknown",
        "d1": "licence-forbids",
        "d2": "licence-forbids",
        "d3": "licence-unproven",
    }
    assert "non-commercial" in summary.rejected[1].detail
    assert build(corpus, "all", release="private").splits != summary.splits


def test_urls_only_release_holds_no_text_of_others(corpus):
    write_corpus(corpus, [invent(i, **RIGHTS.get(f"d{i}", {})) for i in range(12)])
    quotes = [Decision(f"d{i}", 0, 30, "label", *[f"[{invent(i)[0].text[:30]}]{{PER}}"] * 3) for i in range(12)]
    write_table(corpus / "gold" / "decisions", quotes, Decision)
    summary = build(corpus, release="urls-only")
    assert (summary.withheld, summary.rejected) == (4, [])
    rows = {row["id"]: row for split in load_dataset(corpus / "gonerd").values() for row in split}
    for number in range(12):
        document, spans = invent(number)
        row = rows[document.id]
        assert row["text_sha256"] == document.sha256
        assert row["url"] == document.url
        assert [(s["start"], s["end"], s["label"]) for s in row["spans"]] == [s.key for s in spans]
        assert row["text"] == (None if number < 4 else document.text)
        assert bool(row["tokens"]) == (number >= 4)
    dumps = {
        path: json.dumps(pq.read_table(path).to_pylist(), ensure_ascii=False)
        for path in (corpus / "gonerd" / "data").rglob("*.parquet")
    }
    dumps |= {path: path.read_text() for path in (corpus / "gonerd").rglob("*.[jm]*") if path.is_file()}
    for number in range(12):
        found = {p.parent.name for p, dump in dumps.items() if invent(number)[0].text[:30] in dump}
        assert found == (set() if number < 4 else {"documents", "sentences", "adjudication"})
        assert any(f'"Title {number}"' in dump for dump in dumps.values()) == (number >= 4)


def test_contact_data_is_masked_and_counted(corpus):
    document, spans = invent(20)
    tail = " Write to ana.ruiz@example.com or call (865) 555-0142; SSN 000-12-3456."
    write_corpus(corpus, [*map(invent, range(9)), (replace(document, text=document.text + tail, sha256=""), spans)])
    summary = build(corpus)
    assert summary.masked == {"email": 1, "phone": 1, "us-ssn": 1}
    row = next(r for split in load_dataset(corpus / "gonerd").values() for r in split if r["id"] == document.id)
    assert row["text"].endswith(" Write to xxx.xxxx@xxxxxxx.xxx or call (000) 000-0000; SSN 000-00-0000.")
    assert row["source_sha256"] is None, "it would give the masked numbers away"
    assert row["text_sha256"] == hashlib.sha256(row["text"].encode()).hexdigest()


def _bad_documents(folder):
    documents = pq.read_table(folder / "docs" / "part-00000.parquet")
    return documents, folder / "docs" / "part-00000.parquet"


def _wrong_type(folder):
    table, path = _bad_documents(folder)
    index = table.schema.get_field_index("text")
    pq.write_table(table.set_column(index, "text", pa.array(range(len(table)))), path)


def _spans(*spans):
    def damage(folder):
        documents = [invent(i) for i in range(9)]
        documents[4] = (replace(documents[4][0], text="Zq\u0323ro Oslo Bergen", sha256=""), spans)
        write_corpus(folder, documents)

    return damage


def _wrong_span_type(folder):
    table = pq.read_table(folder / "gold" / "part-00000.parquet")
    rows = table.drop_columns(["spans"]).to_pylist()
    for row in rows:
        row["spans"] = [{"start": "a", "end": "b", "label": "PER"}]
    pq.write_table(pa.Table.from_pylist(rows), folder / "gold" / "part-00000.parquet")


def _twice(folder):
    table, path = _bad_documents(folder)
    pq.write_table(pa.concat_tables([table, table.slice(3, 1)]), path)


def _garbage(folder):
    (folder / "docs" / "part-00000.parquet").write_bytes(b"PAR1 not really")


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (_wrong_type, r"part-00000.parquet: column 'text' is int64, expected string"),
        (_wrong_span_type, r"part-00000.parquet: column 'spans' is list<.*>, expected"),
        (_spans(Span(6, 10, "LOC"), Span(8, 17, "LOC")), r"gold/part-00000.parquet row 4: .*overlaps the span before"),
        (_spans(Span(0, 2, "PER")), r"gold/part-00000.parquet row 4: .*splits a character at 2"),
        (_spans(Span(5, 10, "PER")), r"gold/part-00000.parquet row 4: .*white space"),
        (_spans(Span(6, 10, "GPE")), r"gold/part-00000.parquet row 4: .*unknown label; use one of LOC, MISC, ORG, PER"),
        (_twice, r"docs/part-00000.parquet row 10: field 'id' 'd3' occurs twice"),
        (_garbage, r"docs/part-00000.parquet: not a readable parquet file"),
    ],
)
def test_bad_input_is_named(corpus, damage, message):
    damage(corpus)
    with pytest.raises(GonerdError, match=message):
        build(corpus)
    assert not (corpus / "gonerd").exists()
    assert not list(corpus.glob(".*"))


def test_a_full_disk_leaves_nothing(corpus):
    """Writing stops at a size limit, as on a full disk: the earlier release stands, nothing half-written does."""
    build(corpus)
    before = tree(corpus / "gonerd")
    write_corpus(corpus, [invent(i, 2000) for i in range(9)])

    def small_files():
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (60_000, 60_000))

    command = ["dataset", "build", "--documents", "docs", "--layer", "gold", "--out", "gonerd"]
    done = subprocess.run(
        [sys.executable, "-P", "-m", "gonerd", *command],
        cwd=corpus, preexec_fn=small_files, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 1
    assert done.stderr.strip().splitlines()[-1].startswith("error: ")
    assert "cannot be written" in done.stderr
    assert tree(corpus / "gonerd") == before
    assert not list(corpus.glob(".*.part")) and not list(corpus.glob(".*.old"))


def test_a_killed_build_leaves_nothing_after_the_next(corpus):
    write_corpus(corpus, [invent(i, 100) for i in range(300)])
    command = ["dataset", "build", "--documents", "docs", "--layer", "gold", "--out", "gonerd"]
    words = [sys.executable, "-P", "-m", "gonerd", *command]
    process = subprocess.Popen(words, cwd=corpus, stdout=subprocess.DEVNULL)
    while not list(corpus.glob(".gonerd.*.part/data/documents/*")):
        assert process.poll() is None, "it ended before it could be killed"
        time.sleep(0.01)
    process.kill()
    process.wait()
    assert not (corpus / "gonerd").exists()
    assert len(list(corpus.glob(".gonerd.*.part"))) == 1
    subprocess.run(words, cwd=corpus, check=True, stdout=subprocess.DEVNULL)
    assert not list(corpus.glob(".gonerd.*"))
    build(corpus, "other", name="gonerd")
    assert tree(corpus / "gonerd") == tree(corpus / "other")


def test_partial_annotator_layers_are_taken_as_far_as_they_go(corpus):
    documents = [invent(i) for i in range(9)]
    layer = [Annotation(d.id, "annotator-a", "1.0", d.sha256, s) for d, s in documents[:2]]
    write_table(corpus / "annotator-a", layer, Annotation)
    build(corpus, annotators=(corpus / "annotator-a",))
    rows = [r for split in load_dataset(corpus / "gonerd", config="annotators").values() for r in split]
    assert sorted(r["document_id"] for r in rows if r["annotator"] == "annotator-a") == ["d0", "d1"]


def test_a_release_that_stands_there_keeps_its_splits(corpus):
    """Small corpora are where splits would move; with another seed they are drawn anew."""
    build(corpus)
    for count in (11, 14, 25):
        before = splits_of(corpus / "gonerd")
        write_corpus(corpus, [invent(i) for i in range(count)])
        assert build(corpus).previous == corpus / "gonerd"
        after = splits_of(corpus / "gonerd")
        assert {key: after[key] for key in before} == before
        assert len(after) == count
    assert build(corpus, seed=5).previous is None
    assert splits_of(corpus / "gonerd") != after


def test_a_split_that_would_be_empty_is_refused(corpus):
    build(corpus, "first")
    held = [key for key, split in splits_of(corpus / "first").items() if split == "test"]
    (corpus / "block.txt").write_text("\n".join(held))
    with pytest.raises(GonerdError, match=r"split 'test' would be empty"):
        build(corpus, "second", previous=corpus / "first", blocklist=corpus / "block.txt")


def test_documents_of_one_address_or_week_stay_together(corpus):
    documents = [invent(i) for i in range(30)]
    for i in range(10):
        twin, spans = invent(100 + i, url=f"HTTPS://Site.example/{i}?utm_source=rss#top")
        week = invent(200 + i, source=f" SOURCE-{(10 + i) % 3} ", published=documents[10 + i][0].published)
        documents += [(twin, spans), week]
    write_corpus(corpus, documents)
    build(corpus)
    splits = splits_of(corpus / "gonerd")
    assert all(splits[f"d{100 + i}"] == splits[f"d{i}"] for i in range(10))
    assert all(splits[f"d{200 + i}"] == splits[f"d{10 + i}"] for i in range(10))


def test_blocklist(corpus):
    documents = [*[invent(i) for i in range(9)], (replace(invent(20)[0], id="site#3 b"), ())]
    write_corpus(corpus, documents)
    (corpus / "block.txt").write_text("# removed on request\nsite#3 b  # a note\nd4\nnobody\n")
    summary = build(corpus, blocklist=corpus / "block.txt")
    assert {(r.id, r.reason) for r in summary.rejected} == {("site#3 b", "blocklisted"), ("d4", "blocklisted")}
    assert summary.unmet == ["nobody"]


def test_a_withheld_text_without_address_is_set_aside(corpus):
    write_corpus(corpus, [invent(i, **({"license": "unknown", "url": None} if i == 4 else {})) for i in range(9)])
    assert [(r.id, r.reason) for r in build(corpus, release="urls-only").rejected] == [("d4", "licence-unknown")]


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"version": "banana split"}, "not of the form 1.2.3"),
        ({"annotators": ("gold", "gold")}, "names one layer twice"),
        ({"annotators": ("none",)}, "none: no such annotation layer"),
        ({"prose": "none.md"}, "none.md: no such card prose"),
        ({"prose": "latin.md"}, "latin.md: not UTF-8 text"),
    ],
)
def test_settings_are_checked_before_anything_is_read(corpus, settings, message):
    (corpus / "latin.md").write_bytes(b"caf\xe9")
    (corpus / "docs" / "part-00000.parquet").write_bytes(b"never read")
    paths = {
        key: tuple(corpus / name for name in value) if key == "annotators" else corpus / value
        for key, value in settings.items()
        if key != "version"
    }
    with pytest.raises(GonerdError, match=message):
        build(corpus, **{**settings, **paths})


def test_the_users_plot_settings_change_nothing(corpus, monkeypatch):
    import matplotlib

    build(corpus, "a/gonerd")
    monkeypatch.setitem(matplotlib.rcParams, "axes.facecolor", "black")
    build(corpus, "b/gonerd")
    assert tree(corpus / "a" / "gonerd") == tree(corpus / "b" / "gonerd")


def test_free_text_is_masked_too(corpus):
    documents = [invent(i) for i in range(9)]
    mail = "joe.smith@private.example"
    document = replace(documents[0][0], title=f"By {mail}", license_evidence=f"mail from {mail}")
    documents[0] = (document, documents[0][1])
    write_corpus(corpus, documents)
    write_table(corpus / "gold" / "decisions", [Decision("d0", 0, 5, "label", mail, mail, mail)], Decision)
    build(corpus)
    for config in CONFIGS:
        for path in (corpus / "gonerd" / "data" / config).glob("*.parquet"):
            assert mail not in json.dumps(pq.read_table(path).to_pylist())


def test_documents_from_jsonl_keep_their_dates(corpus):
    rows = [
        {
            "id": f"j{i}",
            "text": invent(i)[0].text,
            "source": "s",
            "published": f"2024-05-{6 + i % 5:02d}",
            "title": "a\r\nb",
        }
        for i in range(9)
    ]
    (corpus / "d.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    read = list(read_documents(corpus / "d.jsonl"))
    assert (read[0].published, read[0].title) == (date(2024, 5, 6), "a b")
    write_table(corpus / "jl", [Annotation(d.id, "jl", "1", d.sha256, ()) for d in read], Annotation)
    with pytest.raises(GonerdError, match="3 groups of documents, one a split, but 1 are left"):
        build_dataset(corpus / "d.jsonl", corpus / "jl", corpus / "out", BuildSettings(release="private"))


@pytest.mark.parametrize(
    ("field", "message"),
    [
        ('"published": "yesterday"', "line 1: field 'published' is 'yesterday', no ISO 8601 date"),
        ('"license": 7', "line 1: field 'license' is int, expected a string"),
        ('"source": "\\ud83d"', "line 1: a field holds half a surrogate pair"),
        ('"domain": "weather"', "line 1: document a: field 'domain' is 'weather'"),
    ],
)
def test_bad_fields_of_jsonl_are_named(tmp_path, field, message):
    (tmp_path / "d.jsonl").write_text(f'{{"id": "a", "text": "b", {field}}}\n')
    with pytest.raises(GonerdError, match=message):
        list(read_documents(tmp_path / "d.jsonl"))


def test_nulls_and_broken_pages_are_named(corpus):
    path = corpus / "docs" / "part-00000.parquet"
    rows = pq.read_table(path).to_pylist()
    rows[3]["text"] = None
    pq.write_table(pa.Table.from_pylist(rows), path)
    with pytest.raises(GonerdError, match=r"part-00000.parquet row 3: column 'text' is null; fill it in"):
        build(corpus)
    data = bytearray(path.read_bytes())
    data[100:600] = bytes(500)
    path.write_bytes(data)
    with pytest.raises(GonerdError, match=r"part-00000.parquet: not a readable parquet file"):
        build(corpus)


def test_categories_as_pandas_writes_them(corpus):
    path = corpus / "docs" / "part-00000.parquet"
    table = pq.read_table(path)
    index = table.schema.get_field_index("domain")
    pq.write_table(table.set_column(index, "domain", table["domain"].dictionary_encode()), path)
    assert build(corpus).documents == 10
