"""What is done after every epoch of a fine-tuning: it is scored, the best weights are kept, a checkpoint is written."""

from __future__ import annotations

import math
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

from safetensors.torch import load_file, save_file
from torch import Tensor
from transformers import TrainerCallback

from gonerd.errors import GonerdError
from gonerd.files import read_json, write_json
from gonerd.models.checkpoints import folder_of, mark

_STATE, _BEST = "epochs.json", "best.safetensors"


class Epochs(TrainerCallback):
    """Scores the model after every epoch, keeps the best weights in memory, and stops when it gets no better.

    Args:
        model: The model that is trained.
        held_out: Scores it as it stands, the higher the better; None where nothing is held out.
        patience: Epochs without a better score after which training ends; None for never.
        loss: Returns the sum of the losses of all steps until now.
    """

    def __init__(
        self, model: Any, held_out: Callable[[], float] | None, patience: int | None, loss: Callable[[], float]
    ) -> None:
        self.model, self.held_out, self.patience, self.loss = model, held_out, patience, loss
        self.history: list[float] = []
        self.best_epoch: int | None = None
        self._weights: dict[str, Tensor] = {}

    def on_epoch_end(self, args: Any, state: Any, control: Any, **others: Any) -> None:
        """Scores, and says whether another epoch follows.

        Raises:
            GonerdError: The loss is no number any more.
        """
        if not math.isfinite(self.loss()):
            raise GonerdError(f"the training loss became {self.loss()}; lower --learning-rate and run again")
        if self.held_out is not None:
            self._score(self.held_out(), control)
        if control.should_training_stop or state.global_step >= state.max_steps:
            control.should_save = False  # what is saved next is the model

    def _score(self, score: float, control: Any) -> None:
        self.history.append(score)
        if self.best_epoch is None or score > self.history[self.best_epoch - 1]:
            self.best_epoch = len(self.history)
            self._weights = {name: value.detach().cpu().clone() for name, value in self.model.state_dict().items()}
        elif self.patience is not None and len(self.history) - self.best_epoch >= self.patience:
            control.should_training_stop = True

    def on_save(self, args: Any, state: Any, control: Any, **others: Any) -> None:
        """Completes a checkpoint, and removes the one before it."""
        checkpoint = folder_of(args.output_dir, state.global_step)
        write_json(checkpoint / _STATE, {"history": self.history, "best_epoch": self.best_epoch})
        if self._weights:
            save_file({name: value.contiguous() for name, value in self._weights.items()}, checkpoint / _BEST)
        mark(checkpoint, state.global_step)
        for other in Path(args.output_dir).glob("checkpoint-*"):
            if other != checkpoint:
                shutil.rmtree(other)

    def read(self, checkpoint: Path) -> None:
        """Goes on where a checkpoint stands."""
        held = read_json(checkpoint / _STATE, f"remove {checkpoint}")
        self.history, self.best_epoch = list(held["history"]), held["best_epoch"]
        self._weights = load_file(checkpoint / _BEST) if (checkpoint / _BEST).is_file() else {}

    def restore(self) -> None:
        """Leaves in the model the weights of its best epoch."""
        if self.best_epoch is not None and self.best_epoch < len(self.history):
            self.model.load_state_dict(self._weights)
        self.model.eval()
