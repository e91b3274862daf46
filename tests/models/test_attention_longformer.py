"""Three computations of one attention: Hugging Face's, the dense predicate, our blocks."""

import copy
import pickle

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from transformers import LongformerConfig, LongformerForMaskedLM, LongformerModel
from transformers.models.longformer.modeling_longformer import LongformerSelfAttention

from gonerd.errors import GonerdError, UsageError
from gonerd.models import accelerate
from gonerd.models.attention import ATTENTION, attention_used
from gonerd.models.attention.longformer import BlockedSelfAttention, mask, reference

CLOSE = 2e-5
HEADS, DIM = 2, 16


def config(window, layers=1, **fields):
    sizes = {"vocab_size": 40, "hidden_size": HEADS * DIM, "num_attention_heads": HEADS, "intermediate_size": 48}
    still = {"attention_probs_dropout_prob": 0.0, "hidden_dropout_prob": 0.0}
    return LongformerConfig(
        **{**sizes, **still, **fields},
        num_hidden_layers=layers,
        attention_window=[window] * layers,
        max_position_embeddings=1200,
    )


def peaked(module):
    """Queries and keys times six: near-uniform attention would hide a wrong mask."""
    with torch.no_grad():
        for layer in module.modules():
            if isinstance(layer, LongformerSelfAttention):
                for projection in (layer.query, layer.key, layer.query_global, layer.key_global):
                    projection.weight.mul_(6)
    return module


def self_attention(window, seed=0):
    torch.manual_seed(seed)
    made = LongformerSelfAttention(config(window), 0)
    for parameter in made.parameters():  # the biases too
        torch.nn.init.normal_(parameter, std=0.1)
    return peaked(made).eval()


def blocked(module):
    module = copy.deepcopy(module)
    module.__class__ = BlockedSelfAttention
    return module


def call(module, hidden, is_padding, is_global):
    is_global = is_global & ~is_padding
    state = torch.zeros(is_padding.shape).masked_fill(is_padding, -1e4).masked_fill(is_global, 1e4)
    options = {"is_index_masked": is_padding, "is_index_global_attn": is_global}
    return module(hidden, attention_mask=state, is_global_attn=bool(is_global.any()), **options)[0]


def call_hf(module, hidden, is_padding, is_global):
    """Hugging Face's module takes multiples of its window only."""
    length, window = hidden.shape[1], 2 * module.one_sided_attn_window_size
    extra = -length % window
    hidden = torch.nn.functional.pad(hidden, (0, 0, 0, extra))
    is_padding = torch.nn.functional.pad(is_padding, (0, extra), value=True)
    is_global = torch.nn.functional.pad(is_global, (0, extra), value=False)
    return call(module, hidden, is_padding, is_global)[:, :length]


def call_reference(module, hidden, is_padding, is_global):
    def heads(projection):
        return projection(hidden).unflatten(-1, (HEADS, DIM)).transpose(1, 2)

    local = heads(module.query), heads(module.key), heads(module.value)
    glob = heads(module.query_global), heads(module.key_global), heads(module.value_global)
    window = 2 * module.one_sided_attn_window_size
    return reference(local, glob, is_global, is_padding, window).transpose(1, 2).flatten(2)


def example(batch, length, seed=0, padded=True, globals_per_row=(0, 1, 3)):
    torch.manual_seed(seed)
    hidden = torch.randn(batch, length, HEADS * DIM)
    is_padding = torch.zeros(batch, length, dtype=torch.bool)
    is_global = torch.zeros(batch, length, dtype=torch.bool)
    for row in range(batch):
        if padded and row:
            is_padding[row, max(1, length - row * length // 4) :] = True
        count = min(length, globals_per_row[row % len(globals_per_row)])
        is_global[row, torch.randperm(length)[:count]] = True
    return hidden, is_padding, is_global


@pytest.mark.parametrize("length", [1, 63, 200, 700])
@pytest.mark.parametrize("globals_per_row", [(0,), (1,), (0, 1, 3), (2, 40, 0)], ids=str)
@pytest.mark.parametrize("window", [64, 512])
def test_three_ways_agree(length, globals_per_row, window):
    module = self_attention(window)
    hidden, is_padding, is_global = example(3, length, globals_per_row=globals_per_row)
    with torch.no_grad():
        theirs = call_hf(module, hidden, is_padding, is_global)
        dense = call_reference(module, hidden, is_padding, is_global)
        ours = call(blocked(module), hidden, is_padding, is_global)
    real = ~is_padding
    assert (theirs - dense)[real].abs().max() < CLOSE
    assert (ours - dense)[real].abs().max() < CLOSE
    assert torch.isfinite(ours).all()


@settings(max_examples=25, deadline=None)
@given(
    length=st.integers(1, 330),
    window=st.integers(1, 90).map(lambda half: 2 * half),
    batch=st.integers(1, 3),
    seed=st.integers(0, 999),
    share_global=st.sampled_from([0.0, 0.02, 0.3]),
    share_padding=st.sampled_from([0.0, 0.2, 1.0]),
)
def test_any_mask(length, window, batch, seed, share_global, share_padding):
    """Padding anywhere, whole sequences of padding, globals on padding: finite, and the reference where real."""
    module = self_attention(window)
    torch.manual_seed(seed)
    hidden = torch.randn(batch, length, HEADS * DIM)
    is_padding = torch.rand(batch, length) < share_padding
    is_global = torch.rand(batch, length) < share_global
    with torch.no_grad():
        dense = call_reference(module, hidden, is_padding, is_global)
        ours = call(blocked(module), hidden, is_padding, is_global)
    assert torch.isfinite(ours).all()
    assert ((ours - dense).abs() < CLOSE)[~is_padding].all()


@pytest.mark.parametrize("globals_per_row", [(0,), (0, 1, 3), (20, 2)], ids=str)
def test_gradients_agree(globals_per_row):
    theirs = self_attention(64).train()
    ours = blocked(theirs)
    hidden, is_padding, is_global = example(3, 300, globals_per_row=globals_per_row)
    weight = torch.randn_like(hidden) * ~is_padding[..., None]
    grads = []
    for module, run in ((theirs, call_hf), (ours, call)):
        at = hidden.clone().requires_grad_(True)
        (run(module, at, is_padding, is_global) * weight).sum().backward()
        grads.append([at.grad, *(p.grad for p in module.parameters())])
    largest = max(g.abs().max() for g in grads[0] if g is not None)
    for a, b in zip(*grads, strict=True):
        assert (a is None) == (b is None)
        assert a is None or (a - b).abs().max() < 1e-5 * largest


def test_padding_does_not_matter():
    module = blocked(self_attention(64))
    hidden, is_padding, is_global = example(3, 200)
    other = torch.where(is_padding[..., None], torch.randn_like(hidden) * 50, hidden)
    with torch.no_grad():
        a, b = (call(module, x, is_padding.clone(), is_global) for x in (hidden, other))
    assert torch.equal(a[~is_padding], b[~is_padding])


def test_no_nan_in_gradients_of_pure_padding():
    module = blocked(self_attention(64)).train()
    hidden, is_padding, is_global = example(2, 130, globals_per_row=(2, 1))
    is_padding[1] = True
    hidden.requires_grad_(True)
    call(module, hidden, is_padding, is_global).sum().backward()
    assert torch.isfinite(hidden.grad).all()
    assert all(torch.isfinite(p.grad).all() for p in module.parameters())


def test_predicate():
    at = torch.arange(6)
    is_global, is_padding = torch.zeros(2, 1, 6, dtype=torch.bool)
    is_global[0, 0] = is_padding[0, 5] = True
    drawn = ["".join(".x"[int(cell)] for cell in row) for row in mask(at, at, is_global, is_padding, 2)[0]]
    assert drawn == ["xxxxx.", "xxx...", "xxxx..", "x.xxx.", "x..xx.", "x...x."]


@pytest.fixture
def models():
    torch.manual_seed(0)
    theirs = peaked(LongformerModel(config(64, layers=2))).eval()
    return theirs, accelerate(copy.deepcopy(theirs))


@pytest.mark.parametrize("length", [1, 200, 700])
def test_whole_models_agree(models, length):
    torch.manual_seed(1)
    ids = torch.randint(3, 40, (3, length))
    attention_mask = torch.ones_like(ids)
    attention_mask[1, max(1, length // 2) :] = 0
    ids[attention_mask == 0] = 1
    spread = torch.zeros_like(ids)
    spread[0, 0] = spread[2, :3] = 1
    for global_attention_mask in (None, spread):
        masks = {"attention_mask": attention_mask, "global_attention_mask": global_attention_mask}
        with torch.no_grad():
            a, b = (model(ids, **masks, output_hidden_states=True) for model in models)
        assert b.last_hidden_state.shape == (3, length, HEADS * DIM)
        for x, y in zip(a.hidden_states, b.hidden_states, strict=True):
            assert (x - y)[attention_mask == 1].abs().max() < CLOSE
        assert (a.pooler_output - b.pooler_output).abs().max() < CLOSE


def test_gradient_checkpointing_gives_the_same_gradients(models):
    ids = torch.randint(3, 40, (2, 150))
    spread = torch.zeros_like(ids)
    spread[1, 4] = 1
    grads = []
    plain = models[1].train()
    checkpointed = copy.deepcopy(plain)
    checkpointed.activation_checkpointing_enable({"use_reentrant": False})
    for model in (plain, checkpointed):
        model(ids, global_attention_mask=spread).last_hidden_state.square().sum().backward()
        grads.append([p.grad for p in model.parameters() if p.grad is not None])
    assert all(torch.allclose(a, b, atol=1e-5, rtol=1e-4) for a, b in zip(*grads, strict=True))


def test_dropout_works_in_training_only(models):
    model = models[1]
    for layer in model.encoder.layer:
        layer.attention.self.dropout = 0.5
    ids = torch.randint(3, 40, (1, 90))
    spread = torch.zeros_like(ids)
    spread[0, 0] = 1

    def run():
        return model(ids, global_attention_mask=spread).last_hidden_state

    assert torch.equal(run(), run())
    still = run()
    model.train()
    assert not torch.equal(run(), run())
    run().sum().backward()
    ids, spread = ids.expand(200, -1), spread.expand(200, -1)
    with torch.no_grad():
        assert (run().mean(0) - still).abs().mean() < 0.25 * still.abs().mean()


def test_autocast_to_bfloat16(models):
    ids = torch.randint(3, 40, (2, 100))
    spread = torch.zeros_like(ids)
    spread[0, 0] = 1
    with torch.no_grad(), torch.autocast("cpu", torch.bfloat16):
        a, b = (model(ids, global_attention_mask=spread).last_hidden_state for model in models)
    assert (a.float() - b.float()).abs().mean() < 0.05


def test_acceleration_leaves_the_checkpoint_alone(models, tmp_path):
    theirs, ours = models
    assert attention_used(theirs) == "longformer/huggingface"
    assert attention_used(ours) == attention_used(accelerate(ours)) == "longformer/unpadded-flash-merge"
    assert list(ours.state_dict()) == list(theirs.state_dict())
    ours.save_pretrained(tmp_path)
    again = LongformerModel.from_pretrained(tmp_path)
    assert again.config.architectures == ["LongformerModel"]
    ids = torch.randint(3, 40, (1, 70))
    with torch.no_grad():
        same = (
            model(ids).last_hidden_state
            for model in (again, ours, copy.deepcopy(ours), pickle.loads(pickle.dumps(ours)))
        )
        first, *others = same
    assert all((first - other).abs().max() < CLOSE for other in others)
    assert attention_used(copy.deepcopy(ours)) == "longformer/unpadded-flash-merge"


def test_windows_may_differ_between_layers():
    torch.manual_seed(0)
    settings = config(64, layers=2)
    settings.attention_window = [16, 64]
    theirs = peaked(LongformerForMaskedLM(settings)).eval()
    ours = accelerate(copy.deepcopy(theirs))
    ids = torch.randint(3, 40, (1, 150))
    with torch.no_grad():
        assert (theirs(ids).logits - ours(ids).logits).abs().max() < CLOSE * 5


def test_attention_weights_are_refused(models):
    with pytest.raises(GonerdError, match="output_attentions"):
        models[1](torch.randint(3, 40, (1, 9)), output_attentions=True)


def test_names():
    assert "longformer" in ATTENTION.names()
    with pytest.raises(UsageError, match="longformer"):
        ATTENTION.get("longfomer")


def test_other_models_are_not_accelerated(make_tiny):
    bert = make_tiny("bert")
    assert attention_used(bert) == "bert/sdpa"
    with pytest.raises(GonerdError, match="'bert'"):
        accelerate(bert)


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device")
def test_cuda_in_bfloat16():
    torch.manual_seed(0)
    theirs = LongformerModel(config(64, layers=2)).eval().cuda().bfloat16()
    ours = accelerate(copy.deepcopy(theirs))
    ids = torch.randint(3, 40, (2, 500), device="cuda")
    attention_mask = torch.ones_like(ids)
    attention_mask[1, 300:] = 0
    spread = torch.zeros_like(ids)
    spread[0, :3] = 1
    with torch.no_grad():
        a, b = (
            model(ids, attention_mask=attention_mask, global_attention_mask=spread).last_hidden_state.float()
            for model in (theirs, ours)
        )
    assert torch.isfinite(b).all()
    assert (a - b)[attention_mask == 1].abs().mean() < 0.05
