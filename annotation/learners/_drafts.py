"""What the readers share: the base pipeline stays, a reader of its drafts is fitted and lies in its folder."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from gonerd.annotation.annotator import Annotator
from gonerd.annotation.draft import Draft
from gonerd.annotation.reader import NAME
from gonerd.annotation.readers import AnyReader
from gonerd.annotation.select_rules import Reviewed, f1
from gonerd.records import Span

from . import TrainSettings, TrainSummary, name_after

Drafts = Iterator[tuple[Draft, Sequence[Span]]]
Fit = Callable[[Drafts], tuple[AnyReader, int]]


def learn_from_drafts(
    training: Sequence[Reviewed],
    validation: Sequence[Reviewed],
    folder: Path,
    out: Path,
    settings: TrainSettings,
    fit: Fit,
) -> TrainSummary:
    """Fits a reader and writes the base pipeline beside it.

    Args:
        training: Texts with their right spans.
        validation: Others, to say how good it is.
        folder: Where to write.
        out: The folder's final name.
        settings: How.
        fit: Fits a reader on drafts with their right spans, writes it into `folder` and returns it with the number of
            passes that it took.

    Returns:
        Counts, and F1 on the validation texts before and after.
    """
    annotator = Annotator.load([settings.base])
    annotator.reader, passes = fit(_with_right_spans(annotator, training))
    before, after = _before_and_after(annotator, validation)
    rules = [*annotator.steps, *(rule.name for rule in annotator.rules), NAME]
    learned = sum(len(spans) for _, spans in training)
    summary = TrainSummary(len(training), len(validation), learned, 0, passes, [before], after, rules)
    nlp = annotator.pipelines[0].nlp
    name_after(nlp, out)
    nlp.meta["gonerd"] = {"settings": dataclasses.asdict(settings), **dataclasses.asdict(summary), "rules": None}
    nlp.to_disk(folder)
    return summary


def _with_right_spans(annotator: Annotator, reviewed: Sequence[Reviewed]) -> Drafts:
    drafts = annotator.drafts([text for text, _ in reviewed])
    for draft, (_, spans) in zip(drafts, reviewed, strict=True):
        yield draft, spans


def _before_and_after(annotator: Annotator, reviewed: Sequence[Reviewed]) -> tuple[float, float]:
    """Returns F1 of the drafts without and with the annotator's reader."""
    reader = annotator.reader
    scores = []
    for used in (None, reader):
        annotator.reader = used
        scores.append(f1(list(annotator.spans([text for text, _ in reviewed])), reviewed))
    return scores[0], scores[1]
