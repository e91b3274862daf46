"""Predictions kept as they come, an example a line: a killed run goes on, a changed model begins anew."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from gonerd.errors import GonerdError
from gonerd.files import write_json
from gonerd.jsonl import to_line
from gonerd.models.finetuning import Answer
from gonerd.records import Span

_FACTS = "facts.json"
_COUNTS = ("windows", "tokens", "words", "words_unseen", "truncated")


@dataclass(frozen=True)
class Found:
    """What a model found for an example.

    Attributes:
        found: A class, a number, a list of spans, or an `Answer`.
        windows: Windows it was cut into.
        tokens: Positions of these.
        words: Words of its texts.
        words_unseen: Words that the tokenizer drops altogether.
        truncated: Words or tokens that stand in no window.
    """

    found: Any
    windows: int
    tokens: int
    words: int
    words_unseen: int
    truncated: int


class PredictionCache:
    """A folder of predictions that all depend on the same facts.

    Each process appends to a file of its own; what a kill tore off at its end is cut off when it goes on.

    Args:
        folder: Folder of the caches of this cell, one for each set of facts.
        facts: All that the predictions depend on, the examples included.
        process: Number of this process.
    """

    def __init__(self, folder: Path, facts: Mapping[str, Any], process: int = 0) -> None:
        key = hashlib.sha256(json.dumps(facts, sort_keys=True, default=str).encode()).hexdigest()
        self.folder = folder / key[:16]
        self._facts = dict(facts)
        self._own = self.folder / f"predictions-{process}.jsonl"

    def read(self) -> dict[str, Found]:
        """Returns what was predicted so far, by id of the example.

        Raises:
            GonerdError: A line that a kill cannot have torn is malformed.
        """
        found: dict[str, Found] = {}
        for path in sorted(self.folder.glob("predictions-*.jsonl")):
            for number, line in enumerate(path.read_bytes().split(b"\n")[:-1], start=1):
                try:
                    row = json.loads(line)
                    found[row["id"]] = Found(_unpack(row["found"]), *(row[name] for name in _COUNTS))
                except (ValueError, KeyError, TypeError) as error:
                    raise GonerdError(
                        f"{path} line {number}: no prediction of this project; remove the file and run again"
                    ) from error
        return found

    def open(self) -> None:
        """Makes the folder, says in it what the predictions depend on, and cuts off a torn line."""
        if not (self.folder / _FACTS).exists():
            write_json(self.folder / _FACTS, self._facts)
        if self._own.exists():
            whole = self._own.read_bytes().rpartition(b"\n")
            os.truncate(self._own, len(whole[0]) + len(whole[1]))

    def append(self, rows: Iterable[tuple[str, Found]]) -> None:
        """Adds predictions; they outlive this process from here on."""
        with self._own.open("a", encoding="utf-8", newline="\n") as handle:
            for key, one in rows:
                handle.write(to_line({"id": key, **asdict(one), "found": _pack(one.found)}))


def _pack(found: Any) -> Any:
    if isinstance(found, Answer):
        return {"text": found.text, "start": found.start, "score": found.score}
    if isinstance(found, list):
        return [[span.start, span.end, span.label, span.score] for span in found]
    return found


def _unpack(value: Any) -> Any:
    if isinstance(value, dict):
        return Answer(value["text"], value["start"], value["score"])
    if isinstance(value, list):
        return [Span(start, end, label, score=score) for start, end, label, score in value]
    return value
