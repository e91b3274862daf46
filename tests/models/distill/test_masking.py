"""What is masked depends on seed and draw alone, and in the shares that were asked for."""

import numpy as np
import pytest
import torch

from gonerd.models.distill.draws import Draws
from gonerd.models.distill.masking import Masking
from tests.tiny import bert_tokenizer


@pytest.fixture
def masking():
    return Masking.of(bert_tokenizer(), 0.15, whole_words=False, seed=3)


def row(rng, count=4000):
    ids = rng.integers(5, 80, count)
    ids[[0, -1]] = 2, 3
    return ids.astype(np.uint16), rng.random(count) < 0.6


def test_shares(masking):
    ids, starts = row(np.random.default_rng(0), 60_000)
    hidden, labels = masking.hide(ids, starts, 11)
    chosen = labels != -100
    assert np.array_equal(labels[chosen], ids[chosen])
    assert np.array_equal(hidden[~chosen], ids[~chosen])
    assert chosen.mean() == pytest.approx(0.15, abs=0.006)
    assert (hidden[chosen] == 4).mean() == pytest.approx(0.8, abs=0.02)
    assert (hidden[chosen] == ids[chosen]).mean() == pytest.approx(0.1, abs=0.02)
    assert not set(hidden[chosen][hidden[chosen] != 4]) & {0, 1, 2, 3}
    assert not chosen[[0, -1]].any()


def test_whole_words(masking):
    ids, starts = row(np.random.default_rng(1))
    _, labels = Masking.of(bert_tokenizer(), 0.15, whole_words=True, seed=3).hide(ids, starts, 5)
    words = np.cumsum(starts)
    for word in np.unique(words[1:-1]):
        inside = (words == word) & np.isin(ids, masking.ordinary)
        assert len(set((labels[inside] != -100).tolist())) <= 1
    assert 0.1 < (labels != -100).mean() < 0.2


def test_same_draw_same_mask(masking):
    rng = np.random.default_rng(2)
    rows = [dict(zip(("input_ids", "word_starts", "key"), (*row(rng, n), n), strict=True)) for n in (30, 20, 25)]
    whole = masking(rows)
    assert whole["input_ids"].shape == (3, 30) and whole["keys"].tolist() == [30, 20, 25]
    alone = masking(rows[1:2])
    for name in ("input_ids", "labels", "attention_mask"):
        assert torch.equal(whole[name][1, :20], alone[name][0])
    assert whole["attention_mask"].sum(1).tolist() == [30, 20, 25]
    assert (whole["labels"][1, 20:] == -100).all() and (whole["input_ids"][1, 20:] == 0).all()
    again = [{**rows[0], "key": 31}]
    assert not torch.equal(masking(again)["labels"], masking(rows[:1])["labels"])


def test_every_pass_holds_every_row_once(corpus):
    rows = corpus.rows("train")
    count = len(rows)
    draws = Draws(rows, 3 * count, seed=1)
    taken = [tuple(draws[k]["input_ids"].tolist()) for k in range(3 * count)]
    passes = [taken[i * count : (i + 1) * count] for i in range(3)]
    assert sorted(passes[0]) == sorted(passes[1]) == sorted(tuple(r["input_ids"].tolist()) for r in rows)
    assert passes[0] != passes[1] != passes[2]
    assert [draws[k]["key"] for k in (0, count)] == [0, count]
