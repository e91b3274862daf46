"""Writes docs/TASKS.md from the tasks and metrics; a test fails when the file is stale."""

from __future__ import annotations

from pathlib import Path

from gonerd.evaluation.tasks_table import tasks_markdown

TARGET = Path(__file__).resolve().parent.parent / "docs" / "TASKS.md"

if __name__ == "__main__":
    TARGET.parent.mkdir(exist_ok=True)
    TARGET.write_text(tasks_markdown(), encoding="utf-8")
    print(TARGET)
