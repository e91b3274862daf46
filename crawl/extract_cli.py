"""`gonerd crawl extract`: WARC files to documents."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from gonerd.errors import UsageError, needs_extra
from gonerd.options import (
    Config,
    DryRun,
    Executor,
    Limit,
    SlurmAccount,
    SlurmMemory,
    SlurmPartition,
    SlurmQos,
    SlurmTime,
    Workers,
)

_STEPS = tuple(f"gonerd.crawl.scale.{name}" for name in ("extract", "join", "settle", "write", "finish"))


def extract(
    out: Annotated[Path, typer.Option("--out", help="Folder for the documents; replaced as a whole.")],
    folders: Annotated[
        list[str] | None, typer.Argument(metavar="[DIR]...", help="Folders of WARC files, or WARC files.")
    ] = None,
    warc: Annotated[
        list[str] | None,
        typer.Option(
            help="The same by path or address (https, s3), or a list of paths such as Common Crawl's warc.paths.gz; "
            "may be repeated."
        ),
    ] = None,
    base: Annotated[
        str | None,
        typer.Option(help="What relative paths in a list are appended to (default: https://data.commoncrawl.org/)."),
    ] = None,
    domain: Annotated[str, typer.Option(help="Domain of pages whose WARC file states none.")] = "other",
    source: Annotated[
        str | None, typer.Option(help="Publisher of pages whose WARC file states none (default: the host of each).")
    ] = None,
    host: Annotated[
        list[str] | None, typer.Option(help="Take only pages of this host and those below it; may be repeated.")
    ] = None,
    hosts: Annotated[Path | None, typer.Option(help="File with one such host per line.")] = None,
    known_sources: Annotated[
        bool, typer.Option("--known-sources", help="Take only pages of publishers that the crawler knows.")
    ] = False,
    ignore_opt_out: Annotated[
        bool, typer.Option("--ignore-opt-out", help="Take pages that reserve their use, too; noted in the output.")
    ] = False,
    near: Annotated[
        float, typer.Option(min=0, max=1, help="Similarity from which a text is a near-duplicate; 0 keeps them.")
    ] = 0.8,
    limit: Limit = None,
    keep_complete: Annotated[
        bool, typer.Option("--keep-complete", help="Take the complete records of damaged WARC files.")
    ] = False,
    executor: Executor = "local",
    tasks: Annotated[
        int | None, typer.Option(min=1, help="Tasks, each marked when done (default: one for each share of the input).")
    ] = None,
    workers: Workers = 1,
    no_split: Annotated[bool, typer.Option("--no-split", help="Read every file in one task.")] = False,
    slurm_partition: SlurmPartition = "",
    slurm_time: SlurmTime = "24:00:00",
    slurm_memory: SlurmMemory = 4,
    slurm_account: SlurmAccount = "",
    slurm_qos: SlurmQos = "",
    dry_run: DryRun = False,
    config: Config = None,
) -> None:
    """Turn the pages of WARC files into documents, without duplicates.

    Run the same command again after a crash: it goes on where it stopped.
    """
    with needs_extra("crawl"):
        from gonerd.scale.ahead import begin_importing
        from gonerd.scale.stages import SlurmOptions

        begin_importing(_STEPS, executor, workers)
        from .extraction.run import Where
        from .extraction.run import extract as run_extract
        from .scale.choice import named_hosts
        from .scale.plan import ExtractSettings
        from .warc.inputs import COMMON_CRAWL
    sources = [*(folders or ()), *(warc or ())]
    if not sources:
        raise UsageError("name a folder of WARC files, or files with --warc")
    done = run_extract(
        sources,
        out,
        settings=ExtractSettings(
            domain=domain,
            source=source,
            hosts=named_hosts(host, hosts),
            known_sources=known_sources,
            obey_opt_out=not ignore_opt_out,
            near=near or None,
        ),
        limit=limit,
        keep_complete=keep_complete,
        where=Where(
            executor=executor,
            tasks=tasks,
            workers=workers,
            slurm=SlurmOptions(slurm_partition, slurm_time, slurm_memory, slurm_qos, slurm_account),
            dry_run=dry_run,
            split=not no_split,
        ),
        base=base or COMMON_CRAWL,
        tell=lambda sentence: typer.echo(sentence, err=True),
    )
    if done is None:
        return
    for damage in done.damaged:
        typer.echo(f"damaged: {damage.file} at byte {damage.offset}, {damage.complete_records} records taken", err=True)
    rejected = ", ".join(f"{reason}: {n}" for reason, n in done.rejected.items())
    typer.echo(
        f"{done.pages} pages = {done.kept} documents + {sum(done.rejected.values())} rejected"
        f"{f' ({rejected})' if rejected else ''} -> {out}"
    )
