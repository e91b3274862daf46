"""Which cells there are: groups whose variants take turns, so that whatever else the machine does meets all alike."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from gonerd.errors import UsageError, unknown_name
from gonerd.models.allocator import MALLOC

from .bodies import PATTERNS

FULL, HALF = 12, 6  # layers of a teacher and of its student
LENGTHS = (512, 1024, 2048, 4096, 8192)
VARIANTS = {
    "length": ("hf", "ours", "ours-half", "ours-int8", "ours-half-int8", "roberta-sdpa", "floor"),
    "mixed": ("hf-padded", "hf-one-by-one", "ours", "roberta-sdpa"),
    "train": ("hf", "ours", "roberta-sdpa"),
    "sentences": ("hf-padded", "ours", "hf-padded-bf16", "ours-bf16"),
}
TRAINING = ("train", "sentences")  # kinds that go back as well
# Nystromformer as Hugging Face computes it runs at one length only; other training loops nobody asked for. Full
# attention stands beside every long text by another name, and is a pattern of its own for sentences.
FOR = {
    "length": ("longformer", "bigbird", "lsg", "nystromformer"),
    "mixed": ("longformer", "bigbird", "lsg"),
    "train": ("longformer",),
    "sentences": ("full", "longformer"),
}
LONGEST_SENTENCE = 128


@dataclass(frozen=True)
class BenchSettings:
    """What to measure.

    Attributes:
        patterns: Attention patterns.
        kinds: "length" (one text of each length), "mixed" (a batch of unequal documents), "train" (forward and
            backward pass), "sentences" (the same of a batch of sentences).
        lengths: Tokens of a text.
        rounds: Timed rounds, in each of which every variant has one turn.
        layers: Layers of the bodies that stand for 12; figures of fewer are multiplied up, and said to be.
        hidden: E; heads are 64 wide where they can be.
        threads: Threads of each process.
        malloc: The allocator's settings: "default", "tuned".
        int8: Whether the int8 variants are measured.
        train_length: Tokens of the text in training.
        documents: Documents of the mixed batch; their lengths are lognormal, median 900, sigma 0.8.
        cap: The longest of these.
        sentences: Sentences of a batch; their lengths are lognormal, median 11, sigma 0.45.
        dropout: In training. With 0 the gradients can be compared.
        seed: Seed of weights, texts and lengths.
    """

    patterns: tuple[str, ...] = PATTERNS
    kinds: tuple[str, ...] = tuple(VARIANTS)
    lengths: tuple[int, ...] = LENGTHS
    rounds: int = 5
    layers: int = FULL
    hidden: int = 768
    threads: int = 2
    malloc: tuple[str, ...] = tuple(MALLOC)
    int8: bool = True
    train_length: int = 4096
    documents: int = 8
    cap: int = 4096
    sentences: int = 16
    dropout: float = 0.0
    seed: int = 0

    def check(self) -> None:
        """Raises a UsageError that names what cannot be."""
        asked = (("pattern", self.patterns, PATTERNS), ("kind", self.kinds, VARIANTS), ("malloc", self.malloc, MALLOC))
        for what, names, known in asked:
            for name in names:
                if name not in known:
                    raise unknown_name(f"{what} of the benchmark", name, known)
        if not 1 <= self.layers <= FULL:
            raise UsageError(f"--layers {self.layers}: give 1 to {FULL}")
        if self.hidden % 32:
            raise UsageError(f"--hidden {self.hidden}: give a multiple of 32, the width of a head")


@dataclass(frozen=True)
class Group:
    """Cells that take turns.

    Attributes:
        title: For people.
        malloc: A key of `gonerd.models.allocator.MALLOC`.
        jobs: What `subjects.make` takes, one a variant.
    """

    title: str
    malloc: str
    jobs: tuple[dict[str, Any], ...]


def groups(settings: BenchSettings) -> Iterator[Group]:
    """Lists what to measure.

    Raises:
        UsageError: A pattern, a kind or a number cannot be.
    """
    settings.check()
    lengths = {"length": settings.lengths, "mixed": (settings.cap,), "train": (settings.train_length,)}
    lengths["sentences"] = (LONGEST_SENTENCE,)
    for kind in settings.kinds:
        for pattern in (name for name in settings.patterns if name in FOR[kind]):
            for length in lengths[kind]:
                for malloc in settings.malloc:
                    jobs = tuple(_job(settings, kind, pattern, length, variant) for variant in VARIANTS[kind])
                    kept = tuple(job for job in jobs if settings.int8 or "int8" not in job["variant"])
                    yield Group(f"{kind} {pattern} {length} {malloc}", malloc, kept)


def _job(settings: BenchSettings, kind: str, pattern: str, length: int, variant: str) -> dict[str, Any]:
    depth = HALF if "half" in variant else FULL
    job = {"kind": kind, "pattern": pattern, "variant": variant, "length": length, "depth": depth}
    job |= {"layers": max(1, settings.layers * depth // FULL), "body": settings.layers}
    job |= {"hidden": settings.hidden, "seed": settings.seed}
    job |= {"dropout": settings.dropout if kind in TRAINING else 0.0}
    count = {"mixed": settings.documents, "sentences": settings.sentences}
    return job | ({"documents": count[kind]} if kind in count else {})
