"""The models of a replication, as steps of conversion, halving and training."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from gonerd.models.distill.distiller import DISTILBERT
from gonerd.models.distill.steps import Step
from gonerd.models.distill.steps.configure import Configure
from gonerd.models.distill.steps.convert import Convert
from gonerd.models.distill.steps.distill import Distill
from gonerd.models.distill.steps.halve import Halve
from gonerd.models.distill.steps.pretrain import Pretrain

from .places import Folders, source_of
from .systems import ALONE, CTD, DTC, ENCODER, ENCODER_STUDENT, variant_name

if TYPE_CHECKING:
    from .config import Replicate


def steps_of(config: Replicate, folders: Folders) -> Iterator[Step]:
    """Yields the steps: the encoder, all teachers, then all students.

    Raises:
        GonerdError: The packaged encoder is not installed.
    """
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
