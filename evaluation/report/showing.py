"""What is shown of an example: its text with spans, or its question and answers, or its class."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import regex

from gonerd.evaluation.metrics import Spanned, Tagged
from gonerd.evaluation.metrics.hotpotqa import Hop
from gonerd.evaluation.metrics.squad_v2 import Guess
from gonerd.evaluation.tasks import Example, QuestionExample, TaggedExample, Task, TextExample
from gonerd.labels import tags_to_spans

from .marks import WHO, Key, Stretch, stretches

AROUND = 300  # characters on each side of an answer that are shown of a context
ANSWERS = 8  # accepted answers that are shown; TriviaQA has dozens


@dataclass(frozen=True)
class Shown:
    """What is shown of an example.

    Attributes:
        question: The question; empty where none is asked or it is not at hand.
        answers: (gold, teacher or student, what it says), where spans do not say it.
        pieces: Text and stretches of text, in order.
    """

    question: str
    answers: tuple[tuple[str, str], ...]
    pieces: tuple[str | Stretch, ...]


def show(task: Task, gold: Any, predicted: tuple[Any, Any], example: Example | None) -> Shown:
    """Shows an example.

    Args:
        task: The task.
        gold: What is right.
        predicted: What teacher and student say.
        example: The example with its text; None where that may not be shown or is not at hand.
    """
    sides = (gold, *predicted)
    if isinstance(gold, Tagged | Spanned):
        tagged = example if isinstance(example, TaggedExample) else None
        spans = [spans_of(side, tagged) for side in sides]
        return Shown("", (), tuple(stretches(tagged.text if tagged else None, spans)))
    texts = [_words(task, side) for side in sides]
    answers = tuple(zip(WHO, texts, strict=True))
    if isinstance(example, QuestionExample):
        return Shown(example.question, answers, tuple(_context(example, sides)))
    if isinstance(example, TextExample):
        return Shown("", answers, ("\n\n".join(filter(None, (example.text, example.pair))),))
    return Shown("", answers, ())


def spans_of(item: Tagged | Spanned, example: TaggedExample | None) -> list[Key]:
    """Returns the spans of gold or a prediction, in characters of the example's text, else in what the item counts."""
    if isinstance(item, Spanned):
        return list(item.spans)
    total = sum(map(len, item.sentences))
    words = example.words if example is not None else tuple((i, i + 1) for i in range(total))
    found, at = [], 0
    for tags in item.sentences:
        found += [span.key for span in tags_to_spans(tags, words[at : at + len(tags)])]
        at += len(tags)
    return found


def _words(task: Task, item: Any) -> str:
    """Writes an answer, a class or a number."""
    if isinstance(item, Hop):
        facts = "" if item.facts is None else f"; facts: {', '.join(f'{t} {i}' for t, i in sorted(item.facts))}"
        return (item.answer or "(none)") + facts
    if isinstance(item, Guess):
        return "(no prediction)" if item.text is None else "(no answer)" if item.refused or not item.text else item.text
    if isinstance(item, tuple):
        more = f" and {len(item) - ANSWERS} more" if len(item) > ANSWERS else ""
        return " | ".join(map(str, item[:ANSWERS])) + more if item else "(no answer)"
    if isinstance(item, int) and item < len(task.labels):
        return task.labels[item]
    return "(none)" if item in (None, "") else f"{item:.3f}" if isinstance(item, float) else str(item)


def _context(example: QuestionExample, sides: Sequence[Any]) -> Iterator[str | Stretch]:
    """Yields the parts of a context in which the answers stand, and says how much lies between them."""
    pieces = list(stretches(example.context, [_places(example.context, side) for side in sides]))
    for number, piece in enumerate(pieces):
        if not isinstance(piece, str):
            yield piece
            continue
        head = AROUND if number else 0
        tail = AROUND if number < len(pieces) - 1 or not number else 0
        rest = len(piece) - head - tail
        kept = filter(None, (piece[:head], f"[…{rest:,} characters…]", piece[head + rest :]))
        yield piece if rest <= 0 else " ".join(kept)


def _places(context: str, side: Any) -> list[Key]:
    """Finds answers in a context as whole words, each where it stands first."""
    said = side.answer if isinstance(side, Hop) else side.text if isinstance(side, Guess) else side
    found = []
    for text in {text for text in (said if isinstance(said, tuple) else (said,)) if text}:
        place = regex.search(rf"(?<!\w){regex.escape(text)}(?!\w)", context, flags=regex.IGNORECASE)
        found += [(*place.span(), "answer")] if place else []
    # Of answers within one another, "Orsa" in "Lake Orsa", the longest is enough.
    kept: list[Key] = []
    for key in sorted(found, key=lambda key: (key[0], -key[1])):
        if not kept or key[0] >= kept[-1][1]:
            kept.append(key)
    return kept
