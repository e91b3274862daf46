"""Gold and predictions as JSON beside a result file, so that comparing and new metrics cost no prediction."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from gonerd.errors import GonerdError

from .metrics import Spanned, Tagged
from .metrics.hotpotqa import Hop
from .metrics.squad_v2 import Guess


def pack(item: Any) -> Any:
    """Returns what the metrics take as JSON; words and texts are left out, for they may not be passed on."""
    if isinstance(item, Tagged):
        return {"tags": [list(tags) for tags in item.sentences]}
    if isinstance(item, Spanned):
        return {"spans": [{"start": start, "end": end, "label": label} for start, end, label in item.spans]}
    if isinstance(item, Hop):
        return {"answer": item.answer, "facts": None if item.facts is None else sorted(map(list, item.facts))}
    if isinstance(item, Guess):
        return {"text": item.text, "no_answer": item.no_answer, "refused": item.refused}
    return list(item) if isinstance(item, tuple) else item


def unpack(value: Any, where: str) -> Any:
    """Returns what was packed.

    Raises:
        GonerdError: It is nothing that `pack` writes.
    """
    if not isinstance(value, dict):
        return tuple(value) if isinstance(value, list) else value
    for key, build in _KINDS.items():
        if key in value:
            try:
                return build(value)
            except (KeyError, TypeError, ValueError) as error:
                raise GonerdError(
                    f"{where}: not a gold answer or prediction of this project; evaluate again"
                ) from error
    raise GonerdError(f"{where}: holds none of {', '.join(_KINDS)}; evaluate again")


_KINDS: dict[str, Callable[[Any], Any]] = {
    "tags": lambda value: Tagged(tuple(map(tuple, value["tags"]))),
    "spans": lambda value: Spanned(tuple((span["start"], span["end"], span["label"]) for span in value["spans"])),
    "answer": lambda value: Hop(
        value["answer"],
        None if value["facts"] is None else frozenset((title, index) for title, index in value["facts"]),
    ),
    "text": lambda value: Guess(value["text"], value["no_answer"], value["refused"]),
}
