"""Nystromformer attention: the formula computed densely, Hugging Face where it runs, one document in linear time."""

import copy
from types import SimpleNamespace

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from safetensors.torch import load_file, save_file
from transformers import (
    NystromformerConfig,
    NystromformerForMaskedLM,
    NystromformerForSequenceClassification,
    NystromformerForTokenClassification,
    NystromformerModel,
)

from gonerd.errors import GonerdError, UsageError
from gonerd.models import accelerate, convert, halve, load_model
from gonerd.models.attention import ATTENTION, attention_used
from gonerd.models.attention._nystromformer_document import attend_document, convolved
from gonerd.models.attention.nystromformer import Options, mask, reference
from gonerd.models.load import position_limit
from gonerd.models.weights import weights_sha256
from tests.models.exact import CLOSE, SIZES, STILL
from tests.tiny import bert_tokenizer

HEADS, DIM, WORDS = 2, 16, 40


def config(length, landmarks=16, **fields):
    places = {"max_position_embeddings": length, "segment_means_seq_len": length}
    return NystromformerConfig(**{**SIZES, **STILL, **places, **fields}, num_landmarks=landmarks)


def random_model(made=NystromformerModel, length=256, seed=0, **fields):
    """Queries and keys times six: near-uniform attention would hide a wrong landmark."""
    torch.manual_seed(seed)
    model = made(config(length, **fields)).eval()
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            parameter.add_(torch.randn_like(parameter) * 0.1)
            if "query" in name or "key" in name:
                parameter.mul_(6)
    return model


def by_hand(model, ids, real, exact_init=False):
    """The encoder on one row, every layer with the dense reference."""
    hidden = model.embeddings(ids[None])
    for layer in model.encoder.layer:
        attention = layer.attention.self
        q, k, v = (
            project(hidden)[0].unflatten(-1, (HEADS, DIM)).transpose(0, 1)
            for project in (attention.query, attention.key, attention.value)
        )
        conv = attention.conv.weight[:, 0, :, 0]
        context = reference(q, k, v, real, attention.num_landmarks, conv, exact_init).transpose(0, 1).flatten(1)
        attended = layer.attention.output(context[None], hidden)
        hidden = layer.feed_forward_chunk(attended)
    return hidden[0]


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize(("length", "landmarks"), [(256, 16), (256, 64), (96, 1), (64, 32)])
def test_hugging_face_agrees_at_its_own_length(length, landmarks, dtype):
    theirs = random_model(NystromformerForTokenClassification, length, landmarks=landmarks).to(dtype)
    ours = accelerate(copy.deepcopy(theirs))
    assert attention_used(theirs) == "nystromformer/huggingface"
    assert attention_used(ours) == "nystromformer/unpadded-sdpa"
    ids = torch.randint(3, WORDS, (1, length))
    with torch.no_grad():
        a, b = (model(ids, output_hidden_states=True) for model in (theirs, ours))
    close = CLOSE if dtype is torch.float32 else 1e-12
    assert (a.logits - b.logits).abs().max() < close
    for x, y in zip(a.hidden_states, b.hidden_states, strict=True):
        assert (x - y).abs().max() < 2 * close


def test_as_many_landmarks_as_segments_mean_full_attention():
    """So Hugging Face reads such a configuration, its own default among them, at any length."""
    theirs = random_model(length=200, segment_means_seq_len=16)
    ours = accelerate(copy.deepcopy(theirs))
    ids = torch.randint(3, WORDS, (2, 150))
    with torch.no_grad():
        a, b = (model(ids).last_hidden_state for model in (theirs, ours))
    assert (a - b).abs().max() < CLOSE


@settings(max_examples=40)
@given(
    length=st.integers(1, 300),
    landmarks=st.integers(1, 70),
    seed=st.integers(0, 999),
    padding=st.sampled_from([0.0, 0.1, 0.8]),
    width=st.sampled_from([1, 3, 65]),
    exact_init=st.booleans(),
)
def test_the_formula_at_any_length_and_mask(length, landmarks, seed, padding, width, exact_init):
    """In double precision: the iteration for the inverse magnifies rounding when attention is peaked."""
    torch.manual_seed(seed)
    q, k, v = torch.randn(3, 3, length, 8, dtype=torch.float64)
    real = torch.rand(length) >= padding
    real[torch.randint(length, (1,))] = True
    conv = torch.randn(3, 1, width, 1, dtype=torch.float64)
    dense = reference(3 * q, 3 * k, v, real, landmarks, conv[:, 0, :, 0], exact_init)
    rows, given = [x.transpose(0, 1) for x in (3 * q, 3 * k, v)], None if real.all() else real
    fast = attend_document(*rows, given, landmarks, exact_init) + convolved(rows[2], conv, given)
    assert torch.isfinite(fast).all()
    assert (fast.transpose(0, 1) - dense)[:, real].abs().max() < 1e-10


@pytest.mark.parametrize("length", [1, 16, 17, 100, 4099])
def test_the_formula_in_single_precision(length):
    model = random_model(length=length, num_hidden_layers=1, segment_means_seq_len=length + 1)
    ids = torch.randint(3, WORDS, (length,))
    with torch.no_grad():
        dense = by_hand(model, ids, torch.ones(length, dtype=torch.bool))
        assert (accelerate(model)(ids[None]).last_hidden_state[0] - dense).abs().max() < CLOSE


def test_padding_anywhere():
    """Each document as it would be alone, whatever its batch mates and padding; inside, padding is masked."""
    model = random_model(length=300)
    ids, real = torch.randint(3, WORDS, (5, 200)), torch.ones(5, 200, dtype=torch.bool)
    real[1, 120:], real[2, :77], real[3], real[4, 50:70] = False, False, False, False
    ids[~real] = 1
    with torch.no_grad():
        dense = [by_hand(model, ids[row][real[row]], torch.ones(int(real[row].sum())).bool()) for row in (0, 1, 2)]
        inside = by_hand(model, ids[4], real[4])
        fast = accelerate(model)(ids, attention_mask=real.long()).last_hidden_state
    assert torch.isfinite(fast).all()
    for row in range(3):
        assert (fast[row][real[row]] - dense[row]).abs().max() < 2 * CLOSE
    assert (fast[4] - inside)[real[4]].abs().max() < 2 * CLOSE


def test_the_other_initialisation_is_respected():
    """Hugging Face cannot build a model with it, but reads it off the module."""
    theirs = random_model(length=128)
    ours = accelerate(copy.deepcopy(theirs))
    ids = torch.randint(3, WORDS, (1, 128))
    outputs = []
    for option in ("original", "exact"):
        for model in (theirs, ours):
            for layer in model.encoder.layer:
                layer.attention.self.init_option = option
        with torch.no_grad():
            a, b = (model(ids).last_hidden_state for model in (theirs, ours))
        assert (a - b).abs().max() < CLOSE
        outputs.append(b)
    assert not torch.allclose(*outputs, atol=1e-4)


def test_gradients_agree():
    theirs = random_model(length=128).double()
    ours = accelerate(copy.deepcopy(theirs))
    ids = torch.randint(3, WORDS, (1, 128))
    weight = torch.randn(1, 128, HEADS * DIM, dtype=torch.float64)
    grads = []
    for model in (theirs, ours):
        (model.train()(ids).last_hidden_state * weight).sum().backward()
        grads.append([p.grad for p in model.parameters()])
    largest = max(g.abs().max() for g in grads[0] if g is not None)
    for a, b in zip(*grads, strict=True):
        assert (a is None) == (b is None)
        # HF's scale of the first approximation is a maximum, through which gradients flow here too.
        assert a is None or (a - b).abs().max() < 1e-9 * largest


def test_gradients_with_padding_are_finite_and_checkpointing_keeps_them():
    model = accelerate(random_model(length=200)).train()
    other = copy.deepcopy(model)
    other.activation_checkpointing_enable({"use_reentrant": False})
    ids, real = torch.randint(3, WORDS, (3, 100)), torch.ones(3, 100, dtype=torch.long)
    real[1, 30:], real[2] = 0, 0
    grads = []
    for one in (model, other):
        one(ids, attention_mask=real).last_hidden_state.square().sum().backward()
        grads.append([p.grad for p in one.parameters() if p.grad is not None])
    assert all(torch.isfinite(g).all() for g in grads[0])
    assert all(torch.allclose(a, b, atol=1e-5, rtol=1e-3) for a, b in zip(*grads, strict=True))


def test_bfloat16():
    model = accelerate(random_model(length=200))
    ids = torch.randint(3, WORDS, (2, 150))
    with torch.no_grad():
        exact = model(ids).last_hidden_state
        with torch.autocast("cpu", torch.bfloat16):
            near = model(ids).last_hidden_state
        half = model.bfloat16()(ids).last_hidden_state
    assert (exact - near.float()).abs().mean() < 0.2
    assert (exact - half.float()).abs().mean() < 0.2


def test_classification_reads_one_row():
    theirs = random_model(NystromformerForSequenceClassification, length=128)
    ours = accelerate(copy.deepcopy(theirs))
    ids = torch.randint(3, WORDS, (1, 128))
    with torch.no_grad():
        assert (theirs(ids).logits - ours(ids).logits).abs().max() < CLOSE


def test_predicate():
    rows = ["".join(".x"[int(cell)] for cell in row) for row in mask(torch.arange(4), torch.arange(10), 10, 4)]
    assert rows == ["xxx.......", "...xxx....", "......xx..", "........xx"]
    parts = torch.arange(1000).tensor_split(64)
    members = mask(torch.arange(64), torch.arange(1000), 1000, 64)
    assert [row.nonzero().squeeze(1).tolist() for row in members] == [part.tolist() for part in parts]
    drawn = ATTENTION.get("nystromformer").draw(10, Options(num_landmarks=4))
    assert drawn.sum().item() == 3 * 3 + 3 * 3 + 2 * 2 + 2 * 2


@pytest.mark.parametrize("family", ["bert", "roberta"])
@pytest.mark.parametrize("head", ["base", "masked-lm", "token-classification", "question-answering"])
def test_converted_outputs_equal_the_source(make_tiny, family, head):
    """Texts of no more tokens than landmarks."""
    source = make_tiny(family, head)
    result, _ = convert(source, attention="nystromformer", max_length=300, tokenizer=SimpleNamespace())
    assert position_limit(result) == result.config.max_position_embeddings == 300
    assert attention_used(result) == "nystromformer/unpadded-sdpa"
    ids, real = torch.randint(5, 60, (3, 64)), torch.ones(3, 64, dtype=torch.long)
    real[1, 40:] = 0
    ids[real == 0] = source.config.pad_token_id
    with torch.no_grad():
        theirs, ours = (model(ids, attention_mask=real) for model in (source, result))
    shared = [name for name in theirs if name != "pooler_output"]
    assert list(ours) == shared
    for name in shared:
        assert (theirs[name] - ours[name])[real == 1].abs().max() < CLOSE


def public_names(layers):
    """What `uw-madison/nystromformer-4096` and `giant-oak/distil-nystromformer-4096` hold."""
    layer = [
        *(f"attention.self.{part}.{kind}" for part in ("query", "key", "value") for kind in ("weight", "bias")),
        "attention.self.conv.weight",
        *(
            f"{part}.{kind}"
            for part in (
                *("attention.output.dense", "attention.output.LayerNorm", "intermediate.dense"),
                *("output.dense", "output.LayerNorm"),
            )
            for kind in ("weight", "bias")
        ),
    ]
    kinds = ("word_embeddings", "position_embeddings", "token_type_embeddings")
    return {
        *(f"nystromformer.embeddings.{kind}.weight" for kind in kinds),
        *(f"nystromformer.embeddings.LayerNorm.{kind}" for kind in ("weight", "bias")),
        *(f"nystromformer.encoder.layer.{i}.{name}" for i in range(layers) for name in layer),
        *(f"cls.predictions.transform.{part}.{kind}" for part in ("dense", "LayerNorm") for kind in ("weight", "bias")),
        *("cls.predictions.bias", "cls.predictions.decoder.weight", "cls.predictions.decoder.bias"),
    }


@pytest.mark.parametrize("old", [False, True])
def test_public_checkpoints_load_by_name(tmp_path, old):
    """Older releases saved buffers too, and both names of tied weights."""
    source = random_model(NystromformerForMaskedLM, length=128)
    source.tie_weights()
    state = source.state_dict()
    assert set(state) == public_names(2)
    source.save_pretrained(tmp_path)
    bert_tokenizer().save_pretrained(tmp_path)
    if old:
        state["nystromformer.embeddings.position_ids"] = torch.arange(128)[None] + 2
        save_file({n: x.clone() for n, x in state.items()}, tmp_path / "model.safetensors", metadata={"format": "pt"})
    model, _ = load_model(tmp_path, None)
    ids = torch.randint(3, WORDS, (1, 128))
    with torch.no_grad():
        assert (model(ids).logits - source(ids).logits).abs().max() < 5 * CLOSE
    load_model(tmp_path, "token-classification")
    weights = load_file(tmp_path / "model.safetensors")
    weights.pop("nystromformer.encoder.layer.1.attention.self.conv.weight")
    save_file(weights, tmp_path / "model.safetensors", metadata={"format": "pt"})
    with pytest.raises(GonerdError, match=r"1 missing \(nystromformer\.encoder\.layer\.1\.attention\.self\.conv"):
        load_model(tmp_path, None)


def test_the_head_for_whole_texts_is_refused(make_tiny):
    """Nystromformer's applies the model's activation where BERT's and RoBERTa's apply tanh."""
    with pytest.raises(GonerdError, match="'tanh'"):
        convert(make_tiny("roberta", "sequence-classification"), attention="nystromformer", tokenizer=SimpleNamespace())


def test_conversion_shares_no_storage_and_loads_anywhere(make_tiny, tmp_path):
    source = make_tiny("bert", "masked-lm")
    before = weights_sha256(source)
    result, _ = convert(source, attention="nystromformer", max_length=128, num_landmarks=8, tokenizer=SimpleNamespace())
    student = halve(result)
    held = weights_sha256(student)
    theirs = {p.untyped_storage().data_ptr() for model in (source, student) for p in model.state_dict().values()}
    assert not theirs & {p.untyped_storage().data_ptr() for p in result.state_dict().values()}
    ids = torch.randint(5, 60, (1, 128))
    optimizer = torch.optim.SGD(result.parameters(), lr=0.05)
    result.train()(ids, labels=ids).loss.backward()
    optimizer.step()
    assert (weights_sha256(source), weights_sha256(student)) == (before, held)
    convolutions = [layer.attention.self.conv.weight for layer in result.base_model.encoder.layer]
    assert all(conv.abs().max() > 0 for conv in convolutions)  # it began as zero, and learns
    result.eval().save_pretrained(tmp_path)
    again = NystromformerForMaskedLM.from_pretrained(tmp_path).eval()
    with torch.no_grad():
        assert (again(ids).logits - result(ids).logits).abs().max() < 5e-5


def test_a_nystromformer_is_given_other_landmarks_and_more_positions(tmp_path):
    source = random_model(length=100)
    result, _ = convert(
        source, attention="nystromformer", max_length=250, num_landmarks=25, tokenizer=SimpleNamespace()
    )
    learnt, rows = (m.embeddings.position_embeddings.weight[2:] for m in (source, result))
    assert torch.equal(rows, torch.cat([learnt] * 3)[:250])
    result.save_pretrained(tmp_path)
    again = NystromformerModel.from_pretrained(tmp_path).eval()
    ids = torch.randint(3, WORDS, (1, 250))
    with torch.no_grad():
        assert (again(ids).last_hidden_state - result(ids).last_hidden_state).abs().max() < CLOSE


def test_what_cannot_be_is_refused(make_tiny):
    for wrong in ({"num_landmarks": 0}, {"conv_kernel_size": 4}, {"landmarks": 3}):
        with pytest.raises(UsageError, match=r"nystromformer|landmarks"):
            convert(make_tiny("bert"), attention="nystromformer", tokenizer=SimpleNamespace(), **wrong)


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device")
def test_cuda():
    model = accelerate(random_model(length=300))
    ids, real = torch.randint(3, WORDS, (2, 300)), torch.ones(2, 300, dtype=torch.long)
    real[1, 150:] = 0
    with torch.no_grad():
        dense = model(ids, attention_mask=real).last_hidden_state
        exact = model.cuda()(ids.cuda(), attention_mask=real.cuda()).last_hidden_state.cpu()
        half = model.bfloat16()(ids.cuda(), attention_mask=real.cuda()).last_hidden_state
    assert (dense - exact)[real == 1].abs().max() < 1e-3
    assert torch.isfinite(half).all()
