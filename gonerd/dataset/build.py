"""From documents and annotation layers to a folder that `datasets.load_dataset` reads."""

from __future__ import annotations

import dataclasses
from collections import Counter
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Any

from gonerd.files import new_folder
from gonerd.io import DECISIONS, LayerReader, pair
from gonerd.progress import track
from gonerd.records import Decision, Document
from gonerd.tables import read_table

from .assemble import Assembly, Entry
from .blocklist import read_blocklist
from .describe import Facts, describe
from .masking import mask
from .release import read_manifest, splits_of
from .rights import known_release
from .rows import View
from .schema import MANIFEST, SPLITS
from .select import Selection, select
from .settings import BuildSettings, BuildSummary, check_early

__all__ = ["BuildSettings", "BuildSummary", "build_dataset"]


def build_dataset(documents: Path, layer: Path, out: Path, settings: BuildSettings | None = None) -> BuildSummary:
    """Builds a release: `README.md`, `croissant.json`, `figures/` and `data/`, whole or not at all.

    The same input and settings give the same bytes.

    Args:
        documents: The documents.
        layer: The gold layer over them.
        out: Folder to make.
        settings: What is asked for; the defaults when None.

    Returns:
        Counts: documents = sum of the splits + rejected.

    Raises:
        GonerdError: An input cannot be read, two do not fit, too few documents are left, or the splits leak.
    """
    settings = settings or BuildSettings()
    check_early(documents, layer, out, settings)
    previous = settings.previous or _standing(out, settings.seed)
    blocked = read_blocklist(settings.blocklist)
    selection = select(
        documents,
        out,
        release=known_release(settings.release),
        blocked=blocked,
        seed=settings.seed,
        previous=splits_of(previous) if previous else {},
        limit=settings.limit,
    )
    masked: Counter[str] = Counter()
    with new_folder(out) as folder:
        with Assembly(folder) as assembly:
            for document_id, entry in track(
                _entries(documents, layer, settings, selection, masked), "build", total=len(selection.splits)
            ):
                assembly.add(selection.splits[document_id], entry)
        counts = Counter(selection.splits.values())
        facts = Facts(
            name=settings.name or out.resolve().name,
            version=settings.version,
            release=settings.release,
            seed=settings.seed,
            documents=selection.documents,
            splits={split: counts[split] for split in SPLITS},
            withheld=len(selection.withheld),
            rejected=selection.rejected,
            masked=dict(sorted(masked.items())),
            near=selection.near,
            newest=selection.newest,
            prose=settings.prose,
        )
        describe(folder, facts, assembly.counts, assembly.rows)
    return BuildSummary(
        facts.documents,
        dict(facts.splits),
        facts.withheld,
        selection.rejected,
        dict(facts.masked),
        sorted(selection.unmet),
        previous,
    )


def _standing(out: Path, seed: int) -> Path | None:
    """Returns the release that stands at `out`, if its splits were drawn with this seed."""
    if not (out / MANIFEST).is_file():
        return None
    return out if read_manifest(out).get("seed") == seed else None


def _entries(
    documents: Path, layer: Path, settings: BuildSettings, selection: Selection, masked: Counter[str]
) -> Iterator[tuple[str, Entry]]:
    """The second pass: reads the documents again, with every layer."""
    readers = [LayerReader(path) for path in settings.annotators]
    decisions = _decisions(layer)
    for document, gold in islice(pair(documents, layer), settings.limit):
        annotators = [found for reader in readers if (found := reader.take(document)) is not None]
        if document.id not in selection.splits:
            continue
        view = View.of(_masked(document, masked), gold.spans, document.sha256)
        withheld = document.id in selection.withheld
        yield document.id, Entry(view, gold, annotators, decisions.get(document.id, ()), withheld)
    if settings.limit is None:
        for reader in readers:
            reader.finish(documents)


def _masked(document: Document, counts: Counter[str]) -> Document:
    text, found = mask(document.text)
    counts += found
    hidden: dict[str, Any] = {
        "text": text,
        "title": mask(document.title)[0] if document.title else None,
        "license_evidence": mask(document.license_evidence)[0] if document.license_evidence else None,
    }
    if all(getattr(document, name) == value for name, value in hidden.items()):
        return document
    return dataclasses.replace(document, **hidden, sha256="")


def _decisions(layer: Path) -> dict[str, list[Decision]]:
    found: dict[str, list[Decision]] = {}
    if (layer / DECISIONS).exists():
        for decision in read_table(layer / DECISIONS, Decision):
            quoting: dict[str, Any] = {
                name: mask(getattr(decision, name))[0] for name in ("marked", "decision", "reason")
            }
            found.setdefault(decision.doc_id, []).append(dataclasses.replace(decision, **quoting))
    return found
