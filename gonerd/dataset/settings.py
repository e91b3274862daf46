"""What a build is asked for, what is refused before it begins, and what it counts."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import Path

from gonerd import __version__
from gonerd.errors import UsageError
from gonerd.files import check_replaceable
from gonerd.io import JSONL
from gonerd.records import Rejected
from gonerd.tables import shards

from .card import read_prose

_VERSION = re.compile(r"\d+(\.\d+){1,3}([.+-]?[a-z0-9.+-]+)?", re.IGNORECASE)


@dataclass(frozen=True)
class BuildSettings:
    """What a build is asked for.

    Attributes:
        name: Name of the dataset; that of the folder when None.
        version: Version that manifest and card carry.
        annotators: Layers of single annotators that ship beside the gold.
        release: A kind of `gonerd.dataset.rights.RELEASES`.
        blocklist: File with ids of documents to leave out.
        previous: Folder of an earlier release, whose documents keep their splits; a release of the same seed that
            stands at the place of the new one when None.
        prose: Markdown file with the datasheet that opens the card.
        seed: Seed of the splits and of the bootstrap.
        limit: Use only the first documents.
    """

    name: str | None = None
    version: str = __version__
    annotators: tuple[Path, ...] = ()
    release: str = "full"
    blocklist: Path | None = None
    previous: Path | None = None
    prose: Path | None = None
    seed: int = 0
    limit: int | None = None


@dataclass
class BuildSummary:
    """What a build holds: documents read, kept by split, and set aside with the reason.

    Attributes:
        documents: Documents read: those of the splits and the rejected.
        splits: Documents by split.
        withheld: Documents of the splits that ship without their text.
        rejected: Documents set aside.
        masked: Things hidden in the texts, by kind.
        unmet: Blocked ids that no document bears.
        previous: The release whose documents kept their splits.
    """

    documents: int
    splits: dict[str, int]
    withheld: int
    rejected: list[Rejected]
    masked: dict[str, int] = field(default_factory=dict)
    unmet: list[str] = field(default_factory=list)
    previous: Path | None = None


def check_early(documents: Path, layer: Path, out: Path, settings: BuildSettings) -> None:
    """Refuses at once what would otherwise be found after hours of reading.

    Args:
        documents: The documents.
        layer: The gold layer.
        out: Folder of the release.
        settings: What is asked for.

    Raises:
        UsageError: A setting cannot be.
        GonerdError: An input is not there, or `out` cannot be taken.
    """
    check_replaceable(out.resolve())
    if documents.suffix not in JSONL:
        shards(documents, "documents")
    for path in (layer, *settings.annotators):
        shards(path, "annotation layer")
    if len({path.resolve() for path in settings.annotators}) < len(settings.annotators):
        raise UsageError("--annotator names one layer twice; name each annotator once")
    if not _VERSION.fullmatch(settings.version):
        raise UsageError(f"version {settings.version!r} is not of the form 1.2.3; write it so")
    if settings.prose:
        read_prose(settings.prose)
