"""Where the steps of a recipe find each other's results and leave their own."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from transformers import PreTrainedModel, PreTrainedTokenizerBase, set_seed

from gonerd.errors import GonerdError
from gonerd.files import existing, read_json
from gonerd.models.load import load_model
from gonerd.models.save import NOTE, save
from gonerd.models.settings import first_difference
from gonerd.models.weights import weights_sha256


@dataclass(frozen=True)
class Place:
    """The folder of a recipe.

    Attributes:
        out: The folder.
        seed: Seed of everything random.
        steps: Names of the steps, in order.
        facts: What the step that runs is noted with.
    """

    out: Path
    seed: int
    steps: tuple[str, ...]
    facts: dict[str, Any] = field(default_factory=dict)

    def locate(self, reference: str) -> str:
        """Returns the folder of a step, or the folder or hub id itself."""
        return str(self.out / reference) if reference in self.steps else reference

    def identity(self, reference: str, revision: str | None) -> dict[str, Any]:
        """Returns what identifies a model: the hashes of its weights and configuration, or its id on the hub."""
        folder = Path(self.locate(reference)).expanduser()
        if reference in self.steps:
            note = existing(folder / NOTE, "model", f"step {reference!r} has to come before the one that uses it")
            held = read_json(note, "run the recipe again")
            return {name: held[name] for name in ("weights_sha256", "config_sha256") if name in held}
        if folder.is_dir():
            return {"weights_sha256": weights_sha256(folder)}
        return {"hub": reference, "revision": revision}

    def load(
        self, reference: str, revision: str | None, head: str | None = None
    ) -> tuple[PreTrainedModel, PreTrainedTokenizerBase]:
        """Loads a model and its tokenizer, with the head it bears, or another; one that it lacks begins at random."""
        set_seed(self.seed)
        return load_model(self.locate(reference), head, revision=revision)

    def is_done(self, name: str, facts: Mapping[str, Any]) -> bool:
        """Tells whether a step's folder is complete.

        Raises:
            GonerdError: It holds the result of other settings or inputs.
        """
        folder = self.out / name
        if not (folder / NOTE).is_file():
            return False
        found = read_json(folder / NOTE, f"remove {folder}").get("step")
        if different := first_difference(facts, found or {}):
            raise GonerdError(
                f"{folder}: was made with other settings (it differs in {different!r}); choose another --out, or "
                "remove the folder and those of the steps after it"
            )
        return True

    def save(self, name: str, model: PreTrainedModel, tokenizer: PreTrainedTokenizerBase, **note: Any) -> None:
        """Saves the result of a step, with what it was made of."""
        save(model, tokenizer, self.out / name, {"made_by": "gonerd models distill", **note, "step": self.facts})
