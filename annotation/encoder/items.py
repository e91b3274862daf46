"""What the network learns from: windows of reviewed drafts, in batches."""

from __future__ import annotations

import random
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from gonerd.annotation.draft import Draft
from gonerd.annotation.features import features
from gonerd.labels import BIO_TAGS, spans_to_tags
from gonerd.records import Span

from .windows import Window, Words, windows_of, words_of

_TAGS = {tag: i for i, tag in enumerate(BIO_TAGS)}
_POOL = 64  # batches within which windows are sorted by length, so that little is padded
_EMPTY = 0.2  # share kept of the windows in which neither the draft nor the review marks anything


@dataclass(frozen=True)
class Item:
    """A window, the words of its draft, and the right class of each word in it."""

    window: Window
    words: Words
    classes: list[int]


def items_of(tokenizer: Any, length: int, drafts: Iterable[tuple[Draft, Sequence[Span]]], seed: int) -> list[Item]:
    """Cuts drafts into windows to learn from; of those without any mention most are left out."""
    draw = random.Random(seed)
    items = []
    for draft, right in drafts:
        words = words_of(draft, *features(draft))
        classes = [_TAGS[tag] for tag in spans_to_tags(right, words.tokens)]
        for window in windows_of(tokenizer, [draft.text[start:end] for start, end in words.tokens], length):
            here = [window.words[column] for column in window.firsts]
            wanted = [classes[w] for w in here]
            if any(wanted) or any(words.tags[w] for w in here) or draw.random() < _EMPTY:
                items.append(Item(window, words, wanted))
    return items


def batches_of(items: Sequence[Item], size: int, draw: random.Random) -> list[list[Item]]:
    """Draws the batches of one pass: windows in a new order, such of about the same length side by side."""
    order = list(items)
    draw.shuffle(order)
    batches = []
    for first in range(0, len(order), size * _POOL):
        pool = sorted(order[first : first + size * _POOL], key=lambda item: len(item.window.ids))
        batches += [pool[i : i + size] for i in range(0, len(pool), size)]
    draw.shuffle(batches)
    return batches
