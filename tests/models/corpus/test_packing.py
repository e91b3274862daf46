"""The packer loses no token and adds none but those it says."""

import itertools

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from gonerd.models.corpus.packing import Packer

DOCUMENTS = st.lists(st.lists(st.integers(10, 99), max_size=30), max_size=12)


@given(DOCUMENTS, st.integers(3, 17), st.lists(st.integers(0, 3), max_size=6))
def test_content_is_the_documents_in_order(documents, length, takes):
    packer, rows = Packer(length, separator=2, opening=[0], closing=[2]), []
    for document, most in itertools.zip_longest(documents, takes):
        if document is not None:
            packer.add(document, [True] * len(document))
        if most is not None:
            rows += packer.take(most)
            resumed = Packer(length, separator=2, opening=[0], closing=[2])
            resumed.restore(*packer.pending())
            packer = resumed
    rows += packer.rest()
    assert packer.full_rows == 0 and not packer.rest()
    assert all(len(ids) == length for ids, _ in rows[:-1])
    assert all(ids[0] == 0 and ids[-1] == 2 and len(ids) == len(starts) for ids, starts in rows)
    content = [token for ids, _ in rows for token in ids[1:-1]]
    assert content == [token for document in documents for token in (*document, 2)]


@given(DOCUMENTS)
def test_starts_travel_with_their_tokens(documents):
    packer = Packer(8, separator=2, opening=[0], closing=[2])
    for document in documents:
        packer.add(document, [token % 2 == 0 for token in document])
    for ids, starts in packer.rest():
        assert np.array_equal(starts, (ids % 2 == 0))  # special tokens are even, and begin a word
