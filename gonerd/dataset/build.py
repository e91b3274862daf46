"""From documents and annotation layers to a folder that `datasets.load_dataset` reads."""

from __future__ import annotations

import dataclasses
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path

from gonerd import __version__
from gonerd.files import new_folder
from gonerd.io import LayerReader, pair
from gonerd.progress import track
from gonerd.records import Decision, Document, Rejected
from gonerd.tables import read_table

from .assemble import Assembly, Entry
from .blocklist import read_blocklist
from .describe import Facts, describe
from .masking import mask
from .release import splits_of
from .rights import check_release
from .rows import View
from .schema import SPLITS
from .select import Selection, select

DECISIONS = "decisions"  # folder of a gold layer in which adjudication keeps its decisions


@dataclass(frozen=True)
class BuildSettings:
    """What a build is asked for.

    Attributes:
        name: Name of the dataset; that of the folder when None.
        version: Version that manifest and card carry.
        annotators: Layers of single annotators that ship beside the gold.
        release: A kind of `gonerd.dataset.rights.RELEASES`.
        blocklist: File with ids of documents to leave out.
        previous: Folder of an earlier release, whose documents keep their splits.
        prose: Markdown file with the datasheet that opens the card.
        seed: Seed of the splits and of the bootstrap.
        limit: Use only the first documents.
    """

    name: str | None = None
    version: str = __version__
    annotators: tuple[Path, ...] = ()
    release: str = "full"
    blocklist: Path | None = None
    previous: Path | None = None
    prose: Path | None = None
    seed: int = 0
    limit: int | None = None


@dataclass
class BuildSummary:
    """What a build holds: documents read, kept by split, and set aside with the reason.

    Attributes:
        documents: Documents read: those of the splits and the rejected.
        splits: Documents by split.
        withheld: Documents of the splits that ship without their text.
        rejected: Documents set aside.
        masked: Things hidden in the texts, by kind.
    """

    documents: int
    splits: dict[str, int]
    withheld: int
    rejected: list[Rejected]
    masked: dict[str, int] = field(default_factory=dict)


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
    selection = select(
        documents,
        out,
        release=check_release(settings.release),
        blocked=read_blocklist(settings.blocklist),
        seed=settings.seed,
        previous=splits_of(settings.previous) if settings.previous else {},
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
    return BuildSummary(facts.documents, dict(facts.splits), facts.withheld, selection.rejected, dict(facts.masked))


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
    title = mask(document.title)[0] if document.title else None
    if (text, title) == (document.text, document.title):
        return document
    return dataclasses.replace(document, text=text, title=title, sha256="")


def _decisions(layer: Path) -> dict[str, list[Decision]]:
    found: dict[str, list[Decision]] = {}
    if (layer / DECISIONS).exists():
        for decision in read_table(layer / DECISIONS, Decision):
            found.setdefault(decision.doc_id, []).append(decision)
    return found
