"""Where a fine-tuning keeps its checkpoints while it runs: one that was killed goes on with the same command."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

from gonerd.errors import GonerdError
from gonerd.files import only_writer, read_json, write_json
from gonerd.models.checkpoints import clear_unfinished

_SETTINGS = "settings.json"


def scratch_of(out: Path) -> Path:
    """Returns the folder of the checkpoints of what becomes `out`."""
    return out.parent / f".{out.name}.finetuning"


@contextmanager
def kept(out: Path, facts: Mapping[str, Any]) -> Iterator[Path | None]:
    """Yields a folder for the checkpoints of a fine-tuning, which is removed when the block ends well.

    Those of other weights, data or settings are removed as well: the model in `out` would be replaced by ours too.

    Args:
        out: Folder of the fine-tuned model.
        facts: What its note will say, by which the run is known again; where its source lies is no part of that.

    Yields:
        The folder; None where another process makes the same model already, so that both end.
    """
    scratch = scratch_of(out.resolve())
    with ExitStack() as stack:
        try:
            stack.enter_context(only_writer(scratch))
        except GonerdError:
            yield None
            return
        _claim(scratch, json.loads(json.dumps({**facts, "source": None}, default=str)))
        yield scratch
        shutil.rmtree(scratch, ignore_errors=True)


def _claim(scratch: Path, facts: dict[str, Any]) -> None:
    """Clears what another run left, and what a kill left half-written."""
    path = scratch / _SETTINGS
    if path.is_file() and read_json(path, f"remove {scratch}") == facts:
        clear_unfinished(scratch)
        return
    for folder in scratch.glob("checkpoint-*"):
        shutil.rmtree(folder)
    write_json(path, facts)
