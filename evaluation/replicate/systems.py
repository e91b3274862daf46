"""The models that are scored: what each is, and what it is held against."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .config import Replicate

ENCODER, ENCODER_STUDENT = "encoder", "encoder-student"
CTD, DTC, ALONE, DISTILLED, TAUGHT = "ctd", "dtc", "alone", "kd", "td"
TEACHER, WINDOWS, FULL = "teacher", "windows", "full"
ORDERS = {
    TEACHER: "teacher",
    CTD: "Convert-Then-Distill",
    DTC: "Distill-Then-Convert",
    DISTILLED: "distilled",
    ALONE: "no teacher",
    TAUGHT: "task distillation",
}


@dataclass(frozen=True)
class System:
    """A model that is scored.

    Attributes:
        name: Its folder's, and what results call it.
        attention: Its attention; `WINDOWS` for full attention in windows of the encoder's length.
        order: One of `ORDERS`: how it came about.
        teacher: Name of the model that it is held against; None for a teacher.
    """

    name: str
    attention: str
    order: str
    teacher: str | None = None

    @property
    def title(self) -> str:
        """What tables call it."""
        what = "full in windows" if self.attention == WINDOWS else self.attention
        return f"{what}, {ORDERS[self.order]}"


def systems_of(config: Replicate) -> list[System]:
    """Lists the models that are scored, the baselines first; not those taught on a task, which are `Taught`."""
    found = [System(ENCODER, WINDOWS, TEACHER), System(ENCODER_STUDENT, WINDOWS, DISTILLED, ENCODER)]
    found += [System(name, name, TEACHER) for name in config.attentions]
    found += [System(f"{name}-{CTD}", name, CTD, name) for name in config.attentions]
    found += [System(f"{name}-{DTC}", name, DTC, name) for name in config.distill_then_convert]
    return found + [System(f"{name}-{ALONE}", name, ALONE, name) for name in config.alone]


def taught_systems(config: Replicate) -> dict[str, System]:
    """Returns the students that are taught on tasks, each held against what its untaught self is held against."""
    known = {system.name: system for system in systems_of(config)}
    found = {}
    for taught in config.taught:
        student = known[taught.student]
        found[taught.name] = System(taught.name, student.attention, TAUGHT, student.teacher)
    return found


def students(config: Replicate, order: str | None = None) -> list[System]:
    """Lists the students, of one order or of all, those in windows last; the control without a teacher is none.

    Those taught on a task are among them, for that is a repair that is proposed.
    """
    found = [s for s in systems_of(config) if s.teacher is not None and s.order != ALONE]
    found += taught_systems(config).values()
    found.sort(key=lambda system: system.attention == WINDOWS)
    return [s for s in found if order is None or s.order == order]


def is_efficient(system: System) -> bool:
    """Whether it has efficient attention; full attention, whole or in windows, is a baseline."""
    return system.attention not in (WINDOWS, FULL)
