"""A student learns from its teacher."""

from __future__ import annotations

from typing import Any

from gonerd.errors import GonerdError
from gonerd.models.corpus.tokens import tokenizer_sha256
from gonerd.models.distill.distiller import DISTILBERT
from gonerd.models.distill.place import Place
from gonerd.models.distill.train import train
from gonerd.models.losses import Losses

from . import register
from .pretrain import Pretrain


@register("distill")
class Distill(Pretrain):
    """Trains a student with a teacher.

    Attributes:
        teacher: A step before this one, a folder, or a hub id.
        teacher_revision: Commit, tag or branch of a hub id.
        losses: Options of each loss by its name; DistilBERT's sum unless told otherwise.
    """

    teacher: str
    teacher_revision: str | None = None
    losses: Losses = DISTILBERT

    def sources(self, place: Place) -> dict[str, Any]:
        """Returns what identifies the inputs."""
        return {**super().sources(place), "teacher": place.identity(self.teacher, self.teacher_revision)}

    def run(self, place: Place) -> str:
        """Trains."""
        student, tokenizer = place.load(self.model, self.revision)
        teacher, theirs = place.load(self.teacher, self.teacher_revision)
        if tokenizer_sha256(tokenizer) != tokenizer_sha256(theirs):
            raise GonerdError(
                f"step {self.name!r}: {self.model} and {self.teacher} have different tokenizers; a student learns from "
                "a teacher that reads the same tokens"
            )
        return train(place, self.name, student, tokenizer, teacher, self.losses, self.corpus, self.training)
