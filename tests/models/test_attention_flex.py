"""FlexAttention: intervals, tiles and merging against dense attention, whole models, and which kernel is chosen."""

from dataclasses import replace
from types import SimpleNamespace

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from transformers import BigBirdConfig, BigBirdModel, LongformerConfig, LongformerModel, RobertaConfig, RobertaModel

from gonerd.errors import GonerdError, UsageError
from gonerd.models import accelerate
from gonerd.models.attention import _choice, _flex, attention_kernel, attention_used
from gonerd.models.attention._kernel import Windows, attend, implementation
from gonerd.models.modeling_lsg import LSGConfig, LSGModel
from tests.models.exact import CLOSE, SIZES, STILL, masked_batch, peaked
from tests.models.test_attention_kernel import dense, example, results

WIDE = {**SIZES, **STILL, "max_position_embeddings": 400}
MODELS = {
    "longformer": lambda: LongformerModel(LongformerConfig(**WIDE, attention_window=[16, 16])),
    "bigbird": lambda: BigBirdModel(BigBirdConfig(**WIDE, block_size=4, gonerd_bigbird="random")),
    "lsg": lambda: LSGModel(LSGConfig(**WIDE, block_size=16, sparse_block_size=16)),
    "roberta": lambda: RobertaModel(RobertaConfig(**WIDE)),
}
needs_cuda = pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device")
inductors_own = pytest.mark.filterwarnings("ignore")  # what it warns of when it is imported is none of ours


def make(kind):
    torch.manual_seed(0)
    return accelerate(peaked(MODELS[kind]()))


def batch(kind, length):
    ids, mask = masked_batch(3, length, 0 if kind == "bigbird" else 1, inside=0.05)
    marked = torch.zeros_like(ids)
    marked[:, [3, length // 2]] = mask[:, [3, length // 2]]
    return ids, mask, {"global_attention_mask": marked} if kind == "longformer" else {}


def formed(backend, q, k, v, score_mod, mask, wanted):
    """What the kernel is said to compute, from the tiles and the functions that it is given."""
    _, heads, queries, _ = q.shape
    head, query, key = torch.meshgrid(
        torch.arange(heads), torch.arange(queries), torch.arange(k.shape[2]), indexing="ij"
    )
    some = mask.kv_num_blocks.new_zeros(queries // _flex.TILE, k.shape[2] // _flex.TILE)
    every = some.clone()
    for tiles, counts, listed in (
        (some, mask.kv_num_blocks, mask.kv_indices),
        (every, mask.full_kv_num_blocks, mask.full_kv_indices),
    ):
        for row, (count, numbers) in enumerate(zip(counts[0, 0], listed[0, 0], strict=True)):
            tiles[row, numbers[:count].long()] = 1
    assert not (some & every).any()
    some, every = (t.bool().repeat_interleave(_flex.TILE, 0).repeat_interleave(_flex.TILE, 1) for t in (some, every))
    seen = every | (some & mask.mask_mod(None, head, query, key))
    scores = q @ k.transpose(-1, -2) * q.shape[-1] ** -0.5
    if score_mod is not None:
        scores = score_mod(scores, None, head, query, key)
    scores = scores.masked_fill(~seen, float("-inf"))
    nothing = (scores == float("-inf")).all(-1, keepdim=True)
    scores = scores.masked_fill(nothing, 0.0)
    denominator = scores.logsumexp(-1).masked_fill(nothing[..., 0], float("-inf"))
    return scores.softmax(-1).masked_fill(nothing, 0.0) @ v, denominator if wanted.lse else None


def flex(q, sets, backend="eager"):
    geometry = [n for s in sets for n in ((s.first, s.step, s.width) if isinstance(s, Windows) else (0, 0, 0))]
    keys, values, biases = [s.k for s in sets], [s.v for s in sets], [s.bias for s in sets]
    return _flex.attend(q, keys, values, biases, geometry, backend).transpose(1, 2)


@settings(max_examples=40)
@given(
    sizes=st.tuples(st.integers(1, 5), st.integers(1, 3), st.integers(1, 150), st.sampled_from([4, 16])),
    reach=st.integers(0, 200),
    seed=st.integers(0, 999),
    forbidden=st.sampled_from([0.0, 0.5, 0.97, 1.0]),
    which=st.sets(st.integers(0, 3), min_size=1),
    biased=st.booleans(),
)
def test_intervals_tiles_and_merging_with_gradients(sizes, reach, seed, forbidden, which, biased):
    """Everything but the kernel, in double precision; it has no gradient on a CPU, so the one above stands for it."""
    leaves, q, sets = example(*sizes, reach, seed, forbidden)
    chosen = [sets[i] for i in sorted(which)]
    if not biased:
        chosen = [Windows(s.k, s.v, s.first, s.step, s.width) if isinstance(s, Windows) else s for s in chosen]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(_flex, "_run", formed)
        for a, b in zip(results(dense, leaves, q, chosen), results(flex, leaves, q, chosen), strict=True):
            assert (a is None) == (b is None)
            assert a is None or torch.allclose(a, b, atol=1e-10)


@pytest.mark.parametrize("which", [(0,), (0, 1), (2, 3)])
def test_the_kernel_uncompiled(which):
    _, q, sets = example(3, 2, 40, 16, 20, 0, 0.5, torch.float32)
    chosen = [sets[i] for i in which]
    with torch.no_grad():
        expected = attend(q, chosen)
        with attention_kernel("flex-eager"):
            out = attend(q, chosen)
    assert out.shape == expected.shape
    assert out.transpose(1, 2).is_contiguous()
    assert (out - expected).abs().max() < 1e-6


def test_shapes_of_one_bucket_share_a_kernel():
    torch.compiler.reset()
    _flex._compiled.cache_clear()
    counted, stages = torch._dynamo.utils.counters["stats"], []
    with torch.no_grad():
        for blocks, size, reach in ((3, 40, 20), (3, 36, 25), (2, 60, 32)):
            _, q, sets = example(blocks, 2, size, 16, reach, 0, 0.5, torch.float32)
            assert (flex(q, sets[:1]) - dense(q, sets[:1])).abs().max() < 1e-6
            stages.append(counted["unique_graphs"])
    assert stages[0] == stages[1] == stages[2]


@pytest.mark.parametrize("kind", MODELS)
def test_models(kind):
    ours = make(kind)
    ids, mask, extra = batch(kind, 120)
    with torch.no_grad():
        expected = ours(ids, mask, **extra).last_hidden_state
        with attention_kernel("flex-eager"):
            assert attention_used(ours).endswith("unpadded-flex-eager")
            assert (ours(ids, mask, **extra).last_hidden_state - expected).abs().max() < CLOSE
    assert attention_used(ours).endswith("unpadded-flash-merge")


def test_inference_mode_first_and_training_later(monkeypatch):
    """What is kept of a geometry must serve both."""
    _flex._kept_intervals.cache_clear()
    monkeypatch.setattr(_flex, "_run", formed)
    leaves, q, sets = example(2, 2, 8, 16, 4, 0, 0.3)
    with torch.inference_mode():
        flex(q, sets)
    for a, b in zip(results(dense, leaves, q, sets), results(flex, leaves, q, sets), strict=True):
        assert torch.allclose(a, b, atol=1e-10)


def fake(device="cuda", dim=64, dtype=torch.bfloat16):
    return SimpleNamespace(
        device=SimpleNamespace(type=device), shape=(1, 12, 100, dim), dtype=dtype, requires_grad=True
    )


def test_what_is_chosen_where(monkeypatch):
    monkeypatch.setattr(_choice.importlib.util, "find_spec", lambda name: object())
    monkeypatch.setattr(torch.cuda, "get_device_capability", lambda device: (9, 0))
    assert implementation(fake()) == "flex"
    assert implementation(fake(), 0.1) == "concatenated-sdpa"
    assert implementation(fake(dim=8)) == implementation(fake(dtype=torch.float64)) == "concatenated-sdpa"
    assert implementation(fake("cpu")) == "flash-merge"
    assert implementation(fake("mps")) == "concatenated-sdpa"
    monkeypatch.setattr(torch.cuda, "get_device_capability", lambda device: (6, 1))
    monkeypatch.setattr(torch.cuda, "get_device_name", lambda device: "old GPU")
    assert implementation(fake()) == "concatenated-sdpa"
    with (
        attention_kernel("flex"),
        pytest.raises(GonerdError, match=r"'flex' needs a GPU .* 7\.0, and this is a old GPU"),
    ):
        implementation(fake())
    monkeypatch.setattr(_choice.importlib.util, "find_spec", lambda name: None)
    assert implementation(fake()) == "concatenated-sdpa"


def test_what_was_asked_for_or_an_error():
    ours, (ids, _, _) = make("roberta"), batch("roberta", 20)
    with attention_kernel("concatenated-sdpa"):
        assert attention_used(ours) == "roberta/unpadded-concatenated-sdpa"
        with attention_kernel("flash-merge"):
            assert attention_used(ours) == "roberta/unpadded-flash-merge"
        assert attention_used(ours) == "roberta/unpadded-concatenated-sdpa"
    with (
        attention_kernel("flex"),
        pytest.raises(GonerdError, match=r"runs on CUDA, and the model is on cpu; unset GON"),
    ):
        ours(ids)
    with attention_kernel("flex-eager"), pytest.raises(GonerdError, match="no gradient on the CPU"):
        ours(ids)
    for layer in ours.encoder.layer:
        layer.attention.self.dropout.p = 0.25
    with attention_kernel("flash-merge"), pytest.raises(GonerdError, match=r"and 0\.25 is the probability"):
        ours.train()(ids)
    with pytest.raises(UsageError, match="flash-merge"), attention_kernel("flash-merg"):
        pass
    assert attention_used(ours.eval()) == "roberta/unpadded-flash-merge"


def test_the_variable(monkeypatch):
    monkeypatch.setattr(_choice, "_asked", "flex-eage")
    with pytest.raises(UsageError, match="flex-eager"):
        implementation(torch.zeros(1, 1, 1, 4))


@pytest.mark.gpu
@needs_cuda
@inductors_own
@pytest.mark.parametrize(("dtype", "close"), [(torch.float32, 1e-5), (torch.bfloat16, 1e-3)])
def test_cuda_forward(dtype, close):
    _, q, sets = example(5, 4, 100, 64, 60, 0, 0.5, torch.float32)
    moved = on("cuda", dtype, q, sets)
    assert implementation(moved[0]) == "flex"
    with torch.no_grad():
        out = attend(*moved).float().cpu()
        rounded = on("cpu", torch.float32, *on("cpu", dtype, q, sets))
    difference = (out - dense(*rounded)).abs()
    assert (difference.max() if dtype == torch.float32 else difference.mean()) < close


@pytest.mark.gpu
@needs_cuda
@inductors_own
@pytest.mark.parametrize(("dtype", "close"), [(torch.float32, 1e-4), (torch.bfloat16, 2e-2)])
def test_cuda_backward(dtype, close):
    leaves, q, sets = example(5, 4, 100, 64, 60, 0, 0.5, torch.float32)
    expected = results(dense, leaves, q, sets)

    def on_the_gpu(q, sets):
        return attend(*on("cuda", dtype, q, sets)).float().cpu()

    for a, b in zip(expected, results(on_the_gpu, leaves, q, sets), strict=True):
        assert (a - b).abs().max() < close * a.abs().max()


def on(device, dtype, q, sets):
    """The same elsewhere, and rounded."""
    moved = []
    for one in sets:
        tensors = {name: getattr(one, name) for name in ("k", "v", "bias")}
        moved.append(replace(one, **{name: t if t is None else t.to(device, dtype) for name, t in tensors.items()}))
    return q.to(device, dtype), moved


@pytest.mark.gpu
@needs_cuda
@inductors_own
@pytest.mark.parametrize("kind", MODELS)
def test_cuda_models(kind):
    ours = make(kind)
    ids, mask, extra = batch(kind, 300)
    with torch.no_grad():
        expected = ours(ids, mask, **extra).last_hidden_state
        ours.cuda()
        moved = [t.cuda() for t in (ids, mask)], {name: t.cuda() for name, t in extra.items()}
        assert attention_used(ours).endswith("unpadded-flex")
        out = ours(*moved[0], **moved[1]).last_hidden_state.cpu()
    assert (out - expected).abs().max() < 1e-4
    ours.train()(*moved[0], **moved[1]).last_hidden_state.square().mean().backward()
    assert all(torch.isfinite(p.grad).all() for p in ours.parameters() if p.grad is not None)
