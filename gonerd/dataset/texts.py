"""Where the texts come from that an urls-only release leaves out: documents, WARC files, the web."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from importlib import metadata
from pathlib import Path
from typing import Any

from gonerd.errors import GonerdError, UsageError
from gonerd.io import read_documents
from gonerd.records import Document

from .release import read_manifest, rows_of
from .schema import DEFAULT, SPLITS

# Providers of texts live upstairs, with the crawler; they register here so that the ground floor need not know them.
PROVIDERS = "gonerd.texts"
_COLUMNS = ("id", "url", "domain", "source_sha256", "text_sha256", "text")


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
    pages = [(row["url"], row["domain"]) for row in withheld(dataset) if row["url"]]
    found = _provider("web")(pages, web, contact, allow_hosts)
    return found


def _provider(name: str) -> Any:
    for entry in metadata.entry_points(group=PROVIDERS, name=name):
        return entry.load()
    raise GonerdError(f"nothing that reads texts from {name} is installed; run: pip install 'gonerd[crawl]'")


def withheld(dataset: Path) -> Iterator[dict[str, Any]]:
    """Yields id, url, domain and hashes of every document that has no text.

    Raises:
        GonerdError: The folder is no release, or a shard cannot be read.
    """
    read_manifest(dataset)
    for split in SPLITS:
        yield from (row for _, row in rows_of(dataset, DEFAULT, split, _COLUMNS) if row["text"] is None)
