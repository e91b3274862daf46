"""Exports read back by the libraries they are made for."""

import json
import sys
import warnings

import pytest
from seqeval.metrics.sequence_labeling import get_entities

from gonerd import Annotation, Document, Span, UsageError
from gonerd.cli import main
from gonerd.dataset.build import BuildSettings, build_dataset
from gonerd.dataset.export import export_dataset
from gonerd.dataset.load import load_dataset
from gonerd.formats import FORMATS
from tests.corpus import invent, write_corpus


@pytest.fixture(scope="module")
def release(tmp_path_factory):
    folder = tmp_path_factory.mktemp("formats")
    write_corpus(folder, [invent(i) for i in range(9)])
    build_dataset(folder / "docs", folder / "gold", folder / "made", BuildSettings())
    return folder / "made"


@pytest.fixture
def rows(release):
    return {split: list(data) for split, data in load_dataset(release).items()}


def test_every_format_is_known():
    assert FORMATS.names() == ["argilla", "brat", "conll", "docbin", "doccano", "jsonl", "label-studio", "prodigy"]
    with pytest.raises(UsageError, match="did you mean 'conll'"):
        FORMATS.get("conl")


def test_jsonl(release, rows, tmp_path):
    assert export_dataset(str(release), tmp_path / "out") == {split: len(data) for split, data in rows.items()}
    for split, data in rows.items():
        lines = [json.loads(line) for line in (tmp_path / "out" / f"{split}.jsonl").read_text().splitlines()]
        spans = [[{**s, "text": row["text"][s["start"] : s["end"]]} for s in row["spans"]] for row in data]
        assert [line["spans"] for line in lines] == spans
        for name in ("id", "text", "text_sha256"):
            assert [line[name] for line in lines] == [row[name] for row in data]


def test_conll(release, rows, tmp_path):
    export_dataset(str(release), tmp_path / "out", "conll")
    for split, data in rows.items():
        documents = (tmp_path / "out" / f"{split}.conll").read_text().split("-DOCSTART- -X- -X- O\n\n")[1:]
        assert len(documents) == len(data)
        for text, row in zip(documents, data, strict=True):
            sentences = [[line.split(" ") for line in part.splitlines()] for part in text.strip().split("\n\n")]
            assert len(sentences) == len(row["sentence_starts"])
            assert [line[0] for sentence in sentences for line in sentence] == row["tokens"]
            tags = [line[3] for sentence in sentences for line in sentence]
            found = [
                (row["token_starts"][a], row["token_starts"][b] + len(row["tokens"][b]), label)
                for label, a, b in get_entities(tags)
            ]
            assert found == [(s["start"], s["end"], s["label"]) for s in row["spans"]]


def test_docbin(release, rows, tmp_path):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # spaCy's own, at import
        import spacy
        from spacy.tokens import DocBin
    export_dataset(str(release), tmp_path / "out", "docbin")
    for split, data in rows.items():
        found = list(DocBin().from_disk(tmp_path / "out" / f"{split}.spacy").get_docs(spacy.blank("en").vocab))
        assert [doc.user_data["id"] for doc in found] == [row["id"] for row in data]
        assert [doc.text for doc in found] == [row["text"] for row in data]
        for doc, row in zip(found, data, strict=True):
            ents = [(e.start_char, e.end_char, e.label_) for e in doc.ents]
            assert ents == [(s["start"], s["end"], s["label"]) for s in row["spans"]]
            assert [s.start_char for s in doc.sents] == row["sentence_starts"]


class Missing:
    """Finds nothing where a plain installation has nothing: neither a sentence splitter nor spaCy."""

    @staticmethod
    def find_spec(name, path=None, target=None):
        if name in ("sentencex", "spacy"):
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)


@pytest.fixture
def core_only(monkeypatch):
    own = ("gonerd.dataset.rows", "gonerd.dataset.sentences")
    for name in [n for n in sys.modules if n.partition(".")[0] in ("sentencex", "spacy") or n in own]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setattr(sys, "meta_path", [Missing, *sys.meta_path])


@pytest.mark.usefixtures("core_only")
def test_a_plain_installation_exports_jsonl(release, tmp_path, capsys):
    def export(name, format):
        return main(["dataset", "export", str(name), "--out", str(tmp_path / format), "--format", format])

    assert export(release, "jsonl") == 0
    for name, format, code, words in [
        (release, "conll", 1, "needs the package 'sentencex'"),
        (release, "docbin", 1, "needs the package 'spacy'"),
        (release, "conl", 2, "did you mean 'conll'"),
        ("./nowhere", "conll", 1, "./nowhere: no such folder"),
    ]:
        assert export(name, format) == code
        (line,) = capsys.readouterr().err.strip().splitlines()
        assert words in line
        assert not (tmp_path / format).exists()


def test_docbin_of_a_language_that_spacy_does_not_know(tmp_path):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import spacy
        from spacy.tokens import DocBin
    document = Document("a", "Oslo ne dormas.", language="eo")
    annotation = Annotation("a", "gold", "1", document.sha256, (Span(0, 4, "LOC"),))
    FORMATS.get("docbin").write([(document, annotation)], tmp_path / "a.spacy")
    (doc,) = DocBin().from_disk(tmp_path / "a.spacy").get_docs(spacy.blank("xx").vocab)
    assert [(e.text, e.label_) for e in doc.ents] == [("Oslo", "LOC")]
