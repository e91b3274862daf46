"""Pages that stand in for a document: the beginning of a story for subscribers, an error page sent with status 200."""

from __future__ import annotations

import re
from typing import Any

from .structured import ARTICLE_TYPES, page_nodes

# A story for subscribers is there if it is longer than teasers are, and has most of the words it is said to have.
_LONGEST_TEASER, _WHOLE = 1000, 0.5
# A title or heading that says this and nothing else. A story about such pages says more.
_THING = r"(?:page|document|file|article|story|content|record|opinion|filing|notice|resource|url|site)"
_LOST = re.compile(
    rf"""(?:oops|sorry|whoops|error|http|status)?[\s!:,.-]*(?:the|this|that)?\s*
    (?:
        (?:error\s*)?404 (?: [\s:,.()/–—-]* (?:error|{_THING}?\s*(?:was|is|could)?\s*not\s+(?:be\s+)?found) )?
      | {_THING}\s+(?:you\s+(?:requested|asked\s+for|are\s+looking\s+for)\s+)?
        (?: (?:was\s+|is\s+|has\s+)?not\s+(?:been\s+)?found | could\s+not\s+be\s+found | cannot\s+be\s+found
          | can['’]t\s+be\s+found | does\s+not\s+exist | doesn['’]t\s+exist | is\s+no\s+longer\s+available )
      | not\s+found
      | page\s+introuvable | seite\s+nicht\s+gefunden | p[áa]gina\s+n[oã]o?\s+encontrada | pagina\s+non\s+trovata
    )
    [\s!:,.()/–—-]*(?:error)?[\s(]*(?:404)?[\s!.)]*""",
    re.IGNORECASE | re.VERBOSE,
)
_SEPARATORS = re.compile(r"\s+[|·•»:–—-]\s+|\s*\|\s*")
_HEADINGS = "//head/title | //h1"
# Anything by which a page calls itself an article, or dates itself as one.
_ARTICLE = (
    '//head//meta[@property="og:type"][contains(@content, "article")]'
    ' | //head//meta[@property="article:published_time"]'
    ' | //*[@itemprop="datePublished"]'
    " | //article[.//h1]//time"
)


def stand_in(tree: Any, text: str) -> tuple[str, str] | None:
    """Returns (reason, detail) if a page stands in for a document, else None.

    A page is paywalled if its article is stated not to be accessible for free and is not all there; about one news page
    in five makes the statement and carries the whole text beside it. A page is a soft 404 if its title or heading says
    that something was not found, and nothing on it says that it is an article.

    Args:
        tree: The parsed page.
        text: Its main text.
    """
    paid = next((node for node in page_nodes(tree, ARTICLE_TYPES) if "isAccessibleForFree" in node), None)
    if paid and _is_false(paid["isAccessibleForFree"]) and _is_teaser(text, paid.get("wordCount")):
        return "paywall", f"isAccessibleForFree is {paid['isAccessibleForFree']}, and {len(text)} characters are there"
    heading = _lost_heading(tree)
    if heading and not tree.xpath(_ARTICLE) and not any(page_nodes(tree, ARTICLE_TYPES)):
        return "soft-404", f"status 200, headed {heading!r}"
    return None


def _is_false(stated: Any) -> bool:
    return str(stated).rpartition("/")[2].strip().lower() == "false"  # false, "False", "http://schema.org/False"


def _is_teaser(text: str, stated_words: Any) -> bool:
    stated = str(stated_words).strip()
    missing = stated.isdecimal() and len(text.split()) < int(stated) * _WHOLE
    return missing or len(text) < _LONGEST_TEASER


def _lost_heading(tree: Any) -> str | None:
    for element in tree.xpath(_HEADINGS):
        text = " ".join(element.text_content().split())
        pieces = _SEPARATORS.split(text)
        # A site puts its name before or after what the page is about.
        for said in dict.fromkeys((text, pieces[0], pieces[-1])):
            if said and _LOST.fullmatch(said):
                return text
    return None
