"""From scores of BIO classes to the best sequence that BIO allows."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from gonerd.labels import BIO_TAGS

Scores = npt.NDArray[np.float32]
_NEVER = np.float32(-1e9)


def _allowed() -> Scores:
    """Returns 0 where a class may follow another, and never where an I- continues nothing (classes, classes)."""
    table = np.zeros((len(BIO_TAGS), len(BIO_TAGS)), np.float32)
    for i, before in enumerate(BIO_TAGS):
        for j, after in enumerate(BIO_TAGS):
            if after[0] == "I" and before not in (f"B{after[1:]}", after):
                table[i, j] = _NEVER
    return table


_ALLOWED = _allowed()


def decode(scores: Scores) -> list[int]:
    """Finds the best sequence (Viterbi, 1967).

    Args:
        scores: Log-probability of each class for each word (words, classes).

    Returns:
        One class a word.
    """
    if not len(scores):
        return []
    best = scores[0] + _ALLOWED[0]  # a text begins as after an O
    back = np.zeros(scores.shape, np.int64)
    for i in range(1, len(scores)):
        paths = best[:, None] + _ALLOWED
        back[i] = paths.argmax(0)
        best = paths.max(0) + scores[i]
    found = [int(best.argmax())]
    for i in range(len(scores) - 1, 0, -1):
        found.append(int(back[i, found[-1]]))
    return found[::-1]
