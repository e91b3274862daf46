"""Fitting the network on reviewed drafts."""

from __future__ import annotations

import math
import random
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

import torch

from gonerd.annotation.draft import Draft
from gonerd.annotation.features import features
from gonerd.errors import GonerdError
from gonerd.labels import BIO_TAGS, spans_to_tags
from gonerd.progress import track
from gonerd.records import Span

from .device import half_precision
from .net import Batch, ReaderNet, collate
from .windows import Window, Words, windows_of, words_of

_TAGS = {tag: i for i, tag in enumerate(BIO_TAGS)}
_LAYER = re.compile(r"\.layers?\.(\d+)\.")
_STEPS, _MOST_PASSES = 200, 20
_WARM_UP = 0.1  # share of the steps
_POOL = 64  # batches within which windows are sorted by length, so that little is padded
_EMPTY = 0.2  # share kept of the windows in which neither the draft nor the review marks anything


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
    """

    epochs: int | None = None
    batch_size: int = 8
    learning_rate: float = 3e-4
    decay: float = 0.9
    new_rate: float = 3.0
    wide_rate: float = 1e-3
    forget: float = 0.5
    seed: int = 0

    def passes(self, items: int) -> int:
        """Returns the number of passes over so many windows."""
        return self.epochs or min(_MOST_PASSES, max(2, round(_STEPS / math.ceil(items / self.batch_size))))


@dataclass(frozen=True)
class Fitted:
    """What came of it: passes made, and the mean loss of the last one."""

    passes: int
    loss: float


@dataclass(frozen=True)
class Item:
    """A window, the words of its draft, and the right class of each word in it."""

    window: Window
    words: Words
    classes: list[int]


def items_of(tokenizer: Any, length: int, drafts: Iterable[tuple[Draft, Sequence[Span]]], seed: int) -> list[Item]:
    """Cuts drafts into windows to learn from; of those without any mention most are left out."""
    draw = random.Random(seed)
    items = []
    for draft, right in drafts:
        words = words_of(draft, *features(draft))
        classes = [_TAGS[tag] for tag in spans_to_tags(right, words.tokens)]
        for window in windows_of(tokenizer, [draft.text[start:end] for start, end in words.tokens], length):
            here = [window.words[column] for column in window.firsts]
            wanted = [classes[w] for w in here]
            if any(wanted) or any(words.tags[w] for w in here) or draw.random() < _EMPTY:
                items.append(Item(window, words, wanted))
    return items


def fit(net: ReaderNet, items: Sequence[Item], padding: int, settings: FitSettings) -> Fitted:
    """Fits the network in place.

    Args:
        net: The network.
        items: What to learn from.
        padding: Id of the piece that fills shorter windows.
        settings: How.

    Raises:
        GonerdError: There is nothing to learn from, or the loss is no number any more.
    """
    if not items:
        raise GonerdError("none of the training documents holds a word, so there is nothing to learn from")
    device = next(net.parameters()).device
    dense, sparse = _optimizers(net, settings)
    passes = settings.passes(len(items))
    steps = math.ceil(len(items) / settings.batch_size) * passes
    draw, losses = random.Random(settings.seed), []
    torch.manual_seed(settings.seed)
    net.train()
    for step, batch in enumerate(track(_batches(items, settings.batch_size, passes, draw), "train", total=steps)):
        _set_rates((dense, sparse), step, steps)
        inputs = thinned(collate([(i.window, i.words) for i in batch], padding), settings.forget).to(device)
        right = torch.tensor([c for item in batch for c in item.classes], device=device)
        with half_precision(device):
            scores = net(inputs)
        loss = torch.nn.functional.cross_entropy(scores.float(), right)
        loss.backward()  # type: ignore[no-untyped-call]
        torch.nn.utils.clip_grad_norm_([p for group in dense.param_groups for p in group["params"]], 1.0)
        for optimizer in (dense, sparse):
            optimizer.step()
            optimizer.zero_grad()
        losses.append(float(loss.detach()))
        if not math.isfinite(losses[-1]):
            raise GonerdError(f"the training loss became {losses[-1]}; train with a lower learning rate")
    net.eval()
    last = losses[-(steps // passes) :]
    return Fitted(passes, sum(last) / len(last))


def thinned(batch: Batch, share: float) -> Batch:
    """Leaves out a share of the features, drawn at random."""
    keep = torch.rand(len(batch.features)) >= share
    before = keep.cumsum(0) - keep.long()
    return replace(batch, features=batch.features[keep], offsets=before[batch.offsets])


def _batches(items: Sequence[Item], size: int, passes: int, draw: random.Random) -> Iterator[list[Item]]:
    for _ in range(passes):
        order = list(items)
        draw.shuffle(order)
        batches = []
        for first in range(0, len(order), size * _POOL):
            pool = sorted(order[first : first + size * _POOL], key=lambda item: len(item.window.ids))
            batches += [pool[i : i + size] for i in range(0, len(pool), size)]
        draw.shuffle(batches)
        yield from batches


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
