"""BigBird: Hugging Face in evaluation, the dense predicate, our blocks; both semantics."""

import copy

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from transformers import BigBirdConfig, BigBirdForSequenceClassification, BigBirdForTokenClassification, BigBirdModel

from gonerd.errors import GonerdError
from gonerd.models import accelerate, convert
from gonerd.models.attention import attention_used
from gonerd.models.attention._bigbird_blocks import Blocks, random_blocks
from gonerd.models.attention._bigbird_document import BigBirdScheme
from gonerd.models.attention._bigbird_mask import mask, reference
from gonerd.models.attention._rows import Document, Rows
from gonerd.models.attention._scheme import Layer
from gonerd.models.attention.bigbird import Options, draw
from tests.models.exact import (
    CLOSE,
    SIZES,
    STILL,
    gradients,
    largest_difference,
    masked_batch,
    one_by_one,
    peaked,
    worst,
)


def make(size=4, random=3, head=BigBirdModel, **fields):
    torch.manual_seed(0)
    sizes = {"block_size": size, "num_random_blocks": random, "max_position_embeddings": 4200}
    theirs = peaked(head(BigBirdConfig(**{**SIZES, **STILL, **sizes, **fields})))
    return theirs, accelerate(copy.deepcopy(theirs))


class Fresh:
    """Hugging Face's model switches to full attention for good after one short text."""

    def __init__(self, model):
        self.model = model

    def __call__(self, *args, **options):
        return copy.deepcopy(self.model)(*args, **options)


@pytest.mark.parametrize(("size", "random"), [(4, 3), (8, 1), (16, 2), (64, 3)])
@pytest.mark.parametrize("inside", [0.0, 0.1])
def test_equals_hugging_face_in_evaluation(size, random, inside):
    theirs, ours = make(size, random)
    limit = (5 + 2 * random) * size
    for length in (1, limit - 1, limit, limit + 1, limit + size, 2 * limit + 3):
        ids, attention_mask = masked_batch(4, length, 0, seed=length, inside=inside)
        with torch.no_grad():
            out = ours(ids, attention_mask).last_hidden_state
        assert worst(out, one_by_one(Fresh(theirs), ids, attention_mask)) < CLOSE
        assert (out[attention_mask == 0] == 0).all()


def test_equals_hugging_face_at_4099_tokens():
    theirs, ours = make(64)
    ids, attention_mask = masked_batch(1, 4099, 0, inside=0.01)
    attention_mask[0, -1] = 1
    with torch.no_grad():
        a, b = (model(ids, attention_mask).last_hidden_state for model in (theirs, ours))
    assert (a - b)[attention_mask == 1].abs().max() < CLOSE


def test_gradients_equal_hugging_faces_of_evaluation():
    theirs, ours = make(8, 2)
    ids, attention_mask = masked_batch(1, 200, 0, inside=0.1)
    assert largest_difference(*(gradients(model, ids, attention_mask) for model in (theirs, ours))) < 1e-4


@settings(max_examples=50)
@given(
    length=st.integers(1, 300),
    size=st.integers(1, 20),
    random=st.integers(0, 3),
    semantics=st.sampled_from(["hf", "random"]),
    seed=st.integers(0, 999),
    share_padding=st.sampled_from([0.0, 0.2, 0.9]),
)
def test_equals_the_predicate(length, size, random, semantics, seed, share_padding):
    theirs, _ = make(size, random, gonerd_bigbird=semantics, gonerd_bigbird_seed=seed)
    module, scheme = theirs.encoder.layer[1].attention.self, BigBirdScheme()
    torch.manual_seed(seed)
    hidden, is_padding = torch.randn(length, 32), torch.rand(length) < share_padding
    is_padding[[0, -1]] = False
    document = Document(0, length, is_padding if is_padding.any() else None)
    layer = Layer(module, theirs.config, 1, 2, 0.0)
    before, after = scheme.margins(layer, document)
    assert before == 0
    q, k, v = (p(hidden).unflatten(-1, (2, -1)) for p in (module.query, module.key, module.value))
    filled = [torch.cat([row, torch.full((after, 2, 16), 9.0)]) for row in (q, k, v)]
    blocks = Blocks(size, random, semantics, seed)
    with torch.no_grad():
        dense = reference(*(row.transpose(0, 1) for row in (q, k, v)), is_padding, blocks, layer=1)
        dense = dense.transpose(0, 1).flatten(1)
        ours = scheme.context(layer, hidden, Rows(*filled, 0), document)
        first = scheme.first(layer, hidden, document)
    assert (ours - dense)[~is_padding].abs().max() < CLOSE
    assert (first[0] - dense[0]).abs().max() < CLOSE


def test_random_blocks_are_legal_and_follow_from_the_seed():
    chosen = random_blocks(16, 3, 4, 7, 2)
    assert chosen.shape == (3, 14, 4)
    for asks in range(1, 15):
        for row in chosen[:, asks - 1].tolist():
            assert len(set(row)) == 4
            assert not {0, 15, asks - 1, asks, asks + 1} & set(row)
    random_blocks.cache_clear()
    assert torch.equal(chosen, random_blocks(16, 3, 4, 7, 2))
    assert not torch.equal(chosen, random_blocks(16, 3, 4, 8, 2))
    assert not torch.equal(chosen, random_blocks(16, 3, 4, 7, 3))


def test_random_semantics_are_the_same_in_training_and_saved(tmp_path):
    _, ours = make(4, gonerd_bigbird="random", gonerd_bigbird_seed=5)
    assert attention_used(ours) == "big_bird/random-unpadded-flash-merge"
    ids, attention_mask = masked_batch(2, 150, 0)
    with torch.no_grad():
        out = ours(ids, attention_mask).last_hidden_state
        trained = ours.train()(ids, attention_mask).last_hidden_state
    assert (out - trained).abs().max() < CLOSE
    ours.save_pretrained(tmp_path)
    again = accelerate(BigBirdModel.from_pretrained(tmp_path).eval())
    assert (again.config.gonerd_bigbird, again.config.gonerd_bigbird_seed) == ("random", 5)
    with torch.no_grad():
        assert (again(ids, attention_mask).last_hidden_state - out).abs().max() < CLOSE
    again.config.gonerd_bigbird_seed = 6
    with torch.no_grad():
        assert (again(ids, attention_mask).last_hidden_state - out).abs().max() > 1e-3
    again.config.gonerd_bigbird = "randm"
    with pytest.raises(GonerdError, match="gonerd_bigbird"):
        again(ids)


def test_training_after_a_prediction():
    """Random blocks are kept, and those made in inference mode would have no gradient."""
    random_blocks.cache_clear()
    _, ours = make(4, gonerd_bigbird="random")
    ids, _ = masked_batch(1, 150, 0)
    with torch.inference_mode():
        ours(ids)
    ours.train()(ids).last_hidden_state.sum().backward()
    assert all(p.grad is not None for p in ours.encoder.parameters())


def test_a_short_text_changes_nothing_for_the_next():
    _, ours = make()
    ids, _ = masked_batch(1, 300, 0)
    with torch.no_grad():
        before = ours(ids).last_hidden_state
        ours(ids[:, :7])
        assert torch.equal(ours(ids).last_hidden_state, before)
    assert attention_used(ours) == "big_bird/hf-unpadded-flash-merge"


@pytest.mark.parametrize("head", [BigBirdForSequenceClassification, BigBirdForTokenClassification])
def test_heads(head):
    theirs, ours = make(8, 1, head)
    ids, attention_mask = masked_batch(2, 113, 0)
    with torch.no_grad():
        logits = ours(ids, attention_mask).logits
        for row, mask_row in enumerate(attention_mask):
            real = mask_row == 1
            alone = copy.deepcopy(theirs)(ids[row : row + 1, real]).logits[0]
            assert (alone - (logits[row, real] if logits.dim() == 3 else logits[row])).abs().max() < CLOSE


def test_predicate():
    at = torch.arange(10)
    drawn = ["".join(".x"[int(cell)] for cell in row) for row in mask(at, at, at < 0, 1)[0]]
    assert drawn[0] == drawn[9] == "xxxxxxxxxx"
    assert drawn[1:4] == ["xxx......x", "xxxx.....x", "x.xxx....x"]
    assert draw(64, Options(block_size=4, num_random_blocks=2, semantics="random")).float().mean() < 0.7


def test_blocks_are_changed_by_conversion():
    theirs, _ = make(8, 1)
    result, _ = convert(
        theirs, "bigbird", max_length=5000, tokenizer=type("T", (), {})(), block_size=4, num_random_blocks=2
    )
    assert (result.config.block_size, result.config.max_position_embeddings) == (4, 5000)
    assert result.embeddings.position_ids.shape == (1, 5000)
    expected, _ = make(4, 2)
    expected.load_state_dict(theirs.state_dict())
    ids, _ = masked_batch(1, 100, 0)
    with torch.no_grad():
        assert (expected(ids).last_hidden_state - result(ids).last_hidden_state).abs().max() < CLOSE
