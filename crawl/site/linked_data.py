"""What the site's pages say about themselves in JSON-LD."""

from __future__ import annotations

from typing import Any

from .documents import SitePage
from .publications import Publication

_CONTEXT = "https://schema.org"
_WORDS_FOR_SUBSCRIBERS = 1840


def article_data(
    page: SitePage,
    publication: Publication,
    *,
    canonical: str,
    licence: str,
    furniture: dict[str, Any],
    paywalled: bool,
) -> dict[str, Any]:
    """Returns the node of an article.

    Args:
        page: The page.
        publication: Who publishes it.
        canonical: Its canonical address.
        licence: Address of its licence; empty for none.
        furniture: What `furniture_of` gave it.
        paywalled: Whether only subscribers may read the rest.
    """
    home = f"https://{publication.host}/"
    data = {
        "@context": _CONTEXT,
        "@type": publication.kind,
        "@id": f"{canonical}#article",
        "mainEntityOfPage": {"@type": "WebPage", "@id": canonical},
        "headline": page.title,
        "description": page.description,
        "datePublished": furniture["published"].isoformat(),
        "dateModified": furniture["modified"].isoformat(),
        "author": {"@type": "Person" if publication.layout == "courier" else "Organization", "name": page.byline},
        "publisher": {
            "@type": "NewsMediaOrganization" if publication.layout == "courier" else "GovernmentOrganization",
            "name": publication.name,
            "url": home,
            "logo": {"@type": "ImageObject", "url": f"{home}static/{publication.layout}.svg", "width": 320},
        },
        "articleSection": page.section,
        "keywords": furniture["tags"],
        "inLanguage": publication.language,
        "isAccessibleForFree": not paywalled,
        "wordCount": sum(len(line.split()) for block in page.blocks for line in block.lines),
    }
    if licence:
        data["license"] = licence
    if paywalled:
        data["wordCount"] = _WORDS_FOR_SUBSCRIBERS
        data["hasPart"] = {"@type": "WebPageElement", "isAccessibleForFree": False, "cssSelector": ".paywall"}
    return data


def breadcrumb_data(page: SitePage, publication: Publication, canonical: str) -> dict[str, Any]:
    """Returns the trail from the front page to a page."""
    home = f"https://{publication.host}/"
    trail = ((publication.name, home), (page.section.title(), f"{home}{page.section}"), (page.title, canonical))
    return {
        "@context": _CONTEXT,
        "@type": "BreadcrumbList",
        "itemListElement": [
            {"@type": "ListItem", "position": position, "name": name, "item": item}
            for position, (name, item) in enumerate(trail, start=1)
        ],
    }
