"""Dense layers through oneDNN: the same products, in prediction and in training."""

from __future__ import annotations

import pytest
import torch
import torch.nn.functional as F
import torch.utils.checkpoint

from gonerd.errors import UsageError
from gonerd.models.attention import _products
from gonerd.models.attention._dense import project, project_into
from gonerd.models.products import fast_products
from tests.models.products import counted, forced

SHAPES = [(32, 8, 16), (33, 7, 5), (128, 64, 64), (1500, 16, 8)]


@pytest.fixture
def onednn(monkeypatch):
    return forced(monkeypatch, "onednn")


def _drawn(rows, inputs, outputs, seed=0):
    draw = torch.Generator().manual_seed(seed)
    return [torch.randn(*shape, generator=draw) for shape in ((rows, inputs), (outputs, inputs), (outputs,))]


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("biased", [True, False])
def test_value_and_gradient_are_those_of_float64(shape, biased, onednn):
    x, weight, bias = _drawn(*shape)
    given = [t.clone().requires_grad_() for t in ((x, weight, bias) if biased else (x, weight))]
    exact = [t.double().requires_grad_() for t in ((x, weight, bias) if biased else (x, weight))]
    with fast_products():
        out = F.linear(*given)
    wanted = F.linear(*exact)
    assert torch.allclose(out.double(), wanted, atol=1e-4)
    out.square().sum().backward()
    wanted.square().sum().backward()
    for mine, theirs in zip(given, exact, strict=True):
        scale = theirs.grad.abs().max()
        assert ((mine.grad.double() - theirs.grad).abs().max() / scale) < 1e-5


def test_layers_of_a_model_are_taken_over_with_leading_dimensions_and_strides(onednn, monkeypatch):
    seen = counted(monkeypatch)
    layer = torch.nn.Linear(12, 5)
    x = torch.randn(4, 12, 20).transpose(1, 2)  # not contiguous: left to torch
    plain = layer(x)
    with fast_products():
        assert torch.equal(layer(x), plain)
        assert seen == []
        assert torch.allclose(layer(x.contiguous()), plain, atol=1e-6)
    assert seen == [(80, 12)]
    layer(x.contiguous())
    assert len(seen) == 1  # outside nothing is taken over


@pytest.mark.parametrize("case", ["few rows", "double", "bfloat16", "autocast", "blas"])
def test_what_is_left_to_torch(case, onednn, monkeypatch):
    seen = counted(monkeypatch)
    x, weight, _ = _drawn(4 if case == "few rows" else 64, 8, 8)
    if case in ("double", "bfloat16"):
        x, weight = (t.to(getattr(torch, case if case != "double" else "float64")) for t in (x, weight))
    if case == "blas":
        forced(monkeypatch, "blas")
    with fast_products(), torch.autocast("cpu", torch.bfloat16, enabled=case == "autocast"):
        F.linear(x, weight)
    assert seen == []


def test_frozen_weights_get_no_gradient(onednn):
    x, weight, bias = _drawn(64, 8, 8)
    x.requires_grad_()
    with fast_products():
        F.linear(x, weight, bias).sum().backward()
    assert torch.allclose(x.grad, weight.sum(0).expand(64, -1), atol=1e-5)
    assert weight.grad is None and bias.grad is None


@pytest.mark.parametrize("shape", SHAPES)
def test_buffers_of_prediction_hold_the_same_with_either_library(shape, monkeypatch):
    x, weight, bias = _drawn(*shape)
    layer = torch.nn.Linear(shape[1], shape[2])
    made = {}
    with torch.no_grad():
        layer.weight.copy_(weight)
        layer.bias.copy_(bias)
        for name in ("blas", "onednn"):
            forced(monkeypatch, name)
            outs = [torch.full((shape[0], shape[2]), torch.nan) for _ in range(2)]
            project_into((layer, layer), x, outs)
            assert torch.equal(*outs)
            alone = project(layer, x, torch.empty(shape[0], shape[2]))
            assert torch.allclose(alone, outs[0], atol=1e-4)
            made[name] = outs[0]
    assert torch.allclose(made["blas"], made["onednn"], atol=1e-4)


def test_the_library_can_be_chosen_and_a_wrong_name_is_refused(monkeypatch):
    for name in ("blas", "onednn"):
        monkeypatch.setenv(_products.VARIABLE, name)
        _products.library.cache_clear()
        assert _products.library() == name
    monkeypatch.setenv(_products.VARIABLE, "mkl")
    _products.library.cache_clear()
    with pytest.raises(UsageError, match="GONERD_PRODUCTS=mkl: give blas or onednn"):
        _products.library()
    _products.library.cache_clear()


def test_activations_that_are_computed_again_run_as_at_first(onednn, monkeypatch):
    seen = counted(monkeypatch)
    layer = torch.nn.Linear(8, 8)
    x = torch.randn(64, 8, requires_grad=True)
    with fast_products():
        out = torch.utils.checkpoint.checkpoint(layer, x, use_reentrant=False)
        out.sum().backward()
    assert seen == [(64, 8), (64, 8), (64, 8), (8, 64)]  # forward, again, and the two of the gradient
    assert torch.allclose(x.grad, layer.weight.sum(0).expand(64, -1), atol=1e-5)
