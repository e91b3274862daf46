"""The models that are scored: what each is, and what it is held against."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .config import Replicate
    from .student_settings import Variant

ENCODER, ENCODER_STUDENT = "encoder", "encoder-student"
CTD, DTC, ALONE, DISTILLED, TAUGHT, VARIANT, LONGER = "ctd", "dtc", "alone", "kd", "td", "variant", "longer"
TEACHER, WINDOWS, FULL, HALF = "teacher", "windows", "full", "half"
ORDERS = {
    TEACHER: "teacher",
    CTD: "Convert-Then-Distill",
    DTC: "Distill-Then-Convert",
    DISTILLED: "distilled",
    ALONE: "no teacher",
    TAUGHT: "task distillation",
    VARIANT: "distilled otherwise",
    LONGER: "fine-tuned longer",
}

_HALVED = "task distillation of the fine-tuned half"


@dataclass(frozen=True)
class System:
    """A model that is scored.

    Attributes:
        name: Its folder's, and what results call it.
        attention: Its attention; `WINDOWS` for full attention in windows of the encoder's length.
        order: One of `ORDERS`: how it came about.
        teacher: Name of the model that it is held against; None for a teacher.
        variant: What a variant is called, or one of several that are fine-tuned otherwise, by what it has of its own.
    """

    name: str
    attention: str
    order: str
    teacher: str | None = None
    variant: str | None = None

    @property
    def title(self) -> str:
        """What tables call it."""
        what = "full in windows" if self.attention == WINDOWS else self.attention
        return f"{what}, {self.variant or ORDERS[self.order]}"


def systems_of(config: Replicate) -> list[System]:
    """Lists the models that are scored on every task, the baselines first."""
    found = [System(ENCODER, WINDOWS, TEACHER), System(ENCODER_STUDENT, WINDOWS, DISTILLED, ENCODER)]
    found += [System(name, name, TEACHER) for name in config.attentions]
    found += [System(f"{name}-{CTD}", name, CTD, name) for name in config.attentions]
    found += [System(f"{name}-{DTC}", name, DTC, name) for name in config.distill_then_convert]
    return found + [System(f"{name}-{ALONE}", name, ALONE, name) for name in config.alone]


def variant_name(name: str, variant: Variant) -> str:
    """Returns the name of a student that is distilled otherwise."""
    return f"{variant.attention}-{name}"


def every_seed(config: Replicate) -> list[int]:
    """Returns the seeds of the matrix, and those that deepening may add."""
    seeds = list(config.seeds)
    while config.deepen is not None and len(seeds) < config.deepen.most_seeds:
        seeds.append(max(seeds) + 1)
    return seeds


def own_models(config: Replicate, seed: int) -> bool:
    """Whether a seed begins with models of its own rather than with those of the first."""
    return config.models_by_seed and seed != config.seeds[0]


def made_name(config: Replicate, model: str, seed: int) -> str:
    """Returns the name of the model that cells of a seed begin with."""
    return f"{model}.seed-{seed}" if own_models(config, seed) else model


def variant_systems(config: Replicate) -> dict[str, System]:
    """Returns the students that are distilled otherwise, by what they have of their own."""
    return {
        name: System(variant_name(name, one), one.attention, VARIANT, one.attention, name.replace("-", " "))
        for name, one in config.variants.items()
    }


def made_systems(config: Replicate) -> list[System]:
    """Lists the models that are made before any fine-tuning, variants last."""
    return [*systems_of(config), *variant_systems(config).values()]


def all_systems(config: Replicate) -> list[System]:
    """Lists every model of the tables, those that are fine-tuned otherwise last."""
    return [*made_systems(config), *taught_systems(config).values()]


def some_tasks(config: Replicate) -> dict[str, tuple[str, ...]]:
    """Returns the tasks of the students that are not scored on all of them."""
    variants = {variant_name(name, one): one.tasks for name, one in config.variants.items()}
    return variants | {taught.name: taught.tasks for taught in config.taught}


def taught_systems(config: Replicate) -> dict[str, System]:
    """Returns the models that are fine-tuned otherwise, each held against what its usual self is held against."""
    known = {system.name: system for system in made_systems(config)}
    found = {}
    for taught in config.taught:
        usual = known[taught.student]
        order = TAUGHT if taught.teacher else TEACHER if usual.teacher is None else LONGER
        teacher, variant = (usual.teacher or usual.name, _HALVED) if taught.halved else (usual.teacher, None)
        if taught.called is not None:
            own = variant or (ORDERS[TAUGHT] if taught.teacher else usual.variant or ORDERS[usual.order])
            variant = f"{own}, {taught.called.replace('-', ' ')}"
        found[taught.name] = System(taught.name, usual.attention, order, teacher, variant)
    return found


def students(config: Replicate, order: str | None = None) -> list[System]:
    """Lists the students, of one order or of all, those in windows last; the control without a teacher is none.

    Those distilled otherwise or taught on a task are among them, for those are repairs that are proposed.
    """
    found = [s for s in all_systems(config) if s.teacher is not None and s.order != ALONE]
    found.sort(key=lambda system: system.attention == WINDOWS)
    return [s for s in found if order is None or s.order == order]


def is_efficient(system: System) -> bool:
    """Whether it has efficient attention; full attention, whole or in windows, is a baseline."""
    return system.attention not in (WINDOWS, FULL)
