"""The blocks of a run: each task reads its shares of the documents, annotates them, writes shards of the layer."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import spacy  # noqa: F401  worker processes are forked from one that has imported this module
from datatrove.pipeline.base import PipelineStep

from gonerd.annotation.annotator import Annotator
from gonerd.records import Annotation, Document
from gonerd.tables import read_table, write_shard

from .loaded import annotator_of
from .plan import Plan, unit_path


@dataclass(frozen=True, slots=True)
class Unit:
    """The documents of a shard."""

    number: int
    documents: list[Document]


@dataclass(frozen=True, slots=True)
class Shard:
    """A shard of the layer, and what its footer tells: mentions dropped by reason, what each rule did."""

    number: int
    annotations: list[Annotation]
    notes: dict[str, dict[str, int] | dict[str, dict[str, int]]]


class ReadUnits(PipelineStep):  # type: ignore[misc]
    """Reads the documents of the shards that fall to a task and are not there yet.

    Args:
        work: The working folder, with the plan.
    """

    type, name = "READER", "documents"

    def __init__(self, work: Path) -> None:
        super().__init__()
        self.work = work

    def run(self, data: None = None, rank: int = 0, world_size: int = 1) -> Iterator[Unit]:
        """Yields the documents of a shard at a time."""
        for number in Plan.read(self.work).missing[rank::world_size]:
            path = unit_path(self.work, number)
            if path.exists():
                yield Unit(number, list(read_table(path, Document)))


class Annotate(PipelineStep):  # type: ignore[misc]
    """Annotates documents with pipelines, rules and consistency.

    Args:
        work: The working folder, with the plan.
    """

    type, name = "TAGGER", "annotations"

    def __init__(self, work: Path) -> None:
        super().__init__()
        self.work = work

    def run(self, data: Iterable[Unit], rank: int = 0, world_size: int = 1) -> Iterator[Shard]:
        """Yields the annotations of each shard."""
        plan = Plan.read(self.work)
        for unit in data:
            annotator = annotator_of(plan)
            with self.track_time():
                found = list(_annotated(annotator, unit.documents, Path(plan.out).name))
            self.stat_update("documents", value=len(found))
            dropped, effects = dict(annotator.take_dropped()), annotator.take_effects()
            yield Shard(unit.number, found, {"dropped": dropped, "effects": effects})


class WriteShards(PipelineStep):  # type: ignore[misc]
    """Writes shards of the layer, and removes the documents that they were made from.

    Args:
        work: The working folder, with the plan.
    """

    type, name = "WRITER", "layer"

    def __init__(self, work: Path) -> None:
        super().__init__()
        self.work = work

    def run(self, data: Iterable[Shard], rank: int = 0, world_size: int = 1) -> Iterator[Path]:
        """Yields the files that were written."""
        plan = Plan.read(self.work)
        for shard in data:
            path = plan.shard(shard.number)
            write_shard(path, shard.annotations, Annotation, {k: json.dumps(v) for k, v in shard.notes.items()})
            unit_path(self.work, shard.number).unlink(missing_ok=True)
            yield path


def _annotated(annotator: Annotator, documents: list[Document], layer: str) -> Iterator[Annotation]:
    for document, spans in zip(documents, annotator.spans([d.text for d in documents]), strict=True):
        annotation = Annotation(document.id, layer, "automatic", document.sha256, tuple(spans))
        annotation.check(document)
        yield annotation
