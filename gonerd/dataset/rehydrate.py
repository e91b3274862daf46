"""Filling in the texts that an urls-only release leaves out, each verified by its hash."""

from __future__ import annotations

import dataclasses
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from importlib import metadata
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq

from gonerd.errors import GonerdError, UsageError
from gonerd.files import new_folder
from gonerd.io import read_documents
from gonerd.records import Annotation, Document, Span
from gonerd.text import text_sha256

from .assemble import Assembly, Entry
from .describe import Facts, describe
from .masking import mask
from .release import data_files, read_manifest
from .rows import View
from .schema import SPLITS

# Providers of texts live upstairs, with the crawler; they register here so that the ground floor need not know them.
PROVIDERS = "gonerd.texts"


@dataclass(frozen=True)
class RehydrateSummary:
    """Texts that were left out = filled + the missing ones, counted by reason."""

    withheld: int
    filled: int
    missing: dict[str, int]


def texts_from(
    dataset: Path,
    *,
    documents: Path | None = None,
    warc: Path | None = None,
    web: Path | None = None,
    contact: str | None = None,
    allow_hosts: tuple[str, ...] = (),
) -> Iterable[Document]:
    """Finds texts for an urls-only release; exactly one of `documents`, `warc` and `web` is given.

    Args:
        dataset: Folder of the release.
        documents: Documents already extracted.
        warc: A WARC file or a folder of them.
        web: Folder that keeps what is fetched from the addresses; a second call fetches only what is missing.
        contact: Address that the crawler names to servers.
        allow_hosts: Hosts on private addresses that may be asked.

    Returns:
        Documents, read lazily; among them may be others than the wanted.

    Raises:
        UsageError: None or several of the three are given.
        GonerdError: Nothing readable is there.
    """
    if sum(source is not None for source in (documents, warc, web)) != 1:
        raise UsageError("give exactly one of --documents, --warc and --web: where the texts come from")
    if documents is not None:
        return read_documents(documents)
    if warc is not None:
        found: Iterable[Document] = _provider("warc")(warc)
        return found
    wanted = [row for row in _withheld(dataset) if row["url"]]
    found = _provider("web")([(row["url"], row["domain"]) for row in wanted], web, contact, allow_hosts)
    return found


def _provider(name: str) -> Any:
    for entry in metadata.entry_points(group=PROVIDERS, name=name):
        return entry.load()
    raise GonerdError(f"nothing that reads texts from {name} is installed; run: pip install 'gonerd[crawl]'")


def _withheld(dataset: Path) -> Iterator[dict[str, Any]]:
    for split in SPLITS:
        for path in data_files(dataset, "documents", split):
            columns = ["id", "url", "domain", "source_sha256", "text_sha256", "text"]
            yield from (row for row in pq.read_table(path, columns=columns).to_pylist() if row["text"] is None)


def rehydrate(dataset: Path, out: Path, texts: Iterable[Document]) -> RehydrateSummary:
    """Writes a private release with every text that could be found and verified.

    Args:
        dataset: Folder of an urls-only release.
        out: Folder of the completed release.
        texts: Documents to take texts from, by id or address.

    Returns:
        The counts. What could not be filled in stays left out and is listed with its reason in the manifest.

    Raises:
        GonerdError: The folder is no urls-only release, or none of its texts could be filled in.
    """
    manifest = read_manifest(dataset)
    wanted = {row["id"]: row for row in _withheld(dataset)}
    if not wanted:
        raise GonerdError(f"{dataset}: every document has its text, so there is nothing to fill in")
    missing: dict[str, str] = dict.fromkeys(wanted, "not-found")
    filled = dict(_filled(wanted, texts, missing))
    if not filled:
        reasons = ", ".join(f"{count} {reason}" for reason, count in sorted(Counter(missing.values()).items()))
        raise GonerdError(f"{dataset}: none of {len(wanted)} texts could be filled in ({reasons}); look elsewhere")
    with new_folder(out) as folder:
        with Assembly(folder) as assembly:
            for split in SPLITS:
                _copy(dataset, split, filled, assembly)
        facts = Facts(
            name=manifest["name"],
            version=manifest["version"],
            release="private",
            seed=manifest["seed"],
            documents=manifest["documents"],
            splits=manifest["splits"],
            withheld=len(missing),
            masked=manifest["masked"],
            extra={"rehydrated_from": manifest["release"], "missing": dict(sorted(missing.items()))},
        )
        describe(folder, facts, assembly.counts, assembly.rows)
    return RehydrateSummary(len(wanted), len(filled), dict(Counter(missing.values())))


def _filled(
    wanted: Mapping[str, dict[str, Any]], texts: Iterable[Document], missing: dict[str, str]
) -> Iterator[tuple[str, tuple[str, str | None]]]:
    by_url = {row["url"]: key for key, row in wanted.items() if row["url"]}
    for document in texts:
        key = document.id if document.id in wanted else by_url.get(document.url or "")
        if key is None or key not in missing:
            continue
        text, title = mask(document.text)[0], mask(document.title)[0] if document.title else None
        if document.sha256 != wanted[key]["source_sha256"] or text_sha256(text) != wanted[key]["text_sha256"]:
            missing[key] = "text-changed"  # a page that was edited since: its offsets would lie
            continue
        del missing[key]
        yield key, (text, title)


def _copy(dataset: Path, split: str, filled: Mapping[str, tuple[str, str | None]], assembly: Assembly) -> None:
    annotators: dict[str, list[Annotation]] = {}
    for row in _all(dataset, "annotators", split):
        made = tuple(Span(s["start"], s["end"], s["label"]) for s in row["spans"])
        annotation = Annotation(
            row["document_id"], row["annotator"], row["guideline_version"], row["text_sha256"], made
        )
        annotators.setdefault(row["document_id"], []).append(annotation)
    for row in _all(dataset, "documents", split):
        text, title = filled.get(row["id"], (row["text"], row["title"]))
        gold, *others = annotators[row["id"]]
        if text is None:
            _carry(assembly, split, row, [gold, *others])
            continue
        day = date.fromisoformat(row["published"]) if row["published"] else None
        kept = {name: row[name] for name in ("id", "domain", "source", "url", "license", "license_evidence")}
        document = Document(text=text, title=title, published=day, **kept)
        view = View.of(document, gold.spans, row["source_sha256"])
        gold = dataclasses.replace(gold, spans=view.spans)
        assembly.add(split, Entry(view, gold, others))
    texts = {key: text for key, (text, _) in filled.items()}
    for row in _all(dataset, "adjudication", split):
        if row["text"] is None and row["document_id"] in texts:
            row["text"] = texts[row["document_id"]][row["start"] : row["end"]]
        assembly.write("adjudication", split, row)


def _carry(assembly: Assembly, split: str, row: dict[str, Any], annotations: list[Annotation]) -> None:
    """Takes a document over that still has no text."""
    from .rows import annotator_row

    assembly.write("documents", split, row)
    for annotation in annotations:
        assembly.write("annotators", split, annotator_row(annotation, row["text_sha256"]))
    for span in row["spans"]:
        place = {"sentence": -1, "first_token": -1, "last_token": -1}
        identity = {
            "id": f"{row['id']}:{span['start']}-{span['end']}",
            "document_id": row["id"],
            "domain": row["domain"],
        }
        assembly.write("spans", split, {**identity, **span, "text": None, **place})


def _all(dataset: Path, config: str, split: str) -> Iterator[dict[str, Any]]:
    for path in data_files(dataset, config, split):
        with pq.ParquetFile(path) as file:
            for batch in file.iter_batches(batch_size=64):
                yield from batch.to_pylist()
