"""The preview page shows every span, marks differences, and lets no text of a document act."""

import json
import re
from html.parser import HTMLParser

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gonerd import Annotation, Document, GonerdError, Span
from gonerd.annotation.preview import write_preview
from gonerd.annotation.preview.body import sections
from gonerd.cli import main
from gonerd.tables import write_table
from tests.browser import load, needs_chromium

HOSTILE = [
    "<script>document.title='owned'</script>",
    "<img src=x onerror=\"document.title='owned'\">",
    "</section></main></body><svg onload=document.title='owned'>",
    '" onmouseover="document.title=\'owned\'" x="',
    "<!-- <style>*{display:none}</style> <meta http-equiv=refresh content=0;url=//evil.example>",
    "javascript:document.title='owned' &lt;b&gt; &amp;amp;",
    "<base href=//evil.example><iframe srcdoc='<script>parent.document.title=1</script>'>",
]


class Page(HTMLParser):
    """Collects what a reader sees: marks with their labels, and the tags that occur."""

    def __init__(self, html):
        super().__init__(convert_charrefs=True)
        self.tags, self.marks, self.text, self.attributes = [], [], "", []
        self._open = []
        self._in_label = self._in_section = False
        self.feed(html)

    def handle_starttag(self, tag, attrs):
        values = dict(attrs)
        self.tags.append(tag)
        self.attributes += [(tag, name) for name in values]
        if tag == "mark":
            self._open.append([values["data-label"], "", ""])
        self._in_label = tag == "span" and values.get("class") == "label"
        self._in_section = self._in_section or tag == "section"

    def handle_endtag(self, tag):
        if tag == "mark":
            self.marks.append(tuple(self._open.pop()))
        self._in_section = self._in_section and tag != "section"
        self._in_label = False

    def handle_data(self, data):
        if self._open:
            self._open[-1][2 if self._in_label else 1] += data
        if self._in_section and not self._in_label:
            self.text += data


def layer(folder, name, documents, spans):
    rows = [Annotation(d.id, name, "1", d.sha256, tuple(s)) for d, s in zip(documents, spans, strict=True)]
    write_table(folder / name, rows, Annotation)
    return folder / name


@pytest.fixture
def hostile(tmp_path):
    documents, spans = [], []
    for i, text in enumerate(HOSTILE):
        text = f"{text} saw Ana & Bergen <b> 😀. {text}"
        places = [(0, len(HOSTILE[i]), "MISC"), *((text.index(n), text.index(n) + len(n), "PER") for n in ("Ana",))]
        documents.append(Document(f"{i}{text}", text, title=text, source=text, url=text))
        spans.append([Span(a, b, label, 0.5, provenance=HOSTILE[i]) for a, b, label in places])
    write_table(tmp_path / "docs", documents, Document)
    return tmp_path, documents, spans


def expected(documents, spans):
    return [
        (s.label, d.text[s.start : s.end], s.label) for d, found in zip(documents, spans, strict=True) for s in found
    ]


def test_every_span_is_shown_and_nothing_else_is_markup(hostile):
    folder, documents, spans = hostile
    write_preview(layer(folder, "a<b>", documents, spans), folder / "docs", folder / "page.html")
    page = Page((folder / "page.html").read_text(encoding="utf-8"))
    assert page.marks == expected(documents, spans)
    assert page.text == "".join(d.text for d in documents)
    known = {"html", "head", "meta", "title", "style", "script", "body", "header", "main", "article", "section", "span"}
    assert set(page.tags) <= known | {"mark", "h1", "h2", "p", "input", "button", "label", "b", "output", "nav", "a"}
    assert page.tags.count("script") == page.tags.count("style") == 1
    assert not {name for _, name in page.attributes if name.startswith("on") or name in ("src", "style", "srcdoc")}


def test_the_policy_allows_exactly_what_is_ours(hostile):
    folder, documents, spans = hostile
    write_preview(layer(folder, "a", documents, spans), folder / "docs", folder / "page.html")
    html = (folder / "page.html").read_text(encoding="utf-8")
    policy = re.search(r'Content-Security-Policy" content="([^"]+)"', html)[1].replace("&#x27;", "'")
    assert policy.startswith("default-src 'none'; style-src 'sha256-")
    assert "unsafe" not in policy
    assert html.index("Content-Security-Policy") < html.index("<style>")


@needs_chromium
def test_in_chromium(hostile):
    folder, documents, spans = hostile
    second = [found[:1] if i else [] for i, found in enumerate(spans)]
    first = layer(folder, "first", documents, spans)
    write_preview(first, folder / "docs", folder / "page.html")
    write_preview(first, folder / "docs", folder / "two.html", layer(folder, "second", documents, second))
    for name, marks in (("page.html", expected(documents, spans)), ("two.html", None)):
        shown = load(folder / name, folder / "profile")
        page = Page(shown.dom)
        assert shown.title.startswith("first") and not shown.console, "no document changed the title"
        assert marks is None or page.marks == marks
        assert not {"img", "svg", "iframe", "base"} & set(page.tags)
        total = len(page.marks)
        assert f'<output id="found">{total} mentions in {len(documents)} documents</output>' in shown.dom, (
            "our script ran"
        )


# What a reader does to the page, and what stands there afterwards: the count, the mentions found, the documents left.
HANDS = """
const told = [];
function note() {
  const texts = (wanted) => [...document.querySelectorAll(wanted)].map((one) => one.firstChild.data);
  const left = document.querySelectorAll("article:not(.hidden)").length;
  told.push([found.textContent, texts("mark.found"), texts("mark.hidden"), left]);
}
function type(words) { search.value = words; search.dispatchEvent(new Event("input")); note(); }
const box = (label) => document.querySelector(`header input[value=${label}]`);
type("ANA");
for (const _ of [1, 2, 3]) { document.getElementById("next").click(); note(); }
search.dispatchEvent(new KeyboardEvent("keydown", { key: "Enter" })); note();
type("nobody");
type("");
box("PER").click(); note();
type("ana");
box("PER").click(); type("");
document.getElementById("differences").click(); note();
type("oslo");
document.title = JSON.stringify(told);
"""


@needs_chromium
def test_search_and_buttons_in_chromium(tmp_path):
    documents = [Document("d", "Ana Ruiz of Oslo."), Document("e", "Oslo saw Anabel."), Document("f", "Bergen.")]
    write_table(tmp_path / "docs", documents, Document)
    spans = [[Span(0, 8, "PER"), Span(12, 16, "LOC")], [Span(0, 4, "LOC"), Span(9, 15, "PER")], [Span(0, 6, "LOC")]]
    other = [spans[0], [Span(0, 4, "ORG"), Span(9, 15, "PER")], spans[2]]
    first, second = layer(tmp_path, "a", documents, spans), layer(tmp_path, "b", documents, other)
    write_preview(first, tmp_path / "docs", tmp_path / "page.html", second)
    html = (tmp_path / "page.html").read_text()
    html = re.sub(r"<meta http-equiv[^>]*>", "", html).replace("</body>", f"<script>{HANDS}</script></body>")
    (tmp_path / "page.html").write_text(html)
    told = json.loads(load(tmp_path / "page.html", tmp_path / "profile").title)
    people, every = ["Ana Ruiz", "Anabel"], 6  # Oslo stands twice in the second document, once for each layer
    assert told == [
        ["2 mentions in 2 documents", people, [], 2],
        ["1 of 2 mentions", people, [], 2],
        ["2 of 2 mentions", people, [], 2],
        ["1 of 2 mentions", people, [], 2],
        ["2 of 2 mentions", people, [], 2],
        ["0 mentions in 0 documents", [], [], 0],
        [f"{every} mentions in 3 documents", [], [], 3],
        [f"{every - 2} mentions in 3 documents", [], people, 3],
        ["0 mentions in 0 documents", [], people, 0],
        [f"{every} mentions in 3 documents", [], [], 3],
        ["2 mentions in 1 document", ["Oslo", "Oslo"], [], 1],
        ["2 mentions in 1 document", ["Oslo", "Oslo"], [], 1],
    ]


def test_differences(tmp_path, capsys):
    document = Document("d", "Judge Ana Ruiz of Bergen saw Acme & Oslo.")
    write_table(tmp_path / "docs", [document], Document)
    first = layer(tmp_path, "ana", [document], [[Span(6, 14, "PER"), Span(18, 24, "LOC"), Span(29, 33, "ORG")]])
    second = layer(tmp_path, "bo", [document], [[Span(0, 14, "PER"), Span(18, 24, "ORG"), Span(29, 33, "ORG")]])
    words = [str(first), "--documents", str(tmp_path / "docs"), "--out", str(tmp_path / "p.html")]
    assert main(["annotate", "preview", *words, "--against", str(second)]) == 0
    assert "1 documents, 3 spans, differences: boundary 1, label 1" in capsys.readouterr().out
    html = (tmp_path / "p.html").read_text()
    assert html.count('class="dispute"') == 2
    assert re.findall(r'<span class="layer">(\w+)</span>', html) == ["ana", "bo", "ana", "bo"]
    assert [m[:2] for m in Page(html).marks] == [
        *[("PER", "Ana Ruiz"), ("PER", "Judge Ana Ruiz"), ("LOC", "Bergen"), ("ORG", "Bergen"), ("ORG", "Acme")]
    ]
    other = Document("e", "Oslo.")
    write_table(tmp_path / "more", [document, other], Document)
    lone = layer(tmp_path, "lone", [other], [[Span(0, 4, "LOC")]])
    with pytest.raises(GonerdError, match="no document is in every layer"):
        write_preview(first, tmp_path / "more", tmp_path / "q.html", lone)
    assert not (tmp_path / "q.html").exists()


@given(st.text(st.sampled_from("ab\n"), max_size=80), st.data())
def test_sections_cut_no_span(text, data):
    borders = sorted(data.draw(st.sets(st.integers(0, len(text)), max_size=8)))
    spans = [Span(a, b, "PER") for a, b in zip(borders[::2], borders[1::2], strict=False)]
    cuts = sections(text, spans, 10)
    assert "".join(text[a:b] for a, b in cuts) == text
    assert all(any(a <= s.start and s.end <= b for a, b in cuts) for s in spans)


def test_long_documents_come_in_sections(tmp_path):
    document = Document("d", "Ana slept.\n\n" * 2000)
    write_table(tmp_path / "docs", [document], Document)
    spans = [Span(12 * i, 12 * i + 3, "PER") for i in range(2000)]
    write_preview(layer(tmp_path, "a", [document], [spans]), tmp_path / "docs", tmp_path / "p.html")
    page = Page((tmp_path / "p.html").read_text())
    assert page.tags.count("section") == page.tags.count("a") == 6
    assert len(page.marks) == 2000
