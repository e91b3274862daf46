"""What an evaluation would take: windows counted on a sample, and a few of them timed on this machine."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

from gonerd.models.allocator import keep_freed_memory
from gonerd.models.finetune import is_finished, window_shape
from gonerd.models.finetuning import KINDS, Piece, Shape, TaskData
from gonerd.models.finetuning._pieces import collate
from gonerd.models.finetuning.batching import Batching
from gonerd.models.finetuning.defaults import defaults_for
from gonerd.models.finetuning.running import run_batches
from gonerd.models.finetuning.train import in_bf16
from gonerd.models.load import load_model
from gonerd.models.products import fast_products
from gonerd.models.windows import takes_global_mask

from .environment import best_device
from .finetune import neutral
from .matrix import Cell
from .prediction import characters
from .run import CACHE, cache_of, tuned_folder
from .subject import bears_head, open_subject
from .tuning import finetune_settings, training_data

_SAMPLE = 256  # examples whose windows are counted
_TIMED = 3  # batches that are timed: a long one, a middling one, a short one


@dataclass(frozen=True)
class Estimate:
    """What a cell would take.

    Attributes:
        cell: The cell.
        examples: Examples to score.
        cached: Those that are predicted already.
        windows: Windows of the others.
        tuning: Seconds of fine-tuning; 0 where the model has its head or was fine-tuned before.
        predicting: Seconds of prediction.
    """

    cell: Cell
    examples: int
    cached: int
    windows: int
    tuning: float
    predicting: float


def estimate(cell: Cell, out: Path) -> Estimate:
    """Counts and times; nothing is written.

    Raises:
        UsageError: Window and stride do not fit.
        GonerdError: Model or data cannot be loaded, or do not fit each other.
    """
    keep_freed_memory()
    loaded = cell.place.load(limit=cell.settings.limit)
    examples = [neutral(example) for example in loaded.examples]
    settings, cached = cell.settings, 0
    tuning = 0.0
    if bears_head(cell.model, cell.place.task):
        subject = open_subject(cell.model, cell.place.task, loaded.examples, **settings.opening)
        known = cache_of(subject, cell.place, loaded, out / CACHE / cell.name, settings.int8).read()
        examples = [example for example in examples if example.id not in known]
        cached = len(loaded.examples) - len(examples)
        run = _Timed(subject.model, subject.tokenizer, subject.kind, subject.shape, subject.attends)
    else:
        data = training_data(cell.place, settings.train_limit)
        run = _fresh(cell, data)
        folder = tuned_folder(cell.model, cell.place, out, settings)
        recipe = finetune_settings(cell.place, settings.tuning)
        if not is_finished(cell.model, data, folder, recipe):
            epochs = recipe.epochs or defaults_for(data.name, data.kind).epochs
            tuning = run.training(data, epochs, in_bf16(recipe.bf16))
    windows, predicting = run.predicting(examples, Batching(settings.batch_size))
    return Estimate(cell, len(loaded.examples), cached, windows, tuning, predicting)


def _fresh(cell: Cell, data: TaskData) -> _Timed:
    """Returns the model with a head that is not trained yet: it takes the same time."""
    kind = KINDS.get(data.kind)(data.labels)
    model, tokenizer = load_model(cell.model, kind.head, device=best_device(), **kind.overrides())
    shape = window_shape(model, tokenizer, cell.settings.max_length, cell.settings.stride)
    return _Timed(model, tokenizer, kind, shape, kind.attends)


@dataclass(frozen=True)
class _Timed:
    """A model whose batches are timed."""

    model: Any
    tokenizer: Any
    kind: Any
    shape: Shape
    attends: str

    def predicting(self, examples: Sequence[Any], batching: Batching) -> tuple[int, float]:
        """Returns windows and seconds of predicting examples."""
        if not examples:
            return 0, 0.0
        sample, scale = _sampled(examples)
        pieces = self.kind.pieces(self.tokenizer, sample, self.shape, gold=False)
        batches = batching.plan([len(piece.input_ids) for piece in pieces], self.model.device.type)

        def forward(batch: Sequence[int]) -> None:
            list(run_batches(self.model, self.tokenizer, self.kind, pieces, self.attends, [batch], batching))

        return round(len(pieces) * scale), scale * _seconds(batches, pieces, forward)

    def training(self, data: TaskData, epochs: float, bf16: bool) -> float:
        """Returns the seconds of training and of scoring the held-out examples after each epoch."""
        sample, scale = _sampled(data.train)
        pieces = self.kind.pieces(self.tokenizer, sample, self.shape, gold=True)
        size = min(defaults_for(data.name, data.kind).batch_size, len(pieces))
        batches = [list(range(i, min(i + size, len(pieces)))) for i in range(0, len(pieces), size)]
        attends = self.attends if takes_global_mask(self.model) else None

        def step(batch: Sequence[int]) -> None:
            own = [pieces[i] for i in batch]
            inputs = collate(own, self.tokenizer.pad_token_id, attends=attends)
            targets = self.kind.targets(own, inputs["input_ids"].shape[1])
            device = self.model.device
            with torch.autocast(device.type, torch.bfloat16, enabled=bf16):
                outputs = self.model(**{name: value.to(device) for name, value in inputs.items()})
            self.kind.loss(outputs, {name: value.to(device) for name, value in targets.items()}).backward()
            self.model.zero_grad()

        self.model.train()
        with fast_products():  # as the trainer does
            learning = scale * _seconds(batches, pieces, step)
        return epochs * (learning + self.predicting(data.held_out, Batching(size))[1])


def _sampled(examples: Sequence[Any]) -> tuple[list[Any], float]:
    """Returns some examples, evenly spread, and how many times their texts go into all."""
    step = max(len(examples) // _SAMPLE, 1)
    sample = list(examples[::step])
    return sample, sum(map(characters, examples)) / sum(map(characters, sample))


def _seconds(batches: Sequence[Sequence[int]], pieces: Sequence[Piece], run: Any) -> float:
    """Times a few batches from the longest to the shortest; each stands for those of its part, by positions."""
    ordered = sorted(batches, key=lambda batch: _positions(batch, pieces))
    chosen = sorted({round(i * (len(ordered) - 1) / max(_TIMED - 1, 1)) for i in range(_TIMED)})
    run(ordered[chosen[0]])  # the first pass of a model is slower than all others
    rates = {at: _time(run, ordered[at]) / _positions(ordered[at], pieces) for at in chosen}
    total = 0.0
    for i, batch in enumerate(ordered):
        total += rates[min(chosen, key=lambda at: abs(at - i))] * _positions(batch, pieces)
    return total


def _positions(batch: Sequence[int], pieces: Sequence[Piece]) -> int:
    return len(batch) * max(len(pieces[i].input_ids) for i in batch)


def _time(run: Any, batch: Sequence[int]) -> float:
    _synchronise()
    begin = time.perf_counter()
    run(batch)
    _synchronise()
    return time.perf_counter() - begin


def _synchronise() -> None:
    if torch.cuda.is_available():
        torch.cuda.synchronize()
