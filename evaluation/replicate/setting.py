"""The setting of the reference beside that of a replication, and the machine that its numbers are from."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from gonerd.evaluation.report.figures import NONE

from .evidence import Evidence
from .places import Folders
from .recipes import recipe_of, tokens_of
from .systems import CTD, ENCODER

if TYPE_CHECKING:
    from .config import Replicate


def setting_rows(config: Replicate, evidence: Evidence) -> list[dict[str, Any]]:
    """Returns a row a difference."""
    made = evidence.models.get(ENCODER, {})
    layers = made.get("layers")
    rows = [
        ("encoder", "RoBERTa-base, 12 layers", config.encoder.title + (f", {layers} layers" if layers else "")),
        ("student", "half the layers", f"half the layers ({config.layers})"),
        ("longest text", "4,096 tokens", f"{config.max_length:,} tokens"),
        ("attentions", "longformer, bigbird, lsg, nystromformer", ", ".join(config.attentions)),
        ("text read in distillation", "about 19 GB", f"{_tokens(config):,} tokens a student"),
        ("losses", "2 MLM + 5 soft targets (T 2) + 1 cosine", _losses(config)),
        ("orders", "Convert-Then-Distill", "Convert-Then-Distill" + _other_order(config)),
        ("tasks", "GLUE, SQuAD, CoNLL-2003, HotpotQA, TriviaQA, GONERD", ", ".join(_tasks(config, evidence))),
        (f"seeds of {_seeded(config)}", "not stated", ", ".join(map(str, _seeds(config, evidence)))),
        ("machine", "GPU", ", ".join(sorted({str(r.result.environment.device) for r in evidence.runs})) or NONE),
    ]
    return [{"what": what, "published": theirs, "here": ours} for what, theirs, ours in rows]


def _tokens(config: Replicate) -> int:
    """Returns what the students of Convert-Then-Distill read, as the configuration has it: see `check_made`."""
    name = f"{next(iter(config.attentions))}-{CTD}"
    return tokens_of(next(step for step in recipe_of(config, Folders(config, Path())).steps if step.name == name))


def _tasks(config: Replicate, evidence: Evidence) -> list[str]:
    """Returns the tasks that were scored, or will be where none was yet."""
    return [name for name in config.tasks if name in evidence.tasks] or list(config.tasks)


def _seeded(config: Replicate) -> str:
    return "models and fine-tuning" if config.models_by_seed else "fine-tuning"


def _seeds(config: Replicate, evidence: Evidence) -> list[int]:
    found = {run.result.settings.seed for run in evidence.runs}
    return sorted(seed for seed in found if seed is not None) or list(config.seeds)


def _losses(config: Replicate) -> str:
    if config.losses is None:
        return "the same"
    return ", ".join(f"{told.get('weight', 1):g} {name}" for name, told in config.losses.items())


def _other_order(config: Replicate) -> str:
    return f"; Distill-Then-Convert ({', '.join(config.distill_then_convert)})" if config.distill_then_convert else ""


def environment_lines(evidence: Evidence) -> Iterator[str]:
    """Yields what the results were made with."""
    runs = [run.result for run in evidence.runs]
    if runs:
        yield f"{len(runs)} results of scores, {sum(r.counts.truncated or 0 for r in runs)} words cut off in all"
        commits = sorted({(r.environment.git.commit[:10], r.environment.git.dirty) for r in runs if r.environment.git})
        yield "commits: " + (", ".join(c + (" (changed since)" if d else "") for c, d in commits) or "none stated")
        libraries: dict[str, set[str]] = defaultdict(set)
        for run in runs:
            for name, version in run.environment.libraries.items():
                libraries[name] |= {version} if version else set()
        yield "libraries: " + ", ".join(f"{name} {' and '.join(sorted(v))}" for name, v in libraries.items() if v)
    if evidence.others:
        yield f"results of tasks that the configuration does not name are left out: {', '.join(evidence.others)}"
    for name, result in evidence.times.items():
        hardware, cell = result.hardware, result.cells[0] if result.cells else None
        where = hardware.get("processor") or result.environment.device
        conditions = f", {cell.dtype.removeprefix('torch.')}, {cell.threads} threads" if cell else ""
        yield f"{name}: {where}{conditions}, {len(result.cells)} cells, {len(result.not_measured)} without figures"
        reasons: dict[str, list[str]] = defaultdict(list)
        for one in result.not_measured:
            reasons[one.reason].append(f"{one.model} at {one.length:,}")
        yield from (f"no figures of {', '.join(cells)}: {reason}" for reason, cells in reasons.items())
