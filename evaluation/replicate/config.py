"""What a replication is made of, as written in YAML."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from gonerd.errors import UsageError, unknown_name
from gonerd.evaluation.tasks import TASKS
from gonerd.models.attention import ATTENTION
from gonerd.models.distill.training import Training
from gonerd.models.settings import checked
from gonerd.options import read_mapping

from .task_settings import TaskSettings

PACKAGED = "packaged"
SHORT = 512


class Strict(BaseModel):
    """A part of the configuration."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Encoder(Strict):
    """Where everything begins.

    Attributes:
        model: Folder or hub id; "packaged" for that of `gonerd models teacher`.
        revision: Commit, tag or branch of a hub id.
        fields: Fields of the configuration to change, for instance the dropout.
    """

    model: str = PACKAGED
    revision: str | None = None
    fields: dict[str, Any] = {}


class Attention(Strict):
    """A teacher.

    Attributes:
        model: Folder or hub id of public weights of this attention; converted from the encoder when None.
        revision: Commit, tag or branch of a hub id.
        window: Width of the local window; the pattern's own when None.
        options: Further options of the pattern.
        pretrain: Whether it goes on with masked language modelling after the conversion.
    """

    model: str | None = None
    revision: str | None = None
    window: int | None = Field(None, ge=1)
    options: dict[str, Any] = {}
    pretrain: bool = False


class Text(Strict):
    """The text of pretraining and distillation.

    Attributes:
        recipe: YAML file of `gonerd models corpus`, beside this one; or
        mix: the same written here, paths below `data_root`.
        tokens: Stop after this many, in place of the recipe's.
    """

    recipe: Path | None = None
    mix: dict[str, Any] | None = None
    tokens: int | None = Field(None, ge=1)

    @model_validator(mode="after")
    def _one_place(self) -> Self:
        if (self.recipe is None) == (self.mix is None):
            raise ValueError("name either 'recipe' or 'mix'")
        return self


class Budgets(Strict):
    """How long everything trains.

    Attributes:
        student: Convert-Then-Distill, and the control without a teacher, on long rows.
        short: The student of Distill-Then-Convert, on rows of the encoder's length.
        encoder: Masked language modelling of the encoder itself, on short rows; none when None.
        converted: Of attentions that say `pretrain`, on long rows.
        reconverted: After the conversion of Distill-Then-Convert, on long rows; none when None.
    """

    student: Training
    short: Training
    encoder: Training | None = None
    converted: Training | None = None
    reconverted: Training | None = None


class Taught(Strict):
    """A student that is fine-tuned with its teacher's answers, beside the one that is not.

    Attributes:
        student: Name of the student.
        teacher: Name of the model whose fine-tuned form of the same seed teaches.
        tasks: Tasks for which this is done.
        distill_weight: Share of the teacher's soft targets in the loss.
        temperature: What both models' logits are divided by.
        state_losses: Losses over hidden states by their names.
    """

    student: str
    teacher: str
    tasks: tuple[str, ...] = Field(min_length=1)
    distill_weight: float = Field(0.5, ge=0, le=1)
    temperature: float = Field(2.0, gt=0)
    state_losses: dict[str, dict[str, Any]] = {}

    @property
    def name(self) -> str:
        """What results call the student."""
        return f"{self.student}-td"


class Times(Strict):
    """A measuring of time and memory.

    Attributes:
        max_length: Tokens that the measured models are made to take.
        lengths: Tokens of the texts.
        models: Models to measure, patterns allowed; all teachers and students when empty.
        baselines: What stands beside each teacher.
        batches: Texts in a batch.
        repeats: Timed passes in a cell.
        malloc: Settings of the C allocator.
        dtype: Type of the weights.
        threads: Threads of each process; as many as torch takes when None.
    """

    max_length: int = Field(4096, ge=1)
    lengths: tuple[int, ...] = (512, 1024, 2048, 4096)
    models: tuple[str, ...] = ()
    baselines: tuple[str, ...] = ("huggingface", "full", "windows")
    batches: tuple[int, ...] = (1,)
    repeats: int = Field(5, ge=1)
    malloc: tuple[str, ...] = ("default",)
    dtype: str = "float32"
    threads: int | None = Field(None, ge=1)


class Deepen(Strict):
    """Further seeds where intervals are widest, once every cell has its number.

    Attributes:
        most_seeds: Most seeds of a cell, those of the matrix counted.
        models: Students that may get some, patterns allowed; all when empty.
    """

    most_seeds: int = Field(ge=1)
    models: tuple[str, ...] = ()


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
        taught: Students fine-tuned with their teacher's answers as well.
        tasks: The tasks, in the order of the tables.
        seeds: Of fine-tuning, the matrix whole with one before the next.
        deepen: What follows.
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
    taught: tuple[Taught, ...] = ()
    tasks: dict[str, TaskSettings] = Field(min_length=1)
    seeds: tuple[int, ...] = Field((0,), min_length=1)
    deepen: Deepen | None = None
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
    here = path.parent
    placed = {"results": here / found.results, "data_root": data_root or here / found.data_root.expanduser()}
    placed["document"] = here / found.document if found.document else None
    text = found.corpus
    if text.recipe is not None:
        placed["corpus"] = text.model_copy(update={"recipe": here / text.recipe})
    return found.model_copy(update=placed)


def _check_names(found: Replicate) -> None:
    for key in ("distill_then_convert", "alone"):
        for name in getattr(found, key):
            if name not in found.attentions:
                raise unknown_name(f"attention of key {key!r}", name, found.attentions)
    for name, attention in found.attentions.items():
        options = attention.options if attention.window is None else {**attention.options, "window": attention.window}
        ATTENTION.get(name).read_options(options)
        if attention.pretrain and found.training.converted is None:
            raise UsageError(f"attention {name!r} says 'pretrain'; say how long in 'training.converted'")
    if len(set(found.seeds)) < len(found.seeds) or min(found.seeds) < 0:
        raise UsageError(f"key 'seeds' is {list(found.seeds)}; give different whole numbers, none below 0")
    for name, task in found.tasks.items():
        TASKS.get(task.task or name)
        if task.after is not None and task.after not in list(found.tasks)[: list(found.tasks).index(name)]:
            raise UsageError(f"task {name!r} comes after {task.after!r}, which is no task before it")
    _check_taught(found)


def _check_taught(found: Replicate) -> None:
    from .models import systems_of

    known = [system.name for system in systems_of(found)]
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
