"""Training a student on a corpus, from the newest checkpoint on."""

from __future__ import annotations

import shutil
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from transformers import PreTrainedModel, PreTrainedTokenizerBase, set_seed

from gonerd.files import write_json
from gonerd.models.allocator import keep_freed_memory
from gonerd.models.checkpoints import newest, step_of
from gonerd.models.corpus import Corpus, open_corpus
from gonerd.models.load import load_model
from gonerd.models.note import note_of, remember
from gonerd.models.products import fast_products

from .distiller import Distiller
from .draws import Draws
from .masking import Masking
from .place import Place
from .processes import processes
from .trainer import DistillTrainer
from .training import Training, arguments
from .watch import Watch, claim


def train(
    place: Place,
    name: str,
    student: PreTrainedModel,
    tokenizer: PreTrainedTokenizerBase,
    teacher: PreTrainedModel | None,
    losses: Mapping[str, Mapping[str, Any]],
    corpus: Path,
    training: Training,
) -> str:
    """Trains a student and saves its best checkpoint by held-out loss, the last where nothing is held out.

    Args:
        place: Where it is saved.
        name: Name of the step.
        student: The student.
        tokenizer: Its tokenizer, and its teacher's.
        teacher: The teacher; None for none.
        losses: Options of each loss by its name.
        corpus: Folder of the corpus.
        training: How to train.

    Returns:
        What was done, in a few words.

    Raises:
        GonerdError: Corpus, student and teacher do not fit each other, or the run is lost.
        UsageError: A loss or option is unknown.
    """
    text = open_corpus(corpus)
    for who, model in (("the student", student), ("the teacher", teacher)):
        if model is not None:
            text.check(model, tokenizer, who)
    keep_freed_memory()
    set_seed(place.seed)
    distiller = Distiller(student, teacher, losses, training.global_first, training.chunk)
    scratch = place.out / f"{name}.training"
    evaluates = text.count("held-out") > 0
    told = arguments(training, scratch, place.seed, evaluates)
    rows = training.batch_size * training.accumulation * told.world_size
    if processes().is_main_process:
        claim(scratch, {**place.facts, "rows_per_step": rows})
    processes().wait_for_everyone()
    masking = Masking.of(tokenizer, training.mask_probability, training.whole_words, place.seed)
    draws = Draws(text.rows("train"), training.steps * rows, place.seed)
    trainer = DistillTrainer(distiller, told, draws, _held_out(text, training), masking, [Watch(training.divergence)])
    start, checkpoint = time.perf_counter(), newest(scratch)
    done = step_of(checkpoint) if checkpoint else 0
    with fast_products():
        trainer.train(resume_from_checkpoint=str(checkpoint) if checkpoint else None)
    seconds = time.perf_counter() - start
    tokens = trainer.tokens_per_step(text.max_length) * (training.steps - done)
    if processes().is_main_process:
        _keep(place, name, trainer, tokenizer, scratch, text, tokens / max(seconds, 1e-9), note_of(student))
    processes().wait_for_everyone()
    held_out = f"held out {_last(trainer, 'eval_loss'):.3f}" if evaluates else "nothing held out"
    return f"{training.steps} steps, loss {_last(trainer, 'loss'):.3f}, {held_out}"


def _held_out(text: Corpus, training: Training) -> Draws | None:
    count = text.count("held-out")
    if not count:
        return None
    return Draws(text.rows("held-out"), min(count, training.held_out_rows or count), None)


def _keep(
    place: Place,
    name: str,
    trainer: DistillTrainer,
    tokenizer: PreTrainedTokenizerBase,
    scratch: Path,
    text: Corpus,
    speed: float,
    note: dict[str, Any],
) -> None:
    """Saves the best student, keeps the log, and clears the checkpoints."""
    state = trainer.state
    best = Path(state.best_model_checkpoint or newest(scratch) or scratch)
    tokenizer.save_pretrained(best)
    student, tokenizer = load_model(best, "masked-lm")
    remember(student, **note)
    write_json(scratch / "log.json", state.log_history)
    facts = {
        "source": place.locate(place.facts["settings"]["model"]),
        "corpus": {key: text.statistics[key] for key in ("name", "fingerprint", "tokens", "commits", "members")},
        "losses": {n: loss.options.model_dump(mode="json") for n, loss in _losses(trainer)},
        "best_step": step_of(best),
        "held_out": {key: value for key, value in _entry(state, best).items() if key.startswith("eval_")},
        "loss": _last(trainer, "loss"),
        "tokens_per_second": round(speed),
        "processes": trainer.args.world_size,
        "hardware": _hardware(),
    }
    place.save(name, student, tokenizer, **facts)
    for folder in scratch.glob("checkpoint-*"):
        shutil.rmtree(folder)


def _hardware() -> str:
    return torch.cuda.get_device_name() if torch.cuda.is_available() else f"CPU, {torch.get_num_threads()} threads"


def _losses(trainer: DistillTrainer) -> Any:
    return trainer.accelerator.unwrap_model(trainer.model).losses.items()


def _entry(state: Any, checkpoint: Path) -> dict[str, Any]:
    step = step_of(checkpoint)
    found = [entry for entry in state.log_history if entry.get("step") == step and "eval_loss" in entry]
    return found[-1] if found else {}


def _last(trainer: DistillTrainer, key: str) -> float:
    values = [entry[key] for entry in trainer.state.log_history if key in entry]
    return float(values[-1]) if values else float("nan")
