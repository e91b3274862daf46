"""A small corpus for tiny models, and recipes that take seconds."""

import json
import random

import pytest
import yaml

from gonerd.models.corpus import Mix, build_corpus

TRAINING = {
    "steps": 6, "batch_size": 4, "learning_rate": 1e-3, "save_every": 2, "log_every": 1, "held_out_rows": 8,
    "trainer": {"report_to": [], "use_cpu": True},
}  # fmt: skip
STILL = {"hidden_dropout_prob": 0.0, "attention_probs_dropout_prob": 0.0, "initializer_range": 0.05}


def build(folder, tokenizer, max_length=32, name="corpus"):
    rng = random.Random(7)
    lines = [" ".join(rng.choices(["the", "court", "judge", "a", "of"], k=30)) for _ in range(60)]
    (folder / "text.jsonl").write_text("".join(json.dumps({"text": line}) + "\n" for line in lines))
    member = {"name": "lines", "path": folder / "text.jsonl"}
    filters = {"near_duplicates": None}
    values = {"members": [member], "tokenizer": str(tokenizer), "max_length": max_length, "held_out": 0.2}
    return build_corpus(Mix.model_validate({**values, "filters": filters}), folder / name)


@pytest.fixture
def teacher(save_model):
    """Folder of a BERT without dropout, so that runs can be compared."""
    return save_model("bert", "masked-lm", **STILL)


@pytest.fixture
def corpus(tmp_path, teacher):
    return build(tmp_path, teacher)


@pytest.fixture
def recipe_file(tmp_path, teacher, corpus):
    """(steps, **fields) -> path of a recipe over teacher and corpus."""

    def write(steps, name="recipe.yaml", **fields):
        path = tmp_path / name
        values = {"model": str(teacher), "corpus": str(corpus.folder), "steps": steps, **fields}
        path.write_text(yaml.safe_dump(values))
        return path

    return write


def half_and_distill(**training):
    return [
        {"step": "halve", "name": "start"},
        {"step": "distill", "name": "student", "model": "start", "teacher": "TEACHER",
         "training": {**TRAINING, **training}},
    ]  # fmt: skip
