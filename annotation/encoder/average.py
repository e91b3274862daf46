"""The mean of several fits that differ in their seeds: steadier than one where there is little to learn from."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from glob import escape
from pathlib import Path

import torch

from .fit import FitSettings, Fitted, fit
from .items import Item
from .net import ReaderNet


def fit_mean(
    net: ReaderNet, items: Sequence[Item], padding: int, settings: FitSettings, progress: Path | None = None
) -> Fitted:
    """Fits the network several times from where it stands and leaves in it the mean of the weights.

    Fits that begin at the same weights stay near enough to each other for their mean to be a good fit, which reads no
    slower than one, unlike a mean of what several networks say (Wortsman et al., 2022, "Model soups").

    Args:
        net: The network.
        items: What to learn from.
        padding: Id of the piece that fills shorter windows.
        settings: How; each fit has the next seed.
        progress: Names the files that say where each fit stands (`files_of`); fitting the same again goes on.

    Returns:
        The passes of each fit, and the mean of their last losses.

    Raises:
        GonerdError: As `fit`.
    """
    fits = settings.rounds(len(items))
    if fits == 1:
        return fit(net, items, padding, settings, progress)
    begun = {name: value.clone() for name, value in net.state_dict().items()}
    total = {name: torch.zeros_like(value) for name, value in begun.items()}
    found = []
    for number in range(fits):
        net.load_state_dict(begun)
        kept = progress.with_name(f"{progress.name}-{number}") if progress else None
        found.append(fit(net, items, padding, replace(settings, seed=settings.seed + number), kept))
        for name, value in net.state_dict().items():
            total[name] += value / fits if value.is_floating_point() else 0
    net.load_state_dict({name: total[name] if value.is_floating_point() else value for name, value in begun.items()})
    return Fitted(found[0].passes, sum(one.loss for one in found) / fits, fits)


def files_of(progress: Path) -> list[Path]:
    """Returns what fitting has left to go on from."""
    return [file for file in (progress, *progress.parent.glob(f"{escape(progress.name)}-*")) if file.is_file()]
