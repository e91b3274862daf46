"""Writes docs/RESULTS.md from the kept results of configs/replicate-small.yaml; a test fails when the file is stale."""

from __future__ import annotations

from pathlib import Path

from gonerd.evaluation.replicate import read_replicate
from gonerd.evaluation.replicate.document import write_document

CONFIG = Path(__file__).resolve().parent.parent / "configs" / "replicate-small.yaml"

if __name__ == "__main__":
    print(write_document(read_replicate(CONFIG)))
