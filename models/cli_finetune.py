"""`gonerd models finetune`."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Annotated, Any

import typer

from gonerd.errors import UsageError, needs_extra
from gonerd.options import Config, Limit, Seed

from ._options import Model, Out, pairs


def finetune(
    model: Model,
    out: Out,
    task: Annotated[str, typer.Option(help="Task: gonerd, or one of `gonerd evaluate tasks`.")] = "gonerd",
    data: Annotated[
        str | None,
        typer.Option(show_default=False, help="gonerd: folder or hub id of a release (default: the packaged sample)."),
    ] = None,
    data_dir: Annotated[
        Path | None,
        typer.Option(show_default=False, help="Other tasks: folder of the original files (default: the hub)."),
    ] = None,
    revision: Annotated[
        str | None, typer.Option(show_default=False, help="Commit of the data on the hub (default: the pinned one).")
    ] = None,
    option: Annotated[
        list[str] | None, typer.Option("--option", metavar="NAME=VALUE", help="Option of the task's reader.")
    ] = None,
    held_out: Annotated[
        str | None,
        typer.Option(show_default=False, help="Split the best epoch is chosen on (default: validation), or none."),
    ] = None,
    absent_answers: Annotated[
        str, typer.Option(help="Questions whose answer is not in their context: refuse, set-aside or no-answer.")
    ] = "refuse",
    max_length: Annotated[
        int | None, typer.Option(show_default=False, help="Tokens in a window (default: the model's limit).")
    ] = None,
    stride: Annotated[
        int | None,
        typer.Option(show_default=False, help="Tokens that neighbouring windows share (default: 128, or a quarter)."),
    ] = None,
    epochs: Annotated[
        float | None, typer.Option(min=0.01, show_default=False, help="Passes over the data (default: the task's).")
    ] = None,
    learning_rate: Annotated[
        float | None, typer.Option(min=1e-9, show_default=False, help="Peak learning rate (default: the task's).")
    ] = None,
    batch_size: Annotated[
        int | None, typer.Option(min=1, show_default=False, help="Windows in a step (default: the task's).")
    ] = None,
    micro_batch: Annotated[
        int | None, typer.Option(min=1, show_default=False, help="Windows at once (default: the whole batch).")
    ] = None,
    weight_decay: Annotated[
        float | None, typer.Option(min=0, show_default=False, help="Weight decay (default: the task's).")
    ] = None,
    attention_dropout: Annotated[
        float | None, typer.Option(min=0, max=1, show_default=False, help="Attention dropout (default: the model's).")
    ] = None,
    global_attention: Annotated[
        str | None,
        typer.Option(show_default=False, help="Global tokens: none, first, question (default: the task's)."),
    ] = None,
    patience: Annotated[
        int | None, typer.Option(min=1, show_default=False, help="Stop after so many epochs without a better score.")
    ] = None,
    bf16: Annotated[
        bool | None,
        typer.Option("--bf16/--fp32", show_default=False, help="Precision of layers (default: bf16 where a GPU can)."),
    ] = None,
    teacher: Annotated[
        str | None, typer.Option(show_default=False, help="Model fine-tuned for the task to distil from.")
    ] = None,
    distill_weight: Annotated[
        float, typer.Option(help="Share of the teacher's soft targets in the loss; gold labels have the rest.")
    ] = 0.5,
    temperature: Annotated[float, typer.Option(help="What student's and teacher's logits are divided by.")] = 2.0,
    hidden_weight: Annotated[
        float | None,
        typer.Option(min=1e-9, show_default=False, help="Weight of the teacher's hidden states (default: not used)."),
    ] = None,
    hidden_layers: Annotated[
        str, typer.Option(help="States to compare: uniform, last, or STUDENT:TEACHER pairs such as 1:2,2:4,3:6.")
    ] = "uniform",
    trials: Annotated[int, typer.Option(min=1, help="Runs with seeds from --seed on, each in OUT/seed-N.")] = 1,
    limit: Limit = None,
    seed: Seed = 0,
    config: Config = None,
) -> None:
    """Fine-tune MODEL for a task; texts longer than a window are cut, and nothing is truncated.

    A run that was killed goes on after its last whole epoch with the same command.
    """
    with needs_extra("models"):
        from .finetune import FinetuneSettings, best_of, finetune_task
        from .finetuning.sources import Request, open_task

        given = {**locals(), "state_losses": _state_losses(hidden_weight, hidden_layers)}
        names = FinetuneSettings.__dataclass_fields__
        settings = FinetuneSettings(**{name: given[name] for name in names})
        request = Request(task, data, data_dir, revision, held_out, limit, absent_answers, pairs(option, "--option"))
        done = finetune_task(model, open_task(request), out, settings)
    for one in done:
        score = "" if one.score is None else f", {one.metric} {one.score:.3f}"
        typer.echo(
            f"{one.documents} documents, {one.windows} windows, {one.steps} steps, mean loss {one.loss:.3f}{score} "
            f"({one.attention}) -> {one.folder}"
        )
    if len(done) > 1:
        typer.echo(f"best of {len(done)} -> {best_of(done).folder}")


def _state_losses(weight: float | None, layers: str) -> dict[str, dict[str, Any]]:
    """Returns the losses over hidden states as the settings have them."""
    if weight is None:
        return {}
    if layers in ("uniform", "last"):
        return {"hidden_mse": {"weight": weight, "layers": layers}}
    found = [re.fullmatch(r"\s*(\d+):(\d+)\s*", pair) for pair in layers.split(",")]
    if not all(found):
        raise UsageError(f"--hidden-layers {layers!r}: give uniform, last, or pairs of numbers such as 1:2,2:4,3:6")
    return {"hidden_mse": {"weight": weight, "layers": [[int(n) for n in pair.groups()] for pair in found if pair]}}
