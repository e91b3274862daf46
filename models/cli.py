"""`gonerd models`: convert, halve and fine-tune encoders, and look at attention patterns."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from gonerd.errors import UsageError, needs_extra
from gonerd.options import Config, Limit, Seed, command_group

app = command_group("Convert encoders to efficient attention, halve their depth, fine-tune them.")

Model = Annotated[str, typer.Argument(help="Folder or hub id of a BERT- or RoBERTa-family encoder.")]
Data = Annotated[str, typer.Option(help="Folder or hub id of the data; 'sample' is the packaged release.")]
Out = Annotated[Path, typer.Option(help="Folder of the resulting model.")]
Set = Annotated[
    list[str] | None,
    typer.Option(
        "--set", metavar="NAME=VALUE", show_default=False, help="An option of the pattern (gonerd models attention)."
    ),
]
Revision = Annotated[str | None, typer.Option(help="Commit or tag of a hub model.")]


@app.command()
def teacher() -> None:
    """Print the folder of the pretrained encoder that the demo extra installs, unpacked and verified."""
    with needs_extra("models"):
        from .load import packaged_teacher

        typer.echo(packaged_teacher())


@app.command()
def convert(
    model: Model,
    out: Out,
    attention: Annotated[str, typer.Option(help="Attention pattern.")] = "longformer",
    max_length: Annotated[int, typer.Option(help="Longest input of the result, in tokens.")] = 4096,
    window: Annotated[
        int | None, typer.Option(show_default=False, help="Width of the local window (default: the pattern's).")
    ] = None,
    settings: Set = None,
    revision: Revision = None,
    config: Config = None,
) -> None:
    """Convert MODEL to an efficient attention pattern and a longer input."""
    with needs_extra("models"):
        from .attention import ATTENTION
        from .conversion import convert as convert_model
        from .save import save

        options = _pairs(settings) if window is None else {**_pairs(settings), "window": window}
        ATTENTION.get(attention).read_options(options)
        result, tokenizer = convert_model(
            model, attention=attention, max_length=max_length, revision=revision, **options
        )
        note = {"made_by": "gonerd models convert", "source": model, "revision": revision, "attention": attention}
        save(result, tokenizer, out, {**note, "max_length": max_length})
    typer.echo(f"{attention}: {result.config.num_hidden_layers} layers, {max_length} tokens -> {out}")


def _pairs(settings: list[str] | None, option: str = "--set") -> dict[str, Any]:
    """Reads `name=value` words."""
    pairs: dict[str, Any] = {}
    for setting in settings or []:
        name, equals, value = setting.partition("=")
        if not (name and equals):
            raise UsageError(f"{option} {setting!r}: give NAME=VALUE")
        pairs[name.replace("-", "_")] = value
    return pairs


@app.command()
def attention(
    pattern: Annotated[str | None, typer.Argument(show_default=False, help="Pattern (default: list all).")] = None,
    draw: Annotated[Path | None, typer.Option(show_default=False, help="PNG to write: which token sees which.")] = None,
    length: Annotated[int, typer.Option(help="Tokens of the text in the picture.")] = 256,
    settings: Set = None,
) -> None:
    """List the attention patterns with their options, or draw the mask of one."""
    with needs_extra("models"):
        from .attention import ATTENTION

        names = ATTENTION.names() if pattern is None else [pattern]
        chosen = [ATTENTION.get(name) for name in names]
        if draw is not None or settings:
            if pattern is None:
                raise UsageError("name the PATTERN to draw; `gonerd models attention` lists them")
            options = chosen[0].read_options(_pairs(settings))
        if draw is None:
            typer.echo("\n".join(one.describe() for one in chosen))
            return
        with needs_extra("evaluation"):
            from .drawing import draw as draw_pattern

            share = draw_pattern(chosen[0], length, options, draw)
    typer.echo(f"{pattern}: {share:.1%} of all pairs at {length} tokens -> {draw}")


@app.command()
def halve(
    model: Model,
    out: Out,
    layers: Annotated[str, typer.Option(help="Which layers stay: every-other, first, last.")] = "every-other",
    revision: Revision = None,
    config: Config = None,
) -> None:
    """Make a student from half the layers of MODEL."""
    with needs_extra("models"):
        from .halving import halve as halve_model
        from .load import load_model
        from .save import save

        teacher, tokenizer = load_model(model, None, revision=revision)
        student = halve_model(teacher, layers)
        note = {"made_by": "gonerd models halve", "source": model, "revision": revision, "layers_kept": layers}
        save(student, tokenizer, out, note)
    before, after = teacher.config.num_hidden_layers, student.config.num_hidden_layers
    typer.echo(f"{before} layers -> {after} layers ({layers}) -> {out}")


@app.command()
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
    trials: Annotated[int, typer.Option(min=1, help="Runs with seeds from --seed on, each in OUT/seed-N.")] = 1,
    limit: Limit = None,
    seed: Seed = 0,
    config: Config = None,
) -> None:
    """Fine-tune MODEL for a task; texts longer than a window are cut, and nothing is truncated."""
    with needs_extra("models"):
        from .finetune import FinetuneSettings, best_of, finetune_task
        from .finetuning.sources import Request, open_task

        given = locals()
        names = FinetuneSettings.__dataclass_fields__
        settings = FinetuneSettings(**{name: given[name] for name in names})
        request = Request(task, data, data_dir, revision, held_out, limit, absent_answers, _pairs(option, "--option"))
        done = finetune_task(model, open_task(request), out, settings)
    for one in done:
        score = "" if one.score is None else f", {one.metric} {one.score:.3f}"
        typer.echo(
            f"{one.documents} documents, {one.windows} windows, {one.steps} steps, mean loss {one.loss:.3f}{score} "
            f"({one.attention}) -> {one.folder}"
        )
    if len(done) > 1:
        typer.echo(f"best of {len(done)} -> {best_of(done).folder}")
