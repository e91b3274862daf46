"""Long texts: the same mentions whatever the size of the pieces, from spaCy and from token classifiers."""

from itertools import pairwise
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from gonerd import GonerdError
from gonerd.annotation.chunks import with_context
from gonerd.annotation.loading import load
from gonerd.annotation.pipeline import SpacyAnnotator
from gonerd.labels import BIO_TAGS

RELEASE = Path(__file__).parents[2] / "gonerd" / "data" / "documents"


@pytest.fixture(scope="module")
def text():
    """Real punctuation, headings and lists: documents of the sample release, one after the other."""
    whole = "\n\n".join(
        text for path in sorted(RELEASE.glob("*.parquet")) for text in pq.read_table(path)["text"].to_pylist()
    )
    return whole[:60_000]


def test_spacy_finds_the_same_in_pieces_of_any_size(text):
    whole = SpacyAnnotator.load(chunk=len(text)).annotate(text)
    assert len(whole) > 300
    for size in (700, 5_000, 20_000):
        found = SpacyAnnotator.load(chunk=size).annotate(text)
        assert {s.key for s in found} == {s.key for s in whole}


def test_context_reaches_over_both_borders():
    text = "One two three. Four five six. Seven eight nine. Ten eleven. " * 20
    pieces = list(with_context(text, 120, 30))
    assert "".join(text[p.start : p.end] for p in pieces) == text
    assert all(p.left <= p.start < p.end <= p.right for p in pieces)
    assert all(p.start - p.left > 10 for p in pieces[1:])
    assert all(text[p.left - 1].isspace() for p in pieces if p.left)
    assert all(p.right == len(text) or text[p.right].isspace() for p in pieces)


@pytest.fixture
def classifier(save_model):
    """Folder of a random token classifier of core labels."""
    names = dict(enumerate(BIO_TAGS))
    return save_model("bert", "token-classification", id2label=names, label2id={t: i for i, t in names.items()})


def test_a_token_classifier_finds_what_our_own_prediction_finds(classifier, text):
    """`gonerd.models.predict` cuts windows in code of its own."""
    from gonerd.models.load import load_model
    from gonerd.models.predict import predict_spans

    part = "😀 " + text[:3_000]
    model, tokenizer = load_model(classifier, "token-classification")
    nlp, name = load(str(classifier))
    component = nlp.get_pipe("gonerd_transformers")
    length = component.max_length
    (right,) = predict_spans(model, tokenizer, [part], max_length=length, stride=(length - 2) // 4).spans
    assert name == classifier.name
    found = nlp(part).user_data["gonerd_spans"]
    assert len(found) > 50
    assert [(start, end, label) for start, end, label, _ in found] == [s.key for s in right]
    assert all(0 < score <= 1 for *_, score in found)


def test_a_token_classifier_annotates(classifier, text):
    annotator = SpacyAnnotator.load(str(classifier), chunk=2_000)
    spans = annotator.annotate(text[:5_000])
    assert annotator.map_name == "core"
    assert all(a.end <= b.start for a, b in pairwise(spans))


def test_what_is_no_safe_model_is_refused(save_model, tmp_path):
    unknown = save_model(
        "bert", "token-classification", id2label={0: "O", 1: "B-JUDGE"}, label2id={"O": 0, "B-JUDGE": 1}
    )
    with pytest.raises(GonerdError, match="labels JUDGE are in no label map"):
        SpacyAnnotator.load(str(unknown))
    mapping = tmp_path / "map.yaml"
    mapping.write_text("JUDGE: PER\n")
    assert SpacyAnnotator.load(str(unknown), label_map=str(mapping)).map_name == "map"
    mapping.write_text("JUDGE: PERSON\n")
    with pytest.raises(GonerdError, match="key 'JUDGE' maps to 'PERSON'"):
        SpacyAnnotator.load(str(unknown), label_map=str(mapping))
    (unknown / "model.safetensors").rename(unknown / "pytorch_model.bin")
    with pytest.raises(GonerdError, match="cannot be loaded"):
        SpacyAnnotator.load(str(unknown))
    with pytest.raises(GonerdError, match="'en_core_web_xy' is not installed"):
        SpacyAnnotator.load("en_core_web_xy")
