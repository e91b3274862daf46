"""What students kept and saved, for readers: one HTML page, Markdown, model cards, leaderboards."""

from __future__ import annotations

from .write import ReportSettings, write_report

__all__ = ["ReportSettings", "write_report"]
