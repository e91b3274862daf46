"""Which cells there are: for each batch size, length and setting of the allocator a group, whose cells take turns."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import chain
from typing import Any, Literal

from gonerd.errors import UsageError, unknown_name
from gonerd.evaluation.baselines import BASELINES
from gonerd.models.allocator import MALLOC

LENGTHS = (512, 1024, 2048, 4096)
DTYPES = ("float32", "bfloat16", "float16")
# Fields of a configuration that decide what Hugging Face's code can compute.
SIZES = ("attention_type", "block_size", "num_random_blocks", "num_landmarks", "segment_means_seq_len")

Key = tuple[str, int, int]  # of a group: setting of the allocator, batch size, length


@dataclass(frozen=True)
class EfficiencySettings:
    """What to measure.

    Attributes:
        lengths: Tokens in a text.
        batches: Texts in a batch.
        repeats: Timed passes in a cell.
        baselines: What stands beside each model; None for all that there are.
        beside: Names of the models that baselines stand beside; None for each. A mapping from such a name to its own
            baselines takes the place of `baselines`.
        malloc: Settings of the C allocator: "default", "tuned".
        threads: Threads of each process; as many as torch takes when None.
        dtype: Type of the weights.
        seed: Seed of the random tokens, and of random weights.
        retry: Whether groups are measured again in which a cell failed before.
    """

    lengths: tuple[int, ...] = LENGTHS
    batches: tuple[int, ...] = (1,)
    repeats: int = 5
    baselines: tuple[str, ...] | None = None
    beside: tuple[str, ...] | Mapping[str, tuple[str, ...]] | None = None
    malloc: tuple[str, ...] = ("default",)
    threads: int | None = None
    dtype: str = "float32"
    seed: int = 0
    retry: bool = False

    def check(self) -> None:
        """Raises a UsageError that names what cannot be."""
        if not self.lengths or not self.batches or min(*self.lengths, *self.batches, self.repeats) < 1:
            raise UsageError("efficiency needs at least one length, one batch size and one repeat, all above 0")
        named = self.beside.values() if isinstance(self.beside, Mapping) else ()
        for name in chain(self.baselines or (), *named):
            BASELINES.get(name)
        for name in self.malloc:
            if name not in MALLOC:
                raise unknown_name("malloc", name, (*MALLOC, "both"))
        if self.dtype not in DTYPES:
            raise unknown_name("dtype", self.dtype, DTYPES)


@dataclass(frozen=True)
class Facts:
    """What is known of a model before it is measured.

    Attributes:
        source: Folder or hub id.
        model_type: As its configuration states it.
        pattern: Its attention pattern; None where none knows it.
        longest: Tokens that it takes.
        sizes: Those of `SIZES` that its configuration states.
        weights_sha256: Hash of its weights.
        disk_bytes: Its safetensors files; None where they cannot be found.
        device: Where cells will run.
    """

    source: str
    model_type: str
    pattern: str | None
    longest: int
    sizes: dict[str, Any]
    weights_sha256: str
    disk_bytes: int | None
    device: str


@dataclass(frozen=True)
class Planned:
    """A cell that is to be measured.

    Attributes:
        model: What it is called in results; a baseline's name is MODEL/BASELINE.
        role: Whether it is a model or stands beside one.
        baseline: Name of the baseline.
        baseline_of: Name of the model that it stands beside.
        facts: Of the model, or of the one that it stands beside.
        against: Why it cannot be measured; None where it can.
    """

    model: str
    role: Literal["model", "baseline"]
    baseline: str | None
    baseline_of: str | None
    facts: Facts
    against: str | None

    @property
    def labels(self) -> dict[str, Any]:
        """What tells the cell from the others of its group, as result files have it."""
        return {name: getattr(self, name) for name in ("model", "role", "baseline", "baseline_of")}


@dataclass(frozen=True)
class Group:
    """Cells that take turns."""

    length: int
    batch: int
    malloc: str
    cells: tuple[Planned, ...]

    @property
    def key(self) -> Key:
        """Tells it from the other groups of a file, and orders them."""
        return self.malloc, self.batch, self.length

    @property
    def place(self) -> dict[str, Any]:
        """What its cells have in common, as result files have it."""
        return {"length": self.length, "batch": self.batch, "malloc": self.malloc}

    def job(self, cell: Planned, settings: EfficiencySettings) -> dict[str, Any]:
        """What the process of a cell is told: the fields of `gonerd.evaluation.efficiency.subject.Job`."""
        asked = {"source": cell.facts.source, "baseline": cell.baseline, "longest": cell.facts.longest}
        return asked | {"length": self.length, "batch": self.batch, "seed": settings.seed, "dtype": settings.dtype}


def groups(models: dict[str, Facts], settings: EfficiencySettings) -> list[Group]:
    """Lists what to measure, the models by name, the first of them first.

    Raises:
        UsageError: A baseline is to stand beside a model that is not measured.
    """
    wanted = tuple(BASELINES.names()) if settings.baselines is None else settings.baselines
    for name in settings.beside or ():
        if name not in models:
            raise unknown_name("model of 'beside'", name, models)
    if isinstance(settings.beside, Mapping):
        beside = dict(settings.beside)
    else:
        beside = dict.fromkeys(models if settings.beside is None else settings.beside, wanted)
    return [
        Group(length, batch, malloc, tuple(_cells(models, beside, length)))
        for malloc in settings.malloc
        for batch in settings.batches
        for length in settings.lengths
    ]


def _cells(models: dict[str, Facts], beside: Mapping[str, tuple[str, ...]], length: int) -> Iterator[Planned]:
    for name, facts in models.items():
        too_long = f"takes at most {facts.longest} tokens" if length > facts.longest else None
        yield Planned(name, "model", None, None, facts, too_long)
    for name, wanted in beside.items():
        for baseline in wanted:
            against = BASELINES.get(baseline).against(models[name], length)
            yield Planned(f"{name}/{baseline}", "baseline", baseline, name, models[name], against)
