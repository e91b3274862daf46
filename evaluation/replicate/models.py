"""The models of a replication, made by one recipe of conversion, halving and training."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from gonerd.models.distill import Recipe
from gonerd.models.distill.distiller import DISTILBERT
from gonerd.models.distill.steps import STEPS, Step
from gonerd.models.distill.steps.configure import Configure
from gonerd.models.distill.steps.convert import Convert
from gonerd.models.distill.steps.distill import Distill
from gonerd.models.distill.steps.halve import Halve
from gonerd.models.distill.steps.pretrain import Pretrain

from .places import Folders, source_of
from .systems import ALONE, CTD, DTC, ENCODER, ENCODER_STUDENT, made_name, own_models, variant_name

if TYPE_CHECKING:
    from .config import Replicate


def recipe_of(config: Replicate, folders: Folders, seed: int | None = None) -> Recipe:
    """Returns the recipe that makes every model.

    Args:
        config: The configuration.
        folders: Where everything lies.
        seed: For which seed, where each has models of its own; that of the first when None.

    Raises:
        GonerdError: The packaged encoder is not installed.
    """
    steps = tuple(_steps(config, folders))
    if seed is None or not own_models(config, seed):
        return Recipe(name=config.name, seed=config.seed, steps=steps)
    names = {step.name: made_name(config, step.name, seed) for step in steps}
    renamed = (
        step.model_copy(
            update={
                key: names.get(told, told)
                for key in ("name", "model", "teacher")
                if (told := getattr(step, key, None)) is not None
            }
        )
        for step in steps
    )
    return Recipe(name=config.name, seed=seed, steps=tuple(renamed))


def recipes_of(config: Replicate, folders: Folders) -> list[Recipe]:
    """Returns a recipe for each seed that has models of its own, that of the first before the others."""
    return [recipe_of(config, folders), *(recipe_of(config, folders, s) for s in config.seeds if own_models(config, s))]


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


def tokens_of(step: Step) -> int:
    """Returns the tokens that a step reads in training: rows are packed full."""
    if not isinstance(step, Pretrain):
        return 0
    told = step.training
    return told.steps * told.batch_size * told.accumulation * int(step.corpus.name.rpartition("-")[2])


def kind_of(step: Step) -> str:
    """Returns the name that a step's kind has in recipes."""
    return next(name for name in STEPS.names() if STEPS.get(name) is type(step))


def made_by(settings: Mapping[str, Any]) -> Step:
    """Returns the step that a model's note states."""
    told = {key: value for key, value in settings.items() if key not in ("step", "seed")}
    return STEPS.get(settings["step"]).model_validate(told)


def _steps(config: Replicate, folders: Folders) -> Iterator[Step]:
    """Yields the steps: the encoder, all teachers, then all students."""
    yield from _encoder(config, folders)
    for name in config.attentions:
        yield from _teacher(config, folders, name)
    losses, told = config.losses or DISTILBERT, config.training
    long, short = folders.corpus(config.max_length), folders.short_corpus
    for name in config.attentions:
        start = f"{name}-start"
        yield Halve(name=start, model=name, layers=config.layers)
        yield Distill(
            name=f"{name}-{CTD}", model=start, teacher=name, losses=losses, corpus=long, training=told.student
        )
    start = f"{ENCODER}-start"
    yield Halve(name=start, model=ENCODER, layers=config.layers)
    unconverted = ENCODER_STUDENT if told.unconverted is None else f"{ENCODER}-unconverted"
    for name, training in {unconverted: told.unconverted, ENCODER_STUDENT: told.short}.items():
        if training is not None and (name == ENCODER_STUDENT or config.distill_then_convert):
            yield Distill(name=name, model=start, teacher=ENCODER, losses=losses, corpus=short, training=training)
    for name in config.distill_then_convert:
        yield from _converted(config, folders, name, unconverted, f"{name}-{DTC}", told.reconverted)
    for name in config.alone:
        yield Pretrain(name=f"{name}-{ALONE}", model=f"{name}-start", corpus=long, training=told.student)
    yield from _variants(config, folders)


def _variants(config: Replicate, folders: Folders) -> Iterator[Step]:
    """Yields the students that differ from that of Convert-Then-Distill in one thing."""
    for key, variant in config.variants.items():
        name, start = variant_name(key, variant), f"{variant.attention}-start"
        if variant.layers is not None:
            start = f"{name}-start"
            yield Halve(name=start, model=variant.attention, layers=variant.layers)
        yield Distill(
            name=name,
            model=start,
            teacher=variant.attention,
            losses=variant.losses or config.losses or DISTILBERT,
            corpus=folders.corpus(config.max_length, key if variant.corpus else None),
            training=variant.training or config.training.student,
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
