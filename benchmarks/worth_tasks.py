"""What students are worth for tasks: fine-tuned alike for names (CoNLL-2003) and answers (SQuAD's format), then scored.

Nothing that is scored is trained on or chosen by: the questions are split by document, the last epoch is kept, and
learning rates were chosen of two or three by the pretrained encoder's score on a part of the training documents.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch

from gonerd.annotation.encoder.device import best_device, half_precision
from gonerd.bf16 import multiplies_bf16
from gonerd.evaluation.compare.resampling import bootstrap, randomisation
from gonerd.evaluation.compare.statistic import counted
from gonerd.evaluation.finetune import neutral
from gonerd.evaluation.finetune import open_task as open_evaluation_task
from gonerd.evaluation.metrics import METRICS
from gonerd.evaluation.scoring import match, numbers
from gonerd.evaluation.tasks import TASKS, Tally
from gonerd.files import read_json, write_json
from gonerd.models.finetune import FinetuneSettings, finetune_task
from gonerd.models.finetuning import TaskData
from gonerd.models.finetuning.sources import Request
from gonerd.models.load import load_model
from gonerd.models.predict import predict
from gonerd.models.save import NOTE

SPLIT_SEED = 0
TAUGHT = "taught"  # the student, fine-tuned with what its teacher says of the task
TEACHING: dict[str, Any] = {"distill_weight": 0.5, "temperature": 2.0}
SCORED_SHARE, SCORED = 0.3, 600  # of the documents with questions; about so many of their questions


@dataclass(frozen=True)
class Trial:
    """A task as it is measured here.

    Attributes:
        task: Name of the task, which scores.
        data: What is trained on.
        scored: Examples of the task that are scored.
        settings: How to fine-tune, the same for every model.
        seeds: Runs, with seeds from 0 on.
        facts: What the data are, for the result.
    """

    task: str
    data: TaskData
    scored: Sequence[Any]
    settings: FinetuneSettings
    seeds: int
    facts: dict[str, Any]


def names(folder: Path, documents: int, epochs: float, seeds: int) -> Trial:
    """Returns CoNLL-2003: its first training documents, scored on testa."""
    data = open_evaluation_task(Request("conll2003", data_dir=folder, held_out="none", limit=documents))
    scored = TASKS.get("conll2003").load("validation", folder).examples
    settings = _settings(max_length=128, stride=32, epochs=epochs, learning_rate=4e-4)
    counts = {"trained_on": len(data.train), "scored": len(scored)}
    return Trial("conll2003", data, scored, settings, seeds, counts)


def answers(path: Path, questions: int, epochs: float, seeds: int) -> Trial:
    """Returns questions about paragraphs, split by document: those of a title are all trained on or all scored."""
    examples = list(TASKS.get("squad").examples(path, Tally()))
    titles = sorted({example.document for example in examples})
    random.Random(SPLIT_SEED).shuffle(titles)
    kept = set(titles[: round(SCORED_SHARE * len(titles))])
    apart = [example for example in examples if example.document in kept]
    rest = [neutral(example) for example in examples if example.document not in kept]
    scored, train = _spread(apart, SCORED), _spread(rest, questions)
    facts = {"split_seed": SPLIT_SEED, "documents_scored": len(kept), "trained_on": len(train)}
    data = TaskData("squad", "1", "question-answering", (), train, [], lambda found: 0.0, "none", facts)
    settings = _settings(max_length=256, stride=64, epochs=epochs, learning_rate=3e-4)
    return Trial("squad", data, scored, settings, seeds, {**facts, "documents": len(titles), "scored": len(scored)})


def _spread(examples: list[Any], count: int) -> list[Any]:
    """Returns every n-th example, about `count` of them, so that every document has its share."""
    return examples[:: max(len(examples) // count, 1)]


def _settings(**shape: Any) -> FinetuneSettings:
    bf16 = torch.cuda.is_available() or multiplies_bf16()
    return FinetuneSettings(batch_size=8, attention_dropout=0.0, bf16=bf16, **shape)


def _folder(work: Path, name: str, trial: Trial, seed: int) -> Path:
    return work / f"{name}-{trial.task}" / f"seed-{seed}"


def scored(trial: Trial, model: Path, work: Path, teacher: Path | None = None) -> dict[str, Any]:
    """Fine-tunes a model with each seed and scores it; what an earlier run left in `work` is kept.

    Args:
        trial: The task.
        model: Folder of the model.
        work: Where fine-tuned models and their scores lie.
        teacher: The model whose fine-tuning with the same seed, which must be done, teaches this one as well.

    Returns:
        `scores` by seed, and `counts` [documents, counts], the mean over the seeds, for `compared`.
    """
    found = []
    name = model.name if teacher is None else TAUGHT
    for seed in range(trial.seeds):
        folder = _folder(work, name, trial, seed)
        taught_by = {"teacher": _folder(work, teacher.name, trial, seed), **TEACHING} if teacher else {}
        finetune_task(model, trial.data, folder, replace(trial.settings, seed=seed, **taught_by), resume=True)
        note = read_json(folder / NOTE, "remove it")
        kept = folder.with_name(f"{folder.name}.scored.json")
        result = read_json(kept, "remove it") if kept.is_file() else {}
        if result.get("weights_sha256") != note["weights_sha256"]:
            result = {**{key: note[key] for key in ("weights_sha256", "loss", "steps")}, **_score(trial, folder)}
            write_json(kept, result)
        print(f"{name}, {trial.task}, seed {seed}: {result['score']:.4f}", flush=True)
        found.append(result)
    return {
        "scores": [one["score"] for one in found],
        "losses": [one["loss"] for one in found],
        "steps": found[0]["steps"],
        "counts": np.mean([one["counts"] for one in found], axis=0),
    }


TOLD = ("max_length", "stride", "epochs", "learning_rate", "batch_size", "attention_dropout", "bf16")


def _score(trial: Trial, folder: Path) -> dict[str, Any]:
    task = TASKS.get(trial.task)
    model, tokenizer = load_model(folder, None, device=best_device())
    with half_precision(best_device()):
        found = predict(model, tokenizer, [neutral(example) for example in trial.scored], batch_size=16)
    gold = {example.id: (example.document, task.gold(example)) for example in trial.scored}
    guesses = {e.id: task.guess(e, one) for e, one in zip(trial.scored, found, strict=True)}
    matched = match(task, gold, guesses)
    return {"score": numbers(task, matched)[0], "counts": counted(task, matched)[1].tolist()}


def compared(trial: Trial, first: dict[str, Any], second: dict[str, Any]) -> dict[str, Any]:
    """Compares two models by documents: the second's score less the first's, with its interval and test."""
    (headline,) = TASKS.get(trial.task).headline
    return difference(first["counts"], second["counts"], METRICS.get(headline).value)


def difference(first: Any, second: Any, statistic: Any) -> dict[str, Any]:
    """Returns both values and their difference with its 95 % interval and p, from counts [documents, counts]."""
    drawn = bootstrap(first, second, statistic)
    return {
        "first": drawn.first.as_dict(),
        "second": drawn.second.as_dict(),
        "difference": drawn.difference.as_dict(),
        "p": randomisation(first, second, statistic),
        "drawn": len(first),
    }
