"""Relations of queries and keys: attention distributions (MiniLM), or each with itself (MiniLMv2)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from pydantic import Field

from . import register
from ._relations import Relation, RelationLoss, RelationOptions

_KINDS: dict[str, Relation] = {
    "query-key": ("query", "key"),
    "query-query": ("query", "query"),
    "key-key": ("key", "key"),
}


class AttentionRelationOptions(RelationOptions):
    """Options of the term.

    Attributes:
        kinds: "query-key" is the attention of MiniLM (Wang et al. 2020, equation 5); "query-query" and "key-key", with
            value_relations, are MiniLMv2 (Wang et al. 2021, section 3.1).
    """

    kinds: tuple[Literal["query-key", "query-query", "key-key"], ...] = Field(default=("query-key",), min_length=1)


@register("attention_relations")
class AttentionRelations(RelationLoss):
    """KL divergence of the relations of queries and keys."""

    Options = AttentionRelationOptions

    def relations(self) -> Sequence[Relation]:
        """Lists the pairs of vectors that are compared."""
        return [_KINDS[kind] for kind in self.options.kinds]
