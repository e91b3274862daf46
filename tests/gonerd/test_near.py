"""MinHash against exact Jaccard, and the banding against all pairs."""

import random
import subprocess
import sys

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from gonerd.dataset.near import PERMUTATIONS, THRESHOLD, clusters, near_pairs, signature, similarity


def words(seed, count):
    draw = random.Random(seed)
    return [f"w{draw.randrange(500)}" for _ in range(count)]


def shingles(text):
    return {tuple(text[i : i + 5]) for i in range(len(text) - 4)}


def test_similarity_estimates_jaccard():
    errors = []
    for seed in range(40):
        a = words(seed, 400)
        b = a[: 10 * seed] + words(-1 - seed, 400 - 10 * seed)
        exact = len(shingles(a) & shingles(b)) / len(shingles(a) | shingles(b))
        errors.append(similarity(signature(a), signature(b)) - exact)
    # The standard error at 128 permutations is at most 0.044.
    assert max(map(abs, errors)) < 0.18
    assert abs(np.mean(errors)) < 0.02


def test_banding_finds_what_all_pairs_find():
    base = [words(seed, 300) for seed in range(20)]
    texts = [*base, *(text[: 300 - 4 * i] for i, text in enumerate(base)), *(["x", *text, "y"] for text in base[:10])]
    signatures = np.stack([signature(text) for text in texts])
    exact = {
        (a, b)
        for a in range(len(texts))
        for b in range(a + 1, len(texts))
        if similarity(signatures[a], signatures[b]) >= THRESHOLD
    }
    found = near_pairs(signatures)
    assert {(a, b) for a, b, _ in found} <= exact
    joined = clusters(len(texts), [(a, b) for a, b, _ in found])
    assert joined == clusters(len(texts), exact)


def test_short_and_empty_texts():
    signatures = np.stack([signature(text) for text in ([], [], ["a"], ["A"], ["a", "b"], ["b", "a"])])
    assert {(a, b) for a, b, _ in near_pairs(signatures)} == {(0, 1), (2, 3)}
    assert near_pairs(np.zeros((0, PERMUTATIONS), np.uint32)) == []


def test_the_same_in_every_process():
    code = "from gonerd.dataset.near import signature; print(signature('the quick brown fox jumps over'.split()).sum())"
    sums = {
        subprocess.run(
            [sys.executable, "-P", "-c", code], env={"PYTHONHASHSEED": seed}, capture_output=True, text=True, check=True
        ).stdout
        for seed in ("0", "5")
    }
    assert len(sums) == 1


@settings(max_examples=100)
@given(st.lists(st.tuples(st.integers(0, 19), st.integers(0, 19)), max_size=30))
def test_clusters_are_connected_components(pairs):
    labels = clusters(20, pairs)
    reach = np.eye(20, dtype=int)
    for a, b in pairs:
        reach[a, b] = reach[b, a] = 1
    for _ in range(5):
        reach = (reach @ reach > 0).astype(int)
    assert labels == [int(np.flatnonzero(row)[0]) for row in reach]
