"""Annotating documents into a layer, shard by shard, so that a killed run continues where it stopped."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

from gonerd import __version__
from gonerd.errors import GonerdError
from gonerd.files import only_writer, read_json, write_json
from gonerd.io import read_documents
from gonerd.progress import track
from gonerd.records import Annotation, Document, Span
from gonerd.tables import read_table, shard_name, shard_notes, shards, write_shard

from .annotator import Annotator
from .chunks import CHUNK_CHARACTERS
from .loading import DEFAULT

DOCUMENTS_PER_SHARD = 32
MARKER = "layer.json"


@dataclass(frozen=True)
class LayerSummary:
    """What a layer holds: documents, spans by label, mentions dropped by reason, shards kept from before.

    `effects` says of each rule how many mentions it "added", "changed" and "removed".
    """

    documents: int
    spans: dict[str, int]
    dropped: dict[str, int]
    shards_reused: int
    effects: dict[str, dict[str, int]]


def annotate_documents(
    documents: Path,
    out: Path,
    pipeline: str | Sequence[str] = DEFAULT,
    limit: int | None = None,
    chunk: int = CHUNK_CHARACTERS,
    rules: Sequence[str] | None = None,
    without: Sequence[str] = (),
    label_map: str | None = None,
) -> LayerSummary:
    """Annotates documents with pipelines, rules and document-level consistency.

    A shard of an earlier run is kept when it holds exactly the documents, by id and text hash, that it
    would hold now.

    Args:
        documents: A folder of documents, one parquet file, or a JSONL file with `id` and `text`.
        out: Folder of the layer.
        pipeline: One or several pipelines, `NAME` or `NAME:WEIGHT` (see `loading.load`).
        limit: Annotate only the first documents.
        chunk: Largest piece given to a pipeline at once, in characters.
        rules: Rules that run; when None, those that the pipeline was trained to go with, else all.
        without: Rules that do not run.
        label_map: A packaged label map or a YAML file, for every pipeline.

    Returns:
        Counts over the whole layer.

    Raises:
        GonerdError: The input cannot be read, is empty, the pipeline cannot be loaded, or `out` holds a
            layer made with other settings.
    """
    names = [pipeline] if isinstance(pipeline, str) else list(pipeline)
    annotator = Annotator.load(names, rules, without, label_map, chunk)
    settings = {**annotator.settings, "version": __version__}
    stream = islice(read_documents(documents), limit)
    first = next(stream, None)  # before anything is written: an unreadable or empty input leaves no trace
    if first is None:
        raise GonerdError(f"{documents}: holds no documents, so there is nothing to annotate; check the path")
    with only_writer(out):
        _check_settings(out, settings, limit)
        write_json(out / MARKER, {**settings, "complete": False})
        spans: Counter[str] = Counter()
        dropped: Counter[str] = Counter()
        effects: dict[str, Counter[str]] = {}
        total = reused = index = 0
        for index, batch in enumerate(_batches(track(_chain(first, stream), "annotate"))):
            path = out / shard_name(index)
            layer = _reusable(path, batch)
            if layer is None:
                layer = _annotate(annotator, batch, out.name)
                notes = {"dropped": annotator.take_dropped(), "effects": annotator.take_effects()}
                write_shard(path, layer, Annotation, {key: json.dumps(value) for key, value in notes.items()})
            else:
                reused += 1
            total += len(layer)
            notes_kept = shard_notes(path)
            dropped.update(json.loads(notes_kept["dropped"]))
            for rule, counts in json.loads(notes_kept["effects"]).items():
                effects.setdefault(rule, Counter()).update(counts)
            spans.update(span.label for annotation in layer for span in annotation.spans)
        for surplus in sorted(out.glob("part-*.parquet"))[index + 1 :]:
            surplus.unlink()  # shards of documents that are no longer in the input
        summary = LayerSummary(
            total, dict(sorted(spans.items())), dict(sorted(dropped.items())), reused, _plain(effects)
        )
        write_json(out / MARKER, {**settings, "complete": True, "limit": limit, **vars(summary)})
    return summary


def check_complete(layer: Path) -> dict[str, Any]:
    """Returns a layer's marker file.

    Raises:
        GonerdError: The folder is no layer, or an annotation run has not finished.
    """
    shards(layer, "annotation layer")
    marker: dict[str, Any] = read_json(layer / MARKER, "make the layer with `gonerd annotate run`")
    if not marker.get("complete"):
        raise GonerdError(f"{layer}: the annotation run has not finished; run the same command again to continue")
    return marker


def _check_settings(out: Path, settings: dict[str, Any], limit: int | None) -> None:
    for leftover in out.glob(".*.part"):
        leftover.unlink()  # of a run that was killed while it wrote; the lock says that nobody writes now
    if limit is not None and len(list(out.glob("part-*.parquet"))) > -(-limit // DOCUMENTS_PER_SHARD):
        raise GonerdError(f"{out}: this layer holds more documents than --limit {limit}; choose another --out")
    if not (out / MARKER).exists():
        strangers = [path.name for path in out.iterdir() if path.name != ".lock"]
        if strangers:
            raise GonerdError(f"{out}: already holds {strangers[0]} and no annotation layer; choose another --out")
        return
    before = read_json(out / MARKER, "remove the folder and annotate again")
    for key, value in settings.items():
        if before.get(key) != value:
            raise GonerdError(
                f"{out}: this layer was made with {key} {before.get(key)!r}, not {value!r}; choose another --out"
            )


def _chain(first: Document, rest: Iterator[Document]) -> Iterator[Document]:
    yield first
    yield from rest


def _batches(stream: Iterator[Document]) -> Iterator[list[Document]]:
    while batch := list(islice(stream, DOCUMENTS_PER_SHARD)):
        yield batch


def _reusable(path: Path, batch: Sequence[Document]) -> list[Annotation] | None:
    if not path.exists():
        return None
    layer = list(read_table(path, Annotation, nested=Span))
    held = [(annotation.doc_id, annotation.text_sha256) for annotation in layer]
    return layer if held == [(document.id, document.sha256) for document in batch] else None


def _plain(effects: dict[str, Counter[str]]) -> dict[str, dict[str, int]]:
    return {rule: dict(sorted(counts.items())) for rule, counts in sorted(effects.items())}


def _annotate(annotator: Annotator, batch: Sequence[Document], layer: str) -> list[Annotation]:
    found = []
    for document, spans in zip(batch, annotator.spans([d.text for d in batch]), strict=True):
        annotation = Annotation(document.id, layer, "automatic", document.sha256, tuple(spans))
        annotation.check(document)
        found.append(annotation)
    return found
