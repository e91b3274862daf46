"""Batches hold every window once, those of like length together; what does not fit into memory is halved."""

import dataclasses

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from gonerd import GonerdError, UsageError
from gonerd.evaluation.run import RunSettings, evaluate_model
from gonerd.models.finetuning.batching import Batching
from tests.evaluation.running import everything

LENGTHS = st.lists(st.integers(1, 600), max_size=40)


def too_much():
    """What torch raises where an allocation fails."""
    return torch.empty(1 << 55)


@given(LENGTHS, st.one_of(st.none(), st.integers(1, 9)), st.integers(1, 2000))
def test_every_window_once_by_length(lengths, windows, positions):
    plan = Batching(windows, positions).plan(lengths)
    flat = [i for batch in plan for i in batch]
    assert sorted(flat) == list(range(len(lengths)))
    assert [lengths[i] for i in flat] == sorted(lengths, reverse=True)
    for batch in plan:
        if windows is None:
            assert len(batch) == 1 or len(batch) * max(lengths[i] for i in batch) <= positions
        else:
            assert len(batch) == windows or batch is plan[-1]


@settings(max_examples=10)
@given(st.lists(st.integers(), min_size=1, max_size=33), st.integers(1, 40))
def test_halves_until_it_fits(batch, most):
    calls = []

    def forward(part):
        calls.append(len(part))
        return too_much() if len(part) > most else tuple(part)

    done = list(Batching().halving(batch, forward))
    assert [one for part, _ in done for one in part] == batch
    assert all(tuple(part) == result and len(part) <= most for part, result in done)
    assert max(calls) == len(batch)


def test_what_cannot_be_halved():
    with pytest.raises(GonerdError, match="a single window does not fit into memory; lower --max-length"):
        list(Batching().halving([3], lambda part: too_much()))
    with pytest.raises(GonerdError, match="a batch of 2 windows does not fit into memory; lower --batch-size"):
        list(Batching(2).halving([3, 4], lambda part: too_much()))
    with pytest.raises(RuntimeError, match="shapes cannot be multiplied"):  # no matter of memory: it stays what it is
        list(Batching().halving([3], lambda part: torch.ones(1, 2) @ torch.ones(3, 1)))
    for wrong in ("0", "-1", "many", ""):
        with pytest.raises(UsageError, match="give a whole number above 0, or auto"):
            Batching.parse(wrong)


def test_an_evaluation_goes_through_with_little_memory(tmp_path, monkeypatch):
    """The same predictions where no more than sixteen windows fit; where the size was given, the command says so."""
    from transformers import BertForSequenceClassification

    model, place = everything(tmp_path)["cola"]
    told = RunSettings(max_length=48, stride=8)
    evaluate_model(model, tmp_path / "plenty", place, told)
    forward, sizes = BertForSequenceClassification.forward, []

    def small(self, input_ids, **inputs):
        sizes.append(len(input_ids))
        return too_much() if len(input_ids) > 16 else forward(self, input_ids=input_ids, **inputs)

    monkeypatch.setattr(BertForSequenceClassification, "forward", small)
    evaluate_model(model, tmp_path / "little", place, told)
    assert max(sizes) > 16 >= min(sizes)
    plenty, little = (next((tmp_path / name).glob("*.predictions.jsonl")) for name in ("plenty", "little"))
    assert plenty.read_bytes() == little.read_bytes()
    with pytest.raises(GonerdError, match="a batch of 17 windows does not fit into memory; lower --batch-size"):
        evaluate_model(model, tmp_path / "given", place, dataclasses.replace(told, batch_size=17))
