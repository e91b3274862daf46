"""`gonerd models`: convert, halve and fine-tune encoders."""

from __future__ import annotations

from typing import Annotated

import typer

from gonerd.errors import needs_extra
from gonerd.options import Config, command_group

from ._options import Model, Out, Revision, Set, pairs
from .cli_corpus import corpus
from .cli_distill import card, distill
from .cli_finetune import finetune

app = command_group("Convert encoders to efficient attention, halve their depth, fine-tune them.")


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

        options = pairs(settings) if window is None else {**pairs(settings), "window": window}
        ATTENTION.get(attention).read_options(options)
        result, tokenizer = convert_model(
            model, attention=attention, max_length=max_length, revision=revision, **options
        )
        note = {"made_by": "gonerd models convert", "source": model, "revision": revision, "attention": attention}
        save(result, tokenizer, out, {**note, "max_length": max_length})
    typer.echo(f"{attention}: {result.config.num_hidden_layers} layers, {max_length} tokens -> {out}")


@app.command()
def halve(
    model: Model,
    out: Out,
    layers: Annotated[
        str, typer.Option(help="Which layers stay: every-other, first, last, first-last, or numbers such as 0,2,4.")
    ] = "every-other",
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


app.command()(finetune)
app.command()(corpus)
app.command()(distill)
app.command()(card)

# These commands register themselves on the same group.
from . import attention_cli  # noqa: E402, F401
