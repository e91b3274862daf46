"""Label Studio's JSON (labelstud.io/guide/tasks): tasks with predictions, and with annotations when they come back.

The present front end counts code points in `Text` (github.com/HumanSignal/label-studio-frontend, pull request 308);
exports of 2022 and before count UTF-16 code units (label-studio, issues 539 and 1347). Both state the text of each
span, which tells them apart.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from gonerd.errors import GonerdError
from gonerd.offsets import CODE_POINT, UTF16
from gonerd.records import Annotation, Document, Rejected, Span

from . import FORMATS
from ._fit import Reading
from ._json import read_list, write_list
from ._marks import Mark, Marked, text_or_none

FROM_NAME, TO_NAME = "label", "text"  # names in the labelling configuration


class LabelStudio:
    """Tasks whose predictions a project shows as suggestions; ids and hashes travel in `data`."""

    suffix = ".json"
    folder = False

    def write(self, pairs: Iterable[tuple[Document, Annotation]], path: Path) -> int:
        """Writes one task a document."""
        return write_list(path, (task(document, annotation) for document, annotation in pairs))

    def read(self, path: Path, reading: Reading) -> Iterator[Annotation | Rejected]:
        """Reads the completed annotations of an export ("JSON"), or the predictions of tasks never imported."""
        tasks = list(read_list(path, "Label Studio export"))
        exported = any("annotations" in item or "completions" in item for _, item in tasks)
        for where, item in tasks:
            yield read_task(item, where, reading, exported=exported)


def task(document: Document, annotation: Annotation | None) -> dict[str, Any]:
    """Builds a task.

    Args:
        document: The document.
        annotation: The suggestions; None to show none.
    """
    data = {"text": document.text, "id": document.id, "text_sha256": document.sha256, "title": document.title or ""}
    if annotation is None:
        return {"data": data}
    scores = [span.score for span in annotation.spans if span.score is not None]
    prediction = {
        "model_version": annotation.layer,
        "score": min(scores) if scores else None,  # what a project ordered by uncertainty sorts by
        "result": [_region(document.text, span, i) for i, span in enumerate(annotation.spans)],
    }
    return {"data": data, "predictions": [prediction]}


def _region(text: str, span: Span, number: int) -> dict[str, Any]:
    value = {"start": span.start, "end": span.end, "text": text[span.start : span.end], "labels": [span.label]}
    region = {"id": f"s{number}", "from_name": FROM_NAME, "to_name": TO_NAME, "type": "labels", "value": value}
    if span.provenance is not None:
        region["meta"] = {"text": [span.provenance]}
    return region if span.score is None else region | {"score": span.score}


def read_task(item: dict[str, Any], where: str, reading: Reading, *, exported: bool = True) -> Annotation | Rejected:
    """Reads one task as a project holds it.

    Args:
        item: The task.
        where: Its place, for messages.
        reading: The documents.
        exported: Read what annotators completed; otherwise the predictions.

    Returns:
        The annotation; rejected when nobody completed it.

    Raises:
        GonerdError: It is malformed, several annotators completed it, or it does not fit its document.
    """
    data = item.get("data")
    if not isinstance(data, dict) or not isinstance(data.get("text"), str):
        raise GonerdError(f"{where}: field 'data' lacks 'text'; export the project that these documents went into")
    ident, sha256 = (text_or_none(data.get(name), name, where) for name in ("id", "text_sha256"))
    made = item.get("annotations", item.get("completions")) if exported else item.get("predictions")
    made = [m for m in made or () if isinstance(m, dict) and not m.get("was_cancelled")]
    if exported and reading.annotator is not None:
        made = [m for m in made if person(m) == reading.annotator]
    if not made:
        document = reading.find(Marked(where, ident, data["text"], sha256, ()))
        return Rejected(document.id, "not annotated", where, "import")
    if len(made) > 1:
        people = ", ".join(sorted({person(m) for m in made}))
        raise GonerdError(
            f"{where}: has {len(made)} annotations (by {people}), and a layer holds one; name whose with --annotator"
        )
    who = f"label-studio:{person(made[0])}" if exported else None
    marks = _marks(made[0].get("result"), where, who)
    return reading.fit(Marked(where, ident, data["text"], sha256, marks, units=(CODE_POINT, UTF16)))


def person(annotation: dict[str, Any]) -> str:
    """Returns who completed an annotation, as the export names them."""
    who = annotation.get("completed_by")
    return str(who.get("email") or who.get("id")) if isinstance(who, dict) else str(who)


def _marks(result: Any, where: str, who: str | None) -> tuple[Mark, ...]:
    marks = []
    regions: list[Any] = result if isinstance(result, list) else [None]
    for region in regions:
        try:
            if region["type"] != "labels":  # choices for the whole text, relations, comments
                if region["type"].endswith("labels"):
                    raise GonerdError(
                        f"{where}: holds a region of type {region['type']!r}, and spans here are over plain text; "
                        "annotate with <Labels> over <Text>"
                    )
                continue
            value = region["value"]
            labels = value["labels"]
            if len(labels) != 1:
                raise GonerdError(f"{where}: span {value['start']}..{value['end']} has {len(labels)} labels; keep one")
            meta = region.get("meta") or {}
            source = who or (meta.get("text") or [None])[0]
            start, end = int(value["start"]), int(value["end"])
            marks.append(Mark(start, end, str(labels[0]), value.get("text"), region.get("score"), source))
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise GonerdError(f"{where}: field 'result' is malformed ({error!r}); export again as JSON") from error
    return tuple(marks)


FORMATS.register("label-studio")(LabelStudio())
