"""Writes docs/SOURCES.md from the sources themselves; a test fails when the file is stale."""

from __future__ import annotations

from pathlib import Path

from gonerd.crawl.sources.table import sources_markdown

TARGET = Path(__file__).resolve().parent.parent / "docs" / "SOURCES.md"

if __name__ == "__main__":
    TARGET.parent.mkdir(exist_ok=True)
    TARGET.write_text(sources_markdown(), encoding="utf-8")
    print(TARGET)
