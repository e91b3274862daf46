"""Three computations of LSG attention: the dense predicates, the class that stands alone, the unpadded engine."""

import copy
from types import SimpleNamespace

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from transformers import AutoModelForMaskedLM

from gonerd.errors import GonerdError, UsageError
from gonerd.models import accelerate, convert, halve
from gonerd.models.attention import ATTENTION, attention_used
from gonerd.models.attention.lsg import Options, mask, reference, sparse_mask
from gonerd.models.heads import HEADS
from gonerd.models.load import position_limit
from gonerd.models.modeling_lsg import (
    SPARSITIES,
    LSGConfig,
    LSGForMaskedLM,
    LSGForSequenceClassification,
    LSGModel,
    attend_document,
)
from gonerd.models.weights import weights_sha256
from tests.models.exact import CLOSE, SIZES, STILL, gradients, largest_difference, masked_batch

HEADS_, DIM, WORDS = 2, 16, 40
BLOCKS = {"block_size": 16, "sparse_block_size": 16, "sparsity_factor": 4}
SHAPES = [(16, 16, 4), (16, 32, 4), (32, 16, 2), (16, 16, 1), (16, 16, 16), (24, 40, 6)]


def config(length=400, **fields):
    places = {"max_position_embeddings": length + 2, "layer_norm_eps": 1e-5}
    return LSGConfig(**{**BLOCKS, **SIZES, **STILL, **places, **fields})


def random_model(made=LSGModel, seed=0, **fields):
    """Queries and keys times six: near-uniform attention would hide a wrong mask."""
    torch.manual_seed(seed)
    model = made(config(**fields)).eval()
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            parameter.add_(torch.randn_like(parameter) * 0.1)
            if "query" in name or "key" in name:
                parameter.mul_(6)
    return model


def by_hand(model, ids):
    """The encoder on one document without padding, every layer with the dense reference."""
    settings_, body = model.config, model
    hidden = torch.cat([body.embeddings.global_tokens(1), body.embeddings(ids)], 1)
    front = settings_.num_global_tokens
    real = torch.ones(hidden.shape[1], dtype=torch.bool)
    real[front] = not settings_.mask_first_token
    for layer in body.encoder.layer:
        attention = layer.attention.self
        q, k, v = (
            project(hidden)[0].unflatten(-1, (HEADS_, DIM)).transpose(0, 1)
            for project in (attention.query, attention.key, attention.value)
        )
        context = reference(q, k, v, real, settings_).transpose(0, 1).flatten(1)[None]
        attended = layer.attention.output(context, hidden)
        hidden = layer.output(layer.intermediate(attended), attended)
    if settings_.pool_with_global:
        hidden[:, front] = hidden[:, 0]
    return hidden[:, front:]


@pytest.mark.parametrize("length", [1, 32, 33, 50, 160, 203])
@pytest.mark.parametrize("sparsity", SPARSITIES)
def test_three_ways_agree(sparsity, length):
    block, sparse, factor = SHAPES[length % len(SHAPES)]
    if sparsity == "lsh" and factor not in (1, sparse) and min(block, sparse) // factor < 2:
        factor = 1
    sizes = {"block_size": block, "sparse_block_size": sparse, "sparsity_factor": factor}
    more = {"num_global_tokens": 1 + length % 3, "mask_first_token": length % 2 == 0}
    plain = random_model(sparsity_type=sparsity, **sizes, **more)
    fast = accelerate(copy.deepcopy(plain))
    ids = torch.randint(3, WORDS, (1, length))
    with torch.no_grad():
        dense = by_hand(plain, ids)
        for model in (plain, fast):
            assert (model(ids).last_hidden_state - dense).abs().max() < CLOSE
    assert attention_used(plain) == "lsg/plain"
    named = "local" if sparsity == "none" else sparsity
    assert attention_used(fast) == f"lsg/{named}-unpadded-flash-merge"


# Five numbers each of what `lsg-converter` 0.1.9 computes for the inputs below.
PUBLIC = {
    "none": [0.039435, -0.527362, -0.921316, -0.117716, 0.659111],
    "norm": [0.039435, -0.606353, -1.207866, -0.480661, 0.380401],
    "pooling": [0.039435, -0.508231, -0.956205, -0.164298, 0.719174],
    "bos_pooling": [0.039435, -0.493113, -0.916821, -0.126411, 0.74129],
    "stride": [0.039435, -0.317591, -1.069554, -0.188864, 1.031584],
    "block_stride": [0.039435, -0.489946, -0.965347, -0.122756, 0.691841],
}


@pytest.mark.parametrize("sparsity", sorted(PUBLIC))
def test_the_public_code_agrees(sparsity):
    """On a document of eight blocks, two global tokens in front, the first token hidden."""

    def waves(*shape, pace):
        count = torch.Size(shape).numel()
        return torch.sin(torch.arange(count, dtype=torch.float64) * pace).view(shape)

    sizes = {"block_size": 4, "sparse_block_size": 4, "sparsity_factor": 2, "num_global_tokens": 2}
    settings_ = LSGConfig(hidden_size=8, num_attention_heads=2, sparsity_type=sparsity, **sizes)
    hidden = waves(34, 8, pace=0.37)
    q, k, v = (
        (hidden @ waves(8, 8, pace=0.7 + 2 * i).T + waves(8, pace=1.7 + 2 * i)).view(34, 2, 4).transpose(0, 1)
        for i in range(3)
    )
    real = torch.ones(34, dtype=torch.bool)
    real[2] = False
    for computed in (reference, attend_document):
        out = computed(q, k, v, real, settings_).transpose(0, 1).flatten(1)
        found = [out[at].item() for at in ((0, 0), (2, 1), (13, 2), (21, 5), (33, 7))]
        assert found == pytest.approx(PUBLIC[sparsity], abs=2e-6)


@settings(max_examples=25)
@given(
    length=st.integers(1, 240),
    batch=st.integers(1, 4),
    seed=st.integers(0, 999),
    padding=st.sampled_from([0.0, 0.3, 0.95]),
    inside=st.sampled_from([0.0, 0.2]),
    sparsity=st.sampled_from(SPARSITIES),
    front=st.integers(1, 4),
    first=st.booleans(),
    pool=st.booleans(),
)
def test_any_mask(length, batch, seed, padding, inside, sparsity, front, first, pool):
    """Padding on both sides and inside, rows of nothing but padding: finite, and the same both ways where real."""
    more = {"sparsity_type": sparsity, "num_global_tokens": front, "mask_first_token": first, "pool_with_global": pool}
    plain = random_model(seed=seed, **more)
    fast = accelerate(copy.deepcopy(plain))
    ids = torch.randint(3, WORDS, (batch, length))
    real = torch.rand(batch, length) >= inside
    for row in range(batch):
        left, right = (int(torch.rand(()) * padding * length) for _ in range(2))
        real[row, :left] = real[row, length - right :] = False
    ids[~real] = 1
    with torch.no_grad():
        a, b = (model(ids, attention_mask=real.long(), output_hidden_states=True) for model in (plain, fast))
    for x, y in zip(a.hidden_states, b.hidden_states, strict=True):
        assert torch.isfinite(x).all()
        assert torch.isfinite(y).all()
        assert ((x - y).abs() < 2 * CLOSE)[real].all()
    some = real.any(1)
    assert ((a.pooler_output - b.pooler_output).abs() < CLOSE)[some].all()


@pytest.mark.parametrize("accelerated", [False, True])
@pytest.mark.parametrize("sparsity", SPARSITIES)
def test_a_document_is_what_it_would_be_alone(sparsity, accelerated):
    """The public code counts the padding of the batch when it decides for full attention, and where blocks lie."""
    model = random_model(sparsity_type=sparsity, mask_first_token=True)
    model = accelerate(model) if accelerated else model
    lengths, total = [150, 30, 1, 77], 170
    ids, real = torch.ones(4, total, dtype=torch.long), torch.zeros(4, total, dtype=torch.long)
    places = [slice(0, 150), slice(100, 130), slice(169, 170), slice(50, 127)]
    alone = []
    for row, (length, place) in enumerate(zip(lengths, places, strict=True)):
        document = torch.randint(3, WORDS, (1, length))
        ids[row, place], real[row, place] = document[0], 1
        with torch.no_grad():
            alone.append(model(document).last_hidden_state[0])
    with torch.no_grad():
        together = model(ids, attention_mask=real).last_hidden_state
    for row, place in enumerate(places):
        assert (together[row, place] - alone[row]).abs().max() < CLOSE


def test_gradients_agree():
    plain = random_model(num_global_tokens=2)
    fast = accelerate(copy.deepcopy(plain))
    ids, real = masked_batch(4, 130, pad=1, inside=0.05)
    assert largest_difference(*(gradients(model.train(), ids, real) for model in (plain, fast))) < 1e-5


def test_a_long_text():
    """4,099 tokens, a multiple of nothing."""
    plain = random_model(length=4099, num_hidden_layers=1, block_size=64, sparse_block_size=64)
    ids = torch.randint(3, WORDS, (1, 4099))
    with torch.no_grad():
        dense = by_hand(plain, ids)
        assert (accelerate(plain)(ids).last_hidden_state - dense).abs().max() < CLOSE


@pytest.mark.parametrize("pool", [True, False])
def test_classification_computes_one_row_of_the_last_layer(pool):
    plain = random_model(LSGForSequenceClassification, pool_with_global=pool)
    fast = accelerate(copy.deepcopy(plain))
    ids = torch.randint(3, WORDS, (3, 90))
    real = torch.ones_like(ids)
    real[1, 20:], real[2, :30] = 0, 0
    with torch.no_grad():
        a, b = (model(ids, attention_mask=real).logits for model in (plain, fast))
    assert (a - b).abs().max() < CLOSE


def test_gradient_checkpointing_gives_the_same_gradients():
    ids = torch.randint(3, WORDS, (2, 70))
    for first in (random_model(), accelerate(random_model())):
        second = copy.deepcopy(first)
        second.activation_checkpointing_enable({"use_reentrant": False})
        grads = []
        for model in (first.train(), second.train()):
            model(ids).last_hidden_state.square().sum().backward()
            grads.append([p.grad for p in model.parameters() if p.grad is not None])
        assert all(torch.allclose(a, b, atol=1e-5, rtol=1e-4) for a, b in zip(*grads, strict=True))


@pytest.mark.parametrize("sparsity", SPARSITIES)
def test_dropout_takes_another_way_to_the_same_outputs(sparsity):
    """The way that CUDA takes too; so little is dropped that nothing is."""
    fast = accelerate(random_model(sparsity_type=sparsity, attention_probs_dropout_prob=1e-9))
    ids, real = masked_batch(3, 150, pad=1, inside=0.05)
    with torch.no_grad():
        still = fast(ids, attention_mask=real).last_hidden_state
        assert attention_used(fast.train()).endswith("concatenated-sdpa")
        training = fast(ids, attention_mask=real).last_hidden_state
    assert (still - training)[real == 1].abs().max() < CLOSE


def test_hashes_are_the_same_in_every_call():
    model = accelerate(random_model(sparsity_type="lsh"))
    ids = torch.randint(3, WORDS, (1, 120))
    with torch.no_grad():
        first, again = (model(ids).last_hidden_state for _ in range(2))
        model.config.lsh_seed = 1
        other = model(ids).last_hidden_state
    assert torch.equal(first, again)
    assert not torch.allclose(first, other, atol=1e-3)


@pytest.mark.parametrize("sparsity", SPARSITIES)
def test_half_precision(sparsity):
    """Under autocast, and with weights in half precision."""
    plain = random_model(sparsity_type=sparsity)
    fast = accelerate(copy.deepcopy(plain))
    ids = torch.randint(3, WORDS, (2, 100))
    real = torch.ones_like(ids)
    real[1, 50:] = 0
    with torch.no_grad():
        exact = plain(ids, attention_mask=real).last_hidden_state
        with torch.autocast("cpu", torch.bfloat16):
            near = [model(ids, attention_mask=real).last_hidden_state for model in (plain, fast)]
        for dtype in (torch.bfloat16, torch.float16):
            near.append(copy.deepcopy(fast).to(dtype)(ids, attention_mask=real).last_hidden_state)
    for one in near:
        assert torch.isfinite(one).all()
        assert (exact - one.float())[real == 1].abs().mean() < 0.15


def test_predicates():
    at, settings_ = torch.arange(12), config(block_size=2, sparse_block_size=2, sparsity_factor=1)
    rows = ["".join(".x"[int(cell)] for cell in row) for row in mask(at, at, 2)]
    assert (rows[0], rows[5], rows[11]) == ("xxxx........", "..xxxxxx....", "........xxxx")
    rows = ["".join(".x"[int(cell)] for cell in row) for row in sparse_mask(at, at, settings_)]
    assert (rows[0], rows[5], rows[11]) == ("....xx......", "xx......xx..", "......xx....")
    pattern = ATTENTION.get("lsg")
    drawn = pattern.draw(96, Options(block_size=8, sparse_block_size=8, sparsity_factor=2, mask_first_token=False))
    assert drawn.shape == (96, 96)
    assert drawn[48].sum() == 3 * 8 + 2 * 8 * 2
    assert pattern.draw(16, Options(block_size=8)).all()


@pytest.mark.parametrize("family", ["bert", "roberta"])
@pytest.mark.parametrize("head", sorted(HEADS))
def test_converted_outputs_equal_the_source(make_tiny, family, head):
    """A text of two blocks at most, whose first token a global token stands for."""
    source = make_tiny(family, head)
    first = {"bert": 2, "roberta": 0}[family]
    tokenizer = SimpleNamespace(cls_token_id=first, mask_token_id=4)
    result, limited = convert(source, attention="lsg", max_length=300, block_size=64, tokenizer=tokenizer)
    assert position_limit(result) == limited.model_max_length == 300
    assert attention_used(result) == "lsg/norm-unpadded-flash-merge"
    ids = torch.randint(5, 60, (3, 120))
    ids[:, 0] = first
    real = torch.ones_like(ids)
    real[1, 60:] = 0
    ids[real == 0] = source.config.pad_token_id
    with torch.no_grad():
        theirs, ours = (model(ids, attention_mask=real) for model in (source, result))
    assert set(theirs) == set(ours)
    for a, b in zip(theirs.to_tuple(), ours.to_tuple(), strict=True):
        difference = (a - b).abs()
        assert (difference[real == 1] if a.shape[:2] == real.shape else difference).max() < CLOSE


def test_conversion_shares_no_storage_and_one_step_changes_no_sibling(make_tiny):
    source = make_tiny("roberta", "masked-lm")
    before = weights_sha256(source)
    result, _ = convert(source, attention="lsg", max_length=200, block_size=16, tokenizer=SimpleNamespace())
    student = halve(result)
    held = weights_sha256(student)
    theirs = {p.untyped_storage().data_ptr() for model in (source, student) for p in model.state_dict().values()}
    assert not theirs & {p.untyped_storage().data_ptr() for p in result.state_dict().values()}
    assert result.lm_head.decoder.weight is result.base_model.embeddings.word_embeddings.weight
    optimizer = torch.optim.SGD(result.parameters(), lr=0.1)
    ids = torch.randint(5, 60, (2, 100))
    result.train()(ids, labels=ids).loss.backward()
    optimizer.step()
    assert (weights_sha256(source), weights_sha256(student)) == (before, held)
    assert student.config.num_hidden_layers == 2


def test_further_global_tokens_begin_far_apart(make_tiny):
    source = make_tiny("bert")
    tokenizer = SimpleNamespace(cls_token_id=2, mask_token_id=4)
    result, _ = convert(source, attention="lsg", max_length=100, num_global_tokens=3, tokenizer=tokenizer)
    table, embeddings = result.embeddings.global_embeddings.weight, source.embeddings
    words, places = embeddings.word_embeddings.weight, embeddings.position_embeddings.weight
    kind = embeddings.token_type_embeddings.weight[0]
    for row, (token, place) in enumerate([(2, 0), (4, 16), (4, 32)]):
        assert torch.allclose(table[row], words[token] + places[place] + kind)


def test_an_lsg_encoder_is_given_other_options_and_more_positions():
    source = random_model(length=100)
    result, _ = convert(
        source, attention="lsg", max_length=250, block_size=32, num_global_tokens=2, tokenizer=SimpleNamespace()
    )
    assert (source.config.block_size, result.config.block_size, result.config.sparsity_factor) == (16, 32, 4)
    learnt, rows = (m.embeddings.position_embeddings.weight[2:] for m in (source, result))
    assert torch.equal(rows, torch.cat([learnt] * 3)[:250])
    with torch.no_grad():
        result(torch.randint(3, WORDS, (1, 250)))


def test_what_cannot_be_is_refused(make_tiny):
    source = make_tiny("bert")
    for wrong in ({"block_size": 100, "sparsity_factor": 3}, {"block_size": 0}, {"sparsity_type": "nrom"}):
        with pytest.raises(UsageError, match="lsg"):
            convert(source, attention="lsg", tokenizer=SimpleNamespace(cls_token_id=2), **wrong)
    with pytest.raises(UsageError, match="block_size"):
        convert(source, attention="lsg", tokenizer=SimpleNamespace(cls_token_id=2), blok_size=3)
    with pytest.raises(UsageError, match="sparsity_factor 3"):
        convert(random_model(), attention="lsg", tokenizer=SimpleNamespace(), sparsity_factor=3)
    with pytest.raises(GonerdError, match="first_token_id"):
        convert(source, attention="lsg", tokenizer=SimpleNamespace())
    with pytest.raises(ValueError, match="num_global_tokens"):
        config(num_global_tokens=0)
    ids = torch.randint(3, WORDS, (1, 9))
    for model in (random_model(), accelerate(random_model())):
        for wrong in ({"output_attentions": True}, {"attention_mask": torch.ones(1, 8)}):
            with pytest.raises((ValueError, GonerdError), match=next(iter(wrong))):
                model(ids, **wrong)


def test_auto_classes_and_a_round_trip(tmp_path):
    model = accelerate(random_model(LSGForMaskedLM))
    model.save_pretrained(tmp_path)
    again = AutoModelForMaskedLM.from_pretrained(tmp_path)
    assert type(again) is LSGForMaskedLM
    assert weights_sha256(again) == weights_sha256(tmp_path) == weights_sha256(model)
    ids = torch.randint(3, WORDS, (1, 99))
    with torch.no_grad():
        assert (again(ids).logits - model(ids).logits).abs().max() < CLOSE


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device")
@pytest.mark.parametrize("sparsity", SPARSITIES)
def test_cuda(sparsity):
    plain = random_model(sparsity_type=sparsity)
    ids = torch.randint(3, WORDS, (2, 300))
    real = torch.ones_like(ids)
    real[1, 150:] = 0
    with torch.no_grad():
        dense = plain(ids, attention_mask=real).last_hidden_state
        fast = accelerate(plain).cuda()
        exact = fast(ids.cuda(), attention_mask=real.cuda()).last_hidden_state.cpu()
        half = fast.bfloat16()(ids.cuda(), attention_mask=real.cuda()).last_hidden_state.float().cpu()
    assert (dense - exact)[real == 1].abs().max() < 1e-3
    assert torch.isfinite(half).all()
