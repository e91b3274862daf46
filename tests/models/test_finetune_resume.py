"""A fine-tuning that is killed goes on after its last whole epoch, and ends as one that was never stopped."""

import json
from dataclasses import replace

import pytest

from gonerd.errors import GonerdError
from gonerd.files import only_writer
from gonerd.models import finetune as module
from gonerd.models.checkpoints import newest, step_of
from gonerd.models.finetune import FinetuneSettings, finetune_task
from gonerd.models.finetuning import epochs, learner
from gonerd.models.finetuning.keeping import scratch_of
from tests.models.test_finetune_distillation import task
from tests.tiny import save_tiny

EPOCH = 2  # micro-batches: two windows, one at a time
SETTINGS = FinetuneSettings(max_length=48, stride=8, epochs=4, batch_size=2, micro_batch=1, learning_rate=1e-3, seed=3)


SCORES = [0.1, 0.3, 0.2, 0.25]


@pytest.fixture(scope="module")
def begun(tmp_path_factory):
    return save_tiny(tmp_path_factory.mktemp("begun"), "roberta", "masked-lm", hidden_dropout_prob=0.1)


@pytest.fixture(scope="module")
def whole(begun, tmp_path_factory):
    """A run that nobody stopped."""
    out = tmp_path_factory.mktemp("whole") / "model"
    finetune_task(begun, scored(SCORES), out, SETTINGS)
    return out


def scored(values):
    """A task whose held-out scores are made up, which leaves all else of a run as it is."""
    data = task("token-classification")
    left = iter(values)
    return replace(data, held_out=data.train[:1], score=lambda found: next(left))


def note(folder):
    held = json.loads((folder / "gonerd.json").read_text())
    return {key: held[key] for key in ("weights_sha256", "steps", "loss", "history", "best_epoch", "score")}


def strike(monkeypatch, step):
    """Ends the run as a kill does, in the middle of a step."""
    usual, count = learner.LearnerTrainer.compute_loss, 0

    def struck(self, *arguments, **named):
        nonlocal count
        count += 1
        if count == step:
            raise KeyboardInterrupt
        return usual(self, *arguments, **named)

    monkeypatch.setattr(learner.LearnerTrainer, "compute_loss", struck)
    return lambda: count


def run(begun, out, data, settings=SETTINGS):
    return finetune_task(begun, data, out, settings)


def test_the_same_steps_and_weights(begun, whole, tmp_path, monkeypatch):
    """Dropout, falling rate, order, best epoch: all as if nobody had stopped it, in the second epoch and the last."""
    scores, out = SCORES, tmp_path / "out"
    for epoch, at in ((1, EPOCH + 2), (3, 2 * EPOCH + 2)):
        with monkeypatch.context() as patch:
            strike(patch, at)
            with pytest.raises(KeyboardInterrupt):
                run(begun, out, scored(scores))
        scores = SCORES[epoch:]
        held = newest(scratch_of(out))
        assert held is not None and [held] == list(scratch_of(out).glob("checkpoint-*"))
        assert not out.exists()
    with monkeypatch.context() as patch:
        count = strike(patch, 0)
        run(begun, out, scored(scores))
    assert count() == EPOCH  # the last epoch alone
    assert note(out) == note(whole) and note(out)["best_epoch"] == 2
    assert not scratch_of(out).exists()


def test_patience_counts_on(begun, tmp_path, monkeypatch):
    settings, scores = replace(SETTINGS, patience=2, epochs=6), [0.3, 0.2, 0.1]
    run(begun, tmp_path / "whole", scored(scores), settings)
    with monkeypatch.context() as patch:
        strike(patch, 2 * EPOCH + 1)
        with pytest.raises(KeyboardInterrupt):
            run(begun, tmp_path / "out", scored(scores), settings)
    assert newest(scratch_of(tmp_path / "out")) is not None
    run(begun, tmp_path / "out", scored(scores[2:]), settings)
    assert note(tmp_path / "out") == note(tmp_path / "whole") and note(tmp_path / "out")["best_epoch"] == 1


def test_a_student_with_a_projection_and_its_teacher(begun, save_model, tmp_path, monkeypatch):
    """What an objective learns is in the checkpoint, and the teacher is not."""
    data = task("token-classification")
    run(save_model("roberta", "masked-lm"), tmp_path / "teacher", data, replace(SETTINGS, epochs=1))
    narrow = save_model("roberta", "masked-lm", hidden_size=16)
    states = {"hidden_mse": {"weight": 1, "layers": "uniform"}}
    settings = replace(SETTINGS, epochs=2, teacher=tmp_path / "teacher", state_losses=states)
    run(narrow, tmp_path / "whole", data, settings)
    with monkeypatch.context() as patch:
        strike(patch, note(tmp_path / "whole")["steps"] + 2)
        with pytest.raises(KeyboardInterrupt):
            run(narrow, tmp_path / "out", data, settings)
    held = newest(scratch_of(tmp_path / "out"))
    assert held is not None
    from safetensors import safe_open

    with safe_open(held / "learner.safetensors", "pt") as file:
        names = list(file.keys())
    assert any(name.startswith("objective.states.") for name in names) and not any("teacher" in n for n in names)
    run(narrow, tmp_path / "out", data, settings)
    assert note(tmp_path / "out") == note(tmp_path / "whole")


def test_other_settings_begin_anew(begun, whole, tmp_path, monkeypatch):
    with monkeypatch.context() as patch:
        strike(patch, EPOCH + 1)
        with pytest.raises(KeyboardInterrupt):
            run(begun, tmp_path / "out", scored(SCORES), replace(SETTINGS, learning_rate=2e-3))
    assert newest(scratch_of(tmp_path / "out")) is not None
    run(begun, tmp_path / "out", scored(SCORES))
    assert note(tmp_path / "out") == note(whole)


def test_killed_while_it_saves(begun, whole, tmp_path, monkeypatch):
    """Half a checkpoint is none: the run goes on from the one before, which is removed only behind the next."""
    count = 0
    usual = epochs.mark

    def struck(checkpoint, step):
        nonlocal count
        count += 1
        if count == 2:
            raise KeyboardInterrupt
        usual(checkpoint, step)

    with monkeypatch.context() as patch:
        patch.setattr(epochs, "mark", struck)
        with pytest.raises(KeyboardInterrupt):
            run(begun, tmp_path / "out", scored(SCORES))
    assert step_of(newest(scratch_of(tmp_path / "out"))) == note(whole)["steps"] // 4
    assert len(list(scratch_of(tmp_path / "out").glob("checkpoint-*"))) == 2
    run(begun, tmp_path / "out", scored(SCORES[1:]))
    assert note(tmp_path / "out") == note(whole)


def test_where_another_process_makes_the_same(begun, tmp_path):
    """Both end, the second without checkpoints."""
    data, out = task("token-classification"), tmp_path / "out"
    with only_writer(scratch_of(out)):
        run(begun, out, data, replace(SETTINGS, epochs=2))
    assert (out / "gonerd.json").is_file() and not list(scratch_of(out).glob("checkpoint-*"))


def test_a_loss_that_is_no_number(begun, tmp_path, monkeypatch):
    """One step of it is told of after its epoch, and no checkpoint is made of it."""
    usual, count = learner.LearnerTrainer.compute_loss, 0

    def lost(self, *arguments, **named):
        nonlocal count
        count += 1
        return usual(self, *arguments, **named) * (float("nan") if count == 2 else 1)

    monkeypatch.setattr(learner.LearnerTrainer, "compute_loss", lost)
    with pytest.raises(GonerdError, match=r"the training loss became nan; lower --learning-rate"):
        run(begun, tmp_path / "out", task("token-classification"))
    assert not (tmp_path / "out").exists() and newest(scratch_of(tmp_path / "out")) is None


def test_a_single_epoch_and_the_callers_objective_keep_nothing(begun, tmp_path, monkeypatch):
    monkeypatch.setattr(module, "kept", lambda *_: pytest.fail("checkpoints were asked for"))
    data = task("token-classification")
    run(begun, tmp_path / "one", data, replace(SETTINGS, epochs=1))

    def objective(model, inputs, outputs, targets):
        return outputs.logits.float().square().mean()

    finetune_task(begun, data, tmp_path / "two", replace(SETTINGS, epochs=2), objective)
