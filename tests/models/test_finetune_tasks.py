"""`gonerd models finetune --task …` from files in the original formats: what can be learnt is learnt."""

import json
import random

import pytest
import torch
import transformers

from gonerd import GonerdError, UsageError
from gonerd.cli import main
from gonerd.evaluation.finetune import open_task, score
from gonerd.evaluation.tasks import TASKS
from gonerd.models.conversion import convert
from gonerd.models.finetune import FinetuneSettings, best_of, finetune, finetune_task
from gonerd.models.finetuning import ClassificationExample, QuestionExample, TaskData, sources
from gonerd.models.finetuning.defaults import KINDS, defaults_for
from gonerd.models.finetuning.defaults import TASKS as TASK_DEFAULTS
from gonerd.models.finetuning.sources import Request
from gonerd.models.load import load_model
from gonerd.models.predict import predict
from gonerd.models.save import save

FAST = ["--epochs", "8", "--learning-rate", "0.005", "--batch-size", "8", "--seed", "1"]


@pytest.fixture
def teachable(save_model):
    return save_model("bert", "masked-lm", initializer_range=0.05, hidden_dropout_prob=0.0)


def write_rte(folder, count=48, words=6, label=None):
    """Entailed is what says "judge"."""
    folder.mkdir()
    for name, seed in (("train", 0), ("dev", 1)):
        draw, lines = random.Random(seed), ["index\tsentence1\tsentence2\tlabel"]
        for i in range(count):
            right = draw.random() < 0.5
            text = draw.choices(["the", "court", "a"], k=words)
            text[draw.randrange(words)] = "judge" if right else "the"
            gold = label or ("entailment" if right else "not_entailment")
            lines.append(f"{i}\t{' '.join(text)}\tthe court\t{gold}")
        (folder / f"{name}.tsv").write_text("\n".join(lines) + "\n")
    return folder


def write_squad(folder, paragraphs):
    folder.mkdir()
    value = {"data": [{"title": "t", "paragraphs": paragraphs}]}
    for name in ("train-v2.0.json", "dev-v2.0.json", "train-v1.1.json", "dev-v1.1.json"):
        (folder / name).write_text(json.dumps(value))
    return folder


def paragraph(i, answered=True):
    """The answer is the letter after "judge", far into a context of several windows."""
    draw = random.Random(i)
    words = draw.choices(["the", "court", "a"], k=90)
    at = draw.randrange(80)
    if answered:
        words[at : at + 2] = ["judge", draw.choice("xyz")]
    context = " ".join(words)
    start = context.find("judge ") + 6
    answers = [{"text": context[start], "answer_start": start}] if answered else []
    return {"context": context, "qas": [{"id": f"q{i}", "question": "judge", "answers": answers}]}


def test_classes_from_the_command_line(teachable, tmp_path, capsys):
    data = write_rte(tmp_path / "rte")
    words = ["models", "finetune", str(teachable), "--task", "rte", "--data-dir", str(data), "--out"]
    assert main([*words, str(tmp_path / "out"), *FAST, "--patience", "4"]) == 0
    assert "48 documents, 48 windows" in capsys.readouterr().out
    note = json.loads((tmp_path / "out" / "gonerd.json").read_text())
    assert note["score"] == max(note["history"]) == note["history"][note["best_epoch"] - 1] > 0.9
    assert note["global_attention"] == "first"
    assert (note["weight_decay"], note["warmup"]) == (0.1, 0.06)
    assert "Liu et al. 2019" in note["defaults"]
    assert set(note["dataset"]["files"]) == {"train.tsv"}
    plain = transformers.AutoModelForSequenceClassification.from_pretrained(tmp_path / "out")
    assert list(plain.config.id2label.values()) == ["entailment", "not_entailment"]
    # The weights on disk are those of the best epoch: they score what the note says.
    model, tokenizer = load_model(tmp_path / "out", None)
    task = open_task(Request("rte", data_dir=data))
    answers = predict(model, tokenizer, task.held_out, batch_size=8)
    assert task.score(answers) == pytest.approx(note["score"])
    # What it was fine-tuned for goes along when it is converted.
    save(*convert(tmp_path / "out", "longformer", max_length=256), tmp_path / "converted", {})
    assert predict(*load_model(tmp_path / "converted", None), task.held_out, batch_size=8) == answers
    model, tokenizer = convert(tmp_path / "out", "longformer", max_length=16)
    long = ClassificationExample("long", "the judge " * 40, "the court", None)
    assert model.config.task_specific_params["gonerd"]["max_length"] == 16
    assert len(predict(model, tokenizer, [long])) == 1, "in windows for which there is room"


def test_answers_and_none_in_long_contexts(teachable, tmp_path):
    data = write_squad(tmp_path / "squad", [paragraph(i, answered=i % 4 > 0) for i in range(40)])
    save(*convert(teachable, max_length=128, window=16), tmp_path / "long", {})
    settings = FinetuneSettings(max_length=64, stride=8, epochs=6, learning_rate=5e-3, batch_size=8)
    done = finetune(tmp_path / "long", data, tmp_path / "out", "squad_v2", settings)
    assert done.windows == 2 * done.documents
    assert done.score > 0.9
    plain = transformers.AutoModelForQuestionAnswering.from_pretrained(tmp_path / "out")
    assert type(plain).__name__ == "LongformerForQuestionAnswering"
    model, tokenizer = load_model(tmp_path / "out", None)
    asked = [QuestionExample("new", "judge", "the court " * 60 + "judge z " + "a court " * 60)]
    (answer,) = predict(model, tokenizer, asked)
    assert (answer.text, answer.start) == ("z", 606)


def test_trials_are_kept_and_continued(teachable, tmp_path):
    data = open_task(Request("rte", data_dir=write_rte(tmp_path / "rte"), limit=8))
    settings = FinetuneSettings(epochs=1, trials=3, seed=5, batch_size=4)
    first = finetune_task(teachable, data, tmp_path / "out", settings)
    notes = {path.name: (path / "gonerd.json").stat().st_mtime_ns for path in (tmp_path / "out").iterdir()}
    assert sorted(notes) == ["seed-5", "seed-6", "seed-7"]
    assert len({json.loads((tmp_path / "out" / n / "gonerd.json").read_text())["weights_sha256"] for n in notes}) == 3
    assert best_of(first).score == max(done.score for done in first)
    import shutil

    shutil.rmtree(tmp_path / "out" / "seed-6")
    assert finetune_task(teachable, data, tmp_path / "out", settings) == first
    again = {path.name: (path / "gonerd.json").stat().st_mtime_ns for path in (tmp_path / "out").iterdir()}
    assert [name for name in sorted(notes) if again[name] != notes[name]] == ["seed-6"]
    # Other settings are another run.
    changed = FinetuneSettings(epochs=1, trials=2, seed=5, batch_size=8)
    assert [done.steps for done in finetune_task(teachable, data, tmp_path / "out", changed)] == [1, 1]


def toy(scores):
    given = iter(scores)
    examples = [ClassificationExample(str(i), "judge", None, i % 2) for i in range(4)]
    return TaskData("toy", "1", "sequence-classification", ("a", "b"), examples, examples, lambda _: next(given), "x")


def test_the_best_epoch_is_kept_and_training_stops(teachable, tmp_path):
    settings = FinetuneSettings(epochs=9, patience=2, batch_size=2, learning_rate=1e-3)
    (done,) = finetune_task(teachable, toy([0.1, 0.5, 0.4, 0.3, 0.9]), tmp_path / "stopped", settings)
    note = json.loads((tmp_path / "stopped" / "gonerd.json").read_text())
    assert (note["history"], note["best_epoch"], done.score, done.steps) == ([0.1, 0.5, 0.4, 0.3], 2, 0.5, 8)
    # The weights after two epochs of nine, as another run that is best at its end has them.
    finetune_task(teachable, toy([0.1, 0.5, 0.4, 0.3]), tmp_path / "same", settings)
    ends = [json.loads((tmp_path / n / "gonerd.json").read_text())["weights_sha256"] for n in ("stopped", "same")]
    assert ends[0] == ends[1]
    finetune_task(teachable, toy([0.1, 0.5, 0.6, 0.3, 0.2]), tmp_path / "third", settings)
    assert json.loads((tmp_path / "third" / "gonerd.json").read_text())["weights_sha256"] != ends[0]


def test_gathered_batches_take_the_same_steps(teachable, tmp_path):
    task = toy([])
    task = TaskData(**{**{f: getattr(task, f) for f in task.__dataclass_fields__}, "held_out": ()})
    found = []
    for micro in (4, 1):
        settings = FinetuneSettings(epochs=3, batch_size=4, micro_batch=micro, learning_rate=1e-3, attention_dropout=0)
        (done,) = finetune_task(teachable, task, tmp_path / str(micro), settings)
        found.append((done, load_model(tmp_path / str(micro), None)[0].state_dict()))
    assert found[0][0].steps == found[1][0].steps == 3
    assert found[0][0].loss == pytest.approx(found[1][0].loss, rel=1e-5)
    for name, value in found[0][1].items():
        torch.testing.assert_close(value, found[1][1][name], rtol=1e-3, atol=1e-4, msg=name)


def test_another_objective_is_used(teachable, tmp_path):
    """Where distillation enters: it sees model, inputs, outputs and targets."""
    seen = []

    def objective(model, inputs, outputs, targets):
        seen.append(sorted(inputs))
        return outputs.logits.float().pow(2).mean()

    settings = FinetuneSettings(epochs=1, batch_size=4)
    (done,) = finetune_task(teachable, toy([0.5]), tmp_path / "out", settings, objective)
    assert seen == [["attention_mask", "input_ids"]]
    assert done.loss < 1


def test_answers_that_are_not_there(tmp_path):
    wrong = paragraph(0)
    wrong["qas"][0]["answers"] = [{"text": "zebra", "answer_start": 3}]
    data = write_squad(tmp_path / "squad", [paragraph(i) for i in (1, 2)] + [wrong])
    (tmp_path / "out").mkdir()
    words = ["models", "finetune", "x", "--task", "squad", "--data-dir", str(data), "--held-out", "none"]
    assert [len(open_task(Request("squad", data_dir=data, absent_answers=a)).train) for a in sources.ABSENT] == [
        3,
        2,
        3,
    ]
    task = open_task(Request("squad", data_dir=data, absent_answers="no-answer"))
    assert (task.labels, task.train[2].answers) == (("",), ())
    assert open_task(Request("squad", data_dir=data, absent_answers="set-aside")).dataset["examples_set_aside"] == {
        "answer not in its context": 1
    }
    assert main([*words, "--absent-answers", "skip", "--out", str(tmp_path / "out")]) == 2
    with pytest.raises(GonerdError, match="question 'q0': its answer 'zebra' is not in its context"):
        finetune_task(_bert(tmp_path), open_task(Request("squad", data_dir=data)), tmp_path / "out")
    assert list((tmp_path / "out").iterdir()) == []


def _bert(folder):
    from tests.tiny import save_tiny

    return save_tiny(folder / "bert", "bert")


def test_requests_that_make_no_sense(tmp_path):
    data = write_rte(tmp_path / "rte")
    with pytest.raises(UsageError, match="did you mean 'rte'"):
        open_task(Request("rtee"))
    with pytest.raises(UsageError, match="--data is for gonerd; task 'rte' takes --data-dir"):
        sources.open_task(Request("rte", data="x"))
    with pytest.raises(UsageError, match="takes neither --revision nor --option"):
        sources.open_task(Request("gonerd", revision="x"))
    (data / "dev.tsv").write_text("index\tsentence1\tsentence2\n0\ta\tb\n")
    with pytest.raises(GonerdError, match="example '0' has no public answer; name as --held-out"):
        open_task(Request("rte", data_dir=data))
    assert len(open_task(Request("rte", data_dir=data, held_out="none")).held_out) == 0


def test_yes_and_no_of_hotpotqa(tmp_path):
    records = [
        {
            "_id": name,
            "question": "is it",
            "answer": answer,
            "context": [["t", ["the court met.", " a judge came."]]],
            "supporting_facts": [["t", 1]],
        }
        for name, answer in (("a", "yes"), ("b", "judge"), ("c", "no"))
    ]
    (tmp_path / "hotpot_train_v1.1.json").write_text(json.dumps(records))
    (tmp_path / "hotpot_dev_distractor_v1.json").write_text(json.dumps(records))
    task = open_task(Request("hotpotqa", data_dir=tmp_path))
    assert task.labels == ("yes", "no")
    assert [example.choice for example in task.train] == ["yes", None, "no"]
    from gonerd.models.finetuning import Answer

    right = [Answer("yes", -1, 1.0), Answer("judge", 20, 1.0), Answer("no", -1, 1.0)]
    assert task.score(right) == pytest.approx(1)
    assert task.score([right[2], *right[1:]]) == pytest.approx(2 / 3)


def test_an_alias_is_no_choice():
    """Among the aliases of TriviaQA, whose places are not annotated, "no" is a word like any other."""
    from gonerd.evaluation.finetune import neutral
    from gonerd.evaluation.tasks import QuestionExample as Asked

    found = neutral(Asked("q", "q", "which film", "Dr No was shot", ("dr no", "no"), (-1, -1)))
    assert (found.choice, found.answers) == (None, ("dr no", "no"))


def test_entities_of_a_folder(teachable, tmp_path):
    draw, lines = random.Random(0), []
    for _ in range(30):
        words = draw.choices(["the", "court", "a", "judge"], k=20)
        lines += [f"{word} {'B-PER' if word == 'judge' else 'O'}" for word in words] + [""]
    (tmp_path / "ner").mkdir()
    for name in ("train.conll", "dev.conll"):
        (tmp_path / "ner" / name).write_text("\n".join(lines) + "\n")
    settings = FinetuneSettings(max_length=64, stride=8, epochs=6, learning_rate=1e-2, batch_size=4)
    done = finetune(teachable, tmp_path / "ner", tmp_path / "out", "ner_folder", settings)
    assert done.documents == 1
    assert done.windows > 8
    assert done.score > 0.95
    assert json.loads((tmp_path / "out" / "gonerd.json").read_text())["global_attention"] == "none"


def test_numbers(teachable, tmp_path):
    folder = tmp_path / "sts"
    folder.mkdir()
    for name in ("train", "dev"):
        rows = ["index\tsentence1\tsentence2\tscore"]
        rows += [f"{i}\t{'judge ' * (i % 6) + 'the'}\tthe\t{i % 6}" for i in range(36)]
        (folder / f"{name}.tsv").write_text("\n".join(rows) + "\n")
    settings = FinetuneSettings(epochs=15, learning_rate=5e-3, batch_size=8)
    task = open_task(Request("stsb", data_dir=folder, held_out="none"))
    (done,) = finetune_task(teachable, task, tmp_path / "out", settings)
    assert done.score is None
    model, tokenizer = load_model(tmp_path / "out", None)
    assert model.config.problem_type == "regression"
    few, many = predict(model, tokenizer, [ClassificationExample("", "judge " * n, "the", None) for n in (0, 5)])
    assert few + 1 < many


def test_every_task_has_defaults_with_a_source():
    for name in TASKS.names():
        assert defaults_for(name, TASKS.get(name).kind).source
    assert set(TASK_DEFAULTS) <= set(TASKS.names())
    assert set(KINDS) == {TASKS.get(name).kind for name in TASKS.names()}


def test_gold_predicted_is_perfect(tmp_path):
    """The border between the rooms loses nothing: gold as predictions scores 1."""
    data = write_rte(tmp_path / "rte")
    examples = TASKS.get("rte").load("validation", data).examples
    assert score(TASKS.get("rte"), examples, [example.gold for example in examples]) == 1
    gonerd = TASKS.get("gonerd").load("test").examples
    assert score(TASKS.get("gonerd"), gonerd, [example.spans for example in gonerd]) == 1


def test_half_precision_when_asked_for(teachable, tmp_path):
    """Layers compute in bf16, so the loss is near that of fp32 and not the same; weights stay in fp32."""
    losses = []
    for bf16 in (False, True):
        settings = FinetuneSettings(epochs=2, batch_size=2, bf16=bf16)
        losses.append(finetune_task(teachable, toy([0.5, 0.6]), tmp_path / str(bf16), settings)[0].loss)
    assert losses[0] != losses[1] == pytest.approx(losses[0], rel=0.05)
    assert load_model(tmp_path / "True", None)[0].dtype == torch.float32


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device")
def test_half_precision_on_a_device(teachable, tmp_path):
    """bf16 autocast, pinned loading, weights kept in float32."""
    data = open_task(Request("rte", data_dir=write_rte(tmp_path / "rte")))
    settings = FinetuneSettings(epochs=8, learning_rate=5e-3, batch_size=8)
    (done,) = finetune_task(teachable, data, tmp_path / "out", settings)
    assert done.score > 0.9
    model, tokenizer = load_model(tmp_path / "out", None, device="cuda")
    assert model.dtype == torch.float32
    assert data.score(predict(model, tokenizer, data.held_out)) == pytest.approx(done.score)
