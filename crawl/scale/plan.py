"""What an extraction reads, cut into units of work, and with which settings."""

from __future__ import annotations

import hashlib
import json
from importlib import metadata
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict

from gonerd import __version__
from gonerd.crawl.extraction.page import EXTRACTOR
from gonerd.crawl.warc.pages import Share
from gonerd.crawl.warc.remote import is_remote, size_of
from gonerd.crawl.warc.split import split_points
from gonerd.files import read_json, write_json

PLAN = "plan.json"
_SMALL, _LARGE, _UNITS = 2 << 20, 64 << 20, 128
_MANY = 64  # remote files; more are not asked for their size one by one, and are read whole
_VERSIONS = ("warcio", "lxml", "htmldate", "rensa", "numpy", "pyarrow")


class ExtractSettings(BaseModel):
    """What an extraction does; anything here changes the documents.

    Attributes:
        domain: Domain of pages whose WARC file states none.
        source: Publisher of pages whose WARC file states none; the host of each when None.
        hosts: Hosts whose pages are taken, all when None.
        known_sources: Take only pages of publishers that the crawler knows.
        obey_opt_out: Leave out pages that reserve their use against text and data mining.
        near: Least similarity of near-duplicates; None keeps them.
        limit: Look at no more than this many pages.
        keep_complete: Take the complete records of a damaged file instead of refusing it.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    domain: str = "other"
    source: str | None = None
    hosts: tuple[str, ...] | None = None
    known_sources: bool = False
    obey_opt_out: bool = True
    near: float | None = None
    limit: int | None = None
    keep_complete: bool = False


class Unit(BaseModel):
    """A share of a WARC file that one task reads at a time.

    Attributes:
        key: Name of its files: a hash of what is read and of every setting that matters to it.
        file: Path or address.
        start: Offset of its first record.
        end: Offset of the first record after it, None for the end of the file.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    key: str
    file: str
    start: int
    end: int | None

    @property
    def share(self) -> Share:
        """What to read."""
        return Share(self.file, self.start, self.end)


class Plan(BaseModel):
    """An extraction.

    Attributes:
        out: Folder of the documents.
        units: What is read, in the order of the documents.
        settings: What is done.
        versions: Versions of what takes part.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    out: str
    units: tuple[Unit, ...]
    settings: ExtractSettings
    versions: dict[str, str]

    @property
    def files(self) -> list[str]:
        """The files, each once."""
        return list(dict.fromkeys(unit.file for unit in self.units))

    @property
    def fingerprint(self) -> str:
        """A hash that any change of input or settings changes."""
        return _hash(self.model_dump(mode="json"))

    @classmethod
    def read(cls, work: Path) -> Plan:
        """Reads the plan of a working folder."""
        return cls.model_validate(read_json(work / PLAN, "run the extraction again"))

    def write(self, work: Path) -> None:
        """Writes the plan into a working folder."""
        write_json(work / PLAN, self.model_dump(mode="json"))


def make_plan(files: list[str], out: Path, settings: ExtractSettings, *, split: bool = True) -> Plan:
    """Cuts files into units.

    A unit is between 2 and 64 MiB long, whatever the number of tasks, so that a broken-off run loses seconds and one
    big file keeps several workers busy. The documents do not depend on the cuts.

    Args:
        files: Paths and addresses of WARC files.
        out: Folder of the documents.
        settings: What is done.
        split: Whether files may be cut.
    """
    versions = {"gonerd": __version__, "extractor": EXTRACTOR, **{name: metadata.version(name) for name in _VERSIONS}}
    files = [name if is_remote(name) else str(Path(name).resolve()) for name in files]
    asked = len([name for name in files if is_remote(name)]) <= _MANY
    sizes = {name: size_of(name) if asked or not is_remote(name) else None for name in files}
    share = min(max(sum(size or 0 for size in sizes.values()) // _UNITS, _SMALL), _LARGE)
    # What decides about one page alone; the rest is settled later, over the rows of all.
    alone = settings.model_dump(mode="json", exclude={"near", "keep_complete"})
    units = []
    for name, size in sizes.items():
        points = split_points(name, size, share) if split and size is not None and settings.limit is None else [0]
        for start, end in zip(points, [*points[1:], None], strict=True):
            key = _hash([name, size, _modified(name), start, end, alone, versions])
            units.append(Unit(key=key, file=name, start=start, end=end))
    return Plan(out=str(out.resolve()), units=tuple(units), settings=settings, versions=versions)


def _modified(name: str) -> int:
    return 0 if is_remote(name) else Path(name).stat().st_mtime_ns


def _hash(value: Any) -> str:
    return hashlib.sha256(json.dumps(value, sort_keys=True).encode("utf-8")).hexdigest()[:16]
