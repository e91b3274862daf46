"""What distillation is worth: teacher, half its layers before and after it, and the same half trained as long alone.

Usage: python benchmarks/distill_worth.py --model FOLDER [--work FOLDER] [--data ../shared/data] [--seeds 2]
    [--only teacher,start] [--out benchmarks/results/distill-worth.json]

The recipe is `configs/distill/one-cpu.yaml`, on rows of 128 tokens. All four models are measured on held-out documents,
on the same hidden words, and then fine-tuned alike for two tasks (`worth_tasks.py`); the student a second time with
what its teacher, fine-tuned before, says of the task. Student and lone student take the same steps over the same rows.
What is done stays in --work, so the same command goes on after a kill; --only fine-tunes some of the models and stops,
beside another process perhaps.
"""

from __future__ import annotations

import argparse
import os
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from worth_tasks import TAUGHT, TEACHING, TOLD, Trial, answers, compared, difference, names, scored

from gonerd.annotation.encoder.device import best_device, half_precision
from gonerd.evaluation.environment import environment
from gonerd.files import read_json, write_json
from gonerd.markdown import table
from gonerd.models.allocator import keep_freed_memory
from gonerd.models.corpus import Corpus, Mix, build_corpus, open_corpus
from gonerd.models.distill import Recipe, read_recipe, run_recipe
from gonerd.models.distill.draws import Draws
from gonerd.models.distill.encoding import encode
from gonerd.models.distill.masking import Masking
from gonerd.models.distill.steps.pretrain import Pretrain
from gonerd.models.load import load_model
from gonerd.models.losses import precise
from gonerd.models.save import NOTE, save

RECIPE = Path(__file__).parent.parent / "configs" / "distill" / "one-cpu.yaml"
TEACHER, BEFORE, AFTER, ALONE = MODELS = ("teacher", "start", "student", "alone")
WEIGHTS = {"books": 1, "contracts": 4, "opinions": 6}  # by documents, which are of unlike length
MASKING_SEED, TOGETHER = 1, 32  # rows of one document are no independent draws: 32 neighbours are drawn as one


def corpus(told: argparse.Namespace) -> Corpus:
    """Builds the corpus, or opens it."""
    members = [
        {"name": name, "path": (told.data / "text" / f"{name}.jsonl.gz").resolve(), "weight": weight}
        for name, weight in WEIGHTS.items()
    ]
    mix = Mix.model_validate(
        {
            "name": "worth",
            "tokenizer": str(told.model),
            "max_length": 128,
            "tokens": 4_000_000,
            "held_out": 0.05,
            "members": members,
            "filters": {"min_characters": 500},
        }
    )
    return build_corpus(mix, told.work / "corpus")


def encoder(told: argparse.Namespace) -> Path:
    """Makes a copy of the pretrained encoder without dropout, which short runs learn worse and slower with."""
    folder: Path = told.work / "encoder"
    if not (folder / NOTE).is_file():
        model, tokenizer = load_model(told.model, "base", hidden_dropout_prob=0.0, attention_probs_dropout_prob=0.0)
        save(model, tokenizer, folder, {"made_by": "benchmarks/distill_worth.py"})
    return folder


def longer(recipe: Recipe, steps: int | None) -> Recipe:
    """Returns the recipe with so many steps in every training."""
    if steps is None:
        return recipe
    changed = [
        step.model_copy(update={"training": step.training.model_copy(update={"steps": steps})})
        if isinstance(step, Pretrain)
        else step
        for step in recipe.steps
    ]
    return recipe.model_copy(update={"steps": tuple(changed)})


def held_out(text: Corpus, folder: Path) -> dict[str, Any]:
    """Measures all models on the same hidden words of documents that none has read.

    Returns:
        By model an array [groups of rows, 4]: summed loss, right words, words on which it agrees with the teacher, and
        summed KL divergence from the teacher; and `words` [groups].
    """
    models = {name: load_model(folder / name, "masked-lm", device=best_device()) for name in MODELS}
    masking = Masking.of(models[TEACHER][1], 0.15, False, MASKING_SEED)
    rows = Draws(text.rows("held-out"), text.count("held-out"), None)
    sums: dict[str, list[Any]] = {name: [] for name in MODELS}
    words = []
    for first in range(0, len(rows), TOGETHER):
        batch = masking([rows[i] for i in range(first, min(first + TOGETHER, len(rows)))])
        ids, real, labels = (batch[key].to(best_device()) for key in ("input_ids", "attention_mask", "labels"))
        where = labels != -100
        teacher = None
        for name, (model, _) in models.items():
            with torch.inference_mode(), half_precision(best_device()):
                found = encode(model, ids, real, (), True)
                logits = precise(found.vocabulary(found.last[where])).log_softmax(-1)
            teacher = logits if teacher is None else teacher
            sums[name].append(_measures(logits, teacher, labels[where]))
        words.append(int(where.sum()))
    return {"words": np.array(words), **{name: np.array(found) for name, found in sums.items()}}


def _measures(found: torch.Tensor, teacher: torch.Tensor, right: torch.Tensor) -> list[float]:
    return [
        float(F.nll_loss(found, right, reduction="sum")),
        float((found.argmax(-1) == right).sum()),
        float((found.argmax(-1) == teacher.argmax(-1)).sum()),
        float(F.kl_div(found, teacher, reduction="sum", log_target=True)),
    ]


MEASURES = ("masked_lm_loss", "accuracy", "agreement_with_teacher", "kl_from_teacher")
HELD_OUT = "held-out"
LOWER = {"masked_lm_loss", "kl_from_teacher"}


def text_results(found: dict[str, Any]) -> dict[str, Any]:
    """Returns the means by model, perplexity among them, and what the student has before the lone one."""
    means = {n: dict(zip(MEASURES, (found[n].sum(0) / found["words"].sum()).tolist(), strict=True)) for n in MODELS}
    for one in means.values():
        one["perplexity"] = float(np.exp(one["masked_lm_loss"]))
    pairs = {}
    for i, name in enumerate(MEASURES):
        lone, taught = (np.stack([found[n][:, i], found["words"]], axis=1) for n in (ALONE, AFTER))
        pairs[name] = difference(lone, taught, lambda sums: sums[..., 0] / sums[..., 1])
    return {"hidden_words": int(found["words"].sum()), "models": means, "student_less_alone": pairs}


def text_results_kept(text: Corpus, folder: Path, kept: Path) -> dict[str, Any]:
    """Measures the models on held-out text, or returns what an earlier run measured of the same models."""
    weights = {name: one["weights_sha256"] for name, one in facts_of(folder).items()}
    found: dict[str, Any] = read_json(kept, "remove it") if kept.is_file() else {}
    if found.get("weights") != weights:
        found = {"weights": weights, **text_results(held_out(text, folder))}
        write_json(kept, found)
    return {key: value for key, value in found.items() if key != "weights"}


def finetuned(trial: Trial, name: str, folder: Path, work: Path) -> dict[str, Any]:
    """Fine-tunes and scores one of the models; the taught one is the student, its teacher fine-tuned before."""
    return (
        scored(trial, folder / AFTER, work, folder / TEACHER) if name == TAUGHT else scored(trial, folder / name, work)
    )


def task_results(trial: Trial, folder: Path, work: Path) -> dict[str, Any]:
    """Fine-tunes and scores the models; what the student has before the lone one, and keeps of its teacher."""
    found = {name: finetuned(trial, name, folder, work) for name in (*MODELS, TAUGHT)}
    pairs = {
        "taught_less_alone": compared(trial, found[ALONE], found[TAUGHT]),
        "taught_less_student": compared(trial, found[AFTER], found[TAUGHT]),
        "taught_less_teacher": compared(trial, found[TEACHER], found[TAUGHT]),
        "student_less_alone": compared(trial, found[ALONE], found[AFTER]),
        "student_less_start": compared(trial, found[BEFORE], found[AFTER]),
        "student_less_teacher": compared(trial, found[TEACHER], found[AFTER]),
    }
    models = {name: {k: v for k, v in one.items() if k != "counts"} for name, one in found.items()}
    settings = {name: getattr(trial.settings, name) for name in TOLD}
    return {"data": trial.facts, "settings": settings, "teaching": TEACHING, "models": models, **pairs}


def curves(folder: Path) -> dict[str, Any]:
    """Returns the logged losses by step of every training."""
    kept = ("step", "loss", "eval_loss")
    return {
        name: [
            {k: v for k, v in entry.items() if k in kept or k.startswith(("loss_", "eval_"))}
            for entry in read_json(folder / f"{name}.training" / "log.json", "train again")
            if "loss" in entry or "eval_loss" in entry
        ]
        for name in (TEACHER, AFTER, ALONE)
    }


def verdicts(report: dict[str, Any]) -> dict[str, Any]:
    """Says of each measure whether the student is ahead of the lone one, and whether its interval excludes none."""
    found = {}
    pairs = {f"held-out {name}": (pair, name in LOWER) for name, pair in report["text"]["student_less_alone"].items()}
    pairs |= {name: (task["student_less_alone"], False) for name, task in report["tasks"].items()}
    pairs |= {f"{name}, {TAUGHT}": (task["taught_less_alone"], False) for name, task in report["tasks"].items()}
    for name, (pair, lower) in pairs.items():
        sign = -1 if lower else 1
        ends = sorted(sign * pair["difference"][end] for end in ("low", "high"))
        found[name] = {"ahead": sign * pair["difference"]["value"] > 0, "interval_above_0": ends[0] > 0}
    return found


def show(report: dict[str, Any]) -> None:
    """Prints the tables."""
    rows = []
    for name in (*MODELS, TAUGHT):
        same = AFTER if name == TAUGHT else name  # before it is fine-tuned
        text = report["text"]["models"][same]
        scores = {
            t: " ".join(f"{s:.3f}" for s in task["models"][name]["scores"]) for t, task in report["tasks"].items()
        }
        measured = {"perplexity": f"{text['perplexity']:.2f}", "agrees": f"{text['agreement_with_teacher']:.3f}"}
        rows.append({"model": name, "layers": str(report["models"][same]["layers"]), **measured, **scores})
    print(table(rows), *(f"{name}: {found}" for name, found in report["verdicts"].items()), sep="\n")


def facts_of(folder: Path) -> dict[str, Any]:
    """Returns what the notes of the models say of their making, without the corpus, which is said once."""
    kept = ("layers", "weights_sha256", "losses", "best_step", "loss", "held_out", "tokens_per_second", "hardware")
    notes = {name: read_json(folder / name / NOTE, "run the recipe again") for name in MODELS}
    return {name: {k: note[k] for k in kept if k in note} for name, note in notes.items()}


def settings_of(recipe: Recipe) -> dict[str, Any]:
    """Returns what each step was told, without the folders of this machine."""
    kept = ("layers", "losses", "training")
    told = {step.name: step.model_dump(mode="json") for step in recipe.steps}
    return {name: {k: values[k] for k in kept if k in values} for name, values in told.items()}


def trials_of(told: argparse.Namespace) -> Sequence[Trial]:
    """Returns the tasks."""
    questions = told.data / "qa" / "squadshifts_new_wiki.jsonl.gz"
    made = {
        "conll2003": lambda: names(told.data / "ner", told.ner_documents, told.ner_epochs, told.seeds),
        "squad": lambda: answers(questions, told.questions, told.qa_epochs, told.qa_seeds),
    }
    return [made[name]() for name in told.tasks.split(",")]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument(
        "--model", type=Path, required=True, help="folder of a pretrained encoder, for instance `gonerd models teacher`"
    )
    parser.add_argument("--data", type=Path, default=Path("../shared/data"))
    parser.add_argument("--work", type=Path, default=Path(tempfile.gettempdir()) / "gonerd-distill-worth")
    parser.add_argument("--steps", type=int, help="of every training, in place of the recipe's")
    parser.add_argument("--seeds", type=int, default=2, help="of each fine-tuning")
    parser.add_argument("--ner-documents", type=int, default=100, help="trained on")
    parser.add_argument("--questions", type=int, default=800, help="trained on, about")
    parser.add_argument("--qa-seeds", type=int, default=2, help="the same for questions, which take longest")
    parser.add_argument("--ner-epochs", type=float, default=2)
    parser.add_argument("--qa-epochs", type=float, default=2)
    parser.add_argument("--tasks", default="conll2003,squad")
    parser.add_argument(
        "--only", help="fine-tune and score these models, or measure held-out text (held-out), and stop"
    )
    parser.add_argument("--out", type=Path)
    told = parser.parse_args()
    keep_freed_memory()
    folder, trials = told.work / "recipe", trials_of(told)
    if told.only and told.only != HELD_OUT:
        for trial in trials:
            for name in told.only.split(","):
                finetuned(trial, name, folder, told.work / "tasks")
        return
    corpus(told)
    recipe = longer(read_recipe(RECIPE, model=str(encoder(told)), corpus=str(told.work / "corpus")), told.steps)
    for name, done in run_recipe(recipe, folder):
        print(f"{name}: {done}", flush=True)
    text = open_corpus(told.work / "corpus")
    report: dict[str, Any] = {"kind": "distill-worth", "models": facts_of(folder), "recipe": settings_of(recipe)}
    report["text"] = text_results_kept(text, folder, told.work / "held-out.json")
    if told.only == HELD_OUT:
        return
    report["tasks"] = {trial.task: task_results(trial, folder, told.work / "tasks") for trial in trials}
    report["verdicts"] = verdicts(report)
    report["corpus"] = {k: text.statistics[k] for k in ("documents", "tokens", "dropped", "fingerprint")}
    show(report)
    if told.out:
        threads = {"OMP_NUM_THREADS": os.environ.get("OMP_NUM_THREADS")}
        write_json(told.out, {**report, "curves": curves(folder), "environment": {**environment(), **threads}})


if __name__ == "__main__":
    main()
