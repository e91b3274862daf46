"""Tag schemes against hand-computed cases and seqeval, and round trips."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from seqeval.scheme import BILOU, IOB1, IOB2, IOBES, Entities

from gonerd import GonerdError, Span, UsageError
from gonerd.labels import BIO_TAGS, SCHEMES, from_bio, mentions, spans_to_tags, tags_to_spans, to_bio
from gonerd.tokens import tokenize

ORACLE = {"BIO": IOB2, "IOB1": IOB1, "BIOES": IOBES, "BILOU": BILOU}


@st.composite
def bio_sequences(draw):
    tags = []
    for tag in draw(st.lists(st.sampled_from(BIO_TAGS), max_size=12)):
        label = tag[2:]
        if tag.startswith("I-") and (not tags or tags[-1][2:] != label):
            tag = f"B-{label}"
        tags.append(tag)
    return tags


def words(line):
    return line.split()


def test_hand_computed_cases():
    assert to_bio(words("I-PER I-PER B-PER O I-LOC I-ORG"), "IOB1") == words("B-PER I-PER B-PER O B-LOC B-ORG")
    assert to_bio(words("B-PER E-PER S-LOC O"), "BIOES") == words("B-PER I-PER B-LOC O")
    assert to_bio(words("B-PER I-PER L-PER U-LOC U-LOC"), "BILOU") == words("B-PER I-PER I-PER B-LOC B-LOC")
    assert to_bio(words("I-PER O I-LOC"), "BIO") == words("B-PER O B-LOC")
    assert mentions(words("B-PER I-PER I-LOC O B-LOC")) == [(0, 2, "PER"), (2, 3, "LOC"), (4, 5, "LOC")]


@pytest.mark.parametrize("scheme", SCHEMES)
@given(tags=bio_sequences())
def test_round_trip_and_seqeval_agree(scheme, tags):
    foreign = from_bio(tags, scheme)
    assert to_bio(foreign, scheme) == tags
    if foreign:
        (sequence,) = Entities([foreign], ORACLE[scheme]).entities
        assert [(e.start, e.end, e.tag) for e in sequence] == mentions(tags)


def test_wrong_schemes_and_tags_are_refused():
    with pytest.raises(UsageError, match="did you mean 'BIOES'"):
        to_bio(["O"], "BIOE")
    with pytest.raises(GonerdError, match="does not belong to scheme BIO"):
        to_bio(["E-PER"], "BIO")
    with pytest.raises(GonerdError, match="PREFIX-LABEL"):
        to_bio(["PER"], "BIO")


@st.composite
def texts_with_spans(draw):
    text = draw(st.text(st.sampled_from("aZ0 .,'é😀\u0301\u200dя\n\tש𝒳"), min_size=1, max_size=60))
    borders = sorted(draw(st.sets(st.integers(0, len(text)), max_size=8)))
    pairs = list(zip(borders[::2], borders[1::2], strict=False))
    spans = [Span(start, end, draw(st.sampled_from(["PER", "LOC"]))) for start, end in pairs]
    return text, [span for span in spans if text[span.start : span.end].strip() == text[span.start : span.end]]


@given(texts_with_spans())
def test_tags_decode_to_the_spans(case):
    text, spans = case
    tokens = tokenize(text, spans)
    assert "".join(text[a:b] for a, b in tokens) == "".join(text.split())
    decoded = tags_to_spans(spans_to_tags(spans, tokens), tokens)
    assert [s.key for s in decoded] == [s.key for s in spans if text[s.start : s.end]]
