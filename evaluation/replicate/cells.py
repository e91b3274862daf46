"""Cells of the matrix: a model fine-tuned for a task with a seed, predicted and scored."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from gonerd.errors import GonerdError
from gonerd.evaluation.places import Place
from gonerd.evaluation.run import RunSettings, evaluate_model
from gonerd.evaluation.tuning import finetune_settings, training_data
from gonerd.files import read_json, write_json
from gonerd.models.finetune import finetune_task
from gonerd.models.settings import first_difference

from .models import WINDOWS, systems_of
from .places import Folders
from .publish import publish
from .task_settings import TaskSettings
from .work import DONE, OTHERWISE, TO_DO, State, Work

if TYPE_CHECKING:
    from .config import Replicate, Taught


@dataclass(frozen=True)
class Cell:
    """A cell.

    Attributes:
        config: The configuration.
        folders: Where everything lies.
        model: Name of the model that is fine-tuned.
        task: Name of the task.
        seed: Seed of the fine-tuning.
        taught: How its teacher's answers are learnt from; None for labels alone.
    """

    config: Replicate
    folders: Folders
    model: str
    task: str
    seed: int
    taught: Taught | None = None

    @property
    def system(self) -> str:
        """What its results are of."""
        return self.model if self.taught is None else self.taught.name

    @property
    def name(self) -> str:
        """What its result is called."""
        return f"{self.system}.seed-{self.seed}.{self.task}.{self.place.split}"

    @property
    def told(self) -> TaskSettings:
        """What the configuration says of the task."""
        return self.config.tasks[self.task]

    @property
    def place(self) -> Place:
        """The task with its data."""
        return self.told.place(self.task, self.config.data_root)

    @property
    def settings(self) -> RunSettings:
        """How it is run."""
        from .config import SHORT

        windowed = next(s.attention for s in systems_of(self.config) if s.name == self.model) == WINDOWS
        return self.told.run_settings(
            self.seed, min(SHORT, self.config.max_length) if windowed else self.config.max_length
        )

    @property
    def before(self) -> Cell | None:
        """The cell from whose fine-tuned model this one begins."""
        return replace(self, task=self.told.after, taught=None) if self.told.after else None

    @property
    def teacher(self) -> Cell | None:
        """The cell whose fine-tuned model teaches."""
        return replace(self, model=self.taught.teacher, taught=None) if self.taught else None

    @property
    def folder(self) -> Path:
        """Where its fine-tuned model lies."""
        return self.folders.tuned / self.task / f"{self.system}.seed-{self.seed}"

    @property
    def mark(self) -> Path:
        """Where it is noted what it was made with, once it is done."""
        return self.folders.cells / f"{self.name}.json"

    def facts(self) -> dict[str, Any]:
        """Returns all that its result depends on, the data themselves excepted, which the result states.

        Raises:
            GonerdError: Its model is not there yet.
        """
        note = self.folders.note(self.model)
        if note is None:
            raise GonerdError(f"model/{self.model} is not made yet")
        settings = {key: value for key, value in vars(self.settings).items() if key != "seed"}
        return _plain(
            {
                "weights_sha256": note["weights_sha256"],
                "seed": self.seed,
                "task": self.told.entry.model_dump(mode="json"),
                "task_version": self.place.task.version,
                "settings": settings,
                "before": self.before.facts() if self.before else None,
                "teacher": self.teacher.facts() if self.teacher else None,
                "taught": self.taught.model_dump(mode="json", exclude={"tasks"}) if self.taught else None,
            }
        )

    def state(self) -> State:
        """Tells how it stands."""
        try:
            facts = self.facts()
        except GonerdError as error:
            return State(TO_DO, str(error))
        if not self.mark.is_file() or not (self.folders.config.results / f"{self.name}.json").is_file():
            return State(TO_DO)
        different = first_difference(facts, read_json(self.mark, f"remove {self.mark}"))
        return (
            State(OTHERWISE, f"it differs in {different!r}; pass --redo to do it again") if different else State(DONE)
        )

    def discard(self) -> None:
        """Forgets it: the result, the predictions and the fine-tuned model."""
        for folder in (self.folders.results, self.config.results):
            for path in folder.glob(f"{self.name}.*"):
                path.unlink()
        self.mark.unlink(missing_ok=True)
        shutil.rmtree(self.folders.results / "cache" / self.name, ignore_errors=True)
        shutil.rmtree(self.folder, ignore_errors=True)

    def fine_tuned(self) -> Path:
        """Returns the fine-tuned model; makes it, and what it needs, unless it lies there."""
        before, teacher, place = self.before, self.teacher, self.place
        source = self.folders.models / self.model if before is None else before.fine_tuned()
        settings = finetune_settings(place, self.settings.tuning)
        if self.taught is not None and teacher is not None:
            settings = replace(
                settings,
                teacher=teacher.fine_tuned(),
                distill_weight=self.taught.distill_weight,
                temperature=self.taught.temperature,
                state_losses=self.taught.state_losses,
            )
        data = training_data(place, self.settings.train_limit)
        finetune_task(source, data, self.folder, settings, resume=True)
        return self.folder

    def run(self) -> str:
        """Fine-tunes, predicts, scores, and keeps what may be kept."""
        facts = self.facts()
        told = RunSettings(limit=self.told.limit)  # windows are as it was fine-tuned
        result = evaluate_model(self.fine_tuned(), self.folders.results, self.place, told)
        publish(self.folders.results / f"{self.name}.json", self.config.results, model=f"models/{self.model}")
        write_json(self.mark, facts)
        if not self.config.keep_models and not self._is_needed():
            shutil.rmtree(self.folder)
        return f"score {result.score:.3f} ({result.counts.scored} examples of {result.counts.documents} documents)"

    def _is_needed(self) -> bool:
        """Whether other cells may begin from its fine-tuned model, or learn from it."""
        after = {told.after for told in self.config.tasks.values()}
        teach = {(taught.teacher, task) for taught in self.config.taught for task in taught.tasks}
        return self.task in after or (self.model, self.task) in teach

    def work(self) -> Work:
        """Returns it as a piece of work."""
        needs = [f"model/{self.model}"]
        needs += [f"model/{self.teacher.model}"] if self.teacher else []
        return Work(f"cell/{self.name}", self.state, self.run, self.discard, needs)


def cells_of(config: Replicate, folders: Folders, seeds: tuple[int, ...] | None = None) -> Iterator[Cell]:
    """Yields the cells, breadth first: all models on all tasks with one seed before the next."""
    for seed in config.seeds if seeds is None else seeds:
        for task in config.tasks:
            for system in systems_of(config):
                yield Cell(config, folders, system.name, task, seed)
        for taught in config.taught:
            for task in taught.tasks:
                yield Cell(config, folders, taught.student, task, seed, taught)


def _plain(value: Any) -> Any:
    """Returns what a file of it would hold."""
    return json.loads(json.dumps(value, default=str))
