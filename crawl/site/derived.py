"""Pages made from other pages: the parts of a long one, its PDF, and the copy that an agency sells."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import replace
from itertools import accumulate, pairwise

from .documents import Block, SitePage

CREDIT = "Distributed by the Meridian Wire."
_CUT = 2


def parts_of(page: SitePage) -> tuple[SitePage, ...]:
    """Cuts a page into its `parts`, about equally long; a heading stays with what follows it.

    Returns:
        The parts in order; nothing for a page that is not cut.
    """
    if page.parts == 1:
        return ()
    runs = _runs(page.blocks)
    done = [0, *accumulate(sum(len(line.split()) for block in run for line in block.lines) for run in runs)]
    cuts = [0]
    for number in range(1, page.parts):
        wanted = done[-1] * number / page.parts
        possible = range(cuts[-1] + 1, len(runs) - (page.parts - number) + 1)
        cuts.append(min(possible, key=lambda i: abs(done[i] - wanted)))
    cuts.append(len(runs))
    return tuple(
        replace(page, part=number, blocks=tuple(block for run in runs[start:end] for block in run))
        for number, (start, end) in enumerate(pairwise(cuts), start=1)
    )


def _runs(blocks: tuple[Block, ...]) -> list[list[Block]]:
    runs: list[list[Block]] = [[]]
    for block in blocks:
        if runs[-1] and runs[-1][-1].kind != "h2":
            runs.append([])
        runs[-1].append(block)
    return runs


def pdf_edition(page: SitePage) -> SitePage:
    """Returns the entry of a page's PDF edition, under an address of its own."""
    return replace(page, slug=f"{page.slug}.pdf", title=f"{page.title} [PDF]")


def wire_copy(page: SitePage) -> SitePage:
    """Returns a page as an agency sells it: credit line first, its own headline, the last two paragraphs cut."""
    ends = [i for i, block in enumerate(page.blocks) if block.kind == "p"][-_CUT:]
    kept = list(page.blocks[: ends[0] if ends else None])
    while kept and kept[-1].kind == "h2":
        kept.pop()
    return replace(
        page,
        section="wire",
        slug=_slug(page.wire),
        title=page.wire,
        byline="Meridian Wire staff",
        blocks=(Block("p", (CREDIT,)), *kept),
        parts=1,
        encoding="utf-8",
        wire="",
    )


def _slug(headline: str) -> str:
    plain = unicodedata.normalize("NFKD", headline).encode("ascii", "ignore").decode().lower()
    return re.sub(r"[^a-z0-9]+", "-", plain).strip("-")
