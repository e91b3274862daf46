from __future__ import annotations

import json

import pytest

from gonerd.crawl.extraction.asides import is_aside
from tests.crawl.pages import SENTENCE, as_p, document_of, html_of, paragraphs

LD = '<script type="application/ld+json">%s</script>'


def text_of(*blocks: str, head: str = "") -> list[str]:
    return document_of(html_of(*blocks, head=head)).text.split("\n")


FURNITURE = [
    '<div class="newsletter-signup"><p>Six stories every morning, and an apology for a seventh.</p></div>',
    '<section class="c-related"><p>Herring quota cut for a third year, say people who would know.</p></section>',
    '<div class="ArticleCaption"><p>The quay at dawn, with the trawler that was fined.</p></div>',
    '<p class="credit">Picture by Anselm Brightwater</p>',
    '<div id="comments"><p>I have never eaten a herring in my life, and I never will.</p></div>',
    '<blockquote class="twitter-tweet"><p>No herring today.</p>— Quill (@quill)</blockquote>',
    '<p><a href="/b"><strong>WHAT THE MINISTER SAID ABOUT HERRING IN MAY</strong></a></p>',
    "<p>READ MORE: Eels are back in the Tarn</p>",
    "<p>Sign up to our newsletter for more herring.</p>",
    "<aside><p>Herring in numbers: four hundred boats, two thousand people.</p></aside>",
    '<div role="dialog"><p>We would like to store biscuits on your device before you read on.</p></div>',
]


@pytest.mark.parametrize("box", FURNITURE)
def test_furniture_between_paragraphs_goes(box: str) -> None:
    text = paragraphs(6)
    assert text_of(f"<article><h1>Herring</h1>{as_p(text[:3])}{box}{as_p(text[3:])}</article>") == text


@pytest.mark.parametrize(
    "wrapper",
    [
        '<div class="newsletter-story">{}</div>',  # a column called after what stands in it too
        '<aside class="col">{}</aside>',
        '<form id="aspnetForm">{}</form>',
        '<div class="content comments-enabled">{}</div>',
        '<div class="post-share-container">{}</div>',
    ],
)
def test_what_holds_the_text_stays_whatever_it_is_called(wrapper: str) -> None:
    text = paragraphs(6)
    assert text_of(wrapper.format(as_p(text)), "<div><p>Another line, about the site.</p></div>")[:6] == text


def test_the_headline_is_no_part_of_the_text_but_other_headings_are() -> None:
    text = paragraphs(4)
    blocks = f"<article><h1>Herring dear</h1>{as_p(text[:2])}<h2>In May</h2>{as_p(text[2:])}</article>"
    assert text_of(blocks) == [*text[:2], "In May", *text[2:]]


def test_a_standfirst_is_known_by_the_description_of_the_page() -> None:
    text = paragraphs(4)
    standfirst = "Eleven boats, one quota and a minister nobody had met before Tuesday"
    head = f'<meta name="description" content="{standfirst}.">'
    shown = f'<h1>Herring dear</h1><div class="dek">{standfirst}</div><article>{as_p(text)}</article>'
    assert text_of(shown, head=head) == [standfirst, *text]
    # What no one sees on the page is not text, and HTML's header is introductory content.
    assert text_of(f"<h1>Herring dear</h1><article>{as_p(text)}</article>", head=head) == text
    inside = f"<article><header><h1>Herring dear</h1><p>{standfirst}</p></header>{as_p(text)}</article>"
    assert text_of(inside, head=head) == text


def test_blocks_that_the_article_body_confirms_are_found_outside_the_first_container() -> None:
    """A story in three containers of the same kind, of which extractors take the first."""
    words = ("one", "two", "three", "four", "five", "six", "seven")
    text = [f"{SENTENCE}{word} {number}." for number, word in enumerate(words)]
    node = {"@type": "NewsArticle", "headline": "Herring", "articleBody": " ".join(text)}
    columns = "".join(f'<div class="article-body">{as_p(text[i : i + 3])}</div><hr>' for i in range(0, 7, 3))
    body = f"<div>{columns}</div><div class=links><p>Other stories of the day that are not this one at all.</p></div>"
    assert text_of(body, head=LD % json.dumps(node)) == text


def test_a_summary_in_the_place_of_the_article_body_is_no_evidence() -> None:
    text = paragraphs(8)
    node = {"@type": "NewsArticle", "articleBody": text[0]}
    assert text_of(f"<article>{as_p(text)}</article>", head=LD % json.dumps(node)) == text


ASIDES = [
    "Read more", "READ MORE: Eels are back", "Also read | Eels are back", "MORE: Eels", "Related:", "Sign up here",
    "Subscribe now for the whole story", "Get the latest news in your inbox.", "Advertisement", "Article content",
    "12 comments", "Follow us on every network", "Click here to read the order", "Share this story", "___",
    "Do you have a story? Write to desk@example.org", "Image: Anselm Brightwater", "More from the Courier",
]  # fmt: skip
SENTENCES = [
    "Read more than a line of it and you will know why.", "More boats came in May: four hundred in all.",
    "Share prices fell on Tuesday.", "Subscribers of the line were told on Monday.",
    "Comments by the minister were read out.",
    "Follow the river to the weir and turn left.", "Related species are rarer.",
    "Popular anger grew: nobody ate herring.",
    "The advertisement said otherwise.", "Watching the quay, he said: nothing moves.",
    "Listeners wrote in: all of them.",
]  # fmt: skip


@pytest.mark.parametrize("line", ASIDES)
def test_lines_to_the_reader(line: str) -> None:
    assert is_aside(line)


@pytest.mark.parametrize("line", SENTENCES)
def test_sentences_that_begin_alike(line: str) -> None:
    assert not is_aside(line)
