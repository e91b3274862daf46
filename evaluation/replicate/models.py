"""The models of a replication: one recipe of conversion, halving and training, and what each of its results is."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from gonerd.models.distill import Recipe
from gonerd.models.distill.distiller import DISTILBERT
from gonerd.models.distill.steps import Step
from gonerd.models.distill.steps.configure import Configure
from gonerd.models.distill.steps.convert import Convert
from gonerd.models.distill.steps.distill import Distill
from gonerd.models.distill.steps.halve import Halve
from gonerd.models.distill.steps.pretrain import Pretrain

from .places import Folders, source_of

if TYPE_CHECKING:
    from .config import Replicate

ENCODER, ENCODER_STUDENT = "encoder", "encoder-student"
CTD, DTC, ALONE, DISTILLED, TAUGHT = "ctd", "dtc", "alone", "kd", "td"
TEACHER, WINDOWS = "teacher", "windows"
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


def recipe_of(config: Replicate, folders: Folders) -> Recipe:
    """Returns the recipe that makes every model.

    Raises:
        GonerdError: The packaged encoder is not installed.
    """
    return Recipe(name=config.name, seed=config.seed, steps=tuple(_steps(config, folders)))


def needed(steps: Sequence[Step], name: str) -> list[Step]:
    """Returns a step with all that it is made from, in order."""
    by_name = {step.name: step for step in steps}
    wanted: set[str] = set()
    waiting = [name]
    while waiting:
        one = waiting.pop()
        if one in by_name and one not in wanted:
            wanted.add(one)
            waiting += [by_name[one].model, getattr(by_name[one], "teacher", "")]
    return [step for step in steps if step.name in wanted]


def _steps(config: Replicate, folders: Folders) -> Iterator[Step]:
    """Yields the steps: the encoder, all teachers, then all students."""
    yield from _encoder(config, folders)
    for name in config.attentions:
        yield from _teacher(config, folders, name)
    text = {"corpus": folders.corpus(config.max_length), "losses": config.losses or DISTILBERT}
    for name in config.attentions:
        yield Halve(name=f"{name}-start", model=name, layers=config.layers)
        yield Distill(
            name=f"{name}-{CTD}", model=f"{name}-start", teacher=name, training=config.training.student, **text
        )
    yield Halve(name=f"{ENCODER}-start", model=ENCODER, layers=config.layers)
    yield Distill(
        name=ENCODER_STUDENT,
        model=f"{ENCODER}-start",
        teacher=ENCODER,
        training=config.training.short,
        **{**text, "corpus": folders.short_corpus},
    )
    for name in config.distill_then_convert:
        yield from _converted(config, folders, name, ENCODER_STUDENT, f"{name}-{DTC}", config.training.reconverted)
    for name in config.alone:
        yield Pretrain(
            name=f"{name}-{ALONE}",
            model=f"{name}-start",
            corpus=folders.corpus(config.max_length),
            training=config.training.student,
        )


def _encoder(config: Replicate, folders: Folders) -> Iterator[Step]:
    told, training = config.encoder, config.training.encoder
    first = ENCODER if training is None else f"{ENCODER}-plain"
    yield Configure(name=first, model=source_of(told.model), revision=told.revision, fields=told.fields)
    if training is not None:
        yield Pretrain(name=ENCODER, model=first, corpus=folders.short_corpus, training=training)


def _teacher(config: Replicate, folders: Folders, name: str) -> Iterator[Step]:
    training = config.training.converted if config.attentions[name].pretrain else None
    yield from _converted(config, folders, name, ENCODER, name, training)


def _converted(
    config: Replicate, folders: Folders, attention: str, source: str, name: str, training: Any
) -> Iterator[Step]:
    """Converts to an attention and, where it trains, goes on with masked language modelling."""
    told = config.attentions[attention]
    public = told.model if name == attention else None
    first = name if training is None else f"{name}-converted"
    yield Convert(
        name=first,
        model=public or source,
        revision=told.revision if public else None,
        attention=attention,
        max_length=config.max_length,
        window=told.window,
        options=told.options,
    )
    if training is not None:
        yield Pretrain(name=name, model=first, corpus=folders.corpus(config.max_length), training=training)
