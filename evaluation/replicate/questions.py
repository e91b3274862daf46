"""The five questions that the reference leaves open, each with what the kept results say of it, in numbers alone."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from gonerd.evaluation.report.figures import NONE, interval, share

from .differences import Row, count, differences, points
from .evidence import Evidence
from .groups import GROUPS, Drawn, comparable, group_kept, so_far
from .systems import CTD, DTC, ENCODER, ENCODER_STUDENT, TAUGHT, is_efficient, students
from .technique import technique, varied

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
        Question("data-mix", "Which data mix is best for long-context distillation?", *_mix(config, evidence)),
        Question("technique", "Which distillation technique?", *technique(config, evidence)),
        Question("attentions", "Why do attention mechanisms distil differently?", *_attentions(config, evidence)),
        Question(
            "order", "Does Distill-Then-Convert repair the loss on long-context answers?", *_order(config, evidence)
        ),
        Question("backbone", "Does it hold for backbones other than RoBERTa?", _backbone(config, evidence)),
    ]


def _mix(config: Replicate, evidence: Evidence) -> tuple[list[str], list[Row]]:
    if len(evidence.text) < 1:
        return ["No model was trained on text yet."], []
    names = sorted({str(one["name"]) for one in evidence.text.values()})
    if len(names) == 1:
        return [f"One mix was used ({names[0]}), so these results say nothing about it."], []
    pairs = varied(config, lambda variant: variant.corpus is not None)
    rows = [row for first, second in pairs for row in differences(evidence, first, second)]
    found = [f"Mixes used: {', '.join(names)}."]
    return [*found, count(rows, "Another text against that of all other students")] if rows else found, rows


def _attentions(config: Replicate, evidence: Evidence) -> tuple[list[str], list[Row]]:
    rows = []
    pairs = [(name, f"{name}-{CTD}", name) for name in config.attentions]
    for name, student, teacher in [*pairs, ("full in windows", ENCODER_STUDENT, ENCODER)]:
        held = (evidence.models.get(student) or {}).get("held_out", {})
        kept = {title: group_kept(evidence, group, teacher, student) for group, title in GROUPS.items()}
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
        found = comparable(found)
        if len(found) < 2:
            continue
        most, least = max(found, key=lambda n: found[n].value), min(found, key=lambda n: found[n].value)
        part = so_far(config, group, found[most])
        apart = found[most].less(found[least]).interval
        ends = interval({"low": 100 * apart.low, "high": 100 * apart.high}, "+.1f") if apart else ""
        yield (
            f"{title}{f' ({part})' if part else ''}: {most} keeps most, {least} least; they differ by "
            f"{100 * (found[most].value - found[least].value):.1f} points{f' (95 % {ends})' if ends else ''}. The two "
            "were picked from all after the fact and the interval knows nothing of that, so it is no verdict."
        )


def _difference(first: Drawn, second: Drawn) -> str:
    found = first.less(second).interval
    return f"{100 * (first.value - second.value):+.1f} points" if found is None else f"{points(found)} (in points)"


def _order(config: Replicate, evidence: Evidence) -> tuple[list[str], list[Row]]:
    findings = []
    for system in (s for s in students(config) if is_efficient(s) and s.order in (CTD, DTC, TAUGHT)):
        short, long = (group_kept(evidence, group, str(system.teacher), system.name) for group in ("short", "long-qa"))
        if short and long and not so_far(config, "short", short) and not so_far(config, "long-qa", long):
            what = f"{system.title} keeps {share(long.value)} on long-context answers and {share(short.value)} on short"
            findings.append(f"{what}: {_difference(long, short)}.")
    rows = [
        row for name in config.distill_then_convert for row in differences(evidence, f"{name}-{CTD}", f"{name}-{DTC}")
    ]
    long_qa = {name for name, task in evidence.tasks.items() if task.group == "long-qa"}
    for taught in (one for one in config.taught if one.teacher):
        rows += [row for row in differences(evidence, taught.student, taught.name) if row["task"].strip("`") in long_qa]
    if rows:
        findings.append(count(rows, "Distill-Then-Convert, and task distillation on long-context answers"))
    return findings or ["No student was scored on all tasks of both kinds yet."], rows


def _backbone(config: Replicate, evidence: Evidence) -> list[str]:
    made = evidence.models.get(ENCODER)
    if made is None:
        return ["No model was made yet."]
    found = [f"The encoder here is {config.encoder.title}, {made.get('layers')} layers, {made.get('attention_used')}."]
    for group, title in GROUPS.items():
        kept = {
            s.name: one
            for s in filter(is_efficient, students(config, CTD))
            if (one := group_kept(evidence, group, str(s.teacher), s.name))
        }
        alike = comparable(kept)
        if alike:
            values = [one.value for one in alike.values()]
            part = so_far(config, group, next(iter(alike.values())))
            what = f"{title}{f' ({part})' if part else ''}: {len(alike)} students"
            found.append(f"{what} keep {share(min(values))} to {share(max(values))}.")
    return found
