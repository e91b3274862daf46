"""Where the predecessor's files are: on the hub at one commit, or in a folder, under the usual names."""

from __future__ import annotations

import re
from pathlib import Path

from gonerd.dataset.hub import transport_error
from gonerd.errors import GonerdError, UsageError
from gonerd.files import read_json

from .tags import numbered

REPOSITORY = "giant-oak/GONERD"
# The commit that is read when the caller names none. None has been compared with this reader yet, so there is no
# default: no run shall read whatever the files happen to be that day.
REVISION: str | None = None

_SPLITS = {
    "train": {"train", "training"},
    "validation": {"validation", "valid", "val", "dev", "development"},
    "test": {"test", "testing"},
}
_SUFFIXES = (".jsonl", ".ndjson", ".json")
_LABEL_FILES = {"labelmap", "labels", "labellist", "id2label", "label2id", "tagmap", "tags", "nertags"}


def fetch(revision: str | None) -> tuple[Path, str]:
    """Fetches the files of one commit from the hub, or finds them in its cache.

    Args:
        revision: Commit; a branch or tag is resolved to its commit. `REVISION` when None.

    Returns:
        Their folder and the commit.

    Raises:
        UsageError: No revision is named or pinned.
        GonerdError: They cannot be had.
    """
    from huggingface_hub import HfApi, snapshot_download

    revision = revision or REVISION
    if revision is None:
        raise UsageError(
            f"no revision of {REPOSITORY} is pinned; pass revision= with a commit (or 'main', whose commit is then "
            "recorded), or data_dir= with a folder that holds its files"
        )
    try:
        # A branch may move while it is read; a commit does not, and needs no network once it is in the cache.
        commit = revision if _is_commit(revision) else HfApi().dataset_info(REPOSITORY, revision=revision).sha
        patterns = [f"*{suffix}" for suffix in _SUFFIXES]
        folder = snapshot_download(REPOSITORY, repo_type="dataset", revision=commit, allow_patterns=patterns)
    except (OSError, ValueError, transport_error()) as error:
        problem = " ".join(str(error).split())
        raise GonerdError(
            f"{REPOSITORY} at {revision!r} cannot be fetched from the hub ({problem}); "
            "try again, or pass data_dir= with a folder that holds its files"
        ) from error
    return Path(folder), str(commit)


def _is_commit(revision: str) -> bool:
    return re.fullmatch("[0-9a-f]{40}", revision) is not None


def split_files(folder: Path) -> dict[str, Path]:
    """Finds the file of each split by its name, or by that of the folder it lies in.

    Args:
        folder: Where the files lie, directly or one folder deep.

    Returns:
        From split to file, for the splits that are there.

    Raises:
        GonerdError: There is none, or there are two for one split.
    """
    if not folder.is_dir():
        raise GonerdError(f"{folder}: no such folder; pass the one that holds train.jsonl, val.jsonl and test.jsonl")
    found: dict[str, Path] = {}
    for path in sorted([*folder.glob("*.*"), *folder.glob("*/*.*")]):
        if path.suffix not in _SUFFIXES or not path.is_file():
            continue
        split = _split_of(path.stem) or (_split_of(path.parent.name) if path.parent != folder else None)
        if split in found:
            first, second = found[split].relative_to(folder), path.relative_to(folder)
            raise GonerdError(f"{folder}: both {first} and {second} would be the split {split!r}; keep one")
        if split is not None:
            found[split] = path
    if not found:
        raise GonerdError(f"{folder}: holds no train, validation or test file; name them train.jsonl, and so on")
    return {split: found[split] for split in _SPLITS if split in found}


def _split_of(name: str) -> str | None:
    parts = set(re.split("[^a-z]+", name.lower()))
    return next((split for split, names in _SPLITS.items() if parts & names), None)


def label_names(folder: Path) -> dict[int, str] | None:
    """Reads the tags that numbers stand for from a file beside the data, if there is one.

    Raises:
        UsageError: Such a file says nothing of the kind.
        GonerdError: One is malformed, or two disagree.
    """
    paths = [p for p in sorted(folder.glob("*.json")) if re.sub("[^a-z0-9]", "", p.stem.lower()) in _LABEL_FILES]
    found = [numbered(read_json(path, "mend or remove it"), str(path)) for path in paths]
    if any(names != found[0] for names in found):
        raise GonerdError(f"{folder}: {', '.join(p.name for p in paths)} name the numbers differently; keep one")
    return found[0] if found else None
