"""The last block of a run: what all tasks made, counted together, and the marker that makes the layer complete."""

from __future__ import annotations

import json
import shutil
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from datatrove.pipeline.base import PipelineStep

from gonerd.annotation.marker import MARKER
from gonerd.errors import GonerdError
from gonerd.files import write_json
from gonerd.records import Annotation, Span
from gonerd.tables import read_table, shard_notes

from .plan import UNITS, Plan


@dataclass(frozen=True)
class LayerSummary:
    """What a layer holds: documents, spans by label, mentions dropped by reason, shards kept from before.

    `effects` says of each rule how many mentions it "added", "changed" and "removed".
    """

    documents: int
    spans: dict[str, int]
    dropped: dict[str, int]
    shards_reused: int
    effects: dict[str, dict[str, int]]


class Finish(PipelineStep):  # type: ignore[misc]
    """Checks that every shard is there, in document order, and completes the layer.

    Args:
        work: The working folder, with the plan.
    """

    type, name = "WRITER", "finish"

    def __init__(self, work: Path) -> None:
        super().__init__()
        self.work = work

    def run(self, data: None = None, rank: int = 0, world_size: int = 1) -> Iterator[Path]:
        """Yields the layer's folder."""
        plan = Plan.read(self.work)
        summary = summarise(plan)
        marker = {**plan.settings, "complete": True, "limit": plan.limit, **vars(summary)}
        write_json(Path(plan.out) / MARKER, marker)
        shutil.rmtree(self.work / UNITS, ignore_errors=True)
        yield Path(plan.out)


def summarise(plan: Plan) -> LayerSummary:
    """Adds up what stands in the shards and in their footers.

    Raises:
        GonerdError: A shard is missing.
    """
    spans: Counter[str] = Counter()
    dropped: Counter[str] = Counter()
    effects: dict[str, Counter[str]] = {}
    documents = 0
    for number in range(plan.shards):
        path = plan.shard(number)
        if not path.exists():
            raise GonerdError(f"{path}: this shard of the layer is missing; run the same command again to continue")
        for annotation in read_table(path, Annotation, nested=Span):
            documents += 1
            spans.update(span.label for span in annotation.spans)
        notes = shard_notes(path)
        dropped.update(json.loads(notes["dropped"]))
        for rule, counts in json.loads(notes["effects"]).items():
            effects.setdefault(rule, Counter()).update(counts)
    return LayerSummary(
        documents,
        dict(sorted(spans.items())),
        dict(sorted(dropped.items())),
        plan.shards - len(plan.missing),
        {rule: dict(sorted(counts.items())) for rule, counts in sorted(effects.items())},
    )
