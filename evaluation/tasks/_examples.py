"""What tasks are made of: examples of each kind."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from gonerd.evaluation.metrics import Tagged
from gonerd.labels import spans_to_tags
from gonerd.records import Span


@dataclass(frozen=True, slots=True)
class TextExample:
    """A text, or a pair of texts, with a class or a number.

    Attributes:
        id: Identifier within the split.
        text: The text, or the first of the pair.
        pair: The second text, None where there is none.
        gold: Index of the class, or the number; None where the split has no public labels.
    """

    id: str
    text: str
    pair: str | None
    gold: int | float | None

    @property
    def document(self) -> str:
        """What is drawn as one in the bootstrap: the example itself."""
        return self.id

    def facts(self) -> list[Any]:
        """Returns what the digest of a dataset is taken over."""
        return [self.id, self.text, self.pair, self.gold]


@dataclass(frozen=True, slots=True)
class TaggedExample:
    """A text with its words and gold spans.

    Attributes:
        id: Identifier within the split.
        document: Identifier of the document that it is, or is a part of.
        text: The text; where the dataset holds words alone, these joined by blanks, sentences by line breaks.
        words: (start, end) of each word in `text`.
        sentences: Index of the first word of each sentence.
        spans: Non-overlapping gold spans over `text`.
    """

    id: str
    document: str
    text: str
    words: tuple[tuple[int, int], ...]
    sentences: tuple[int, ...]
    spans: tuple[Span, ...]

    def tagged(self, spans: Sequence[Span] | None = None) -> Tagged:
        """Views spans as BIO tags, sentence by sentence, for the scorers that count tokens.

        Args:
            spans: Predicted spans; the gold ones when None.
        """
        tags = spans_to_tags(self.spans if spans is None else spans, self.words)
        cuts = [*self.sentences, len(self.words)]
        pieces = list(pairwise(cuts))
        return Tagged(
            tuple(tuple(tags[a:b]) for a, b in pieces),
            tuple(tuple(self.text[start:end] for start, end in self.words[a:b]) for a, b in pieces),
        )

    def facts(self) -> list[Any]:
        """Returns what the digest of a dataset is taken over."""
        return [self.id, self.document, self.text, self.words, self.sentences, [span.key for span in self.spans]]


@dataclass(frozen=True, slots=True)
class Section:
    """A part of a context that something can be said about: a sentence of HotpotQA, a document of TriviaQA.

    Attributes:
        name: Title or file name.
        index: Number of the sentence under that title; 0 where the section is a whole document.
        start: First character in the context.
        end: After its last character.
    """

    name: str
    index: int
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class QuestionExample:
    """A question about a context, with its answers.

    Attributes:
        id: Identifier within the split.
        document: Identifier of the article or question whose examples belong together.
        question: The question.
        context: The text to answer from, whole.
        answers: Accepted answers; empty where the context holds none, and where the split has no public answers.
        starts: First character of each answer in the context, -1 where it is not known.
        sections: Parts of the context, in order; empty where it is one text.
        supporting: (title, sentence) of each supporting fact.
    """

    id: str
    document: str
    question: str
    context: str
    answers: tuple[str, ...]
    starts: tuple[int, ...]
    sections: tuple[Section, ...] = ()
    supporting: tuple[tuple[str, int], ...] = ()

    def facts(self) -> list[Any]:
        """Returns what the digest of a dataset is taken over."""
        return [self.id, self.question, self.context, self.answers, self.starts, self.supporting]


Example = TextExample | TaggedExample | QuestionExample
