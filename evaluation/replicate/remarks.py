"""Remarks written by hand, in the places of the document that they belong to."""

from __future__ import annotations

import re
from pathlib import Path

from pydantic import BaseModel, ConfigDict

from gonerd.errors import UsageError
from gonerd.models.settings import checked
from gonerd.options import read_mapping

FILE = "remarks.yaml"
_NUMBER = re.compile(r"\d+(?:\.\d+)?")
_MEASURED = re.compile(r"(?P<number>\d+\.\d+|\d+(?= ?%))(?: ?%)?")


class Remarks(BaseModel):
    """Markdown by section; a measured number may be in it as the tables have it, and is refused once they differ.

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


def check_numbers(remarks: Remarks, computed: str, where: Path) -> None:
    """Refuses fractions and shares that the computed part of the document does not hold.

    Raises:
        UsageError: A remark holds such a number; the message names it.
    """
    known = set(_NUMBER.findall(computed))
    told = remarks.model_dump()
    for text in [*told.pop("questions").values(), *told.values()]:
        for found in _MEASURED.finditer(text):
            if found["number"] not in known:
                raise UsageError(
                    f"{where}: {found[0]!r} stands in no table of the document; write the number as a table has it, or "
                    "leave it to the table"
                )
