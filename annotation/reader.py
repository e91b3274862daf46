"""A second reader: a linear-chain model that learns, from reviewed documents, what to make of a draft.

It sees what the pipeline, the rules and consistency made of each word, and the words themselves, and tags anew. The
chain of CRFsuite (Okazaki, 2007), fitted by its averaged perceptron in seconds on a CPU, on the features of `features`.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from gonerd.errors import GonerdError
from gonerd.labels import spans_to_tags, tags_to_spans
from gonerd.records import Span

from .draft import Draft, Mention
from .features import features

NAME = "reader"
FILE = "reader.crfsuite"
PASSES = 12
_SEQUENCE = 150  # tokens after which a training sequence ends, at the next one outside any span


@dataclass
class Reader:
    """A fitted reader.

    Attributes:
        tagger: CRFsuite's tagger.
        model: What it was opened from.
        source: Provenance of what it finds.
    """

    tagger: Any
    model: bytes
    source: str = NAME

    @classmethod
    def load(cls, path: Path, source: str = NAME) -> Reader:
        """Opens a fitted reader.

        Args:
            path: Its file.
            source: Provenance of what it finds.

        Raises:
            GonerdError: The file is none.
        """
        import pycrfsuite

        tagger = pycrfsuite.Tagger()
        try:
            model = path.read_bytes()
            tagger.open_inmemory(model)
        except (OSError, ValueError) as error:
            raise GonerdError(f"{path}: not a reader ({error}); train the pipeline again") from error
        return cls(tagger, model, source)

    def read(self, draft: Draft) -> None:
        """Replaces a draft's mentions by what the reader sees."""
        tokens, rows = features(draft)
        reread(draft, tags_to_spans(self.tagger.tag(rows), tokens), self.source)


def reread(draft: Draft, spans: Iterable[Span], source: str) -> None:
    """Replaces a draft's mentions by what a reader sees; mentions that it agrees with keep their source.

    Args:
        draft: Changed in place.
        spans: What the reader sees, with its scores where it gives any.
        source: Provenance of what is new.
    """
    known = {(m.start, m.end, m.label): m for m in draft.mentions}
    kept: list[Mention] = []
    touched: set[tuple[int, int, str]] = set()
    for span in spans:
        before = draft.inside(span.start, span.end)
        touched |= {(m.start, m.end, m.label) for m in before}
        if span.key in known:
            same = known[span.key]
            kept.append(same if span.score is None else replace(same, score=span.score))
            continue
        draft.effects[NAME, "changed" if before else "added"] += 1
        others = tuple(f"{m.label} {draft.text[m.start : m.end]!r} by {m.source}" for m in before)
        kept.append(Mention(*span.key, source, 1.0, "learned from reviewed documents", others, span.score))
    draft.effects[NAME, "removed"] += len(known.keys() - touched)
    draft.mentions = kept


def fit_reader(drafts: Iterable[tuple[Draft, Sequence[Span]]], path: Path) -> None:
    """Fits a reader on settled drafts with their right spans, and writes it.

    Args:
        drafts: Drafts after pipeline, rules and consistency.
        path: File to write.
    """
    import pycrfsuite

    trainer = pycrfsuite.Trainer(algorithm="ap", verbose=False)
    trainer.set_params({"max_iterations": PASSES, "feature.minfreq": 1})
    for draft, right in drafts:
        tokens, rows = features(draft)
        tags = spans_to_tags(right, tokens)
        first = 0
        for i, tag in enumerate(tags):
            if i - first >= _SEQUENCE and tag == "O":
                trainer.append(rows[first:i], tags[first:i])
                first = i
        if first < len(rows):
            trainer.append(rows[first:], tags[first:])
    trainer.train(str(path))
