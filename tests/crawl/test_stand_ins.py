"""Pages with status 200 that are no documents; test_extract_gate.py counts that no real page is taken for one."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.crawl.pages import SENTENCE, as_p, html_of, paragraphs, reason_of

ARTICLE = '<meta property="og:type" content="article">'


def with_data(**fields: Any) -> str:
    return f'<script type="application/ld+json">{json.dumps({"@type": "NewsArticle", **fields})}</script>'


PART = {"@type": "WebPageElement", "isAccessibleForFree": "False", "cssSelector": ".more"}


@pytest.mark.parametrize(
    ("head", "count", "reason"),
    [
        (with_data(hasPart=PART), 4, "paywall"),
        (with_data(hasPart=[{"@type": "VideoObject"}, PART]), 4, "paywall"),
        (with_data(isAccessibleForFree=True, hasPart=PART), 4, None),
        (with_data(hasPart=PART), 20, None),
        (with_data(hasPart=PART, wordCount=5000), 20, "paywall"),
    ],
)
def test_a_part_that_is_not_free(head: str, count: int, reason: str | None) -> None:
    assert reason_of(html_of(f"<article>{as_p(paragraphs(count))}</article>", head=head)) == reason


PROMPTS = [
    "Subscribe to continue reading",
    "Sign in or create a free account to keep reading",
    "This article is for subscribers",
    "This story is only available to our members.",
    "You have reached your limit of free articles this month",
    "Continue reading with a Courier subscription",
    "Register now to unlock this story",
]


@pytest.mark.parametrize("prompt", PROMPTS)
def test_a_prompt_under_a_teaser_is_a_paywall_and_under_a_story_none(prompt: str) -> None:
    for count, reason in ((3, "paywall"), (20, None)):
        page = html_of(f"<article>{as_p(paragraphs(count))}<div><h3>{prompt}</h3></div></article>", head=ARTICLE)
        assert reason_of(page) == reason


def test_a_story_about_subscriptions_is_a_document() -> None:
    lines = [
        *paragraphs(3),
        "The paper asks its readers to subscribe, and most of those who sign in continue to do so.",
    ]
    assert reason_of(html_of(f"<article>{as_p(lines)}</article>", head=ARTICLE)) is None


CONSENT = [
    "We and our partners use cookies and similar technologies to store information on your device.",
    "Some of our partners process your data on the basis of legitimate interest, which you may object to.",
    "You can withdraw your consent at any time under Privacy settings, at the foot of every page of the site.",
    "With your agreement we show personalised ads and measure how they do. Accept all. Manage preferences.",
]


def test_a_wall_of_consent_is_no_document_and_a_story_about_one_is() -> None:
    wall = html_of(f"<h1>Before you continue</h1><div>{as_p(CONSENT)}</div>", head="<title>The Courier</title>")
    assert reason_of(wall) == "cookie-wall"
    assert reason_of(html_of(f"<article><h1>How walls speak</h1>{as_p(CONSENT)}</article>", head=ARTICLE)) is None
    assert reason_of(html_of(f"<article>{as_p(CONSENT + paragraphs(30))}</article>")) is None


@pytest.mark.parametrize(
    "said",
    [
        "Please enable JavaScript to view this site.",
        "JavaScript is disabled in your browser.",
        "Checking your browser before you are let in.",
        "Verify you are human by completing the action below.",
    ],
)
def test_an_empty_shell_is_a_stub(said: str) -> None:
    assert reason_of(html_of('<div id="root"></div>', f"<noscript>{said}</noscript>")) == "stub"
    assert reason_of(html_of(f'<div id="root"></div><noscript>{said}</noscript>', head=ARTICLE)) == "stub"
    shown = f"<div><p>{said}</p><p>{SENTENCE}</p><p>{SENTENCE}</p><p>{SENTENCE}</p></div>"
    assert reason_of(html_of(shown)) == "stub"
    # Most sites say so in a `noscript`, beside the whole story.
    assert reason_of(html_of(f"<noscript>{said}</noscript><article>{as_p(paragraphs(8))}</article>")) is None
    assert (
        reason_of(html_of(f"<noscript>{said}</noscript><article>{as_p(paragraphs(3))}</article>", head=ARTICLE)) is None
    )
