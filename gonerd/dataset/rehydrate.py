"""Filling in the texts that an urls-only release leaves out, each verified by its hash."""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from gonerd.errors import GonerdError
from gonerd.files import check_replaceable, new_folder
from gonerd.records import Annotation, Document
from gonerd.text import text_sha256

from .assemble import Assembly, Entry
from .blocklist import read_blocklist
from .describe import Facts, describe
from .masking import mask
from .release import changed_files, document_of, read_manifest, rows_of, spans_of
from .rows import View, annotator_row
from .schema import SPLITS
from .texts import withheld

Filled = Mapping[str, tuple[str, str | None]]  # text and title by id


@dataclass(frozen=True)
class RehydrateSummary:
    """Texts that were left out = filled + the missing ones, counted by reason."""

    withheld: int
    filled: int
    missing: dict[str, int]


def rehydrate(dataset: Path, out: Path, texts: Iterable[Document], blocklist: Path | None = None) -> RehydrateSummary:
    """Writes a private release with every text that could be found and verified.

    The reasons of adjudication quote their text and cannot be had back.

    Args:
        dataset: Folder of an urls-only release.
        out: Folder of the completed release.
        texts: Documents to take texts from, by id or address.
        blocklist: File with ids of documents whose text must stay out.

    Returns:
        The counts. What could not be filled in stays left out and is listed with its reason in the manifest.

    Raises:
        GonerdError: The folder is no urls-only release or was altered, or none of its texts could be filled in.
    """
    check_replaceable(out.resolve())
    manifest = read_manifest(dataset)
    for name, problem in changed_files(dataset, manifest):
        raise GonerdError(f"{dataset / name}: {problem}; restore the release")
    wanted = {row["id"]: row for row in withheld(dataset)}
    if not wanted:
        raise GonerdError(f"{dataset}: every document has its text, so there is nothing to fill in")
    blocked = read_blocklist(blocklist)
    missing = {key: "blocklisted" if key in blocked else "not-found" for key in wanted}
    filled = dict(_filled(wanted, texts, missing))
    if not filled:
        reasons = ", ".join(f"{count} {reason}" for reason, count in sorted(Counter(missing.values()).items()))
        raise GonerdError(f"{dataset}: none of {len(wanted)} texts could be filled in ({reasons}); look elsewhere")
    with new_folder(out) as folder:
        with Assembly(folder) as assembly:
            days = [day for split in SPLITS for day in _split(dataset, split, filled, assembly)]
        leakage = json.loads((dataset / "data" / "leakage.json").read_text(encoding="utf-8"))
        facts = Facts(
            name=manifest["name"],
            version=manifest["version"],
            release="private",
            seed=manifest["seed"],
            documents=manifest["documents"],
            splits=manifest["splits"],
            withheld=len(missing),
            masked=manifest["masked"],
            near=leakage["near_duplicates_kept_together"],
            newest=max(days, default=None),
            extra={"rehydrated_from": manifest["release"], "missing": dict(sorted(missing.items()))},
        )
        describe(folder, facts, assembly.counts, assembly.rows)
    return RehydrateSummary(len(wanted), len(filled), dict(Counter(missing.values())))


def _filled(
    wanted: Mapping[str, dict[str, Any]], texts: Iterable[Document], missing: dict[str, str]
) -> Iterator[tuple[str, tuple[str, str | None]]]:
    by_url = {row["url"]: key for key, row in wanted.items() if row["url"]}
    for document in texts:
        key = document.id if document.id in wanted else by_url.get(document.url or "")
        if key is None or missing.get(key, "blocklisted") == "blocklisted":
            continue
        text, title = mask(document.text)[0], mask(document.title)[0] if document.title else None
        if document.sha256 != wanted[key]["source_sha256"] or text_sha256(text) != wanted[key]["text_sha256"]:
            missing[key] = "text-changed"  # a page that was edited since: its offsets would lie
            continue
        del missing[key]
        yield key, (text, title)


def _split(dataset: Path, split: str, filled: Filled, assembly: Assembly) -> Iterator[str]:
    """Writes one split and yields the documents' days."""
    made: dict[str, list[Annotation]] = defaultdict(list)
    for _, row in rows_of(dataset, "annotators", split):
        annotation = Annotation(
            row["document_id"], row["annotator"], row["guideline_version"], row["text_sha256"], spans_of(row)
        )
        made[row["document_id"]].append(annotation)
    left_out: dict[str, list[dict[str, Any]]] = defaultdict(list)  # of what stays without text
    for _, row in rows_of(dataset, "spans", split):
        if row["text"] is None and row["document_id"] not in filled:
            left_out[row["document_id"]].append(row)
    for where, row in rows_of(dataset, "documents", split):
        text, title = filled.get(row["id"], (row["text"], row["title"]))
        if not made[row["id"]]:
            raise GonerdError(
                f"{dataset}, {where}: config 'annotators' lacks document {row['id']!r}; restore the release"
            )
        gold, *others = made[row["id"]]
        if text is None:
            assembly.write("documents", split, row)
            for span in left_out[row["id"]]:
                assembly.write("spans", split, span)
            for annotation in (gold, *others):
                assembly.write("annotators", split, annotator_row(annotation, row["text_sha256"]))
        else:
            document = document_of({**row, "text": text, "title": title})
            view = View.of(document, gold.spans, row["source_sha256"])
            assembly.add(split, Entry(view, gold, others))
        if row["published"]:
            yield row["published"]
    for _, row in rows_of(dataset, "adjudication", split):
        text = filled.get(row["document_id"], (None, None))[0]
        if text is not None:
            row["text"] = text[row["start"] : row["end"]]
        assembly.write("adjudication", split, row)
