"""Watching a run: it stops with a sentence when it is lost, and its checkpoints are complete or not there."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

from transformers import TrainerCallback

from gonerd.errors import GonerdError
from gonerd.files import read_json, write_json
from gonerd.models.checkpoints import clear_unfinished, folder_of, mark
from gonerd.models.settings import first_difference

from .processes import processes

_SETTINGS = "settings.json"


class Watch(TrainerCallback):
    """Stops a run whose loss is no number or runs away, and ends it with a checkpoint and a held-out loss.

    Args:
        divergence: How many times the lowest logged loss a later one may be; None for any.
    """

    def __init__(self, divergence: float | None) -> None:
        self._divergence = divergence

    def on_step_end(self, args: Any, state: Any, control: Any, **_: Any) -> Any:
        """Asks for a log, a held-out loss and a checkpoint at the end."""
        if state.global_step >= state.max_steps:
            control.should_log = control.should_save = True
            control.should_evaluate = args.eval_strategy != "no"
        return control

    def on_log(self, args: Any, state: Any, control: Any, logs: dict[str, float] | None = None, **_: Any) -> None:
        """Looks at the loss, before a checkpoint could be made of what is lost.

        Raises:
            GonerdError: It is no number, or far above what it was.
        """
        loss = (logs or {}).get("loss")
        if loss is None:
            return
        advice = f"lower the learning rate and run into another folder; the checkpoints in {args.output_dir} are whole"
        if not math.isfinite(loss):
            raise GonerdError(f"step {state.global_step}: the loss is {loss}; {advice}")
        earlier = [entry["loss"] for entry in state.log_history[:-1] if "loss" in entry]
        if self._divergence is not None and earlier and loss > self._divergence * min(earlier):
            raise GonerdError(
                f"step {state.global_step}: the loss is {loss:.3f} after {min(earlier):.3f}, so training diverges; "
                f"{advice}"
            )

    def on_save(self, args: Any, state: Any, control: Any, **_: Any) -> None:
        """Marks a checkpoint as complete when every process has written its part."""
        processes().wait_for_everyone()
        if state.is_world_process_zero:
            mark(folder_of(args.output_dir, state.global_step), state.global_step)


def claim(scratch: Path, settings: dict[str, Any]) -> None:
    """Makes a folder for the checkpoints of one configuration, and clears what a kill left unfinished.

    Raises:
        GonerdError: It holds checkpoints of another configuration.
    """
    if (scratch / _SETTINGS).is_file():
        different = first_difference(settings, read_json(scratch / _SETTINGS, f"remove {scratch}"))
        if different:
            raise GonerdError(
                f"{scratch}: holds checkpoints of another configuration (it differs in {different!r}); restore that, "
                "choose another --out, or remove the folder"
            )
    elif scratch.exists() and any(scratch.iterdir()):
        raise GonerdError(f"{scratch}: is in the way, and not made by this command; choose another --out")
    else:
        write_json(scratch / _SETTINGS, settings)
    clear_unfinished(scratch)
