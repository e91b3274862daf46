"""The blind slice: documents that annotators see without suggestions, so that anchoring can be measured."""

from __future__ import annotations

import hashlib


def is_blind(document: str, share: float, seed: int = 0) -> bool:
    """Whether a document is in the blind slice; a larger share only adds documents.

    Args:
        document: Id of the document.
        share: Share of documents in the slice, 0..1.
        seed: Which documents these are.
    """
    digest = hashlib.sha256(f"{seed}:{document}".encode()).digest()
    return int.from_bytes(digest[:8], "big") < share * 2**64
