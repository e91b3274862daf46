"""The unpadded engine, whatever the pattern: padding, batch mates, training, compiling, saving, refusals."""

import copy
import pickle
import warnings

import pytest
import torch
from transformers import (
    BertConfig,
    BertModel,
    BigBirdConfig,
    BigBirdModel,
    CamembertConfig,
    CamembertModel,
    LongformerConfig,
    LongformerModel,
    RobertaConfig,
    RobertaForMaskedLM,
    RobertaForSequenceClassification,
    RobertaModel,
    XLMRobertaConfig,
    XLMRobertaModel,
)

from gonerd.errors import GonerdError, UsageError
from gonerd.models import accelerate
from gonerd.models.attention import ATTENTION, _encoder, _kernel, attention_used
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

KINDS = {
    "longformer": (LongformerModel, LongformerConfig, {"attention_window": [16, 16]}),
    "bigbird": (BigBirdModel, BigBirdConfig, {"block_size": 4}),
    "bert": (BertModel, BertConfig, {}),
    "roberta": (RobertaModel, RobertaConfig, {}),
    "xlm-roberta": (XLMRobertaModel, XLMRobertaConfig, {}),
    "camembert": (CamembertModel, CamembertConfig, {}),
}
FULL = ("bert", "roberta", "xlm-roberta", "camembert")


def make(kind, **fields):
    torch.manual_seed(0)
    model, config, options = KINDS[kind]
    theirs = peaked(model(config(**{**SIZES, **STILL, **options, "max_position_embeddings": 400, **fields})))
    return theirs, accelerate(copy.deepcopy(theirs))


def pad_of(model):
    return model.config.pad_token_id


def globals_for(kind, ids, attention_mask):
    """Longformer: the first real token of each document, and one in the middle."""
    if kind != "longformer":
        return {}
    marked = torch.zeros_like(ids)
    for row, real in enumerate(attention_mask):
        at = real.nonzero().squeeze(1)
        if len(at):
            marked[row, at[[0, len(at) // 2]]] = 1
    return {"global_attention_mask": marked}


@pytest.mark.parametrize("kind", KINDS)
def test_a_batch_is_its_documents_one_by_one(kind):
    """Eight documents of different lengths with padding everywhere, three of them nothing but padding."""
    _, ours = make(kind)
    ids, attention_mask = masked_batch(8, 180, pad_of(ours), inside=0.05)
    attention_mask[[4, 6]], ids[[4, 6]] = 0, pad_of(ours)
    extra = globals_for(kind, ids, attention_mask)
    with torch.no_grad():
        out = ours(ids, attention_mask, output_hidden_states=True, **extra)
        swapped = ours(ids.flip(0), attention_mask.flip(0), **{n: v.flip(0) for n, v in extra.items()})
    state = out.last_hidden_state
    pairs = one_by_one(ours, ids, attention_mask, **extra)
    assert len(pairs) == 5
    assert worst(state, pairs) < CLOSE
    assert (state[attention_mask == 0] == 0).all()
    assert (state - swapped.last_hidden_state.flip(0)).abs().max() < CLOSE
    assert torch.equal(out.hidden_states[-1], state)
    for row, real, alone in pairs:
        with torch.no_grad():
            pooled = ours.pooler(alone[None]) if kind != "bigbird" else torch.tanh(ours.pooler(alone[:1]))
        assert real[0] == attention_mask[row].argmax()
        assert (out.pooler_output[row] - pooled).abs().max() < CLOSE


@pytest.mark.parametrize("semantics", ["hf", "random"])
@pytest.mark.parametrize("kind", ["longformer", "bigbird", "roberta"])
def test_the_device_neutral_way_agrees(kind, semantics, monkeypatch):
    """What runs on CUDA, run here."""
    _, ours = make(kind, gonerd_bigbird=semantics)
    ids, attention_mask = masked_batch(4, 180, pad_of(ours), inside=0.05)
    extra = globals_for(kind, ids, attention_mask)
    exact = gradients(ours.train(), ids, attention_mask, **extra)
    ours.zero_grad(set_to_none=True)
    with torch.no_grad():
        state = ours.eval()(ids, attention_mask, **extra).last_hidden_state
        monkeypatch.setattr(_kernel, "implementation", lambda q, dropout=0.0: "concatenated-sdpa")
        monkeypatch.setattr(_encoder, "InferenceStep", _encoder.Step)
        assert (ours(ids, attention_mask, **extra).last_hidden_state - state).abs().max() < CLOSE
    assert largest_difference(exact, gradients(ours.train(), ids, attention_mask, **extra)) < 1e-5


@pytest.mark.parametrize("kind", FULL)
def test_full_attention_equals_hugging_face(kind):
    theirs, ours = make(kind)
    assert attention_used(theirs) == f"{kind}/sdpa"
    assert attention_used(ours) == f"{kind}/unpadded-flash-merge"
    for length in (1, 17, 200):
        ids, attention_mask = masked_batch(4, length, pad_of(ours), seed=length, inside=0.05)
        with torch.no_grad():
            out = ours(ids, attention_mask).last_hidden_state
        assert worst(out, one_by_one(theirs, ids, attention_mask)) < CLOSE


@pytest.mark.parametrize("kind", ["bert", "roberta"])
def test_gradients_and_hidden_states_equal_hugging_faces(kind):
    theirs, ours = make(kind)
    ids, attention_mask = masked_batch(2, 90, pad_of(ours), inside=0.05)
    attention_mask[:, 0] = 1
    types = (torch.arange(90) > 40).long().expand(2, -1) * (kind == "bert")
    options = {"token_type_ids": types, "output_hidden_states": True}
    with torch.no_grad():
        a, b = (model(ids, attention_mask, **options) for model in (theirs, ours))
    for x, y in zip(a.hidden_states, b.hidden_states, strict=True):
        assert (x - y)[attention_mask == 1].abs().max() < CLOSE
    assert (a.pooler_output - b.pooler_output).abs().max() < CLOSE
    grads = (gradients(model.train(), ids, attention_mask, token_type_ids=types) for model in (theirs, ours))
    assert largest_difference(*grads) < 1e-4


@pytest.mark.parametrize("kind", ["longformer", "bigbird", "roberta"])
def test_ways_of_training_agree(kind):
    """Gradients of a batch are the sums of its documents'; checkpointing and compiling change nothing."""
    _, ours = make(kind)
    ids, attention_mask = masked_batch(4, 150, pad_of(ours), inside=0.05)
    extra = globals_for(kind, ids, attention_mask)
    ours.train()

    def run(model, rows=slice(None)):
        model.zero_grad(set_to_none=True)
        given = {name: value[rows] for name, value in extra.items()}
        model(ids[rows], attention_mask[rows], **given).last_hidden_state.square().sum().backward()
        return {n.removeprefix("_orig_mod."): p.grad for n, p in model.named_parameters()}

    together = run(ours)
    apart = [run(ours, slice(i, i + 1)) for i in range(4)]
    summed = {n: None if g is None else sum(one[n] for one in apart) for n, g in together.items()}
    assert largest_difference(together, summed) < 1e-5
    for reentrant in (False, True):
        checkpointed, calls = copy.deepcopy(ours), []
        checkpointed.activation_checkpointing_enable({"use_reentrant": reentrant})
        for layer in checkpointed.encoder.layer:
            inner = layer._gradient_checkpointing_func
            layer._gradient_checkpointing_func = lambda *a, f=inner, calls=calls: (calls.append(1), f(*a))[1]
        assert largest_difference(together, run(checkpointed)) < 1e-6
        assert len(calls) == 2


@pytest.mark.parametrize(
    "kind", ["roberta", *(pytest.param(k, marks=pytest.mark.slow) for k in ("longformer", "bigbird"))]
)
def test_compiled(kind):
    options = {} if kind == "longformer" else {"num_hidden_layers": 1}
    _, ours = make(kind, **options)
    ids, attention_mask = masked_batch(2, 120, pad_of(ours))
    extra = globals_for(kind, ids, attention_mask)
    torch.compiler.reset()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # dynamo's own
        compiled = torch.compile(ours, backend="aot_eager")
        with torch.no_grad():
            out = compiled(ids, attention_mask, **extra).last_hidden_state
            assert (out - ours(ids, attention_mask, **extra).last_hidden_state).abs().max() < CLOSE
        grads = []
        for model in (ours.train(), compiled):
            ours.zero_grad(set_to_none=True)
            state = model(ids, attention_mask, **extra)
            (state.last_hidden_state.square().sum() + state.pooler_output.sum()).backward()
            grads.append({n: p.grad for n, p in ours.named_parameters()})
    assert largest_difference(*grads) < 1e-5


@pytest.mark.parametrize("kind", ["longformer", "bigbird", "roberta"])
def test_autocast_to_bfloat16(kind):
    _, ours = make(kind)
    ids, attention_mask = masked_batch(2, 120, pad_of(ours))
    extra = globals_for(kind, ids, attention_mask)
    with torch.no_grad():
        exact = ours(ids, attention_mask, **extra).last_hidden_state
        with torch.autocast("cpu", torch.bfloat16):
            rough = ours(ids, attention_mask, **extra).last_hidden_state.float()
    assert 0 < (exact - rough).abs().mean() < 0.06
    with torch.autocast("cpu", torch.bfloat16):
        ours.train()(ids, attention_mask, **extra).last_hidden_state.square().mean().backward()
    assert all(torch.isfinite(p.grad).all() for p in ours.parameters() if p.grad is not None)


def test_dropout_in_training_only():
    _, ours = make("longformer", attention_probs_dropout_prob=0.3, hidden_dropout_prob=0.1)
    ids, attention_mask = masked_batch(1, 60, 1)

    def run(times=1):
        with torch.no_grad():
            return ours(ids.expand(times, -1), attention_mask.expand(times, -1)).last_hidden_state

    still = run()
    assert torch.equal(still, run())
    ours.train()
    assert not torch.equal(run(), run())
    torch.manual_seed(0)
    once = run()
    torch.manual_seed(0)
    assert torch.equal(once, run())
    assert (run(300).mean(0) - still[0]).abs().mean() < 0.3 * still.abs().mean()


def test_one_step_of_training_changes_no_sibling():
    theirs, ours = make("longformer")
    before = {name: tensor.clone() for name, tensor in theirs.state_dict().items()}
    ids, _ = masked_batch(1, 50, 1)
    optimizer = torch.optim.SGD(ours.parameters(), lr=0.1)
    ours.train()(ids).last_hidden_state.square().sum().backward()
    optimizer.step()
    assert all(torch.equal(tensor, before[name]) for name, tensor in theirs.state_dict().items())
    assert any(not torch.equal(p, before[name]) for name, p in ours.named_parameters())
    with torch.no_grad():  # nothing of the old weights was kept aside
        a = ours.eval()(ids).last_hidden_state
        fresh = accelerate(copy.deepcopy(theirs))
        fresh.load_state_dict(ours.state_dict())
        assert torch.equal(fresh(ids).last_hidden_state, a)


@pytest.mark.parametrize("kind", KINDS)
def test_acceleration_leaves_the_checkpoint_alone(kind, tmp_path):
    theirs, ours = make(kind)
    assert list(ours.state_dict()) == list(theirs.state_dict())
    ours.save_pretrained(tmp_path)
    again = type(theirs).from_pretrained(tmp_path).eval()
    assert again.config.architectures == [type(theirs).__name__]
    ids, attention_mask = masked_batch(1, 30, pad_of(ours))
    with torch.no_grad():
        models = (again, ours, accelerate(ours), copy.deepcopy(ours), pickle.loads(pickle.dumps(ours)))
        first, *others = (model(ids, attention_mask).last_hidden_state for model in models)
    assert all((first - other).abs().max() < CLOSE for other in others)


def test_embeddings_and_tuples():
    theirs, ours = make("roberta")
    ids, attention_mask = masked_batch(2, 40, 1)
    embeds = theirs.embeddings.word_embeddings(ids)
    with torch.no_grad():
        a, b = (m(inputs_embeds=embeds, attention_mask=attention_mask, return_dict=False) for m in (theirs, ours))
    assert (a[0] - b[0])[attention_mask == 1].abs().max() < CLOSE
    assert (a[1] - b[1]).abs().max() < CLOSE


def test_a_head_behind_left_padding():
    torch.manual_seed(0)
    ours = accelerate(peaked(RobertaForSequenceClassification(RobertaConfig(**SIZES, **STILL))))
    ids = torch.randint(5, 40, (1, 20))
    shifted, attention_mask = torch.full((1, 31), 1), torch.zeros(1, 31, dtype=torch.long)
    shifted[:, 11:], attention_mask[:, 11:] = ids, 1
    with torch.no_grad():
        alone = ours(ids).logits
        for options in ({}, {"output_hidden_states": True}):
            assert (ours(shifted, attention_mask, **options).logits - alone).abs().max() < CLOSE


def test_replaced_modules_are_called():
    """Adapters and quantised layers stand where a linear layer was."""
    theirs, ours = make("roberta")
    ids, _ = masked_batch(1, 20, 1)

    class Doubled(torch.nn.Linear):
        def forward(self, x):
            return 2 * super().forward(x)

    for model in (theirs, ours):
        for layer in model.encoder.layer:
            layer.output.dense.__class__ = layer.attention.self.value.__class__ = Doubled
    with torch.no_grad():
        a, b = (model(ids).last_hidden_state for model in (theirs, ours))
    assert (a - b).abs().max() < CLOSE


def test_refusals():
    _, ours = make("bert")
    ids, _ = masked_batch(2, 20, 0)
    with pytest.raises(GonerdError, match="output_attentions"):
        ours(ids, output_attentions=True)
    with pytest.raises(GonerdError, match=r"shape \(2, 7\)"):
        ours(ids, torch.ones(2, 7))
    with pytest.raises(GonerdError, match="encoder_hidden_states"):
        ours(ids, encoder_hidden_states=torch.zeros(2, 3, 32))
    with pytest.raises(GonerdError, match="max_position_embeddings"):
        ours(torch.randint(5, 40, (1, 401)))
    with pytest.raises(ValueError, match="inputs_embeds"):
        ours()
    with pytest.raises(GonerdError, match="is_decoder"):
        accelerate(BertModel(BertConfig(**SIZES, is_decoder=True)))


def test_names():
    assert {"bigbird", "full", "longformer"} <= set(ATTENTION.names())
    with pytest.raises(UsageError, match="longformer"):
        ATTENTION.get("longfomer")
    types = [kind for name in ATTENTION.names() for kind in ATTENTION.get(name).model_types]
    assert len(types) == len(set(types))


def test_the_language_model_head():
    torch.manual_seed(0)
    theirs = peaked(RobertaForMaskedLM(RobertaConfig(**SIZES, **STILL)))
    ours = accelerate(copy.deepcopy(theirs))
    ids, attention_mask = masked_batch(2, 40, 1)
    labels = ids.masked_fill(attention_mask == 0, -100)
    with torch.no_grad():
        a, b = (m(ids, attention_mask, labels=labels) for m in (theirs, ours))
    assert (a.logits - b.logits)[attention_mask == 1].abs().max() < CLOSE
    assert (a.loss - b.loss).abs() < CLOSE


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device")
@pytest.mark.parametrize("kind", ["longformer", "bigbird", "roberta"])
def test_cuda_in_bfloat16(kind):
    _, ours = make(kind)
    ids, attention_mask = masked_batch(4, 180, pad_of(ours), inside=0.05)
    extra = globals_for(kind, ids, attention_mask)
    moved = [t.cuda() for t in (ids, attention_mask)], {name: t.cuda() for name, t in extra.items()}
    with torch.no_grad():
        exact = ours(ids, attention_mask, **extra).last_hidden_state
        rough = ours.cuda().bfloat16()(*moved[0], **moved[1]).last_hidden_state.float().cpu()
    assert torch.isfinite(rough).all()
    assert (exact - rough).abs().mean() < 0.06
