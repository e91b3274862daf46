"""A cell of the matrix: which model, task and seed, where its parts lie, and what its result depends on."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from gonerd.errors import GonerdError
from gonerd.evaluation.places import Place
from gonerd.evaluation.run import RunSettings

from .places import Folders
from .settings import SHORT
from .student_settings import Taught
from .systems import WINDOWS, made_name, made_systems
from .task_settings import TaskSettings

if TYPE_CHECKING:
    from .config import Replicate


@dataclass(frozen=True)
class Cell:
    """A cell.

    Attributes:
        config: The configuration.
        folders: Where everything lies.
        model: Name of the model that is fine-tuned.
        task: Name of the task.
        seed: Seed of the fine-tuning.
        taught: How it is fine-tuned where that is otherwise; None for labels alone and the epochs of the task.
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
    def made(self) -> str:
        """Name of the model as it was made for its seed."""
        return made_name(self.config, self.model, self.seed)

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
        windowed = next(s.attention for s in made_systems(self.config) if s.name == self.model) == WINDOWS
        longest = min(SHORT, self.config.max_length) if windowed else self.config.max_length
        return self.told.run_settings(self.seed, longest, self.config.bf16)

    @property
    def before(self) -> Cell | None:
        """The cell from whose fine-tuned model this one begins; a taught one's was taught as well, if that is asked.

        Half of a fine-tuned model begins with what that has learnt, so it comes after none.
        """
        after = self.told.after
        if after is None or self.whole is not None:
            return None
        return replace(self, task=after, taught=self.taught if self.taught and after in self.taught.tasks else None)

    @property
    def whole(self) -> Cell | None:
        """The cell whose fine-tuned model it is half of, where it is halved as late as that."""
        return replace(self, taught=None) if self.taught and self.taught.halved else None

    @property
    def teacher(self) -> Cell | None:
        """The cell whose fine-tuned model teaches."""
        taught = self.taught
        return replace(self, model=taught.teacher, taught=None) if taught and taught.teacher else None

    @property
    def folder(self) -> Path:
        """Where its fine-tuned model lies."""
        return self.folders.tuned / self.task / f"{self.system}.seed-{self.seed}"

    @property
    def mark(self) -> Path:
        """Where it is noted what it was made with, once it is done."""
        return self.folders.mark(self.name)

    @property
    def begun(self) -> Path:
        """Where it is noted that this working folder makes it, before anything of it is written."""
        return self.folders.begun(self.name)

    @property
    def kept(self) -> Path:
        """What of its result is kept."""
        return self.config.results / f"{self.name}.json"

    @property
    def is_elsewhere(self) -> bool:
        """Whether another working folder made it."""
        return self.kept.is_file() and not self.folders.makes(self.name)

    def facts(self) -> dict[str, Any]:
        """Returns all that its result depends on, the data themselves excepted, which the result states.

        Raises:
            GonerdError: Its model is not there yet.
        """
        note = self.folders.note(self.made)
        if note is None:
            raise GonerdError(f"model/{self.made} is not made yet")
        settings = {key: value for key, value in vars(self.settings).items() if key != "seed"}
        found: dict[str, Any] = plain(
            {
                "weights_sha256": note["weights_sha256"],
                "config_sha256": note.get("config_sha256"),
                "seed": self.seed,
                "task": self.told.entry.model_dump(mode="json"),
                "task_version": self.place.task.version,
                "settings": settings,
                "before": self.before.facts() if self.before else None,
                "teacher": self.teacher.facts() if self.teacher else None,
                "taught": self.taught.facts() if self.taught else None,
            }
        )
        return found


def plain(value: Any) -> Any:
    """Returns what a file of it would hold."""
    return json.loads(json.dumps(value, default=str))
