"""Which documents to review next: those that layers disagree on, long ones, those of a domain that lacks review."""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter, deque
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from itertools import combinations
from pathlib import Path

from gonerd.errors import GonerdError, UsageError
from gonerd.files import new_folder, write_text
from gonerd.io import LayerReader, read_documents
from gonerd.jsonl import to_line
from gonerd.progress import track
from gonerd.records import Annotation, Document
from gonerd.tables import write_table
from gonerd.tokens import words

from .disputes import disputes


@dataclass(frozen=True)
class Weights:
    """What counts how much; each part of a score is in 0..1.

    Attributes:
        disagreement: Of the layers among each other, or of a single layer with itself: how unsure it is.
        length: Share of documents that are shorter.
        balance: How much the domain lacks review, counting what is chosen before.
    """

    disagreement: float = 0.6
    length: float = 0.2
    balance: float = 0.2

    def __post_init__(self) -> None:
        if min(self.disagreement, self.length, self.balance) < 0 or not any(asdict(self).values()):
            raise UsageError("weights must not be negative, and one must be above zero")


@dataclass(frozen=True)
class Choice:
    """A document in its place, with the parts of its score and what they come from.

    Attributes:
        rank: Place in the order, from 1.
        id: The document.
        score: Weighted mean of the parts.
        disagreement: 0..1.
        length: 0..1.
        balance: 0..1.
        why: The same for people to read.
    """

    rank: int
    id: str
    score: float
    disagreement: float
    length: float
    balance: float
    why: str


@dataclass(frozen=True)
class _Candidate:
    id: str
    domain: str
    words: int
    disagreement: float
    reason: str


def order_documents(
    documents: Path,
    layers: Sequence[Path],
    reviewed: Sequence[Path] = (),
    weights: Weights | None = None,
    limit: int | None = None,
) -> list[Choice]:
    """Orders the documents that nobody reviewed, most instructive first.

    The same input gives the same order; where scores are equal, ids decide.

    Args:
        documents: The documents.
        layers: Layers to compare; documents that none of them has are taken as agreed upon.
        reviewed: Layers of people; their documents are left out, and count for the balance of domains.
        weights: What counts how much.
        limit: Length of the order; all documents when None.

    Returns:
        The order.

    Raises:
        UsageError: No layer is given.
        GonerdError: A layer does not fit the documents, or everything is reviewed.
    """
    if not layers:
        raise UsageError("no layer to look at; name one or more with --layer")
    weights = weights or Weights()
    done: Counter[str] = Counter()
    candidates: list[_Candidate] = []
    readers = [LayerReader(layer) for layer in layers]
    people = [LayerReader(layer) for layer in reviewed]
    for document in track(read_documents(documents), "next"):
        found = [a for a in (reader.take(document) for reader in readers) if a is not None]
        seen = [reader.take(document) is not None for reader in people]  # every reader takes its own
        if any(seen):
            done[document.domain] += 1
        else:
            disagreement, reason = _disagreement(found)
            count = len(words(document.text))
            candidates.append(_Candidate(document.id, document.domain, count, disagreement, reason))
    for reader in (*readers, *people):
        reader.finish(documents)
    if not candidates:
        raise GonerdError(f"{documents}: every document is reviewed, so there is none to choose; add documents")
    return list(_greedy(candidates, done, weights, limit or len(candidates)))


def _disagreement(found: Sequence[Annotation]) -> tuple[float, str]:
    """Returns 1 less the mean exact F1 of all pairs of layers; of a single one, how unsure it is."""
    if len(found) < 2:
        scores = [span.score for a in found for span in a.spans if span.score is not None]
        if not scores:
            return 0.0, "one layer without scores" if found else "in no layer"
        doubt = 1 - sum(scores) / len(scores)
        return doubt, f"spans {1 - doubt:.2f} sure on average"
    rates, open_ = [], 0
    for a, b in combinations(found, 2):
        keys = {s.key for s in a.spans}, {s.key for s in b.spans}
        total = len(keys[0]) + len(keys[1])
        rates.append(1 - 2 * len(keys[0] & keys[1]) / total if total else 0.0)
        open_ += len(disputes(a.spans, b.spans))
    rate = sum(rates) / len(rates)
    return rate, f"{open_} differences among {len(found)} layers (F1 {1 - rate:.2f})"


def _greedy(candidates: Sequence[_Candidate], done: Counter[str], weights: Weights, limit: int) -> Iterator[Choice]:
    """Takes the best document, counts its domain as reviewed, and looks again.

    Within a domain the order never changes, so that only the first of each is compared.
    """
    lengths = sorted(c.words for c in candidates)
    total = weights.disagreement + weights.length + weights.balance

    def fixed(candidate: _Candidate) -> float:
        shorter = bisect_left(lengths, candidate.words) / len(lengths)
        return weights.disagreement * candidate.disagreement + weights.length * shorter

    queues: dict[str, deque[_Candidate]] = {}
    for candidate in sorted(candidates, key=lambda c: (-fixed(c), c.id)):
        queues.setdefault(candidate.domain, deque()).append(candidate)
    for rank in range(1, min(limit, len(candidates)) + 1):
        chosen = sum(done.values())
        balance = {domain: 1 - done[domain] / chosen if chosen else 1.0 for domain in queues}
        heads = [queue[0] for queue in queues.values()]
        best = min(heads, key=lambda c: (-(fixed(c) + weights.balance * balance[c.domain]), c.id))
        shorter = bisect_left(lengths, best.words) / len(lengths)
        why = (
            f"{best.reason}; {best.words} words, more than {shorter:.0%} of the documents; {done[best.domain]} of "
            f"{chosen} reviewed or chosen before are {best.domain}"
        )
        score = (fixed(best) + weights.balance * balance[best.domain]) / total
        parts = (round(score, 6), round(best.disagreement, 6), round(shorter, 6), round(balance[best.domain], 6))
        yield Choice(rank, best.id, *parts, why)
        done[best.domain] += 1
        queues[best.domain].popleft()
        if not queues[best.domain]:
            del queues[best.domain]


def write_order(choices: Sequence[Choice], out: Path) -> None:
    """Writes an order as JSONL, one document a line, under a temporary name."""
    write_text(out, "".join(to_line(asdict(choice)) for choice in choices))


def write_chosen(choices: Sequence[Choice], documents: Path, out: Path) -> None:
    """Writes the chosen documents, in their order, as documents of their own, ready for review."""
    wanted = {choice.id: choice.rank for choice in choices}
    chosen = [document for document in read_documents(documents) if document.id in wanted]
    with new_folder(out) as folder:
        write_table(folder, sorted(chosen, key=lambda d: wanted[d.id]), Document)
