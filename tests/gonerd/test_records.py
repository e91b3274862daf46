"""Records refuse what could not be true."""

import pytest

from gonerd import Annotation, Document, GonerdError, Span
from gonerd.text import check_normalized, normalize, text_sha256


def annotation(document, *spans):
    return Annotation(document.id, "test", "1", document.sha256, spans)


def test_span_outside_its_text():
    document = Document("d1", "Oslo")
    with pytest.raises(GonerdError, match=r"document d1 .*span 0..5 'LOC' lies outside its text of 4 characters"):
        annotation(document, Span(0, 5, "LOC")).check(document)
    annotation(document, Span(0, 4, "LOC")).check(document)


@pytest.mark.parametrize(("start", "end"), [(-1, 2), (3, 3), (4, 2)])
def test_impossible_spans(start, end):
    with pytest.raises(GonerdError, match="start must be >= 0 and below end"):
        Span(start, end, "PER")


def test_overlap_unknown_label_and_other_text():
    document = Document("d1", "Oslo and Bergen")
    with pytest.raises(GonerdError, match="overlaps"):
        annotation(document, Span(0, 8, "LOC"), Span(5, 8, "LOC")).check(document)
    annotation(document, Span(0, 8, "LOC"), Span(5, 8, "LOC")).check(document, overlaps=True)
    with pytest.raises(GonerdError, match="unknown label; use one of LOC, MISC, ORG, PER"):
        annotation(document, Span(0, 4, "GPE")).check(document)
    with pytest.raises(GonerdError, match="made over another text"):
        annotation(document, Span(0, 4, "LOC")).check(Document("d1", "Oslo and Bodø  "))


def test_document_checks_its_hash_and_domain():
    assert Document("d", "text").sha256 == text_sha256("text")
    with pytest.raises(GonerdError, match="'sha256' does not match"):
        Document("d", "text", sha256="0" * 64)
    with pytest.raises(GonerdError, match="'domain' is 'sport'"):
        Document("d", "text", domain="sport")
    with pytest.raises(GonerdError, match="'id'"):
        Document("", "text")


def test_normalisation():
    assert normalize("Cafe\u0301\r\nx\ry") == "Café\nx\ny"
    check_normalized(normalize("Cafe\u0301\r\n"), "here")
    with pytest.raises(GonerdError, match=r"f.jsonl line 2: field 'text' holds carriage returns"):
        check_normalized("a\r\nb", "f.jsonl line 2")
    with pytest.raises(GonerdError, match="not in Unicode NFC"):
        check_normalized("e\u0301", "here")
