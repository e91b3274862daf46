"""Windows of questions and classes lose nothing, and merging them gives what one window would have given."""

from types import SimpleNamespace

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch.nn import functional

from gonerd import GonerdError, Span, UsageError
from gonerd.labels import BIO_TAGS
from gonerd.models.finetuning import KINDS, Answer, ClassificationExample, QuestionExample, Shape, TagExample
from gonerd.models.finetuning._cutting import parts_of
from gonerd.models.finetuning._pieces import check_attends, collate, owned
from gonerd.models.finetuning.running import predict_pieces
from tests.tiny import bert_tokenizer, roberta_tokenizer, tiny_model

TOKENIZERS = {"bert": bert_tokenizer, "roberta": roberta_tokenizer}
BERT, ROBERTA = bert_tokenizer(), roberta_tokenizer()
YES_NO = KINDS.get("question-answering")(("yes", "no", ""))
PLAIN = KINDS.get("question-answering")(())


def oracle(pieces, answer):
    """Logits of a model that points at `answer`, (start, end) in the context, wherever it sees all of it."""
    for piece in pieces:
        logits = torch.zeros(2, len(piece.input_ids))
        logits[:, 0] = 1.0
        tokens = [i for i, unit in enumerate(piece.units) if unit >= 0]
        inside = [i for i in tokens if piece.offsets[i][0] >= answer[0] and piece.offsets[i][1] <= answer[1]]
        if inside and piece.offsets[inside[0]][0] == answer[0] and piece.offsets[inside[-1]][1] == answer[1]:
            logits[0, inside[0]] = logits[1, inside[-1]] = 9.0
        yield logits


@pytest.mark.parametrize("family", TOKENIZERS)
@pytest.mark.parametrize("length", [1, 5])
def test_an_answer_anywhere_can_be_found(family, length):
    tokenizer = TOKENIZERS[family]()
    context = " ".join("abcdefghijklmnopqrstuvwxyz"[i % 26] for i in range(120))
    for first in range(120 - length + 1):
        answer = (2 * first, 2 * (first + length) - 1)
        text = context[slice(*answer)]
        example = QuestionExample("q", "the judge", context, (text,), (answer[0],))
        pieces = YES_NO.pieces(tokenizer, [example], Shape(64, 18), gold=True)
        assert any(piece.targets["spans"] != [(0, 0)] for piece in pieces)
        assert YES_NO.merge([example], pieces, list(oracle(pieces, answer))) == [Answer(text, answer[0], 16.0)]


@settings(max_examples=40)
@given(
    words=st.lists(st.text(st.sampled_from("abcxyz"), min_size=1, max_size=5), max_size=70),
    length=st.integers(28, 50),
    stride=st.integers(1, 9),
)
def test_every_token_of_a_context_is_owned_once(words, length, stride):
    for tokenizer in (BERT, ROBERTA):
        example = QuestionExample("q", "a b", " ".join(words), (), ())
        pieces = YES_NO.pieces(tokenizer, [example], Shape(length, stride), gold=True)
        whole = tokenizer(example.context, add_special_tokens=False, return_offsets_mapping=True)
        found = sorted(
            (piece.units[i], piece.offsets[i], piece.input_ids[i])
            for piece, positions in zip(pieces, owned(pieces), strict=True)
            for i in positions
        )
        expected = zip(map(tuple, whole["offset_mapping"]), whole["input_ids"], strict=True)
        assert found == [(i, *pair) for i, pair in enumerate(expected)]
        assert all(len(piece.input_ids) <= length for piece in pieces)


@settings(max_examples=25)
@given(data=st.data(), count=st.integers(1, 60))
def test_an_answer_is_owned_by_one_window(data, count):
    """Every span is read in exactly one window: that in which the nearer of its ends is farthest from a cut."""
    from gonerd.models.finetuning._answers import LONGEST, owned_spans

    example = QuestionExample("q", "a", " ".join("a" * count))
    pieces = PLAIN.pieces(BERT, [example], Shape(20, data.draw(st.integers(1, 7))), gold=False)
    seen = {}
    for piece, mask in zip(pieces, owned_spans(pieces), strict=True):
        units = [unit for unit in piece.units if unit >= 0]
        for row, column in mask.nonzero().tolist():
            key = (units[row], units[row] + column)
            assert key not in seen
            margins = dict(zip(piece.units, piece.margins, strict=True))
            seen[key] = min(margins[key[0]], margins[key[1]])
    for piece in pieces:
        margins = {unit: m for unit, m in zip(piece.units, piece.margins, strict=True) if unit >= 0}
        for a in margins:
            for b in range(a, min(a + LONGEST, max(margins) + 1)):
                assert seen[a, b] >= min(margins[a], margins[b])


def brute_force(start, end, offsets, longest=30):
    none = start[0] + end[0]
    best = max(
        ((start[i] + end[j] - none).item(), offsets[i][0], offsets[j][1])
        for i in range(len(start))
        for j in range(i, min(i + longest, len(start)))
        if offsets[i] != (0, 0) and offsets[j] != (0, 0)
    )
    return best


def test_what_fits_is_read_as_without_windows():
    """One window, random logits: the answer is that of every pair of tokens tried by hand."""
    torch.manual_seed(0)
    example = QuestionExample("q", "the judge", "a b c d e f g h i j", (), ())
    for _ in range(20):
        pieces = PLAIN.pieces(BERT, [example], Shape(64, 12), gold=False)
        logits = torch.randn(2, len(pieces[0].input_ids))
        score, start, end = brute_force(*logits, pieces[0].offsets)
        (answer,) = PLAIN.merge([example], pieces, [logits])
        assert (answer.text, answer.start) == (example.context[start:end], start)
        assert answer.score == pytest.approx(score, abs=1e-5)


def test_yes_no_and_none_are_written_and_read():
    examples = [
        QuestionExample("y", "is it", "a b c", choice="yes"),
        QuestionExample("n", "is it", "a b c", choice="no"),
        QuestionExample("u", "is it", "a b c"),
    ]
    for tokenizer in (BERT, ROBERTA):
        pieces = YES_NO.pieces(tokenizer, examples, Shape(40, 6), gold=True)
        points = [piece.targets["spans"][0][0] for piece in pieces]
        assert points[2] == 0
        texts = [tokenizer.decode(piece.input_ids[at : at + 1]) for piece, at in zip(pieces, points, strict=True)]
        assert [text.strip()[0] for text in texts[:2]] == ["y", "n"]
        logits = []
        for piece, at in zip(pieces, points, strict=True):
            logits.append(torch.zeros(2, len(piece.input_ids)))
            logits[-1][:, at] = 5.0
        assert [a.text for a in YES_NO.merge(examples, pieces, logits)] == ["yes", "no", ""]
        marks = collate(pieces, 0, attends="question")["global_attention_mask"][0]
        question = len(tokenizer("yes no is it")["input_ids"]) - 2
        assert marks.sum() == 1 + question
        assert marks[0] == marks[points[0]] == marks[points[1]] == 1


def test_without_none_the_best_answer_is_given():
    example = QuestionExample("q", "a", "b c", ("b",), (0,))
    pieces = PLAIN.pieces(BERT, [example], Shape(32, 4), gold=False)
    logits = torch.zeros(2, len(pieces[0].input_ids))
    logits[:, 0] = 50.0
    logits[:, -2] = 1.0
    assert PLAIN.merge([example], pieces, [logits])[0].text == "c"


def test_the_loss_of_questions():
    """One place: the usual cross-entropy. Two places: minus the logarithm of their probabilities' sum, in float64."""
    one = QuestionExample("1", "a", "b c b", ("c",), (2,))
    two = QuestionExample("2", "a", "b c b", ("b",), (-1,))
    pieces = PLAIN.pieces(BERT, [one, two], Shape(32, 4), gold=True)
    length = len(pieces[0].input_ids)
    torch.manual_seed(0)
    outputs = SimpleNamespace(start_logits=torch.randn(2, length), end_logits=torch.randn(2, length))
    found = PLAIN.loss(outputs, PLAIN.targets(pieces, length))
    assert pieces[1].targets["spans"] == [(3, 3), (5, 5)]
    usual, several = 0.0, 0.0
    for logits in (outputs.start_logits.double(), outputs.end_logits.double()):
        usual += functional.cross_entropy(logits[:1], torch.tensor([4])) / 2
        several += -logits[1].softmax(-1)[[3, 5]].sum().log() / 2
    assert found.item() == pytest.approx(((usual + several) / 2).item(), abs=1e-6)


@pytest.mark.parametrize(
    ("example", "says"),
    [
        (
            QuestionExample("q7", "a", "b c", ("zebra",), (-1,)),
            "question 'q7': its answer 'zebra' is not in its context",
        ),
        (QuestionExample("q7", "a", "b c", choice="maybe"), "question 'q7': 'maybe' is no choice"),
        (QuestionExample("q7", "a " * 60, "b " * 60), "question 'q7': what every window repeats leaves"),
    ],
)
def test_questions_that_cannot_be_learnt_are_refused(example, says):
    with pytest.raises(GonerdError, match=says):
        YES_NO.pieces(BERT, [example], Shape(64, 12), gold=True)


def test_labels_outside_the_scheme_are_refused():
    with pytest.raises(GonerdError, match="example 'e': label 2 is none of the 2 classes"):
        KINDS.get("sequence-classification")(("a", "b")).pieces(
            BERT, [ClassificationExample("e", "x", None, 2)], Shape(32, 4), gold=True
        )
    with pytest.raises(GonerdError, match="example 'e': label nan is no finite number"):
        KINDS.get("sequence-regression")(()).pieces(
            BERT, [ClassificationExample("e", "x", None, float("nan"))], Shape(32, 4), gold=True
        )
    with pytest.raises(GonerdError, match="document 'd': tag 'B-COURT' is none of"):
        KINDS.get("token-classification")(BIO_TAGS).pieces(
            BERT, [TagExample("d", "ab", ((0, 2),), (Span(0, 2, "COURT"),))], Shape(32, 4), gold=True
        )
    with pytest.raises(UsageError, match="tagging has no question"):
        check_attends("question", "token-classification")
    with pytest.raises(UsageError, match="did you mean 'first'"):
        check_attends("frist", "question-answering")


@pytest.mark.parametrize(("first", "second"), [(100, 5), (5, 100), (100, 90), (4, 4), (100, None), (0, None)])
def test_pairs_are_seen_whole(first, second):
    """Every token of both texts stands in some window, and every token of the one beside every token of the other."""
    letters = "abcdefghijklmnopqrstuvwxyz"
    text = " ".join(letters[i % 7] for i in range(first))
    other = None if second is None else " ".join(letters[10 + i % 7] for i in range(second))
    kind = KINDS.get("sequence-classification")(("a", "b"))
    pieces = kind.pieces(BERT, [ClassificationExample("e", text, other, 1)], Shape(40, 6), gold=True)
    assert all(len(piece.input_ids) <= 40 for piece in pieces)
    assert sum(piece.targets["weight"] for piece in pieces) == pytest.approx(len(pieces))
    longer, shorter = sorted((first, second or 0), reverse=True)
    if longer > 36:
        assert {unit % (1 << 40) for piece in pieces for unit in piece.units if unit >= 0} == set(range(longer))
        parts = {unit >> 40 for piece in pieces for unit in piece.units if unit >= 0}
        assert len(parts) == max(-(-shorter // 18), 1)
        total = sum(
            sum(piece.repeated)
            for piece in pieces
            if piece.units and min(u for u in piece.units if u >= 0) % (1 << 40) == 0
        )
        assert total == shorter
    types = collate(pieces, 0, attends=None).get("token_type_ids")
    assert (types is None) == (second is None)


def test_parts_joined_are_the_text():
    text = "  judge the court, and  abc!  "
    for size in (1, 3, 100):
        assert "".join(parts_of(BERT, text, size)) == text


def test_a_text_counts_once_and_its_windows_vote_by_what_they_see_best():
    kind = KINDS.get("sequence-classification")(("a", "b"))
    examples = [ClassificationExample("long", "x " * 60, None, 0), ClassificationExample("short", "x", None, 1)]
    pieces = kind.pieces(BERT, examples, Shape(32, 6), gold=True)
    weights = [piece.targets["weight"] for piece in pieces]
    assert weights[:-1] == [weights[0]] * (len(pieces) - 1)
    assert sum(weights[:-1]) == pytest.approx(weights[-1])
    # 60 tokens, windows of 30 that share 6: 0..29, 24..53, 48..59; they own 27, 24 and 9.
    assert [len(positions) for positions in owned(pieces)] == [27, 24, 9, 1]
    logits = [torch.tensor([1.0, 0.0]), torch.tensor([0.0, 1.0]), torch.tensor([0.0, 0.2]), torch.tensor([0.0, 1.0])]
    assert kind.merge(examples, pieces, logits) == [0, 1]
    regression = KINDS.get("sequence-regression")(())
    numbers = regression.merge(examples, pieces, [torch.tensor([v]) for v in (1.0, 2.0, 4.0, 3.0)])
    assert numbers == pytest.approx([(27 + 48 + 36) / 60, 3.0])


@pytest.mark.parametrize("family", TOKENIZERS)
@pytest.mark.parametrize("head", ["sequence-classification", "token-classification", "question-answering"])
def test_what_fits_is_predicted_as_plain_transformers_does(family, head):
    """Against the model called by hand on one example at a time, without windows or padding."""
    classes = {} if head == "question-answering" else {"num_labels": len(BIO_TAGS)}
    tokenizer, model = TOKENIZERS[family](), tiny_model(family, head, **classes)
    texts = ["the court met", "judge a b c of the d", "x"]
    if head == "sequence-classification":
        kind = KINDS.get(head)(BIO_TAGS)
        examples = [ClassificationExample(text, text, "the end", None) for text in texts]
        expected = [int(model(**tokenizer(t, "the end", return_tensors="pt")).logits.argmax()) for t in texts]
    elif head == "token-classification":
        from gonerd.labels import tags_to_spans
        from gonerd.tokens import tokenize

        kind, examples, expected = KINDS.get(head)(BIO_TAGS), [], []
        for text in texts:
            words = tokenize(text)
            examples.append(TagExample(text, text, tuple(words), ()))
            encoded = tokenizer([text[a:b] for a, b in words], is_split_into_words=True, return_tensors="pt")
            classes, ids = model(**encoded).logits[0].argmax(-1), encoded.word_ids(0)
            tags = [BIO_TAGS[int(classes[ids.index(w)])] for w in range(len(words))]
            expected.append([span.key for span in tags_to_spans(tags, words)])
    else:
        kind, examples, expected = KINDS.get(head)(()), [], []
        for text in texts:
            examples.append(QuestionExample(text, "the end", text))
            encoded = tokenizer("the end", text, return_tensors="pt", return_offsets_mapping=True)
            offsets = encoded.pop("offset_mapping")[0].tolist()
            offsets = [tuple(o) if s == 1 else (0, 0) for o, s in zip(offsets, encoded.sequence_ids(0), strict=True)]
            out = model(**encoded)
            _, start, end = brute_force(out.start_logits[0], out.end_logits[0], offsets)
            expected.append(text[start:end])
    pieces = kind.pieces(tokenizer, examples, Shape(64, 12), gold=False)
    found = predict_pieces(model, tokenizer, kind, examples, pieces, "none", 3)
    if head == "token-classification":
        found = [[span.key for span in spans] for spans in found]
    elif head == "question-answering":
        found = [answer.text for answer in found]
    assert found == expected
