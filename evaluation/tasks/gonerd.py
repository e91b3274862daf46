"""GONERD: whole news and legal documents, exact spans of persons, organisations, locations and other names."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from gonerd.errors import GonerdError, UsageError
from gonerd.evaluation.metrics import Spanned
from gonerd.jsonl import read_jsonl
from gonerd.labels import CORE
from gonerd.records import Span
from gonerd.tokens import tokenize

from . import TASKS, Loaded, Task
from ._examples import TaggedExample
from ._files import field
from ._tally import Tally, digest


@dataclass(frozen=True, kw_only=True)
class Gonerd(Task):
    """Its loader is that of fine-tuning: the packaged release, a folder that was built, or a hub id."""

    def load(
        self,
        split: str | None = None,
        data_dir: Path | None = None,
        revision: str | None = None,
        limit: int | None = None,
        **options: str,
    ) -> Loaded:
        """Loads a split of a release; the packaged sample when no folder is named. See `Task.load`."""
        from gonerd.evaluation.environment import dataset_identity
        from gonerd.models.tasks import TASKS as TRAINED

        if revision is not None:
            raise UsageError("--revision is for tasks on the hub; a release states its version itself, leave it out")
        split, data = split or self.default_split, str(data_dir or "sample")
        self.checked(options)
        tally = Tally()
        examples = []
        for row in TRAINED.get("gonerd").load(data, split):
            tally.read += 1
            words = tuple(tokenize(row.text))
            examples.append(TaggedExample(row.id, row.id, row.text, words, (0,), row.spans))
        if not examples:
            raise GonerdError(f"dataset {data!r}: split {split!r} is empty")
        facts = {**dataset_identity(data), "split": split, "sha256": digest(examples)}
        return Loaded(examples[:limit], tally, facts, len(examples))

    def examples(self, path: Path, tally: Tally, **options: str) -> Iterator[TaggedExample]:
        """Reads JSONL with `id`, `text` and `spans`, as `gonerd dataset export --format jsonl` writes it."""
        for where, row in read_jsonl(path, {"id": str, "text": str, "spans": list}):
            tally.read += 1
            spans = tuple(Span(*key) for key in _spans(row["spans"], where))
            if any(span.end > len(row["text"]) for span in spans):
                raise GonerdError(f"{where}: a span lies outside its text; export again")
            yield TaggedExample(row["id"], row["id"], row["text"], tuple(tokenize(row["text"])), (0,), spans)

    def rows(self, rows: Iterable[Mapping[str, Any]], tally: Tally, **options: str) -> Iterator[TaggedExample]:
        """Not needed: `load` reads releases of every kind."""
        raise NotImplementedError

    def gold(self, example: TaggedExample) -> Spanned:
        """Returns the spans with the text."""
        return Spanned(tuple(span.key for span in example.spans), example.text)

    def guess(self, example: TaggedExample, found: Sequence[Span]) -> Spanned:
        """Returns the spans."""
        return Spanned(tuple(span.key for span in found), example.text)

    def absent(self, gold: Spanned) -> Spanned:
        """Returns no spans."""
        return Spanned(())

    def predictions(self, path: Path, **options: str) -> dict[str, Spanned]:
        """Reads JSONL with `id` and `spans`, or the predictions that `gonerd evaluate run` leaves beside a result."""
        found: dict[str, Spanned] = {}
        for where, row in read_jsonl(path, {"id": str}, "'id' and 'spans'"):
            if row["id"] in found:
                raise GonerdError(f"{where}: id {row['id']!r} occurs twice; ids must be unique")
            held = row if "spans" in row else row.get("prediction")
            found[row["id"]] = Spanned(tuple(_spans(field(held, "spans", list, where), where)))
        return found


def _spans(values: list[Any], where: str) -> Iterator[tuple[int, int, str]]:
    for value in values:
        found = value if isinstance(value, dict) else {}
        start, end, label = (found.get(name) for name in ("start", "end", "label"))
        if not (isinstance(start, int) and isinstance(end, int) and isinstance(label, str) and 0 <= start < end):
            raise GonerdError(f"{where}: a span needs 'start', 'end' above it, and 'label'; mend the line")
        yield start, end, label


TASKS.register("gonerd")(
    Gonerd(
        name="gonerd",
        title="GONERD",
        version="1",
        kind="token-classification",
        group="long-ner",
        hub=None,
        licence="CC0-1.0 (the packaged sample); each document of a release states its own",
        source="this project; the predecessor is giant-oak/GONERD (arXiv:2311.13657)",
        metrics=("exact_spans", "long_ner"),
        headline=("exact_spans",),
        labels=CORE,
        default_split="test",
    )
)
