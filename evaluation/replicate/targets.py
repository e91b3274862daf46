"""Published numbers beside ours, and whether the project's own targets are met, by how much, with the interval."""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from gonerd.evaluation.compare.resampling import Interval
from gonerd.evaluation.report.figures import NONE, interval, share
from gonerd.evaluation.report.published import REFERENCE, Published

from .evidence import Evidence
from .groups import GROUPS, group_kept
from .systems import CTD, WINDOWS, System, systems_of
from .times import LENGTH, cell_at, hugging_face, saved_over_lengths, time_saved

if TYPE_CHECKING:
    from .config import Replicate

Row = dict[str, Any]


@dataclass(frozen=True)
class Target:
    """A number that students have to reach.

    Attributes:
        what: What is measured.
        group: Group of tasks; None for time.
        published: The headline of the reference, which is the least.
        beyond: What is aimed at.
    """

    what: str
    group: str | None
    published: float
    beyond: float


TARGETS = (
    Target(f"{GROUPS['short']} kept", "short", 0.986, 0.99),
    Target(f"{GROUPS['long-qa']} kept", "long-qa", 0.946, 0.96),
    Target(f"{GROUPS['long-ner']} kept", "long-ner", 0.988, 0.995),
    Target(f"time saved of Hugging Face's teacher, {LENGTH:,} tokens", None, 0.578, 0.70),
)


def efficient_students(config: Replicate, order: str | None = None) -> list[System]:
    """Lists the students with efficient attention, of one order or of all."""
    found = [s for s in systems_of(config) if s.teacher is not None and s.attention not in (WINDOWS, "full")]
    return [s for s in found if order is None or s.order == order]


def published_rows(config: Replicate, evidence: Evidence) -> list[Row]:
    """Returns a row a published number, with the best and with all students that were made in the published order."""
    students = efficient_students(config, CTD)
    rows = []
    for number in REFERENCE:
        ours = _times(number, evidence, students) if number.group is None else _kept(number, evidence, students)
        rows.append({"what": number.what, "published": share(number.value), "on": number.tasks, **ours})
    return rows


def _kept(number: Published, evidence: Evidence, students: Sequence[System]) -> Row:
    found = {
        s.attention: kept
        for s in students
        if s.teacher and (kept := group_kept(evidence, str(number.group), s.teacher, s.name))
    }
    if not found:
        return {"here": NONE, "by attention": NONE}
    best = max(found, key=lambda name: found[name].value)
    ends = found[best].interval
    here = f"{share(found[best].value)}" + (f" ({interval(ends.as_dict())})" if ends else "") + f", {best}"
    return {"here": here, "by attention": ", ".join(f"{name} {share(one.value)}" for name, one in found.items())}


def _times(number: Published, evidence: Evidence, students: Sequence[System]) -> Row:
    by_name = {s.attention: saved_over_lengths(evidence, [(str(s.teacher), s.name)]) for s in students}
    values = [value for found in by_name.values() for value in found]
    if not values:
        return {"here": NONE, "by attention": NONE}
    take = max if number.statistic == "most" else statistics.fmean
    listed = ", ".join(f"{name} {share(take(found))}" for name, found in by_name.items() if found)
    return {"here": share(take(values)), "by attention": listed}


def target_rows(config: Replicate, evidence: Evidence) -> list[Row]:
    """Returns a row a target and student: what it has, and how far that is from either mark."""
    rows = []
    for target in TARGETS:
        for system in efficient_students(config):
            found = _found(target, evidence, system)
            if found is None and target.group is None and system.order != CTD:
                continue  # its shape is that of the other order's student
            ends = "" if found is None or found.low == found.high else f" ({interval(found.as_dict())})"
            rows.append(
                {
                    "target": target.what,
                    "student": system.title,
                    "here": NONE if found is None else f"{share(found.value)}{ends}",
                    "against the published number": _against(found, target.published),
                    "against what is aimed at": _against(found, target.beyond),
                }
            )
    return rows


def _found(target: Target, evidence: Evidence, system: System) -> Interval | None:
    assert system.teacher is not None
    if target.group is None:
        if system.order != CTD:
            return None
        return time_saved(hugging_face(evidence, system.teacher), cell_at(evidence, system.name))
    kept = group_kept(evidence, target.group, system.teacher, system.name)
    return None if kept is None else kept.interval or Interval(kept.value, kept.value, kept.value)


def _against(found: Interval | None, mark: float) -> str:
    """Says whether a mark is met, by how much, and whether the interval leaves a doubt."""
    if found is None:
        return f"{share(mark)}: no figure"
    verdict = "met" if found.value >= mark else "missed"
    doubt = ", the interval holds it" if found.low < mark <= found.high and found.low < found.high else ""
    return f"{share(mark)}: {verdict} by {100 * abs(found.value - mark):.1f} points{doubt}"
