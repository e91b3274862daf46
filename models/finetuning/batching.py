"""Batches of windows: those of like length together, and half as many where memory does not hold them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from accelerate.utils.memory import clear_device_cache, should_reduce_batch_size

from gonerd.errors import GonerdError, UsageError

# Positions of a batch that chooses its size: as many as the caches of a processor, or a GPU, like to be given at once.
_POSITIONS = {"cpu": 8192}
_ON_A_GPU = 131_072


@dataclass(frozen=True)
class Batching:
    """How many windows are run at once.

    Attributes:
        windows: So many, whatever their length; None to choose by the positions that they fill.
        positions: Most positions of a batch, padding included, where `windows` is None; the device's when None.
    """

    windows: int | None = None
    positions: int | None = None

    @classmethod
    def parse(cls, text: str | int) -> Batching:
        """Reads what `--batch-size` takes.

        Raises:
            UsageError: It is neither "auto" nor a whole number above 0.
        """
        if text == "auto":
            return cls()
        if not str(text).isdecimal() or int(text) < 1:
            raise UsageError(f"--batch-size {text!r}: give a whole number above 0, or auto")
        return cls(int(text))

    def plan(self, lengths: Sequence[int], device: str = "cpu") -> list[list[int]]:
        """Puts windows of like length together, the longest first, so that memory errors come at once.

        Args:
            lengths: Positions of each window.
            device: Type of the device.

        Returns:
            Indices of the windows of each batch.
        """
        order = sorted(range(len(lengths)), key=lambda i: -lengths[i])
        most = self.positions or _POSITIONS.get(device, _ON_A_GPU)
        batches: list[list[int]] = []
        at = 0
        while at < len(order):
            size = self.windows or max(most // max(lengths[order[at]], 1), 1)
            batches.append(order[at : at + size])
            at += size
        return batches

    def halving(
        self, batch: Sequence[int], forward: Callable[[Sequence[int]], Any]
    ) -> Iterator[tuple[Sequence[int], Any]]:
        """Runs a batch, in halves where it does not fit into memory, and these likewise.

        Args:
            batch: Indices of its windows.
            forward: Runs some of them.

        Yields:
            (indices, what `forward` returned), in order.

        Raises:
            GonerdError: A single window does not fit, or a batch whose size was given.
        """
        try:
            done = forward(batch)
        except (RuntimeError, MemoryError) as error:
            if not isinstance(error, MemoryError) and not should_reduce_batch_size(error):
                raise
            if len(batch) == 1:
                raise GonerdError("a single window does not fit into memory; lower --max-length") from error
            if self.windows is not None:
                raise GonerdError(
                    f"a batch of {len(batch)} windows does not fit into memory; lower --batch-size, or pass auto"
                ) from error
        else:
            yield batch, done
            return
        clear_device_cache(garbage_collection=True)  # after the except block, which holds on to the tensors
        half = len(batch) // 2
        for part in (batch[:half], batch[half:]):
            yield from self.halving(part, forward)
