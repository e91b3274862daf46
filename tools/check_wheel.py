"""Checks a built wheel: what is in it, and that `gonerd --help` works from it with core dependencies alone.

Usage: python tools/check_wheel.py FOLDER_WITH_THE_WHEEL
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path

ROOMS = ("crawl", "annotation", "models", "evaluation")
HEAVY = ("torch", "transformers", "scrapy", "spacy", "trafilatura")


def check_contents(wheel: Path) -> None:
    """Exits with a sentence when a room is missing, at the top level, or without its data files."""
    names = zipfile.ZipFile(wheel).namelist()
    top = {name.partition("/")[0] for name in names if ".dist-info" not in name}
    if top != {"gonerd"}:
        sys.exit(f"{wheel.name}: the top level holds {sorted(top)}, expected gonerd alone")
    wanted = [f"gonerd/{room}/cli.py" for room in ROOMS]
    wanted += ["gonerd/py.typed", "gonerd/README.md", "gonerd/croissant.json", "gonerd/data/manifest.json"]
    wanted += ["gonerd/data/documents/train-00000-of-00001.parquet", "gonerd/figures/lengths.png"]
    wanted += [
        "gonerd/evaluation/report/templates/report.html.j2",
        "gonerd/evaluation/report/templates/report.css",
        "gonerd/crawl/site/templates/robots.txt.j2",
    ]
    wanted += ["gonerd/annotation/GUIDELINES.md", "gonerd/annotation/sample/decisions.jsonl"]
    for name in wanted:
        if name not in names:
            sys.exit(f"{wheel.name}: {name} is missing")
    if not any(name.startswith("gonerd/crawl/site/pages/") for name in names):
        sys.exit(f"{wheel.name}: the pages of the embedded site are missing")


def check_core_install(wheel: Path) -> None:
    """Exits with a sentence when the wheel, alone with its core dependencies, cannot show its help or use its data."""
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run([sys.executable, "-m", "venv", folder], check=True)
        python = Path(folder) / "bin" / "python"
        subprocess.run([python, "-m", "pip", "install", "-q", "-c", "constraints.txt", str(wheel)], check=True)
        code = f"import importlib.util as u; assert not [n for n in {HEAVY!r} if u.find_spec(n)], 'core is not light'"
        commands = [
            [python, "-c", code],
            [python.with_name("gonerd"), "--help"],
            [python.with_name("gonerd"), "dataset", "show"],
            [python.with_name("gonerd"), "dataset", "export", "sample", "--format", "jsonl", "--out", "exported"],
            [python, "-c", "import gonerd, datasets; datasets.load_dataset('gonerd', 'spans', streaming=True)"],
        ]
        for command in commands:
            subprocess.run(command, check=True, cwd=folder, stdout=subprocess.DEVNULL)
        if not (Path(folder) / "exported" / "train.jsonl").stat().st_size:
            sys.exit(f"{wheel.name}: the sample is exported as an empty file")


if __name__ == "__main__":
    (found,) = Path(sys.argv[1]).glob("gonerd-*.whl")
    check_contents(found)
    check_core_install(found)
    print(f"{found.name}: contents and core install are fine")
