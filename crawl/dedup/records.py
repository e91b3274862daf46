"""What is recorded of documents that say the same."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Duplicate:
    """A member of a cluster of documents that say the same.

    Attributes:
        cluster: Id of the cluster's first-ranked document.
        id: Id of the document.
        url: Its address.
        reason: "representative" where it is kept, else why it is not.
        representative: Id of the kept document that stands for it.
        similarity: Estimated share of five-word sequences it has in common with that one.
    """

    cluster: str
    id: str
    url: str
    reason: str
    representative: str
    similarity: float
