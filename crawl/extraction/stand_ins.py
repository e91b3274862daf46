"""Pages that stand in for a document: a teaser, a wall of consent, an empty shell, an error page sent with status 200.

All tests but the first look at short texts only: a page that carries its whole story is a document, whatever it asks
of its readers beside it.
"""

from __future__ import annotations

import re
from typing import Any

from .head import Head
from .structured import ARTICLE_TYPES, as_list, of_type

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
# Anything by which a page calls itself an article, or dates itself as one.
_ARTICLE = '//*[@itemprop="datePublished"] | //article[.//h1]//time'
_SUBSCRIBE = re.compile(
    r"""\b(?:subscribe|sign\s+(?:in|up)|log\s+in|register|become\s+a\s+(?:member|subscriber)|create\s+an?\s+(?:free\s+)?account)
        \b[^<>]{0,60}\bto\s+(?:continue|keep|read|unlock|access|view)\b
      | \b(?:this|the\s+rest\s+of\s+this)\s+(?:article|story|content|page)\s+is\s+
        (?:(?:only\s+)?(?:available|accessible)\s+(?:only\s+)?(?:to|for)|(?:only\s+|exclusively\s+)?for|reserved\s+for|exclusive\s+to)
        \s+(?:our\s+)?(?:paying\s+|registered\s+)?(?:subscribers|members)
      | \bcontinue\s+reading\s+with\s+a\s+(?:\w+\s+)?(?:subscription|trial)
      | \byou(?:['’]ve|\s+have)\s+(?:reached|used|read)\s+(?:your|all|the)\b[^<>]{0,40}\b(?:free\s+)?articles?\b
    """,
    re.IGNORECASE | re.VERBOSE,
)
_CONSENT = re.compile(
    r"""\b(?:we|our\s+partners|this\s+(?:web)?site)\b[^.]{0,80}\b(?:use|uses|store|set)\b[^.]{0,40}\bcookies?\b
      | \b(?:accept|reject|allow|refuse|manage)\s+(?:all|cookies?|preferences|choices)\b
      | \b(?:your|withdraw|give)\s+(?:\w+\s+)?(?:consent|privacy\s+(?:choices|settings))\b
      | \blegitimate\s+interests?\b | \b(?:personali[sz]ed|targeted)\s+(?:ads|advertising|content)\b
      | \b(?:cookie|privacy)\s+(?:policy|settings|notice)\b | \bvendors?\b
    """,
    re.IGNORECASE | re.VERBOSE,
)
_CONSENT_KINDS = 3
_SHELL = re.compile(
    r"""\b(?:enable|turn\s+on|activate|allow)\s+(?:cookies\s+and\s+)?java\s?script
      | \bjava\s?script\s+(?:is\s+(?:disabled|required|not\s+enabled|turned\s+off)|(?:has\s+been|must\s+be)\s+\w+)
      | \brequires\s+java\s?script
      | \b(?:checking|verifying)\s+(?:your\s+browser|(?:that\s+)?you\s+are\s+(?:a\s+)?human)
      | \bverify\s+(?:that\s+)?you\s+are\s+(?:a\s+)?human | \bcomplete\s+the\s+(?:security\s+check|captcha)
    """,
    re.IGNORECASE | re.VERBOSE,
)
# Characters that a shell or a wall of consent has at most; real stories about them are longer, or say so in an article.
_EMPTY, _LONGEST_SHELL, _LONGEST_WALL = 200, 600, 2500
_WHITE = re.compile(r"\s+")


def lost_page(head: Head, tree: Any) -> tuple[str, str] | None:
    """Returns (reason, detail) for a soft 404, else None.

    It is one if its title or heading says that something was not found, and nothing on it says that it is an article.

    Args:
        head: The page's statements.
        tree: The parsed page.
    """
    heading = _lost_heading(head)
    if heading and not _is_article(head) and not tree.xpath(_ARTICLE):
        return "soft-404", f"status 200, headed {heading!r}"
    return None


def stand_in(head: Head, html: str, text: str) -> tuple[str, str] | None:
    """Returns (reason, detail) if a page only stands in for a document, else None.

    A page is paywalled if its article is stated not to be accessible for free, or asks its readers to subscribe, and is
    not all there; about one news page in five makes the statement and carries the whole text beside it.

    Args:
        head: The page's statements.
        html: The page.
        text: Its main text.
    """
    # The first article that states who may read it is the page's; others on it are about other stories.
    paid = next((node for node in of_type(head.nodes, ARTICLE_TYPES) if _access(node)), None)
    if paid and any(map(_is_false, _access(paid))) and _is_teaser(text, paid.get("wordCount")):
        return "paywall", f"isAccessibleForFree is {_access(paid)[0]}, and {len(text)} characters are there"
    if len(text) < _LONGEST_TEASER and (match := _SUBSCRIBE.search(html)):
        return "paywall", f"{_line(match[0])!r}, and {len(text)} characters are there"
    if len(text) < _LONGEST_WALL and not _is_article(head) and _is_consent(text):
        return "cookie-wall", f"{len(text)} characters about consent"
    if len(text) < (_EMPTY if _is_article(head) else _LONGEST_SHELL) and (match := _SHELL.search(html)):
        return "stub", f"{_line(match[0])!r}, and {len(text)} characters are there"
    return None


def _access(node: dict[str, Any]) -> list[Any]:
    parts = [part for part in as_list(node.get("hasPart")) if isinstance(part, dict)]
    stating = [node] if "isAccessibleForFree" in node else parts
    return [one["isAccessibleForFree"] for one in stating if "isAccessibleForFree" in one]


def _is_article(head: Head) -> bool:
    return (
        "article" in head.meta("og:type")
        or bool(head.meta("article:published_time"))
        or any(True for _ in of_type(head.nodes, ARTICLE_TYPES))
    )


def _is_consent(text: str) -> bool:
    return len({_line(match[0]).lower() for match in _CONSENT.finditer(text)}) >= _CONSENT_KINDS


def _line(text: str) -> str:
    return _WHITE.sub(" ", text).strip()


def _is_false(stated: Any) -> bool:
    return str(stated).rpartition("/")[2].strip().lower() == "false"  # false, "False", "http://schema.org/False"


def _is_teaser(text: str, stated_words: Any) -> bool:
    stated = str(stated_words).strip()
    missing = stated.isdecimal() and len(text.split()) < int(stated) * _WHOLE
    return missing or len(text) < _LONGEST_TEASER


def _lost_heading(head: Head) -> str | None:
    for text in (*head.titles[:1], *head.headings):
        pieces = _SEPARATORS.split(text)
        # A site puts its name before or after what the page is about.
        for said in dict.fromkeys((text, pieces[0], pieces[-1])):
            if said and _LOST.fullmatch(said):
                return text
    return None
