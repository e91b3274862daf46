"""Evaluations go on after a kill, notice other models, and find the same whatever the batches are."""

import dataclasses
import json
import time

import pytest
import torch

from gonerd import GonerdError, UsageError
from gonerd.cli import main
from gonerd.evaluation import prediction
from gonerd.evaluation.finetune import neutral
from gonerd.evaluation.metrics import METRICS
from gonerd.evaluation.places import Place
from gonerd.evaluation.results import read_scored
from gonerd.evaluation.run import RunSettings, evaluate_model
from gonerd.evaluation.subject import open_subject
from gonerd.evaluation.tasks import TASKS
from gonerd.models.finetuning.running import run_batches
from tests.evaluation.running import begin, everything, save_headed, write_cola, write_ner

SETTINGS = RunSettings(max_length=48, stride=8)


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    return everything(tmp_path_factory.mktemp("made"))


def predictions(folder):
    return {path.name: path.read_bytes() for path in sorted(folder.glob("*.predictions.jsonl"))}


@pytest.mark.parametrize("name", ["cola", "ner_folder", "squad"])
def test_the_size_of_batches_changes_nothing(name, made, tmp_path, monkeypatch):
    """The same predictions for single windows, for seven at once, and for small pools of batches by length."""
    model, place = made[name]
    whole = evaluate_model(model, tmp_path / "auto", place, SETTINGS)
    for size in (1, 7):
        evaluate_model(model, tmp_path / str(size), place, dataclasses.replace(SETTINGS, batch_size=size))
    monkeypatch.setattr(prediction, "_POOL", 400)
    evaluate_model(model, tmp_path / "pools", place, dataclasses.replace(SETTINGS, batch_size=2))
    found = [predictions(tmp_path / run) for run in ("auto", "1", "7", "pools")]
    assert found[0] and all(one == found[0] for one in found)
    assert whole.counts.windows > whole.counts.scored
    assert whole.counts.truncated == 0


def test_logits_hardly_depend_on_the_batch(made):
    model, place = made["cola"]
    loaded = place.load()
    subject = open_subject(model, place.task, loaded.examples, max_length=48, stride=8)
    examples = [neutral(example) for example in loaded.examples]
    pieces = subject.kind.pieces(subject.tokenizer, examples, subject.shape, gold=False)
    plans = ([[i] for i in range(len(pieces))], [list(range(len(pieces)))])
    one, all_at_once = (
        dict(run_batches(subject.model, subject.tokenizer, subject.kind, pieces, subject.attends, plan))
        for plan in plans
    )
    assert max(float((one[i] - all_at_once[i]).abs().max()) for i in one) < 2e-5


@pytest.mark.filterwarnings("ignore:This process.*multi-threaded:DeprecationWarning")  # forked, see `begin`
def test_killed_runs_end_like_an_unbroken_one(tmp_path):
    """Killed five times: at once, while it trains, and three times while it predicts, a line torn off each time."""
    data, model = write_cola(tmp_path / "cola", 60, long=20), save_headed(tmp_path / "m", "masked-lm")
    place = Place("cola", TASKS.get("cola"), data)
    settings = RunSettings(max_length=32, stride=8, batch_size=1, epochs=1)
    whole = evaluate_model(model, tmp_path / "whole", place, settings)
    seen = []
    for kill in range(5):
        run = begin(model, tmp_path / "broken", place, settings)
        _wait_for(run, tmp_path / "broken", kill)
        run.kill()
        run.join()
        seen.append(_cached(tmp_path / "broken"))
        for file in (tmp_path / "broken").glob("cache/*/*/predictions-0.jsonl"):
            with file.open("ab") as handle:
                handle.write(b'{"id": "torn", "fou')
    assert seen == sorted(seen) and 0 < seen[-1] < 60
    last = evaluate_model(model, tmp_path / "broken", place, settings)
    assert last == whole
    assert predictions(tmp_path / "broken") == predictions(tmp_path / "whole")


def _cached(out):
    return sum(file.read_bytes().count(b"\n") for file in out.glob("cache/*/*/predictions-0.jsonl"))


def _wait_for(run, out, kill):
    """Waits for the moment of a kill, the later ones at some more predictions each time."""
    before, deadline = _cached(out), time.monotonic() + 60
    while run.is_alive() and time.monotonic() < deadline:
        if kill == 0 or (kill == 1 and out.exists()) or _cached(out) > before:
            return
        time.sleep(0.001)
    raise AssertionError(f"kill {kill} came too late: exit code {run.exitcode}")


def test_another_model_is_noticed(made, tmp_path, monkeypatch):
    """The folder stays, the weights change: nothing of the old predictions is taken. Then nothing is run again."""
    place = made["cola"][1]
    model = save_headed(tmp_path / "m", "sequence-classification", TASKS.get("cola").labels)
    first = evaluate_model(model, tmp_path / "out", place)
    save_headed(model, "sequence-classification", TASKS.get("cola").labels, seed=5)
    second = evaluate_model(model, tmp_path / "out", place)
    assert first.model.weights_sha256 != second.model.weights_sha256
    assert second == evaluate_model(model, tmp_path / "fresh", place)
    monkeypatch.setattr(prediction, "_predict_pool", None)  # would be called for any prediction
    assert evaluate_model(model, tmp_path / "out", place) == second
    save_headed(model, "sequence-classification", TASKS.get("cola").labels, seed=5, layer_norm_eps=1e-3)
    with pytest.raises(TypeError):  # the same weights, another configuration
        evaluate_model(model, tmp_path / "out", place)


def test_a_new_metric_costs_no_prediction(made, tmp_path, monkeypatch):
    model, place = made["cola"]
    evaluate_model(model, tmp_path, place)
    monkeypatch.setattr(prediction, "_predict_pool", None)
    more = dataclasses.replace(place, task=dataclasses.replace(place.task, metrics=("matthews", "accuracy", "f1")))
    result = evaluate_model(model, tmp_path, more)
    matched = read_scored(tmp_path / "m-cola.cola.validation.json").matched
    assert result.metrics["f1"] == METRICS.get("f1").compute(matched.gold, matched.predicted)


def test_a_larger_limit_goes_on(made, tmp_path, monkeypatch):
    model, place = made["ner_folder"]
    few = evaluate_model(model, tmp_path, place, dataclasses.replace(SETTINGS, limit=5))
    assert (few.counts.scored, few.counts.before_limit, few.counts.documents) == (5, 12, 5)
    ran = []
    original = prediction._predict_pool

    def noted(subject, pool, wanted, batching):
        ran.append(wanted)
        return original(subject, pool, wanted, batching)

    monkeypatch.setattr(prediction, "_predict_pool", noted)
    evaluate_model(model, tmp_path, place, SETTINGS)
    assert ran == [set(range(5, 12))]
    with pytest.raises(UsageError, match="over 12 examples, more than 5"):
        evaluate_model(model, tmp_path, place, dataclasses.replace(SETTINGS, limit=5))


def test_a_model_without_a_head_is_fine_tuned_once(made, tmp_path, capsys):
    """A result a seed; a model that has its head is scored once; the second run trains nothing."""
    model, headed = save_headed(tmp_path / "m", "masked-lm"), made["cola"][0]
    words = ["evaluate", "run", str(model), str(headed), "--task", "cola", "--data-dir", str(made["cola"][1].data_dir)]
    words += ["--seeds", "3,4", "--epochs", "1", "--train-limit", "8", "--out", str(tmp_path / "out")]
    assert main(words) == 0
    assert capsys.readouterr().out.count(" on cola/validation: score ") == 3
    made_files = {p.name for p in (tmp_path / "out").glob("*.json")}
    assert made_files == {f"{m}.cola.validation.json" for m in ("m.seed-3", "m.seed-4", "m-cola")}
    note = json.loads((tmp_path / "out" / "models" / "m.seed-4.cola" / "gonerd.json").read_text())
    assert (note["seed"], note["documents"], note["held_out_documents"]) == (4, 8, 0)  # what is scored chooses nothing
    stamps = {p: p.stat().st_mtime_ns for p in (tmp_path / "out" / "models").rglob("*.safetensors")}
    assert main(words) == 0
    assert stamps == {p: p.stat().st_mtime_ns for p in (tmp_path / "out" / "models").rglob("*.safetensors")}
    assert main([*words[:-1], str(tmp_path / "out"), "--max-length", "64", "--stride", "9"]) == 0  # other settings
    assert stamps != {p: p.stat().st_mtime_ns for p in (tmp_path / "out" / "models").rglob("*.safetensors")}


def test_classes_in_another_order(made, tmp_path):
    """Third-party models name the same classes in an order of their own, and in other letters."""
    model, place = made["cola"]
    first = evaluate_model(model, tmp_path / "a", place)
    turned = tmp_path / "turned"
    tiny = open_subject(model, place.task, []).model
    with torch.no_grad():
        for parameter in (tiny.classifier.weight, tiny.classifier.bias):
            parameter.copy_(parameter.flip(0))
    save_headed(turned, "sequence-classification", ("Acceptable", "Unacceptable"))
    tiny.config.id2label, tiny.config.label2id = (
        {0: "Acceptable", 1: "Unacceptable"},
        {"Acceptable": 0, "Unacceptable": 1},
    )
    tiny.save_pretrained(turned)
    assert evaluate_model(turned, tmp_path / "b", place).metrics == first.metrics


def test_what_is_not_a_number(made, tmp_path):
    model, place = made["squad"]
    broken = open_subject(model, place.task, []).model
    with torch.no_grad():
        broken.qa_outputs.weight.fill_(float("nan"))
    save_headed(tmp_path / "nan", "question-answering")
    broken.save_pretrained(tmp_path / "nan")
    with pytest.raises(GonerdError, match=r"example 'q\d': the model gives NaN"):
        evaluate_model(tmp_path / "nan", tmp_path / "out", place)


def test_what_does_not_fit(made, tmp_path):
    place = made["ner_folder"][1]
    with pytest.raises(GonerdError, match=r"its classes \(LOC, ORG\) are not those of task 'ner_folder' \(LOC, PER\)"):
        other = save_headed(tmp_path / "other", "token-classification", ("O", "B-ORG", "I-ORG", "B-LOC", "I-LOC"))
        evaluate_model(other, tmp_path / "out", place)
    with pytest.raises(GonerdError, match=r"its classes \(x, y\) are not those of task 'cola'"):
        other = save_headed(tmp_path / "xy", "sequence-classification", ("x", "y"))
        evaluate_model(other, tmp_path / "out", made["cola"][1])
    (tmp_path / "bare").mkdir()
    for file in made["cola"][0].iterdir():
        if "token" not in file.name and "vocab" not in file.name:
            (tmp_path / "bare" / file.name).write_bytes(file.read_bytes())
    with pytest.raises(GonerdError, match="no tokenizer here"):
        evaluate_model(tmp_path / "bare", tmp_path / "out", made["cola"][1])
    with pytest.raises(GonerdError, match=r"no config\.json in this folder"):
        evaluate_model(tmp_path, tmp_path / "out", made["cola"][1])
    with pytest.raises(UsageError, match="--max-length 999 is more than"):
        evaluate_model(made["cola"][0], tmp_path / "out", made["cola"][1], RunSettings(max_length=999))


def test_splits_that_cannot_be_scored(made, tmp_path):
    model = made["cola"][0]
    data = write_cola(tmp_path / "cola")
    (data / "dev.tsv").write_text("index\tsentence\tlabel\n")
    with pytest.raises(GonerdError, match="no example of split 'validation' can be used"):
        evaluate_model(model, tmp_path / "out", Place("cola", TASKS.get("cola"), data))
    (data / "dev.tsv").write_text("index\tsentence\n0\tthe court\n")
    with pytest.raises(GonerdError, match=r"split 'validation' has no public answers \(1 examples"):
        evaluate_model(model, tmp_path / "out", Place("cola", TASKS.get("cola"), data))
    assert not (tmp_path / "out").exists()


def test_results_are_not_replaced_by_others(made, tmp_path):
    model, place = made["ner_folder"]
    evaluate_model(model, tmp_path / "out", place)
    data = write_ner(tmp_path / "more", count=13)
    with pytest.raises(UsageError, match="holds a result with data"):
        evaluate_model(model, tmp_path / "out", dataclasses.replace(place, data_dir=data))
    (tmp_path / "copy").mkdir()
    for file in model.iterdir():
        (tmp_path / "copy" / model.name).mkdir(exist_ok=True)
        (tmp_path / "copy" / model.name / file.name).write_bytes(file.read_bytes())
    with pytest.raises(UsageError, match="holds a result with model"):
        evaluate_model(tmp_path / "copy" / model.name, tmp_path / "out", place)
