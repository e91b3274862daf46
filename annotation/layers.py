"""Layers that people made: read from JSONL, written like every other layer."""

from __future__ import annotations

from collections.abc import Iterable
from importlib import resources
from pathlib import Path
from typing import Any

from gonerd.errors import GonerdError, UsageError, unknown_name
from gonerd.files import new_folder, write_json
from gonerd.io import read_documents
from gonerd.jsonl import read_jsonl
from gonerd.records import Annotation, Document, Span
from gonerd.tables import write_table

from .run import MARKER

PACKAGED = "sample:"
_FIELDS = {"id": str, "text_sha256": str, "guideline_version": str, "spans": list}


def packaged(name: str) -> Path:
    """Returns the path of a file, or of one of the packaged annotations of the sample.

    Args:
        name: A path, or `sample:` and a name, for instance "sample:annotator-a".

    Raises:
        UsageError: There is no packaged file of that name.
    """
    if not name.startswith(PACKAGED):
        return Path(name)
    folder = Path(str(resources.files("gonerd.annotation") / "sample"))
    path = folder / f"{name.removeprefix(PACKAGED)}.jsonl"
    if not path.is_file():
        raise unknown_name("packaged annotation", name, [f"{PACKAGED}{p.stem}" for p in folder.glob("*.jsonl")])
    return path


def guideline_version() -> str:
    """Returns the version of the packaged guidelines."""
    text = (resources.files("gonerd.annotation") / "GUIDELINES.md").read_text(encoding="utf-8")
    return next(line.split()[1] for line in text.splitlines() if line.startswith("Version: "))


def spans_from(values: list[Any], text: str, where: str, provenance: str | None = None) -> tuple[Span, ...]:
    """Builds spans from `start`, `end`, `label` and, where given, `text`, which must be what stands there.

    Raises:
        GonerdError: A span is malformed or its text is another; the message names file and line.
    """
    spans = []
    for value in values:
        try:
            span = Span(value["start"], value["end"], value["label"], provenance=provenance)
        except (KeyError, TypeError, GonerdError) as error:
            raise GonerdError(f"{where}: field 'spans' holds {value!r}, no span ({error}); mend it") from error
        stated = value.get("text")
        if stated is not None and text[span.start : span.end] != stated:
            raise GonerdError(
                f"{where}: span {span.start}..{span.end} is {text[span.start : span.end]!r}, not {stated!r} as stated, "
                "so the offsets are over another text; annotate that text again"
            )
        spans.append(span)
    return tuple(sorted(spans, key=lambda s: s.key))


def import_layer(source: str, documents: Path, out: Path) -> int:
    """Writes a layer from a JSONL file, one line a document.

    Args:
        source: A path or `sample:NAME`; each line holds `id`, `text_sha256`, `guideline_version` and `spans`
            of `start`, `end`, `label` and optionally `text`.
        documents: The annotated documents.
        out: Folder of the layer; its name becomes that of the layer.

    Returns:
        The number of documents annotated.

    Raises:
        GonerdError: A line is malformed, belongs to no document or to another text, or a document occurs twice.
    """
    path = packaged(source)
    by_id = {document.id: document for document in read_documents(documents)}
    found: dict[str, Annotation] = {}
    for where, row in read_jsonl(path, _FIELDS):
        document = by_id.get(row["id"])
        if document is None:
            raise GonerdError(
                f"{where}: no document {row['id']!r} in {documents}; pass the documents that were annotated"
            )
        if row["id"] in found:
            raise GonerdError(f"{where}: document {row['id']!r} is annotated twice; keep one of the lines")
        spans = spans_from(row["spans"], document.text, where, out.name) if _same_text(row, document) else ()
        annotation = Annotation(document.id, out.name, row["guideline_version"], row["text_sha256"], spans)
        try:
            annotation.check(document)
        except GonerdError as error:
            raise GonerdError(f"{where}: {error}") from error
        found[document.id] = annotation
    write_layer(out, (found[key] for key in by_id if key in found), len(found), {"imported": path.name})
    return len(found)


def _same_text(row: dict[str, Any], document: Document) -> bool:
    return bool(row["text_sha256"] == document.sha256)  # if not, Annotation.check says so


def write_layer(out: Path, annotations: Iterable[Annotation], count: int, notes: dict[str, Any]) -> None:
    """Writes a whole layer: shards and the marker that says it is complete.

    Raises:
        UsageError: There is nothing to write.
        GonerdError: `out` holds something else.
    """
    if not count:
        raise UsageError(f"{out}: the layer would be empty; check the input")
    with new_folder(out) as folder:
        write_table(folder, annotations, Annotation)
        write_json(folder / MARKER, {**notes, "complete": True, "documents": count})
