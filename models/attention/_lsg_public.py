"""Public LSG checkpoints, by the names of `lsg-converter` 0.1.9: configurations and weights, both ways.

`ccdv/lsg-*`, `giant-oak/lsg-roberta-base-4096` and `giant-oak/distil-lsg-roberta-base-4096` state the model type of
their source, so that plain transformers, unless it runs their code, loads them with full attention, the global tokens
dropped. Here they become `gonerd.models.modeling_lsg`, and their code is never run.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch.nn.functional as F
from torch import Tensor
from transformers import PreTrainedConfig

from gonerd.errors import GonerdError
from gonerd.models import modeling_lsg
from gonerd.models.heads import HEADS, head_of
from gonerd.models.modeling_lsg import LSGConfig

from ._names import Names, between

# Our classes, by head.
CLASSES: dict[str, Any] = {
    "base": modeling_lsg.LSGModel,
    "masked-lm": modeling_lsg.LSGForMaskedLM,
    "token-classification": modeling_lsg.LSGForTokenClassification,
    "sequence-classification": modeling_lsg.LSGForSequenceClassification,
    "question-answering": modeling_lsg.LSGForQuestionAnswering,
}
# What their classes are called, by the model type in their configurations.
FAMILIES = {"bert": "Bert", "camembert": "Camembert", "roberta": "Roberta", "xlm-roberta": "XLMRoberta"}
_UNREAD = ("cls.seq_relationship.", "bert.embeddings.position_ids", "embeddings.position_ids")
_POSITIONS = "embeddings.position_embeddings.weight"


class PublicLSG:
    """The layout of public checkpoints of one family, by their configuration.

    Args:
        config: Configuration of a public checkpoint, as plain transformers reads it.

    Raises:
        GonerdError: There is no LSG class here for its family or head.
    """

    def __init__(self, config: PreTrainedConfig) -> None:
        if config.model_type not in FAMILIES:
            raise GonerdError(
                f"model type {config.model_type!r} (config.json): an LSG checkpoint of a family that is not supported; "
                f"use one of {', '.join(FAMILIES)}"
            )
        self.theirs = config
        self.head = head_of(str((config.architectures or ["Model"])[0]))

    @staticmethod
    def recognises(config: PreTrainedConfig) -> bool:
        """Says whether a configuration is that of a public LSG checkpoint."""
        named = str((config.architectures or [""])[0]).startswith("LSG")
        return config.model_type != "lsg" and (named or getattr(config, "base_model_prefix", None) == "lsg")

    def config(self) -> LSGConfig:
        """Returns the configuration that the checkpoint has here.

        Raises:
            GonerdError: Its fields do not go together, or its language-model head is not RoBERTa's.
        """
        fields = self.theirs.to_dict()
        for name in ("model_type", "auto_map", "base_model_prefix", "position_embedding_type", "transformers_version"):
            fields.pop(name, None)
        fields["architectures"] = [f"LSG{HEADS[self.head].suffixes[0]}"]
        fields["max_position_embeddings"] += self._before()
        if self.head == "masked-lm" and fields["hidden_act"] != "gelu" and self.theirs.model_type == "bert":
            raise GonerdError(
                f"model type 'bert' (config.json): field 'hidden_act' is {fields['hidden_act']!r}, and the "
                "language-model head needs 'gelu'"
            )
        try:
            return LSGConfig(**fields)
        except ValueError as error:
            raise GonerdError(f"an LSG checkpoint (config.json): {error}") from error

    def ours(self, state: Mapping[str, Tensor]) -> dict[str, Tensor]:
        """Renames a checkpoint's weights; BERT's positions move behind the padding id."""
        state = {name: value for name, value in state.items() if not name.startswith(_UNREAD)}
        named = self._names().ours(state)
        if self.head == "masked-lm":
            named = {name: value for name, value in named.items() if ".pooler." not in name}
        return {
            name: F.pad(value, (0, 0, self._before(), 0)) if name.endswith(_POSITIONS) else value
            for name, value in named.items()
        }

    def public(self, state: Mapping[str, Tensor]) -> dict[str, Tensor]:
        """Renames weights of a model from here as public checkpoints name them; the way back from `ours`."""
        return {
            name: value[self._before() :] if name.endswith(_POSITIONS) else value
            for name, value in self._names().theirs(state).items()
        }

    def public_fields(self, config: LSGConfig) -> dict[str, Any]:
        """Returns the fields of config.json as public checkpoints have them; the way back from `config`."""
        kind = FAMILIES[self.theirs.model_type]
        fields = {**config.to_dict(), "model_type": self.theirs.model_type, "base_model_prefix": "lsg"}
        for name in ("auto_map", "lsh_seed"):
            fields.pop(name, None)
        fields["architectures"] = [f"LSG{kind}{HEADS[self.head].suffixes[0]}"]
        fields["max_position_embeddings"] -= self._before()
        return fields

    def _before(self) -> int:
        """Rows of the position table that LSG has here and the checkpoint has not."""
        return (self.theirs.pad_token_id or 0) + 1 if self.theirs.model_type == "bert" else 0

    def _names(self) -> Names:
        return between("lsg", "bert", self.head) if self.theirs.model_type == "bert" else Names(())
