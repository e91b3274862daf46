"""Prodigy's JSONL (prodi.gy/docs/api-interfaces#ner_manual): `text`, `tokens` and `spans` over them."""

from __future__ import annotations

import dataclasses
import json
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

from gonerd.errors import GonerdError
from gonerd.jsonl import read_jsonl
from gonerd.records import Annotation, Document, Rejected
from gonerd.tokens import tokenize

from . import FORMATS
from ._fit import Reading
from ._marks import Marked, marks_from, text_or_none

ACCEPTED = "accept"


class Prodigy:
    """Tasks for `ner.manual`; the ids travel in `meta`, words break at every span's border."""

    suffix = ".jsonl"
    folder = False

    def write(self, pairs: Iterable[tuple[Document, Annotation]], path: Path) -> int:
        """Writes one task a document."""
        count = 0
        with path.open("w", encoding="utf-8", newline="\n") as handle:
            for document, annotation in pairs:
                handle.write(json.dumps(_task(document, annotation), ensure_ascii=False) + "\n")
                count += 1
        return count

    def read(self, path: Path, reading: Reading) -> Iterator[Annotation | Rejected]:
        """Reads a `db-out`; tasks answered with "reject" or "ignore", or by others, are set aside."""
        for where, row in read_jsonl(path, {"text": str}):
            meta: Any = row.get("meta")
            meta = meta if isinstance(meta, dict) else {}
            ident, sha256 = (text_or_none(meta.get(name), name, where) for name in ("id", "text_sha256"))
            who = text_or_none(row.get("_annotator_id"), "_annotator_id", where)
            marks = marks_from(row.get("spans", []), where)
            if who is not None:
                marks = tuple(dataclasses.replace(mark, provenance=f"prodigy:{who}") for mark in marks)
            marked = Marked(where, ident, row["text"], sha256, marks, _words(row, where))
            answer = row.get("answer", ACCEPTED)
            if reading.annotator not in (None, who):
                yield Rejected(reading.find(marked).id, "by another annotator", where, "import")
            elif answer != ACCEPTED:
                yield Rejected(reading.find(marked).id, f"answered {answer}", where, "import")
            else:
                yield reading.fit(marked)


def _task(document: Document, annotation: Annotation) -> dict[str, Any]:
    text, tokens = document.text, tokenize(document.text, annotation.spans)
    starts = [start for start, _ in tokens]
    return {
        "text": text,
        "tokens": [
            {"text": text[a:b], "start": a, "end": b, "id": i, "ws": text[b : b + 1] == " "}
            for i, (a, b) in enumerate(tokens)
        ],
        "spans": [
            {
                "start": span.start,
                "end": span.end,
                "label": span.label,
                "token_start": _last(starts, span.start),
                "token_end": _last(starts, span.end - 1),
            }
            for span in annotation.spans
        ],
        "meta": {"id": document.id, "text_sha256": document.sha256},
    }


def _last(starts: Sequence[int], position: int) -> int:
    return bisect_right(starts, position) - 1


def _words(row: dict[str, Any], where: str) -> tuple[tuple[int, int, str], ...]:
    try:
        words = tuple((int(t["start"]), int(t["end"]), str(t["text"])) for t in row.get("tokens") or ())
        for span in row.get("spans") or ():
            if words and "token_start" in span:
                stands = words[span["token_start"]][0], words[span["token_end"]][1]
                if stands != (span["start"], span["end"]):
                    raise GonerdError(
                        f"{where}: span {span['start']}..{span['end']} should be that of its tokens, "
                        f"{stands[0]}..{stands[1]}, so the offsets were changed; export again"
                    )
    except (KeyError, TypeError, ValueError, IndexError) as error:
        raise GonerdError(f"{where}: field 'tokens' or 'spans' is malformed ({error!r}); export again") from error
    return words


FORMATS.register("prodigy")(Prodigy())
