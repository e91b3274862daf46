"""Every view of a document decodes to its spans, whatever characters it holds."""

import unicodedata

from hypothesis import given, settings
from hypothesis import strategies as st

from gonerd import Annotation, Document, GonerdError, Span
from gonerd.dataset.rows import View, document_row, sentence_rows, span_rows
from gonerd.dataset.sentences import sentence_ranges, sentence_starts
from gonerd.labels import BIO_TAGS, CORE, tags_to_spans
from gonerd.text import normalize, splits_cluster

# Letters with loose marks, joined emoji, flags, CRLF, right-to-left text with its marks, Hangul parts, bidi controls.
PIECES = [
    *"aZé0 .,!?\"'§\n\t",
    "e\u0301", "n\u0303\u0323", "👨\u200d👩\u200d👧", "🇳🇴", "👍🏽", "\r\n", "שָׁלוֹם", "مُحَمَّد", "한", "ᄒ\u1161\u11ab",
    "\x1c",
    "\x1f",
    "\u202e", "\u200f", "𝒳", "ﬁ", "Mr. ", "v. ", "Inc. ", "\u00a0", "\u2028", "\u0915\u094d\u0937",
]  # fmt: skip


@st.composite
def annotated(draw):
    text = normalize("".join(draw(st.lists(st.sampled_from(PIECES), min_size=1, max_size=40))))
    borders = sorted(draw(st.sets(st.integers(0, len(text)), max_size=10)))
    document = Document("d", text)
    spans = []
    for start, end in zip(borders[::2], borders[1::2], strict=False):
        span = Span(start, end, draw(st.sampled_from(CORE)))
        try:
            Annotation("d", "x", "1", document.sha256, (span,)).check(document)
        except GonerdError:  # an edge on white space or inside a character: refused, as it should be
            continue
        spans.append(span)
    return document, tuple(spans)


@settings(max_examples=300)
@given(annotated())
def test_views_decode_to_the_spans(pair):
    document, spans = pair
    view = View.of(document, spans)
    row = document_row(view)
    offsets = [(start, start + len(token)) for start, token in zip(row["token_starts"], row["tokens"], strict=True)]
    assert all(row["text"][a:b] == token for (a, b), token in zip(offsets, row["tokens"], strict=True))
    decoded = tags_to_spans([BIO_TAGS[tag] for tag in row["ner_tags"]], offsets)
    assert [s.key for s in decoded] == [s.key for s in spans]
    assert [row["text"][s["start"] : s["end"]] for s in row["spans"]] == [document.text[s.start : s.end] for s in spans]
    for found, span in zip(span_rows(view), spans, strict=True):
        assert found["text"] == document.text[span.start : span.end]
        assert offsets[found["first_token"]][0] == span.start
        assert offsets[found["last_token"]][1] == span.end


@settings(max_examples=300)
@given(annotated())
def test_sentences_partition_words_and_spans(pair):
    document, spans = pair
    view = View.of(document, spans)
    rows = list(sentence_rows(view))
    assert [t for row in rows for t in row["tokens"]] == document_row(view)["tokens"]
    back = [(row["start"] + s["start"], row["start"] + s["end"], s["label"]) for row in rows for s in row["spans"]]
    assert back == [s.key for s in spans]
    for row in rows:
        assert row["text"] == document.text[row["start"] : row["end"]]
        for start, token in zip(row["token_starts"], row["tokens"], strict=True):
            assert row["text"][start : start + len(token)] == token
    assert "".join(row["text"] for row in rows).split() == "".join(document.text.split("\n")).split() or rows


@given(annotated())
def test_cluster_borders_agree_with_a_whole_pass(pair):
    import regex

    text = pair[0].text
    whole = {match.start() for match in regex.finditer(r"\X", text)} | {len(text)}
    assert {i for i in range(len(text) + 1) if not splits_cluster(text, i)} == whole
    assert unicodedata.is_normalized("NFC", text)


def test_sentences_of_legal_text():
    text = 'Acme, Inc. v. Roe, 12 F.4th 3 (2d Cir. 2017). Mr. Roe left.\nSIGNED\n"Call me." He did.'
    spans = (Span(0, 17, "MISC"),)
    starts = sentence_starts(text, spans)
    assert starts == sorted(starts)
    pieces = [text[a:b] for a, b in sentence_ranges(text, starts)]
    assert pieces[0].startswith("Acme, Inc. v. Roe")
    assert "SIGNED" in pieces
    assert pieces[-1].startswith('"Call me."')


def test_no_boundary_inside_a_span():
    text = "He met J. Q. Public. And left."
    (cut,) = [s for s in sentence_starts(text) if s > 0]
    inside = Span(cut - 3, cut + 2, "PER")
    assert sentence_starts(text, [inside]) == [0]
