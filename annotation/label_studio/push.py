"""Documents to a project: what is there already stays, so that the same command continues."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from gonerd.annotation.blind import is_blind
from gonerd.errors import GonerdError
from gonerd.formats.label_studio import task
from gonerd.io import LayerReader, read_documents
from gonerd.progress import track

from .client import Client

BATCH, BATCH_CHARACTERS = 50, 2_000_000


@dataclass
class PushSummary:
    """Tasks sent now, tasks that were there, and how many of all are shown without suggestions."""

    sent: int = 0
    there: int = 0
    blind: int = 0


def push(
    client: Client, documents: Path, project: str, layer: Path | None = None, *, blind: float = 0.0, seed: int = 0
) -> PushSummary:
    """Sends documents as tasks.

    Args:
        client: The server.
        documents: The documents.
        project: Title of the project; made when there is none.
        layer: Layer whose spans are suggested; no suggestions when None.
        blind: Share of documents that are shown without suggestions, to measure anchoring.
        seed: Which documents these are.

    Returns:
        The counts.

    Raises:
        GonerdError: The server cannot be reached or refuses, a document lies there with another text, or the layer
            does not fit the documents. What was sent stays, and the same command continues.
    """
    number = client.project(project, create=True)
    there = {t["data"].get("id"): t["data"].get("text_sha256") for t in client.tasks(number) if "data" in t}
    summary = PushSummary()
    for batch in _batches(_tasks(documents, layer, there, project, summary, blind, seed)):
        counted = client.add(number, batch)
        if counted != len(batch):
            raise GonerdError(
                f"{client.url}: project {project!r} took {counted} of {len(batch)} tasks; run the same command again"
            )
        summary.sent += counted
    return summary


def _tasks(
    documents: Path,
    layer: Path | None,
    there: dict[str, str],
    project: str,
    summary: PushSummary,
    blind: float,
    seed: int,
) -> Iterator[dict[str, Any]]:
    reader = LayerReader(layer) if layer else None
    for document in track(read_documents(documents), "push"):
        annotation = reader.take(document) if reader else None
        hidden = is_blind(document.id, blind, seed)
        summary.blind += hidden
        if document.id in there:
            if there[document.id] != document.sha256:
                raise GonerdError(
                    f"project {project!r} holds document {document.id!r} with another text; choose another --project"
                )
            summary.there += 1
            continue
        if reader and annotation is None:
            raise GonerdError(f"{layer}: document {document.id!r} has no annotation; finish the layer first")
        yield task(document, None if hidden else annotation)
    if reader:
        reader.finish(documents)


def _batches(tasks: Iterator[dict[str, Any]]) -> Iterator[list[dict[str, Any]]]:
    batch: list[dict[str, Any]] = []
    characters = 0
    for item in tasks:
        size = len(item["data"]["text"])
        if batch and (len(batch) == BATCH or characters + size > BATCH_CHARACTERS):
            yield batch
            batch, characters = [], 0
        batch.append(item)
        characters += size
    if batch:
        yield batch
