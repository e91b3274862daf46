"""Scoring a model on a task: fine-tuned where it has no head, predicted, scored, with the predictions kept beside."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from gonerd.errors import GonerdError, UsageError
from gonerd.files import only_writer, read_json
from gonerd.models.allocator import keep_freed_memory
from gonerd.models.distill.processes import processes
from gonerd.models.finetuning.batching import Batching

from .finetune import neutral
from .naming import cell_name, seeded_name
from .places import Place
from .prediction import predict_examples
from .prediction_cache import PredictionCache
from .results import write_result
from .run_result import scored_result
from .schema import ScoresResult, parse
from .subject import Subject, bears_head, open_subject
from .tasks import TASKS, Loaded
from .tuning import TuneSettings, is_tuned, tuned

MODELS, CACHE = "models", "cache"


@dataclass(frozen=True)
class RunSettings:
    """How to evaluate.

    Attributes:
        max_length: Positions in a window; what the model was fine-tuned with, or its longest, when None.
        stride: Positions that windows share; likewise.
        batch_size: Windows run at once; None for as many as fill a batch, fewer where memory does not hold them.
        limit: Score the first examples only.
        int8: Compute the dense layers in 8-bit integers.
        seed: Seed of a fine-tuning, which then stands in the model's name; seed 0, unnamed, when None.
        epochs: Passes over the training data, where a model is fine-tuned; the task's own when None.
        train_limit: Fine-tune on the first examples only.
        bf16: Whether fine-tuning computes layers in bf16; where a GPU can when None.
    """

    max_length: int | None = None
    stride: int | None = None
    batch_size: int | None = None
    limit: int | None = None
    int8: bool = False
    seed: int | None = None
    epochs: float | None = None
    train_limit: int | None = None
    bf16: bool | None = None

    @property
    def opening(self) -> dict[str, Any]:
        """What opening a model depends on."""
        return {"max_length": self.max_length, "stride": self.stride, "int8": self.int8}

    @property
    def tuning(self) -> TuneSettings:
        """How a model without a head is fine-tuned."""
        return TuneSettings(self.max_length, self.stride, self.epochs, self.train_limit, self.seed or 0, self.bf16)


def evaluate_model(
    model_or_id: str | Path, out: Path, place: Place | None = None, settings: RunSettings | None = None
) -> ScoresResult:
    """Scores one model on one task and writes `OUT/MODEL.TASK.SPLIT.json`, the predictions beside it.

    A run that was killed goes on: fine-tuned models lie in `OUT/models`, predictions in `OUT/cache`. Under
    `accelerate launch` each process predicts its share, and the first one scores and writes.

    Args:
        model_or_id: Folder or hub id.
        out: Folder of the results.
        place: The task with its data; the packaged release when None.
        settings: How to evaluate.

    Returns:
        What was written.

    Raises:
        UsageError: Window and stride do not fit, or `out` holds a result of that name over something else.
        GonerdError: Model or data cannot be loaded, do not fit each other, or the model gives no numbers.
    """
    settings = settings or RunSettings()
    place = place or Place("gonerd", TASKS.get("gonerd"))
    name, state = cell_name(model_or_id, place, settings.seed), processes()
    keep_freed_memory()
    loaded = place.load(limit=settings.limit)
    _check_answered(place, loaded)
    path = out / f"{name}.json"
    _check_overwrite(path, str(model_or_id), place, loaded, settings)
    with only_writer(out / CACHE / name) if state.is_main_process else nullcontext():
        source = headed(model_or_id, place, out, settings)
        subject = open_subject(source, place.task, loaded.examples, **settings.opening)
        cache = cache_of(subject, place, loaded, out / CACHE / name, settings.int8, state.process_index)
        examples = [neutral(example) for example in loaded.examples]
        share = (state.process_index, state.num_processes)
        predict_examples(subject, examples, cache, Batching(settings.batch_size), share)
        state.wait_for_everyone()
        result, matched = scored_result(model_or_id, place, settings, loaded, subject, cache.read())
        if state.is_main_process:
            write_result(path, result, matched)
        state.wait_for_everyone()
    return result


def headed(model_or_id: str | Path, place: Place, out: Path, settings: RunSettings) -> str | Path:
    """Returns the model, or the one that is fine-tuned from it where it has no head for the task.

    Raises:
        UsageError: Several processes run, and it is not fine-tuned yet.
        GonerdError: It cannot be fine-tuned.
    """
    if bears_head(model_or_id, place.task):
        return model_or_id
    folder = tuned_folder(model_or_id, place, out, settings)
    if processes().num_processes == 1:
        return tuned(model_or_id, place, folder, settings.tuning)
    if not is_tuned(model_or_id, place, folder, settings.tuning):
        raise UsageError(
            f"{model_or_id}: has no head for task {place.name!r}, and examples are predicted in several processes, but "
            "fine-tuned in one; run the same command without accelerate launch first"
        )
    return folder


def tuned_folder(model_or_id: str | Path, place: Place, out: Path, settings: RunSettings) -> Path:
    """Returns where a model lies that is fine-tuned here."""
    return out / MODELS / f"{seeded_name(model_or_id, settings.seed)}.{place.name}"


def cache_of(
    subject: Subject, place: Place, loaded: Loaded, folder: Path, int8: bool, process: int = 0
) -> PredictionCache:
    """Returns the cache of just this model, task, data and settings."""
    facts = {
        "task": place.task.name,
        "task_version": place.task.version,
        "dataset_sha256": loaded.dataset["sha256"],
        **subject.facts(int8=int8),
    }
    return PredictionCache(folder, facts, process)


def _check_answered(place: Place, loaded: Loaded) -> None:
    """Refuses a split that cannot be scored, before any model is run."""
    open_ones = [example.id for example in loaded.examples if place.task.gold(example) is None]
    if open_ones:
        raise GonerdError(
            f"task {place.name!r}: split {place.split!r} has no public answers ({len(open_ones)} examples, "
            f"{open_ones[0]!r} for one); name another --split"
        )


def _check_overwrite(path: Path, model: str, place: Place, loaded: Loaded, settings: RunSettings) -> None:
    """A result may be measured again or on more examples, but never replaced by one of another model or other data."""
    if not path.exists():
        return
    before = parse(read_json(path, "remove it"), str(path))
    if not isinstance(before, ScoresResult):
        raise UsageError(f"{path}: holds a result of another kind; choose another --out")
    pairs: Mapping[str, tuple[Any, Any]] = {
        "model": (before.model.path, model),
        "data": (before.dataset.sha256 or loaded.dataset["sha256"], loaded.dataset["sha256"]),
        "int8": (before.settings.int8, settings.int8),
    }
    for name, (then, now) in pairs.items():
        if then != now:
            raise UsageError(f"{path}: holds a result with {name} {then!r}, not {now!r}; choose another --out")
    if before.counts.scored > len(loaded.examples):
        raise UsageError(
            f"{path}: holds a result over {before.counts.scored} examples, more than {len(loaded.examples)}; choose "
            "another --out"
        )
