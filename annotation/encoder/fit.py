"""Fitting the network on reviewed drafts."""

from __future__ import annotations

import math
import random
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import torch

from gonerd.errors import GonerdError
from gonerd.progress import track

from .device import half_precision
from .items import Item, batches_of
from .net import Batch, ReaderNet, collate
from .progress import Progress, task_of

_LAYER = re.compile(r"\.layers?\.(\d+)\.")
_STEPS, _MOST_PASSES = 200, 20
_FITS = 3  # where little can be learned from, fits differ most and take least time
_WARM_UP = 0.1  # share of the steps


@dataclass(frozen=True)
class FitSettings:
    """How the network is fitted.

    Attributes:
        epochs: Passes over the windows; when None two, or so many that there are at least some 200 steps.
        batch_size: Windows a step.
        learning_rate: Peak, of the encoder's last layer.
        decay: Factor by which each layer below learns more slowly (Howard and Ruder, 2018).
        new_rate: Factor by which what is not pretrained learns faster.
        wide_rate: Learning rate of the linear part.
        forget: Share of the features left out at each step; what the linear part knows by heart, the encoder would
            not learn.
        seed: Of the order and of what is left out.
        fits: Fits with seeds from `seed` on whose mean is kept; when None three where two passes would be fewer than
            those 200 steps, else one.
    """

    epochs: int | None = None
    batch_size: int = 8
    learning_rate: float = 3e-4
    decay: float = 0.9
    new_rate: float = 3.0
    wide_rate: float = 1e-3
    forget: float = 0.5
    seed: int = 0
    fits: int | None = None

    def passes(self, items: int) -> int:
        """Returns the number of passes over so many windows."""
        return self.epochs or min(_MOST_PASSES, max(2, round(_STEPS / math.ceil(items / self.batch_size))))

    def rounds(self, items: int) -> int:
        """Returns the number of fits on so many windows."""
        return self.fits or (_FITS if 2 * math.ceil(items / self.batch_size) < _STEPS else 1)


@dataclass(frozen=True)
class Fitted:
    """What came of it: passes made, the mean loss of the last one, and of how many fits this is the mean."""

    passes: int
    loss: float
    fits: int = 1


def fit(
    net: ReaderNet, items: Sequence[Item], padding: int, settings: FitSettings, progress: Path | None = None
) -> Fitted:
    """Fits the network in place.

    Args:
        net: The network.
        items: What to learn from.
        padding: Id of the piece that fills shorter windows.
        settings: How.
        progress: File that says after each pass where fitting stands; fitting the same again goes on from there.

    Raises:
        GonerdError: There is nothing to learn from, or the loss is no number any more.
    """
    if not items:
        raise GonerdError("none of the training documents holds a word, so there is nothing to learn from")
    optimizers = _optimizers(net, settings)
    passes = settings.passes(len(items))
    kept = Progress(progress, task_of(net, _decisive(items, settings))) if progress else None
    done, loss = kept.restore(net, optimizers) if kept else (0, 0.0)
    draw = random.Random(settings.seed)
    net.train()
    for number in range(passes):
        batches = batches_of(items, settings.batch_size, draw)  # drawn for passes made before, too, so that draws go on
        if number >= done:
            torch.manual_seed(settings.seed + number)
            steps = range(number * len(batches), passes * len(batches))
            loss = _one_pass(net, optimizers, batches, steps, padding, settings.forget)
            if kept:
                kept.keep(number + 1, loss, net, optimizers)
    net.eval()
    return Fitted(passes, loss)


def _decisive(items: Sequence[Item], settings: FitSettings) -> Iterator[object]:
    """Yields what decides, beside the first weights, what comes out."""
    yield settings
    for item in items:
        yield item.window.ids, item.classes, [item.words.tags[w] for w in item.window.words if w >= 0]


def _one_pass(
    net: ReaderNet,
    optimizers: tuple[torch.optim.Optimizer, torch.optim.Optimizer],
    batches: Sequence[Sequence[Item]],
    steps: range,
    padding: int,
    forget: float,
) -> float:
    """Makes a pass and returns its mean loss; `steps` begins with its first step and stops with the last pass's."""
    device = next(net.parameters()).device
    losses = []
    for step, batch in zip(steps, track(batches, "train"), strict=False):
        _set_rates(optimizers, step, steps.stop)
        inputs = thinned(collate([(i.window, i.words) for i in batch], padding), forget).to(device)
        right = torch.tensor([c for item in batch for c in item.classes], device=device)
        with half_precision(device):
            scores = net(inputs)
        loss = torch.nn.functional.cross_entropy(scores.float(), right)
        loss.backward()  # type: ignore[no-untyped-call]
        torch.nn.utils.clip_grad_norm_([p for group in optimizers[0].param_groups for p in group["params"]], 1.0)
        for optimizer in optimizers:
            optimizer.step()
            optimizer.zero_grad()
        losses.append(float(loss.detach()))
        if not math.isfinite(losses[-1]):
            raise GonerdError(f"the training loss became {losses[-1]}; train with a lower learning rate")
    return sum(losses) / len(losses)


def thinned(batch: Batch, share: float) -> Batch:
    """Leaves out a share of the features, drawn at random."""
    keep = torch.rand(len(batch.features)) >= share
    before = keep.cumsum(0) - keep.long()
    return replace(batch, features=batch.features[keep], offsets=before[batch.offsets])


def _optimizers(net: ReaderNet, settings: FitSettings) -> tuple[torch.optim.Optimizer, torch.optim.Optimizer]:
    net.encoder.get_input_embeddings().requires_grad_(False)  # most words of new texts stand in no training text
    layers = net.encoder.config.num_hidden_layers
    groups = []
    for name, parameter in net.named_parameters():
        if name.startswith("wide.") or not parameter.requires_grad:
            continue
        rate = settings.learning_rate * settings.new_rate
        if name.startswith("encoder."):
            layer = _LAYER.search(name)
            rate = settings.learning_rate * settings.decay ** (layers - 1 - int(layer[1]) if layer else layers)
        groups.append({"params": [parameter], "lr": rate, "peak": rate})
    wide = {"params": [net.wide.weight], "lr": settings.wide_rate, "peak": settings.wide_rate}
    return torch.optim.AdamW(groups, weight_decay=0.01), torch.optim.SparseAdam([wide])


def _set_rates(optimizers: Iterable[torch.optim.Optimizer], step: int, steps: int) -> None:
    warm = max(1, round(_WARM_UP * steps))
    share = (step + 1) / warm if step < warm else (steps - step) / (steps - warm)
    for optimizer in optimizers:
        for group in optimizer.param_groups:
            group["lr"] = group["peak"] * share
