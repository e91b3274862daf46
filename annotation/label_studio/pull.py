"""Completed annotations of a project as a layer; pulled again, it grows, and nothing in it is lost."""

from __future__ import annotations

import dataclasses
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

from gonerd.annotation.layers import PEOPLE, guideline_version, keep_people, made_by_people, write_layer
from gonerd.annotation.marker import MARKER
from gonerd.errors import GonerdError
from gonerd.files import read_json
from gonerd.formats import Reading
from gonerd.formats.label_studio import read_task
from gonerd.io import read_annotations, read_documents
from gonerd.progress import track
from gonerd.records import Annotation, Rejected

from .client import Client


@dataclass(frozen=True)
class PullSummary:
    """Documents in the layer, how many of them annotators changed since the last pull, what was set aside."""

    documents: int
    changed: int
    set_aside: dict[str, int]


def pull(
    client: Client,
    documents: Path,
    project: str,
    out: Path,
    *,
    annotator: str | None = None,
    guidelines: str | None = None,
) -> PullSummary:
    """Makes a layer of what annotators completed.

    Args:
        client: The server.
        documents: The documents that were pushed.
        project: Title of the project.
        out: Folder of the layer; its name becomes the layer's. A layer pulled before from the same project is
            brought up to date.
        annotator: Whose annotations to take, by number or address, where several annotate each task.
        guidelines: Version of the guidelines followed; that of the packaged ones when None.

    Returns:
        The counts.

    Raises:
        GonerdError: The server cannot be reached or refuses, an annotation does not fit its document, nothing is
            completed, or `out` holds other work. Nothing is written then.
    """
    source = {"server": client.url, "project": project, "annotator": annotator}
    _check_source(out, source)
    version = guidelines or guideline_version()
    by_id = {document.id: document for document in read_documents(documents)}
    reading = Reading(by_id, str(documents), annotator=annotator)
    found: dict[str, Annotation] = {}
    aside: Counter[str] = Counter()
    for item in track(client.tasks(client.project(project), annotations=True), "pull"):
        made = read_task(item, f"task {item.get('id')} of project {project!r}", reading)
        if isinstance(made, Rejected):
            aside[made.reason] += 1
        else:
            found[made.doc_id] = dataclasses.replace(made, layer=out.name, guideline_version=version)
    reading.finish()
    layer = [found[key] for key in by_id if key in found]
    changed = _changed(out, found)
    write_layer(out, layer, len(layer), {"made_by": PEOPLE, "label_studio": source})
    return PullSummary(len(layer), changed, dict(sorted(aside.items())))


def _check_source(out: Path, source: dict[str, str | None]) -> None:
    if not made_by_people(out):
        return
    before = read_json(out / MARKER, "choose another --out").get("label_studio")
    if before is None:
        keep_people(out)
    elif before != source:
        raise GonerdError(
            f"{out}: was pulled from project {before.get('project')!r} at {before.get('server')} (annotator "
            f"{before.get('annotator')}); choose another --out"
        )


def _changed(out: Path, found: dict[str, Annotation]) -> int:
    """Counts the documents that annotators changed; one whose annotation is gone stops the command."""
    if not made_by_people(out):
        return 0
    changed = 0
    for before in read_annotations(out):
        now = found.get(before.doc_id)
        if now is None:
            raise GonerdError(
                f"{out}: holds an annotation of document {before.doc_id!r}, which the project no longer has; choose "
                "another --out"
            )
        changed += [s.key for s in now.spans] != [s.key for s in before.spans]
    return changed
