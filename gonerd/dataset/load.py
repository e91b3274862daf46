"""Loading a release: the packaged sample, a folder, or a hub id."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from gonerd.errors import GonerdError, UsageError

SAMPLE = "sample"
# Where this package stands is where its sample release stands: README.md and data/ lie beside the modules.
_PACKAGE = Path(__file__).resolve().parent.parent


def folder_of(name: str | Path) -> Path | None:
    """Returns the folder that a dataset name stands for, or None when it is a hub id.

    Raises:
        UsageError: The name could mean the packaged release or a folder.
    """
    if str(name) == SAMPLE and Path(SAMPLE).exists():
        raise UsageError(f"'{SAMPLE}' is the packaged release and also a folder here; write ./{SAMPLE} for the folder")
    path = _PACKAGE if str(name) == SAMPLE else Path(name)
    return path if path.exists() else None


def load_dataset(name: str | Path = SAMPLE, split: str | None = None, revision: str | None = None) -> Any:
    """Loads a GONERD release.

    Args:
        name: "sample" for the packaged release, a folder that `gonerd dataset build` made, or a hub id.
        split: One split; all of them when None.
        revision: Commit or tag of a hub dataset; folders carry their version in `data/manifest.json`.

    Returns:
        A `datasets.DatasetDict`, or a `datasets.Dataset` when `split` is given.

    Raises:
        GonerdError: Nothing readable is there.
    """
    import datasets

    folder = folder_of(name)
    if folder and not list(folder.glob("data/*.parquet")):
        raise GonerdError(f"{folder}: holds no data/*.parquet; make the dataset with `gonerd dataset build`")
    try:
        return datasets.load_dataset(str(folder or name), split=split, revision=revision)
    except (OSError, ValueError, datasets.exceptions.DatasetsError) as error:
        problem = " ".join(str(error).split())
        raise GonerdError(f"dataset {str(name)!r} is neither a folder nor loadable from the hub: {problem}") from error
