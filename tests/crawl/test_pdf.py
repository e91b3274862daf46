"""PDF files made here, read back: what went in must come out, in the order in which a person reads it."""

from __future__ import annotations

import io
import json
from datetime import UTC, date, datetime
from typing import Any

import pytest
from fpdf import FPDF

from gonerd.crawl.extraction import pdf as module
from gonerd.crawl.extraction.pdf import is_pdf, read_pdf
from gonerd.crawl.extraction.unfit import Unfit
from tests.crawl.pages import SENTENCE, document_of, reason_of

PLAIN = "The commission heard Elodie Marchetti for two hours on the price of salted herring, and adjourned at noon. "
WORDS = (
    "extraordinary commission responsibilities unquestionably administration herring telecommunications deliberately"
)


class Sheet(FPDF):
    """A sheet with a running head and page numbers."""

    head, numbers = "", False

    def header(self) -> None:
        if self.head:
            self.set_font("Times", "I", 8)
            self.cell(0, 5, self.head.replace("#", str(self.page_no())), align="C", new_x="LMARGIN", new_y="NEXT")

    def footer(self) -> None:
        if self.numbers:
            self.set_y(-15)
            self.set_font("Times", "", 8)
            self.cell(0, 5, f"- {self.page_no()} -", align="C")


def sheet(head: str = "", numbers: bool = False) -> Sheet:
    made = Sheet(format="A4")
    made.head, made.numbers = head, numbers
    made.add_page()
    made.set_font("Times", "", 11)
    return made


def read(made: FPDF) -> list[str]:
    return read_pdf(bytes(made.output()), None).text.split("\n")


def body(made: FPDF, lines: list[str], gap: float = 2.5) -> None:
    for line in lines:
        made.set_font("Times", "", 11)
        made.multi_cell(0, 5, line, align="L", new_x="LMARGIN", new_y="NEXT")
        made.ln(gap)


def test_paragraphs_across_pages_without_running_heads() -> None:
    text = [f"{PLAIN * 5}This was session {n} of many." for n in range(1, 31)]
    made = sheet("Tarn Gazette, sheet #", numbers=True)
    body(made, text)
    assert made.page_no() > 2
    assert read(made) == text


def test_indented_paragraphs() -> None:
    """Set as books are: no space between paragraphs, the first line of each indented."""
    text = [f"{PLAIN * 3}It was session {n}." for n in range(1, 9)]
    made = sheet()
    for line in text:
        made.multi_cell(0, 5, "      " + line, align="L", new_x="LMARGIN", new_y="NEXT")
    assert read(made) == text


@pytest.mark.parametrize("interleaved", [False, True])
def test_two_columns_under_a_headline(interleaved: bool) -> None:
    """Column after column, also where the file draws line by line across both."""
    left, right = ([f"{side} column, paragraph {n}. {PLAIN}" for n in range(1, 6)] for side in ("Left", "Right"))
    made = sheet()
    made.set_font("Times", "B", 18)
    made.cell(0, 10, "A headline that lies across both of the columns", new_x="LMARGIN", new_y="NEXT")
    made.set_font("Times", "", 11)
    lines: list[tuple[float, float, str]] = []
    for x, column in ((20, left), (112, right)):
        y = 40.0
        for paragraph in column:
            for line in made.multi_cell(78, 5, paragraph, dry_run=True, output="LINES", align="L"):
                lines.append((x, y, line))
                y += 5
            y += 2.5
    for x, y, line in sorted(lines, key=lambda one: one[1]) if interleaved else lines:
        made.set_xy(x, y)
        made.cell(78, 5, line)
    found = read(made)
    assert found[0] == "A headline that lies across both of the columns"
    assert found[1:] == [line.strip() for line in (*left, *right)]


def test_words_broken_at_line_ends_are_whole_again() -> None:
    made = sheet()
    for n in range(12):
        for word in WORDS.split():
            half = len(word) // 2
            made.cell(0, 5, f"In year {n} it was said of the {word[:half]}-", new_x="LMARGIN", new_y="NEXT")
            made.cell(0, 5, f"{word[half:]} that nobody remembered it.", new_x="LMARGIN", new_y="NEXT")
    text = " ".join(read(made))
    assert all(text.count(f"the {word} that") == 12 for word in WORDS.split())


def test_a_hyphen_of_the_word_itself_stays() -> None:
    made = sheet()
    body(made, ["The cross-claim was filed in May, and the cross-claim was heard in June."])
    made.cell(0, 5, "On the following day the judge dismissed the cross-", new_x="LMARGIN", new_y="NEXT")
    made.cell(0, 5, "claim and sent the Saint-", new_x="LMARGIN", new_y="NEXT")
    made.cell(0, 5, "Brevin herring home.", new_x="LMARGIN", new_y="NEXT")
    assert read(made)[-1].endswith("dismissed the cross-claim and sent the Saint-Brevin herring home.")


def test_lists_and_headings_keep_their_lines() -> None:
    made = sheet()
    made.set_font("Times", "B", 14)
    made.cell(0, 8, "Findings", new_x="LMARGIN", new_y="NEXT")
    items = ["1. The herring was salted.", "2. The salt was dear.", "(a) in May;", "(b) in June."]
    made.set_font("Times", "", 11)
    for item in items:
        made.cell(0, 5, item, new_x="LMARGIN", new_y="NEXT")
    assert read(made) == ["Findings", *items]


def test_what_the_file_says_of_itself() -> None:
    made = sheet()
    body(made, [PLAIN * 3])
    made.set_title("Report on Herring")
    made.set_author("Odile Marchwell")
    made.set_creation_date(datetime(2024, 5, 6, 12, tzinfo=UTC))
    raw = bytes(made.output())
    document = document_of(raw, content_type="application/pdf", domain="legal")
    assert (document.title, document.author, document.published) == (
        "Report on Herring", "Odile Marchwell", date(2024, 5, 6),
    )  # fmt: skip
    assert (document.language, document.text) == ("en", (PLAIN * 3).strip())
    assert str(document.extractor).startswith("pypdfium2-")
    assert json.loads(str(document.evidence)) == {
        "title": "PDF Title", "author": "PDF Author", "published": "PDF CreationDate", "language": "detected",
    }  # fmt: skip
    early = read_pdf(raw, date(2024, 5, 5)).metadata
    assert early.published is None
    assert early.evidence["published"] == "dropped: PDF CreationDate says 2024-05-06, after the crawl"


def picture() -> bytes:
    made = sheet()
    made.rect(20, 20, 100, 100)
    return bytes(made.output())


def locked() -> bytes:
    made = sheet()
    body(made, [PLAIN * 3])
    made.set_encryption(owner_password="a", user_password="b")
    return bytes(made.output())


def whole() -> bytes:
    made = sheet()
    body(made, [PLAIN * 3])
    return bytes(made.output())


@pytest.mark.parametrize(
    ("raw", "reason"),
    [
        (picture(), "no-text"),
        (locked(), "pdf-encrypted"),
        (b"%PDF-1.7\n" + b"x" * 500, "pdf-damaged"),
        (whole()[:300], "pdf-damaged"),
        (b"", "pdf-damaged"),
    ],
)
def test_files_that_become_no_document(raw: bytes, reason: str) -> None:
    assert reason_of(raw, content_type="application/pdf") == reason


def test_bounds(monkeypatch: Any) -> None:
    made = sheet()
    body(made, [PLAIN * 60] * 3)
    raw = bytes(made.output())
    monkeypatch.setattr(module, "MAX_PAGES", 1)
    with pytest.raises(Unfit, match="too-large"):
        read_pdf(raw, None)
    monkeypatch.setattr(module, "MAX_PAGES", 100)
    monkeypatch.setattr(module, "MAX_SECONDS", -1.0)
    with pytest.raises(Unfit, match="timeout"):
        read_pdf(raw, None)


@pytest.mark.parametrize(
    ("kind", "start", "expected"),
    [
        ("application/pdf", b"", True),
        ("application/pdf; charset=binary", b"", True),
        ("", b"%PDF-1.7", True),
        ("application/octet-stream", b"\n%PDF-1.4", True),
        ("application/octet-stream", b"PK", False),
        ("text/html", b"%PDF-1.4", False),
    ],
)
def test_what_is_a_pdf(kind: str, start: bytes, expected: bool) -> None:
    assert is_pdf(kind, start) is expected


def test_another_library_reads_the_same_words() -> None:
    """Independent of our own order and joins: pdfium's plain text, word by word."""
    import pypdfium2

    made = sheet()
    body(made, [f"{SENTENCE.encode('latin-1', 'replace').decode('latin-1')}Session {n}." for n in range(40)])
    raw = bytes(made.output())
    with io.BytesIO(raw) as file, pypdfium2.PdfDocument(file) as document:
        plain = " ".join(page.get_textpage().get_text_bounded() for page in document)
    assert read_pdf(raw, None).text.split() == plain.split()
