"""Each kind of damage to a release is found, and a sound release has no error."""

import json
import subprocess
import sys

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from gonerd import GonerdError, Span
from gonerd.dataset.build import BuildSettings, build_dataset
from gonerd.dataset.check import check_release
from gonerd.dataset.release import file_facts
from gonerd.dataset.schema import MANIFEST, SPLITS
from tests.corpus import invent, write_corpus


@pytest.fixture
def release(tmp_path):
    write_corpus(tmp_path, [invent(i, 8) for i in range(12)])
    build_dataset(tmp_path / "docs", tmp_path / "gold", tmp_path / "made", BuildSettings())
    return tmp_path / "made"


def rewrite(release, config, change, split="train"):
    """Applies `change` to the rows of a split, and mends the manifest, so that only the check of rows can see it."""
    (path,) = (release / "data" / config).glob(f"{split}-*")
    table = pq.read_table(path)
    pq.write_table(pa.Table.from_pylist(change(table.to_pylist()), schema=table.schema), path)
    manifest = json.loads((release / MANIFEST).read_text())
    facts = file_facts(path)
    name = path.relative_to(release).as_posix()
    manifest["files"][name] = {"sha256": facts.sha256, "bytes": facts.bytes, "rows": facts.rows}
    (release / MANIFEST).write_text(json.dumps(manifest))


DECISION = {
    "document_id": "d0",
    "kind": "label",
    "start": -5,
    "end": 10**7,
    "text": "x",
    "marked": "",
    "decision": "",
    "reason": "",
}


def errors(release):
    return {f.check for f in check_release(release) if f.severity == "error"} - {"card"}


def test_sound(release):
    assert [f for f in check_release(release) if f.severity == "error"] == []


def first(**values):
    return lambda rows: [{**rows[0], **values}, *rows[1:]]


def edit(name, change):
    return lambda rows: [{**rows[0], name: change(rows[0][name])}, *rows[1:]]


@pytest.mark.parametrize(
    ("config", "change", "check"),
    [
        ("documents", edit("text", lambda t: t[:-1] + "!"), "hash"),
        ("documents", edit("text", lambda t: t[:-1] + "!"), "tokens"),
        ("documents", first(text=" \n"), "empty-document"),
        ("documents", edit("spans", lambda s: [{**s[0], "end": 10**6}, *s[1:]]), "spans"),
        ("documents", edit("spans", lambda s: [s[0], {**s[0], "start": s[0]["start"] + 1}, *s[1:]]), "spans"),
        ("documents", edit("spans", lambda s: [{**s[0], "label": "GPE"}, *s[1:]]), "spans"),
        ("documents", edit("spans", lambda s: s[1:]), "tags"),
        ("documents", edit("ner_tags", lambda t: [0] * len(t)), "tags"),
        ("documents", edit("ner_tags", lambda t: t[1:]), "tags"),
        ("documents", edit("ner_tags", lambda t: [None, *t[1:]]), "tags"),
        ("documents", first(spans=None), "spans"),
        ("documents", first(published="yesterday"), "spans"),
        ("documents", first(domain="weather"), "spans"),
        ("documents", first(license="unknown"), "rights"),
        ("documents", first(license_evidence=None), "rights"),
        ("documents", first(source_sha256="0" * 64), "hash"),
        ("documents", lambda rows: [], "manifest"),
        ("documents", edit("tokens", lambda t: t[1:]), "tokens"),
        ("documents", first(sentence_starts=[]), "sentences"),
        ("annotators", lambda rows: rows[1:], "annotators-config"),
        ("annotators", edit("spans", lambda s: s[1:]), "annotators-config"),
        ("annotators", first(text_sha256="0" * 64), "annotators-config"),
        (
            "annotators",
            lambda rows: [*rows, {**rows[-1], "spans": [{"start": 0, "end": 10**6, "label": "FOO"}]}],
            "annotators-config",
        ),
        ("adjudication", lambda rows: [DECISION, *rows], "adjudication-config"),
        ("documents", edit("token_starts", lambda t: [t[0] + 1, *t[1:]]), "tokens"),
        ("documents", edit("sentence_starts", lambda s: [*s, 10**6]), "sentences"),
        ("documents", lambda rows: [*rows, rows[0]], "duplicate-id"),
        ("documents", lambda rows: [*rows, {**rows[0], "id": "other"}], "duplicate-text"),
        ("documents", first(text=None), "withheld"),
        ("sentences", lambda rows: rows[1:], "sentences-config"),
        ("spans", edit("label", lambda label: "MISC" if label != "MISC" else "PER"), "spans-config"),
        ("spans", lambda rows: [*rows, {**rows[0], "document_id": "nobody"}], "spans-config"),
    ],
)
def test_damage_is_found(release, config, change, check):
    rewrite(release, config, change)
    assert check in errors(release)


def test_leakage_is_found(release):
    (path,) = (release / "data" / "documents").glob("train-*")
    stolen = pq.read_table(path).to_pylist()[0]
    near = stolen["text"] + " End"
    rewrite(release, "documents", lambda rows: [*rows, {**stolen, "text": near, "url": None}], "test")
    found = [f for f in check_release(release) if f.check in ("leakage", "duplicate-id", "hash")]
    assert {f.check for f in found} >= {"hash"}
    rewrite(release, "documents", lambda rows: [*rows[:-1], {**stolen, "id": "thief"}], "test")
    messages = [f.message for f in check_release(release) if f.check == "leakage"]
    assert any(m.startswith("same-text") for m in messages)
    assert any(m.startswith("same-url") for m in messages)
    assert any(m.startswith("near-duplicate") for m in messages)
    assert any(m.startswith("same-source-and-week") for m in messages)


def test_files_and_card(release):
    readme = release / "README.md"
    readme.write_text(readme.read_text().replace("| train | ", "| train | 9"))
    (path,) = (release / "data" / "spans").glob("test-*")
    path.unlink()
    found = {(f.check, f.where.partition(" ")[0]) for f in check_release(release) if f.severity == "error"}
    assert ("files", "README.md") in found
    assert ("files", path.relative_to(release).as_posix()) in found


def test_stale_card(release):
    readme = release / "README.md"
    readme.write_text(readme.read_text().replace("| train | ", "| train | 9"))
    manifest = json.loads((release / MANIFEST).read_text())
    facts = file_facts(readme)
    manifest["files"]["README.md"] = {"sha256": facts.sha256, "bytes": facts.bytes, "rows": None}
    (release / MANIFEST).write_text(json.dumps(manifest))
    assert {f.check for f in check_release(release) if f.severity == "error"} == {"card"}


def test_two_labels_for_one_name_is_a_warning(tmp_path):
    documents = [invent(i) for i in range(9)]
    document, spans = documents[0]
    document, spans = invent(0, 30)
    name = document.text[spans[0].start : spans[0].end]
    again = next(s for s in spans[1:] if document.text[s.start : s.end] == name)
    other = "MISC"
    documents[0] = (document, tuple(Span(s.start, s.end, other) if s == again else s for s in spans))
    write_corpus(tmp_path, documents)
    build_dataset(tmp_path / "docs", tmp_path / "gold", tmp_path / "made")
    found = check_release(tmp_path / "made")
    assert {f.severity for f in found} == {"warning"}
    assert any(repr(name) in f.message and "MISC at" in f.message for f in found)


def test_command(release):
    command = [sys.executable, "-P", "-m", "gonerd", "dataset", "check", str(release)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.splitlines()[-1].startswith("0 errors, ")
    for split in SPLITS:
        rewrite(release, "documents", first(text="changed"), split)
    done = subprocess.run(
        [*command, "--out", str(release.parent / "f.json")], capture_output=True, text=True, check=False
    )
    assert done.returncode == 1
    assert done.stderr.startswith(f"error: {release}: ")
    assert len(done.stderr.splitlines()) == 1
    assert json.loads((release.parent / "f.json").read_text())


def test_a_broken_page_is_a_finding(release):
    (path,) = (release / "data" / "documents").glob("train-*")
    data = bytearray(path.read_bytes())
    data[200:400] = bytes(200)
    path.write_bytes(data)
    assert "files" in {f.check for f in check_release(release) if f.severity == "error"}


def test_unlisted_and_malformed(release):
    (release / "data" / "notes.txt").write_text("x")
    assert any(f.where == "data/notes.txt" for f in check_release(release))
    manifest = json.loads((release / MANIFEST).read_text())
    manifest["files"]["README.md"] = {}
    (release / MANIFEST).write_text(json.dumps(manifest))
    with pytest.raises(GonerdError, match=r"file 'README.md' lacks its sha256 or bytes"):
        check_release(release)


def test_another_language_is_sound(tmp_path):
    write_corpus(tmp_path, [invent(i, 8, language="de") for i in range(12)])
    build_dataset(tmp_path / "docs", tmp_path / "gold", tmp_path / "made")
    assert [f for f in check_release(tmp_path / "made") if f.severity == "error"] == []
    assert "language:\n- de\n" in (tmp_path / "made" / "README.md").read_text()
