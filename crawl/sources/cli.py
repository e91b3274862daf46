"""`gonerd crawl sources`: what the crawler knows about publishers."""

from __future__ import annotations

from .table import sources_markdown, sources_text


def sources_table(markdown: bool) -> str:
    """Returns the table of known publishers.

    Args:
        markdown: As Markdown instead of lines for a terminal.
    """
    return sources_markdown().rstrip("\n") if markdown else sources_text()
