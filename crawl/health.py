"""The health of a source, and the table of them."""

from __future__ import annotations

from collections.abc import Iterable

from pydantic import BaseModel, ConfigDict

_COLUMNS = ("source", "listing", "page", "text", "date", "licence page", "verdict")


class Health(BaseModel):
    """What came of asking one source.

    Attributes:
        source: Its name.
        checked: When (UTC).
        listing: "ok", or why none of its listings could be read.
        listed: Pages that the listings read named.
        page: "ok", or why the page asked for could not be had.
        url: Address of that page.
        text: Characters of the document that it became.
        title: Its title.
        published: Its day of publication.
        licence_page: "ok", or why the page that proves the licence could not be had.
        problem: What is wrong, in a few words; empty where nothing is.
    """

    model_config = ConfigDict(extra="forbid")

    source: str
    checked: str
    listing: str = ""
    listed: int = 0
    page: str = ""
    url: str = ""
    text: int = 0
    title: str = ""
    published: str = ""
    licence_page: str = ""
    problem: str = ""


def table(found: Iterable[Health], day: str) -> str:
    """Returns the health table as Markdown.

    Args:
        found: What came of asking.
        day: When, as an ISO date.
    """
    lines = [f"# Health of the sources on {day}", "", "| " + " | ".join(_COLUMNS) + " |", "|---" * len(_COLUMNS) + "|"]
    for one in found:
        cells = (
            one.source, one.listing or "-", one.page or "-", str(one.text), one.published or "-",
            one.licence_page or "-", one.problem or "healthy",
        )  # fmt: skip
        lines.append("| " + " | ".join(cell.replace("|", "\\|").replace("\n", " ") for cell in cells) + " |")
    return "\n".join(lines) + "\n"
