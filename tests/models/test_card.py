"""A model's card says what its note says, and the hub can read it."""

import json

import pytest
from huggingface_hub import ModelCard
from typer.testing import CliRunner

from gonerd.models import convert
from gonerd.models.cli import app
from gonerd.models.load import load_model
from gonerd.models.save import save
from tests.models.distill.conftest import build, half_and_distill


def test_parents_and_metadata(tiny_roberta, tmp_path):
    note = {"made_by": "gonerd models convert", "source": str(tiny_roberta), "attention": "longformer"}
    save(*convert(tiny_roberta, max_length=200, window=16), tmp_path / "long", note)
    command = ["halve", str(tmp_path / "long"), "--layers", "first-last", "--out", str(tmp_path / "half")]
    assert CliRunner().invoke(app, command, catch_exceptions=False).exit_code == 0
    card = ModelCard.load(tmp_path / "half" / "README.md")
    assert card.data.to_dict() == {
        "library_name": "transformers", "pipeline_tag": "fill-mask", "tags": ["gonerd", "longformer"],
    }  # fmt: skip
    assert "| gonerd models halve | long |  | 2 (0, 3 of 4) | longformer/unpadded-flash-merge |" in card.text
    assert "| gonerd models convert | tiny-roberta |  | 4 | longformer/unpadded-flash-merge |" in card.text
    assert str(tmp_path) not in card.content
    assert json.loads((tmp_path / "half" / "gonerd.json").read_text())["parent"]["source"] == str(tiny_roberta)


def test_a_hub_id_is_the_base_model(tiny_bert, tmp_path):
    model, tokenizer = load_model(tiny_bert, None)
    save(model, tokenizer, tmp_path / "m", {"made_by": "test", "source": "owner/encoder", "revision": "abc"})
    assert ModelCard.load(tmp_path / "m" / "README.md").data.base_model == "owner/encoder"


def test_training_is_told(save_model, tmp_path):
    import yaml

    from gonerd.models.distill import read_recipe, run_recipe

    teacher = save_model("bert", "masked-lm")
    corpus = build(tmp_path, teacher)
    steps = half_and_distill(steps=2)
    del steps[1]["teacher"]
    path = tmp_path / "recipe.yaml"
    path.write_text(yaml.safe_dump({"model": str(teacher), "corpus": str(corpus.folder), "steps": steps}))
    list(run_recipe(read_recipe(path), tmp_path / "out"))
    card = ModelCard.load(tmp_path / "out" / "student" / "README.md")
    assert card.data.tags == ["gonerd", "bert", "distillation"]
    for line in (
        "| soft_targets | 5.0 | temperature 2.0, positions masked |", "| learning_rate | 0.001 |",
        f"| lines | {corpus.statistics['documents']} | {corpus.statistics['tokens']:,} |  |",
        "Teacher: bert-masked-lm.", "Held out, at the step kept (2): loss ", "tokens/s.", "2 (0, 2 of 4)",
    ):  # fmt: skip
        assert line in card.text, line


def test_scores(tiny_bert, tmp_path):
    model, tokenizer = load_model(tiny_bert, None)
    save(model, tokenizer, tmp_path / "m", {"made_by": "test"})
    sha256 = json.loads((tmp_path / "m" / "gonerd.json").read_text())["weights_sha256"]
    result = {
        "weights_sha256": sha256, "task": "gonerd", "split": "test", "dataset": {"name": "gonerd-sample"},
        "scores": {"micro": {"f1": 0.5, "precision": 0.25, "recall": 1.0}},
    }  # fmt: skip
    (tmp_path / "r.json").write_text(json.dumps(result))
    done = CliRunner().invoke(app, ["card", str(tmp_path / "m"), "--result", str(tmp_path / "r.json")])
    assert done.exit_code == 0
    card = ModelCard.load(tmp_path / "m" / "README.md")
    assert {(r.dataset_name, r.metric_type, r.metric_value) for r in card.data.eval_results} == {
        ("gonerd-sample", "f1", 0.5), ("gonerd-sample", "precision", 0.25), ("gonerd-sample", "recall", 1.0),
    }  # fmt: skip
    assert "| gonerd | gonerd-sample | test |  | 0.5000 | 0.2500 | 1.0000 |" in card.text
    second = {
        "model": {"weights_sha256": sha256}, "task": {"name": "cola", "entry": None, "split": "validation"},
        "dataset": {"name": "glue"}, "metrics": {"matthews": {"matthews": 0.5}}, "score": 0.5,
    }  # fmt: skip
    (tmp_path / "r.json").write_text(json.dumps(second))
    assert CliRunner().invoke(app, ["card", str(tmp_path / "m"), "--result", str(tmp_path / "r.json")]).exit_code == 0
    assert "| cola | glue | validation | 0.5000 |  |  |  |" in (tmp_path / "m" / "README.md").read_text()
    save(model, tokenizer, tmp_path / "m", {"made_by": "test"})  # the card is ours to replace


def test_scores_of_another_model(tiny_bert, tmp_path):
    model, tokenizer = load_model(tiny_bert, None)
    save(model, tokenizer, tmp_path / "m", {"made_by": "test"})
    before = (tmp_path / "m" / "README.md").read_text()
    (tmp_path / "r.json").write_text(json.dumps({"weights_sha256": "0" * 64}))
    done = CliRunner().invoke(app, ["card", str(tmp_path / "m"), "--result", str(tmp_path / "r.json")])
    assert done.exit_code != 0 and "is not that of" in str(done.exception)
    assert (tmp_path / "m" / "README.md").read_text() == before


@pytest.mark.parametrize("source", ["", None])
def test_a_model_of_nothing_known(tiny_bert, tmp_path, source):
    model, tokenizer = load_model(tiny_bert, None)
    save(model, tokenizer, tmp_path / "m", {"source": source})
    assert ModelCard.load(tmp_path / "m" / "README.md").data.base_model is None
