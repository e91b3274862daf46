"""What the name of a dataset stands for, and what a folder says of itself."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path
from typing import Any

from gonerd.errors import GonerdError
from gonerd.files import read_json

from .schema import CONFIGS, DEFAULT, MANIFEST

SAMPLE = "sample"
ORIGINAL = "original"
BARE_NAME = "gonerd"
# Where this package stands is where its sample release stands: README.md and data/ lie beside the modules.
_PACKAGE = Path(__file__).resolve().parent.parent


def folder_of(name: str | Path) -> Path | None:
    """Returns the folder that a dataset name stands for, or None when it is a hub id or the predecessor.

    "sample" and "original" mean the same whatever lies here; "./sample", or a `Path`, is the folder of that name.

    Raises:
        GonerdError: The name cannot be looked up, or stands for a release that is not installed.
    """
    if name == SAMPLE:
        return _PACKAGE
    if name == ORIGINAL:
        return None
    if name == BARE_NAME:
        return bare_release()
    path = local_path(name)
    return path if path.exists() else None


def local_path(name: str | Path) -> Path:
    """Returns the path that a user wrote, with the home folder filled in; nothing need be there.

    Raises:
        GonerdError: Nothing can be there: an unknown user's home, a name too long, a folder that may not be read.
    """
    try:
        path = Path(name).expanduser()
        path.exists()
    except (OSError, RuntimeError) as error:
        problem = error.strerror if isinstance(error, OSError) else error
        raise GonerdError(f"{name}: no such folder ({problem}); check the path") from error
    return path


def bare_release(revision: Any = None) -> Path:
    """Returns the release that the bare name "gonerd" stands for: a release of that name here, or the packaged one.

    Args:
        revision: Version that it must have; any when None.

    Raises:
        GonerdError: It is another version, or this installation was made without its data.
    """
    here = Path(BARE_NAME)
    folder = here.absolute() if _is_release(here) else _PACKAGE
    if not (folder / MANIFEST).is_file():
        raise GonerdError(f"{folder}: this installation lacks the packaged release ({MANIFEST}); install gonerd again")
    check_revision(folder, revision)
    return folder


def _is_release(folder: Path) -> bool:
    """Whether a folder is a release for certain, not merely one with a file where the manifest would be."""
    manifest = manifest_of(folder)
    stated = all(isinstance(manifest.get(field), str) and manifest[field] for field in ("name", "version"))
    return stated and isinstance(manifest.get("files"), dict) and DEFAULT in configs_of(folder)


def manifest_of(folder: Path) -> dict[str, Any]:
    """Reads what a folder says of itself; nothing where that is missing or malformed."""
    with suppress(GonerdError, OSError, RecursionError):
        manifest = read_json(folder / MANIFEST, "")
        return manifest if isinstance(manifest, dict) else {}
    return {}


def configs_of(folder: Path) -> list[str]:
    """Lists the configs that a folder holds."""
    return [name for name in CONFIGS if any((folder / "data" / name).glob("*.parquet"))]


def check_revision(folder: Path, revision: Any) -> None:
    """Holds a folder to the version asked for, which `datasets` would pass over in silence."""
    if revision is None:
        return
    manifest = read_json(folder / MANIFEST, "without it the folder's version is unknown; leave out the revision")
    version = manifest.get("version") if isinstance(manifest, dict) else None
    if str(revision) not in (str(version), f"v{version}"):  # a release is tagged vX on the hub
        raise GonerdError(
            f"{folder}: holds version {version}, not {str(revision)!r}; leave out the revision, or pass another folder"
        )
