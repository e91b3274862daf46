"""A second reader of drafts with a pretrained encoder under it: minutes on a CPU, the best of the kinds."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from pathlib import Path

from gonerd import __version__
from gonerd.annotation.encoder import FOLDER
from gonerd.annotation.readers import AnyReader
from gonerd.annotation.select_rules import Reviewed
from gonerd.errors import needs_extra

from . import LEARNERS, TrainSettings, TrainSummary
from ._drafts import Drafts, learn_from_drafts


@LEARNERS.register("encoder")
def learn(
    training: Sequence[Reviewed], validation: Sequence[Reviewed], folder: Path, out: Path, settings: TrainSettings
) -> TrainSummary:
    """Writes the base pipeline with a fitted reader in its folder; a killed run goes on after its last whole pass."""
    with needs_extra("models"):
        from gonerd.annotation.encoder.average import files_of
        from gonerd.annotation.encoder.fit import FitSettings
        from gonerd.annotation.encoder.store import save, start

    fitting = FitSettings(epochs=settings.epochs, seed=settings.seed, fits=settings.fits)
    reader = start(settings.encoder, settings.seed)  # before the drafts: a wrong name shows at once

    progress = out.with_name(f".{out.name}.progress")

    def fit(drafts: Drafts) -> tuple[AnyReader, int]:
        fitted = reader.fit(list(drafts), fitting, progress)
        note = {"made_by": f"gonerd {__version__}", "encoder": settings.encoder, "loss": fitted.loss}
        save(
            reader,
            folder / FOLDER,
            {**note, **dataclasses.asdict(fitting), "epochs": fitted.passes, "fits": fitted.fits},
        )
        return reader, fitted.passes

    summary = learn_from_drafts(training, validation, folder, out, settings, fit)
    for file in files_of(progress):
        file.unlink()
    return summary
