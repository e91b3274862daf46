"""A release on disk: its manifest, and whether its files are the ones the manifest lists."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from gonerd.errors import GonerdError
from gonerd.files import read_json
from gonerd.records import Document, Span

from .schema import DEFAULT, MANIFEST, SPLITS


@dataclass(frozen=True)
class FileFacts:
    """What the manifest says of a file; `rows` of parquet files only."""

    sha256: str
    bytes: int
    rows: int | None


def file_facts(path: Path) -> FileFacts:
    """Reads a file once and describes it."""
    with path.open("rb") as handle:
        digest = hashlib.file_digest(handle, "sha256").hexdigest()
    try:
        rows = pq.read_metadata(path).num_rows if path.suffix == ".parquet" else None
    except (pa.ArrowException, OSError):  # damaged: its hash will say so
        rows = None
    return FileFacts(digest, path.stat().st_size, rows)


def read_manifest(folder: Path) -> dict[str, Any]:
    """Reads a release's manifest.

    Raises:
        GonerdError: The folder is no release.
    """
    manifest = read_json(folder / MANIFEST, f"{folder} is no release; make one with `gonerd dataset build`")
    if not isinstance(manifest, dict) or not isinstance(manifest.get("files"), dict):
        raise GonerdError(f"{folder / MANIFEST}: field 'files' is missing; build the release again")
    for name, facts in manifest["files"].items():
        if not isinstance(facts, dict) or not {"sha256", "bytes"} <= facts.keys():
            raise GonerdError(f"{folder / MANIFEST}: file {name!r} lacks its sha256 or bytes; build the release again")
    return manifest


def changed_files(folder: Path, manifest: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """Compares a release's files with its manifest.

    Args:
        folder: The release.
        manifest: As `read_manifest` gives it.

    Yields:
        (path, what is wrong) for each file that is missing or differs.
    """
    for name, stated in sorted(manifest["files"].items()):
        path = folder / name
        if not path.is_file():
            yield name, "is missing"
        elif path.stat().st_size != stated["bytes"] or file_facts(path).sha256 != stated["sha256"]:
            yield name, "is not the file that was built (its sha256 differs)"


def data_files(folder: Path, config: str, split: str) -> list[Path]:
    """Lists the shards of a config and split, in order."""
    return sorted((folder / "data" / config).glob(f"{split}-*.parquet"))


def rows_of(
    folder: Path, config: str, split: str, columns: Sequence[str] | None = None
) -> Iterator[tuple[str, dict[str, Any]]]:
    """Reads the rows of a config and split, a small batch at a time.

    Args:
        folder: The release.
        config: Name of the config.
        split: Name of the split.
        columns: Columns to read, all when None.

    Yields:
        (file and row, the row), in order.

    Raises:
        GonerdError: A shard cannot be read.
    """
    for path in data_files(folder, config, split):
        row = 0
        try:
            with pq.ParquetFile(path) as file:
                for batch in file.iter_batches(batch_size=64, columns=columns):
                    for values in batch.to_pylist():
                        yield f"{path.relative_to(folder).as_posix()} row {row}", values
                        row += 1
        except (pa.ArrowException, OSError) as error:
            raise GonerdError(f"{path}: not a readable shard ({error}); restore the release") from error


def splits_of(folder: Path) -> dict[str, str]:
    """Returns the split of every document of a release.

    Raises:
        GonerdError: The folder is no release, or a shard cannot be read.
    """
    read_manifest(folder)
    return {row["id"]: split for split in SPLITS for _, row in rows_of(folder, DEFAULT, split, ["id"])}


def spans_of(row: Mapping[str, Any]) -> tuple[Span, ...]:
    """Builds the spans of a row.

    Raises:
        GonerdError: One is malformed.
    """
    try:
        return tuple(Span(span["start"], span["end"], span["label"]) for span in row["spans"])
    except TypeError as error:
        raise GonerdError(f"field 'spans' holds a null ({error})") from error


def document_of(row: Mapping[str, Any]) -> Document:
    """Builds the document of a row of `documents` that has its text.

    Raises:
        GonerdError: A field is null or malformed.
    """
    try:
        published = date.fromisoformat(row["published"]) if row["published"] else None
        names = ("id", "text", "domain", "source", "url", "title", "license", "license_evidence", "language")
        return Document(published=published, **{name: row[name] for name in names})
    except (TypeError, ValueError, AttributeError) as error:
        raise GonerdError(f"a field is null or malformed ({error})") from error
