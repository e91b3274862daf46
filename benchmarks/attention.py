"""`gonerd models bench`, with its figures kept in results/attention.json; all its options may be given.

Usage: python benchmarks/attention.py [--patterns longformer] [--lengths 1024,4096] [--layers 2] [--show] [...]
"""

from __future__ import annotations

import sys
from pathlib import Path

from gonerd.models.cli import app

RESULTS = Path(__file__).parent / "results" / "attention.json"

if __name__ == "__main__":
    app(["bench", "--out", str(RESULTS), *sys.argv[1:]])
