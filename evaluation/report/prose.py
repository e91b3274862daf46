"""What has to be said beside the tables."""

from __future__ import annotations

from .collect import Collection
from .published import SETTING, SOURCE

SUMMARY = (
    "Score kept is the student's mean score over the tasks divided by the teacher's, with the 95 % interval of a "
    "paired bootstrap over documents, and over seeds where there are several. Time and memory saved are means over all "
    "lengths and batch sizes that both were measured at, with the least and the most."
)
KEPT = (
    "Over several seeds scores are mean ± standard deviation. Intervals are 95 %, by paired bootstrap over documents, "
    "and over seeds where there are several; p is that of approximate randomisation over documents, of the "
    "fine-tunings at hand; equivalent means within ±{margin:g} by two one-sided tests at 0.05."
)
MATRIX = "Mean of each task's headline metrics, 1 is perfect."
TIMES = (
    "Medians of warm passes, each cell in a process of its own, the models in turn. Peak memory is the weights and "
    "what a pass adds to them."
)
COUNTS = (
    "Texts longer than a window are read in several, and gold outside a window still counts; truncated are words that "
    "no window held."
)


def published(found: Collection) -> str:
    """Says how the published setting differs from that of the results."""
    names = ", ".join(sorted({column.task for column in found.columns}))
    lengths = sorted({cell.length for cell in found.cells})
    devices = ", ".join(sorted({environment.device for environment in found.environments}))
    here = [f"tasks {names}", f"device {devices}"]
    if lengths:
        layers = max(cell.layers for cell in found.cells)
        here.append(f"{lengths[0]:,} to {lengths[-1]:,} tokens, models of at most {layers} layers")
    return (
        f"Published: {SOURCE}; {SETTING}. Here: {'; '.join(here)}. Where models, data or machines are others, the two "
        "stand side by side and do not compare."
    )


def measured(found: Collection) -> list[str]:
    """Says of each model what is known of it, a sentence each."""
    notes: dict[str, None] = {}
    for runs in found.runs.values():
        for run in (run for held in runs.values() for run in held):
            model = run.result.model
            known = [
                f"{model.layers} layers" if model.layers else "",
                model.attention or "",
                (model.dtype or "").removeprefix("torch."),
            ]
            known += [f"{model.parameters:,} parameters" if model.parameters else ""]
            known += [f"weights sha256 {model.weights_sha256[:16]}" if model.weights_sha256 else ""]
            facts = ", ".join(filter(None, known)) or "scored from a prediction file, the model is not at hand"
            notes[f"{model.name}: {facts}."] = None
    return list(notes)
