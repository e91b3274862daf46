"""Names of weights in two layouts: one table, read both ways."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from torch import Tensor


@dataclass(frozen=True)
class Names:
    """Pairs of dotted names: what a part is called here, and what it is called there.

    Parts of a name that no pair begins stay as they are; of several pairs the longest counts.

    Attributes:
        pairs: (ours, theirs) each.
    """

    pairs: tuple[tuple[str, str], ...]

    def ours(self, state: Mapping[str, Tensor]) -> dict[str, Tensor]:
        """Renames weights from their layout."""
        turned = tuple((theirs, ours) for ours, theirs in self.pairs)
        return {_renamed(name, turned): value for name, value in state.items()}

    def theirs(self, state: Mapping[str, Tensor]) -> dict[str, Tensor]:
        """Renames weights to their layout."""
        return {_renamed(name, self.pairs): value for name, value in state.items()}


def _renamed(name: str, pairs: tuple[tuple[str, str], ...]) -> str:
    fitting = [pair for pair in pairs if name == pair[0] or name.startswith(f"{pair[0]}.")]
    if not fitting:
        return name
    old, new = max(fitting, key=lambda pair: len(pair[0]))
    return f"{new}{name[len(old) :]}"


# RoBERTa's names, which LSG bears too, and BERT's, by head.
_BODY = (("roberta", "bert"),)
BERT_NAMES = {
    "base": Names(()),
    "masked-lm": Names(
        (
            *_BODY,
            ("lm_head.dense", "cls.predictions.transform.dense"),
            ("lm_head.layer_norm", "cls.predictions.transform.LayerNorm"),
            ("lm_head.decoder", "cls.predictions.decoder"),
            ("lm_head.bias", "cls.predictions.bias"),
        )
    ),
    "token-classification": Names(_BODY),
    "sequence-classification": Names(
        (*_BODY, ("classifier.dense", "bert.pooler.dense"), ("classifier.out_proj", "classifier"))
    ),
    "question-answering": Names(_BODY),
}
