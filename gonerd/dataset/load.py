"""Loading a release: the packaged sample, a folder, a hub id, or the predecessor on the hub."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path, PurePosixPath
from typing import Any

from gonerd.errors import GonerdError, UsageError, unknown_name

from .hub import transport_error
from .names import ORIGINAL, SAMPLE, check_revision, configs_of, folder_of, manifest_of
from .schema import CONFIGS, DEFAULT, MANIFEST


def load_dataset(
    name: str | Path = SAMPLE,
    config: str | None = None,
    *,
    split: str | None = None,
    streaming: bool = False,
    revision: str | None = None,
    data_dir: str | Path | None = None,
    labels: Sequence[str] | Mapping[int, str] | None = None,
    fold: Mapping[str, str | None] | None = None,
) -> Any:
    """Loads a GONERD release.

    Args:
        name: "sample" (or "gonerd") for the packaged release, a folder that `gonerd dataset build` made, a hub id,
            or "original" for the predecessor; the last three arguments are for it alone, and are explained at
            `gonerd.dataset.original.load_original`.
        config: What a row is, a name of `gonerd.dataset.schema.CONFIGS`; "documents" when None.
        split: One split, also a part of it ("train[:10%]"); all of them when None.
        streaming: Read rows as they are asked for, without writing to the cache.
        revision: Commit, tag or branch of a hub dataset; for a folder, the version it must have.
        data_dir: Folder with the predecessor's files.
        labels: Tags that the predecessor's numbers stand for.
        fold: Core labels that the predecessor's labels become.

    Returns:
        A `datasets.DatasetDict`, or a `datasets.Dataset` when `split` is given; the iterable kinds when streaming.

    Raises:
        UsageError: There is no such config, or the arguments do not go together.
        GonerdError: Nothing readable is there.
    """
    if config is not None and config not in CONFIGS:
        raise unknown_name("config", config, CONFIGS)
    config = config or DEFAULT
    if streaming and "[" in str(split or ""):
        raise UsageError(f"split {str(split)!r}: a stream gives whole splits; leave out the brackets or streaming")
    folder = folder_of(name)
    if name == ORIGINAL:
        from .original import load_original

        if config != DEFAULT:
            raise UsageError(f"'{ORIGINAL}' has the config {DEFAULT!r} alone; leave out config={config!r}")
        return load_original(
            split=split, streaming=streaming, revision=revision, data_dir=data_dir, labels=labels, fold=fold
        )
    if not (data_dir is None and labels is None and fold is None):
        raise UsageError(f"data_dir, labels and fold are for '{ORIGINAL}' alone; leave them out for {str(name)!r}")
    if folder is None:
        return _load_from_hub(str(name), config, split=split, streaming=streaming, revision=revision)
    _check_layout(folder, config)
    check_revision(folder, revision)
    _check_unchanged(folder, config)
    # Absolute, or a folder called "json" would be taken for the builder of that name.
    return _load(str(folder.absolute()), config, f"{folder}: not loadable", split=split, streaming=streaming)


def _load_from_hub(name: str, config: str, **options: Any) -> Any:
    # Releases are published as OWNER/NAME. A bare name could be one of the builders in `datasets`, such as "json".
    if Path(name).is_absolute() or name.startswith((".", "~")) or name.count("/") != 1:
        raise GonerdError(
            f"{name}: no such folder, and no hub id (OWNER/NAME); check the name, or make it with "
            "`gonerd dataset build`"
        )
    return _load(name, config, f"dataset {name!r} is neither a folder nor loadable from the hub", **options)


def _load(path: str, config: str, failed: str, **options: Any) -> Any:
    import datasets
    import yaml

    broken = (OSError, ValueError, RuntimeError, yaml.YAMLError, datasets.exceptions.DatasetsError)
    try:
        return datasets.load_dataset(path, config, **options)
    except (*broken, transport_error()) as error:
        # An error "while generating the dataset" says no more than that; its cause does.
        problem = " ".join(str(error.__cause__ or error).split())
        raise GonerdError(f"{failed}: {problem}") from error


def _check_layout(folder: Path, config: str) -> None:
    """Refuses what is not a release with that config, before `datasets` guesses what it might be."""
    if not folder.is_dir():
        raise GonerdError(f"{folder}: is a file, and a release is a folder; pass the folder that holds README.md")
    found = configs_of(folder)
    if config in found:
        return
    if found:
        raise GonerdError(f"{folder}: this release has no config {config!r}; it has {', '.join(found)}")
    older = " (the layout of an older version)" if any(folder.glob("data/*.parquet")) else ""
    raise GonerdError(
        f"{folder}: holds no data/{DEFAULT}/*.parquet{older}, so it is not a release that this version reads; "
        "make it with `gonerd dataset build`"
    )


def _check_unchanged(folder: Path, config: str) -> None:
    """Refuses shards altered by hand, which `datasets` may pass over for the rows in its cache; sizes alone are cheap.

    `gonerd dataset check` compares the hashes.
    """
    files = manifest_of(folder).get("files")
    if not isinstance(files, dict):  # somebody's own folder in our layout
        return
    root = f"data/{config}"
    listed = {name: facts for name, facts in files.items() if PurePosixPath(name).match(f"{root}/*.parquet")}
    stated = {name: facts.get("bytes") if isinstance(facts, dict) else None for name, facts in listed.items()}
    found = {f"{root}/{path.name}": path.stat().st_size for path in (folder / root).glob("*.parquet")}
    for name in sorted(stated.keys() | found.keys()):
        if stated.get(name) != found.get(name):
            raise GonerdError(
                f"{folder / name}: changed since it was built ({MANIFEST} states another size); build it again with "
                "`gonerd dataset build`"
            )
