"""Annotating documents into a layer, shard by shard, so that a killed run continues where it stopped."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, nullcontext
from itertools import chain, islice
from pathlib import Path
from tempfile import TemporaryDirectory

from gonerd import __version__
from gonerd.errors import GonerdError, needs_extra
from gonerd.files import only_writer, read_json, write_json
from gonerd.io import read_documents
from gonerd.progress import track
from gonerd.records import Document
from gonerd.scale.ahead import begin_importing
from gonerd.scale.executors import check, run_stages
from gonerd.scale.stages import Stage, Where
from gonerd.scale.submitted import check_ended

from .chunks import CHUNK_CHARACTERS
from .layers import keep_people
from .loading import DEFAULT
from .marker import MARKER, check_settings
from .scale import STEP_MODULES
from .scale.plan import Plan, Recipe, lay_out

with needs_extra("annotation"):
    from gonerd.scale.processes import Processes

    from .scale.blocks import Annotate, ReadUnits, WriteShards
    from .scale.finish import Finish, LayerSummary
    from .scale.loaded import forget_annotators, settings_of

__all__ = ["LayerSummary", "annotate_documents"]

_LOGS = "logs"
_MOST_TASKS = 1000  # Slurm's arrays hold so many; every task has files of its own
_RECYCLE = 64  # memory is flat in what was measured; pipelines of others need not be as tidy
_TASKS_A_WORKER = 4  # elsewhere each task loads the pipelines anew


def annotate_documents(
    documents: Path,
    out: Path,
    pipeline: str | Sequence[str] = DEFAULT,
    limit: int | None = None,
    chunk: int = CHUNK_CHARACTERS,
    rules: Sequence[str] | None = None,
    without: Sequence[str] = (),
    label_map: str | None = None,
    *,
    where: Where | None = None,
    tell: Callable[[str], None] = lambda _: None,
) -> LayerSummary | None:
    """Annotates documents with pipelines, rules and document-level consistency.

    A shard of an earlier run is kept when it holds exactly the documents, by id and text hash, that it would hold now.
    Documents that wait lie in a hidden folder beside `out`. The layer is the same, byte for byte, whatever runs where.

    Args:
        documents: A folder of documents, one parquet file, or a JSONL file with `id` and `text`.
        out: Folder of the layer.
        pipeline: One or several pipelines, `NAME` or `NAME:WEIGHT` (see `loading.load`).
        limit: Annotate only the first documents.
        chunk: Largest piece given to a pipeline at once, in characters.
        rules: Rules that run; when None, those that the pipeline was trained to go with, else all.
        without: Rules that do not run.
        label_map: A packaged label map or a YAML file, for every pipeline.
        where: Where it runs; in this process when None.
        tell: Takes sentences for the user.

    Returns:
        Counts over the whole layer; None where jobs were submitted or only written.

    Raises:
        UsageError: A name or a setting is unknown or impossible.
        GonerdError: The input cannot be read, is empty, the pipeline cannot be loaded, `out` holds a layer made with
            other settings or by people, or a task failed; the same call continues.
    """
    names = (pipeline,) if isinstance(pipeline, str) else tuple(pipeline)
    recipe = Recipe(
        pipelines=names,
        rules=None if rules is None else tuple(rules),
        without=tuple(without),
        label_map=label_map,
        chunk=chunk,
    ).absolute()
    where = where or Where()
    check(where, "annotation")
    keep_people(out)
    with TemporaryDirectory() as scratch, _processes(where, Path(scratch)) as processes:
        try:
            # Where others will annotate, they load the pipelines, all at once and while the documents are read here.
            known = processes.each(settings_of, recipe) if processes else settings_of(recipe)
            settings = {**known, "version": __version__}
            stream = _some(documents, limit)  # before anything is written: what cannot be read leaves no trace
            work = out.resolve().with_name(f".{out.resolve().name}.annotate")
            with only_writer(out), processes or nullcontext():  # no other run begins before the last worker ends
                check_ended(work / _LOGS)
                check_settings(out, settings, limit)
                write_json(out / MARKER, {**settings, "complete": False})
                shutil.rmtree(work, ignore_errors=True)  # what an earlier run finished stands in `out`
                plan = lay_out(track(stream, "read"), out, work, recipe, settings, limit)
                if not _run(plan, work, where, processes):
                    tell(f"job scripts, logs and documents that wait: {work}")
                    return None
                shutil.rmtree(work)
        finally:
            forget_annotators()
    marker = read_json(out / MARKER, "annotate again")
    return LayerSummary(**{name: marker[name] for name in LayerSummary.__dataclass_fields__})


def _some(documents: Path, limit: int | None) -> Iterator[Document]:
    stream = islice(read_documents(documents), limit)
    first = next(stream, None)
    if first is None:
        raise GonerdError(f"{documents}: holds no documents, so there is nothing to annotate; check the path")
    return chain([first], stream)


def _processes(where: Where, scratch: Path) -> AbstractContextManager[Processes | None]:
    """Returns the processes that annotate, where several do so on this machine."""
    if where.executor != "local" or where.workers == 1:
        return nullcontext()
    begin_importing(STEP_MODULES, where.executor, where.workers)
    return Processes(where.workers, scratch / "console.log")


def _run(plan: Plan, work: Path, where: Where, processes: Processes | None) -> bool:
    """Runs the stages of a plan; whether they are done."""
    stages = [Stage("finish", [Finish(work)], tasks=1)]
    if not plan.missing:
        where = Where()  # nothing is worth a job
    else:
        most = _MOST_TASKS if where.executor == "local" else _TASKS_A_WORKER * where.workers
        tasks = min(where.tasks or most, len(plan.missing))
        stages.insert(
            0, Stage("annotate", [ReadUnits(work), Annotate(work), WriteShards(work)], tasks=tasks, recycle=_RECYCLE)
        )
    try:
        return run_stages(
            stages,
            work / _LOGS,
            executor=where.executor,
            workers=where.workers,
            slurm=where.slurm,
            dry_run=where.dry_run,
            extra="annotation",
            processes=processes,
        )
    finally:
        if processes is not None and processes.console.exists():  # what workers printed, beside what they logged
            shutil.copy(processes.console, work / _LOGS)
