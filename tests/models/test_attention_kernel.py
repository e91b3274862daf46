"""The primitive against dense attention over everything side by side, forward and backward."""

from dataclasses import replace

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from gonerd.models.attention import _concatenated, _flash, _gradient
from gonerd.models.attention._kernel import Keys, Windows, attend, implementation


def dense(q, sets):
    keys, values, biases = [], [], []
    for one in sets:
        k, v = one.k, one.v
        if isinstance(one, Windows):
            starts = [one.first + m * one.step for m in range(len(q))]
            k, v = (torch.stack([row[s : s + one.width] for s in starts]).transpose(1, 2) for row in (k, v))
        keys.append(k.expand(len(q), -1, -1, -1))
        values.append(v.expand(len(q), -1, -1, -1))
        bias = torch.zeros(1, 1, 1, 1, dtype=q.dtype) if one.bias is None else one.bias
        biases.append(bias.expand(len(q), q.shape[1], q.shape[2], k.shape[2]))
    bias = torch.cat(biases, -1)
    nothing = (bias == float("-inf")).all(-1, keepdim=True)
    scores = q @ torch.cat(keys, 2).transpose(-1, -2) * q.shape[-1] ** -0.5 + bias
    return scores.masked_fill(nothing, 0.0).softmax(-1).masked_fill(nothing, 0.0) @ torch.cat(values, 2)


def example(blocks, heads, size, dim, reach, seed, forbidden, dtype=torch.float64):
    """A row of fused projections that windows overlap on, keys that all share, keys of each block, and masks."""
    torch.manual_seed(seed)
    row = torch.randn(2 * reach + blocks * size, 3, heads, dim, dtype=dtype, requires_grad=True)
    shared = torch.randn(2, 1, heads, 3, dim, dtype=dtype, requires_grad=True)
    own = torch.randn(2, blocks, heads, 5, dim, dtype=dtype, requires_grad=True)
    q, k, v = row.unbind(1)
    q = q[reach : reach + blocks * size].view(blocks, size, heads, dim).transpose(1, 2)

    def mask(*shape):
        return torch.zeros(shape, dtype=dtype).masked_fill(torch.rand(shape) < forbidden, float("-inf"))

    width = size + 2 * reach
    sets = [
        Windows(k, v, 0, size, width, mask(blocks, 1, size, width)),
        Keys(*shared, mask(1, 1, 1, 3)),
        Keys(*own, mask(blocks, heads, size, 5)),
        Keys(*own),
    ]
    return (row, shared, own), q, sets


def results(attention, leaves, q, sets):
    for leaf in leaves:
        leaf.grad = None
    out = attention(q, sets)
    torch.manual_seed(1)
    (out * torch.randn(out.shape, dtype=out.dtype)).sum().backward(retain_graph=True)
    return [out.detach(), *(leaf.grad for leaf in leaves)]


@settings(max_examples=30)
@given(
    sizes=st.tuples(st.integers(1, 4), st.integers(1, 3), st.integers(1, 40), st.sampled_from([4, 16])),
    reach=st.integers(0, 50),
    seed=st.integers(0, 999),
    forbidden=st.sampled_from([0.0, 0.5, 0.97, 1.0]),
    which=st.sets(st.integers(0, 3), min_size=1),
)
def test_any_sets_in_one_softmax(sizes, reach, seed, forbidden, which):
    leaves, q, sets = example(*sizes, reach, seed, forbidden)
    chosen = [sets[i] for i in sorted(which)]
    expected = results(dense, leaves, q, chosen)
    for attention in (attend, lambda q, sets: _concatenated.concatenated(q, sets)):
        for a, b in zip(expected, results(attention, leaves, q, chosen), strict=True):
            assert (a is None) == (b is None)
            assert a is None or torch.allclose(a, b, atol=1e-10)


@pytest.mark.parametrize("multiplies", [True, False])
@pytest.mark.parametrize(
    ("blocks", "size", "tile"), [(3, 8, 1 << 19), (3, 8, 150), (3, 90, 1 << 12), (1, 1100, 1 << 19)]
)
def test_gradients_in_bfloat16(blocks, size, tile, multiplies, monkeypatch):
    """By tiles of a few blocks, of one head or of less, and by the kernel; where nothing is seen too."""
    monkeypatch.setattr(_gradient, "_multiplies", lambda: multiplies)
    monkeypatch.setattr(_gradient, "_TILE", tile)
    tiled, given = [], (blocks, 2, size, 16, min(size, 100), 0, 0.3, torch.bfloat16)
    gradient = _gradient.tiled_gradient
    monkeypatch.setattr(
        _flash, "tiled_gradient", lambda *a: tiled.append(len(_gradient._tiles(*a[1:3]))) or gradient(*a)
    )
    leaves, q, sets = example(*given)
    sets[0].bias[0, :, size // 2] = float("-inf")
    found = results(attend, leaves, q, sets[:3])
    if size < 1100 and multiplies:
        assert tiled[0] == {1 << 19: 1, 150: 6, 1 << 12: 6}[tile] and len(tiled) == 3
    else:
        assert not tiled
    exact, exact_q, exact_sets = example(*given)
    exact_sets[0].bias[0, :, size // 2] = float("-inf")

    def double(q, sets):
        return dense(q.double(), [replace(s, k=s.k.double(), v=s.v.double()) for s in sets]).to(q.dtype)

    for a, b in zip(found, results(double, exact, exact_q, exact_sets[:3]), strict=True):
        assert a.dtype == torch.bfloat16 and (a - b).norm() < 0.02 * b.norm()


def test_a_single_key_with_score_zero_is_no_empty_row():
    """The kernel reports 0 for the denominator of both."""
    q, k, v = torch.zeros(1, 1, 1, 4), torch.zeros(1, 1, 1, 4), torch.ones(1, 1, 1, 4)
    shut = torch.full((1, 1, 1, 1), float("-inf"))
    assert torch.equal(attend(q, [Keys(k, v), Keys(k, -v, shut)]), v)
    assert torch.equal(attend(q, [Keys(k, -v, shut), Keys(k, v)]), v)
    assert torch.equal(attend(q, [Keys(k, v, shut), Keys(k, v, shut)]), 0 * v)


def test_the_operator_is_sound():
    _, q, sets = example(2, 2, 6, 4, 3, 0, 0.3, torch.float32)
    chosen = sets[:2]
    arguments = (q, [s.k for s in chosen], [s.v for s in chosen], [s.bias for s in chosen], [0, 6, 12, 0, 0, 0])
    torch.library.opcheck(_flash._attend, tuple(arguments), test_utils=("test_schema", "test_faketensor"))


def test_dropout_a_few_blocks_at_a_time(monkeypatch):
    """A dropout of nearly nothing takes that way and drops nothing."""
    leaves, q, sets = example(5, 2, 8, 4, 4, 0, 0.3)
    expected = results(dense, leaves, q, sets)
    monkeypatch.setattr(_concatenated, "FORMED", 2 * 2 * 8 * 29)
    torch.manual_seed(0)
    for a, b in zip(expected, results(lambda q, sets: attend(q, sets, 1e-12), leaves, q, sets), strict=True):
        assert torch.allclose(a, b, atol=1e-9)


def test_dropout_is_random_unbiased_and_recomputed_alike():
    leaves, q, sets = example(2, 2, 8, 4, 4, 0, 0.3, torch.float32)
    torch.manual_seed(0)
    mean = torch.stack([attend(q, sets[:2], 0.3).detach() for _ in range(600)]).mean(0)
    assert (mean - attend(q, sets[:2]).detach()).abs().mean() < 0.05
    grads = []
    for attention in (attend, _concatenated.concatenated):
        torch.manual_seed(5)
        grads.append(results(lambda q, sets, run=attention: run(q, sets, 0.3), leaves, q, sets[:2]))
    assert all(a is None or torch.allclose(a, b, atol=1e-6) for a, b in zip(*grads, strict=True))


def test_what_runs_can_be_asked():
    q = torch.zeros(1, 1, 1, 4)
    assert [implementation(q), implementation(q, 0.1)] == ["flash-merge", "concatenated-sdpa"]


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device")
def test_cuda_in_bfloat16():
    _, q, sets = example(3, 2, 32, 16, 20, 0, 0.3, torch.float32)
    moved = [
        Windows(s.k.cuda().bfloat16(), s.v.cuda().bfloat16(), s.first, s.step, s.width, s.bias.cuda()) for s in sets[:1]
    ]
    assert (attend(q.cuda().bfloat16(), moved).float().cpu() - attend(q, sets[:1])).abs().mean() < 0.05
