"""What a document says of a word in other places: evidence shared between equal words in equal surroundings.

Names recur, and one clear mention tells what the others are (Krishnan and Manning, 2006, "An effective two-stage model
for exploiting non-local dependencies in named entity recognition").
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from .decode import Scores

# Neighbours that must be equal, too: none, the word before, the word after, both. The word's own place is the fifth.
_SURROUNDINGS = ((), (-1,), (1,), (-1, 1))
_LEAST = -6.0  # a log-probability below says no more than "no"; uncut, one place alone would outvote all others


def pooled(scores: Scores, words: Sequence[str]) -> Scores:
    """Averages what is thought of each word in its place and in all places of the document that are like it.

    Args:
        scores: Log-probability of each class for each word (words, classes).
        words: The words of the document, as they are written.

    Returns:
        Scores of the same shape: the mean of the word's own and of its means over equal words, over those after the
        same word, before the same word, and between the same words.
    """
    if not len(words):
        return scores
    own = np.maximum(scores, _LEAST)
    total = own.copy()
    padded = ["", *words, ""]
    for offsets in _SURROUNDINGS:
        places: dict[tuple[str, ...], int] = {}
        index = np.array(
            [
                places.setdefault((padded[i], *(padded[i + offset] for offset in offsets)), len(places))
                for i in range(1, len(padded) - 1)
            ]
        )
        sums = np.zeros((len(places), scores.shape[1]), np.float64)
        np.add.at(sums, index, own)
        total += (sums / np.bincount(index)[:, None])[index]
    mean: Scores = (total / (1 + len(_SURROUNDINGS))).astype(np.float32)
    return mean
