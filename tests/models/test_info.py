"""What a model costs: operations against the drawn masks and torch's own counter, parameters against a loaded model."""

import json

import pytest
import torch
from torch.utils.flop_counter import FlopCounterMode
from transformers import (
    BigBirdConfig,
    LongformerConfig,
    LongformerModel,
    NystromformerConfig,
    NystromformerModel,
    RobertaConfig,
    RobertaForMaskedLM,
    RobertaModel,
)
from typer.testing import CliRunner

from gonerd.errors import GonerdError, UsageError
from gonerd.models import accelerate, load_model, modeling_lsg
from gonerd.models.attention import ATTENTION, attention_used
from gonerd.models.cli import app
from gonerd.models.info import costs, describe
from gonerd.models.weights import weights_sha256
from tests.models.exact import SIZES

LENGTHS = (1, 2, 17, 40, 63, 64, 65, 203)


def scored(pattern, length, **options):
    chosen = ATTENTION.get(pattern)
    return int(chosen.draw(length, chosen.read_options(options)).sum())


@pytest.mark.parametrize("length", LENGTHS)
def test_pairs_are_those_of_the_drawn_mask(length):
    assert ATTENTION.get("full").pairs(length, RobertaConfig()) == scored("full", length)
    for window in (2, 16, 500):
        config = LongformerConfig(**SIZES, attention_window=[window] * 2)
        assert ATTENTION.get("longformer").pairs(length, config) == scored("longformer", length, window=window)
    for semantics in ("hf", "random"):
        config = BigBirdConfig(**SIZES, block_size=4, num_random_blocks=2, gonerd_bigbird=semantics)
        drawn = scored("bigbird", length, block_size=4, num_random_blocks=2, semantics=semantics)
        # Masks say which tokens are seen; a random block is never one that is seen anyway, and the last is whole.
        assert ATTENTION.get("bigbird").pairs(length, config) == drawn
    config = modeling_lsg.LSGConfig(**SIZES, block_size=8, sparsity_type="none", num_global_tokens=3)
    options = {"block_size": 8, "sparsity_type": "none", "mask_first_token": False}
    with_globals = 3 * (3 + length) + 3 * length
    assert ATTENTION.get("lsg").pairs(length, config) == scored("lsg", length, **options) + with_globals


def test_pairs_of_sparse_keys_by_hand():
    """Five blocks of 4; every second token has a sparse key, 2 keys on either side of three blocks."""
    config = modeling_lsg.LSGConfig(**SIZES, block_size=4, sparse_block_size=2, sparsity_factor=2)
    local = 4 * (8 + 12 + 12 + 12 + 8)
    sparse = 4 * (2 + 2 + (2 + 2) + 2 + 2)  # the second block has no keys to its left, the fourth none to its right
    assert ATTENTION.get("lsg").pairs(20, config) == local + sparse + 21 + 20


@pytest.mark.parametrize("length", [64, 120])
def test_operations_are_those_that_torch_counts(length):
    sizes = {**SIZES, "intermediate_size": 96}
    torch.manual_seed(0)
    for model in (
        RobertaModel(RobertaConfig(**sizes, attn_implementation="eager"), add_pooling_layer=False),
        NystromformerModel(NystromformerConfig(**sizes, num_landmarks=8, segment_means_seq_len=length)),
    ):
        ids = torch.randint(5, 40, (1, length))
        counter = FlopCounterMode(display=False)
        with torch.no_grad(), counter:
            model.eval()(ids)
        pattern = ATTENTION.get("full" if isinstance(model, RobertaModel) else "nystromformer")
        told = costs(model, pattern, length)
        assert told["dense_flops"] + told["attention_flops"] == pytest.approx(counter.get_total_flops(), rel=0.02)


def test_what_is_told_is_what_is_loaded(save_model, tmp_path):
    for name, head in (("tiny", None), ("other", "masked-lm")):
        folder = tmp_path / name
        config = RobertaConfig(**SIZES, max_position_embeddings=82)
        (RobertaModel(config) if head is None else RobertaForMaskedLM(config)).save_pretrained(folder)
        facts = describe(folder, 20)
        auto = RobertaModel if head is None else RobertaForMaskedLM
        model = accelerate(auto.from_pretrained(folder))
        assert facts["parameters"] == sum(p.numel() for p in model.parameters())
        assert facts["embedding_parameters"] == sum(p.numel() for p in model.base_model.embeddings.parameters())
        assert facts["weights_sha256"] == weights_sha256(folder)
        assert facts["attention"] == attention_used(model.eval()) == "roberta/unpadded-flash-merge"
        assert facts["longest_input"] == 80
        assert facts["architecture"] == type(RobertaModel(config) if head is None else model).__name__
        assert facts["dense_flops"] == 2 * 2 * 20 * (4 * 32 * 32 + 2 * 32 * 48)
        assert facts["attention_flops"] == 2 * 4 * 32 * 20**2


def test_no_weights_are_needed(tmp_path):
    LongformerConfig(**SIZES, attention_window=[8, 8], architectures=["LongformerModel"]).save_pretrained(tmp_path)
    facts = describe(tmp_path)
    assert facts["weights_sha256"] is None
    assert facts["attention_window"] == 8
    assert facts["length"] == facts["longest_input"] == 510


def test_the_command(tmp_path):
    model = LongformerModel(LongformerConfig(**SIZES, attention_window=[8, 8]))
    model.save_pretrained(tmp_path)
    done = CliRunner().invoke(app, ["info", str(tmp_path), "--length", "100", "--json"])
    assert json.loads(done.stdout) == describe(tmp_path, 100)
    done = CliRunner().invoke(app, ["info", str(tmp_path), "--length", "100"])
    lines = dict(line.split("  ", 1) for line in done.stdout.splitlines())
    assert lines["architecture"].strip() == "LongformerModel"
    assert lines["activation bytes"].strip() == "16 MB"
    with pytest.raises(UsageError, match="takes 1 to 510 tokens"):
        describe(tmp_path, 511)
    with pytest.raises(GonerdError, match=r"no config\.json"):
        describe(tmp_path.parent)


def test_int8_is_loaded_on_request(save_model):
    folder = save_model("bert")
    model, _ = load_model(folder, None, int8=True)
    assert attention_used(model) == "bert/unpadded-flash-merge-int8"
    with pytest.raises(GonerdError, match="needs accelerated attention"):
        load_model(folder, None, int8=True, attn_implementation="sdpa")
