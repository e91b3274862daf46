"""`noai` and `noimageai` among the directives for robots.

They stand where `noindex` stands, in the header `X-Robots-Tag` and in `<meta name="robots">`, for all robots or for
one by name. DeviantArt proposed them in November 2022 ("Create AI-Generated Art Fairly with DreamUp"); no standard has
them. `noimageai` speaks of pictures alone, so it is recorded and does not reserve a text.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence

from gonerd.crawl.robots_file import PRODUCT

from . import OPTOUTS, OptOut, Signal
from ._head import MetaElement

_HEADER = "x-robots-tag"
_RESERVING = {"noai": True, "noimageai": False}
_ROBOTS = frozenset({"robots", PRODUCT.lower()})
# "name: directive" is meant for the robot of that name, unless the name is that of a directive with a value.
_VALUED = frozenset({"max-snippet", "max-image-preview", "max-video-preview", "unavailable_after"})


class NoAi(OptOut):
    """The directives, in header and page."""

    headers = (_HEADER,)
    meta = tuple(sorted(_ROBOTS))
    hints = (b"noai", b"noimageai")

    def in_page(self, headers: Mapping[str, Sequence[str]], meta: Sequence[MetaElement]) -> Iterable[Signal]:
        """Finds them."""
        for value in headers.get(_HEADER, ()):
            yield from _signals(f"header {_HEADER}", _for_us(value))
        for name, content in meta:
            if name in _ROBOTS:
                yield from _signals(f"meta {name}", re.split(r"[\s,;]+", content))


def _for_us(value: str) -> Iterator[str]:
    """Yields the directives of a header that are meant for every robot, or for ours."""
    ours = True
    for part in value.split(","):
        name, colon, rest = part.partition(":")
        if colon and name.strip().lower() not in _VALUED:
            ours, part = name.strip().lower() in _ROBOTS, rest
        if ours:
            yield from part.split()


def _signals(where: str, directives: Iterable[str]) -> Iterator[Signal]:
    for directive in dict.fromkeys(word.strip().lower() for word in directives):
        if directive in _RESERVING:
            yield Signal(directive, where, directive, _RESERVING[directive])


OPTOUTS.register("noai")(NoAi())
