"""Fine-tuning learns something learnable, repeats itself, and its folder is read back by plain transformers."""

import json
import random
import re

import pytest

from gonerd import Document, Span
from gonerd.dataset.build import build_dataset
from gonerd.evaluation.places import Place
from gonerd.evaluation.run import evaluate_model
from gonerd.evaluation.tasks import TASKS
from gonerd.models.conversion import convert
from gonerd.models.finetune import FinetuneSettings, finetune
from gonerd.models.save import save
from tests.corpus import write_corpus

SETTINGS = FinetuneSettings(max_length=64, stride=12, epochs=40, learning_rate=1e-2, batch_size=4, seed=1)


@pytest.fixture
def easy(tmp_path):
    """Documents in which a person is whoever is called "judge": learnable by the smallest model."""
    documents = []
    for i in range(9):
        words = random.Random(i).choices(["the", "court", "judge the"], k=48)
        text = f"{' '.join(words)} judge {i}"
        document = Document(f"d{i}", text, license="CC0-1.0", license_evidence="the test")
        documents.append((document, tuple(Span(m.start(), m.end(), "PER") for m in re.finditer("judge", text))))
    build_dataset(*write_corpus(tmp_path, documents), tmp_path / "easy")
    return tmp_path / "easy"


def test_learns_and_scores(easy, save_model, tmp_path):
    teachable = save_model("bert", "masked-lm", initializer_range=0.05, hidden_dropout_prob=0.0)
    save(*convert(teachable, max_length=128, window=16), tmp_path / "long", {})
    done = finetune(tmp_path / "long", easy, tmp_path / "tuned", settings=SETTINGS)
    splits = json.loads((easy / "data" / "manifest.json").read_text())["splits"]
    assert done.documents == splits["train"]
    assert done.windows > 4
    evaluate_model(tmp_path / "tuned", tmp_path / "results", Place("gonerd", TASKS.get("gonerd"), easy))
    result = json.loads((tmp_path / "results" / "tuned.gonerd.test.json").read_text())
    assert result["score"] == result["metrics"]["exact_spans"]["f1"] > 0.95
    assert result["model"]["attention"] == "longformer/unpadded-flash-merge"
    assert (result["counts"]["documents"], result["counts"]["truncated"]) == (splits["test"], 0)
    assert (result["settings"]["max_length"], result["settings"]["stride"]) == (64, 12)
    assert result["dataset"]["name"] == "easy"
    assert len(result["model"]["weights_sha256"]) == 64
    assert {"git", "libraries", "device", "threads"} <= result["environment"].keys()
    lines = (tmp_path / "results" / "tuned.gonerd.test.predictions.jsonl").read_text().splitlines()
    found = [json.loads(line)["prediction"]["spans"] for line in lines]
    assert sum(map(len, found)) == result["metrics"]["exact_spans"]["predicted"]


def test_same_seed_same_weights(easy, tiny_roberta, tmp_path):
    notes = []
    for name in ("a", "b"):
        short = FinetuneSettings(max_length=48, stride=8, epochs=1, batch_size=2, seed=3, attention_dropout=0.0)
        finetune(tiny_roberta, easy, tmp_path / name, settings=short)
        notes.append(json.loads((tmp_path / name / "gonerd.json").read_text()))
    assert notes[0]["weights_sha256"] == notes[1]["weights_sha256"]
    assert notes[0]["task"] == "gonerd"


def test_plain_transformers_reads_the_result(easy, tiny_bert, tmp_path):
    from transformers import AutoModelForTokenClassification

    from gonerd.labels import BIO_TAGS

    save(*convert(tiny_bert, max_length=128, window=16), tmp_path / "long", {})
    short = FinetuneSettings(max_length=64, stride=8, epochs=1)
    finetune(tmp_path / "long", easy, tmp_path / "tuned", settings=short)
    model = AutoModelForTokenClassification.from_pretrained(tmp_path / "tuned")
    assert type(model).__name__ == "LongformerForTokenClassification"
    assert list(model.config.id2label.values()) == list(BIO_TAGS)
