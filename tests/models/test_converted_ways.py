"""Converted models under everything that training does to a model: autocast, checkpointing, compiling."""

import copy
import warnings

import pytest
import torch
from transformers import RobertaConfig, RobertaForTokenClassification

from gonerd.models import convert
from tests.models.exact import CLOSE, SIZES, STILL, largest_difference, masked_batch, peaked

OPTIONS = {
    "bigbird": {"block_size": 8, "num_random_blocks": 1, "semantics": "random"},
    "full": {},
    "longformer": {"window": 16},
    "lsg": {"block_size": 16, "sparse_block_size": 16, "sparsity_factor": 2},
    "nystromformer": {"num_landmarks": 8, "conv_kernel_size": 5},
}
LENGTH = 90


def make(pattern, **fields):
    torch.manual_seed(0)
    source = peaked(
        RobertaForTokenClassification(RobertaConfig(**{**SIZES, **STILL, **fields}, max_position_embeddings=130))
    )
    return convert(source, pattern, max_length=128, tokenizer=type("T", (), {})(), **OPTIONS[pattern])[0]


def batch():
    ids, mask = masked_batch(3, LENGTH, 1, inside=0.05)
    return {"input_ids": ids, "attention_mask": mask, "labels": ids % 2}


def gradients(model, call):
    model.train().zero_grad(set_to_none=True)
    call(**batch()).loss.backward()
    return {name: p.grad for name, p in model.named_parameters()}


@pytest.mark.parametrize("pattern", OPTIONS)
@pytest.mark.parametrize("reentrant", [False, True])
def test_gradient_checkpointing(pattern, reentrant):
    ours = make(pattern)
    expected = gradients(ours, ours)
    again = copy.deepcopy(ours)
    again.activation_checkpointing_enable({"use_reentrant": reentrant})
    calls = []
    for layer in again.base_model.encoder.layer:
        inner = layer._gradient_checkpointing_func
        layer._gradient_checkpointing_func = lambda *a, f=inner: (calls.append(1), f(*a))[1]
    assert largest_difference(expected, gradients(again, again)) < 1e-5
    assert len(calls) == SIZES["num_hidden_layers"]


@pytest.mark.parametrize("pattern", OPTIONS)
@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16])
def test_autocast(pattern, dtype):
    ours = make(pattern)
    with torch.no_grad():
        exact = ours(**batch()).logits
        with torch.autocast("cpu", dtype):
            rough = ours(**batch()).logits.float()
    assert 0 < (exact - rough).abs().mean() < (0.06 if dtype == torch.bfloat16 else 0.01)
    ours.train()
    with torch.autocast("cpu", dtype):
        loss = ours(**batch()).loss
    loss.backward()
    assert all(torch.isfinite(p.grad).all() for p in ours.parameters() if p.grad is not None)


# Longformer and BigBird are compiled in test_attention_encoder.py.
@pytest.mark.parametrize(
    "pattern", ["full", *(pytest.param(p, marks=pytest.mark.slow) for p in ("lsg", "nystromformer"))]
)
def test_compiled(pattern):
    ours = make(pattern, num_hidden_layers=1)
    torch.compiler.reset()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # dynamo's own
        compiled = torch.compile(ours, backend="aot_eager")
        with torch.no_grad():
            assert (compiled(**batch()).logits - ours(**batch()).logits).abs().max() < CLOSE
        assert largest_difference(gradients(ours, ours), gradients(ours, compiled)) < 1e-5
