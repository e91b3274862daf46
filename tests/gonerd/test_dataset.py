"""A build is read back by `datasets` and equals what went in; splits are disjoint."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gonerd import Annotation, Document, GonerdError, Span
from gonerd.dataset.build import build_dataset
from gonerd.dataset.load import load_dataset
from gonerd.dataset.splits import assign_splits
from gonerd.labels import BIO_TAGS, tags_to_spans
from gonerd.tables import write_table

TEXT = "Ingrid Solberg of Fjordlaks AS flew from Bergen to New York 😀 on Monday."
SPANS = (Span(0, 14, "PER"), Span(18, 30, "ORG"), Span(41, 47, "LOC"), Span(51, 59, "LOC"))


@pytest.fixture
def corpus(tmp_path):
    docs = [Document(f"d{i}", f"{TEXT}\nNo. {i}", domain="news", license="CC0-1.0") for i in range(7)]
    docs.append(Document("copy", docs[0].text, domain="news"))
    write_table(tmp_path / "docs", docs, Document)
    layer = [Annotation(d.id, "gold", "1", d.sha256, SPANS) for d in docs]
    write_table(tmp_path / "layer", layer, Annotation)
    return tmp_path


def test_build_then_load(corpus):
    summary = build_dataset(corpus / "docs", corpus / "layer", corpus / "gonerd")
    assert summary.documents == 8 == sum(summary.splits.values()) + len(summary.rejected)
    assert [(r.id, r.reason) for r in summary.rejected] == [("copy", "duplicate-text")]
    splits = load_dataset(corpus / "gonerd")
    assert {name: rows.num_rows for name, rows in splits.items()} == summary.splits
    assert sorted(row["id"] for rows in splits.values() for row in rows) == [f"d{i}" for i in range(7)]
    for rows in splits.values():
        names = rows.features["ner_tags"].feature.names
        assert names == list(BIO_TAGS)
        for row in rows:
            offsets = [(s, s + len(t)) for s, t in zip(row["token_starts"], row["tokens"], strict=True)]
            assert all(row["text"][a:b] == t for (a, b), t in zip(offsets, row["tokens"], strict=True))
            decoded = tags_to_spans([names[tag] for tag in row["ner_tags"]], offsets)
            assert [s.key for s in decoded] == [s.key for s in SPANS]
            assert [(s["start"], s["end"], s["label"]) for s in row["spans"]] == [s.key for s in SPANS]


def test_a_rebuilt_folder_loads_as_itself(corpus):
    """`datasets` caches by the card's YAML: a rebuild must never load as the build before."""
    for limit in (4, 5):
        summary = build_dataset(corpus / "docs", corpus / "layer", corpus / "gonerd", limit=limit)
        assert {name: rows.num_rows for name, rows in load_dataset(corpus / "gonerd").items()} == summary.splits


def test_bare_name_loads_from_the_folder_above(corpus, monkeypatch):
    import datasets

    build_dataset(corpus / "docs", corpus / "layer", corpus / "gonerd")
    monkeypatch.chdir(corpus)
    assert set(datasets.load_dataset("gonerd")) == {"train", "validation", "test"}


def test_rebuilding_gives_the_same_bytes(corpus):
    for name in ("a", "b"):
        build_dataset(corpus / "docs", corpus / "layer", corpus / name, name="same")
    manifests = [json.loads((corpus / name / "data" / "manifest.json").read_text()) for name in ("a", "b")]
    assert manifests[0] == manifests[1]
    assert set(manifests[0]["files"]) == {
        "README.md",
        *(f"data/{s}-00000-of-00001.parquet" for s in ("train", "validation", "test")),
    }


def test_limit_and_too_few(corpus):
    assert build_dataset(corpus / "docs", corpus / "layer", corpus / "out", limit=4).documents == 4
    with pytest.raises(GonerdError, match="at least 3 documents"):
        build_dataset(corpus / "docs", corpus / "layer", corpus / "out2", limit=2)
    assert not (corpus / "out2").exists()


@given(st.sets(st.text(min_size=1, max_size=8), min_size=3, max_size=60), st.integers(0, 5))
def test_splits_cover_everything_once_and_ignore_order(ids, seed):
    assigned = assign_splits(sorted(ids), seed)
    assert assigned.keys() == ids
    assert set(assigned.values()) == {"train", "validation", "test"}
    assert assigned == assign_splits(sorted(ids, reverse=True), seed)


def test_missing_dataset_is_one_sentence(tmp_path):
    with pytest.raises(GonerdError, match=r"holds no data/\*\.parquet"):
        load_dataset(tmp_path)
