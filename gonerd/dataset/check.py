"""Whether a release is what its card says: files, rows of every config, rights, duplicates, leakage, card."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from gonerd.errors import GonerdError
from gonerd.markdown import table
from gonerd.progress import track

from .corpus import Corpus
from .describe import fingerprint
from .findings import ERROR, Finding, check_document, check_views
from .names import folder_of
from .release import changed_files, data_files, read_manifest, rows_of
from .schema import CONFIGS, DEFAULT, MANIFEST, SPLITS, features


def check_release(name: str | Path) -> list[Finding]:
    """Checks a release from its files alone; whatever is damaged becomes a finding.

    Args:
        name: "sample" or the folder of a release.

    Returns:
        Everything found, errors first.

    Raises:
        GonerdError: The folder is no release.
    """
    folder = folder_of(name)
    if folder is None:
        raise GonerdError(f"{name}: no such folder; give the folder of a release, or 'sample'")
    manifest = read_manifest(folder)
    findings = [Finding(ERROR, "files", path, why) for path, why in changed_files(folder, manifest)]
    findings += _unlisted(folder, manifest)
    columns = list(_columns(folder))
    findings += columns
    if not columns:
        corpus = Corpus()
        for split in SPLITS:
            try:
                findings += track(_split(folder, split, manifest.get("release", ""), corpus), f"check {split}")
            except GonerdError as error:  # a page that cannot be read
                findings.append(Finding(ERROR, "files", split, str(error)))
        findings += corpus.findings()
        findings += _card(folder, manifest, corpus)
    return sorted(findings, key=lambda finding: (finding.severity, finding.check, finding.where))


def _unlisted(folder: Path, manifest: dict[str, Any]) -> Iterator[Finding]:
    for path in sorted(path for part in ("data", "figures") for path in (folder / part).rglob("*") if path.is_file()):
        name = path.relative_to(folder).as_posix()
        if name not in manifest["files"] and name != MANIFEST:
            yield Finding(ERROR, "files", name, "is not listed in the manifest")
    for name in ("README.md", "croissant.json"):
        if name not in manifest["files"]:
            yield Finding(ERROR, "files", name, "is not listed in the manifest")


def _columns(folder: Path) -> Iterator[Finding]:
    for config in CONFIGS:
        for split in SPLITS:
            paths = data_files(folder, config, split)
            if not paths:
                yield Finding(ERROR, "files", f"data/{config}/{split}-*.parquet", "no shard is there")
            for path in paths:
                where = path.relative_to(folder).as_posix()
                try:
                    schema = pq.read_schema(path)
                except (pa.ArrowException, OSError) as error:
                    yield Finding(ERROR, "files", where, f"not a readable parquet file ({error})")
                    continue
                if not schema.equals(features(config).arrow_schema):
                    yield Finding(ERROR, "columns", where, f"columns are not those of config {config!r}")


def _split(folder: Path, split: str, release: str, corpus: Corpus) -> Iterator[Finding]:
    others = {config: _Grouped(rows_of(folder, config, split)) for config in CONFIGS if config != DEFAULT}
    for where, row in rows_of(folder, DEFAULT, split):
        here = f"{where} ({row['id']})"
        view, found = check_document(row, here, release)
        yield from found
        held = {config: grouped.take(row["id"]) for config, grouped in others.items()}
        if any(finding.severity == ERROR for finding in found):
            corpus.unsound += 1
        else:
            yield from check_views(row, view, held, here)
            corpus.add(split, row, view)
    for config, grouped in others.items():
        if (stray := grouped.rest()) is not None:
            yield Finding(ERROR, f"{config}-config", f"{config} {split}", f"row of unknown document {stray!r}")


class _Grouped:
    """Rows that follow the order of the documents, taken document by document."""

    def __init__(self, rows: Iterator[tuple[str, dict[str, Any]]]) -> None:
        self._rows = rows
        self._next = next(rows, None)

    def take(self, document_id: str) -> list[dict[str, Any]]:
        found = []
        while self._next is not None and self._next[1]["document_id"] == document_id:
            found.append(self._next[1])
            self._next = next(self._rows, None)
        return found

    def rest(self) -> str | None:
        return self._next[1]["document_id"] if self._next else None


def _card(folder: Path, manifest: dict[str, Any], corpus: Corpus) -> Iterator[Finding]:
    """Whether card and manifest speak of the data that is there."""
    remedy = "build the release again"
    text = (
        (folder / "README.md").read_text(encoding="utf-8", errors="replace") if (folder / "README.md").is_file() else ""
    )
    parquet = {path: facts["sha256"] for path, facts in manifest["files"].items() if path.endswith(".parquet")}
    if fingerprint(parquet) not in text:
        yield Finding(ERROR, "card", "README.md", f"made from other data than the manifest lists; {remedy}")
    if corpus.unsound:
        return  # what is unsound was not counted
    if {split: corpus.splits[split] for split in SPLITS} != manifest.get("splits"):
        yield Finding(ERROR, "manifest", MANIFEST, f"field 'splits' is not what the shards hold; {remedy}")
    if str(manifest.get("version")) not in text or str(manifest.get("name")) not in text:
        yield Finding(ERROR, "card", "README.md", f"speaks of another name or version than the manifest; {remedy}")
    statistics = corpus.statistics  # what is counted in a text cannot be counted again without it
    tables = [] if corpus.withheld else [statistics.split_rows(), statistics.distance_rows()]
    if any(table(rows) not in text for rows in tables):
        yield Finding(ERROR, "card", "README.md", f"its statistics are not those of the data; {remedy}")
