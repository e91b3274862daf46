"""Whether the project's own targets are met, by how much, with the interval; baselines stand beside the students."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from gonerd.evaluation.compare.resampling import Interval
from gonerd.evaluation.report.figures import NONE, interval, share

from .evidence import Evidence
from .groups import GROUPS, group_kept, planned, so_far
from .systems import CTD, DISTILLED, System, is_efficient, some_tasks, students
from .times import LENGTH, time_saved, timed_pair, why_not

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


def target_rows(config: Replicate, evidence: Evidence) -> list[Row]:
    """Returns a row a target and student: what it has, and how far that is from either mark."""
    rows = []
    for target in TARGETS:
        for system in students(config):
            if not _is_asked(config, target, system):
                continue
            found, lacking = _found(config, target, evidence, system)
            ends = "" if found is None or found.low == found.high else f" ({interval(found.as_dict())})"
            rows.append(
                {
                    "target": target.what,
                    "student": system.title if is_efficient(system) else f"{system.title} (baseline)",
                    "here": NONE if found is None else f"{share(found.value)}{ends}",
                    "against the published number": _against(found, target.published, lacking),
                    "against what is aimed at": _against(found, target.beyond, lacking),
                }
            )
    return rows


def _is_asked(config: Replicate, target: Target, system: System) -> bool:
    """Whether a target is one for a student: of one shape one is timed, and some are scored on a part of a group."""
    if target.group is None:
        return system.order in (CTD, DISTILLED)
    tasks = some_tasks(config).get(system.name)
    return tasks is None or set(planned(config, target.group)) <= set(tasks)


def _found(config: Replicate, target: Target, evidence: Evidence, system: System) -> tuple[Interval | None, str | None]:
    """Returns what a student has, and what is lacking for a verdict."""
    teacher = str(system.teacher)
    if target.group is None:
        _, timed, theirs = timed_pair(evidence, system)
        found = time_saved(theirs, timed)
        return found, None if found else why_not(evidence, teacher) or "no figure"
    kept = group_kept(evidence, target.group, teacher, system.name)
    if kept is None:
        return None, "no figure"
    found = kept.interval or Interval(kept.value, kept.value, kept.value)
    if lacking := so_far(config, target.group, kept):
        return found, f"{lacking} so far"
    # A teacher that scores nothing in some of the draws is no measure of anything.
    return found, None if kept.interval else "no verdict, as there is no interval"


def _against(found: Interval | None, mark: float, lacking: str | None) -> str:
    """Says whether a mark is met, by how much, and whether the interval leaves a doubt."""
    if found is None or lacking:
        return f"{share(mark)}: {lacking}"
    verdict = "met" if found.value >= mark else "missed"
    doubt = ", the interval holds it" if found.low < mark <= found.high and found.low < found.high else ""
    return f"{share(mark)}: {verdict} by {100 * abs(found.value - mark):.1f} points{doubt}"
