"""A text, or a pair of texts, as windows: one side is cut, the other repeated whole in each."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Any

from gonerd.errors import GonerdError
from gonerd.models.windows import margins_of

from ._pieces import Piece, Shape


def cut(
    tokenizer: Any, example: int, pair: Sequence[str], side: int, shape: Shape, where: str, first_unit: int = 0
) -> list[Piece]:
    """Cuts one text of a pair into windows that each repeat the other.

    Args:
        tokenizer: A fast tokenizer.
        example: Index that the windows carry.
        pair: One text or two.
        side: Which of them is cut, 0 or 1.
        shape: How to cut.
        where: What to call the example in a message.
        first_unit: Number of the first token of the text.

    Returns:
        Windows in order, whose units are the tokens of the text that is cut, counted through it.

    Raises:
        GonerdError: What is repeated leaves too little room.
    """
    encoded = _encode(tokenizer, pair)
    length, total = encoded.sequence_ids(0).count(side), len(encoded["input_ids"][0])
    room = shape.max_length - (total - length)
    stride = min(shape.stride, room // 2)  # beside a long question, windows move on by at least half of the room
    if length > room:
        if room < max(shape.stride, 2):
            raise GonerdError(
                f"{where}: what every window repeats leaves {max(room, 0)} of {shape.max_length} tokens for the text, "
                f"fewer than the overlap of {shape.stride}; raise --max-length or lower --stride"
            )
        strategy = ("only_first", "only_second")[side]
        encoded = _encode(tokenizer, pair, truncation=strategy, max_length=shape.max_length, stride=stride)
    step = room - stride
    typed = len(pair) > 1 and "token_type_ids" in encoded
    count = len(encoded["input_ids"])
    found = []
    for i in range(count):
        sides = encoded.sequence_ids(i)
        inside = [s == side for s in sides]
        offsets = encoded["offset_mapping"][i]
        margins = iter(margins_of(range(sum(inside)), i > 0, i + 1 < count))
        found.append(
            Piece(
                example=example,
                input_ids=encoded["input_ids"][i],
                units=_counted(inside, first_unit + i * step),
                margins=[next(margins) if here else 0 for here in inside],
                repeated=[s is not None and s != side for s in sides],
                token_types=encoded["token_type_ids"][i] if typed else None,
                offsets=[tuple(offsets[k]) if here else (0, 0) for k, here in enumerate(inside)],
            )
        )
    return found


def _encode(tokenizer: Any, pair: Sequence[str], **cutting: Any) -> Any:
    return tokenizer(
        *[[text] for text in pair],
        return_overflowing_tokens=True,
        return_offsets_mapping=True,
        return_attention_mask=False,
        verbose=False,
        **cutting,
    )


def _counted(inside: Sequence[bool], first: int) -> list[int]:
    units = []
    for here in inside:
        units.append(first if here else -1)
        first += here
    return units


def parts_of(tokenizer: Any, text: str, size: int) -> list[str]:
    """Cuts a text between tokens into parts of about `size` tokens each, which joined are the text."""
    offsets = _encode(tokenizer, [text])["offset_mapping"][0]
    starts = [start for start, end in offsets if end > start][::size]
    borders = [0, *starts[1:], len(text)]
    return [text[a:b] for a, b in pairwise(borders)]
