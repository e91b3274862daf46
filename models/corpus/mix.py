"""What a corpus is mixed from, as written in YAML."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from gonerd.errors import UsageError
from gonerd.models.settings import checked
from gonerd.options import read_mapping


class Member(BaseModel):
    """One source of documents.

    Attributes:
        name: What to call it in counts and messages.
        hub: Id of a dataset on the hub; or
        path: a file or a folder of files: parquet, JSON lines or plain text, one document a text file, and the last
            two also packed (.gz, .zst).
        revision: Commit, tag or branch of `hub`; the commit it stands for is looked up when a build begins, recorded,
            and used from then on.
        config: Configuration of `hub`.
        files: Pattern of the files of `hub` to read, for repositories without configurations.
        split: Split of `hub`.
        column: Column with the text.
        join: Rows that make one document, for sources that hold a sentence or a line a row.
        weight: Share of the documents drawn, relative to the other members', while none has ended.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str = Field(min_length=1)
    hub: str | None = None
    path: Path | None = None
    revision: str | None = None
    config: str | None = None
    files: str | None = None
    split: str = "train"
    column: str = "text"
    join: int = Field(default=1, ge=1)
    weight: float = Field(default=1.0, gt=0, allow_inf_nan=False)

    @model_validator(mode="after")
    def _has_one_place(self) -> Member:
        if (self.hub is None) == (self.path is None):
            raise ValueError(f"member {self.name!r} needs either 'hub' or 'path'")
        if self.path is not None and (self.revision or self.config or self.files):
            raise ValueError(f"member {self.name!r}: 'revision', 'config' and 'files' belong to 'hub', not to 'path'")
        return self

    @property
    def place(self) -> str:
        """Where it is read from, for messages."""
        return str(self.path) if self.path is not None else f"{self.hub} on the hub"


class Filters(BaseModel):
    """Which documents stay.

    Attributes:
        min_characters: Shorter ones are dropped.
        max_characters: Longer ones are dropped; None for no limit.
        languages: ISO 639-1 codes of the languages that stay; all when empty.
        exact_duplicates: Whether a text that came before is dropped.
        near_duplicates: Jaccard similarity of five-word sequences from which a document counts as a near-duplicate of
            an earlier one, told by MinHash; None keeps them.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    min_characters: int = Field(default=1, ge=1)
    max_characters: int | None = Field(default=None, ge=1)
    languages: tuple[str, ...] = ()
    exact_duplicates: bool = True
    near_duplicates: float | None = Field(default=0.8, gt=0, lt=1)


class Mix(BaseModel):
    """A mix and how to pack it.

    Attributes:
        name: Name of the corpus.
        members: Its sources.
        filters: Which documents stay.
        tokenizer: Folder or hub id of a model whose tokenizer is used.
        tokenizer_revision: Commit, tag or branch of that.
        max_length: Tokens in a row, special ones included.
        tokens: Stop after this many tokens of documents; all that there is when None.
        stop: Whether drawing ends with the "first" member that ends, or goes on with the others until "all" have.
        held_out: Share of the documents kept apart for the held-out loss, chosen by a hash of the text.
        rows_per_shard: Rows in a shard; progress is kept whenever one is full.
        seed: Seed of the order in which members take turns.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str = "corpus"
    members: tuple[Member, ...] = Field(min_length=1)
    filters: Filters = Filters()
    tokenizer: str
    tokenizer_revision: str | None = None
    max_length: int = Field(default=4096, ge=8)
    tokens: int | None = Field(default=None, ge=1)
    stop: Literal["first", "all"] = "all"
    held_out: float = Field(default=0.005, ge=0, lt=1)
    rows_per_shard: int = Field(default=4096, ge=1)
    seed: int = Field(default=0, ge=0)

    @field_validator("members")
    @classmethod
    def _are_named_once(cls, members: tuple[Member, ...]) -> tuple[Member, ...]:
        names = [member.name for member in members]
        if twice := next((name for name in names if names.count(name) > 1), None):
            raise ValueError(f"two members are called {twice!r}; rename one")
        return members


def read_mix(path: Path, **overrides: Any) -> Mix:
    """Reads a mix.

    Args:
        path: A YAML file.
        overrides: Fields that take the place of the file's, where not None.

    Raises:
        UsageError: The file cannot be read, a key is unknown or a value impossible; the message names file and field.
    """
    given = {key: value for key, value in overrides.items() if value is not None}
    values = {**read_mapping(path), **given}
    if "tokenizer" not in values:
        raise UsageError(f"{path}: key 'tokenizer' is missing; name a model there, or with --tokenizer")
    return checked(Mix, values, str(path))
