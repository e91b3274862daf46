"""The invented publications that the site's sections pose as."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Publication:
    """A publication.

    Attributes:
        host: Host that its canonical addresses name.
        name: Its name.
        kind: Type of its articles in JSON-LD.
        motto: What stands under the name.
        layout: Which pair of templates draws it, "courier" or "registry".
        language: Language tag of its pages.
    """

    host: str
    name: str
    kind: str
    motto: str
    layout: str = "courier"
    language: str = "en-GB"


_PUBLICATIONS = {
    "news": Publication("courier.gonerd.example", "The Gonerd Courier", "NewsArticle", "News for nobody in particular"),
    "wire": Publication("wire.gonerd.example", "The Meridian Wire", "NewsArticle", "Copy for every desk"),
    "legal": Publication(
        "registry.gonerd.example", "The Gonerd Registry", "Article", "Orders, opinions and notices", "registry", "en-US"
    ),
}


def publication_of(section: str) -> Publication:
    """Returns the publication of a section; one that is not known gets a plain one."""
    plain = Publication(f"{section}.gonerd.example", f"The Gonerd {section.title()}", "Article", f"All the {section}")
    return _PUBLICATIONS.get(section, plain)
