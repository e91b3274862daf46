"""A task with its data: which split is scored, what is trained on, and that the two are apart."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from pathlib import Path

from gonerd.errors import UsageError, unknown_name

from .apart import overlap
from .entries import Entry
from .split_parts import PART, part_of
from .tasks import Loaded, Task


@dataclass(frozen=True)
class Place:
    """A task with its data.

    Attributes:
        name: What results call it: the task's name, or that of its entry in a YAML file.
        task: The task.
        data_dir: Folder of its files; the hub, or the packaged release, when None.
        entry: What else is said of it.
    """

    name: str
    task: Task
    data_dir: Path | None = None
    entry: Entry = field(default_factory=lambda: Entry.model_validate({}))

    @property
    def split(self) -> str:
        """The split to score."""
        return self.entry.split or self.task.default_split

    def load(self, split: str | None = None, limit: int | None = None) -> Loaded:
        """Loads a split, or the part of one that stands for it.

        Raises:
            UsageError: The split or an option is unknown.
            GonerdError: The data cannot be read, or nothing is in them.
        """
        wanted, drawn = split or self.split, self.entry.split_by_document
        if drawn is not None and wanted in drawn.shares:
            return drawn.part(wanted, {source: self._read(source, None) for source in drawn.of}, limit)
        found = PART.fullmatch(self.entry.splits.get(wanted, wanted))
        if found is None:
            raise unknown_name(f"split of task {self.name!r}", wanted, {*self.task.splits, *self.entry.made})
        part = found[0] != found["split"]
        loaded = self._read(found["split"], None if part else limit)
        return part_of(loaded, found, limit) if part else loaded

    def check_apart(self) -> None:
        """Refuses to train on what is scored.

        Raises:
            UsageError: The training part, or the one that an epoch is chosen on, may share examples with another.
        """
        roles = {"trained on": "train", "scored": self.split}
        if self.entry.held_out not in (None, "none"):
            roles["held out"] = str(self.entry.held_out)
        told = list(roles.items())
        for i, (role, name) in enumerate(told):
            for other, theirs in told[i + 1 :]:
                if overlap(self, name, theirs):
                    raise UsageError(
                        f"task {self.name!r}: {theirs!r}, which is {other}, may hold examples of {name!r}, which is "
                        f"{role}; make them shares of one split_by_document, or ranges of one split that do not meet"
                    )

    def held_out(self) -> str:
        """Returns the split that fine-tuning chooses its epoch on, or "none".

        Where none is named it is the validation split, unless that may hold what is trained on or scored.
        """
        if self.entry.held_out is not None:
            return self.entry.held_out
        if "validation" not in {*self.task.splits, *self.entry.made}:
            return "none"
        return "none" if any(overlap(self, "validation", name) for name in ("train", self.split)) else "validation"

    def _read(self, source: str, limit: int | None) -> Loaded:
        task = self.task
        if source in self.entry.files:
            task = replace(task, files={**task.files, source: (self.entry.files[source],)})
        return task.load(source, self.data_dir, self.entry.revision, limit, **self.entry.options)
