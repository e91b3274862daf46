"""Layers that people made: read from the files of their tools, written like every other layer."""

from __future__ import annotations

import dataclasses
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from typing import Any

from gonerd.errors import GonerdError, UsageError, needs_extra, unknown_name
from gonerd.files import new_folder, read_json, write_json
from gonerd.formats import FORMATS, Reading
from gonerd.io import read_annotations, read_documents
from gonerd.records import Annotation, Rejected, Span
from gonerd.tables import write_table

from .marker import MARKER

PACKAGED = "sample:"
PEOPLE = "people"


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


@dataclass(frozen=True)
class ImportSummary:
    """What an import made: documents in the layer, documents given, and what was set aside by reason."""

    documents: int
    given: int
    set_aside: dict[str, int]


def import_layer(
    source: str,
    documents: Path,
    out: Path,
    format: str = "jsonl",
    *,
    offsets: str | None = None,
    annotator: str | None = None,
    guidelines: str | None = None,
) -> ImportSummary:
    """Writes a layer from a file of a registered format, as this project wrote it or a tool exported it.

    Args:
        source: A path or `sample:NAME`.
        documents: The annotated documents.
        out: Folder of the layer; its name becomes that of the layer.
        format: A registered format.
        offsets: Unit of the offsets, where it is not the tool's usual one.
        annotator: Whose annotations to take, where the file holds those of several.
        guidelines: Version of the guidelines followed, where the file does not say; that of the packaged ones
            when None.

    Returns:
        The counts.

    Raises:
        UsageError: The format or unit is unknown, or nothing was annotated.
        GonerdError: The file is malformed or cut off, belongs to no document or to another text, annotates a
            document twice, its offsets do not fit, or `out` holds other work of people.
    """
    reader, path, version = FORMATS.get(format), packaged(source), guidelines or guideline_version()
    by_id = {document.id: document for document in read_documents(documents)}
    found: dict[str, Annotation] = {}
    aside: Counter[str] = Counter()
    with needs_extra("annotation"):
        reading = Reading.of(by_id.values(), str(documents), offsets, annotator)
        for item in reader.read(path, reading):
            if isinstance(item, Rejected):
                aside[item.reason] += 1
                continue
            spans = tuple(dataclasses.replace(s, provenance=s.provenance or out.name) for s in item.spans)
            found[item.doc_id] = dataclasses.replace(
                item, layer=out.name, guideline_version=item.guideline_version or version, spans=spans
            )
    reading.finish()
    layer = [found[key] for key in by_id if key in found]
    keep_people(out, layer)
    write_layer(out, layer, len(found), {"made_by": PEOPLE, "imported": path.name})
    return ImportSummary(len(found), len(by_id), dict(sorted(aside.items())))


def made_by_people(layer: Path) -> bool:
    """Whether people made a layer, by import, review or adjudication, so that no automatic command may replace it."""
    if not (layer / MARKER).exists():
        return False
    marker = read_json(layer / MARKER, "remove the folder and make the layer again")
    return isinstance(marker, dict) and (
        marker.get("made_by") == PEOPLE or bool({"imported", "decisions"} & marker.keys())
    )


def keep_people(out: Path, layer: Sequence[Annotation] | None = None) -> None:
    """Refuses to replace a layer that people made.

    Args:
        out: Where a layer is to be written.
        layer: What is to be written; the same or more work of people may take the place of theirs. None where the
            command is an automatic one.

    Raises:
        GonerdError: Work of people would be lost.
    """
    if not made_by_people(out):
        return
    new = {} if layer is None else {a.doc_id: (a.text_sha256, {s.key for s in a.spans}) for a in layer}
    for before in read_annotations(out):
        if new.get(before.doc_id) != (before.text_sha256, {s.key for s in before.spans}):
            raise GonerdError(
                f"{out}: people made this layer, and document {before.doc_id!r} would be overwritten; choose another "
                "--out"
            )


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
