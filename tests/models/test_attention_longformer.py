"""Three computations of one attention: Hugging Face's, the dense predicate, our blocks over views."""

import copy

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from transformers import LongformerConfig, LongformerForMaskedLM, LongformerForSequenceClassification, LongformerModel

from gonerd.models import accelerate
from gonerd.models.attention import attention_used
from gonerd.models.attention._longformer_document import LongformerScheme
from gonerd.models.attention._longformer_mask import mask, reference
from gonerd.models.attention._rows import Document, Rows
from gonerd.models.attention._scheme import Layer
from gonerd.models.attention.longformer import draw
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


def make(window, head=LongformerModel, **fields):
    torch.manual_seed(0)
    config = LongformerConfig(
        **{**SIZES, **STILL, **fields}, attention_window=[window] * 2, max_position_embeddings=4200
    )
    theirs = peaked(head(config))
    return theirs, accelerate(copy.deepcopy(theirs))


def marks(ids, attention_mask, share, seed=0):
    generator = torch.Generator().manual_seed(seed)
    marked = (torch.rand(ids.shape, generator=generator) < share) & (attention_mask == 1)
    return marked.long()


@pytest.mark.parametrize(
    ("window", "lengths"),
    [(4, (1, 2, 63, 130)), (64, (1, 64, 65, 200, 700)), (90, (333,)), (512, (5, 256, 257, 700, 1500))],
)
def test_equals_hugging_face(window, lengths):
    theirs, ours = make(window)
    for length in lengths:
        for share in (0.0, 2 / length, 0.2):
            ids, attention_mask = masked_batch(4, length, 1, seed=length)
            spread = marks(ids, attention_mask, share, length)
            with torch.no_grad():
                out = ours(ids, attention_mask, spread).last_hidden_state
            assert worst(out, one_by_one(theirs, ids, attention_mask, global_attention_mask=spread)) < CLOSE
            assert (out[attention_mask == 0] == 0).all()


def test_equals_hugging_face_at_4099_tokens():
    theirs, ours = make(512, num_hidden_layers=2)
    ids, attention_mask = masked_batch(1, 4099, 1, inside=0.01)
    spread = marks(ids, attention_mask, 0.002)
    spread[0, 0] = attention_mask[0, 0]
    with torch.no_grad():
        a, b = (model(ids, attention_mask, spread).last_hidden_state for model in (theirs, ours))
    assert (a - b)[attention_mask == 1].abs().max() < CLOSE


def attention_alone(module, hidden, is_global, is_padding):
    """Our attention on one document, with filler around it that must not matter."""
    scheme = LongformerScheme()
    flags = [flag if flag.any() else None for flag in (is_padding, is_global)]
    document = Document(0, len(hidden), *flags)
    layer = Layer(module, None, 0, 2, 0.0)
    before, after = scheme.margins(layer, document)
    rows = []
    for projection in (module.query, module.key, module.value):
        filled = torch.cat([torch.full((before, 32), 9.0), projection(hidden), torch.full((after, 32), -9.0)])
        rows.append(filled.unflatten(-1, (2, -1)))
    with torch.no_grad():
        return scheme.context(layer, hidden, Rows(*rows, before), document), scheme.first(layer, hidden, document)


@settings(max_examples=60)
@given(
    length=st.integers(1, 330),
    window=st.one_of(st.integers(1, 90), st.just(256)).map(lambda half: 2 * half),
    seed=st.integers(0, 999),
    share_global=st.sampled_from([0.0, 0.02, 0.3]),
    share_padding=st.sampled_from([0.0, 0.2, 0.9]),
)
def test_equals_the_predicate(length, window, seed, share_global, share_padding):
    """Any window, global tokens and padding anywhere: the dense attention that follows from the predicate."""
    module = make(2)[0].encoder.layer[0].attention.self
    module.one_sided_attn_window_size = window // 2
    torch.manual_seed(seed)
    hidden = torch.randn(length, 32)
    is_padding = torch.rand(length) < share_padding
    is_padding[[0, -1]] = False
    is_global = (torch.rand(length) < share_global) & ~is_padding

    def heads(*names):
        return tuple(getattr(module, name)(hidden).unflatten(-1, (2, -1)).transpose(0, 1) for name in names)

    with torch.no_grad():
        local, spread = heads("query", "key", "value"), heads("query_global", "key_global", "value_global")
        dense = reference(local, spread, is_global, is_padding, window).transpose(0, 1).flatten(1)
        ours, first = attention_alone(module, hidden, is_global, is_padding)
    assert (ours - dense)[~is_padding].abs().max() < CLOSE
    assert (first[0] - dense[0]).abs().max() < CLOSE


@pytest.mark.parametrize("share", [0.0, 0.01, 0.2])
def test_gradients_equal_hugging_faces(share):
    theirs, ours = make(64)
    ids, attention_mask = masked_batch(2, 300, 1)
    spread = marks(ids, attention_mask, share)
    a, b = (gradients(model.train(), ids, attention_mask, global_attention_mask=spread) for model in (theirs, ours))
    assert largest_difference(a, b) < 1e-4


def test_two_in_the_mask_marks_a_global_token():
    theirs, ours = make(64)
    ids, attention_mask = masked_batch(1, 200, 1)
    attention_mask[0, [0, 50]] = 2
    with torch.no_grad():
        a, b = (model(ids, attention_mask).last_hidden_state for model in (theirs, ours))
    assert (a - b).abs().max() < CLOSE


@pytest.mark.parametrize("spread", [None, "nowhere"])
def test_classification_computes_the_first_token_alone(spread):
    theirs, ours = make(64, LongformerForSequenceClassification)
    ids, attention_mask = masked_batch(2, 300, 1)
    options = {} if spread is None else {"global_attention_mask": torch.zeros_like(ids)}
    with torch.no_grad():
        a, b, c = (m(ids, attention_mask, **options).logits for m in (theirs, ours, ours.train(False)))
        states = ours(ids, attention_mask, output_hidden_states=True, **options)
        every = ours.longformer(ids, attention_mask).last_hidden_state
    assert (a - b).abs().max() < CLOSE
    assert torch.allclose(states.logits, b, atol=CLOSE)
    assert len(states.hidden_states) == 3
    assert torch.equal(b, c)
    assert every[attention_mask == 1].abs().sum(-1).min() > 0  # who asks the body itself gets every token


def test_windows_may_differ_between_layers():
    torch.manual_seed(0)
    config = LongformerConfig(**SIZES, **STILL, attention_window=[16, 64], max_position_embeddings=300)
    theirs = peaked(LongformerForMaskedLM(config))
    ours = accelerate(copy.deepcopy(theirs))
    ids, _ = masked_batch(1, 150, 1)
    with torch.no_grad():
        assert (theirs(ids).logits - ours(ids).logits).abs().max() < CLOSE


def test_predicate():
    at = torch.arange(6)
    is_global, is_padding = torch.zeros(2, 6, dtype=torch.bool)
    is_global[0] = is_padding[5] = True
    drawn = ["".join(".x"[int(cell)] for cell in row) for row in mask(at, at, is_global, is_padding, 2)]
    assert drawn == ["xxxxx.", "xxx...", "xxxx..", "x.xxx.", "x..xx.", "x...x."]
    from gonerd.models.attention.longformer import Options

    assert draw(5, Options(window=2)).sum() == 5 * 5 - 6


def test_what_is_used_is_named():
    theirs, ours = make(8)
    assert attention_used(theirs) == "longformer/huggingface"
    assert attention_used(ours) == attention_used(accelerate(ours)) == "longformer/unpadded-flash-merge"
    for layer in ours.encoder.layer:
        layer.attention.self.dropout = 0.5
    assert attention_used(ours.train()) == "longformer/unpadded-concatenated-sdpa"
