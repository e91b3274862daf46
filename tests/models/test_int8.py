"""Dense layers in 8-bit integers: against the arithmetic done by hand, where sums overflow, and refused."""

import copy
import os
import pickle
import platform
import subprocess
import sys

import pytest
import torch
from torch import nn
from transformers import (
    BigBirdConfig,
    BigBirdModel,
    LongformerConfig,
    LongformerForTokenClassification,
    LongformerModel,
    NystromformerConfig,
    NystromformerModel,
    RobertaConfig,
    RobertaForSequenceClassification,
    RobertaModel,
)

from gonerd.errors import GonerdError
from gonerd.models import accelerate, modeling_lsg
from gonerd.models.attention import _int8_layers, attention_used
from gonerd.models.attention._int8 import Int8Linear
from gonerd.models.weights import weights_sha256
from tests.models.exact import CLOSE, SIZES, masked_batch, one_by_one, worst

pytestmark = pytest.mark.skipif(platform.machine().lower() not in ("x86_64", "amd64"), reason="int8 is for x86")

KINDS = {
    "longformer": (LongformerModel, LongformerConfig, {"attention_window": [16, 16]}),
    "bigbird": (BigBirdModel, BigBirdConfig, {"block_size": 4}),
    "roberta": (RobertaModel, RobertaConfig, {}),
    "lsg": (modeling_lsg.LSGModel, modeling_lsg.LSGConfig, {"block_size": 8, "sparse_block_size": 8}),
    "nystromformer": (NystromformerModel, NystromformerConfig, {"num_landmarks": 8}),
}


def make(kind, **fields):
    torch.manual_seed(0)
    model, config, options = KINDS[kind]
    given = {**SIZES, "initializer_range": 0.2, "max_position_embeddings": 400, **options, **fields}
    return accelerate(model(config(**given)).eval())


def as_int8(linear):
    layer = copy.deepcopy(linear)
    layer.__class__ = Int8Linear
    return layer.eval()


def by_hand(x, linear):
    """The same rounding, in double precision and without any integer product."""
    x, weight = x.double(), linear.weight.detach().double()
    step = weight.abs().amax(1, keepdim=True) / 127
    low, high = x.min(-1, keepdim=True).values, x.max(-1, keepdim=True).values
    width = (high - low) / 127
    rounded = torch.where(width > 0, ((x - low) / width).round() * width + low, x)
    out = rounded @ ((weight / step).round() * step).T
    return out if linear.bias is None else out + linear.bias.detach().double()


@pytest.mark.parametrize("bias", [True, False])
@pytest.mark.parametrize("shape", [(1, 5, 48), (7, 48), (3, 0, 48), (48,)])
def test_a_layer_is_its_rounded_weights_and_inputs(shape, bias):
    torch.manual_seed(0)
    linear = nn.Linear(48, 31, bias=bias)
    x = torch.randn(shape) * 3 + 1
    with torch.inference_mode():
        out, exact = as_int8(linear)(x), linear(x)
    assert out.shape == exact.shape
    if not x.numel():
        return
    expected = by_hand(x, linear)
    # A value in the middle between two integers may be rounded either way.
    step = (x.max(-1).values - x.min(-1).values) / 127
    assert ((out - expected).abs() <= 1e-4 + linear.weight.abs().max() * step[..., None]).all()
    assert (out - expected).abs().mean() < 1e-4
    # Each input is off by half a step at most, each weight by half of its own.
    wrong = step[..., None] / 2 * linear.weight.abs().sum(1)
    wrong = wrong + (x.abs().sum(-1, keepdim=True) + 48 * step[..., None] / 2) * linear.weight.abs().amax(1) / 254
    assert ((out - exact).abs() <= wrong + 1e-5).all()
    assert (out - exact).abs().max() > 1e-4


def test_rows_that_do_not_vary():
    torch.manual_seed(0)
    linear = nn.Linear(16, 8)
    x = torch.stack([torch.zeros(16), torch.full((16,), 5.0), torch.full((16,), -1e4), torch.full((16,), 1e-38)])
    x[2, 3] += 1e-2
    with torch.inference_mode():
        out = as_int8(linear)(x)
        exact = linear(x)
    assert ((out - exact).abs() <= 0.01 * exact.abs().max(1, keepdim=True).values + 1e-6).all()
    assert torch.isfinite(out).all()


SATURATION = """
import torch
from torch import nn
from gonerd.models.attention._int8 import Int8Linear

def largest(x):  # the largest weights meet the largest inputs, pair by pair
    weight = torch.full((32, 256), 127, dtype=torch.int8)
    packed = torch.ops.onednn.qlinear_prepack(weight, None)
    one, zero = torch.ones(32), torch.zeros(32, dtype=torch.int32)
    given = torch.full((4, 256), x, dtype=torch.uint8)
    product = torch.ops.onednn.qlinear_pointwise
    return product(given, 1.0, 0, packed, one, zero, None, 1.0, 0, torch.float32, "none", [], "")[0, 0].item()

linear = nn.Linear(256, 32, bias=False)
nn.init.constant_(linear.weight, 0.5)
x = torch.full((4, 256), 3.0)
x[:, 0] = -1.0
x[1] *= -1
with torch.inference_mode():
    exact = linear(x)
    linear.eval().__class__ = Int8Linear
    print(((linear(x) - exact).abs() / exact.abs()).max().item(), largest(127) / (127 * 127 * 256), largest(255))
"""


def test_extreme_values_do_not_overflow_without_vnni():
    """AVX2 is asked for, where pairs of products are added in 16 bits; 8-bit inputs show that this was done."""
    environment = {**os.environ, "ONEDNN_MAX_CPU_ISA": "AVX2", "OMP_NUM_THREADS": "1"}
    done = subprocess.run([sys.executable, "-P", "-c", SATURATION], capture_output=True, text=True, env=environment)
    assert not done.returncode, done.stderr
    wrong, share, overflowed = map(float, done.stdout.split())
    assert wrong < 1e-3
    assert share == 1.0
    if overflowed == 255 * 127 * 256:
        pytest.skip("this oneDNN does not overflow, so nothing was shown")


@pytest.mark.parametrize("kind", KINDS)
def test_a_model_stays_close_and_documents_stay_their_own(kind):
    ours = make(kind)
    ids, attention_mask = masked_batch(4, 180, ours.config.pad_token_id)
    real = attention_mask == 1
    with torch.inference_mode():
        exact = ours(ids, attention_mask).last_hidden_state[real]
    name = attention_used(ours)
    assert accelerate(ours, int8=True) is ours
    assert attention_used(ours) == f"{name}-int8"
    with torch.inference_mode():
        out = ours(ids, attention_mask).last_hidden_state
    assert (torch.cosine_similarity(out[real], exact, dim=-1)).min() > 0.99
    assert (out[real] - exact).abs().max() > 1e-3
    assert worst(out, one_by_one(ours, ids, attention_mask)) < 20 * CLOSE  # a value may fall to another integer
    accelerate(ours)
    assert attention_used(ours) == name
    with torch.inference_mode():
        assert torch.equal(ours(ids, attention_mask).last_hidden_state[real], exact)


def test_what_is_saved_are_the_float_weights(tmp_path):
    ours = make("longformer")
    before, digest = copy.deepcopy(ours.state_dict()), weights_sha256(ours)
    accelerate(ours, int8=True).save_pretrained(tmp_path)
    assert weights_sha256(ours) == weights_sha256(tmp_path) == digest
    again = LongformerModel.from_pretrained(tmp_path)
    assert all(torch.equal(tensor, before[name]) for name, tensor in again.state_dict().items())
    assert {type(m) for m in again.modules() if isinstance(m, nn.Linear)} == {nn.Linear}


def test_new_weights_are_seen_and_copies_work():
    ours, other = accelerate(make("roberta"), int8=True), make("roberta")
    ids, _ = masked_batch(1, 30, 1)
    with torch.no_grad():
        for parameter in other.parameters():
            parameter.mul_(1.5)
    with torch.inference_mode():
        old = ours(ids).last_hidden_state
        for one in (copy.deepcopy(ours), pickle.loads(pickle.dumps(ours))):
            assert torch.equal(one(ids).last_hidden_state, old)
    ours.load_state_dict(other.state_dict())
    with torch.inference_mode():
        new = ours(ids).last_hidden_state
        assert torch.equal(accelerate(other, int8=True)(ids).last_hidden_state, new)
    assert (new - old).abs().max() > 0.01


def test_heads():
    torch.manual_seed(0)
    config = {**SIZES, "initializer_range": 0.2}
    for model, options in (
        (LongformerForTokenClassification(LongformerConfig(**config, attention_window=[8, 8])), {}),
        (RobertaForSequenceClassification(RobertaConfig(**config)), {}),
    ):
        ids = torch.randint(5, 40, (3, 64))
        accelerate(model.eval())
        with torch.inference_mode():
            exact = model(ids, **options).logits
            out = accelerate(model, int8=True)(ids, **options).logits
        assert torch.cosine_similarity(out.flatten(), exact.flatten(), dim=0) > 0.99
        assert not torch.equal(out, exact)


def test_refusals(monkeypatch):
    ours = accelerate(make("longformer"), int8=True)
    ids, _ = masked_batch(1, 30, 1)
    for call in (lambda: ours(ids), lambda: ours.train()(ids)):
        with pytest.raises(GonerdError, match=r"no gradient.*accelerate"):
            call()
    with torch.no_grad(), pytest.raises(GonerdError, match="no gradient"):
        ours(ids)
    ours.eval()
    with torch.inference_mode(), pytest.raises(GonerdError, match="float32 on the CPU"):
        ours.to(torch.bfloat16)(ids)
    with pytest.raises(GonerdError, match=r"layer 0, query is torch\.bfloat16"):
        accelerate(ours, int8=True)
    strange = make("roberta")
    strange.encoder.layer[1].output.dense = nn.Sequential(strange.encoder.layer[1].output.dense)
    with pytest.raises(GonerdError, match=r"layer 1, output\.dense is a Sequential"):
        accelerate(strange, int8=True)
    assert attention_used(strange) == "roberta/unpadded-flash-merge"
    monkeypatch.setattr(_int8_layers.platform, "machine", lambda: "arm64")
    with pytest.raises(GonerdError, match="x86"):
        accelerate(make("roberta"), int8=True)
