"""Learning from review: a pipeline that finds what the base cannot know, chosen rules, bad input."""

import pytest
import spacy
from typer.testing import CliRunner

from gonerd import Annotation, Document, GonerdError, Span, UsageError
from gonerd.annotation.annotator import Annotator
from gonerd.annotation.cli import app
from gonerd.annotation.examples import pieces
from gonerd.annotation.layers import write_layer
from gonerd.annotation.learners.recogniser import fit
from gonerd.annotation.run import annotate_documents
from gonerd.annotation.select_rules import f1, select_rules
from gonerd.annotation.train import TrainSettings, split, train
from gonerd.io import read_annotations
from gonerd.tables import write_table

SENTENCES = ["The zorbl {} sank. ", "They saw {} near the quay. ", "A crew left {} at noon. "]


def reviewed(count):
    """Texts in which an invented word is always MISC, as no base would say."""
    found = []
    for number in range(count):
        text, spans = "", []
        for i in range(12):
            name = ["Quillo", "Brantix", "Serelle"][(number + i) % 3]
            before, after = SENTENCES[i % 3].split("{}")
            spans.append(Span(len(text) + len(before), len(text) + len(before) + len(name), "MISC"))
            text += before + name + after
        found.append((text, tuple(spans)))
    return found


def store(folder, pairs):
    documents = [Document(f"d{i}", text) for i, (text, _) in enumerate(pairs)]
    write_table(folder / "docs", documents, Document)
    layer = [Annotation(d.id, "gold", "1.1", d.sha256, spans) for d, (_, spans) in zip(documents, pairs, strict=True)]
    write_layer(folder / "gold", layer, len(layer), {})
    return folder / "docs", folder / "gold"


def test_what_was_reviewed_is_found_in_new_texts(tmp_path):
    documents, layer = store(tmp_path, reviewed(10))
    arguments = ["train", str(documents), "--layer", str(layer), "--out", str(tmp_path / "mine"), "--epochs", "6"]
    done = CliRunner().invoke(app, arguments)
    assert done.exit_code == 0, done.output
    assert "120 spans" not in done.output, "the validation document is not learned from"
    new = tmp_path / "new.jsonl"
    new.write_text('{"id": "n", "text": "A crew left Quillo at noon. They saw Serelle near the quay."}\n')
    annotate_documents(new, tmp_path / "layer", str(tmp_path / "mine"))
    (annotation,) = read_annotations(tmp_path / "layer")
    assert [(s.start, s.end, s.label) for s in annotation.spans] == [(12, 18, "MISC"), (37, 44, "MISC")]
    assert annotation.spans[0].provenance.startswith("en_mine-")
    rules = spacy.load(tmp_path / "mine").meta["gonerd"]["rules"]
    chosen = Annotator.load([str(tmp_path / "mine")])
    assert {*chosen.steps, *(rule.name for rule in chosen.rules)} == set(rules)


def test_the_same_seed_gives_the_same_scores():
    settings = TrainSettings(base="blank", epochs=2, validation=0.3)
    first, second = (fit(*split(reviewed(6), settings), settings)[1] for _ in range(2))
    assert first == second


def test_a_rule_is_chosen_when_it_helps():
    text = "Mr. Tuttlebee met Acme, and Mr. Nowak left."
    right = [(text, (Span(4, 13, "PER"), Span(18, 22, "ORG"), Span(32, 37, "PER")))]
    rules, score = select_rules([[Span(18, 22, "ORG")]], right)
    assert rules == ["persons"]
    assert score == 1.0
    assert f1([[Span(18, 22, "ORG")]], right) == 0.5
    assert select_rules([list(right[0][1])], right) == ([], 1.0)


def test_pieces_cut_no_span_and_lose_none():
    text = "Word " * 2_000
    spans = [Span(i, i + 9, "ORG") for i in range(0, 9_900, 100)]
    found = list(pieces(text, spans))
    assert "".join(piece for piece, _ in found) == text
    assert sum(len(inside) for _, inside in found) == len(spans)
    assert all(piece[s.start : s.end] == "Word Word" for piece, inside in found for s in inside)


def test_bad_input(tmp_path):
    with pytest.raises(GonerdError, match="at least 2 are needed"):
        split(reviewed(1), TrainSettings())
    with pytest.raises(UsageError, match="--validation 1"):
        TrainSettings(validation=1).check()
    _, layer = store(tmp_path, reviewed(2))
    write_table(tmp_path / "others", [Document("x", "Oslo")], Document)
    with pytest.raises(GonerdError, match="annotates document"):
        train(tmp_path / "others", [layer], tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_a_second_reader_corrects_the_draft(tmp_path):
    documents, layer = store(tmp_path, reviewed(12))
    arguments = ["train", str(documents), "--layer", str(layer), "--out", str(tmp_path / "mine"), "--kind", "reader"]
    done = CliRunner().invoke(app, arguments)
    assert done.exit_code == 0, done.output
    annotator = Annotator.load([str(tmp_path / "mine")])
    text = "A crew left Quillo at noon. They saw Serelle near the quay. Angela Merkel flew to Paris."
    (draft,) = annotator.drafts([text])
    found = {(m.start, m.end, m.label) for m in draft.mentions}
    assert {(12, 18, "MISC"), (37, 44, "MISC")} <= found
    assert "reader" in annotator.settings["rules"]
    assert "reader" not in Annotator.load([str(tmp_path / "mine")], without=["reader"]).settings["rules"]
    (tmp_path / "mine" / "reader.crfsuite").write_bytes(b"no model")
    with pytest.raises(GonerdError, match="not a reader"):
        Annotator.load([str(tmp_path / "mine")])


def test_kinds_are_known():
    with pytest.raises(UsageError, match="unknown kind 'crf'"):
        TrainSettings(kind="crf").check()
