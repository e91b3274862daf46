"""The page around the documents: what is shown, in one self-contained file under a strict policy."""

from __future__ import annotations

import base64
import hashlib
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from html import escape
from importlib import resources
from itertools import islice
from pathlib import Path
from typing import TextIO

from gonerd.annotation.disputes import disputes
from gonerd.errors import GonerdError
from gonerd.files import new_file
from gonerd.io import LayerReader, pair, read_documents
from gonerd.labels import CORE
from gonerd.progress import track
from gonerd.records import Document, Span

from .body import document_html


@dataclass
class PreviewSummary:
    """What a page shows: documents, spans, and disagreements by kind where two layers are compared."""

    documents: int = 0
    spans: int = 0
    disputes: Counter[str] = field(default_factory=Counter)


def write_preview(
    layer: Path, documents: Path, out: Path, against: Path | None = None, limit: int | None = None
) -> PreviewSummary:
    """Writes the page.

    Args:
        layer: Folder of the annotation layer.
        documents: The annotated documents.
        out: The HTML file to write; it appears whole or not at all.
        against: A second layer; the page then shows, over the documents in both, where the two differ.
        limit: Show only the first documents.

    Returns:
        What is shown.

    Raises:
        GonerdError: A layer does not fit the documents, or no document is in both.
    """
    summary = PreviewSummary()
    names = tuple(path.resolve().name for path in (layer, against) if path is not None)
    shown = _both(layer, against, documents) if against else ((d, a.spans, a.spans) for d, a in pair(documents, layer))
    with new_file(out) as temporary, temporary.open("w", encoding="utf-8", newline="\n") as handle:
        _head(handle, names)
        for document, first, second in track(islice(shown, limit), "preview"):
            found = disputes(first, second)
            summary.documents += 1
            summary.spans += len(first)
            summary.disputes.update(dispute.kind for dispute in found)
            handle.writelines(document_html(document, first, found, names, summary.documents))
        if not summary.documents:
            raise GonerdError(f"{documents}: no document is in every layer, so there is nothing to show")
        handle.write(f"</main>\n<script>{_asset('page.js')}</script>\n</body>\n</html>\n")
    return summary


def _both(layer: Path, against: Path, documents: Path) -> Iterator[tuple[Document, tuple[Span, ...], tuple[Span, ...]]]:
    readers = LayerReader(layer), LayerReader(against)
    for document in read_documents(documents):
        first, second = (reader.take(document) for reader in readers)
        if first is not None and second is not None:
            yield document, first.spans, second.spans
    for reader in readers:
        reader.finish(documents)


def _head(handle: TextIO, names: tuple[str, ...]) -> None:
    style, script = _asset("page.css"), _asset("page.js")
    # Only these two run or apply, whatever a document says: nothing is loaded, sent or framed.
    policy = (
        f"default-src 'none'; style-src {_hash(style)}; script-src {_hash(script)}; base-uri 'none'; form-action 'none'"
    )
    title = escape(" against ".join(names))
    labels = "".join(f'<label><input type="checkbox" value="{n}" checked> <b class="{n}">{n}</b></label>' for n in CORE)
    differences = '<button type="button" id="differences">differences only</button>' if len(names) > 1 else ""
    handle.write(
        f'<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{escape(policy)}">\n'
        f'<meta name="viewport" content="width=device-width">\n<title>{title}</title>\n'
        f"<style>{style}</style>\n</head>\n"
        f"<body>\n<header>\n<h1>{title}</h1>\n"
        '<input type="search" id="search" placeholder="entity" aria-label="search by entity">\n'
        f'<button type="button" id="next">next</button> {differences}\n{labels}\n'
        '<output id="found"></output>\n</header>\n<main>\n'
    )


def _asset(name: str) -> str:
    return (resources.files("gonerd.annotation") / "preview" / name).read_text(encoding="utf-8")


def _hash(content: str) -> str:
    """Names an inline element in a Content-Security-Policy (W3C CSP 3, section 2.3.1)."""
    return f"'sha256-{base64.b64encode(hashlib.sha256(content.encode()).digest()).decode()}'"
