"""Short documents in one call: what each of them alone would be, in every pattern, with gradients and heads."""

import copy

import pytest
import torch
from transformers import (
    BertConfig,
    BertForSequenceClassification,
    BigBirdConfig,
    BigBirdForSequenceClassification,
    LongformerConfig,
    LongformerForSequenceClassification,
    NystromformerConfig,
    NystromformerForSequenceClassification,
)

from gonerd.models import accelerate
from gonerd.models.attention import _short, _together
from gonerd.models.attention._concatenated import concatenated
from gonerd.models.attention._rows import Document
from gonerd.models.modeling_lsg import LSGConfig, LSGForSequenceClassification
from tests.models.exact import CLOSE, SIZES, STILL, largest_difference, one_by_one, peaked, worst

KINDS = {
    "bert": (BertForSequenceClassification, BertConfig, {}),
    "bigbird": (BigBirdForSequenceClassification, BigBirdConfig, {"block_size": 16}),
    "longformer": (LongformerForSequenceClassification, LongformerConfig, {"attention_window": [64, 64]}),
    "lsg": (LSGForSequenceClassification, LSGConfig, {"block_size": 32, "num_global_tokens": 2}),
    "nystromformer": (
        NystromformerForSequenceClassification,
        NystromformerConfig,
        {"num_landmarks": 32, "segment_means_seq_len": 64, "conv_kernel_size": 5},
    ),
}
LENGTHS = (3, 30, 17, 17, 1, 24)
EXACT = 1e-8  # weights of few rows are float32
LEFT = (2, 4)  # documents with their padding in front


def make(kind):
    torch.manual_seed(0)
    model, config, options = KINDS[kind]
    fields = {**SIZES, **STILL, "max_position_embeddings": 80, "num_labels": 2, **options}
    theirs = peaked(model(config(**fields)).double())
    return theirs, accelerate(copy.deepcopy(theirs))


def batch(kind, lengths=LENGTHS):
    """Ids, a mask, and for Longformer global tokens: the first, a few more of some, in one document none."""
    generator = torch.Generator().manual_seed(1)
    ids = torch.randint(5, 40, (len(lengths), max(lengths)), generator=generator)
    mask, marked = torch.zeros_like(ids), torch.zeros_like(ids)
    for row, length in enumerate(lengths):
        start = max(lengths) - length if row in LEFT else 0
        mask[row, start : start + length] = 1
        if row != 2:
            marked[row, start : start + 1 + row] = mask[row, start : start + 1 + row]
    extra = {"global_attention_mask": marked} if kind == "longformer" else {}
    pad = KINDS[kind][1]().pad_token_id
    return {"input_ids": ids.masked_fill(mask == 0, pad), "attention_mask": mask, **extra}


def outcome(model, given):
    """Logits, last states of real tokens, and gradients of both."""
    model.zero_grad()
    out = model(**given, output_hidden_states=True)
    states = out.hidden_states[-1] * given["attention_mask"][..., None]
    weight = torch.linspace(-1, 1, states.numel(), dtype=states.dtype).view(states.shape)
    ((states * weight).sum() + out.logits[:, 0].sum()).backward()
    grads = {name: p.grad.clone() for name, p in model.named_parameters() if p.grad is not None}
    return out.logits.detach(), states.detach(), grads


def refuse_single_documents(model, monkeypatch):
    def fail(*_):
        raise AssertionError("a document was computed by itself")

    for name in ("context", "first"):
        monkeypatch.setattr(type(model.base_model.scheme), name, fail)


@pytest.mark.parametrize("kind", KINDS)
def test_together_is_one_by_one(kind, monkeypatch):
    _, ours = make(kind)
    given = batch(kind)
    with monkeypatch.context() as patch:
        patch.setattr(_short, "CALL", -1)
        logits, states, grads = outcome(ours, given)
        with torch.no_grad():
            quick = ours(**given).logits
    refuse_single_documents(ours, monkeypatch)
    found = outcome(ours, given)
    assert (found[0] - logits).abs().max() < EXACT and (found[1] - states).abs().max() < EXACT
    assert largest_difference(found[2], grads) < EXACT
    with torch.no_grad():
        if kind == "longformer":  # one of the documents has no global token in front: the last layer goes one by one
            monkeypatch.undo()
        assert (ours(**given).logits - quick).abs().max() < EXACT


@pytest.mark.parametrize("kind", KINDS)
def test_the_device_neutral_way_agrees(kind, monkeypatch):
    """What runs on CUDA, run here."""
    _, ours = make(kind)
    given = batch(kind)
    refuse_single_documents(ours, monkeypatch)
    logits, states, grads = outcome(ours, given)
    monkeypatch.setattr(_together, "attend", concatenated)
    found = outcome(ours, given)
    assert (found[0] - logits).abs().max() < EXACT and (found[1] - states).abs().max() < EXACT
    assert largest_difference(found[2], grads) < EXACT


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("lengths", [(9, 9, 9), (9, 21, 14)])
def test_of_heads_that_read_the_first_token(kind, lengths, monkeypatch):
    _, ours = make(kind)
    given = batch(kind, lengths)
    if kind == "longformer":
        given["global_attention_mask"] = torch.zeros_like(given["input_ids"]).scatter_(
            1, given["attention_mask"].argmax(1, keepdim=True), 1
        )
    with monkeypatch.context() as patch, torch.no_grad():
        patch.setattr(_short, "CALL", -1)
        alone = ours(**given).logits
    refuse_single_documents(ours, monkeypatch)
    with torch.no_grad():
        assert (ours(**given).logits - alone).abs().max() < EXACT


@pytest.mark.parametrize("kind", ["bert", "longformer"])
def test_together_equals_hugging_face(kind, monkeypatch):
    theirs, ours = make(kind)
    given = batch(kind)
    refuse_single_documents(ours, monkeypatch)
    ids, mask = given.pop("input_ids"), given.pop("attention_mask")
    with torch.no_grad():
        found = ours.base_model(ids, mask, **given).last_hidden_state
        pairs = one_by_one(theirs.base_model, ids, mask, **given)
    assert len(pairs) == len(LENGTHS) and worst(found, pairs) < CLOSE


def test_what_is_put_together():
    def documents(*lengths, padding=None):
        firsts = [sum(lengths[:i]) for i in range(len(lengths))]
        return [Document(first, length, padding) for first, length in zip(firsts, lengths, strict=True)]

    assert _short.short_of(documents(12), "cpu") is None  # nothing to share a call with
    assert _short.short_of(documents(12, 9, padding=torch.ones(9, dtype=torch.bool)), "cpu") is None
    assert _short.short_of(documents(12, 500), "cpu") is None  # more filler than a call costs
    assert _short.short_of(documents(500, 500), "cpu") is None  # no filler, but nothing to gain
    alike, mixed = _short.short_of(documents(9, 9), "cpu"), _short.short_of(documents(12, 9, 2), "cpu")
    assert alike.slots is None and alike.closed(torch.float32) is None
    rows = torch.randn(23, 4)
    padded = mixed.pad(rows)
    assert padded.shape == (3, 12, 4) and torch.equal(padded[1, :9], rows[12:21]) and not padded[1, 9:].any()
    assert torch.equal(mixed.unpad(padded), rows)
    assert (mixed.closed(torch.float32)[:, 0, 0] == 0).sum(1).tolist() == [12, 9, 2]
