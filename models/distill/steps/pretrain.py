"""More masked language modelling: after a conversion, or as the student's training without a teacher."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from gonerd.models.distill.place import Place
from gonerd.models.distill.train import train
from gonerd.models.distill.training import Training

from . import Step, register


@register("pretrain")
class Pretrain(Step):
    """Trains a model by masked language modelling alone; one without a head for it gets one, and learns it.

    Attributes:
        corpus: Folder made by `gonerd models corpus`.
        training: How to train.
    """

    corpus: Path
    training: Training

    def sources(self, place: Place) -> dict[str, Any]:
        """Returns what identifies the inputs."""
        from gonerd.models.corpus import open_corpus

        return {**super().sources(place), "corpus": open_corpus(self.corpus).fingerprint}

    def run(self, place: Place) -> str:
        """Trains."""
        student, tokenizer = place.load(self.model, self.revision, "masked-lm")
        return train(place, self.name, student, tokenizer, None, {"masked_lm": {}}, self.corpus, self.training)
