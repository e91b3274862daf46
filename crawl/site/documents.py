"""The demo site's texts: one Markdown file per page, found by itself."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from importlib import resources
from importlib.resources.abc import Traversable
from typing import Any

import yaml

from gonerd.errors import GonerdError

PAGES = "pages"
_FIELDS = {"title": str, "byline": str, "published": date, "section": str, "description": str, "license": str}


@dataclass(frozen=True, slots=True)
class Block:
    """A part of a page's body.

    Attributes:
        kind: "p", "h2" or "ul".
        lines: The paragraph or heading, or one line per list item.
    """

    kind: str
    lines: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class SitePage:
    """A page of the demo site.

    Attributes:
        slug: Last part of its path.
        section: Folder it stands in, and first part of its path.
        title: Headline.
        byline: Author.
        published: Day of publication.
        description: One-sentence summary.
        license: SPDX identifier.
        blocks: Its body.
    """

    slug: str
    section: str
    title: str
    byline: str
    published: date
    description: str
    license: str
    blocks: tuple[Block, ...]

    @property
    def path(self) -> str:
        """Path of the page on the site."""
        return f"/{self.section}/{self.slug}"


def parse_body(text: str) -> tuple[Block, ...]:
    """Splits a body into paragraphs, `## ` headings and `- ` lists, all parted by blank lines."""
    blocks = []
    for chunk in text.strip().split("\n\n"):
        lines = [line.strip() for line in chunk.splitlines() if line.strip()]
        if not lines:
            continue
        if all(line.startswith("- ") for line in lines):
            blocks.append(Block("ul", tuple(line[2:].strip() for line in lines)))
        elif lines[0].startswith("## "):
            blocks.append(Block("h2", (lines[0][3:].strip(),)))
            if lines[1:]:
                blocks.append(Block("p", (" ".join(lines[1:]),)))
        else:
            blocks.append(Block("p", (" ".join(lines),)))
    return tuple(blocks)


def parse_page(text: str, section: str, slug: str, where: str) -> SitePage:
    """Reads one Markdown file.

    Args:
        text: Its content.
        section: Name of its folder.
        slug: Its name without `.md`.
        where: What to call it in a message.

    Raises:
        GonerdError: The front matter is missing, malformed, or lacks a field.
    """
    parts = text.replace("\r\n", "\n").split("---\n", 2)
    if len(parts) != 3 or parts[0].strip():
        raise GonerdError(f"{where}: no front matter; begin the file with a block between two lines of ---")
    try:
        front: Any = yaml.safe_load(parts[1])
    except yaml.YAMLError as error:
        raise GonerdError(f"{where}: the front matter is not valid YAML ({' '.join(str(error).split())})") from error
    for name, kind in _FIELDS.items():
        if not isinstance(front, dict) or not isinstance(front.get(name), kind):
            raise GonerdError(f"{where}: field {name!r} of the front matter must be a {kind.__name__}")
    if front["section"] != section:
        raise GonerdError(f"{where}: field 'section' is {front['section']!r}, but the file stands in {section}/")
    blocks = parse_body(parts[2])
    if not blocks:
        raise GonerdError(f"{where}: the body is empty; write at least one paragraph")
    return SitePage(slug=slug, blocks=blocks, **{name: front[name] for name in _FIELDS})


def load_pages(root: Traversable | None = None) -> list[SitePage]:
    """Loads every `<section>/<slug>.md`, newest first.

    Args:
        root: Folder of the sections; the embedded one when None.

    Raises:
        GonerdError: A file is malformed, or there is none.
    """
    root = root or resources.files(__package__) / PAGES
    found = [
        parse_page(file.read_text(encoding="utf-8"), section.name, file.name[:-3], f"{section.name}/{file.name}")
        for section in root.iterdir()
        if section.is_dir()
        for file in section.iterdir()
        if file.name.endswith(".md")
    ]
    if not found:
        raise GonerdError(f"{root}: holds no <section>/<slug>.md, so there is nothing to serve")
    return sorted(found, key=lambda page: (page.section, -page.published.toordinal(), page.slug))
