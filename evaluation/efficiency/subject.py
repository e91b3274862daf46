"""What a cell runs: a model, or a baseline beside it, on random tokens."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, cast

import torch
from torch import Tensor

from gonerd.errors import GonerdError
from gonerd.evaluation.baselines import BASELINES
from gonerd.evaluation.environment import best_device
from gonerd.models._pretrained import open_tokenizer
from gonerd.models.attention import attention_used, pattern_of
from gonerd.models.load import load_model
from gonerd.models.windows import takes_global_mask

UNPADDED = "unpadded"


@dataclass(frozen=True)
class Job:
    """What a cell's process is told.

    Attributes:
        source: Folder or hub id of the model.
        baseline: Name of what is measured beside it; None for the model itself.
        length: Tokens in a text.
        batch: Texts in a batch.
        longest: Tokens that the model takes.
        seed: Seed of tokens and of random weights.
        dtype: Type of the weights, for instance "float32".
    """

    source: str
    baseline: str | None
    length: int
    batch: int
    longest: int
    seed: int
    dtype: str

    @property
    def torch_dtype(self) -> torch.dtype:
        """`dtype` as torch knows it."""
        return cast(torch.dtype, getattr(torch, self.dtype))

    @property
    def device(self) -> str:
        """Where the cell runs."""
        return best_device()


@dataclass(frozen=True)
class Subject:
    """What is measured.

    Attributes:
        model: The model.
        run: Computes the batch once.
        asked: What its attention must be: the part of `attention_used` behind the model's type, or `UNPADDED` for any
            of the fast paths.
        random_weights: Whether the weights are nobody's.
        windows: Windows that a text is cut into, where it is.
        used: Names the attention that was computed; `attention_used` of the model when None.
    """

    model: Any
    run: Callable[[], object]
    asked: str
    random_weights: bool = False
    windows: int | None = None
    used: Callable[[], str] | None = None

    def attention(self) -> str:
        """Names the attention that is computed, as of now."""
        return attention_used(self.model) if self.used is None else self.used()


def make(job: Job) -> Subject:
    """Makes what a job describes.

    Raises:
        GonerdError: A model cannot be loaded.
    """
    subject = _of_model(job) if job.baseline is None else BASELINES.get(job.baseline).make(job)
    subject.model.eval().requires_grad_(False)
    return subject


def _of_model(job: Job) -> Subject:
    model, _ = load_model(job.source, None, device=job.device, dtype=job.torch_dtype)
    given = inputs(model, random_ids(job, job.batch, job.length))
    return Subject(model, lambda: cast(Any, model)(**given), _asked(model))


def _asked(model: Any) -> str:
    return UNPADDED if pattern_of(model) is not None else attention_used(model).partition("/")[2]


def check_attention(asked: str, used: str, kernels: list[str]) -> None:
    """Refuses figures of another attention than the one asked for.

    Args:
        asked: `Subject.asked`.
        used: `Subject.attention()` after a pass.
        kernels: The fused attention kernels that were seen in a pass.

    Raises:
        GonerdError: Another one ran.
    """
    ran = used.partition("/")[2]
    if ran != asked and not (asked == UNPADDED and UNPADDED in ran):
        raise GonerdError(f"{asked} attention was asked for, and {used} ran")
    if asked == "sdpa" and not kernels:
        raise GonerdError(f"{used} was asked for, and none of its fused kernels ran")


@lru_cache(maxsize=1)
def _ordinary(source: str) -> Tensor:
    tokenizer = open_tokenizer(source, None)
    return torch.tensor(sorted(set(range(len(tokenizer))) - set(tokenizer.all_special_ids)))


def random_ids(job: Job, rows: int, length: int) -> Tensor:
    """Draws ordinary tokens of the model's tokenizer, (rows, length); the same for every cell of a length and batch."""
    ordinary, generator = _ordinary(job.source), torch.Generator().manual_seed(job.seed)
    return ordinary[torch.randint(len(ordinary), (rows, length), generator=generator)]


def inputs(model: Any, ids: Tensor) -> dict[str, Tensor]:
    """Returns what a model is called with: no padding, and the first token global where a model has global tokens."""
    given = {"input_ids": ids, "attention_mask": torch.ones_like(ids)}
    if takes_global_mask(model):
        given["global_attention_mask"] = torch.zeros_like(ids)
        given["global_attention_mask"][:, 0] = 1
    return {name: value.to(model.device) for name, value in given.items()}
