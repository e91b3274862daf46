"""`gonerd annotate run`: layers made by pipelines and rules."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from gonerd.errors import needs_extra
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


def run(
    documents: Annotated[Path, typer.Argument(help="Folder of documents, or a JSONL file with id and text.")],
    out: Annotated[Path, typer.Option(help="Folder of the layer.")],
    pipeline: Annotated[
        list[str],
        typer.Option(
            help="spaCy package or folder (sm, md, lg, trf for spaCy's English ones), folder of a token-classification "
            "model, hf:ID, gliner:ID; several vote, each with its weight as NAME:WEIGHT."
        ),
    ] = ["en_core_web_sm"],  # noqa: B006 - Typer copies it
    rule: Annotated[
        list[str] | None, typer.Option(show_default=False, help="Rule that runs (default: all); several allowed.")
    ] = None,
    without: Annotated[
        list[str] | None, typer.Option(show_default=False, help="Rule that does not run; several allowed.")
    ] = None,
    bare: Annotated[bool, typer.Option("--bare", help="No rules, the pipelines' own mentions alone.")] = False,
    label_map: Annotated[
        str | None, typer.Option(show_default=False, help="Packaged label map, or a YAML file of LABEL: CORE lines.")
    ] = None,
    limit: Limit = None,
    executor: Executor = "local",
    tasks: Annotated[
        int | None, typer.Option(min=1, help="Tasks (default: one for a shard; on a cluster 4 for each worker).")
    ] = None,
    workers: Workers = 1,
    slurm_partition: SlurmPartition = "",
    slurm_time: SlurmTime = "24:00:00",
    slurm_memory: SlurmMemory = 4,
    slurm_account: SlurmAccount = "",
    slurm_qos: SlurmQos = "",
    dry_run: DryRun = False,
    config: Config = None,
) -> None:
    """Annotate DOCUMENTS into a layer; the same command continues a killed run.

    The layer is the same however many tasks and workers make it, here or on a cluster.
    """
    with needs_extra("annotation"):
        from gonerd.scale.ahead import begin_importing
        from gonerd.scale.stages import SlurmOptions, Where

        from .scale import STEP_MODULES

        begin_importing(STEP_MODULES, executor, workers)
        from .run import annotate_documents

        summary = annotate_documents(
            documents,
            out,
            pipeline,
            limit,
            rules=[] if bare else (rule or None),
            without=without or (),
            label_map=label_map,
            where=Where(
                executor=executor,
                tasks=tasks,
                workers=workers,
                slurm=SlurmOptions(slurm_partition, slurm_time, slurm_memory, slurm_qos, slurm_account),
                dry_run=dry_run,
            ),
            tell=lambda sentence: typer.echo(sentence, err=True),
        )
    if summary is None:
        return
    spans = ", ".join(f"{label} {count}" for label, count in summary.spans.items()) or "none"
    dropped = ", ".join(f"{label} {count}" for label, count in sorted(summary.dropped.items())) or "none"
    typer.echo(f"annotated {summary.documents} documents ({summary.shards_reused} shards kept from before) -> {out}")
    typer.echo(f"spans: {spans}; outside the core labels: {dropped}")
    for name, counts in summary.effects.items():
        typer.echo(f"{name:14} " + ", ".join(f"{what} {count}" for what, count in counts.items()))
