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
from gonerd.demo.road import embedded_site

ROOT = Path(__file__).resolve().parent.parent


def gonerd(*words: str | Path) -> None:
    """Runs a command in a process of its own (a crawl needs one)."""
    subprocess.run([sys.executable, "-P", "-m", "gonerd", *map(str, words)], check=True)


def make_sample(work: Path) -> Path:
    """Walks crawl, extract, annotate and build under `work` and returns the dataset's folder."""
    with embedded_site() as site:
        for domain in ("news", "legal"):
            seed = f"{site}/{domain}-sitemap.xml"
            gonerd(
                "crawl",
                "run",
                "--sitemap",
                seed,
                "--domain",
                domain,
                "--allow-host",
                "127.0.0.1",
                "--out",
                work / "crawl",
            )
    gonerd("crawl", "extract", work / "crawl", "--out", work / "documents")
    gonerd("annotate", "run", work / "documents", "--out", work / "layer")
    build_dataset(work / "documents", work / "layer", work / "dataset", name="gonerd", prose=ROOT / "DATASET_CARD.md")
    return work / "dataset"


if __name__ == "__main__":
    target = Path(sys.argv[1]) if len(sys.argv) > 1 else ROOT / "gonerd"
    with tempfile.TemporaryDirectory() as folder:
        made = make_sample(Path(folder))
        shutil.rmtree(target / "data", ignore_errors=True)
        shutil.copytree(made / "data", target / "data")
        shutil.copy(made / "README.md", target / "README.md")
    print(f"sample release -> {target}/README.md, {target}/data")
