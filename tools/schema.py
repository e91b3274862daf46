"""Writes docs/RESULTS_SCHEMA.md from the schema of result files; a test fails when the file is stale."""

from __future__ import annotations

from pathlib import Path

from gonerd.evaluation.schema.table import schema_markdown

TARGET = Path(__file__).resolve().parent.parent / "docs" / "RESULTS_SCHEMA.md"

if __name__ == "__main__":
    TARGET.parent.mkdir(exist_ok=True)
    TARGET.write_text(schema_markdown(), encoding="utf-8")
    print(TARGET)
