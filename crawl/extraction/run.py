"""WARC files to documents: every page is kept or rejected for a reason, and the counts reconcile."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from gonerd.crawl.dedup.settle import NEAR
from gonerd.crawl.scale.choice import Choice
from gonerd.crawl.scale.extract import ExtractPages, ReadPages, SignDocuments, WriteUnits
from gonerd.crawl.scale.finish import Finish
from gonerd.crawl.scale.join import JoinParts
from gonerd.crawl.scale.plan import PLAN, ExtractSettings, Plan, make_plan
from gonerd.crawl.scale.settle import MADE, Settle
from gonerd.crawl.scale.unit_files import is_done
from gonerd.crawl.scale.write import WriteDocuments
from gonerd.crawl.warc.inputs import COMMON_CRAWL, warc_names
from gonerd.errors import UsageError
from gonerd.files import check_replaceable, only_writer, read_json
from gonerd.records import DOMAINS
from gonerd.scale.executors import run_stages
from gonerd.scale.stages import Stage
from gonerd.scale.stages import Where as Anywhere
from gonerd.scale.submitted import check_ended

from .summary import SUMMARY, ExtractSummary

_LOGS = "logs"
_WRITING = 8  # extracting a document takes much longer than writing it, so fewer tasks write


@dataclass(frozen=True)
class Where(Anywhere):
    """Where an extraction runs; as many tasks as there are units of input when none are stated.

    Attributes:
        split: Whether one file may be read by several tasks.
    """

    split: bool = True


def extract(
    sources: Path | str | Sequence[Path | str],
    out: Path,
    *,
    settings: ExtractSettings | None = None,
    limit: int | None = None,
    keep_complete: bool = False,
    where: Where = Where(),
    base: str = COMMON_CRAWL,
    tell: Callable[[str], None] = lambda _: None,
) -> ExtractSummary | None:
    """Writes the documents of WARC files to a folder.

    What is read, settled and written so far lies in a hidden folder beside `out`; the same call continues it after a
    kill. The documents are the same, byte for byte, whatever runs where.

    Args:
        sources: Folders of WARC files, files, addresses, and lists of paths; see `gonerd.crawl.warc.inputs`.
        out: Folder for `part-*.parquet`, `rejected/`, `duplicates/` and `extract.json`; replaced as a whole.
        settings: What is done; `ExtractSettings(near=NEAR)` when None.
        limit: Look at no more than this many pages; overrides the settings'.
        keep_complete: Take the complete records of a damaged file; overrides the settings'.
        where: Where it runs; in this process when None.
        base: What relative paths in a list are appended to.
        tell: Takes sentences for the user.

    Returns:
        The counts, which also stand in `extract.json`; None where jobs were submitted or only written.

    Raises:
        UsageError: A setting is impossible.
        GonerdError: There is nothing to read, a file is damaged, or `out` holds something else.
    """
    settings = (settings or ExtractSettings(near=NEAR)).model_copy(
        update={"limit": limit, "keep_complete": keep_complete}
    )
    where = where or Where()
    _check(settings)
    check_replaceable(out.resolve())
    given = [sources] if isinstance(sources, str | Path) else list(sources)
    plan = make_plan(warc_names([str(source) for source in given], base), out, settings, split=where.split)
    work = out.resolve().with_name(f".{out.resolve().name}.extract")
    with only_writer(work):
        check_ended(work / _LOGS)
        _begin(work, plan, tell)
        tasks = 1 if limit is not None else where.tasks or len(plan.units)
        finished = run_stages(
            stages(work, plan, tasks),
            work / _LOGS / f"{plan.fingerprint}-{tasks}",
            executor=where.executor,
            tasks=tasks,
            workers=1 if limit is not None and where.executor == "local" else where.workers,
            slurm=where.slurm,
            dry_run=where.dry_run,
        )
        if not finished:
            tell(f"job scripts, logs and what is made so far: {work}")
            return None
        shutil.rmtree(work)
    return ExtractSummary.model_validate(read_json(out / SUMMARY, "extract again"))


def stages(work: Path, plan: Plan, tasks: int) -> list[Stage]:
    """Returns the stages of an extraction.

    Args:
        work: The working folder, with the plan.
        plan: The plan.
        tasks: Tasks of the first stage.
    """
    hosts = plan.settings.hosts
    choice = Choice(
        frozenset(hosts) if hosts is not None else None, plan.settings.known_sources, plan.settings.obey_opt_out
    )
    return [
        Stage("extract", [ReadPages(work), ExtractPages(choice), SignDocuments(), WriteUnits(work)]),
        Stage("join", [JoinParts(work)], tasks=1),
        Stage("settle", [Settle(work)], tasks=1),
        Stage("write", [WriteDocuments(work)], tasks=max(1, tasks // _WRITING)),
        Stage("finish", [Finish(work)], tasks=1),
    ]


def _check(settings: ExtractSettings) -> None:
    if settings.domain not in DOMAINS:
        raise UsageError(f"--domain {settings.domain!r}: use one of {', '.join(DOMAINS)}")
    if settings.near is not None and not 0 < settings.near <= 1:
        raise UsageError(f"--near {settings.near}: give a number above 0 and up to 1, or 0 to keep near-duplicates")


def _begin(work: Path, plan: Plan, tell: Callable[[str], None]) -> None:
    """Prepares the working folder; finished units of an earlier run that are wanted again are taken over."""
    if (work / PLAN).exists():
        before = Plan.read(work)
        if before.fingerprint != plan.fingerprint:
            # What was settled and written follows from the plan; what was extracted, only from the unit.
            shutil.rmtree(work / MADE, ignore_errors=True)
            shutil.rmtree(work / _LOGS, ignore_errors=True)
            taken = sum(is_done(work, unit) for unit in plan.units)
            tell(
                "the input or a setting changed since the run that was broken off: "
                f"{taken} of {len(plan.units)} finished shares are taken over, the rest is done again"
            )
        elif any((work / _LOGS).glob("*/finish/completions/00000")):
            shutil.rmtree(work / _LOGS)  # it was killed after its last step; the folder may have been moved since
    plan.write(work)
