"""What a task is: where its data lie, what is asked, how answers are scored."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from gonerd.errors import GonerdError, UsageError, unknown_name

from ._examples import Example
from ._files import find_file
from ._tally import Loaded, Tally

KINDS = ("sequence-classification", "sequence-regression", "token-classification", "question-answering")


@dataclass(frozen=True)
class Hub:
    """Where a dataset lies on the hub.

    Attributes:
        path: OWNER/NAME.
        config: Name of the configuration.
        revision: Commit that is read. A branch where no commit is pinned: what it pointed to is then recorded, and
            users pin with `revision=` or `--revision`.
        splits: From our name of a split to the hub's, where they differ.
    """

    path: str
    config: str | None = None
    revision: str = "main"
    splits: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Task(ABC):
    """A dataset, what is asked about it, and how answers are scored.

    Attributes:
        name: Short name, the module's.
        title: Full name.
        version: Changes whenever scores would.
        kind: One of `KINDS`.
        group: "short", "long-qa" or "long-ner": results are averaged within a group.
        hub: Where the dataset lies; None for one that is not on the hub.
        licence: Of the data, as its publisher states it.
        source: The paper that defines task and metric.
        metrics: Names of `gonerd.evaluation.metrics.METRICS`.
        headline: The metrics whose mean is the score of the task.
        labels: Names of the classes in the order of the head's, or the entity types; empty where there are none.
        splits: Names of the splits.
        default_split: The one that is scored when none is named.
        files: From split to the names, best first, that its file has in the original distribution.
        options: Names and meanings of the options of its reader.
    """

    name: str
    title: str
    version: str
    kind: str
    group: str
    hub: Hub | None
    licence: str
    source: str
    metrics: tuple[str, ...]
    headline: tuple[str, ...]
    labels: tuple[str, ...] = ()
    splits: tuple[str, ...] = ("train", "validation", "test")
    default_split: str = "validation"
    files: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    options: Mapping[str, str] = field(default_factory=dict)

    @abstractmethod
    def examples(self, path: Path, tally: Tally, **options: str) -> Iterator[Example]:
        """Reads one file of the original distribution.

        Raises:
            GonerdError: It is not in that format; the message names file and line or field.
        """

    @abstractmethod
    def rows(self, rows: Iterable[Mapping[str, Any]], tally: Tally, **options: str) -> Iterator[Example]:
        """Reads the rows of the hub's dataset."""

    @abstractmethod
    def gold(self, example: Any) -> Any:
        """Returns what the metrics compare predictions with; None where the example has no public answer."""

    def guess(self, example: Any, found: Any) -> Any:
        """Views what a model of `gonerd.models` found for an example as the metrics take it."""
        return found

    @abstractmethod
    def predictions(self, path: Path, **options: str) -> dict[str, Any]:
        """Reads a prediction file in the official format: from id to what the metrics take.

        Raises:
            GonerdError: It is not in that format.
        """

    def locate(self, folder: Path, split: str) -> list[Path]:
        """Finds the files of a split in a folder of the original distribution.

        Raises:
            GonerdError: There is none; the message names what was looked for.
        """
        return [find_file(folder, self.files.get(split, ()), f"the split {split!r} of {self.name}")]

    def references(self, path: Path, tally: Tally, **options: str) -> dict[str, tuple[str, Any]]:
        """Reads the gold file of a prediction file: from id to its document and what the metrics take."""
        return by_id(self, self.examples(path, tally, **options), str(path))

    def check(self, where: str, gold: Any, predicted: Any) -> None:  # noqa: B027  most kinds have nothing to check
        """Checks that a prediction has the shape of its gold.

        Raises:
            GonerdError: It has not; the message begins with `where`.
        """

    def absent(self, gold: Any) -> Any:
        """Returns what stands for a prediction that is missing, and is wrong.

        Raises:
            UsageError: Nothing is: a class cannot be left out.
        """
        raise UsageError(f"task {self.name!r}: every example needs a prediction; leave out --partial")

    def load(
        self,
        split: str | None = None,
        data_dir: Path | None = None,
        revision: str | None = None,
        limit: int | None = None,
        **options: str,
    ) -> Loaded:
        """Loads a split from the hub, or from local files in the original format.

        Args:
            split: Name of the split; `default_split` when None.
            data_dir: Folder with the files of the original distribution.
            revision: Commit of the hub's dataset; the pinned one when None.
            limit: Keep the first examples only.
            options: See `options`.

        Returns:
            The examples, with counts and the identity of the dataset.

        Raises:
            UsageError: The split or an option is unknown.
            GonerdError: The data cannot be read.
        """
        from ._loading import load

        return load(self, split or self.default_split, data_dir, revision, limit, self.checked(options))

    def checked(self, options: Mapping[str, str | None]) -> dict[str, str]:
        """Returns the options that are given.

        Raises:
            UsageError: The task has no such option.
        """
        given = {name: value for name, value in options.items() if value is not None}
        for name in given:
            if name not in self.options:
                raise unknown_name(f"option of task {self.name!r}", name, self.options or ["none"])
        return given


def by_id(task: Task, examples: Iterable[Example], where: str) -> dict[str, tuple[str, Any]]:
    """Returns the gold of examples by id.

    Raises:
        GonerdError: An id occurs twice.
    """
    found: dict[str, tuple[str, Any]] = {}
    for example in examples:
        if example.id in found:
            raise GonerdError(f"{where}: id {example.id!r} occurs twice; ids must be unique")
        found[example.id] = (example.document, task.gold(example))
    return found
