"""The same weights with other fields in the configuration, for instance without dropout."""

from __future__ import annotations

from typing import Any

from pydantic import Field

from gonerd.models.distill.place import Place
from gonerd.models.load import load_model

from . import Step, register


@register("configure")
class Configure(Step):
    """Copies a model, the recipe's name on its folder, with fields of its configuration changed.

    Attributes:
        fields: The fields, for instance `hidden_dropout_prob`; one that weights depend on is refused.
    """

    fields: dict[str, Any] = Field(default_factory=dict)

    def run(self, place: Place) -> str:
        """Copies."""
        source = place.locate(self.model)
        model, tokenizer = load_model(source, None, revision=self.revision, **self.fields)
        place.save(self.name, model, tokenizer, source=source, configured=self.fields)
        return ", ".join(f"{name} {value}" for name, value in self.fields.items()) or "copied"
