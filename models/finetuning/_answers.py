"""Where answers lie: in a context, among the tokens of a window, and in which window they have most context."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import torch
from torch import Tensor

from ._examples import QuestionExample
from ._pieces import Piece

LONGEST = 30  # tokens of an answer, as in BERT's run_squad


def places_of(example: QuestionExample) -> list[tuple[int, int]]:
    """Returns (start, end) of every answer in the context; those without an offset are looked for.

    Letters may differ in case, as the aliases of TriviaQA do.
    """
    found = set()
    lowered = example.context.lower()
    even = len(lowered) == len(example.context)  # a few letters grow when lowered, which would shift offsets
    for answer, start in zip(example.answers, example.starts, strict=True):
        if start >= 0 and answer and example.context.startswith(answer, start):
            found.add((start, start + len(answer)))
            continue
        where, what = (lowered, answer.lower()) if even else (example.context, answer)
        at = where.find(what) if what else -1
        while at >= 0:
            found.add((at, at + len(what)))
            at = where.find(what, at + 1)
    return sorted(found)


def extent(piece: Piece) -> tuple[int, int]:
    """Returns the position of the first token of the context, and how many there are."""
    first = next((i for i, unit in enumerate(piece.units) if unit >= 0), 0)
    return first, sum(unit >= 0 for unit in piece.units)


def inside(piece: Piece, places: Sequence[tuple[int, int]]) -> list[tuple[int, int]]:
    """Returns first and last token of the answers that lie wholly in a window."""
    first, count = extent(piece)
    if not count:
        return []
    tokens = piece.offsets[first : first + count]
    found = []
    for start, end in places:
        touched = [i for i, (a, b) in enumerate(tokens) if a < end and b > start]
        if touched and tokens[touched[0]][0] <= start and tokens[touched[-1]][1] >= end:
            found.append((first + touched[0], first + touched[-1]))
    return found


def owned_spans(pieces: Sequence[Piece]) -> Iterator[Tensor]:
    """Yields for each window which answers it owns, (tokens, `LONGEST`): those it sees with the most context.

    The context of an answer is that of the nearer of its two ends. Only neighbours can hold the same answer, for an
    overlap is at most half a window.
    """
    for i, piece in enumerate(pieces):
        margins = _margins(piece)
        own = margins >= 0
        for j, earlier in ((i - 1, True), (i + 1, False)):
            if 0 <= j < len(pieces) and pieces[j].example == piece.example:
                other = _shifted(_margins(pieces[j]), _first_unit(piece) - _first_unit(pieces[j]), len(margins))
                own &= (other < margins) if earlier else (other <= margins)
        yield own


def _first_unit(piece: Piece) -> int:
    return next((unit for unit in piece.units if unit >= 0), 0)


def _margins(piece: Piece) -> Tensor:
    """Returns the context of every answer of a window, (tokens, `LONGEST`); -1 where it would leave the window."""
    first, count = extent(piece)
    single = torch.tensor(piece.margins[first : first + count], dtype=torch.long)
    if not count:
        return single.reshape(0, LONGEST)
    ends = torch.nn.functional.pad(single, (0, LONGEST - 1), value=-1).unfold(0, LONGEST, 1)
    return torch.minimum(single[:, None], ends)


def _shifted(rows: Tensor, by: int, count: int) -> Tensor:
    """Returns `count` rows from row `by` on; those that do not exist are -1."""
    found = torch.full((count, rows.shape[1]), -1, dtype=rows.dtype)
    first, last = max(by, 0), min(by + count, len(rows))
    if first < last:
        found[first - by : last - by] = rows[first:last]
    return found
