"""Another attention, and longer inputs."""

from __future__ import annotations

from typing import Any

from pydantic import Field

from gonerd.models.conversion import convert
from gonerd.models.distill.place import Place

from . import Step, register


@register("convert")
class Convert(Step):
    """Converts a model, as `gonerd models convert` does.

    Attributes:
        attention: Attention pattern.
        max_length: Longest input of the result, in tokens.
        window: Width of the local window, in tokens; the pattern's own when None.
        options: Further options of the pattern; `gonerd models attention` lists them.
    """

    attention: str = "longformer"
    max_length: int = Field(default=4096, ge=1)
    window: int | None = Field(default=None, ge=1)
    options: dict[str, Any] = Field(default_factory=dict)

    def run(self, place: Place) -> str:
        """Converts."""
        result, tokenizer = convert(
            place.locate(self.model),
            attention=self.attention,
            max_length=self.max_length,
            window=self.window,
            revision=self.revision,
            **self.options,
        )
        place.save(self.name, result, tokenizer, attention=self.attention, source=place.locate(self.model))
        return f"{self.attention}, {self.max_length} tokens"
