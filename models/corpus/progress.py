"""How far a build has come, kept on disk whenever a shard is full."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from importlib import metadata
from pathlib import Path
from typing import Any

import numpy as np

from gonerd.files import new_file, read_json, write_json

from .mix import Mix
from .packing import Packer
from .shards import SPLITS, shard_path, write_rows
from .sieve import Sieve
from .tokens import DocumentTokenizer

_STATE = "state.json"
_LIBRARIES = ("gonerd", "datasets", "pyarrow", "tokenizers", "transformers", "rensa", "py3langid")


class Progress:
    """Counts, packers and shards of a build.

    Args:
        out: Folder of the corpus.
        mix: The mix.
        cutter: Its tokenizer.
        sieve: What lets documents through.
        commits: Commits of the members on the hub.
    """

    def __init__(
        self, out: Path, mix: Mix, cutter: DocumentTokenizer, sieve: Sieve, commits: Mapping[str, str]
    ) -> None:
        self.out, self.work, self.commits = out, out / ".work", dict(commits)
        self.settings = mix.model_dump(mode="json")
        self.tokenizer = {"sha256": cutter.sha256}
        self.stream: dict[str, Any] | None = None
        self.shards = dict.fromkeys(SPLITS, 0)
        self.tokens = 0
        self._mix, self._sieve, self._vocabulary, self._kept = mix, sieve, cutter.vocabulary, 0
        self._members: dict[str, Counter[str]] = {member.name: Counter() for member in mix.members}
        self._packers = {
            split: Packer(mix.max_length, cutter.separator, cutter.opening, cutter.closing) for split in SPLITS
        }

    @classmethod
    def resume(cls, out: Path, mix: Mix, cutter: DocumentTokenizer, sieve: Sieve) -> Progress | None:
        """Returns the progress kept in a folder; None when there is none."""
        if not (out / ".work" / _STATE).is_file():
            return None
        state = read_json(out / ".work" / _STATE, "remove the folder and build again")
        progress = cls(out, mix, cutter, sieve, state["commits"])
        progress.settings, progress.tokenizer = state["mix"], state["tokenizer"]
        progress.stream, progress.shards = state["stream"], state["shards"]
        progress.tokens, progress._kept = state["tokens"], state["kept"]
        progress._members = {name: Counter(counts) for name, counts in state["members"].items()}
        for number in range(state["kept"]):
            with np.load(progress._path("learnt", number), allow_pickle=False) as learnt:
                sieve.load(learnt)
        with np.load(progress._path("pending", state["kept"] - 1), allow_pickle=False) as pending:
            for split, packer in progress._packers.items():
                packer.restore(pending[f"{split}.ids"], pending[f"{split}.starts"])
        return progress

    def where(self, member: int) -> str:
        """Names a member for a message."""
        return f"member {self._mix.members[member].name!r} ({self._mix.members[member].place})"

    def drop(self, member: int, reason: str) -> None:
        """Counts a document that is dropped."""
        self._members[self._mix.members[member].name][f"dropped: {reason}"] += 1

    def add(self, split: str, member: int, ids: Sequence[int], starts: Sequence[bool]) -> None:
        """Adds the tokens of a document that stays."""
        counts = self._members[self._mix.members[member].name]
        counts["documents"] += 1
        counts["tokens"] += len(ids)
        self.tokens += len(ids)
        self._packers[split].add(ids, starts)

    def flush(self, stream_state: Callable[[], dict[str, Any]]) -> None:
        """Writes the shards that are full and, if there were any, keeps all that is needed to go on from here."""
        most = self._mix.rows_per_shard
        full = [split for split in SPLITS if self._packers[split].full_rows >= most]
        for split in full:
            while self._packers[split].full_rows >= most:
                self._write(split, self._packers[split].take(most))
        if full:
            self._keep(stream_state())

    def flush_rest(self) -> None:
        """Writes what is left, the last row of a split perhaps shorter than the others."""
        for split, packer in self._packers.items():
            rows = packer.rest()
            for first in range(0, len(rows), self._mix.rows_per_shard):
                self._write(split, rows[first : first + self._mix.rows_per_shard])

    def _write(self, split: str, rows: list[tuple[Any, Any]]) -> None:
        write_rows(shard_path(self.out, split, self.shards[split]), rows, self._vocabulary)
        self.shards[split] += 1

    def _keep(self, stream: dict[str, Any]) -> None:
        pending = {}
        for split, packer in self._packers.items():
            pending[f"{split}.ids"], pending[f"{split}.starts"] = packer.pending()
        self._save("learnt", self._sieve.drain())
        self._save("pending", pending)
        self._kept += 1
        state = {
            "mix": self.settings,
            "tokenizer": self.tokenizer,
            "commits": self.commits,
            "stream": stream,
            "shards": self.shards,
            "tokens": self.tokens,
            "members": self._members,
            "kept": self._kept,
        }
        write_json(self.work / _STATE, state)
        self._path("pending", self._kept - 2).unlink(missing_ok=True)

    def _save(self, what: str, arrays: Mapping[str, Any]) -> None:
        with new_file(self._path(what, self._kept)) as temporary, temporary.open("wb") as handle:
            np.savez(handle, **arrays)

    def _path(self, what: str, number: int) -> Path:
        return self.work / f"{what}-{number:05d}.npz"

    def paths(self, split: str) -> list[Path]:
        """Lists the shards of a split."""
        return [shard_path(self.out, split, index) for index in range(self.shards[split])]

    def dropped(self) -> dict[str, int]:
        """Returns how many documents were dropped, by reason."""
        totals: Counter[str] = Counter()
        for counts in self._members.values():
            totals.update(counts)
        return {key.removeprefix("dropped: "): n for key, n in sorted(totals.items()) if key.startswith("dropped: ")}

    def statistics(self) -> dict[str, Any]:
        """Returns what the corpus holds and what it was made of."""
        return {
            "name": self._mix.name,
            "mix": self.settings,
            "commits": self.commits,
            "tokenizer": self.tokenizer,
            "max_length": self._mix.max_length,
            "documents": sum(counts["documents"] for counts in self._members.values()),
            "tokens": self.tokens,
            "dropped": self.dropped(),
            "members": {name: dict(sorted(counts.items())) for name, counts in self._members.items()},
            "versions": {name: metadata.version(name) for name in _LIBRARIES},
        }
