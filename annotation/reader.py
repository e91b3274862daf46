"""A second reader: a linear-chain model that learns, from reviewed documents, what to make of a draft.

It sees what the pipeline, the rules and consistency made of each word, and the words themselves, and tags anew. The
chain of CRFsuite (Okazaki, 2007), fitted by its averaged perceptron in seconds on a CPU; features after Ratinov and
Roth (2009), "Design challenges and misconceptions in named entity recognition": shapes, affixes, gazetteers, and what
the rest of the document says about a word.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import regex

from gonerd.errors import GonerdError
from gonerd.labels import spans_to_tags, tags_to_spans
from gonerd.records import Span
from gonerd.tokens import tokenize

from .draft import Draft, Mention
from .gazetteers import words as gazetteer
from .rules._names import lower_words
from .rules.given_names import names

NAME = "reader"
FILE = "reader.crfsuite"
_PASSES = 12
_SEQUENCE = 150  # tokens after which a training sequence ends, at the next one outside any span
_UPPER, _LOWER, _DIGIT, _RUN = (regex.compile(p) for p in (r"\p{Lu}", r"\p{Ll}", r"\d", r"(.)\1{2,}"))


@dataclass
class Reader:
    """A fitted reader.

    Attributes:
        tagger: CRFsuite's tagger.
    """

    tagger: Any

    @classmethod
    def load(cls, path: Path) -> Reader:
        """Opens a fitted reader.

        Raises:
            GonerdError: The file is none.
        """
        import pycrfsuite

        tagger = pycrfsuite.Tagger()
        try:
            tagger.open(str(path))
        except (OSError, ValueError) as error:
            raise GonerdError(f"{path}: not a reader ({error}); train the pipeline again") from error
        return cls(tagger)

    def read(self, draft: Draft) -> None:
        """Replaces a draft's mentions by what the reader sees; mentions that it agrees with keep their source."""
        tokens, rows = features(draft)
        known = {(m.start, m.end, m.label): m for m in draft.mentions}
        kept: list[Mention] = []
        touched: set[tuple[int, int, str]] = set()
        for span in tags_to_spans(self.tagger.tag(rows), tokens):
            before = draft.inside(span.start, span.end)
            touched |= {(m.start, m.end, m.label) for m in before}
            if span.key in known:
                kept.append(known[span.key])
                continue
            draft.effects[NAME, "changed" if before else "added"] += 1
            others = tuple(f"{m.label} {draft.text[m.start : m.end]!r} by {m.source}" for m in before)
            kept.append(Mention(*span.key, NAME, evidence="learned from reviewed documents", others=others))
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
    trainer.set_params({"max_iterations": _PASSES, "feature.minfreq": 1})
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


def features(draft: Draft) -> tuple[list[tuple[int, int]], list[list[str]]]:
    """Returns the tokens of a draft's text, cut at the borders of its mentions, and the features of each."""
    spans = [m.span() for m in draft.mentions]
    tokens = tokenize(draft.text, spans)
    tags = spans_to_tags(spans, tokens)
    texts = [draft.text[start:end] for start, end in tokens]
    lower = [text.lower() for text in texts]
    shapes = [_shape(text) for text in texts]
    sources = {m.start: m.source for m in draft.mentions}
    document = _Document(draft, texts, tags)
    rows = []
    for i, (word, tag) in enumerate(zip(lower, tags, strict=True)):
        row = ["b", f"w={word}", f"s={shapes[i]}", f"p3={word[:3]}", f"s3={word[-3:]}", f"s2={word[-2:]}"]
        row += [f"t={tag}", f"tw={tag}{word}", *document.features(i)]
        for offset in (-2, -1, 1, 2):
            j = i + offset
            if 0 <= j < len(texts):
                row += [f"w{offset}={lower[j]}", f"s{offset}={shapes[j]}", f"t{offset}={tags[j]}"]
            else:
                row.append(f"e{offset}")
        if i:
            row += [f"bg={lower[i - 1]}_{word}", f"tb={tags[i - 1]}{tag}"]
        if i + 1 < len(texts):
            row += [f"bn={word}_{lower[i + 1]}", f"tn={tag}{tags[i + 1]}", f"wn={word}_{tags[i + 1]}"]
        if tokens[i][0] in sources:
            row.append(f"src={sources[tokens[i][0]]}")
        rows.append(row)
    return tokens, rows


class _Document:
    """What the rest of a document says about a word."""

    def __init__(self, draft: Draft, texts: Sequence[str], tags: Sequence[str]) -> None:
        self.texts = texts
        self.lower = lower_words(draft)
        self.capital = Counter(text for text in texts if text[0].isupper())
        self.labels: dict[str, Counter[str]] = defaultdict(Counter)
        for text, tag in zip(texts, tags, strict=True):
            if text[0].isupper():
                self.labels[text][tag[2:] or "O"] += 1
        self.given, self.family = names()

    def features(self, i: int) -> Iterator[str]:
        text = self.texts[i]
        if text.lower() in gazetteer("types"):
            yield "type"
        if not text[0].isupper():
            return
        label, count = self.labels[text].most_common(1)[0]
        yield f"mj={label}"
        yield f"mjs={label}{3 * count // self.labels[text].total()}"
        yield f"lw={min(2, self.lower[text.lower()])}"
        yield f"cp={min(3, self.capital[text].bit_length())}"
        for name, known in (("given", self.given), ("family", self.family), ("people", gazetteer("demonyms"))):
            if text in known:
                yield name


def _shape(text: str) -> str:
    return _RUN.sub(r"\1\1", _DIGIT.sub("d", _LOWER.sub("x", _UPPER.sub("X", text))))
