"""The demo site's texts: one Markdown file per page, found by itself."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from importlib import resources
from importlib.resources.abc import Traversable
from urllib.parse import quote

from gonerd.errors import GonerdError

from .front_matter import read_front_matter

PAGES = "pages"


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
        license: SPDX identifier; empty where the page states none.
        blocks: Its body.
        parts: Number of parts it can also be read in, each at an address of its own.
        part: Which of these parts it is; 0 for a whole page.
        encoding: Character encoding in which it is sent.
        pdf: Whether there is a PDF edition.
        wire: Headline under which an agency sells it; empty where none does.
    """

    slug: str
    section: str
    title: str
    byline: str
    published: date
    description: str
    license: str
    blocks: tuple[Block, ...]
    parts: int = 1
    part: int = 0
    encoding: str = "utf-8"
    pdf: bool = False
    wire: str = ""

    @property
    def path(self) -> str:
        """Path of the page on the site."""
        return f"/{self.section}/{self.slug}"

    @property
    def whole(self) -> str:
        """Path of the page as it stands in an address."""
        return quote(self.path)

    @property
    def address(self) -> str:
        """The same, with the query that tells the parts of a page apart."""
        return f"{self.whole}?part={self.part}" if self.part else self.whole


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
        GonerdError: The front matter is missing, malformed, or does not fit the body.
    """
    front, body = read_front_matter(text, section, where)
    blocks = parse_body(body)
    if not blocks:
        raise GonerdError(f"{where}: the body is empty; write at least one paragraph")
    most = sum(block.kind != "h2" for block in blocks)
    if not 1 <= front["parts"] <= most:
        raise GonerdError(f"{where}: field 'parts' is {front['parts']}; the body can be cut into 1 to {most}")
    return SitePage(slug=slug, blocks=blocks, **front)


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
