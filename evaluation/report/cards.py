"""What model cards say of scores: `model-index` in the card's metadata, and the hub's `.eval_results/`."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml
from huggingface_hub import (
    ModelCardData,
    eval_result_entries_to_yaml,
    metadata_load,
    metadata_save,
)

from gonerd.errors import GonerdError, UsageError, unknown_name
from gonerd.files import new_file, write_text

from .collect import Collection, collect
from .hub_formats import entry, eval_results, why_no_entry
from .markdown import plain, section
from .runs import Run
from .tables import Table
from .task_tables import count_rows, metric_rows


@dataclass
class Written:
    """What was written for a model.

    Attributes:
        card: The model card.
        entries: Files of `.eval_results/`.
        left_out: Why a task has none.
    """

    card: Path
    entries: list[Path] = field(default_factory=list)
    left_out: dict[str, str] = field(default_factory=dict)


def write_cards(
    paths: Sequence[Path], out: Path, models: Sequence[str] = (), *, local_files: bool = False
) -> list[Written]:
    """Writes `OUT/MODEL/README.md` and `OUT/MODEL/.eval_results/TASK-SPLIT.yaml` of each model.

    A card that is there already keeps its text and the rest of its metadata; `model-index` is replaced.

    Args:
        paths: Result files, and folders of them.
        out: Folder of the models.
        models: Names of the models; every one that was scored when empty.
        local_files: Whether local files are known to be the hub's split, so that their scores may stand on its
            leaderboards.

    Returns:
        What was written, model by model.

    Raises:
        UsageError: A model was not scored, or two would share a folder.
        GonerdError: There are no scores, or a file is malformed.
    """
    by_model: dict[str, list[Run]] = defaultdict(list)
    for runs in collect(paths).runs.values():
        for run in (run for held in runs.values() for run in held):
            by_model[run.result.model.name].append(run)
    for name in models:
        if name not in by_model:
            raise unknown_name("model", name, by_model)
    chosen = {name: by_model[name] for name in models or sorted(by_model)}
    folders = {name: _safe(name) for name in chosen}
    if len(set(folders.values())) < len(folders):
        raise UsageError(f"models {', '.join(chosen)}: two of them would share a folder; name one alone with --model")
    return [_write(name, runs, out / folders[name], local_files) for name, runs in chosen.items()]


def _write(name: str, runs: Sequence[Run], folder: Path, local_files: bool) -> Written:
    data = ModelCardData(model_name=name, eval_results=[row for run in runs for row in eval_results(run.result)])
    written = Written(folder / "README.md")
    held = written.card.read_text(encoding="utf-8") if written.card.exists() else None
    rows: dict[str, Any] = data.to_dict()  # type: ignore[no-untyped-call]
    with new_file(written.card) as temporary:
        temporary.write_text(_body(name, runs) if held is None else held, encoding="utf-8", newline="\n")
        metadata_save(temporary, {**_metadata(temporary, written.card), "model-index": rows["model-index"]})
    for run in runs:
        title, reason = run.column.title, why_no_entry(run.result, local_files)
        if reason:
            written.left_out[title] = reason
            continue
        place = folder / ".eval_results" / f"{_safe(title)}.yaml"
        entries = eval_result_entries_to_yaml([entry(run.result)])
        write_text(place, yaml.safe_dump(entries, sort_keys=False, allow_unicode=True))
        written.entries.append(place)
    return written


def _safe(name: str) -> str:
    """Returns a name as that of a file: nothing in it leads elsewhere."""
    return re.sub(r"[^\w.-]", "-", name).strip(".") or "-"


def _metadata(path: Path, card: Path) -> dict[str, Any]:
    """Returns what a card's metadata say already."""
    try:
        return metadata_load(path) or {}
    except (ValueError, yaml.YAMLError) as error:
        problem = " ".join(str(error).split())
        raise GonerdError(f"{card}: its metadata are no YAML mapping ({problem}); mend its head") from error


def _body(name: str, runs: Sequence[Run]) -> str:
    """Writes the text of a new card: what was scored, with every number and count."""
    parts = [f"# {plain(name)}", "Scored by `gonerd evaluate`."]
    for run in runs:
        found = Collection({name: {run.column: [run]}}, [], [run.result.environment])
        parts.append(f"## {plain(run.column.title)}")
        parts += section(Table("Metrics", _of_one(metric_rows(found, run.column), name)), "###")
        parts += section(Table("Counts", count_rows(found, run.column)), "###")
    return "\n\n".join(parts) + "\n"


def _of_one(rows: list[dict[str, Any]], name: str) -> list[dict[str, Any]]:
    return [{"metric": row["metric"], "value": row[name]} for row in rows]
