"""Relations of the values with each other (Wang et al. 2020, MiniLM, equation 6)."""

from __future__ import annotations

from collections.abc import Sequence

from . import register
from ._relations import Relation, RelationLoss


@register("value_relations")
class ValueRelations(RelationLoss):
    """KL divergence of the relations of values."""

    def relations(self) -> Sequence[Relation]:
        """Lists the pairs of vectors that are compared."""
        return [("value", "value")]
