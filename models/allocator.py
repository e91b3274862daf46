"""The C allocator's thresholds, which cost more than the arithmetic when they are wrong."""

from __future__ import annotations

import ctypes
import platform

# Settings that times are shown for: as a process gets it, and keeping what is freed, as `keep_freed_memory` does.
MALLOC: dict[str, dict[str, str]] = {
    "default": {},
    "tuned": {
        "MALLOC_MMAP_THRESHOLD_": "8589934592",
        "MALLOC_TRIM_THRESHOLD_": "17179869184",
        "MALLOC_TOP_PAD_": "268435456",
    },
}

# mallopt parameters of glibc (malloc.h); the values are C ints.
_M_TRIM_THRESHOLD, _M_TOP_PAD, _M_MMAP_MAX = -1, -2, -4
_NEVER, _GROW_BY = -1, 256 * 2**20


def keep_freed_memory() -> bool:
    """Makes glibc reuse large blocks instead of returning them to the kernel at each `free`.

    Activations of long documents are larger than glibc's ceiling for heap blocks, so that by default every
    training step maps, faults in and unmaps gigabytes: on a small virtual machine most of the step's time.
    The process then holds on to its peak memory, which a training run does anyway.

    Returns:
        Whether it was done; other C libraries are left alone.
    """
    if platform.libc_ver()[0] != "glibc":
        return False
    mallopt = ctypes.CDLL(None).mallopt
    settings = ((_M_MMAP_MAX, 0), (_M_TRIM_THRESHOLD, _NEVER), (_M_TOP_PAD, _GROW_BY))
    return all([bool(mallopt(name, value)) for name, value in settings])
