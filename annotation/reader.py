"""A second reader: a linear-chain model that learns, from reviewed documents, what to make of a draft.

It sees what the pipeline, the rules and consistency made of each word, and the words themselves, and tags anew. A
conditional random field (Lafferty et al., 2001) on the features of `features`: CRFsuite (Okazaki, 2007) fits it by
L-BFGS in seconds to minutes on a CPU. Its averaged perceptron takes half the time and reads filings 2.4 points worse.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from gonerd.errors import GonerdError
from gonerd.labels import BIO_TAGS, spans_to_tags, tags_to_spans
from gonerd.records import Span

from .boundaries import trim, with_stop
from .draft import Draft, Mention
from .features import features
from .rules.organisations import with_form

NAME = "reader"
FILE = "reader.crfsuite"
PASSES = 60
_PENALTIES = {"c1": 0.05, "c2": 0.01}  # on the weights' sizes and their squares
_SEQUENCE = 60  # tokens after which a training sequence ends, at the next one outside any span
_EMPTY = 5  # of the sequences in which neither the draft nor the review marks anything, every fifth is learned from


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

    def chances(self, rows: Sequence[Sequence[str]]) -> npt.NDArray[np.float32]:
        """Returns the probability of each BIO class for each word, given its features (words, classes)."""
        found = np.zeros((len(rows), len(BIO_TAGS)), np.float32)
        self.tagger.set(rows)
        for tag in self.tagger.labels():
            column = BIO_TAGS.index(tag)
            for i in range(len(rows)):
                found[i, column] = self.tagger.marginal(tag, i)
        return found


def reread(draft: Draft, spans: Iterable[Span], source: str) -> None:
    """Replaces a draft's mentions by what a reader sees; mentions that it agrees with keep their source.

    Legal forms and the full stops of abbreviations stay in the name (guidelines, section 3); a reader that labels word
    by word may have left them out.

    Args:
        draft: Changed in place.
        spans: What the reader sees, with its scores where it gives any.
        source: Provenance of what is new.
    """
    known = {(m.start, m.end, m.label): m for m in draft.mentions}
    kept: list[Mention] = []
    touched: set[tuple[int, int, str]] = set()
    for span in _whole(draft.text, spans):
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


def _whole(text: str, spans: Iterable[Span]) -> Iterator[Span]:
    reached = 0
    for span in sorted(spans, key=lambda s: s.key):
        if span.start < reached:  # it was no name of its own, only the form of the one before
            continue
        start, end = trim(text, span.start, span.end)
        if start == end:
            continue
        end = with_stop(text, start, with_form(text, end) if span.label == "ORG" else end)
        reached = end
        yield replace(span, start=start, end=end)


def fit_reader(drafts: Iterable[tuple[Draft, Sequence[Span]]], path: Path) -> None:
    """Fits a reader on settled drafts with their right spans, and writes it.

    Args:
        drafts: Drafts after pipeline, rules and consistency.
        path: File to write.
    """
    import pycrfsuite

    trainer = pycrfsuite.Trainer(algorithm="lbfgs", verbose=False)
    trainer.set_params({"max_iterations": PASSES, **_PENALTIES})
    empty = 0
    for draft, right in drafts:
        tokens, rows = features(draft)
        tags = spans_to_tags(right, tokens)
        drafted = spans_to_tags([mention.span() for mention in draft.mentions], tokens)
        for first, end in _sequences(tags):
            if all(tag == "O" for tag in (*tags[first:end], *drafted[first:end])):
                empty += 1
                if empty % _EMPTY != 1:
                    continue
            trainer.append(rows[first:end], tags[first:end])
    trainer.train(str(path))


def _sequences(tags: Sequence[str]) -> Iterator[tuple[int, int]]:
    """Cuts a document into stretches to learn from, none of which ends inside a span."""
    first = 0
    for i, tag in enumerate(tags):
        if i - first >= _SEQUENCE and tag == "O":
            yield first, i
            first = i
    if first < len(tags):
        yield first, len(tags)
