"""The pages around the articles: who publishes them, and on what terms."""

from __future__ import annotations

from datetime import date

from .documents import Block, SitePage

_TEXTS = {
    "about": (
        "About us",
        "The Gonerd Courier and the Gonerd Registry are demonstrations. Their stories and filings were written to be "
        "crawled, read by machines and annotated; nothing in them has happened.",
        "What surrounds the stories is invented as well, and it is there to be in the way.",
    ),
    "privacy": (
        "Privacy",
        "This server runs on your own machine, keeps no log and sets no cookies, whatever the dialog says.",
    ),
    "terms": (
        "Terms of reading",
        "Every story and filing states its licence. Where none is stated, none is given.",
    ),
}
PLAIN_PAGES = {
    f"/{name}": SitePage(
        name, "", title, "", date(2025, 1, 1), "", "", tuple(Block("p", (paragraph,)) for paragraph in paragraphs)
    )
    for name, (title, *paragraphs) in _TEXTS.items()
}
