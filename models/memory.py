"""Peak memory of this process or its GPU, from a moment on."""

from __future__ import annotations

import re
from pathlib import Path

import torch

_STATUS, _CLEAR = Path("/proc/self/status"), Path("/proc/self/clear_refs")


class PeakMemory:
    """Measures by how many bytes memory grew above what was held at construction.

    On CUDA it reads the allocator's peak; on Linux the kernel's high-water mark of resident memory, which
    is reset first, since loading a model peaks higher than holding it.

    Args:
        device: Where the model runs.
    """

    def __init__(self, device: torch.device) -> None:
        self._cuda = device.type == "cuda"
        if self._cuda:
            torch.cuda.reset_peak_memory_stats(device)
        elif _CLEAR.exists():
            _CLEAR.write_text("5")
        self._before = self._peak()

    def growth(self) -> int:
        """Returns the growth in bytes since construction."""
        return max(0, self._peak() - self._before)

    def _peak(self) -> int:
        if self._cuda:
            return int(torch.cuda.max_memory_allocated())
        if _STATUS.exists() and (found := re.search(r"VmHWM:\s+(\d+) kB", _STATUS.read_text())):
            return int(found[1]) * 1024
        import resource
        import sys

        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        return peak if sys.platform == "darwin" else peak * 1024
