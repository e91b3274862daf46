"""The files of a release, verified against its manifest before they go anywhere."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any

from gonerd.errors import GonerdError

from .release import changed_files, read_manifest
from .rights import RELEASES
from .schema import MANIFEST

if TYPE_CHECKING:
    from huggingface_hub.hf_api import RepoFile

_REBUILD = "build it again with `gonerd dataset build`"


@dataclass(frozen=True)
class ReleaseFile:
    """A file of a release, which was found to be as its manifest states."""

    path: str
    local: Path
    bytes: int
    sha256: str

    def same_as(self, remote: RepoFile | None) -> bool:
        """Tells whether the hub holds these very bytes, by sha256 for large files and by git's hash for small ones."""
        if remote is None or remote.size != self.bytes:
            return False
        if remote.lfs:
            return bool(remote.lfs.sha256 == self.sha256)
        blob = b"blob %d\0" % self.bytes + self.local.read_bytes()
        return bool(remote.blob_id == hashlib.sha1(blob, usedforsecurity=False).hexdigest())


def verified(folder: Path) -> tuple[dict[str, Any], tuple[ReleaseFile, ...]]:
    """Reads a release's manifest and makes sure that the release is whole and may be published.

    Args:
        folder: A folder made by `gonerd dataset build`, or the package folder with the sample.

    Returns:
        The manifest, and the release's files by path, the manifest itself among them.

    Raises:
        GonerdError: A field or file is missing, altered or unknown to the manifest, or the release is private.
    """
    source = folder / MANIFEST
    manifest = read_manifest(folder)
    for field in ("name", "version", "release"):
        if not isinstance(manifest.get(field), str) or not manifest[field].strip():
            raise GonerdError(f"{source}: field {field!r} is missing or empty; {_REBUILD}")
    kind = manifest["release"]
    if kind == "private" or kind not in RELEASES:
        remedy = "build it again with `--release full` or `--release urls-only`"
        raise GonerdError(f"{source}: a release of kind {kind!r} is not published; {remedy}")
    stated: dict[str, Any] = manifest["files"]
    for path in stated:
        if not in_release(path) or ".." in PurePosixPath(path).parts or PurePosixPath(path).as_posix() != path:
            raise GonerdError(f"{source}: lists {path!r}, which is no file of a release; {_REBUILD}")
    if "README.md" not in stated:
        raise GonerdError(f"{source}: lists no README.md, without which nothing loads; {_REBUILD}")
    for path, problem in changed_files(folder, manifest):
        raise GonerdError(f"{folder / path}: {problem}; {_REBUILD}")
    packaged = (folder / "__init__.py").exists()  # the sample lies beside the modules of this package
    for path in sorted(found.relative_to(folder).as_posix() for found in folder.rglob("*") if found.is_file()):
        hidden = any(part.startswith(".") for part in path.split("/"))
        if path not in stated and path != MANIFEST and not hidden and (in_release(path) or not packaged):
            raise GonerdError(f"{folder / path}: not listed in {MANIFEST}; move it away, or {_REBUILD}")
    own = source.read_bytes()
    stated = {**stated, MANIFEST: {"bytes": len(own), "sha256": hashlib.sha256(own).hexdigest()}}
    return manifest, tuple(ReleaseFile(p, folder / p, f["bytes"], f["sha256"]) for p, f in sorted(stated.items()))


def in_release(path: str) -> bool:
    """Tells whether a path lies where a release keeps its files; all else is neither published nor deleted."""
    return path in ("README.md", "croissant.json") or path.startswith(("data/", "figures/"))
