"""Rebuilds the release that stands in gonerd/ (README.md and data/) from the embedded site.

Usage: python tools/sample.py [FOLDER]   (default: gonerd/ itself)
"""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from gonerd.dataset.build import build_dataset
from gonerd.demo.road import DemoSettings, embedded_site

ROOT = Path(__file__).resolve().parent.parent


def make_sample(work: Path) -> Path:
    """Walks the demo's road up to the annotation under `work`, builds, and returns the dataset's folder."""
    with embedded_site() as site:
        for _, commands in DemoSettings(out=work).commands(site, teacher="")[:3]:
            for command in commands:
                subprocess.run([sys.executable, "-P", "-m", "gonerd", *command], check=True)
    layer = work / "annotations" / "spacy"
    build_dataset(work / "documents", layer, work / "dataset", name="gonerd", prose=ROOT / "DATASET_CARD.md")
    return work / "dataset"


if __name__ == "__main__":
    target = Path(sys.argv[1]) if len(sys.argv) > 1 else ROOT / "gonerd"
    with tempfile.TemporaryDirectory() as folder:
        made = make_sample(Path(folder))
        shutil.rmtree(target / "data", ignore_errors=True)
        shutil.copytree(made / "data", target / "data")
        shutil.copy(made / "README.md", target / "README.md")
    print(f"sample release -> {target}/README.md, {target}/data")
