"""Distillation during fine-tuning: the loss is what one would write down in float64, and students get nearer."""

import json
from types import SimpleNamespace

import pytest
import torch
from torch.nn import functional
from transformers.modeling_outputs import QuestionAnsweringModelOutput

from gonerd import GonerdError, UsageError
from gonerd.cli import main
from gonerd.models.conversion import convert
from gonerd.models.finetune import FinetuneSettings, finetune_task
from gonerd.models.finetuning import KINDS, ClassificationExample, QuestionExample, TagExample, TaskData
from gonerd.models.finetuning.distillation import Distillation, Taught
from gonerd.models.halving import halve
from gonerd.models.load import load_model
from gonerd.models.save import save
from gonerd.records import Span
from tests.tiny import roberta_tokenizer, tiny_model

T = 3.0
PLAIN = {"hidden_dropout_prob": 0.0, "attention_probs_dropout_prob": 0.0}
LABELS = {
    "sequence-classification": ("a", "b", "c"),
    "sequence-regression": (),
    "token-classification": ("O", "B-PER", "I-PER"),
    "question-answering": ("yes", ""),
}
EXAMPLES = {
    "sequence-classification": [ClassificationExample(str(i), "the judge " * (3 * i + 1), None, i) for i in range(3)],
    "sequence-regression": [ClassificationExample(str(i), "the judge " * (3 * i + 1), None, i / 2) for i in range(3)],
    "token-classification": [
        TagExample("0", "the judge a court", ((0, 3), (4, 9), (10, 11), (12, 17)), (Span(4, 9, "PER"),)),
        TagExample("1", "the court", ((0, 3), (4, 9)), ()),
    ],
    "question-answering": [
        QuestionExample("0", "judge", "the court a b c", ("court",), (4,)),
        QuestionExample("1", "court", "the judge", choice="yes"),
        QuestionExample("2", "a", "the judge b c d e f", ()),
    ],
}


def task(kind, examples=None):
    examples = examples or EXAMPLES[kind]
    return TaskData("toy", "1", kind, LABELS[kind], examples, [], lambda found: 0.0, "none")


def bert(kind, seed, **fields):
    made = KINDS.get(kind)(LABELS[kind])
    return made, tiny_model("bert", made.head, seed=seed, **{**PLAIN, **made.overrides(), **fields}).double().train()


def batch_of(kind, made):
    from gonerd.models.finetuning import Shape
    from gonerd.models.finetuning._pieces import collate
    from tests.tiny import bert_tokenizer

    pieces = made.pieces(bert_tokenizer(), EXAMPLES[kind], Shape(64, 16), gold=True)
    inputs = collate(pieces, 0, attends=None)
    targets = made.targets(pieces, inputs["input_ids"].shape[1])
    return inputs, {n: v.double() if v.is_floating_point() else v for n, v in targets.items()}


def kl(student, teacher):
    """One distribution from another, position by position, in plain sums."""
    p, q = (teacher / T).softmax(-1), (student / T).softmax(-1)
    return float((p * (p.log() - q.log())).sum().detach())


def direct(kind, ours, theirs, inputs, targets):
    """The soft loss as one would write it down."""
    if kind == "sequence-regression":
        return float(((ours.logits - theirs.logits)[:, 0] ** 2 * targets["weights"]).mean().detach())
    if kind == "sequence-classification":
        rows = [w * kl(a, b) for a, b, w in zip(ours.logits, theirs.logits, targets["weights"], strict=True)]
    elif kind == "token-classification":
        where = (targets["labels"] != -100).nonzero().tolist()
        rows = [kl(ours.logits[i, j], theirs.logits[i, j]) for i, j in where]
        assert len(rows) == 6  # a word each, no other token
    else:
        lengths = inputs["attention_mask"].sum(1).tolist()
        rows = [
            (
                kl(ours.start_logits[i, :n], theirs.start_logits[i, :n])
                + kl(ours.end_logits[i, :n], theirs.end_logits[i, :n])
            )
            / 2
            for i, n in enumerate(lengths)
        ]
    return T**2 * float(sum(rows)) / len(rows)


@pytest.mark.parametrize("kind", LABELS)
def test_the_loss_is_the_direct_one(kind):
    made, student = bert(kind, 1)
    teacher = bert(kind, 0)[1]
    inputs, targets = batch_of(kind, made)
    told = Distillation(
        "t", weight=0.7, temperature=T, states={"hidden_mse": {"weight": 0.3, "layers": [[1, 2], [4, 4]]}}
    )
    taught = Taught(made, told, student, teacher)
    outputs = student(**inputs, **taught.asks)
    found = taught(student, inputs, outputs, targets)
    with torch.no_grad():
        theirs = teacher(**inputs, output_hidden_states=True)
    real = inputs["attention_mask"].bool()
    states = [(outputs.hidden_states[a] - theirs.hidden_states[b])[real].square().mean() for a, b in ((1, 2), (4, 4))]
    gold = float(made.loss(outputs, targets).detach())
    soft = direct(kind, outputs, theirs, inputs, targets)
    hidden = float(sum(states).detach()) / 2
    assert float(found.detach()) == pytest.approx(0.3 * gold + 0.7 * soft + 0.3 * hidden, rel=1e-6)
    assert soft > 0
    found.backward()
    assert all(p.grad is None for p in teacher.parameters())
    assert not teacher.training
    assert student.training


@pytest.mark.parametrize("kind", LABELS)
def test_who_equals_the_teacher_has_nothing_to_learn(kind):
    made, student = bert(kind, 0)
    teacher = bert(kind, 0)[1]
    inputs, targets = batch_of(kind, made)
    taught = Taught(made, Distillation("t", weight=1.0, states={"hidden_mse": {}}), student, teacher)
    loss = taught(student, inputs, student(**inputs, **taught.asks), targets)
    loss.backward()
    assert float(loss.detach()) == pytest.approx(0, abs=1e-12)
    gradients = [p.grad.abs().max() for p in student.parameters() if p.grad is not None]
    assert gradients
    assert max(gradients) < 1e-9


def test_padding_counts_for_nothing():
    """What models give at padding, each its own, changes neither loss nor gradient of answers."""
    made = KINDS.get("question-answering")(())
    real = torch.tensor([[True] * 4 + [False] * 2])
    ours = [torch.randn(1, 6, dtype=torch.double, requires_grad=True) for _ in range(2)]
    results = []
    for noise in (0.0, 50.0):
        padding = torch.tensor([[0.0] * 4 + [noise] * 2], dtype=torch.double)
        a = QuestionAnsweringModelOutput(start_logits=ours[0] + padding, end_logits=ours[1] - padding)
        b = QuestionAnsweringModelOutput(
            start_logits=torch.zeros(1, 6) - padding, end_logits=torch.ones(1, 6) + padding
        )
        loss = made.soft_loss(a, b, {}, real, T)
        results.append([loss, *torch.autograd.grad(loss, ours)])
    for one, other in zip(*results, strict=True):
        torch.testing.assert_close(one, other)
    assert results[0][1][0, 4:].abs().max() == 0


def test_a_window_that_owns_no_word():
    made = KINDS.get("token-classification")(LABELS["token-classification"])
    logits = SimpleNamespace(logits=torch.randn(1, 4, 3, requires_grad=True))
    loss = made.soft_loss(logits, logits, {"labels": torch.full((1, 4), -100)}, torch.ones(1, 4).bool(), 2.0)
    assert float(loss.detach()) == 0


@pytest.fixture
def teacher(save_model, tmp_path):
    """A fine-tuned tagger."""
    settings = FinetuneSettings(epochs=1, batch_size=2)
    start = save_model("bert", "masked-lm", **PLAIN)
    finetune_task(start, task("token-classification"), tmp_path / "teacher", settings)
    return tmp_path / "teacher"


def distance(folder, teacher, text="a judge the court b"):
    """How far a student's distributions are from its teacher's on a text that neither was trained on."""
    (model, tokenizer), (other, _) = load_model(folder, None), load_model(teacher, None)
    inputs = {n: v for n, v in tokenizer(text, return_tensors="pt").items() if n != "token_type_ids"}
    with torch.no_grad():
        ours, theirs = (m(**inputs).logits.log_softmax(-1) for m in (model, other))
    return float(functional.kl_div(ours, theirs, reduction="batchmean", log_target=True))


def test_a_student_gets_nearer_its_teacher(teacher, tmp_path):
    """Another width and attention, half the layers: nearer with the teacher than without, and the note says how."""
    model, tokenizer = load_model(teacher, None)
    save(halve(model), tokenizer, tmp_path / "half", {})
    save(*convert(tmp_path / "half", max_length=128, window=16), tmp_path / "long", {})
    told = {"epochs": 30, "learning_rate": 3e-3, "batch_size": 2, "global_attention": "none"}
    alone = FinetuneSettings(**told)
    taught = FinetuneSettings(**told, teacher=teacher, distill_weight=0.9, state_losses={"hidden_mse": {"weight": 0.5}})
    for name, settings in (("alone", alone), ("taught", taught)):
        finetune_task(tmp_path / "long", task("token-classification"), tmp_path / name, settings)
    near, far = distance(tmp_path / "taught", teacher), distance(tmp_path / "alone", teacher)
    assert near < far / 2
    note = json.loads((tmp_path / "taught" / "gonerd.json").read_text())
    assert note["losses"]["task"] == {"weight": pytest.approx(0.1)}
    assert note["losses"]["soft_targets"]["weight"] == 0.9
    assert note["losses"]["hidden_mse"] == {"weight": 0.5}
    assert note["teacher_sha256"] == json.loads((teacher / "gonerd.json").read_text())["weights_sha256"]
    card = (tmp_path / "taught" / "README.md").read_text()
    assert "Teacher: teacher." in card
    assert "- distillation" in card
    assert "teacher" not in json.loads((tmp_path / "alone" / "gonerd.json").read_text())


def test_a_narrower_student_learns_its_projection(teacher, save_model, tmp_path):
    narrow = save_model("bert", "masked-lm", hidden_size=16, **PLAIN)
    made = KINDS.get("token-classification")(LABELS["token-classification"])
    student, tokenizer = load_model(narrow, made.head, **made.overrides())
    told = Distillation(teacher, states={"hidden_mse": {"layers": "last"}})
    from gonerd.models.finetuning import Shape
    from gonerd.models.finetuning._teacher import open_teacher
    from gonerd.models.finetuning.defaults import KINDS as RATES
    from gonerd.models.finetuning.train import Recipe, train

    taught = Taught(made, told, student, open_teacher(told, made, tokenizer, Shape(64, 8), "none"))
    before = taught.states["hidden_mse"].projections[0].weight.detach().clone()
    assert before.shape == (32, 16)
    pieces = made.pieces(tokenizer, EXAMPLES["token-classification"], Shape(64, 8), gold=True)
    train(student, tokenizer, made, pieces, Recipe(RATES["token-classification"], 2, None, "none", 0), None, taught)
    assert (taught.states["hidden_mse"].projections[0].weight - before).abs().max() > 0
    assert not [name for name in student.state_dict() if "projection" in name]


def test_from_the_command_line(teacher, tmp_path, capsys, save_model):
    sample = ["models", "finetune", str(save_model("bert", "masked-lm", **PLAIN))]
    fast = ["--epochs", "0.01", "--limit", "1", "--held-out", "none", "--max-length", "32"]
    assert main([*sample, *fast, "--out", str(tmp_path / "first")]) == 0
    told = ["--teacher", str(tmp_path / "first"), "--distill-weight", "1", "--temperature", "4"]
    states = ["--hidden-weight", "2", "--hidden-layers", "1:1,4:4"]
    assert main([*sample, *fast, *told, *states, "--out", str(tmp_path / "second")]) == 0
    note = json.loads((tmp_path / "second" / "gonerd.json").read_text())
    assert set(note["losses"]) == {"soft_targets", "hidden_mse"}
    assert note["losses"]["hidden_mse"]["layers"] == [[1, 1], [4, 4]]
    assert (note["temperature"], note["distill_weight"]) == (4.0, 1.0)
    assert main([*sample, *fast, *told, *states[:3], "4-4", "--out", str(tmp_path / "third")]) == 2
    assert "--hidden-layers '4-4': give uniform, last, or pairs" in capsys.readouterr().err


def refused(teacher, tmp_path, save_model, kind="token-classification", labels=None, **settings):
    data = task(kind)
    if labels:
        data = TaskData("toy", "1", kind, labels, data.train, [], lambda found: 0.0, "none")
    start = save_model("bert", "masked-lm", **PLAIN)
    with pytest.raises((GonerdError, UsageError)) as raised:
        finetune_task(start, data, tmp_path / "out", FinetuneSettings(epochs=1, teacher=teacher, **settings))
    assert not (tmp_path / "out").exists()
    return str(raised.value)


def test_teachers_that_do_not_fit(teacher, tmp_path, save_model):
    told = [teacher, tmp_path, save_model]
    message = refused(*told, kind="sequence-classification")
    assert "has a head for token-classification, not for sequence-classification; fine-tune it" in message
    message = refused(*told, labels=("O", "B-PER", "I-PER", "B-LOC", "I-LOC"))
    assert "its labels (O, B-PER, I-PER) are not the task's (O, B-PER, I-PER, B-LOC, I-LOC)" in message
    assert "same order" in refused(*told, labels=("B-PER", "O", "I-PER"))
    model, _ = load_model(teacher, None)
    tokenizer = roberta_tokenizer()
    save(model, tokenizer, tmp_path / "other", {})
    assert "its tokenizer is not the student's" in refused(tmp_path / "other", *told[1:])
    message = refused(*told, state_losses={"masked_lm": {}})
    assert "'masked_lm' reads no hidden states" in message
    assert "did you mean" in refused(*told, state_losses={"hidden_ms": {}})
    message = refused(*told, state_losses={"hidden_mse": {"layers": [[9, 1]]}})
    assert "give pairs of a student's state 0..4" in message
    assert "--distill-weight 0: give a share above 0" in refused(*told, distill_weight=0)
    assert "--temperature -1: give a number above 0" in refused(*told, temperature=-1)


def test_a_teacher_for_shorter_texts_or_other_global_tokens(teacher, tmp_path, save_model):
    short = tiny_model("bert", "token-classification", max_position_embeddings=24, **task_fields())
    save(short, load_model(teacher, None)[1], tmp_path / "short", {})
    assert "it reads 24 tokens, and windows have 64" in refused(tmp_path / "short", tmp_path, save_model, max_length=64)
    save(*convert(save_model("bert", "masked-lm"), max_length=128, window=16), tmp_path / "long", {})
    finetune_task(tmp_path / "long", task("token-classification"), tmp_path / "other", FinetuneSettings(epochs=1))
    message = refused(tmp_path / "other", tmp_path, save_model, global_attention="first")
    assert "its global tokens are 'none', not 'first'; pass --global-attention none" in message


def task_fields():
    return KINDS.get("token-classification")(LABELS["token-classification"]).overrides()


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device")
def test_on_a_gpu_in_bf16(teacher, save_model, tmp_path):
    """The teacher follows its student to the device, under bf16 autocast."""
    settings = FinetuneSettings(epochs=2, batch_size=2, teacher=teacher, state_losses={"hidden_mse": {}})
    start = save_model("bert", "masked-lm", **PLAIN)
    (done,) = finetune_task(start, task("token-classification"), tmp_path / "out", settings)
    assert done.loss == done.loss
    assert load_model(tmp_path / "out", None)[0].dtype == torch.float32
