"""A student of some of its teacher's layers."""

from __future__ import annotations

from gonerd.models.distill.place import Place
from gonerd.models.halving import Choice, halve

from . import Step, register


@register("halve")
class Halve(Step):
    """Halves a model, as `gonerd models halve` does.

    Attributes:
        layers: Which layers stay.
    """

    layers: Choice = "every-other"

    def run(self, place: Place) -> str:
        """Halves."""
        teacher, tokenizer = place.load(self.model, self.revision)
        student = halve(teacher, self.layers)
        place.save(self.name, student, tokenizer, layers_kept=self.layers, source=place.locate(self.model))
        return f"{teacher.config.num_hidden_layers} layers -> {student.config.num_hidden_layers}"
