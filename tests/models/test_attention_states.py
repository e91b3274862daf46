"""Hidden states: those that were asked for, the same as Hugging Face's, and memory for no others."""

import copy
import weakref

import pytest
import torch
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves
from transformers import LongformerConfig, LongformerModel, RobertaConfig, RobertaForTokenClassification, RobertaModel

from gonerd.models import accelerate
from gonerd.models.attention import _encoder
from gonerd.models.modeling_lsg import LSGConfig, LSGModel
from tests.models.exact import CLOSE, SIZES, STILL, masked_batch, peaked

LAYERS = 8


class Peak(TorchDispatchMode):
    """The most bytes that tensors made inside held at once."""

    def __init__(self):
        super().__init__()
        self.now = self.most = 0
        self.seen = weakref.WeakSet()

    def __torch_dispatch__(self, function, types, args=(), kwargs=None):
        out = function(*args, **(kwargs or {}))
        for tensor in tree_leaves(out):
            storage = tensor.untyped_storage() if isinstance(tensor, torch.Tensor) else None
            if storage is not None and storage not in self.seen:
                self.seen.add(storage)
                self.now += storage.nbytes()
                self.most = max(self.most, self.now)
                weakref.finalize(storage, self.freed, storage.nbytes())
        return out

    def freed(self, size):
        self.now -= size


def make(kind):
    torch.manual_seed(0)
    fields = {**SIZES, **STILL, "num_hidden_layers": LAYERS, "max_position_embeddings": 400}
    if kind == "longformer":
        theirs = LongformerModel(LongformerConfig(**fields, attention_window=[16] * LAYERS))
    elif kind == "lsg":
        theirs = LSGModel(LSGConfig(**fields, block_size=16, sparse_block_size=16))
    else:
        theirs = RobertaModel(RobertaConfig(**fields))
    theirs = peaked(theirs)
    return theirs, accelerate(copy.deepcopy(theirs))


@pytest.mark.parametrize("kind", ["longformer", "lsg", "roberta"])
@pytest.mark.parametrize("trained", [False, True])
def test_chosen_states_are_those_of_all(kind, trained):
    theirs, ours = make(kind)
    ids, mask = masked_batch(3, 120, theirs.config.pad_token_id)
    ours.train(trained)
    with torch.set_grad_enabled(trained):
        every = ours(ids, mask, output_hidden_states=True)
        some = ours(ids, mask, output_hidden_states=[0, 3, -1])
        one, beyond = ours(ids, mask, output_hidden_states=5), ours(ids, mask, output_hidden_states=[99])
    assert [n for n, state in enumerate(some.hidden_states) if state is not None] == [0, 3, LAYERS]
    assert [n for n, state in enumerate(one.hidden_states) if state is not None] == [5]
    assert beyond.hidden_states == (None,) * (LAYERS + 1)
    for n, state in enumerate(every.hidden_states):
        assert all(torch.equal(state, out.hidden_states[n]) for out in (some, one) if out.hidden_states[n] is not None)
    assert torch.equal(every.hidden_states[-1], every.last_hidden_state)
    assert torch.equal(beyond.last_hidden_state, every.last_hidden_state)
    if kind == "roberta":
        with torch.no_grad():
            expected = theirs(ids[:1], mask[:1], output_hidden_states=[0, 3, -1]).hidden_states
        for a, b in zip(expected, some.hidden_states, strict=True):
            assert (a is None) == (b is None)
            assert a is None or (a[0] - b[0]).abs().max() < CLOSE


def test_nothing_but_padding_has_states_too():
    _, ours = make("roberta")
    with torch.no_grad():
        out = ours(torch.ones(2, 9, dtype=torch.long), torch.zeros(2, 9), output_hidden_states=[2])
    assert [state is not None for state in out.hidden_states] == [n == 2 for n in range(LAYERS + 1)]


@pytest.mark.parametrize("kind", ["longformer", "lsg", "roberta"])
def test_only_what_is_asked_for_takes_memory(kind):
    _, ours = make(kind)
    ids, mask = torch.randint(5, 40, (1, 300)), torch.ones(1, 300, dtype=torch.long)
    state = 300 * SIZES["hidden_size"] * 4

    def peak(wanted):
        with torch.inference_mode(), Peak() as memory:
            ours(ids, mask, output_hidden_states=wanted)
        return memory.most

    peak(False)  # what is made once
    none, one, every = peak(False), peak([3]), peak(True)
    assert 0 < one - none <= 1.5 * state
    assert (LAYERS - 1) * state <= every - none <= (LAYERS + 2) * state


def test_a_head_that_wants_no_states_keeps_none(monkeypatch):
    ours = accelerate(RobertaForTokenClassification(RobertaConfig(**SIZES)).eval())
    monkeypatch.setattr(_encoder, "States", None)
    with torch.inference_mode():
        assert ours(torch.randint(5, 40, (1, 30))).hidden_states is None
