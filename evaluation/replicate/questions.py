"""The five questions that the reference leaves open, each with what the kept results say of it, in numbers alone."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from gonerd.evaluation.report.figures import NONE, share

from .differences import Row, count, differences, points
from .evidence import Evidence
from .groups import GROUPS, Drawn, group_kept
from .systems import ALONE, CTD, DTC, ENCODER
from .targets import efficient_students

if TYPE_CHECKING:
    from .config import Replicate


@dataclass(frozen=True)
class Question:
    """A question with its evidence.

    Attributes:
        key: Its name, by which remarks refer to it.
        asked: The question.
        findings: Sentences with the numbers.
        rows: A table; may be empty.
    """

    key: str
    asked: str
    findings: list[str]
    rows: list[Row] = field(default_factory=list)


def questions(config: Replicate, evidence: Evidence) -> list[Question]:
    """Returns the questions in the order in which the reference raises them, the long-QA weakness with the fourth."""
    return [
        Question("data-mix", "Which data mix is best for long-context distillation?", _mix(evidence)),
        Question("technique", "Which distillation technique?", *_technique(config, evidence)),
        Question("attentions", "Why do attention mechanisms distil differently?", *_attentions(config, evidence)),
        Question(
            "order", "Does Distill-Then-Convert repair the loss on long-context answers?", *_order(config, evidence)
        ),
        Question("backbone", "Does it hold for backbones other than RoBERTa?", _backbone(config, evidence)),
    ]


def _mix(evidence: Evidence) -> list[str]:
    if len(evidence.text) < 1:
        return ["No model was trained on text yet."]
    names = sorted({str(one["name"]) for one in evidence.text.values()})
    if len(names) == 1:
        return [f"One mix was used ({names[0]}), so these results say nothing about it."]
    return [f"Mixes used: {', '.join(names)}."]


def _technique(config: Replicate, evidence: Evidence) -> tuple[list[str], list[Row]]:
    pairs = [(f"{name}-{ALONE}", f"{name}-{CTD}") for name in config.alone]
    pairs += [(taught.student, taught.name) for taught in config.taught]
    rows = [row for first, second in pairs for row in differences(evidence, first, second)]
    if not rows:
        return ["Neither the control without a teacher nor task distillation was scored yet."], []
    return [count(rows, "A teacher against none, and its answers on the task against labels alone")], rows


def _attentions(config: Replicate, evidence: Evidence) -> tuple[list[str], list[Row]]:
    rows = []
    for name in config.attentions:
        student = f"{name}-{CTD}"
        held = (evidence.models.get(student) or {}).get("held_out", {})
        kept = {title: group_kept(evidence, group, name, student) for group, title in GROUPS.items()}
        row: Row = {"attention": name}
        row["held-out loss of hidden words"] = f"{held['eval_masked_lm']:.3f}" if "eval_masked_lm" in held else NONE
        row |= {f"{title} kept": NONE if one is None else share(one.value) for title, one in kept.items()}
        rows.append(row)
    findings = list(_apart(config, evidence))
    return findings or ["Fewer than two attentions were scored with teacher and student yet."], rows


def _apart(config: Replicate, evidence: Evidence) -> Iterator[str]:
    """Says for each group how far the attention that keeps most lies before the one that keeps least."""
    for group, title in GROUPS.items():
        found = {
            name: kept for name in config.attentions if (kept := group_kept(evidence, group, name, f"{name}-{CTD}"))
        }
        if len(found) < 2:
            continue
        most, least = max(found, key=lambda n: found[n].value), min(found, key=lambda n: found[n].value)
        ends = _difference(found[most], found[least])
        yield f"{title}: {most} keeps most, {least} least; they differ by {ends}."


def _difference(first: Drawn, second: Drawn) -> str:
    found = first.less(second).interval
    return f"{100 * (first.value - second.value):+.1f} points" if found is None else f"{points(found)} (in points)"


def _order(config: Replicate, evidence: Evidence) -> tuple[list[str], list[Row]]:
    findings = []
    for system in efficient_students(config, CTD):
        assert system.teacher is not None
        short, long = (group_kept(evidence, group, system.teacher, system.name) for group in ("short", "long-qa"))
        if short and long:
            what = f"{system.title} keeps {share(long.value)} on long-context answers and {share(short.value)} on short"
            findings.append(f"{what}: {_difference(long, short)}.")
    rows = [
        row for name in config.distill_then_convert for row in differences(evidence, f"{name}-{CTD}", f"{name}-{DTC}")
    ]
    long_qa = {name for name, task in evidence.tasks.items() if task.group == "long-qa"}
    for taught in config.taught:
        rows += [row for row in differences(evidence, taught.student, taught.name) if row["task"].strip("`") in long_qa]
    if rows:
        findings.append(count(rows, "Distill-Then-Convert, and task distillation on long-context answers"))
    return findings or ["No student was scored on both kinds of tasks yet."], rows


def _backbone(config: Replicate, evidence: Evidence) -> list[str]:
    made = evidence.models.get(ENCODER)
    if made is None:
        return ["No model was made yet."]
    found = [f"The encoder here is {config.encoder.title}, {made.get('layers')} layers, {made.get('attention_used')}."]
    for group, title in GROUPS.items():
        kept = [
            one.value
            for s in efficient_students(config, CTD)
            if s.teacher and (one := group_kept(evidence, group, s.teacher, s.name))
        ]
        if kept:
            found.append(f"{title}: its students keep {share(min(kept))} to {share(max(kept))}.")
    return found
