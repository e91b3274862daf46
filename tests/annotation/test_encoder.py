"""The reader with an encoder: windows, network, decoding and pooling against oracles; learning through the command."""

import itertools
import json
import random

import numpy as np
import pytest
import torch
from typer.testing import CliRunner

from gonerd import GonerdError, Span
from gonerd.annotation.annotator import Annotator
from gonerd.annotation.cli import app
from gonerd.annotation.draft import Draft, Mention
from gonerd.annotation.encoder.average import files_of, fit_mean
from gonerd.annotation.encoder.decode import decode
from gonerd.annotation.encoder.fit import FitSettings, fit, thinned
from gonerd.annotation.encoder.items import items_of
from gonerd.annotation.encoder.net import collate
from gonerd.annotation.encoder.pool import pooled
from gonerd.annotation.encoder.store import start
from gonerd.annotation.encoder.windows import windows_of, words_of
from gonerd.annotation.features import features
from gonerd.labels import BIO_TAGS, to_bio
from tests.annotation.test_train import reviewed, store
from tests.tiny import bert_tokenizer, roberta_tokenizer

CLASSES = len(BIO_TAGS)
TEXT = "Judge Quillo saw the Court of Brantix on Monday, and Serelle left. " * 12


def draft(text=TEXT, *mentions):
    return Draft(text, [Mention(*m, "base-1") for m in mentions])


def seen(given):
    tokens, rows = features(given)
    return words_of(given, tokens, rows), [given.text[start:end] for start, end in tokens]


def test_the_best_sequence_is_that_of_all_sequences():
    draw = np.random.default_rng(0)
    allowed = [
        each
        for each in itertools.product(range(CLASSES), repeat=4)
        if to_bio([BIO_TAGS[c] for c in each], "BIO") == [BIO_TAGS[c] for c in each]
    ]
    for _ in range(20):
        scores = draw.normal(size=(4, CLASSES)).astype(np.float32)
        best = max(allowed, key=lambda each: sum(scores[i, c] for i, c in enumerate(each)))
        assert decode(scores) == list(best)
    assert decode(np.zeros((0, CLASSES), np.float32)) == []


@pytest.mark.parametrize("make", [bert_tokenizer, roberta_tokenizer])
@pytest.mark.parametrize("length", [48, 128])
def test_windows_hold_every_word_whole(make, length):
    tokenizer = make()
    words = ["the", "Quillo", "\x07", "court", "x" * 300, *random.Random(0).choices(["judge", "of", "Brantix"], k=90)]
    windows = list(windows_of(tokenizer, words, length))
    assert len(windows) > 2
    assert {w for window in windows for w in window.words if w >= 0} == set(range(len(words)))
    for window in windows:
        assert len(window.ids) == len(window.words) <= length
        here = [window.words[column] for column in window.firsts]
        assert here == list(range(here[0], here[-1] + 1))
        plain = [words[w] for w in here if w not in (2, 4)]
        if plain == [words[w] for w in here]:
            assert window.ids == tokenizer(plain, is_split_into_words=True)["input_ids"]
    overlaps = [set(a.words) & set(b.words) - {-1} for a, b in itertools.pairwise(windows)]
    assert all(overlaps)
    first, last = windows[0], windows[-1]
    assert first.margins == sorted(first.margins, reverse=True)
    assert last.margins == sorted(last.margins)
    assert list(windows_of(tokenizer, [])) == []


def test_margins_count_to_the_border_where_the_text_goes_on():
    tokenizer = bert_tokenizer()
    (alone,) = windows_of(tokenizer, ["the"] * 20, 64)
    assert alone.margins == [22] * 20
    first, *_, last = windows_of(tokenizer, ["the"] * 150, 48)
    assert first.margins[:2] == [46, 45] and first.margins[-1] == 1
    assert last.margins[:2] == [1, 2]


def test_pooling_by_hand():
    words = ["Quillo", "met", "Quillo"]
    scores = np.array([[-1.0, -3.0], [-1.0, -1.0], [-5.0, -20.0]], np.float32)
    # "Quillo" recurs, but never after or before the same word: one of its five opinions is the mean of both.
    mean = np.array([-3.0, -4.5])
    expected = [(4 * scores[0] + mean) / 5, scores[1], (4 * np.array([-5.0, -6.0]) + mean) / 5]
    np.testing.assert_allclose(pooled(scores, words), expected, rtol=1e-6)


def test_pooling_changes_nothing_where_nothing_recurs_and_ends_where_all_does():
    scores = -np.random.default_rng(0).random((6, CLASSES)).astype(np.float32)
    np.testing.assert_allclose(pooled(scores, list("abcdef")), scores, rtol=1e-6)
    repeated = pooled(np.concatenate([scores[:2]] * 3), ["a", "b"] * 3)
    np.testing.assert_allclose(repeated[0], scores[0], rtol=1e-6)
    assert pooled(scores[:0], []).shape == (0, CLASSES)


@pytest.mark.parametrize("family", ["bert", "roberta"])
def test_scores_depend_on_nothing_beside_them(save_model, family):
    reader = start(str(save_model(family)))
    words, texts = seen(draft(TEXT, (6, 12, "PER")))
    windows = list(windows_of(reader.tokenizer, texts, 96))
    torch.nn.init.normal_(reader.net.wide.weight, std=0.1)
    with torch.inference_mode():
        together = reader.net(collate([(w, words) for w in windows], reader.tokenizer.pad_token_id))
        alone = torch.cat([reader.net(collate([(w, words)], reader.tokenizer.pad_token_id)) for w in windows])
    torch.testing.assert_close(together, alone, atol=1e-4, rtol=1e-4)


def test_the_linear_part_is_a_sum_of_its_features(save_model):
    net = start(str(save_model("bert"))).net
    words, texts = seen(draft("Quillo saw the court"))
    (window,) = windows_of(bert_tokenizer(), texts)
    batch = collate([(window, words)], 0)
    with torch.inference_mode():
        before = net(batch)
        torch.nn.init.normal_(net.wide.weight)
        added = net(batch) - before
    expected = torch.stack([net.wide.weight[torch.from_numpy(row)].sum(0) for row in words.features])
    torch.testing.assert_close(added, expected.detach(), atol=1e-4, rtol=1e-4)


def test_thinning_leaves_each_word_some_of_its_own_features():
    words, texts = seen(draft())
    batch = collate([(w, words) for w in windows_of(bert_tokenizer(), texts, 64)], 0)
    torch.testing.assert_close(thinned(batch, 0.0).features, batch.features)
    torch.manual_seed(0)
    thin = thinned(batch, 0.5)
    assert 0.4 < len(thin.features) / len(batch.features) < 0.6
    ends, thin_ends = [*batch.offsets[1:], len(batch.features)], [*thin.offsets[1:], len(thin.features)]
    for begin, end, thin_begin, thin_end in zip(batch.offsets, ends, thin.offsets, thin_ends, strict=True):
        kept = thin.features[thin_begin:thin_end].tolist()
        rest = iter(batch.features[begin:end].tolist())
        assert all(feature in rest for feature in kept), "in the same order, from the same word"


def test_the_encoder_learns_without_the_linear_part(save_model):
    reader = start(str(save_model("bert", initializer_range=0.1)))
    pairs = [(draft(text), spans) for text, spans in reviewed(6)]
    items = items_of(reader.tokenizer, reader.length, pairs, 0)
    fitted = fit(
        reader.net, items, reader.tokenizer.pad_token_id, FitSettings(epochs=30, learning_rate=3e-3, wide_rate=0.0)
    )
    assert fitted.passes == 30 and fitted.loss < 0.1
    new = draft("A crew left Quillo at noon. They saw Serelle near the quay.")
    reader.read(new)
    assert [(m.start, m.end, m.label) for m in new.mentions] == [(12, 18, "MISC"), (37, 44, "MISC")]
    assert all(0 < m.score <= 1 for m in new.mentions)


class Killed(Exception):
    pass


def count_steps(monkeypatch, dies_at=None):
    """Counts steps from here on, and strikes the one of that number down."""
    calls = []

    def counted(batch, share):
        calls.append(share)
        if len(calls) == dies_at:
            raise Killed
        return thinned(batch, share)

    monkeypatch.setattr("gonerd.annotation.encoder.fit.thinned", counted)
    return calls


def test_a_killed_fit_goes_on_after_its_last_whole_pass(tmp_path, save_model, monkeypatch):
    encoder = str(save_model("bert"))
    items = items_of(bert_tokenizer(), 64, [(draft(text), spans) for text, spans in reviewed(6)], 0)
    settings, kept, calls = FitSettings(epochs=4, batch_size=2), tmp_path / "progress", []

    def fitted(progress, dies_at=None):
        nonlocal calls
        net, calls = start(encoder).net, count_steps(monkeypatch, dies_at)
        return net, fit(net, items, 0, settings, progress)

    whole, summary = fitted(None)
    steps = len(calls) // 4
    assert steps > 1
    with pytest.raises(Killed):
        fitted(kept, dies_at=2 * steps + 2)
    went_on, same = fitted(kept)
    assert len(calls) == 2 * steps, "two passes were kept, the third begins anew"
    assert same == summary
    torch.testing.assert_close(went_on.state_dict(), whole.state_dict(), rtol=0, atol=0)
    fitted(kept)
    assert not calls, "nothing is left to do"
    settings = FitSettings(epochs=4, batch_size=2, seed=1)
    fitted(kept)
    assert len(calls) == 4 * steps, "what another task left is not gone on from"


def test_most_windows_without_a_mention_are_left_out(save_model):
    tokenizer = bert_tokenizer()
    empty = [(draft("nothing is named in this text. " * 40), ())] * 30
    assert len(items_of(tokenizer, 256, empty, 0)) < 0.5 * 30 * len(list(windows_of(tokenizer, seen(empty[0][0])[1])))
    one = [(draft("nothing here", (0, 7, "ORG")), ()), (draft("Quillo"), (Span(0, 6, "PER"),))]
    assert len(items_of(tokenizer, 256, one, 0)) == 2, "neither a wrong draft nor a right span is left out"
    net = start(str(save_model("bert"))).net
    with pytest.raises(GonerdError, match="none of the training documents"):
        fit(net, [], 0, FitSettings())


def test_passes_follow_the_number_of_windows():
    assert [FitSettings().passes(items) for items in (8, 532, 1_524, 10_000)] == [20, 3, 2, 2]
    assert FitSettings(epochs=5).passes(10_000) == 5


def test_little_data_is_fitted_more_than_once():
    assert [FitSettings().rounds(items) for items in (8, 532, 792, 793, 10_000)] == [3, 3, 3, 1, 1]
    assert FitSettings(fits=2).rounds(10_000) == 2


def test_the_mean_of_fits_is_kept_and_a_killed_one_goes_on(tmp_path, save_model, monkeypatch):
    encoder = str(save_model("bert"))
    items = items_of(bert_tokenizer(), 64, [(draft(text), spans) for text, spans in reviewed(6)], 0)

    def fitted(seeds):
        net = start(encoder).net
        settings = FitSettings(epochs=2, batch_size=2, seed=seeds[0], fits=len(seeds))
        return net, fit_mean(net, items, 0, settings, tmp_path / "progress")

    alone = [fitted([seed])[0].state_dict() for seed in (5, 6, 7)]
    assert not torch.equal(alone[0]["head.weight"], alone[1]["head.weight"])
    steps = -(-len(items) // 2)
    count_steps(monkeypatch, dies_at=3 * steps + 1)  # one whole fit, and a pass of the second
    with pytest.raises(Killed):
        fitted([5, 6, 7])
    calls = count_steps(monkeypatch)
    net, summary = fitted([5, 6, 7])
    assert len(calls) == 3 * steps, "a pass of the second fit and two of the third were left to do"
    assert (summary.passes, summary.fits) == (2, 3)
    mean = {name: torch.stack([one[name].double() for one in alone]).mean(0).float() for name in alone[0]}
    torch.testing.assert_close(net.state_dict(), mean, rtol=1e-5, atol=1e-6)
    assert len(files_of(tmp_path / "progress")) == 4, "of every fit, and of the fit alone before"


def test_the_command_trains_reads_and_goes_on(tmp_path, save_model):
    documents, layer = store(tmp_path, reviewed(12))
    arguments = ["train", str(documents), "--layer", str(layer), "--kind", "encoder"]
    mine, more = tmp_path / "mine", tmp_path / "more"
    encoder = str(save_model("bert", initializer_range=0.1))
    done = CliRunner().invoke(
        app, [*arguments, "--out", str(mine), "--encoder", encoder, "--epochs", "50", "--fits", "1"]
    )
    assert done.exit_code == 0, done.output
    assert "in 50 passes" in done.output
    assert {entry.name for entry in tmp_path.iterdir() if "progress" in entry.name} == set()
    annotator = Annotator.load([str(mine)])
    (read,) = annotator.drafts(["A crew left Quillo at noon. They saw Serelle near the quay. Angela Merkel left."])
    found = {(m.start, m.end, m.label): m for m in read.mentions}
    assert {(12, 18, "MISC"), (37, 44, "MISC")} <= set(found)
    assert found[12, 18, "MISC"].source.startswith("reader of en_mine-")
    assert "reader" in annotator.settings["rules"]
    done = CliRunner().invoke(app, [*arguments, "--out", str(more), "--encoder", str(mine), "--epochs", "1"])
    assert done.exit_code == 0, done.output
    notes = [json.loads((folder / "encoder" / "reader.json").read_text()) for folder in (mine, more)]
    assert [note["fits"] for note in notes] == [1, 3], "as was told, and as little data need"
    losses = [note["loss"] for note in notes]
    assert losses[1] < 0.5, "one pass from the start would leave a loss of about the log of the classes"
    (mine / "encoder" / "reader.safetensors").write_bytes(b"no weights")
    with pytest.raises(GonerdError, match="train the pipeline again"):
        Annotator.load([str(mine)])
    settings = mine / "encoder" / "reader.json"
    settings.write_text(json.dumps({"layout": {}}))
    with pytest.raises(GonerdError, match="made by another version"):
        Annotator.load([str(mine)])


def test_an_encoder_that_is_not_there(tmp_path):
    documents, layer = store(tmp_path, reviewed(4))
    arguments = ["train", str(documents), "--layer", str(layer), "--out", str(tmp_path / "out"), "--kind", "encoder"]
    done = CliRunner().invoke(app, [*arguments, "--encoder", str(tmp_path / "none")])
    assert isinstance(done.exception, GonerdError)
    assert "gonerd models teacher" in str(done.exception)
    assert not (tmp_path / "out").exists()
