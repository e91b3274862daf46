"""What a number was measured with: every result file carries it."""

from __future__ import annotations

import platform
import subprocess
from importlib import metadata
from pathlib import Path
from typing import Any

_LIBRARIES = (
    *("gonerd", "torch", "transformers", "datasets", "pyarrow", "seqeval", "tokenizers"),
    *("numpy", "scikit-learn", "scipy"),
)
_RESULTS = ("benchmarks/results", "docs/RESULTS.md")


def environment(*, model: bool = True) -> dict[str, Any]:
    """Returns git state, library versions, machine, device and threads.

    Args:
        model: Whether a model was run; scoring alone takes one thread of the processor, and no torch.
    """
    device, threads = "cpu", 1
    if model:
        import torch

        device = torch.cuda.get_device_name() if torch.cuda.is_available() else "cpu"
        threads = torch.get_num_threads()
    return {
        "git": git_state(),
        "python": platform.python_version(),
        "libraries": {name: _version(name) for name in _LIBRARIES},
        "machine": platform.machine(),
        "device": device,
        "threads": threads,
    }


def best_device() -> str:
    """Returns "cuda" when a GPU is there, else "cpu"."""
    import torch

    return "cuda" if torch.cuda.is_available() else "cpu"


def git_state() -> dict[str, Any] | None:
    """Returns the last commit of this source tree and whether it was changed since, or None outside a checkout.

    Results that are kept in the checkout change no number: those folders do not count.
    """
    here = Path(__file__).resolve().parent

    def git(*arguments: str) -> str:
        done = subprocess.run(["git", "-C", str(here), *arguments], capture_output=True, text=True, check=True)
        return done.stdout.strip()

    try:
        # An installed copy inside somebody else's checkout must not claim that checkout's commit.
        git("ls-files", "--error-unmatch", Path(__file__).name)
        source = ("--", ":(top)", *(f":(top,exclude){name}" for name in _RESULTS))
        commit = git("log", "-1", "--format=%H", *source)
        return {"commit": commit, "dirty": bool(git("status", "--porcelain", *source))} if commit else None
    except (subprocess.CalledProcessError, FileNotFoundError):
        return None


def dataset_identity(data: str | Path) -> dict[str, Any]:
    """Returns name, version and file hashes of a dataset folder from its manifest, or the name alone."""
    from gonerd.dataset.names import folder_of
    from gonerd.dataset.schema import MANIFEST
    from gonerd.files import read_json

    folder = folder_of(data)
    if folder is None or not (folder / MANIFEST).exists():
        return {"name": str(data)}
    manifest = read_json(folder / MANIFEST, "build the dataset again")
    return {key: manifest[key] for key in ("name", "version", "files")}


def _version(name: str) -> str | None:
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return None
