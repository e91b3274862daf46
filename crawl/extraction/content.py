"""What a page says, whatever its format, and what read it."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from importlib.metadata import version

from .metadata import Metadata
from .parts import Part

# Raised with every change of what is taken for the text of a page.
RULES = 2


@cache
def extractor_name(package: str) -> str:
    """Returns the name and version of an extractor: those of the library that finds the text, and of our rules."""
    return f"{package}-{version(package)}+gonerd.{RULES}"


EXTRACTOR = extractor_name("trafilatura")


@dataclass(frozen=True, slots=True)
class Content:
    """What a page says.

    Attributes:
        text: Its text.
        metadata: Title, author and day.
        url: Address to cite.
        lang: The language it states, empty for none.
        charset: How its bytes were read, empty where that was no question.
        licence: SPDX identifier or licence URL, and where it stands.
        extractor: What found the text.
        part: Which part of an article it is.
    """

    text: str
    metadata: Metadata
    url: str
    lang: str
    charset: str
    licence: tuple[str, str | None]
    extractor: str
    part: Part | None = None
