"""Windows lose nothing: every word is labelled once, seen whole, and predicted with the most context."""

from types import SimpleNamespace

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from gonerd import Span, UsageError
from gonerd.labels import BIO_TAGS, tags_to_spans
from gonerd.models.finetuning import KINDS, Shape, TagExample
from gonerd.models.finetuning._pieces import collate, owned
from gonerd.models.predict import predict_spans
from gonerd.models.windows import IGNORED, check_window, make_windows
from gonerd.tokens import tokenize
from tests.tiny import bert_tokenizer, roberta_tokenizer

TOKENIZERS = {"bert": bert_tokenizer, "roberta": roberta_tokenizer}
WORD = st.text(st.sampled_from("abcxyz"), min_size=1, max_size=9)


@pytest.mark.parametrize("family", TOKENIZERS)
@settings(max_examples=40)
@given(words=st.lists(WORD, min_size=1, max_size=60), length=st.integers(24, 40), stride=st.integers(9, 11))
def test_every_word_is_labelled_exactly_once(family, words, length, stride):
    tokenizer = TOKENIZERS[family]()
    windows = make_windows(tokenizer, words, length, stride)
    assert all(len(w.input_ids) <= length for w in windows)
    assert sorted({word for w in windows for word in w.words if word >= 0}) == list(range(len(words)))
    # The overlap is seen twice but each window's own words lead back to the text they came from.
    whole = tokenizer(words, is_split_into_words=True, add_special_tokens=False)
    first = {word: i for i, word in reversed(list(enumerate(whole.word_ids())))}
    for window in windows:
        for position, word in enumerate(window.words):
            if word >= 0:
                assert window.input_ids[position] == whole["input_ids"][first[word]]
    text, offsets = " ".join(words), []
    for word in words:
        at = offsets[-1][1] + 1 if offsets else 0
        offsets.append((at, at + len(word)))
    example = TagExample("d", text, tuple(offsets), ())
    pieces = KINDS.get("token-classification")(BIO_TAGS).pieces(tokenizer, [example], Shape(length, stride), gold=True)
    labelled = [
        unit for piece in pieces for unit, tag in zip(piece.units, piece.targets["tags"], strict=True) if tag != IGNORED
    ]
    assert sorted(labelled) == list(range(len(words)))  # each of them once, although windows overlap


def test_margins_and_collation_by_hand():
    words = ["a"] * 14
    windows = make_windows(bert_tokenizer(), words, max_length=10, stride=2)
    # Eight words a window, two of them shared: words 0..7 and 6..13.
    assert [(w.words[1], w.words[2], w.words[-2]) for w in windows] == [(0, 1, 7), (-1, 7, 13)]
    assert windows[0].margins == [9, 8, 7, 6, 5, 4, 3, 2, 1, 0]
    assert windows[1].margins == [0, 1, 2, 3, 4, 5, 6, 7, 8, 9]
    example = TagExample("d", "a " * 14, tuple((2 * i, 2 * i + 1) for i in range(14)), ())
    kind = KINDS.get("token-classification")(BIO_TAGS)
    pieces = kind.pieces(bert_tokenizer(), [example], Shape(10, 2), gold=True)
    # Word 7 stands last in the first window and has six words after it in the second.
    assert [piece.targets["tags"] for piece in pieces] == [
        [IGNORED, *[0] * 7, IGNORED, IGNORED],
        [IGNORED, IGNORED, *[0] * 7, IGNORED],
    ]
    assert owned(pieces) == [[1, 2, 3, 4, 5, 6, 7], [2, 3, 4, 5, 6, 7, 8]]
    batch = collate(pieces, 0, attends="first")
    assert batch["input_ids"].shape == (len(windows), 10)
    assert batch["global_attention_mask"][:, 0].tolist() == [1] * len(windows)
    assert batch["global_attention_mask"].sum() == len(windows)
    assert collate(pieces, 0, attends="none")["global_attention_mask"].sum() == 0
    assert "global_attention_mask" not in collate(pieces, 0, attends=None)


@pytest.mark.parametrize(("length", "stride"), [(4, 1), (64, 0), (64, 32), (64, -1)])
def test_windows_that_would_lose_words_are_refused(length, stride):
    with pytest.raises(UsageError, match=r"--max-length|--stride"):
        check_window(length, stride)


class Oracle(torch.nn.Module):
    """Tags a word by its first letter, whatever window it stands in: p begins, i continues a person."""

    device = torch.device("cpu")
    config = SimpleNamespace(id2label=dict(enumerate(BIO_TAGS)))

    def __init__(self, tokenizer):
        super().__init__()
        self.begin, self.inside = (tokenizer.convert_tokens_to_ids(piece) for piece in "pi")
        self.lengths = []

    def forward(self, input_ids, attention_mask):
        self.lengths.append(input_ids.shape[1])
        classes = (input_ids == self.begin) * BIO_TAGS.index("B-PER") + (input_ids == self.inside) * BIO_TAGS.index(
            "I-PER"
        )
        return type("Output", (), {"logits": torch.nn.functional.one_hot(classes, len(BIO_TAGS)).float() * 9})


def test_long_texts_are_predicted_whole():
    tokenizer = bert_tokenizer()
    model = Oracle(tokenizer)
    texts = ["zz pa ia. " * 300, "pa", "", "zz"]
    found = predict_spans(model, tokenizer, texts, max_length=32, stride=8, batch_size=4)
    assert max(model.lengths) == 32
    assert [s.key for s in found.spans[0]] == [(10 * i + 3, 10 * i + 8, "PER") for i in range(300)]
    assert [[s.key for s in spans] for spans in found.spans[1:]] == [[(0, 2, "PER")], [], []]
    assert all(0.9 < s.score <= 1 for s in found.spans[0])
    assert (found.words, found.words_unseen) == (300 * 4 + 2, 0)


def test_words_that_a_tokenizer_drops_are_counted():
    tokenizer = bert_tokenizer()
    found = predict_spans(Oracle(tokenizer), tokenizer, ["pa \u0301 \ufffd zz"], max_length=32, stride=8)
    assert found.words == 4
    assert found.words_unseen >= 1
    assert [s.key for s in found.spans[0]] == [(0, 2, "PER")]


@pytest.mark.parametrize("family", TOKENIZERS)
def test_training_labels_decode_to_the_gold_spans(family):
    text = "Judge Ann Lee of Oslo (Norway) met A. B. Cole's lawyer. " * 20
    starts = [i for i in range(len(text)) if text.startswith("Judge", i)]
    gold = tuple(
        span
        for s in starts
        for span in (Span(s + 6, s + 13, "PER"), Span(s + 17, s + 21, "LOC"), Span(s + 23, s + 29, "LOC"))
    )
    offsets = tokenize(text)
    kind = KINDS.get("token-classification")(BIO_TAGS)
    pieces = kind.pieces(TOKENIZERS[family](), [TagExample("d", text, tuple(offsets), gold)], Shape(64, 12), gold=True)
    tags = ["?"] * len(offsets)
    for piece in pieces:
        for word, label in zip(piece.units, piece.targets["tags"], strict=True):
            if label != IGNORED:
                assert tags[word] == "?"
                tags[word] = BIO_TAGS[label]
    assert len(pieces) > 5
    assert [s.key for s in tags_to_spans(tags, offsets)] == [s.key for s in gold]
