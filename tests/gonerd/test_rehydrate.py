"""An urls-only release, completed, equals the private build of the same documents."""

import json
import subprocess
import sys
from dataclasses import replace

import pytest

from gonerd import Document, GonerdError, UsageError
from gonerd.dataset.build import BuildSettings, build_dataset
from gonerd.dataset.check import check_release
from gonerd.dataset.load import load_dataset
from gonerd.dataset.masking import mask
from gonerd.dataset.rehydrate import rehydrate
from gonerd.dataset.texts import texts_from
from gonerd.io import read_documents
from gonerd.tables import write_table
from tests.corpus import invent, write_corpus

MAIL = " Mail ana@example.org."


@pytest.fixture
def corpus(tmp_path):
    documents = [invent(i, 8, license="unknown" if i % 2 else "CC0-1.0") for i in range(12)]
    document, spans = documents[3]
    documents[3] = (replace(document, text=document.text + MAIL, sha256=""), spans)
    write_corpus(tmp_path, documents)
    for release in ("urls-only", "private"):
        build_dataset(
            tmp_path / "docs", tmp_path / "gold", tmp_path / release, BuildSettings(release=release, name="x")
        )
    return tmp_path


def rows(folder, config):
    return {split: sorted(map(repr, data)) for split, data in load_dataset(folder, config=config).items()}


def test_completed_equals_the_private_build(corpus):
    found = texts_from(corpus / "urls-only", documents=corpus / "docs")
    summary = rehydrate(corpus / "urls-only", corpus / "full", found)
    assert (summary.withheld, summary.filled, summary.missing) == (6, 6, {})
    for config in ("documents", "sentences", "spans", "annotators"):
        assert rows(corpus / "full", config) == rows(corpus / "private", config)
    assert [f for f in check_release(corpus / "full") if f.severity == "error"] == []
    assert json.loads((corpus / "full" / "data" / "manifest.json").read_text())["release"] == "private"


def test_changed_and_missing_texts_stay_out(corpus):
    documents = list(read_documents(corpus / "docs"))
    documents[1] = replace(documents[1], text=documents[1].text.replace(".", "!", 1), sha256="")
    del documents[5]
    write_table(corpus / "later", documents, Document)
    found = texts_from(corpus / "urls-only", documents=corpus / "later")
    summary = rehydrate(corpus / "urls-only", corpus / "part", found)
    assert (summary.withheld, summary.filled) == (6, 4)
    assert summary.missing == {"text-changed": 1, "not-found": 1}
    manifest = json.loads((corpus / "part" / "data" / "manifest.json").read_text())
    assert manifest["missing"] == {"d1": "text-changed", "d5": "not-found"}
    texts = {row["id"]: row["text"] for data in load_dataset(corpus / "part").values() for row in data}
    assert [key for key, text in sorted(texts.items()) if text is None] == ["d1", "d5"]
    assert texts["d3"].endswith(" Mail xxx@xxxxxxx.xxx.")
    assert [f for f in check_release(corpus / "part") if f.severity == "error"] == []


def test_refusals(corpus):
    with pytest.raises(UsageError, match="exactly one of --documents, --warc and --web"):
        texts_from(corpus / "urls-only")
    with pytest.raises(GonerdError, match="nothing to fill in"):
        rehydrate(corpus / "private", corpus / "x", [])
    with pytest.raises(GonerdError, match=r"none of 6 texts could be filled in \(6 not-found\)"):
        rehydrate(corpus / "urls-only", corpus / "x", [])
    assert not (corpus / "x").exists()


def test_from_warc_and_from_the_web(tmp_path):
    """The whole circle on a loopback site: crawl, extract, build without texts, fill in from WARC and from the site."""
    from gonerd.crawl.site.documents import load_pages
    from tests.site import plain_site

    with plain_site(load_pages()[:8]) as base:

        def run(*words):
            command = [sys.executable, "-P", "-m", "gonerd", *map(str, words)]
            done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
            assert done.returncode == 0, done.stderr
            return done.stdout

        (tmp_path / "urls.txt").write_text("".join(f"{base}{i}\n" for i in range(8)))
        run("crawl", "run", "--urls", "urls.txt", "--allow-host", "127.0.0.1", "--out", "crawl")
        run("crawl", "extract", "crawl", "--out", "docs")
        documents = list(read_documents(tmp_path / "docs"))
        assert len(documents) == 8
        write_corpus(tmp_path, [(document, ()) for document in documents])
        run("dataset", "build", "--documents", "docs", "--layer", "gold", "--out", "made", "--release", "urls-only")
        assert "8 filled in" in run("dataset", "rehydrate", "made", "--warc", "crawl", "--out", "one")
        web = ("--web", "--allow-host", "127.0.0.1", "--out", "two")
        assert "8 filled in" in run("dataset", "rehydrate", "made", *web)
    texts = {row["id"]: row["text"] for data in load_dataset(tmp_path / "two").values() for row in data}
    assert texts == {document.id: mask(document.text)[0] for document in documents}
    assert rows(tmp_path / "one", "documents") == rows(tmp_path / "two", "documents")
