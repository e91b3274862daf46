"""What stands beside the data of a release: leakage report, figures, card, Croissant, manifest."""

from __future__ import annotations

import dataclasses
import hashlib
from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from gonerd.files import write_json, write_text
from gonerd.records import Rejected

from .assemble import Counts
from .card import CardFacts, card
from .croissant import croissant
from .figures import draw_figures
from .leakage import report
from .release import FileFacts, file_facts
from .schema import MANIFEST


@dataclass(frozen=True)
class Facts:
    """What is known of a release beside its rows.

    Attributes:
        name: Name of the dataset.
        version: Its version.
        release: Kind of release.
        seed: Seed of the splits and of the bootstrap.
        documents: Documents read.
        splits: Documents by split.
        withheld: Documents without their text.
        rejected: Documents set aside.
        masked: Things hidden, by kind.
        near: Near-duplicate pairs, all of them within a split.
        newest: Latest day of publication.
        prose: Markdown file with the datasheet.
        extra: More for the manifest.
    """

    name: str
    version: str
    release: str
    seed: int
    documents: int
    splits: Mapping[str, int]
    withheld: int
    rejected: Sequence[Rejected] = ()
    masked: Mapping[str, int] = field(default_factory=dict)
    near: Sequence[tuple[str, str, float]] = ()
    newest: str | None = None
    prose: Path | None = None
    extra: Mapping[str, Any] = field(default_factory=dict)


def describe(folder: Path, facts: Facts, counts: Counts, rows: Mapping[str, Mapping[str, int]]) -> None:
    """Writes everything about the data; the manifest comes last and lists all other files.

    Args:
        folder: Folder of the release, with its shards.
        facts: What is known of it.
        counts: What was counted while the rows were written.
        rows: Rows by config and split.
    """
    write_json(folder / "data" / "leakage.json", {**report([]), "near_duplicates_kept_together": list(facts.near)})
    draw_figures(counts.statistics, folder / "figures")
    data = dict(_facts(folder, "*.parquet"))
    shown = CardFacts(
        name=facts.name,
        version=facts.version,
        release=facts.release,
        fingerprint=fingerprint({path: found.sha256 for path, found in data.items()}),
        configs=rows,
        statistics=counts.statistics,
        provenance=counts.provenance,
        agreement=counts.agreement.measure(facts.seed),
        agreement_documents=counts.agreement.documents,
        masked=facts.masked,
        withheld=facts.withheld,
        near_duplicates=len(facts.near),
        rejected=dict(sorted(Counter(item.reason for item in facts.rejected).items())),
    )
    write_text(folder / "README.md", card(shown, facts.prose))
    croissant_json = croissant(
        {path: dataclasses.asdict(found) for path, found in data.items()},
        name=facts.name,
        version=facts.version,
        description=f"{facts.name} {facts.version}: long documents with PER, ORG, LOC and MISC spans",
        license=shown.hub_license,
        date_published=facts.newest,
        languages=sorted(counts.statistics.languages) or ["en"],
    )
    write_json(folder / "croissant.json", croissant_json)
    stated = {f.name: getattr(facts, f.name) for f in dataclasses.fields(facts)}
    for name in ("prose", "near", "newest", "extra"):
        del stated[name]
    stated["rejected"] = [dataclasses.asdict(item) for item in facts.rejected]
    stated["licenses"] = dict(sorted(counts.statistics.licenses.items()))
    others = dict(_facts(folder, "*", data))
    files = {path: dataclasses.asdict(found) for path, found in sorted({**data, **others}.items())}
    write_json(folder / MANIFEST, {**stated, **facts.extra, "files": files})


def fingerprint(hashes: Mapping[str, str]) -> str:
    """Returns one hash of the hashes of a release's data files, by path."""
    return hashlib.sha256(repr(sorted(hashes.items())).encode()).hexdigest()


def _facts(folder: Path, pattern: str, known: Collection[str] = ()) -> Iterator[tuple[str, FileFacts]]:
    for path in sorted(path for path in folder.rglob(pattern) if path.is_file()):
        name = path.relative_to(folder).as_posix()
        if name not in known:
            yield name, file_facts(path)
