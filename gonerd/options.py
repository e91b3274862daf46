"""Options that every command group shares, and the rules of `--config`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer
import yaml

from .errors import UsageError, unknown_name


def command_group(summary: str) -> typer.Typer:
    """Returns an empty command group with the house's settings (plain errors, help when called bare)."""
    return typer.Typer(
        help=summary, no_args_is_help=True, pretty_exceptions_enable=False, rich_markup_mode=None, add_completion=False
    )


def _use_config(context: typer.Context, path: Path | None) -> Path | None:
    """Makes the keys of a YAML file the defaults of the running command's options."""
    if path is None or context.resilient_parsing:
        return path
    # Both spellings of an option's name are accepted in YAML: `max_length` and `max-length`.
    names = {param.name for param in context.command.params if param.name} - {"config", "help"}
    values = {key.replace("-", "_"): value for key, value in read_mapping(path).items()}
    for key in values:
        if key not in names:
            raise UsageError(f"{path}: {unknown_name('key', key, names)}")
    many = {param.name for param in context.command.params if getattr(param, "multiple", False)}
    for key, value in values.items():
        if isinstance(value, dict):
            raise UsageError(f"{path}: key {key!r} takes a value, not a mapping")
        if key in many and not isinstance(value, list):
            values[key] = [value]
    context.default_map = {**(context.default_map or {}), **values}
    return path


def words(text: str) -> list[str]:
    """Parts an option's value at its commas; a list in YAML comes with brackets and quotes."""
    return [word for part in text.strip("[]").split(",") if (word := part.strip(" '\""))]


def numbers(text: str, option: str) -> list[int]:
    """Reads whole numbers above 0, separated by commas.

    Raises:
        UsageError: It holds something else, or nothing.
    """
    found = words(text)
    if not found or not all(word.isascii() and word.isdecimal() and int(word) for word in found):
        raise UsageError(f"{option} {text!r}: give whole numbers above 0, separated by commas")
    return list(map(int, found))


def read_mapping(path: Path) -> dict[str, Any]:
    """Reads a YAML file that must hold a mapping with string keys.

    Raises:
        UsageError: It is missing, malformed, or holds something else.
    """
    try:
        values = yaml.safe_load(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise UsageError(f"{path}: cannot read the configuration file ({error.strerror})") from error
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        problem = " ".join(str(error).split())
        raise UsageError(f"{path}: not valid YAML ({problem}); mend the file") from error
    if values is None:
        return {}
    if not isinstance(values, dict) or not all(isinstance(key, str) for key in values):
        raise UsageError(f"{path}: expected `option: value` lines, found {type(values).__name__}")
    return values


Config = Annotated[
    Path | None,
    typer.Option(
        "--config",
        callback=_use_config,
        is_eager=True,
        show_default=False,
        help="YAML file with option names as keys; options given on the command line win.",
    ),
]
Limit = Annotated[
    int | None, typer.Option("--limit", min=1, show_default=False, help="Stop after this many items (default: all).")
]
Seed = Annotated[int, typer.Option("--seed", help="Seed of everything random.")]
Executor = Annotated[str, typer.Option(help="Where tasks run: local, slurm or ray.")]
Workers = Annotated[int, typer.Option(min=1, help="Tasks that run at the same time.")]
SlurmPartition = Annotated[str, typer.Option(help="Slurm partition.")]
SlurmTime = Annotated[str, typer.Option(help="Slurm time limit of a job.")]
SlurmMemory = Annotated[int, typer.Option(min=1, help="Gigabytes for each Slurm task.")]
SlurmAccount = Annotated[str, typer.Option(help="Slurm account.")]
SlurmQos = Annotated[str, typer.Option(help="Slurm quality of service.")]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Write Slurm's job scripts and submit nothing.")]
