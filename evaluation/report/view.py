"""What a report says, before it is written as a page or as Markdown."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from gonerd.evaluation.compare.pairs import CompareSettings
from gonerd.evaluation.compare.side import without_seed
from gonerd.evaluation.schema.parts import Environment
from gonerd.evaluation.tasks import TASKS

from . import prose
from .browser import Browser, browse
from .charts import buckets, cost_quality, curves
from .collect import Collection
from .pairing import Compared
from .plots import Plot
from .published import published_rows
from .runs import Column
from .tables import Table, kept_rows, matrix_rows, summary_rows
from .task_tables import count_rows, metric_rows, part_rows, runs_of
from .texts import Texts, TextSettings, load_texts
from .times import missing_rows, time_rows, time_saved


@dataclass(frozen=True)
class TaskView:
    """One task over certain examples.

    Attributes:
        anchor: Where the page's links lead.
        title: Task and split.
        facts: What the task and its data are, a sentence each.
        tables: Metrics, counts, parts.
        plots: F1 by position, where it is known.
        browsers: Examples with errors, one browser a pair.
    """

    anchor: str
    title: str
    facts: list[str]
    tables: list[Table]
    plots: list[Plot]
    browsers: list[Browser]


@dataclass(frozen=True)
class View:
    """Everything that a report says.

    Attributes:
        pairs: "teacher against student" of each pair.
        tables: Summary, score kept by task, published numbers, all scores, times; in this order.
        plots: Cost against quality, time and memory against length.
        tasks: One view a column.
        notes: How it was measured, a sentence each.
        environments: What it was measured with.
    """

    pairs: list[tuple[str, str]]
    tables: dict[str, Table]
    plots: list[Plot]
    tasks: list[TaskView]
    notes: list[str]
    environments: list[Environment]


def build(
    found: Collection, compared: Sequence[Compared], settings: CompareSettings, texts: TextSettings, examples: int
) -> View:
    """Gathers what a report says.

    Args:
        found: The results.
        compared: The pairs.
        settings: How they were compared.
        texts: Where texts come from, and whether they may be shown.
        examples: Most examples in an error browser.
    """
    times = [time_saved(found.cells, pair.teacher, pair.student) for pair in compared]
    conditions = sorted({row["condition"] for row in times if row})
    teachers = {without_seed(pair.student): pair.teacher for pair in compared}
    on = f" Times compare on {'; '.join(conditions)}." if conditions else ""
    tables = {
        "summary": Table("What was kept, what was saved", summary_rows(found, compared, times), prose.SUMMARY + on),
        "kept": Table(
            "Score kept, task by task", kept_rows(found, compared), prose.KEPT.format(margin=settings.margin)
        ),
        "published": Table("Beside the published numbers", published_rows(compared, times), prose.published(found)),
        "matrix": Table("All scores", matrix_rows(found), prose.MATRIX),
        "times": Table("Time and memory", time_rows(found.cells, teachers), prose.TIMES),
    }
    if found.not_measured:
        tables["missing"] = Table("Not measured", missing_rows(found.not_measured))
    cost = cost_quality(found, compared)
    tasks = [_task(found, compared, column, number, texts, examples) for number, column in enumerate(found.columns)]
    pairs = [(pair.teacher, pair.student) for pair in compared]
    plots = [*([cost] if cost else []), *curves(found.cells)]
    return View(pairs, tables, plots, tasks, prose.measured(found), found.environments)


def _task(
    found: Collection,
    compared: Sequence[Compared],
    column: Column,
    number: int,
    texts: TextSettings,
    examples: int,
) -> TaskView:
    task, title = TASKS.get(column.task), found.columns[column]
    dataset = next(iter(runs_of(found, column).values())).result.dataset
    source = " ".join(filter(None, (dataset.name, dataset.config, dataset.version and f"at {dataset.version}")))
    facts = [
        f"{task.title}, version {column.version}: {task.kind}.",
        f"Data: {source}; licence: {task.licence}. {task.source}.",
        f"Headline: {' and '.join(task.headline)}.",
    ]
    tables = [Table("Metrics", metric_rows(found, column)), Table("Counts", count_rows(found, column), prose.COUNTS)]
    tables += [Table(name, rows) for name, rows in part_rows(found, column)]
    browsers: list[Browser] = []
    held: dict[Path, Texts] = {}
    for pair in compared:
        if examples and column in pair.scored:
            scored = pair.scored[column]
            if scored[0].path not in held:
                held[scored[0].path] = load_texts(scored[0], texts)
            browsers.append(browse((pair.teacher, pair.student), scored, held[scored[0].path], examples))
    return TaskView(f"task-{number}", title, facts, tables, buckets(found, column), browsers)
