"""What stands around and between the paragraphs of a page and is no part of its text.

The names below are those that content systems, themes and embedding services give such things, whoever publishes the
page. What they would take away is kept all the same where it holds a good part of the page's paragraphs: some pages put
their text into an `aside`, others call the column of the text after the share bar in it.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import lru_cache
from typing import Any

from lxml import etree

from gonerd.crawl.trees import drop

# Elements that hold no running text. trafilatura drops them as well, but copies them several times before.
_NEVER_TEXT = (
    "audio", "button", "canvas", "dialog", "embed", "iframe", "input", "map", "math", "menu", "nav", "noscript",
    "object", "option", "script", "select", "source", "style", "svg", "template", "textarea", "track", "video",
)  # fmt: skip
_SELDOM_TEXT = ("aside", "footer", "figcaption", "form")
_BOXES = r"""
        newsletters? | sign-?up | subscribe | cookie-?(?:banner|consent|notice|wall)
      | related | recirc(?:ulation)? | read-?(?:more|next|also) | more-?(?:on|from|stories|news)
      | most-?(?:read|popular|viewed) | trending | recommend(?:ed|ations?)? | promos?
      | (?:social|share|sharing)(?:-?(?:bar|tools?|links?|buttons?|icons?))? | follow-?us
      | advert(?:isement)?s? | ad-?(?:slot|unit|container|wrapper|label) | sponsor(?:ed)?
      | comments? | breadcrumbs? | skip-?links? | visually-?hidden | sr-?only | screen-?reader-?text | no-?print
      | print-?hide | twitter-(?:tweet|video) | instagram-media | tiktok-embed | fb-post | bluesky-embed | reddit-embed
"""
# What a journalist's page has about its author and pictures. In a court's page a caption names the parties.
_PRESS = r"""
        by-?lines? | author-?(?:bio|box|card|info|profile|details|description)s? | about-?(?:the-?)?authors? | bios?
      | captions? | credits? | pull-?quotes? | timestamps? | date-?line | disclaimers?
"""
_ANY = re.compile(rf"(?<![a-z0-9])(?:{_BOXES}|{_PRESS})(?![a-z0-9])", re.VERBOSE)
_BOX = re.compile(rf"(?<![a-z0-9])(?:{_BOXES})(?![a-z0-9])", re.VERBOSE)
_CAMEL = re.compile(r"(?<=[a-z])(?=[A-Z])")
_NAMED = etree.XPath(".//*[@class or @id][not(self::html or self::body or self::main or self::article)]")
_DIALOGS = etree.XPath(
    ".//*[@role or @aria-modal][@role='dialog' or @role='alertdialog' or @aria-modal='true']"
    "[not(.//article or .//main or .//h1)]"
)
_BOX_TAGS = frozenset({"div", "section", "aside", "ul", "ol", "table", "form", "header", "footer", "figure"})
_LINKING = etree.XPath(".//p[.//a]")
# What holds more of the page's text than this, in several paragraphs, is not furniture, whatever it is called.
_SHARE, _SEVERAL = 0.3, 3
# Below this many characters in paragraphs a page is taken to write its text without them.
_FEW = 200
# A paragraph of which this much is a link leads elsewhere; shorter ones may be a name in a list.
_LINKED, _SHORTEST = 0.9, 20


@lru_cache(maxsize=16384)
def _names(names: str, *, press: bool) -> bool:
    plain = _CAMEL.sub("-", names).lower().replace("_", "-")
    return (_ANY if press else _BOX).search(plain) is not None


def paragraph_length(element: Any) -> int:
    """Returns the number of characters in the paragraphs of an element."""
    return sum(len("".join(paragraph.itertext())) for paragraph in element.iter("p"))


def remove_furniture(tree: Any, *, press: bool = True) -> int:
    """Takes furniture out of a page.

    Args:
        tree: The parsed page, which is changed.
        press: Whether it is a journalist's page, whose bylines and captions go as well.

    Returns:
        Number of characters in the paragraphs that are left.
    """
    for element in [*tree.iter(*_NEVER_TEXT), *_DIALOGS(tree)]:
        drop(element)
    total = paragraph_length(tree)
    holds_the_text = _by_paragraphs(total) if total >= _FEW else _by_all_text(tree)
    for element in list(tree.iter(*_SELDOM_TEXT)):
        if holds_the_text(element):
            element.tag = "div"
        else:
            drop(element)
    for element in [element for element in _NAMED(tree) if _names(_named(element), press=press)]:
        if not holds_the_text(element):
            drop(element)
    for paragraph in _LINKING(tree) if press else ():
        if _leads_elsewhere(paragraph):
            drop(paragraph)
    return total


def _named(element: Any) -> str:
    # The id of a heading or paragraph is made from its words, that of a box from what it is for.
    of_a_box = element.tag in _BOX_TAGS
    return f"{element.get('class', '')} {element.get('id', '')}" if of_a_box else element.get("class", "")


def _by_paragraphs(total: int) -> Callable[[Any], bool]:
    def holds(element: Any) -> bool:
        several = sum(1 for _ in element.iter("p")) >= _SEVERAL
        return several and paragraph_length(element) > _SHARE * total

    return holds


def _by_all_text(tree: Any) -> Callable[[Any], bool]:
    left = len("".join(tree.itertext()))
    gone = set[Any]()

    def holds(element: Any) -> bool:
        # What does not hold the text is dropped by the caller; measuring the page anew each time would take longer than
        # all the rest.
        nonlocal left
        length = len("".join(element.itertext()))
        if length > _SHARE * left:
            return True
        if gone.isdisjoint(element.iterancestors()):
            left -= length
            gone.add(element)
        return False

    return holds


def _leads_elsewhere(paragraph: Any) -> bool:
    whole = len("".join(paragraph.itertext()).strip())
    linked = sum(len("".join(link.itertext()).strip()) for link in paragraph.iter("a"))
    return whole > _SHORTEST and linked >= _LINKED * whole
