"""`gonerd annotate`: make annotation layers and write them out."""

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
    Seed,
    SlurmAccount,
    SlurmMemory,
    SlurmPartition,
    SlurmQos,
    SlurmTime,
    Workers,
    command_group,
)

app = command_group("Annotate documents with a spaCy pipeline, import, compare, adjudicate and export layers.")


@app.command()
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


@app.command()
def train(
    documents: Annotated[Path, typer.Argument(help="Folder of documents, or a JSONL file with id and text.")],
    layer: Annotated[list[Path], typer.Option(help="Reviewed layer; the first that has a document counts.")],
    out: Annotated[Path, typer.Option(help="Folder of the pipeline, for `annotate run --pipeline`.")],
    kind: Annotated[
        str,
        typer.Option(
            help="recogniser: a spaCy recogniser; reader: a second reader of the base's drafts, in seconds; encoder: "
            "such a reader with a pretrained encoder, the best, in minutes (extra `models`)."
        ),
    ] = "recogniser",
    base: Annotated[str, typer.Option(help="spaCy pipeline to start from; blank for nothing.")] = "sm",
    validation: Annotated[float, typer.Option(help="Share of documents held out, to stop by.")] = 0.1,
    epochs: Annotated[
        int | None, typer.Option(show_default=False, help="Most passes over the documents (default: the kind's own).")
    ] = None,
    patience: Annotated[int, typer.Option(help="Passes without a better score before it stops.")] = 3,
    encoder: Annotated[
        str,
        typer.Option(
            help="Folder (`gonerd models teacher` prints one) or hub id of the encoder under a reader; a pipeline that "
            "was trained so is trained on."
        ),
    ] = "sentence-transformers/all-MiniLM-L6-v2",
    fits: Annotated[
        int | None,
        typer.Option(
            show_default=False,
            help="Fits of kind encoder with other seeds, whose mean is kept (default: 3 where there is little to learn "
            "from, else 1).",
        ),
    ] = None,
    seed: Seed = 0,
    config: Config = None,
) -> None:
    """Learn from what was reviewed, on a CPU: a recogniser, or a reader that corrects the drafts of a pipeline."""
    with needs_extra("annotation"):
        from .train import TrainSettings
        from .train import train as fit

        settings = TrainSettings(kind, base, validation, epochs, patience, seed=seed, encoder=encoder, fits=fits)
        summary = fit(documents, layer, out, settings)
    typer.echo(
        f"learned from {summary.spans} spans of {summary.documents} documents in {summary.epochs} passes "
        f"({summary.misaligned} spans cut a token and were left out) -> {out}"
    )
    typer.echo(
        f"F1 on {summary.validation_documents} documents held out: {100 * max(summary.f1):.1f}, with rules "
        f"{100 * summary.f1_with_rules:.1f} ({', '.join(summary.rules) or 'none helps'})"
    )


@app.command()
def export(
    layer: Annotated[Path, typer.Argument(help="Folder of the annotation layer.")],
    documents: Annotated[Path, typer.Option(help="The annotated documents.")],
    out: Annotated[Path, typer.Option(help="File to write; of brat a folder.")],
    format: Annotated[
        str, typer.Option(help="jsonl, conll, docbin, label-studio, doccano, prodigy, argilla or brat.")
    ] = "jsonl",
    config: Config = None,
) -> None:
    """Write LAYER with its documents for another tool."""
    with needs_extra("annotation"):
        from .export import export_layer

        count = export_layer(layer, documents, out, format)
    typer.echo(f"exported {count} documents -> {out}")


@app.command("import")
def import_(
    source: Annotated[str, typer.Argument(help="File of a tool, or sample:annotator-a, sample:annotator-b.")],
    documents: Annotated[Path, typer.Option(help="The annotated documents.")],
    out: Annotated[Path, typer.Option(help="Folder of the layer; its name is the layer's.")],
    format: Annotated[
        str, typer.Option(help="jsonl, conll, docbin, label-studio, doccano, prodigy, argilla or brat.")
    ] = "jsonl",
    offsets: Annotated[
        str | None,
        typer.Option(show_default=False, help="code-point, utf-16 or grapheme (default: what the tool counts in)."),
    ] = None,
    annotator: Annotated[
        str | None, typer.Option(show_default=False, help="Whose annotations, where the file holds several people's.")
    ] = None,
    config: Config = None,
) -> None:
    """Make a layer from what people marked in a tool, checked against the text of every document."""
    from .layers import import_layer

    summary = import_layer(source, documents, out, format, offsets=offsets, annotator=annotator)
    aside = ", ".join(f"{reason} {count}" for reason, count in summary.set_aside.items()) or "none"
    typer.echo(f"imported {summary.documents} of {summary.given} documents (set aside: {aside}) -> {out}")


@app.command()
def agree(
    first: Annotated[Path, typer.Argument(help="Layer of one annotator.")],
    second: Annotated[Path, typer.Argument(help="Layer of the other.")],
    documents: Annotated[Path, typer.Option(help="The annotated documents.")],
    also: Annotated[
        list[Path] | None, typer.Option(show_default=False, help="Layer of a further annotator; may be repeated.")
    ] = None,
    out: Annotated[Path | None, typer.Option(show_default=False, help="JSON file for the measures.")] = None,
    differences: Annotated[
        Path | None, typer.Option(show_default=False, help="JSONL file for where FIRST and SECOND differ, by type.")
    ] = None,
    seed: Seed = 0,
    config: Config = None,
) -> None:
    """Measure how far layers agree: exact, overlap and boundary F1, Cohen's and Fleiss' kappa, Krippendorff's alpha."""
    from dataclasses import asdict

    from gonerd.files import write_json

    from .agree import agree as count_agreement
    from .agree import agree_all
    from .disagreements import list_disagreements

    agreement = count_agreement(first, second, documents)
    measures = agreement.measure(seed)
    if (boundary := agreement.boundary(seed)) is not None:
        measures["boundary"] = {"micro": boundary}
    layers = [first, second, *(also or [])]
    measures.update({name: {"micro": found} for name, found in agree_all(layers, documents).measure(seed).items()})
    typer.echo(f"{agreement.documents} documents in both layers")
    for measure, values in measures.items():
        for label, found in values.items():
            typer.echo(f"{measure:18} {label:6} {found.value:.3f}  [{found.low:.3f}, {found.high:.3f}]")
    if differences:
        kinds = list_disagreements(first, second, documents, differences)
        typer.echo(f"differences: {', '.join(f'{k} {n}' for k, n in sorted(kinds.items())) or 'none'} -> {differences}")
    if out:
        rows = {
            measure: {label: asdict(found) for label, found in values.items()} for measure, values in measures.items()
        }
        named = {"first": str(first), "second": str(second), "also": [str(path) for path in also or []]}
        write_json(out, {**named, "documents": agreement.documents, **rows})


@app.command()
def adjudicate(
    first: Annotated[Path, typer.Argument(help="Layer of one annotator.")],
    second: Annotated[Path, typer.Argument(help="Layer of the other.")],
    documents: Annotated[Path, typer.Option(help="The annotated documents.")],
    decisions: Annotated[
        str, typer.Option(help="JSONL file with a decision for each disagreement, or sample:decisions.")
    ],
    out: Annotated[Path, typer.Option(help="Folder of the gold layer.")],
    config: Config = None,
) -> None:
    """Make a gold layer: what both annotators have, and a decision with its reason wherever they differ."""
    from .adjudicate import adjudicate as decide

    summary = decide(first, second, documents, decisions, out)
    spans = ", ".join(f"{origin} {count}" for origin, count in sorted(summary.spans.items())) or "none"
    kinds = ", ".join(f"{kind} {count}" for kind, count in summary.decisions.items()) or "none"
    typer.echo(f"{summary.documents} documents, spans: {spans}; decisions: {kinds} -> {out}")


# The commands of review register themselves on the same group.
from . import review_cli  # noqa: E402, F401
