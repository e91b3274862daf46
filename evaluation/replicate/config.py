"""What a replication is made of, as written in YAML."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from pydantic import Field

from gonerd.errors import UsageError
from gonerd.models.halving import Choice
from gonerd.models.losses import Losses
from gonerd.models.settings import checked
from gonerd.options import read_mapping

from .naming import check_names
from .settings import Attention, Budgets, Deepen, Encoder, Strict, Text, Times
from .student_settings import Taught, Variant
from .task_settings import TaskSettings


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
        taught: Models fine-tuned with a teacher's answers, or in more passes, as well.
        tasks: The tasks, in the order of the tables.
        seeds: Of fine-tuning, the matrix whole with one before the next.
        models_by_seed: Whether each further seed begins with models of its own, trained with it from the encoder on;
            otherwise it fine-tunes those of the first again.
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
    layers: Choice = "every-other"
    losses: Losses | None = None
    training: Budgets
    distill_then_convert: tuple[str, ...] = ()
    alone: tuple[str, ...] = ()
    variants: dict[str, Variant] = Field({})
    taught: tuple[Taught, ...] = ()
    tasks: dict[str, TaskSettings] = Field(min_length=1)
    seeds: tuple[int, ...] = Field((0,), min_length=1)
    models_by_seed: bool = False
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
        check_names(found)
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
