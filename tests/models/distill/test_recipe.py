"""Recipes run step by step, resume exactly, and refuse what does not fit."""

import json
import shutil
from pathlib import Path

import pytest
import torch
import yaml
from typer.testing import CliRunner

from gonerd.cli import main
from gonerd.errors import GonerdError, UsageError
from gonerd.models.cli import app
from gonerd.models.distill import read_recipe, run_recipe
from gonerd.models.distill.watch import Watch
from gonerd.models.load import load_model
from tests.disk import room_for_files_of

from .conftest import STILL, TRAINING, build, half_and_distill

CONFIGS = Path(__file__).resolve().parents[3] / "configs" / "distill"


def steps_for(teacher, **training):
    steps = half_and_distill(**training)
    steps[1]["teacher"] = str(teacher)
    return steps


def run(path, out):
    return list(run_recipe(read_recipe(path), out))


def log(out, name="student"):
    entries = json.loads((out / f"{name}.training" / "log.json").read_text())
    keys = ("step", "loss", "loss_masked_lm", "loss_soft_targets", "eval_loss", "grad_norm")
    kept = [{key: entry[key] for key in keys if key in entry} for entry in entries]
    return [entry for entry in kept if len(entry) > 1]


def test_learns_from_its_teacher(recipe_file, teacher, tmp_path):
    path = recipe_file(steps_for(teacher, steps=40, save_every=20, log_every=10, learning_rate=3e-3))
    done = dict(run(path, tmp_path / "out"))
    assert done["start"] == "4 layers -> 2" and done["student"].startswith("40 steps, loss ")
    entries = log(tmp_path / "out")
    losses = [entry["loss"] for entry in entries if "loss" in entry]
    held = [entry["eval_loss"] for entry in entries if "eval_loss" in entry]
    assert losses[-1] < losses[0] and held[-1] < held[0]
    assert set(entries[0]) >= {"loss_masked_lm", "loss_soft_targets"}
    note = json.loads((tmp_path / "out" / "student" / "gonerd.json").read_text())
    assert note["held_out"]["eval_loss"] == pytest.approx(min(held))
    assert note["losses"]["soft_targets"] == {"weight": 5.0, "temperature": 2.0, "positions": "masked"}
    assert not list((tmp_path / "out" / "student.training").glob("checkpoint-*"))
    student, tokenizer = load_model(tmp_path / "out" / "student", None)
    assert student.config.num_hidden_layers == 2 and tokenizer.mask_token_id is not None


def test_a_copy_with_other_fields(recipe_file, teacher, tmp_path):
    """The weights stay; what they depend on cannot be changed."""
    step = {"step": "configure", "name": "plain", "model": str(teacher), "fields": {"hidden_dropout_prob": 0.25}}
    assert run(recipe_file([step]), tmp_path / "out") == [("plain", "hidden_dropout_prob 0.25")]
    copy, source = (load_model(folder, None)[0] for folder in (tmp_path / "out" / "plain", teacher))
    assert copy.config.hidden_dropout_prob == 0.25 != source.config.hidden_dropout_prob
    assert all(torch.equal(a, b) for a, b in zip(copy.parameters(), source.parameters(), strict=True))
    with pytest.raises(GonerdError, match=r"is \(.*\), not \("):
        run(recipe_file([{**step, "name": "wider", "fields": {"hidden_size": 64}}]), tmp_path / "out")


@pytest.mark.parametrize("name", ["convert-then-distill", "distill-then-convert"])
def test_both_orders_are_the_same_steps(teacher, tmp_path, name):
    recipe = yaml.safe_load((CONFIGS / f"{name}.yaml").read_text())
    assert {step["step"] for step in recipe["steps"]} == {"convert", "pretrain", "halve", "distill"}
    for length, which in ((32, "short"), (64, "long")):
        build(tmp_path, teacher, length, which)
    for step in recipe["steps"]:
        if step["step"] == "convert":
            step.update(max_length=64, window=16)
        if "training" in step:
            step["training"] = {**TRAINING, "steps": 2}
            step["corpus"] = str(tmp_path / ("long" if "4096" in step.get("corpus", "4096") else "short"))
    (tmp_path / "r.yaml").write_text(yaml.safe_dump({**recipe, "model": str(teacher), "corpus": None} | {"seed": 1}))
    assert len(run(tmp_path / "r.yaml", tmp_path / "out")) == len(recipe["steps"])
    student, _ = load_model(tmp_path / "out" / recipe["steps"][-1]["name"], None)
    assert student.config.model_type == "longformer" and student.config.num_hidden_layers == 2


class Killed(BaseException):
    pass


@pytest.mark.parametrize("dropout", [0.0, 0.1])
def test_a_killed_run_takes_the_same_steps(recipe_file, save_model, corpus, teacher, tmp_path, monkeypatch, dropout):
    fields = {**STILL, "hidden_dropout_prob": dropout, "attention_probs_dropout_prob": dropout}
    shutil.rmtree(teacher)
    save_model("bert", "masked-lm", **fields)
    path = recipe_file(steps_for(teacher, accumulation=2, batch_size=2))
    run(path, tmp_path / "whole")
    original = Watch.on_step_end

    def kill(self, args, state, control, **rest):
        if state.global_step == 5:
            raise Killed
        return original(self, args, state, control, **rest)

    with monkeypatch.context() as patched:
        patched.setattr(Watch, "on_step_end", kill)
        with pytest.raises(Killed):
            run(path, tmp_path / "killed")
    torn = tmp_path / "killed" / "student.training" / "checkpoint-5"
    torn.mkdir()  # as a kill in the middle of saving leaves it
    assert run(path, tmp_path / "killed")[0] == ("start", "done already")
    assert log(tmp_path / "killed") == log(tmp_path / "whole")
    notes = [json.loads((tmp_path / o / "student" / "gonerd.json").read_text()) for o in ("killed", "whole")]
    assert notes[0]["weights_sha256"] == notes[1]["weights_sha256"]


def test_a_full_disk(recipe_file, teacher, tmp_path, capsys):
    """Neither a model that has no room nor a checkpoint that has none is left half-written, and the run goes on."""
    path = recipe_file(steps_for(teacher))
    run(path, tmp_path / "whole")
    words = ["models", "distill", "--config", str(path), "--out", str(tmp_path / "full")]
    size = (tmp_path / "whole" / "student" / "model.safetensors").stat().st_size
    with room_for_files_of(size // 2):
        assert main(words) == 1
    error = capsys.readouterr().err.splitlines()[-1]
    assert error.startswith(f"error: {tmp_path / 'full' / 'start'}: cannot be written") and "make room" in error
    assert not [*(tmp_path / "full").glob("start*"), *(tmp_path / "full").glob(".start*")]
    with room_for_files_of(size * 3 // 2):  # a student finds room, the averages of its optimizer do not
        assert main(words) == 1
    error = capsys.readouterr().err.splitlines()[-1]
    assert error.startswith("error: a file cannot be written") and "run the same command again" in error
    assert main(words) == 0
    assert log(tmp_path / "full") == log(tmp_path / "whole")


def test_killed_after_the_last_step(recipe_file, teacher, tmp_path, monkeypatch):
    path = recipe_file(steps_for(teacher))
    with monkeypatch.context() as patched:
        patched.setattr("gonerd.models.distill.train._keep", lambda *_: (_ for _ in ()).throw(Killed))
        with pytest.raises(Killed):
            run(path, tmp_path / "out")
    assert run(path, tmp_path / "out")[1][1].startswith("6 steps, loss ")
    assert [entry["step"] for entry in log(tmp_path / "out") if "loss" in entry] == [1, 2, 3, 4, 5, 6]


def test_accumulation_changes_nothing(recipe_file, teacher, tmp_path):
    run(recipe_file(steps_for(teacher, batch_size=4), "a.yaml"), tmp_path / "a")
    run(recipe_file(steps_for(teacher, batch_size=1, accumulation=4), "b.yaml"), tmp_path / "b")
    for a, b in zip(log(tmp_path / "a"), log(tmp_path / "b"), strict=True):
        assert a == pytest.approx(b, rel=1e-4)


def test_an_encoder_without_a_head_learns_one(recipe_file, save_model, tmp_path):
    bare = save_model("bert", "base", **STILL)
    step = {"step": "pretrain", "name": "teacher", "training": {**TRAINING, "steps": 30, "save_every": 10}}
    run(recipe_file([step], model=str(bare)), tmp_path / "out")
    held = [entry["eval_loss"] for entry in log(tmp_path / "out", "teacher") if "eval_loss" in entry]
    assert held[-1] < held[0]
    with pytest.raises(GonerdError, match="no masked-language-model head"):
        run(recipe_file(steps_for(bare), "other.yaml", model=str(bare)), tmp_path / "other")


def test_the_best_checkpoint_is_kept(recipe_file, teacher, tmp_path):
    path = recipe_file(steps_for(teacher, learning_rate=0.05, steps=8, divergence=None))
    run(path, tmp_path / "out")
    held = {entry["step"]: entry["eval_loss"] for entry in log(tmp_path / "out") if "eval_loss" in entry}
    note = json.loads((tmp_path / "out" / "student" / "gonerd.json").read_text())
    assert note["best_step"] == min(held, key=held.get)


def test_a_lost_run_stops(recipe_file, teacher, tmp_path):
    steps = steps_for(teacher, learning_rate=1e5, steps=30, trainer={"report_to": [], "use_cpu": True})
    with pytest.raises(GonerdError, match=r"step \d+: the loss is .*lower the learning rate"):
        run(recipe_file(steps), tmp_path / "out")
    assert not (tmp_path / "out" / "student").exists()


def test_no_number_stops(monkeypatch):
    from types import SimpleNamespace

    state = SimpleNamespace(global_step=3, log_history=[])
    with pytest.raises(GonerdError, match="step 3: the loss is nan"):
        Watch(None).on_log(SimpleNamespace(output_dir="o"), state, None, {"loss": float("nan")})


def test_other_settings_are_refused(recipe_file, teacher, tmp_path, monkeypatch):
    path = recipe_file(steps_for(teacher))
    run(path, tmp_path / "out")
    assert [done for _, done in run(path, tmp_path / "out")] == ["done already"] * 2
    other = recipe_file(steps_for(teacher, learning_rate=1e-4), "other.yaml")
    with pytest.raises(GonerdError, match=r"student: was made with other settings .*'settings.training.learning_rate'"):
        run(other, tmp_path / "out")
    shutil.rmtree(tmp_path / "out" / "student")
    with pytest.raises(GonerdError, match=r"checkpoints of another configuration .*learning_rate"):
        run(other, tmp_path / "out")


def test_models_and_corpora_that_do_not_fit(recipe_file, teacher, save_model, tmp_path):
    other = save_model("roberta", "masked-lm")
    steps = steps_for(other)
    with pytest.raises(GonerdError, match="different tokenizers"):
        run(recipe_file(steps, "a.yaml"), tmp_path / "a")
    with pytest.raises(GonerdError, match="the tokenizer of the student is another one"):
        run(recipe_file(steps_for(other), "b.yaml", model=str(other)), tmp_path / "b")
    long = build(tmp_path, teacher, 256, "long")
    with pytest.raises(GonerdError, match="its rows have 256 tokens, and the student takes 128"):
        run(recipe_file(steps_for(teacher), "c.yaml", corpus=str(long.folder)), tmp_path / "c")
    with pytest.raises(GonerdError, match="build it with `gonerd models corpus`"):
        run(recipe_file(steps_for(teacher), "d.yaml", corpus=str(tmp_path)), tmp_path / "d")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"step": "distil"}, "unknown step 'distil'; did you mean 'distill'"),
        ({"losess": {}}, "step 'student': unknown key 'losess'; did you mean 'losses'"),
        ({"model": "student"}, "uses 'student', which does not come before it"),
        ({"name": "start"}, "two steps are called 'start'"),
        ({"name": "../up"}, "'name'"),
        ({"training": {"steps": 0}}, "'training.steps'"),
        ({"training": {"steps": 4, "save_every": 3, "log_every": 2}}, "must be a multiple of 'log_every' 2"),
    ],
)
def test_wrong_recipes(recipe_file, teacher, change, message):
    steps = steps_for(teacher)
    steps[1].update(change)
    with pytest.raises(UsageError, match=message):
        read_recipe(recipe_file(steps))


@pytest.mark.parametrize(
    ("trainer", "message"),
    [
        ({"bf17": True}, "unknown field of 'trainer' 'bf17'"),
        ({"learning_rate": 1}, "'trainer.learning_rate' is set by the recipe"),
        ({"fsdp": "quarter"}, "'trainer' holds something impossible"),
    ],
)
def test_wrong_fields_of_the_trainer(recipe_file, teacher, tmp_path, trainer, message):
    with pytest.raises(UsageError, match=message):
        run(recipe_file(steps_for(teacher, trainer=trainer)), tmp_path / "out")


def test_command(recipe_file, teacher, tmp_path):
    path = recipe_file(steps_for(teacher, steps=2))
    done = CliRunner().invoke(
        app, ["distill", "--config", str(path), "--out", str(tmp_path / "out")], catch_exceptions=False
    )
    assert done.exit_code == 0 and "student: 2 steps" in done.output


def test_recomputed_activations_change_nothing(recipe_file, teacher, tmp_path):
    run(recipe_file(steps_for(teacher, steps=2), "a.yaml"), tmp_path / "a")
    run(recipe_file(steps_for(teacher, steps=2, checkpoint_activations=True), "b.yaml"), tmp_path / "b")
    for a, b in zip(log(tmp_path / "a"), log(tmp_path / "b"), strict=True):
        assert a == pytest.approx(b, rel=1e-6)


def test_half_precision_by_worker_processes(recipe_file, teacher, tmp_path):
    """Where there is nothing but a CPU, bf16 is asked for by one word."""
    trainer = {"report_to": [], "bf16": True, "dataloader_num_workers": 1}
    trainer |= {"use_cpu": True} if torch.accelerator.is_available() else {}
    run(recipe_file(steps_for(teacher, steps=2), "a.yaml"), tmp_path / "a")
    run(recipe_file(steps_for(teacher, steps=2, trainer=trainer), "b.yaml"), tmp_path / "b")
    for a, b in zip(log(tmp_path / "a"), log(tmp_path / "b"), strict=True):
        assert a == pytest.approx(b, rel=0.1)


def test_curves_for_tensorboard(recipe_file, teacher, tmp_path):
    run(recipe_file(steps_for(teacher, steps=2, trainer={"use_cpu": True})), tmp_path / "out")
    assert list((tmp_path / "out" / "student.training").rglob("events.out.tfevents.*"))


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device")
def test_on_a_gpu(recipe_file, teacher, tmp_path):
    trainer = {"report_to": [], "bf16": True, "dataloader_num_workers": 1}
    run(recipe_file(steps_for(teacher, trainer=trainer, checkpoint_activations=True)), tmp_path / "out")
    assert (tmp_path / "out" / "student" / "model.safetensors").is_file()
