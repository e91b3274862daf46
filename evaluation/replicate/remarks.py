"""Remarks written by hand, in the places of the document that they belong to."""

from __future__ import annotations

from pathlib import Path

from pydantic import BaseModel, ConfigDict

from gonerd.models.settings import checked
from gonerd.options import read_mapping

FILE = "remarks.yaml"


class Remarks(BaseModel):
    """Markdown by section; numbers belong into the tables, which are computed.

    Attributes:
        summary: At the head.
        kept: Under what students keep and save.
        published: Under the published numbers.
        targets: Under the targets: of what was missed, what was tried.
        questions: Under each question, by its key.
        surprises: What surprised.
        transfer: What does not carry over to the published size.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    summary: str = ""
    kept: str = ""
    published: str = ""
    targets: str = ""
    questions: dict[str, str] = {}
    surprises: str = ""
    transfer: str = ""


def read_remarks(folder: Path) -> Remarks:
    """Reads the remarks beside kept results; none where there is no file.

    Raises:
        UsageError: A key is unknown; the message names the file.
    """
    path = folder / FILE
    return checked(Remarks, read_mapping(path), str(path)) if path.is_file() else Remarks()
