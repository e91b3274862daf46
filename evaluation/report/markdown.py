"""A report as Markdown: the tables of the page, for a pull request or a paper's notes."""

from __future__ import annotations

from html import escape
from typing import Any

from gonerd.markdown import table

from .tables import Rows, Table
from .view import View


def markdown(view: View, title: str) -> str:
    """Writes the tables; plots and the error browser are on the page alone."""
    parts = [f"# {title}"]
    parts += [f"- `{plain(student)}` against its teacher `{plain(teacher)}`" for teacher, student in view.pairs]
    names = ["summary", "kept", "published", "matrix", "times"] if view.pairs else ["matrix", "times"]
    for name in [*names, *(["missing"] if "missing" in view.tables else [])]:
        parts += section(view.tables[name], "##")
    for task in view.tasks:
        parts += [f"## {plain(task.title)}", " ".join(map(plain, task.facts))]
        for one in task.tables:
            parts += section(one, "###")
    parts += ["## How it was measured", *(f"- {plain(note)}" for note in view.notes)]
    return "\n\n".join(parts).replace("\n\n- ", "\n- ").replace("\n- ", "\n\n- ", 1) + "\n"


def section(one: Table, level: str) -> list[str]:
    """Writes a heading, a table and its note."""
    return [f"{level} {plain(one.title)}", table(escaped(one.rows)), *([plain(one.note)] if one.note else [])]


def escaped(rows: Rows) -> Rows:
    """Takes from names what would be HTML in Markdown."""
    return [
        {plain(key): plain(value) if isinstance(value, str) else value for key, value in row.items()} for row in rows
    ]


def plain(text: Any) -> str:
    """Returns text in which no tag begins."""
    return escape(str(text), quote=False)
