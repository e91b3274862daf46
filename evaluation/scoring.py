"""Scoring predictions against references: matched by id, nothing left out, every metric of the task."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from gonerd.errors import GonerdError

from .metrics import METRICS
from .tasks import Tally, Task

_NAMED = 5  # ids that a message lists


@dataclass(frozen=True)
class Matched:
    """Gold and predictions in the same order.

    Attributes:
        ids: Identifier of each example.
        documents: Document of each example.
        gold: What the metrics take.
        predicted: Likewise.
        missing: Ids without a prediction, scored as wrong.
        unknown: Ids of predictions that no example has, passed over.
    """

    ids: list[str]
    documents: list[str]
    gold: list[Any]
    predicted: list[Any]
    missing: list[str]
    unknown: list[str]


def match(
    task: Task,
    references: Mapping[str, tuple[str, Any]],
    predictions: Mapping[str, Any],
    *,
    partial: bool = False,
    names: tuple[str, str] = ("the references", "the predictions"),
) -> Matched:
    """Brings gold and predictions together.

    Args:
        task: The task.
        references: From id to document and gold.
        predictions: From id to prediction.
        partial: Count a missing prediction as wrong and pass over unknown ids, as the official scorers do, rather than
            refuse them.
        names: What to call the two sides in a message.

    Raises:
        UsageError: `partial` makes no sense for the task.
        GonerdError: The ids or the shapes differ, or an example has no public answer; the message names which.
    """
    missing = [key for key in references if key not in predictions]
    unknown = [key for key in predictions if key not in references]
    if (missing or unknown) and not partial:
        parts = [f"{names[1]} lacks {_listed(missing)} of {names[0]}"] if missing else []
        parts += [f"{names[0]} does not know {_listed(unknown)} of {names[1]}"] if unknown else []
        raise GonerdError(f"ids do not match: {' and '.join(parts)}; predict for this very file, or pass --partial")
    if len(missing) == len(references):
        raise GonerdError(f"{names[1]} has no prediction for any of the {len(references)} ids of {names[0]}")
    unanswered = [key for key, (_, gold) in references.items() if gold is None]
    if unanswered:
        raise GonerdError(f"{names[0]}: {_listed(unanswered)} has no gold answer; name a file of a split that has")
    predicted = []
    for key, (_, gold) in references.items():
        guess = predictions[key] if key in predictions else task.absent(gold)
        task.check(f"{names[1]}, id {key!r}", gold, guess)
        predicted.append(guess)
    documents, gold = ([pair[i] for pair in references.values()] for i in (0, 1))
    return Matched(list(references), documents, gold, predicted, missing, unknown)


def _listed(ids: Iterable[str]) -> str:
    ids = list(ids)
    shown = ", ".join(map(repr, ids[:_NAMED]))
    return f"{len(ids)} id{'s' if len(ids) > 1 else ''} ({shown}{', …' if len(ids) > _NAMED else ''})"


def numbers(task: Task, matched: Matched) -> tuple[float, dict[str, dict[str, Any]]]:
    """Computes the metrics of a task.

    Returns:
        The score, 0 to 1 (or from -1 for correlations), and the numbers of each metric in the official unit.
    """
    found = {name: METRICS.get(name).compute(matched.gold, matched.predicted) for name in task.metrics}
    shares = [found[name][METRICS.get(name).main] / METRICS.get(name).unit for name in task.headline]
    return sum(shares) / len(shares), found


def score_files(
    task: Task, predictions: Path, references: Path, *, partial: bool = False, options: Mapping[str, str | None]
) -> tuple[dict[str, Any], Matched]:
    """Scores a prediction file in the official format.

    Args:
        task: The task.
        predictions: The prediction file.
        references: The gold file of the original distribution.
        partial: See `match`.
        options: Options of the task's reader.

    Returns:
        Score, metrics and counts, as `gonerd evaluate score` prints them; and what was matched.

    Raises:
        UsageError: An option is unknown.
        GonerdError: A file cannot be read, or the two do not match.
    """
    given = task.checked(options)
    tally = Tally()
    gold = task.references(references, tally, **given)
    if not gold:
        raise GonerdError(f"{references}: holds no examples, so there is nothing to score")
    guesses = task.predictions(predictions, **given)
    matched = match(task, gold, guesses, partial=partial, names=(str(references), str(predictions)))
    score, metrics = numbers(task, matched)
    counts = {
        "read": tally.read,
        "set_aside": dict(tally.set_aside),
        "notes": dict(tally.notes),
        "before_limit": len(gold),
        "scored": len(gold),
        "missing": len(matched.missing),
        "unknown": len(matched.unknown),
    }
    return {
        "task": task.name,
        "task_version": task.version,
        "score": score,
        "metrics": metrics,
        "counts": counts,
    }, matched
