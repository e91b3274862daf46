"""A second reader of drafts, a linear chain: seconds to minutes on a CPU, few documents needed."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from gonerd.annotation.reader import FILE, PASSES, Reader, fit_reader
from gonerd.annotation.select_rules import Reviewed

from . import LEARNERS, TrainSettings, TrainSummary
from ._drafts import Drafts, learn_from_drafts


@LEARNERS.register("reader")
def learn(
    training: Sequence[Reviewed], validation: Sequence[Reviewed], folder: Path, out: Path, settings: TrainSettings
) -> TrainSummary:
    """Writes the base pipeline with a fitted reader in its folder."""

    def fit(drafts: Drafts) -> tuple[Reader, int]:
        fit_reader(drafts, folder / FILE)
        return Reader.load(folder / FILE), PASSES

    return learn_from_drafts(training, validation, folder, out, settings, fit)
