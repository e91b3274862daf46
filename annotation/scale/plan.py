"""What an annotation run does, and the shares of documents that its tasks take."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict

from gonerd.annotation.annotator import Annotator
from gonerd.annotation.batches import batches
from gonerd.annotation.loading import from_anywhere
from gonerd.errors import GonerdError
from gonerd.files import read_json, write_json
from gonerd.records import Annotation, Document, Span
from gonerd.tables import read_table, shard_name, shard_notes, write_shard

PLAN, UNITS = "plan.json", "units"
_DOCUMENTS, _CHARACTERS = 32, 100_000  # the most in a shard: some seconds of work, so that workers end together


class Recipe(BaseModel):
    """What an annotator is loaded from, on any machine; see `Annotator.load`.

    Attributes:
        pipelines: `NAME` or `NAME:WEIGHT` of each.
        rules: Names of the rules that run.
        without: Names of those that do not.
        label_map: A packaged label map or a YAML file.
        chunk: Largest piece given to a pipeline at once, in characters.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    pipelines: tuple[str, ...]
    rules: tuple[str, ...] | None
    without: tuple[str, ...]
    label_map: str | None
    chunk: int

    def load(self) -> Annotator:
        """Loads the annotator."""
        return Annotator.load(self.pipelines, self.rules, self.without, self.label_map, self.chunk)

    def absolute(self) -> Recipe:
        """Returns the recipe with files named so that a process in another folder finds them."""
        path = self.label_map and Path(self.label_map)
        label_map = str(path.absolute()) if path and path.exists() else self.label_map
        return self.model_copy(update={"pipelines": tuple(map(from_anywhere, self.pipelines)), "label_map": label_map})


class Plan(BaseModel):
    """An annotation run.

    Attributes:
        run: A name of its own for each run.
        out: Folder of the layer.
        recipe: What the annotator is loaded from.
        settings: What the layer records of it.
        limit: Only so many documents were read, all when None.
        shards: Number of shards of the layer.
        missing: Numbers of those that no earlier run wrote.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    run: str
    out: str
    recipe: Recipe
    settings: dict[str, Any]
    limit: int | None
    shards: int
    missing: tuple[int, ...]

    @classmethod
    def read(cls, work: Path) -> Plan:
        """Reads the plan of a working folder."""
        return cls.model_validate(read_json(work / PLAN, "run the annotation again"))

    def shard(self, number: int) -> Path:
        """Returns the file of a shard of the layer."""
        return Path(self.out) / shard_name(number)


def unit_path(work: Path, number: int) -> Path:
    """Returns the file of the documents of a shard; it is there until the shard is written."""
    return work / UNITS / shard_name(number)


def lay_out(
    documents: Iterable[Document], out: Path, work: Path, recipe: Recipe, settings: dict[str, Any], limit: int | None
) -> Plan:
    """Cuts documents into shares, one for each shard of the layer, and writes those that are still to be annotated.

    A shard of an earlier run is kept when it holds exactly the documents, by id and text hash, that it would hold now.
    The shares do not depend on the number of tasks, so the layer doesn't either.

    Args:
        documents: In the order of the layer.
        out: Folder of the layer.
        work: The working folder; its plan is replaced.
        recipe: What the annotator is loaded from, with files as any process finds them.
        settings: What the layer records of it.
        limit: Number of documents that were asked for.
    """
    missing, number = [], -1
    for number, batch in enumerate(batches(documents, lambda one: len(one.text), _CHARACTERS, _DOCUMENTS)):
        if not _is_kept(out / shard_name(number), batch):
            write_shard(unit_path(work, number), batch, Document)
            missing.append(number)
    for surplus in sorted(out.glob("part-*.parquet"))[number + 1 :]:
        surplus.unlink()  # shards of documents that are no longer in the input
    plan = Plan(
        run=uuid.uuid4().hex,
        out=str(out.resolve()),
        recipe=recipe,
        settings=settings,
        limit=limit,
        shards=number + 1,
        missing=tuple(missing),
    )
    write_json(work / PLAN, plan.model_dump(mode="json"))
    return plan


def _is_kept(path: Path, batch: Sequence[Document]) -> bool:
    if not path.exists():
        return False
    try:
        if not {"dropped", "effects"} <= shard_notes(path).keys():
            return False
        held = [(a.doc_id, a.text_sha256) for a in read_table(path, Annotation, nested=Span)]
    except (GonerdError, OSError, ValueError):  # cut short by a full disk, or no shard at all: it is made again
        return False
    return held == [(document.id, document.sha256) for document in batch]
