"""Reading a corpus: rows mapped into memory, and whether it fits a model."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from datasets import Dataset, concatenate_datasets
from transformers import PreTrainedModel, PreTrainedTokenizerBase

from gonerd.errors import GonerdError
from gonerd.files import existing, read_json

from .tokens import tokenizer_sha256

STATISTICS = "statistics.json"
_BUILD = "build it with `gonerd models corpus`"


@dataclass(frozen=True)
class Corpus:
    """A complete corpus.

    Attributes:
        folder: Where it stands.
        statistics: What `statistics.json` says.
    """

    folder: Path
    statistics: dict[str, Any]

    @property
    def max_length(self) -> int:
        """Tokens in a row."""
        return int(self.statistics["max_length"])

    @property
    def fingerprint(self) -> str:
        """Hash of all rows."""
        return str(self.statistics["fingerprint"])

    def count(self, split: str) -> int:
        """Returns how many rows a split has."""
        return sum(shard["rows"] for shard in self.statistics["shards"][split])

    def rows(self, split: str) -> Dataset:
        """Returns the rows of a split, "train" or "held-out": `input_ids` and `word_starts`.

        Raises:
            GonerdError: The split has no row, or a shard is missing or not what it was.
        """
        shards = self.statistics["shards"][split]
        if not shards:
            raise GonerdError(f"{self.folder}: has no {split} rows; build it again with a larger 'held_out'")
        parts = []
        for shard in shards:
            path = existing(self.folder / shard["file"], "shard of the corpus", f"{_BUILD} again")
            part = Dataset.from_file(str(path))
            if len(part) != shard["rows"] or not len(part):
                raise GonerdError(f"{path}: holds {len(part)} rows, not the {shard['rows']} stated; {_BUILD} again")
            parts.append(part)
        return concatenate_datasets(parts).with_format("numpy")

    def check(self, model: PreTrainedModel, tokenizer: PreTrainedTokenizerBase, name: str) -> None:
        """Refuses a model that reads other tokens or shorter rows.

        Args:
            model: The model.
            tokenizer: Its tokenizer.
            name: What to call it.

        Raises:
            GonerdError: The tokenizer is not the corpus's, or a row is longer than the model's input.
        """
        from gonerd.models.load import position_limit

        if tokenizer_sha256(tokenizer, name) != self.statistics["tokenizer"]["sha256"]:
            raise GonerdError(
                f"{self.folder}: was tokenised for {self.statistics['mix']['tokenizer']}, and the tokenizer of {name} "
                "is another one; build a corpus for it"
            )
        if self.max_length > position_limit(model):
            raise GonerdError(
                f"{self.folder}: its rows have {self.max_length} tokens, and {name} takes {position_limit(model)}; "
                "convert the model, or build a corpus with a smaller max_length"
            )


def open_corpus(folder: Path) -> Corpus:
    """Opens a corpus.

    Raises:
        GonerdError: There is none, or its build has not ended.
    """
    if not (folder / STATISTICS).is_file() and (folder / ".work").is_dir():
        raise GonerdError(f"{folder}: this corpus is not complete; run its `gonerd models corpus` command again")
    return Corpus(folder, read_json(folder / STATISTICS, _BUILD))
