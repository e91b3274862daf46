"""Cells of the matrix as pieces of work: fine-tuned, predicted, scored, and what may be kept of it kept."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from gonerd.errors import GonerdError
from gonerd.evaluation.run import RunSettings, evaluate_model
from gonerd.evaluation.tuning import finetune_settings, training_data
from gonerd.files import read_json, write_json, write_text
from gonerd.models.finetune import finetune_task
from gonerd.models.finetuning.defaults import defaults_for
from gonerd.models.halving import halve
from gonerd.models.load import load_model
from gonerd.models.save import save
from gonerd.models.settings import first_difference

from .cell import Cell
from .places import Folders
from .publish import BASE, PASSES, publish
from .systems import systems_of, variant_name
from .work import DONE, OTHERWISE, TO_DO, State, Work

if TYPE_CHECKING:
    from .config import Replicate


def cells_of(config: Replicate, folders: Folders, seeds: tuple[int, ...] | None = None) -> Iterator[Cell]:
    """Yields the cells, breadth first: all models on all tasks with one seed before the next."""
    for seed in config.seeds if seeds is None else seeds:
        for task in config.tasks:
            for system in systems_of(config):
                yield Cell(config, folders, system.name, task, seed)
        for name, variant in config.variants.items():
            for task in variant.tasks:
                yield Cell(config, folders, variant_name(name, variant), task, seed)
        for taught in config.taught:
            for task in taught.tasks:
                yield Cell(config, folders, taught.student, task, seed, taught)


def state_of(cell: Cell) -> State:
    """Tells how it stands."""
    if cell.is_elsewhere:
        return State(DONE, "in another working folder")
    try:
        facts = cell.facts()
    except GonerdError as error:
        return State(TO_DO, str(error))
    if not cell.mark.is_file() or not cell.kept.is_file():
        return State(TO_DO)
    different = first_difference(facts, read_json(cell.mark, f"remove {cell.mark}"))
    return State(OTHERWISE, f"it differs in {different!r}; pass --redo to do it again") if different else State(DONE)


def discard(cell: Cell) -> None:
    """Forgets what it would be made of; mark and kept result stay until there is another."""
    shutil.rmtree(cell.folders.results / "cache" / cell.name, ignore_errors=True)
    shutil.rmtree(cell.folder, ignore_errors=True)


def fine_tuned(cell: Cell) -> Path:
    """Returns the fine-tuned model; makes it, and what it needs, unless it lies there."""
    teacher, place = cell.teacher, cell.place
    settings = finetune_settings(place, cell.settings.tuning)
    data = training_data(place, cell.settings.train_limit)
    if cell.taught is not None:
        epochs = settings.epochs or defaults_for(data.name, data.kind).epochs
        settings = replace(settings, epochs=cell.taught.passes * epochs)
    if cell.taught is not None and teacher is not None:
        settings = replace(
            settings,
            teacher=fine_tuned(teacher),
            distill_weight=cell.taught.distill_weight,
            temperature=cell.taught.temperature,
            state_losses=cell.taught.state_losses,
        )
    finetune_task(_source(cell), data, cell.folder, settings, resume=True)
    return cell.folder


def _source(cell: Cell) -> Path:
    """Returns the model that is fine-tuned."""
    if cell.whole is not None:
        model, tokenizer = load_model(fine_tuned(cell.whole), None)
        student = halve(model, cell.config.layers)
        save(student, tokenizer, _half_of(cell), {"made_by": "gonerd evaluate replicate"})
        return _half_of(cell)
    return cell.folders.models / cell.made if cell.before is None else fine_tuned(cell.before)


def _half_of(cell: Cell) -> Path:
    return cell.folder.with_name(f"{cell.folder.name}.half")


def run(cell: Cell) -> str:
    """Fine-tunes, predicts, scores, and keeps what may be kept."""
    facts = cell.facts()
    write_text(cell.begun, "")
    # Where there is one it is of a run that was killed, or of other settings; its predictions lie in the cache.
    (cell.folders.results / f"{cell.name}.json").unlink(missing_ok=True)
    told = RunSettings(limit=cell.told.limit)  # windows are as it was fine-tuned
    result = evaluate_model(fine_tuned(cell), cell.folders.results, cell.place, told)
    more = {f"base_{name}": facts[name] for name in BASE}
    more |= {PASSES: cell.taught.passes} if cell.taught and cell.taught.passes > 1 else {}
    publish(cell.folders.results / f"{cell.name}.json", cell.config.results, f"models/{cell.made}", more)
    write_json(cell.mark, facts)
    cell.begun.unlink()
    if not cell.config.keep_models and not _is_needed(cell):
        shutil.rmtree(cell.folder)
    shutil.rmtree(_half_of(cell), ignore_errors=True)
    return f"score {result.score:.3f} ({result.counts.scored} examples of {result.counts.documents} documents)"


def _is_needed(cell: Cell) -> bool:
    """Whether other cells may begin from its fine-tuned model, or learn from it."""
    after = {told.after for told in cell.config.tasks.values()}
    teach = {(taught.teacher, task) for taught in cell.config.taught for task in taught.tasks}
    teach |= {(taught.student, task) for taught in cell.config.taught if taught.halved for task in taught.tasks}
    return cell.task in after or (cell.model, cell.task) in teach


def work_of(cell: Cell) -> Work:
    """Returns it as a piece of work."""
    needs = [f"model/{cell.made}"]
    needs += [f"model/{cell.teacher.made}"] if cell.teacher else []
    needs += [f"cell/{other.name}" for other in (cell.before, cell.whole, cell.teacher) if other is not None]
    return Work(f"cell/{cell.name}", lambda: state_of(cell), lambda: run(cell), lambda: discard(cell), needs)
