"""A second reader of drafts with a pretrained encoder under it: minutes on a CPU, the best of the kinds."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from pathlib import Path

from gonerd import __version__
from gonerd.annotation.encoder import FOLDER
from gonerd.annotation.select_rules import Reviewed
from gonerd.errors import needs_extra

from . import LEARNERS, TrainSettings, TrainSummary
from ._drafts import Drafts, learn_from_drafts


@LEARNERS.register("encoder")
def learn(
    training: Sequence[Reviewed], validation: Sequence[Reviewed], folder: Path, out: Path, settings: TrainSettings
) -> TrainSummary:
    """Writes the base pipeline with a fitted reader in its folder."""
    with needs_extra("models"):
        from gonerd.annotation.encoder.fit import FitSettings
        from gonerd.annotation.encoder.reader import EncoderReader

    fitting = FitSettings(seed=settings.seed)
    if settings.epochs is not None:
        fitting = dataclasses.replace(fitting, epochs=settings.epochs)
    reader = EncoderReader.start(settings.encoder, settings.seed)  # before the drafts: a wrong name shows at once

    def fit(drafts: Drafts) -> EncoderReader:
        loss = reader.fit(drafts, fitting)
        note = {"made_by": f"gonerd {__version__}", "encoder": settings.encoder, "loss": loss}
        reader.save(folder / FOLDER, {**note, **dataclasses.asdict(fitting)})
        return reader

    return learn_from_drafts(training, validation, folder, out, settings, fit, fitting.epochs)
