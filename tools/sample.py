"""Rebuilds the release that stands in gonerd/ (README.md, croissant.json, data/, figures/) from the embedded site.

Usage: python tools/sample.py [FOLDER]   (default: gonerd/ itself)
"""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from gonerd.demo.road import DemoSettings, embedded_site

ROOT = Path(__file__).resolve().parent.parent
PARTS = ("README.md", "croissant.json", "data", "figures")


def make_sample(work: Path) -> Path:
    """Walks the demo's road up to the gold layer under `work`, builds, and returns the release's folder."""
    with embedded_site() as site:
        stages = DemoSettings(out=work).commands(site, teacher="")[:3]
        for command in (command for _, commands in stages for command in commands):
            subprocess.run([sys.executable, "-P", "-m", "gonerd", *command], check=True)
    return build_sample(work)


def build_sample(work: Path) -> Path:
    """Builds the release from documents and layers that the demo's road left under `work`."""
    layers, out = work / "annotations", work / "sample"
    words = ["--documents", work / "documents", "--layer", layers / "gold", "--out", out, "--name", "gonerd"]
    for name in ("annotator-a", "annotator-b"):
        words += ["--annotator", layers / name]
    command = ["dataset", "build", *words, "--card", ROOT / "DATASET_CARD.md"]
    subprocess.run([sys.executable, "-P", "-m", "gonerd", *map(str, command)], check=True)
    return out


if __name__ == "__main__":
    target = Path(sys.argv[1]) if len(sys.argv) > 1 else ROOT / "gonerd"
    with tempfile.TemporaryDirectory() as folder:
        made = make_sample(Path(folder))
        for part in PARTS:
            if (made / part).is_dir():
                shutil.rmtree(target / part, ignore_errors=True)
                shutil.copytree(made / part, target / part)
            else:
                shutil.copy(made / part, target / part)
    print(f"sample release -> {', '.join(f'{target}/{part}' for part in PARTS)}")
