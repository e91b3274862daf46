"""The predecessor on the hub, three JSONL files without a card, with the columns of the config `documents`."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from functools import partial
from itertools import islice
from pathlib import Path
from typing import Any

from gonerd.dataset.names import local_path
from gonerd.dataset.schema import SPLITS, features
from gonerd.errors import GonerdError, UsageError, unknown_name

from .documents import documents
from .files import REPOSITORY, fetch, label_names, split_files
from .tags import TagReader, numbered

_ROWS_PER_BATCH = 256


def load_original(
    *,
    split: Any = None,
    streaming: bool = False,
    revision: str | None = None,
    data_dir: str | Path | None = None,
    labels: Sequence[str] | Mapping[int, str] | None = None,
    fold: Mapping[str, str | None] | None = None,
) -> Any:
    """Loads the predecessor.

    The tokens are those of the files, in Unicode NFC; the text is the files' own where the tokens are all that it
    holds, otherwise the tokens joined by single spaces. Spans follow from the tags. Neighbouring rows with one id
    are the sentences of one document. Licences are "unknown". `info` records commit and checksum.

    Args:
        split: One split, a part of it ("train[:10%]"; not when streaming), "train+test" or "all"; all of them, apart
            from one another, when None.
        streaming: Read rows as they are asked for. Files on the hub are fetched whole all the same: they are small.
        revision: Commit on the hub; a branch or tag is resolved to the commit it stands for now.
        data_dir: Folder with the files, instead of the hub.
        labels: The tags that numbers stand for, by position or by number; a label_map.json beside the files
            does the same.
        fold: Core label, or None to leave it out, of labels that `gonerd.dataset.original.tags.FOLD` does not know.

    Returns:
        As `gonerd.load_dataset`.

    Raises:
        UsageError: The arguments do not go together, or there is no such split.
        GonerdError: The files cannot be had or understood; the message names file and line.
    """
    import datasets

    split = None if split is None else str(split)  # a name, or an object of `datasets` that stands for one
    if data_dir is None:
        folder, commit = fetch(revision)
        origin = f"{REPOSITORY} at commit {commit}"
    elif revision is None:
        folder = local_path(data_dir)
        origin = f"files like those of {REPOSITORY}, from a folder"
    else:
        raise UsageError("files in a folder have no revision; leave out either data_dir or revision")
    files = split_files(folder)
    if data_dir is None and set(files) != set(SPLITS):  # a cache may hold a part of what was once fetched
        raise GonerdError(f"{origin}: only {', '.join(files)} found among its files ({folder}); fetch it again online")
    if split == "all":
        split = "+".join(files)
    if streaming and split is not None:
        for name in split.split("+"):
            if name.strip() not in files:
                raise unknown_name("split", name.strip(), files)
    reader = TagReader(label_names(folder) if labels is None else numbered(labels, "labels"), fold)
    wanted = {split: files[split]} if split in files else files
    make, kind = (_stream, datasets.IterableDatasetDict) if streaming else (_table, datasets.DatasetDict)
    loaded = kind({name: make(path, name, reader) for name, path in wanted.items()})
    for name, path in wanted.items():
        data = path.read_bytes()
        checksum = {"num_bytes": len(data), "checksum": hashlib.sha256(data).hexdigest()}
        loaded[name].info.description = origin
        loaded[name].info.download_checksums = {path.relative_to(folder).as_posix(): checksum}
    if split is None:
        return loaded
    if split in files:
        return loaded[split]
    if streaming:
        return datasets.concatenate_datasets([loaded[name.strip()] for name in split.split("+")])
    return _part(loaded, split)


def _stream(path: Path, split: str, reader: TagReader) -> Any:
    import datasets

    rows = partial(documents, path, split, REPOSITORY, reader)
    return datasets.IterableDataset.from_generator(rows, features=features(), split=datasets.NamedSplit(split))


def _table(path: Path, split: str, reader: TagReader) -> Any:
    import datasets
    import pyarrow as pa

    schema = features().arrow_schema
    rows = documents(path, split, REPOSITORY, reader)
    batches = iter(lambda: list(islice(rows, _ROWS_PER_BATCH)), [])
    tables = [pa.Table.from_pylist(batch, schema=schema) for batch in batches]
    info = datasets.DatasetInfo(features=features())
    table = pa.concat_tables([schema.empty_table(), *tables])
    return datasets.Dataset(table, info=info, split=datasets.NamedSplit(split))


def _part(loaded: Any, split: str) -> Any:
    """Takes what an expression such as "train[:10%]+test" names."""
    import datasets

    try:
        parts = datasets.ReadInstruction.from_spec(split).to_absolute(
            {name: len(rows) for name, rows in loaded.items()}
        )
    except (ValueError, AssertionError) as error:
        raise UsageError(f"split {split!r} of {REPOSITORY}: {' '.join(str(error).split())}") from error
    return datasets.concatenate_datasets([loaded[part.splitname].select(range(part.from_, part.to)) for part in parts])
