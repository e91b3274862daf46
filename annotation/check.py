"""Looking through a layer for spans that cannot be meant, with a repair for each where there is one."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from pathlib import Path

from gonerd.errors import GonerdError
from gonerd.files import new_folder, write_json, write_text
from gonerd.io import read_documents
from gonerd.jsonl import to_line
from gonerd.progress import track
from gonerd.records import Annotation
from gonerd.tables import read_rows, write_table

from .findings import BROKEN, Finding, LooseSpan, mend
from .inconsistencies import inconsistencies
from .layers import keep_people
from .marker import MARKER


@dataclass(frozen=True)
class LooseAnnotation:
    """`gonerd.records.Annotation` with unchecked spans."""

    doc_id: str
    layer: str
    guideline_version: str
    text_sha256: str
    spans: tuple[LooseSpan, ...] = ()


@dataclass(frozen=True)
class CheckSummary:
    """Documents looked through, and findings by kind."""

    documents: int
    findings: dict[str, int]

    @property
    def broken(self) -> int:
        """How many findings are of a kind that no layer may hold."""
        return sum(count for kind, count in self.findings.items() if kind in BROKEN)


def check_layer(layer: Path, documents: Path, report: Path | None = None, repaired: Path | None = None) -> CheckSummary:
    """Looks through a layer.

    Args:
        layer: Folder of the layer.
        documents: The annotated documents.
        report: JSONL file for the findings.
        repaired: Folder for a copy with every broken span repaired or, where that cannot be, left out; labels and
            unmarked mentions are never changed.

    Returns:
        The counts.

    Raises:
        GonerdError: An annotation belongs to no document or to another text, or people made the layer in `repaired`.
    """
    if repaired is not None:
        keep_people(repaired)
    by_id = {document.id: document for document in read_documents(documents)}
    findings: list[Finding] = []
    sound: list[Annotation] = []
    for where, annotation in track(read_rows(layer, LooseAnnotation, nested=LooseSpan), "check"):
        document = by_id.get(annotation.doc_id)
        if document is None:
            raise GonerdError(
                f"{where}: no document {annotation.doc_id!r} in {documents}; pass those that were annotated"
            )
        if annotation.text_sha256 != document.sha256:
            raise GonerdError(f"{where}: document {document.id} was annotated over another text; annotate it again")
        spans, found = mend(document, annotation.spans)
        findings += [*found, *inconsistencies(document, spans)]
        name = repaired.name if repaired else annotation.layer
        sound.append(Annotation(document.id, name, annotation.guideline_version, document.sha256, tuple(spans)))
    if report is not None:
        write_text(report, "".join(to_line(asdict(finding)) for finding in findings))
    if repaired is not None:
        with new_folder(repaired) as folder:
            write_table(folder, sound, Annotation)
            write_json(folder / MARKER, {"repaired": layer.name, "complete": True, "documents": len(sound)})
    return CheckSummary(len(sound), dict(sorted(Counter(finding.kind for finding in findings).items())))


def refuse_broken(summary: CheckSummary, layer: Path) -> None:
    """Stops where a layer holds what no layer may hold.

    Raises:
        GonerdError: It does.
    """
    if summary.broken:
        kinds: Iterable[str] = (f"{kind} {n}" for kind, n in summary.findings.items() if kind in BROKEN)
        raise GonerdError(
            f"{layer}: {summary.broken} spans are broken ({', '.join(kinds)}); mend them with --repair OUT"
        )
