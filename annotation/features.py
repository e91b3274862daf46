"""What a reader sees of each word of a draft: the word, its neighbours, the draft's view, the rest of the document.

Features after Ratinov and Roth (2009), "Design challenges and misconceptions in named entity recognition": shapes,
affixes, gazetteers, and what the rest of the document says about a word.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence

import regex

from gonerd.labels import mentions, spans_to_tags
from gonerd.tokens import tokenize

from .draft import Draft
from .gazetteers import words as gazetteer
from .rules._names import lower_words
from .rules.given_names import names

_UPPER, _LOWER, _DIGIT, _RUN = (regex.compile(p) for p in (r"\p{Lu}", r"\p{Ll}", r"\d", r"(.)\1{2,}"))


def features(draft: Draft) -> tuple[list[tuple[int, int]], list[list[str]]]:
    """Returns the tokens of a draft's text, cut at the borders of its mentions, and the features of each."""
    spans = [m.span() for m in draft.mentions]
    tokens = tokenize(draft.text, spans)
    tags = spans_to_tags(spans, tokens)
    texts = [draft.text[start:end] for start, end in tokens]
    lower = [text.lower() for text in texts]
    shapes = [shape(text) for text in texts]
    sources = {m.start: m.source for m in draft.mentions}
    document = _Document(draft, texts, tags)
    rows = []
    for i, (word, tag) in enumerate(zip(lower, tags, strict=True)):
        row = ["b", f"w={word}", f"s={shapes[i]}", f"p3={word[:3]}", f"s3={word[-3:]}", f"s2={word[-2:]}"]
        row += [f"t={tag}", f"tw={tag}{word}", *document.features(i)]
        for offset in (-3, -2, -1, 1, 2, 3):
            j = i + offset
            if 0 <= j < len(texts):
                row += [f"w{offset}={lower[j]}", f"s{offset}={shapes[j]}", f"t{offset}={tags[j]}"]
            else:
                row.append(f"e{offset}")
        if i:
            row += [f"bg={lower[i - 1]}_{word}", f"tb={tags[i - 1]}{tag}"]
        if i + 1 < len(texts):
            row += [f"bn={word}_{lower[i + 1]}", f"tn={tag}{tags[i + 1]}", f"wn={word}_{tags[i + 1]}"]
        if 0 < i < len(texts) - 1:
            row.append("ss=" + "_".join(shapes[i - 1 : i + 2]))
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
        # What longer names begin or end with this word: a company's, a person's.
        self.longer: dict[str, set[str]] = defaultdict(set)
        for first, last, label in mentions(tags):
            if last - first > 1:
                self.longer[texts[first]].add(f"first={label}")
                self.longer[texts[last - 1]].add(f"last={label}")
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
        yield from sorted(self.longer[text])
        yield f"lw={min(2, self.lower[text.lower()])}"
        yield f"cp={min(3, self.capital[text].bit_length())}"
        for name, known in (("given", self.given), ("family", self.family), ("people", gazetteer("demonyms"))):
            if text in known:
                yield name


def shape(text: str) -> str:
    """Returns a word with X for capitals, x for small letters, d for digits; runs are cut to two."""
    return _RUN.sub(r"\1\1", _DIGIT.sub("d", _LOWER.sub("x", _UPPER.sub("X", text))))
