"""The machine that figures belong to."""

from __future__ import annotations

import hashlib
import json
import os
import platform
import re
from pathlib import Path
from typing import Any

import torch
import transformers

from gonerd.models.attention._products import library

_EXTENSIONS = ("avx2", "avx512f", "avx512_vnni", "avx_vnni", "avx512_bf16", "amx_int8", "amx_bf16")
_CPU, _MEMORY = Path("/proc/cpuinfo"), Path("/proc/meminfo")


def machine() -> dict[str, Any]:
    """Returns the processor with what decides how fast it multiplies, memory, C library and versions."""
    text = _CPU.read_text() if _CPU.exists() else ""
    flags = set((re.search(r"^flags\s*:(.*)$", text, re.M) or [""])[0].split())
    family = [(re.search(rf"^{name}\s*: (.*)$", text, re.M) or ["", ""])[1] for name in ("model name", "cpu family")]
    memory = re.search(r"MemTotal:\s+(\d+)", _MEMORY.read_text()) if _MEMORY.exists() else None
    return {
        "processor": f"{family[0]} (family {family[1]})" if family[0] else platform.processor(),
        "extensions": [name for name in _EXTENSIONS if name in flags],
        "cores": os.cpu_count(),
        "memory_gb": round(int(memory[1]) / 2**20) if memory else None,
        "float32_products": library(),
        "libc": " ".join(platform.libc_ver()),
        "python": platform.python_version(),
        "torch": torch.__version__,
        "transformers": transformers.__version__,
    }


def fingerprint(facts: dict[str, Any]) -> str:
    """Returns a short name for a machine; other versions of the libraries make another."""
    return hashlib.sha256(json.dumps(facts, sort_keys=True).encode()).hexdigest()[:8]
