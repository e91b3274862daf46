"""What a replication is made of, as written in YAML."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Any

from pydantic import Field

from gonerd.errors import UsageError, unknown_name
from gonerd.models.attention import ATTENTION
from gonerd.models.settings import checked
from gonerd.options import read_mapping

from .settings import Attention, Budgets, Deepen, Encoder, Strict, Taught, Text, Times, Variant
from .systems import made_systems, variant_name
from .task_settings import TaskSettings

NAME = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")


class Replicate(Strict):
    """A replication. Paths are relative to the file.

    Attributes:
        name: Its name.
        seed: Seed of conversion, text and distillation.
        results: Folder of the results that are meant to be kept, by document and without texts.
        document: Markdown file written from them; RESULTS.md in the working folder when None.
        data_root: Folder that the data of tasks and the text of a mix lie below.
        max_length: Tokens that every efficient model takes, in windows of fine-tuning too.
        encoder: Where everything begins.
        corpus: The text.
        attentions: The teachers, by attention.
        layers: Which layers a student keeps.
        losses: Of the distillation; DistilBERT's when None.
        training: How long everything trains.
        distill_then_convert: Attentions for which the other order is run too.
        alone: Attentions whose student is trained without a teacher too.
        variants: Students distilled otherwise in one thing, by what that is called.
        taught: Students fine-tuned with their teacher's answers as well.
        tasks: The tasks, in the order of the tables.
        seeds: Of fine-tuning, the matrix whole with one before the next.
        deepen: What follows.
        bf16: Whether fine-tuning computes layers in bf16; where a GPU can when None.
        efficiency: What is measured of time and memory.
        keep_models: Whether fine-tuned models stay once they were scored.
    """

    name: str
    seed: int = Field(0, ge=0)
    results: Path
    document: Path | None = None
    data_root: Path = Path(".")
    max_length: int = Field(2048, ge=8)
    encoder: Encoder = Encoder()
    corpus: Text
    attentions: dict[str, Attention] = Field(min_length=1)
    layers: str | tuple[int, ...] = "every-other"
    losses: dict[str, dict[str, Any]] | None = None
    training: Budgets
    distill_then_convert: tuple[str, ...] = ()
    alone: tuple[str, ...] = ()
    variants: dict[str, Variant] = Field({})
    taught: tuple[Taught, ...] = ()
    tasks: dict[str, TaskSettings] = Field(min_length=1)
    seeds: tuple[int, ...] = Field((0,), min_length=1)
    deepen: Deepen | None = None
    bf16: bool | None = None
    efficiency: tuple[Times, ...] = ()
    keep_models: bool = True


def read_replicate(path: Path, data_root: Path | None = None) -> Replicate:
    """Reads a configuration; its paths come back as they are seen from the working directory.

    Args:
        path: A YAML file.
        data_root: In place of the file's.

    Raises:
        UsageError: The file cannot be read, or a key, name or value is impossible; the message names file and field.
    """
    values = read_mapping(path)
    for key in ("attentions", "tasks"):  # an entry that says nothing is one of defaults
        if isinstance(values.get(key), dict):
            values[key] = {name: {} if said is None else said for name, said in values[key].items()}
    found = checked(Replicate, values, str(path))
    try:
        _check_names(found)
    except UsageError as error:
        raise UsageError(f"{path}: {error}") from error
    root = data_root or _beside(path, found.data_root.expanduser())
    placed: dict[str, Any] = {"results": _beside(path, found.results), "data_root": root}
    placed["document"] = _beside(path, found.document) if found.document else None
    placed["corpus"] = _text_beside(path, found.corpus)
    placed["variants"] = {
        name: one.model_copy(update={"corpus": _text_beside(path, one.corpus)}) if one.corpus else one
        for name, one in found.variants.items()
    }
    return found.model_copy(update=placed)


def _beside(path: Path, named: Path) -> Path:
    return Path(os.path.normpath(path.parent / named))


def _text_beside(path: Path, text: Text) -> Text:
    return text.model_copy(update={"recipe": _beside(path, text.recipe)}) if text.recipe is not None else text


def _check_names(found: Replicate) -> None:
    for name, attention in found.attentions.items():
        options = attention.options if attention.window is None else {**attention.options, "window": attention.window}
        ATTENTION.get(name).read_options(options)
        if attention.pretrain and found.training.converted is None:
            raise UsageError(f"attention {name!r} says 'pretrain'; say how long in 'training.converted'")
    for key in ("distill_then_convert", "alone"):
        for name in getattr(found, key):
            if name not in found.attentions:
                raise unknown_name(f"attention of key {key!r}", name, found.attentions)
    if len(set(found.seeds)) < len(found.seeds) or min(found.seeds) < 0:
        raise UsageError(f"key 'seeds' is {list(found.seeds)}; give different whole numbers, none below 0")
    for name, task in found.tasks.items():
        task.place(name, found.data_root).check_apart()
        if task.after is not None and task.after not in list(found.tasks)[: list(found.tasks).index(name)]:
            raise UsageError(f"task {name!r} comes after {task.after!r}, which is no task before it")
    _check_variants(found)
    _check_taught(found)


def _check_variants(found: Replicate) -> None:
    others = [system.name for system in made_systems(found.model_copy(update={"variants": {}}))]
    for name, variant in found.variants.items():
        where = f"key 'variants', {name!r}"
        if not NAME.fullmatch(name):
            raise UsageError(f"{where}: name it in small letters, digits and dashes, as folders bear the name")
        if variant.attention not in found.attentions:
            raise unknown_name(f"attention of {where}:", variant.attention, found.attentions)
        if variant_name(name, variant) in others:
            raise UsageError(f"{where}: {variant_name(name, variant)!r} is another student; name it otherwise")
        for task in variant.tasks:
            if task not in found.tasks:
                raise unknown_name(f"task of {where}:", task, found.tasks)
            before = found.tasks[task].after
            if before is not None and before not in variant.tasks:
                raise UsageError(f"{where}: {task!r} comes after {before!r}, so name that as well")


def _check_taught(found: Replicate) -> None:
    known = [system.name for system in made_systems(found)]
    for taught in found.taught:
        for role in ("student", "teacher"):
            if getattr(taught, role) not in known:
                raise unknown_name(f"{role} of key 'taught'", getattr(taught, role), known)
        for task in taught.tasks:
            if task not in found.tasks:
                raise unknown_name("task of key 'taught'", task, found.tasks)
    names = [taught.name for taught in found.taught]
    if twice := next((name for name in names if names.count(name) > 1), None):
        raise UsageError(f"key 'taught' names two of {twice!r}; put their tasks together")
