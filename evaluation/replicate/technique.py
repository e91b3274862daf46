"""Which distillation technique: with a teacher or without, other distillations, and other ways of fine-tuning."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

from .differences import Row, count, differences
from .evidence import Evidence
from .groups import GROUPS, group_kept, told_share
from .systems import ALONE, CTD, taught_systems, variant_name

if TYPE_CHECKING:
    from .config import Replicate
    from .student_settings import Taught, Variant


def varied(config: Replicate, asked: Callable[[Variant], bool]) -> list[tuple[str, str]]:
    """Returns the student of Convert-Then-Distill beside each variant of it that is asked for."""
    return [
        (f"{variant.attention}-{CTD}", variant_name(name, variant))
        for name, variant in config.variants.items()
        if asked(variant)
    ]


def technique(config: Replicate, evidence: Evidence) -> tuple[list[str], list[Row]]:
    """Returns what is found of it, and a row a comparison and task."""
    pairs = [(f"{name}-{ALONE}", f"{name}-{CTD}") for name in config.alone]
    pairs += varied(config, lambda variant: variant.corpus is None)
    pairs += [(_beside(config, taught), taught.name) for taught in config.taught]
    lessons = [taught for taught in config.taught if taught.teacher and not taught.halved]
    pairs += [(alone, taught.name) for taught in lessons if (alone := _as_long(config, taught, taught.student))]
    rows = [row for first, second in pairs for row in differences(evidence, first, second)]
    if not rows:
        return [
            "Neither the control without a teacher, nor another distillation, nor task distillation was scored yet."
        ], []
    what = (
        "A teacher against none, other layers, losses or lengths of distillation, a teacher's answers on the task, and "
        "more passes over it"
    )
    return [count(rows, what), *_held_against_as_long(config, evidence)], rows


def _beside(config: Replicate, taught: Taught) -> str:
    """Returns what a model that is fine-tuned otherwise is compared with: a late half with an early half so taught."""
    if not taught.halved:
        return taught.student
    lesson = {"student", "halved"}
    alike = (one for one in config.taught if not one.halved)
    ours = taught.model_dump(exclude=lesson)
    return next((one.name for one in alike if one.model_dump(exclude=lesson) == ours), taught.student)


def _as_long(config: Replicate, taught: Taught, model: str | None) -> str | None:
    """Returns the name under which a model was fine-tuned on labels alone in as many passes as another was."""
    found = (one for one in config.taught if one.teacher is None and one.passes == taught.passes)
    return next((one.name for one in found if one.student == model), None)


def _held_against_as_long(config: Replicate, evidence: Evidence) -> Iterator[str]:
    """Says what students that read their tasks more often keep of a teacher that did so too."""
    systems = taught_systems(config)
    for taught in config.taught:
        teacher = _as_long(config, taught, systems[taught.name].teacher)
        for group, title in GROUPS.items():
            kept = group_kept(evidence, group, teacher, taught.name) if teacher else None
            if kept is None:
                continue
            told = f"{title}: `{taught.name}` keeps {told_share(config, group, kept)} of `{teacher}`"
            yield f"{told}, which read its tasks as often."
