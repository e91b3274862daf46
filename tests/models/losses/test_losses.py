"""Each loss equals a direct computation over whole logits and states in float64, and so does its gradient."""

import copy
import math

import pytest
import torch
import torch.nn.functional as F
from torch import nn

from gonerd.errors import GonerdError, UsageError
from gonerd.models import convert, halve
from gonerd.models.distill.distiller import Distiller, counts_of
from gonerd.models.losses import LOSSES

PLAIN = {"hidden_dropout_prob": 0.0, "attention_probs_dropout_prob": 0.0}


@pytest.fixture
def batch():
    generator = torch.Generator().manual_seed(3)
    ids = torch.randint(5, 60, (3, 24), generator=generator)
    mask = torch.ones_like(ids)
    mask[1, 17:] = 0
    labels = torch.full_like(ids, -100)
    labels[torch.rand(ids.shape, generator=generator) < 0.25] = 7
    labels[mask == 0] = -100
    return {"input_ids": ids, "attention_mask": mask, "labels": labels, "keys": torch.arange(3)}


@pytest.fixture
def pair(make_tiny):
    """Teacher of four layers and a student that is not merely a part of it, in float64."""
    teacher = make_tiny("bert", "masked-lm", **PLAIN).double()
    student = halve(make_tiny("bert", "masked-lm", seed=1, **PLAIN).double()).train()
    return student, teacher


def run(model, batch):
    out = model(input_ids=batch["input_ids"], attention_mask=batch["attention_mask"], output_hidden_states=True)
    return out.logits, out.hidden_states


def direct(name, options, student, teacher, batch):
    """The loss as one would write it down, every position projected."""
    real, labels = batch["attention_mask"].bool(), batch["labels"]
    logits, states = run(student, batch)
    with torch.no_grad():
        targets, theirs = run(teacher, batch)
    if name == "masked_lm":
        return nn.CrossEntropyLoss()(logits.view(-1, logits.shape[-1]), labels.view(-1))
    if name == "soft_targets":
        where, t = (labels != -100) if options.get("positions", "masked") == "masked" else real, options["temperature"]
        student_log = F.log_softmax(logits[where] / t, dim=-1)
        return nn.KLDivLoss(reduction="batchmean")(student_log, F.softmax(targets[where] / t, dim=-1)) * t**2
    if name == "hidden_cosine":
        a, b = states[-1][real], theirs[-1][real]
        return nn.CosineEmbeddingLoss()(a, b, a.new_ones(len(a)))
    if name == "hidden_mse":
        named = {"last": [(2, 4)], "uniform": [(0, 0), (1, 2), (2, 4)]}
        pairs = named[options["layers"]] if isinstance(options["layers"], str) else options["layers"]
        return torch.stack([F.mse_loss(states[a][real], theirs[b][real]) for a, b in pairs]).mean()
    kinds = [("value", "value")]
    if name == "attention_relations":
        kinds = [tuple(kind.split("-")) for kind in options.get("kinds", ["query-key"])]
    terms = [relation_loss(student, teacher, states, theirs, real, kind, options.get("heads", 2)) for kind in kinds]
    return torch.stack(terms).mean()


def relation_loss(student, teacher, states, theirs, real, kind, heads):
    """Whole matrices with the padding masked, as in the papers."""

    def matrix(model, inputs):
        attention = model.base_model.encoder.layer[-1].attention.self
        vectors = [getattr(attention, name)(inputs) for name in kind]
        a, b = (v.view(*v.shape[:2], heads, -1).transpose(1, 2) for v in vectors)
        scores = a @ b.transpose(-1, -2) / math.sqrt(a.shape[-1])
        return scores.masked_fill(~real[:, None, None, :], -torch.inf).softmax(-1)

    p, q = matrix(teacher, theirs[-2]).detach(), matrix(student, states[-2])
    rows = torch.where(p > 0, p * (p.clamp(min=1e-300).log() - q.clamp(min=1e-300).log()), 0.0).sum(-1)
    return rows.transpose(1, 2)[real].mean()


CASES = [
    ("masked_lm", {}),
    ("soft_targets", {"temperature": 2.0}),
    ("soft_targets", {"temperature": 3.0, "positions": "all"}),
    ("hidden_cosine", {}),
    ("hidden_mse", {"layers": "uniform"}),
    ("hidden_mse", {"layers": "last"}),
    ("hidden_mse", {"layers": [(2, 3), (1, 0)]}),
    ("attention_relations", {}),
    ("attention_relations", {"kinds": ["query-query", "key-key"], "heads": 4}),
    ("value_relations", {"heads": 8}),
]


def test_every_loss_is_tested():
    assert {name for name, _ in CASES} == set(LOSSES.names())


@pytest.mark.parametrize("chunk", [5, 1000])
@pytest.mark.parametrize(("name", "options"), CASES, ids=str)
def test_equals_the_direct_computation(pair, batch, name, options, chunk, monkeypatch):
    monkeypatch.setattr("gonerd.models.losses._relations._BLOCK", chunk)
    student, teacher = pair
    plain = copy.deepcopy(student)
    expected = direct(name, options, plain, teacher, batch)
    expected.backward()
    out = Distiller(student, teacher, {name: {**options, "weight": 3.0}}, chunk=chunk)(**batch)
    assert out["parts"].item() == pytest.approx(expected.item(), rel=1e-12)
    (out["loss"] / 3).backward()
    for (key, ours), theirs in zip(student.named_parameters(), plain.parameters(), strict=True):
        wanted = torch.zeros_like(theirs) if theirs.grad is None else theirs.grad
        got = torch.zeros_like(ours) if ours.grad is None else ours.grad
        torch.testing.assert_close(got, wanted, rtol=1e-9, atol=1e-13, msg=key)
    assert all(parameter.grad is None for parameter in teacher.parameters())


def test_the_default_is_distilberts(pair, batch):
    student, teacher = pair
    terms = [
        direct(name, options, student, teacher, batch)
        for name, options in (("masked_lm", {}), ("soft_targets", {"temperature": 2.0}), ("hidden_cosine", {}))
    ]
    loss = Distiller(student, teacher)(**batch)["loss"]
    assert loss.item() == pytest.approx((2 * terms[0] + 5 * terms[1] + terms[2]).item(), rel=1e-12)


def test_parts_of_a_batch_add_up(pair, batch):
    """As micro-batches and processes do: each divides by the counts of all."""
    distiller = Distiller(*pair, {name: {} for name in LOSSES.names()})
    counts = counts_of(batch["labels"], batch["attention_mask"])
    whole = distiller(**batch)
    parts = [distiller(**{k: v[rows] for k, v in batch.items()}, counts=counts) for rows in ([0], [1, 2])]
    torch.testing.assert_close(sum(part["loss"] for part in parts), whole["loss"])
    torch.testing.assert_close(sum(part["parts"] for part in parts), whole["parts"])


def test_the_teacher_itself_has_nothing_to_learn(make_tiny, batch):
    teacher = make_tiny("roberta", "masked-lm")
    same = halve(teacher, [0, 1, 2, 3])
    names = [name for name in LOSSES.names() if name != "masked_lm"]
    parts = Distiller(same, teacher, {name: {} for name in names})(**batch)["parts"]
    assert parts.abs().max() < 1e-5


@pytest.mark.parametrize("name", ["attention_relations", "value_relations", "hidden_mse"])
def test_narrower_students(make_tiny, batch, name):
    teacher = make_tiny("bert", "masked-lm")
    student = make_tiny("bert", "masked-lm", hidden_size=16, num_hidden_layers=2)
    distiller = Distiller(student, teacher, {name: {}}).train()
    before = distiller(**batch)["loss"]
    optimizer = torch.optim.Adam(distiller.parameters(), 1e-3)
    for _ in range(20):
        optimizer.zero_grad()
        distiller(**batch)["loss"].backward()
        optimizer.step()
    assert distiller(**batch)["loss"] < before
    with pytest.raises(GonerdError, match="use hidden_mse"):
        Distiller(student, teacher, {"hidden_cosine": {}})


def test_capped_rows_are_an_estimate(pair, batch):
    """Over all offsets, the estimates average to the whole."""
    whole = Distiller(*pair, {"value_relations": {}})(**{k: v[:1] for k, v in batch.items()})["loss"]
    capped = Distiller(*pair, {"value_relations": {"rows": 6}})  # every fourth of 24
    one = {k: v[:1] for k, v in batch.items() if k != "keys"}
    estimates = [capped(**one, keys=torch.tensor([key]))["loss"] for key in range(4)]
    assert len({round(e.item(), 9) for e in estimates}) == 4
    torch.testing.assert_close(torch.stack(estimates).mean(), whole)


PATTERNS = {
    "bigbird": {"block_size": 8, "num_random_blocks": 1},
    "longformer": {"window": 16},
    "lsg": {"block_size": 8, "sparse_block_size": 8, "sparsity_factor": 2},
    "nystromformer": {"num_landmarks": 8},
}


@pytest.mark.parametrize("attention", PATTERNS)
def test_efficient_attention_of_any_length(make_tiny, attention):
    from types import SimpleNamespace

    source, tokenizer = make_tiny("roberta", "masked-lm", **PLAIN), SimpleNamespace(cls_token_id=0, mask_token_id=4)
    teacher, _ = convert(source, attention, max_length=200, tokenizer=tokenizer, **PATTERNS[attention])
    student = halve(teacher, "first").train()
    ids = torch.randint(5, 60, (2, 151))
    labels = torch.where(torch.rand(ids.shape) < 0.2, ids, -100)
    out = Distiller(student, teacher, {name: {} for name in LOSSES.names()})(ids, torch.ones_like(ids), labels)
    out["loss"].backward()
    assert torch.isfinite(out["parts"]).all()
    assert all(p.grad is not None for n, p in student.named_parameters() if "layer" in n)


def test_nothing_masked(pair, batch):
    batch["labels"] = torch.full_like(batch["labels"], -100)
    out = Distiller(*pair)(**batch)
    out["loss"].backward()
    assert out["parts"][0] == out["parts"][1] == 0 and torch.isfinite(out["loss"])


def test_mixed_precision(make_tiny, batch):
    teacher = make_tiny("bert", "masked-lm", initializer_range=0.05, **PLAIN)
    student = halve(teacher, "last").train()
    distiller = Distiller(student, teacher, {name: {} for name in LOSSES.names()}, chunk=4)
    with torch.autocast("cpu", torch.bfloat16):
        rough = distiller(**batch)
    rough["loss"].backward()
    grads = [p.grad.clone() for p in student.parameters() if p.grad is not None]
    distiller.zero_grad()
    exact = distiller(**batch)
    exact["loss"].backward()
    torch.testing.assert_close(rough["parts"], exact["parts"], rtol=0.1, atol=0.02)
    assert rough["loss"].dtype == torch.float32
    fine = [p.grad for p in student.parameters() if p.grad is not None]
    cosine = F.cosine_similarity(torch.cat([g.flatten() for g in grads]), torch.cat([g.flatten() for g in fine]), dim=0)
    assert cosine > 0.98


def test_gradient_checkpointing_changes_nothing(pair, batch):
    student, teacher = pair
    distiller = Distiller(student, teacher, {name: {} for name in LOSSES.names()}).train()
    distiller(**batch)["loss"].backward()
    plain = {name: p.grad.clone() for name, p in student.named_parameters() if p.grad is not None}
    distiller.zero_grad()
    distiller.activation_checkpointing_enable(activation_checkpointing_kwargs={"use_reentrant": False})
    distiller(**batch)["loss"].backward()
    for name, gradient in plain.items():
        torch.testing.assert_close(student.get_parameter(name).grad, gradient)


def test_only_masked_positions_are_projected(pair, batch):
    student, teacher = pair
    seen = []
    for model in pair:
        model.cls.predictions.register_forward_hook(lambda _, __, out: seen.append(out.shape[:-1].numel()))
    Distiller(student, teacher)(**batch)
    masked = int((batch["labels"] != -100).sum())
    assert seen == [masked, masked]


@pytest.mark.parametrize(
    ("losses", "error", "message"),
    [
        ({"soft_target": {}}, UsageError, "unknown loss 'soft_target'; did you mean 'soft_targets'"),
        ({"soft_targets": {"temprature": 3}}, UsageError, "loss 'soft_targets': unknown key 'temprature'"),
        ({"soft_targets": {"temperature": 0}}, UsageError, "'temperature'"),
        ({}, UsageError, "'losses' is empty"),
        ({"value_relations": {"heads": 5}}, UsageError, "'heads' is 5, which does not divide"),
        ({"value_relations": {"teacher_layer": 4}}, UsageError, "'teacher_layer' is 4; the model has layers 0..3"),
        ({"hidden_mse": {"layers": [(3, 1)]}}, UsageError, r"student's state 0\.\.2"),
    ],
)
def test_wrong_losses(pair, losses, error, message):
    with pytest.raises(error, match=message):
        Distiller(*pair, losses)


def test_models_that_cannot_be_compared(pair, make_tiny):
    with pytest.raises(GonerdError, match="needs a teacher"):
        Distiller(pair[0], None, {"soft_targets": {}})
    with pytest.raises(GonerdError, match="same vocabulary"):
        Distiller(pair[0], make_tiny("roberta", "masked-lm"))
    with pytest.raises(GonerdError, match="no masked-language-model head"):
        Distiller(make_tiny("bert"))


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device")
def test_on_a_gpu_in_bf16(make_tiny, batch):
    teacher = make_tiny("bert", "masked-lm", initializer_range=0.05, **PLAIN)
    distiller = Distiller(halve(teacher).train(), teacher, {name: {} for name in LOSSES.names()}, chunk=4)
    expected = distiller(**batch)["parts"]
    distiller.to("cuda")
    with torch.autocast("cuda", torch.bfloat16):
        out = distiller(**{name: value.to("cuda") for name, value in batch.items()})
    out["loss"].backward()
    torch.testing.assert_close(out["parts"].cpu(), expected, rtol=0.1, atol=0.02)
