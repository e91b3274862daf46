"""Looking through a layer for spans that cannot be meant, with a repair for each where there is one."""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import regex

from gonerd.errors import GonerdError
from gonerd.files import new_folder, write_json, write_text
from gonerd.io import read_documents
from gonerd.jsonl import to_line
from gonerd.labels import CORE
from gonerd.progress import track
from gonerd.records import Annotation, Document, Span
from gonerd.tables import read_rows, write_table
from gonerd.text import splits_cluster, visible
from gonerd.tokens import tokenize

from .layers import keep_people
from .marker import MARKER

# What no layer may hold; the others are for a person to judge.
BROKEN = ("empty", "outside the text", "white space", "misaligned", "unknown label", "duplicate", "overlap")
_CUTS = regex.compile(r"(?<=[\w\p{M}])(?=[\w\p{M}])")
_SHORTEST = 3  # characters of a surface whose unmarked occurrences are looked for


@dataclass(frozen=True)
class LooseSpan:
    """A span as a file has it, whatever is wrong with it."""

    start: int
    end: int
    label: str
    score: float | None = None
    provenance: str | None = None


@dataclass(frozen=True)
class LooseAnnotation:
    """`gonerd.records.Annotation` with unchecked spans."""

    doc_id: str
    layer: str
    guideline_version: str
    text_sha256: str
    spans: tuple[LooseSpan, ...] = ()


@dataclass(frozen=True)
class Finding:
    """One thing that is wrong, or that a person should look at.

    Attributes:
        doc_id: The document.
        kind: One of `BROKEN`, "inconsistent label" or "unmarked".
        start: Where the span begins, as the layer has it.
        end: Where it ends.
        label: Its label.
        text: What stands there.
        proposal: What it should be, for people to read; "" where nothing can be proposed.
    """

    doc_id: str
    kind: str
    start: int
    end: int
    label: str
    text: str
    proposal: str


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


def mend(document: Document, spans: Sequence[LooseSpan]) -> tuple[list[Span], list[Finding]]:
    """Repairs the spans of one document: trimmed, widened to whole words, the better of two that overlap.

    Returns:
        The spans that a layer may hold, in order, and what was found.
    """
    found: list[Finding] = []
    kept: list[Span] = []
    borders = sorted({border for token in tokenize(document.text) for border in token})
    for span in spans:
        kind, mended = _mended(document.text, span, borders)
        if kind:
            found.append(_finding(document, kind, span, _shown(document.text, mended)))
        if mended is not None:
            kept.append(mended)
    better = sorted(kept, key=lambda s: (-(s.score or 0.0), s.start - s.end, s.key))
    taken: list[Span] = []  # in order and apart, so that only the neighbours of a place can overlap
    for candidate in better:
        at = bisect_left(taken, candidate.start, key=lambda s: s.start)
        near = (s for s in taken[max(0, at - 1) : at + 1] if s.start < candidate.end and candidate.start < s.end)
        rival = next(near, None)
        if rival is None:
            taken.insert(at, candidate)
        else:
            kind = "duplicate" if rival.key == candidate.key else "overlap"
            found.append(_finding(document, kind, candidate, f"keep {_shown(document.text, rival)} alone"))
    return taken, sorted(found, key=lambda f: (f.start, f.end))


def _mended(text: str, span: LooseSpan, borders: Sequence[int]) -> tuple[str, Span | None]:
    """Returns what is wrong with a span, "" for nothing, and the span that it should be."""
    if span.start >= span.end:
        return "empty", None
    if span.start < 0 or span.end > len(text):
        return "outside the text", None
    if span.label not in CORE:
        return "unknown label", None
    trimmed = visible(text, span.start, span.end)
    if trimmed is None:
        return "white space", None
    kind = "white space" if trimmed != (span.start, span.end) else ""
    start, end = trimmed
    if any(splits_cluster(text, border) or _CUTS.match(text, border) for border in trimmed):
        kind = "misaligned"
        start = max((b for b in borders if b <= start and not splits_cluster(text, b)), default=0)
        end = min((b for b in borders if b >= end and not splits_cluster(text, b)), default=len(text))
        if visible(text, start, end) != (start, end):  # a mark that stands on white space
            return kind, None
    source = span.provenance if not kind else f"{span.provenance or 'unknown'} (repaired: {kind})"
    return kind, Span(start, end, span.label, span.score, source)


def inconsistencies(document: Document, spans: Sequence[Span]) -> Iterator[Finding]:
    """Finds surfaces that bear several labels in a document, or are marked here and not there.

    Both may be right, since a word may mean a person here and a place there; so nothing is repaired.
    """
    text = document.text
    labels: dict[str, Counter[str]] = defaultdict(Counter)
    for span in spans:
        labels[text[span.start : span.end]][span.label] += 1
    for span in spans:
        counts = labels[text[span.start : span.end]]
        usual, most = counts.most_common(1)[0]
        if len(counts) > 1 and counts[span.label] < most:
            yield _finding(document, "inconsistent label", span, f"{usual}, as {most} others of {counts.total()}")
    yield from _unmarked(document, spans, labels)


def _unmarked(document: Document, spans: Sequence[Span], labels: dict[str, Counter[str]]) -> Iterator[Finding]:
    surfaces = [surface for surface in labels if len(surface) >= _SHORTEST]
    if not surfaces:
        return
    longest_first = sorted(surfaces, key=len, reverse=True)
    pattern = regex.compile(r"(?<!\w)\L<surfaces>(?!\w)", surfaces=longest_first)
    marked = iter(spans)
    span = next(marked, None)
    for match in pattern.finditer(document.text):
        while span is not None and span.end <= match.start():
            span = next(marked, None)
        if span is None or span.start >= match.end():
            usual, most = labels[match[0]].most_common(1)[0]
            here = LooseSpan(*match.span(), "")
            yield _finding(document, "unmarked", here, f"{usual}, as {most} others of {labels[match[0]].total()}")


def _finding(document: Document, kind: str, span: LooseSpan | Span, proposal: str) -> Finding:
    text = document.text[max(0, span.start) : max(0, span.end)]
    return Finding(document.id, kind, span.start, span.end, span.label, text, proposal)


def _shown(text: str, span: Span | None) -> str:
    return "" if span is None else f"{span.start}..{span.end} [{text[span.start : span.end]}]{{{span.label}}}"


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
