"""Where fitting stands after each pass, so that the command of a killed run goes on where it was."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import load_file, save_file
from torch import nn

from gonerd.files import new_file

Optimizers = Sequence[torch.optim.Optimizer]
_NET = "net."


@dataclass(frozen=True)
class Progress:
    """A file with the weights and with what the optimisers have gathered.

    Attributes:
        path: Of the file; removed by who made this, once the reader is written.
        task: What is fitted on what; what another task left is not gone on from.
    """

    path: Path
    task: str

    def keep(self, passes: int, loss: float, net: nn.Module, optimizers: Optimizers) -> None:
        """Writes where fitting stands after so many passes."""
        tensors = {_NET + name: value.cpu().contiguous() for name, value in net.state_dict().items()}
        for number, optimizer in enumerate(optimizers):
            for index, gathered in optimizer.state_dict()["state"].items():
                for name, value in gathered.items():
                    tensors[f"{number}.{index}.{name}"] = torch.as_tensor(value).cpu().contiguous()
        with new_file(self.path) as temporary:
            save_file(tensors, temporary, {"task": self.task, "passes": str(passes), "loss": repr(loss)})

    def restore(self, net: nn.Module, optimizers: Optimizers) -> tuple[int, float]:
        """Brings network and optimisers to where an earlier run of the same task stood.

        Returns:
            The passes that it had made and the loss of the last; none where there is nothing to go on from.
        """
        try:
            with safe_open(self.path, "pt") as opened:
                note = opened.metadata() or {}
        except (OSError, SafetensorError):
            return 0, 0.0
        if note.get("task") != self.task:
            return 0, 0.0
        tensors = load_file(self.path)
        net.load_state_dict({name.removeprefix(_NET): v for name, v in tensors.items() if name.startswith(_NET)})
        for number, optimizer in enumerate(optimizers):
            state: dict[int, dict[str, torch.Tensor | int]] = {}
            for name, value in tensors.items():
                owner, _, rest = name.partition(".")
                if owner == str(number):
                    index, _, what = rest.partition(".")
                    # One optimiser counts its steps in a tensor of floats, the other in a plain number.
                    counted = what == "step" and not value.is_floating_point()
                    state.setdefault(int(index), {})[what] = int(value) if counted else value
            optimizer.load_state_dict({**optimizer.state_dict(), "state": state})
        return int(note["passes"]), float(note["loss"])


def task_of(net: nn.Module, parts: Iterator[object]) -> str:
    """Names a task by the network's first weights and by whatever else decides what comes out."""
    digest = hashlib.blake2b(digest_size=16)
    for name, value in net.state_dict().items():
        digest.update(name.encode())
        digest.update(value.detach().cpu().contiguous().numpy().tobytes())
    for part in parts:
        digest.update(repr(part).encode())
    return digest.hexdigest()
