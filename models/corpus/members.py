"""Streams of documents from the members of a mix."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from datasets import Dataset, IterableDataset, interleave_datasets, load_dataset

from gonerd.errors import GonerdError
from gonerd.files import existing

from .mix import Member, Mix

_PACKED = (".gz", ".zst")
_READERS: dict[str, Callable[..., Any]] = {
    ".parquet": Dataset.from_parquet,
    ".jsonl": Dataset.from_json,
    ".ndjson": Dataset.from_json,
    ".json": Dataset.from_json,
    ".txt": Dataset.from_text,
}
_STRATEGIES = {"first": "first_exhausted", "all": "all_exhausted_without_replacement"}


@contextmanager
def plainly(member: str) -> Iterator[None]:
    """Turns whatever reading raises into one sentence that names the member and the remedy."""
    try:
        yield
    except GonerdError:
        raise
    except Exception as error:  # the libraries beneath raise errors of a dozen unrelated classes
        cause = " ".join(str(error.__cause__ or error).split())[:300] or type(error).__name__
        raise GonerdError(
            f"{member} cannot be read ({cause}); check its place and your connection, or take it out of the mix"
        ) from error


def revisions(mix: Mix) -> dict[str, str]:
    """Looks up the commits that the members on the hub stand at.

    Returns:
        Commit by name of the member; local members have none.

    Raises:
        GonerdError: A member cannot be reached.
    """
    from huggingface_hub import HfApi

    found = {}
    for member in mix.members:
        if member.hub is not None:
            with plainly(f"member {member.name!r} ({member.place})"):
                found[member.name] = str(HfApi().dataset_info(member.hub, revision=member.revision).sha)
    return found


def open_mix(mix: Mix, commits: Mapping[str, str]) -> IterableDataset:
    """Opens the documents of a mix as one stream, whose `state_dict` resumes it exactly.

    Args:
        mix: The mix.
        commits: From `revisions`.

    Returns:
        Rows of `text`, None where a source has none, and `member`, the number of the member.

    Raises:
        GonerdError: A member is missing, unreachable, empty, or has no text in its column.
    """
    streams = []
    for number, member in enumerate(mix.members):
        with plainly(f"member {member.name!r} ({member.place})"):
            streams.append(_open(member, number, commits.get(member.name)))
    if len(streams) == 1:
        return streams[0]
    total = sum(member.weight for member in mix.members)
    weights = [member.weight / total for member in mix.members]
    strategy: Any = _STRATEGIES[mix.stop]
    return interleave_datasets(streams, probabilities=weights, seed=mix.seed, stopping_strategy=strategy)


def _open(member: Member, number: int, commit: str | None) -> IterableDataset:
    if member.path is not None:
        stream = _local(member, member.path)
    else:
        stream = load_dataset(
            member.hub, member.config, split=member.split, revision=commit, data_files=member.files, streaming=True
        )
    _check(member, stream)
    column, one = member.column, member.join

    def as_documents(rows: dict[str, list[Any]]) -> dict[str, list[Any]]:
        texts = rows[column] if one == 1 else ["\n".join(text for text in rows[column] if text)]
        return {"text": texts, "member": [number] * len(texts)}

    return stream.select_columns([column]).map(
        as_documents, batched=True, batch_size=one, remove_columns=[column] if column != "text" else None
    )


def _local(member: Member, path: Path) -> IterableDataset:
    existing(path, f"file or folder for member {member.name!r}", "check 'path' in the mix")
    files = sorted(file for file in path.rglob("*") if _suffix(file) in _READERS) if path.is_dir() else [path]
    kinds = sorted({_suffix(file) for file in files})
    if len(kinds) != 1 or kinds[0] not in _READERS:
        held = f"holds {', '.join(kinds)} files" if kinds else "holds no file that can be read"
        known = ", ".join(_READERS)
        raise GonerdError(f"{path}: {held}; give member {member.name!r} files of one kind of {known}")
    for file in files:
        _check_file(file)
    options = {"sample_by": "document"} if kinds == [".txt"] else {}
    return _READERS[kinds[0]]([str(file) for file in files], streaming=True, **options)


def _suffix(path: Path) -> str:
    return Path(path.stem).suffix if path.suffix in _PACKED else path.suffix


def _check_file(file: Path) -> None:
    import pyarrow.parquet as pq

    rows = pq.read_metadata(file).num_rows if file.suffix == ".parquet" else file.stat().st_size
    if rows == 0:
        raise GonerdError(f"{file}: the file is empty; write it again, or take it away")


def _check(member: Member, stream: IterableDataset) -> None:
    rows = iter(stream)
    first = next(rows, None)
    _close(rows)
    if first is None:
        raise GonerdError(f"member {member.name!r} ({member.place}) holds no document; take it out of the mix")
    columns = ", ".join(map(repr, first))
    if member.column not in first:
        raise GonerdError(
            f"member {member.name!r} ({member.place}) has no column {member.column!r}; set 'column' to one of {columns}"
        )
    if not isinstance(first[member.column], str | None):
        kind = type(first[member.column]).__name__
        raise GonerdError(
            f"member {member.name!r} ({member.place}): column {member.column!r} holds {kind}, no text; "
            f"set 'column' to one of {columns}"
        )


def _close(rows: Iterator[Any]) -> None:
    # Left to the garbage collector, these generators complain at the end of the process.
    close = getattr(rows, "close", None)
    if close is not None:
        close()
