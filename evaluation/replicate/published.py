"""Published numbers beside ours: those of the best student, of all, and of the baselines."""

from __future__ import annotations

import statistics
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from gonerd.evaluation.report.figures import NONE, interval, share
from gonerd.evaluation.report.published import REFERENCE, Published

from .evidence import Evidence
from .groups import comparable, group_kept, so_far
from .systems import CTD, DISTILLED, System, is_efficient, students
from .times import saved_over_lengths

if TYPE_CHECKING:
    from .config import Replicate

Row = dict[str, Any]


def published_rows(config: Replicate, evidence: Evidence) -> list[Row]:
    """Returns a row a published number, with the best student of the published order, and all beside the baselines."""
    listed = [*students(config, CTD), *students(config, DISTILLED)]
    rows = []
    for number in REFERENCE:
        if number.group is None:
            ours = _times(number, evidence, listed)
        else:
            ours = _kept(config, number.group, evidence, listed)
        rows.append({"what": number.what, "published": share(number.value), "on": number.tasks, **ours})
    return rows


def _kept(config: Replicate, group: str, evidence: Evidence, listed: Sequence[System]) -> Row:
    kept = {s: group_kept(evidence, group, str(s.teacher), s.name) for s in listed}
    found = {s: one for s, one in kept.items() if one is not None}
    parts = {s: so_far(config, group, one) for s, one in found.items()}
    said = {s: share(one.value) + (f" ({parts[s]})" if parts[s] else "") for s, one in found.items()}
    # The best of means over different tasks would be the one with the easiest.
    alike = comparable({s: one for s, one in found.items() if is_efficient(s)})
    best = max(alike, key=lambda s: alike[s].value, default=None)
    if best is None:
        return {"here": NONE, **_listed(said)}
    ends = alike[best].interval
    here = share(alike[best].value) + (f" ({interval(ends.as_dict())})" if ends else "")
    return {"here": ", ".join(filter(None, (here, best.attention, parts[best]))), **_listed(said)}


def _listed(said: Mapping[System, str]) -> Row:
    """Lists figures by attention, those of the baselines in a column of their own."""
    columns = {"by attention": True, "baselines": False}
    return {
        column: ", ".join(f"{s.attention} {text}" for s, text in said.items() if is_efficient(s) is efficient) or NONE
        for column, efficient in columns.items()
    }


def _times(number: Published, evidence: Evidence, listed: Sequence[System]) -> Row:
    found = {s: saved_over_lengths(evidence, s) for s in listed}
    take = max if number.statistic == "most" else statistics.fmean
    said = {s: share(take(list(held.values()))) for s, held in found.items() if held}
    values = [value for s, held in found.items() if is_efficient(s) for value in held.values()]
    lengths = sorted({length for s, held in found.items() if is_efficient(s) for length in held})
    of = f", over {' / '.join(f'{length:,}' for length in lengths)} tokens"
    return {"here": share(take(values)) + of if values else NONE, **_listed(said)}
