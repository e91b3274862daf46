"""The light columns of all documents, in memory at once: a stated number of bytes a document, and no Python objects."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import Any

import numpy as np

from gonerd.dataset.near import PERMUTATIONS

_KEY = "S16"
NEVER = np.iinfo(np.int32).max  # day of documents that state none


@dataclass(frozen=True, slots=True)
class Columns:
    """What is compared, one row a document, in the order of the input.

    Attributes:
        address: 8 bytes of a hash of the address that answered.
        identity: Document ids, 16 bytes each.
        text: Keys of the normalised texts, 16 bytes each.
        fetched: Microseconds since 1970; 0 where unknown.
        length: Characters of the text.
        published: Days since 1970; `NEVER` where unknown.
        free: Whether the licence lets the text be passed on.
        signature: MinHash signatures, documents x 128 numbers of 32 bits.
        into: For each its own number, or for a part of an article the number of the article.
    """

    address: Any
    identity: Any
    text: Any
    fetched: Any
    length: Any
    published: Any
    free: Any
    signature: Any
    into: Any

    @classmethod
    def empty(cls, count: int) -> Columns:
        """Makes room for a number of documents."""
        return cls(
            address=np.zeros(count, np.uint64),
            identity=np.zeros(count, _KEY),
            text=np.zeros(count, "V16"),
            fetched=np.zeros(count, np.int64),
            length=np.zeros(count, np.int32),
            published=np.full(count, NEVER, np.int32),
            free=np.zeros(count, np.bool_),
            signature=np.zeros((count, PERMUTATIONS), np.uint32),
            into=np.arange(count),
        )


def identity_key(identity: str) -> bytes:
    """Returns the id itself where it is as long as ours are, else a hash of it as long."""
    plain = identity.encode("utf-8")
    return plain if len(plain) == 16 else hashlib.sha256(plain).hexdigest()[:16].encode()


def address_key(address: str) -> int:
    """Returns a number for an address."""
    return int.from_bytes(hashlib.blake2b(address.encode("utf-8"), digest_size=8).digest(), "big")
