"""Fine-tuning a token classifier on documents of any length, window by window."""

from __future__ import annotations

import math
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import torch

from gonerd.errors import GonerdError
from gonerd.labels import spans_to_tags
from gonerd.tokens import tokenize

from .allocator import keep_freed_memory
from .load import attention_used, load_model, longest_input, position_limit
from .save import save
from .tasks import TASKS, Example
from .windows import Window, check_window, collate, labels_of, make_windows, takes_global_mask


@dataclass(frozen=True)
class FinetuneSettings:
    """How to fine-tune.

    Attributes:
        max_length: Positions in a window; the model's own limit when None.
        stride: Positions that neighbouring windows share.
        epochs: Passes over the training windows.
        learning_rate: Peak, reached after a tenth of the steps and then lowered linearly.
        batch_size: Windows a step.
        attention_dropout: Probability of dropping an attention weight; the model's own when None. 0 keeps
            the fused attention kernel, which halves the time of a step on a CPU.
        seed: Seed of the head, the order and the dropout.
        limit: Train on the first documents only.
    """

    max_length: int | None = None
    stride: int = 128
    epochs: float = 5.0
    learning_rate: float = 5e-5
    batch_size: int = 2
    attention_dropout: float | None = None
    seed: int = 0
    limit: int | None = None


@dataclass(frozen=True)
class FinetuneSummary:
    """What was trained on, and the mean loss of the run: no document, word or span is left out."""

    documents: int
    windows: int
    steps: int
    loss: float
    attention: str


def finetune(
    model_or_id: str | Path, data: str | Path, out: Path, task: str = "gonerd", settings: FinetuneSettings | None = None
) -> FinetuneSummary:
    """Fine-tunes a model on the training split of a task and saves it with its tokenizer.

    Args:
        model_or_id: Folder or hub id of an encoder.
        data: What the task's loader takes.
        out: Folder of the fine-tuned model.
        task: A registered task.
        settings: How to fine-tune.

    Returns:
        What was done.

    Raises:
        UsageError: The task is unknown, or window and stride do not fit.
        GonerdError: Model or data cannot be loaded, or the loss is no number any more.
    """
    from transformers import set_seed

    settings = settings or FinetuneSettings()
    definition = TASKS.get(task)
    examples = definition.load(data, "train")[: settings.limit]
    if not examples:
        raise GonerdError(f"dataset {str(data)!r}: the training split is empty; build it from more documents")
    keep_freed_memory()
    set_seed(settings.seed)
    names = dict(enumerate(definition.tags))
    overrides: dict[str, Any] = {
        "num_labels": len(names),
        "id2label": names,
        "label2id": {tag: i for i, tag in names.items()},
    }
    if settings.attention_dropout is not None:
        overrides["attention_probs_dropout_prob"] = settings.attention_dropout
    model, tokenizer = load_model(model_or_id, "token-classification", **overrides)
    max_length = settings.max_length or longest_input(model, tokenizer)
    check_window(max_length, settings.stride, position_limit(model))
    windows, labels = training_windows(tokenizer, examples, definition.tags, max_length, settings.stride)
    steps, loss = _train(model, tokenizer, windows, labels, settings)
    note = {
        "made_by": "gonerd models finetune",
        "source": str(model_or_id),
        "task": definition.name,
        "task_version": definition.version,
        "data": str(data),
        **asdict(settings),
        "max_length": max_length,
        "attention_used": attention_used(model),
        "loss": loss,
    }
    save(model, tokenizer, out, note)
    return FinetuneSummary(len(examples), len(windows), steps, loss, note["attention_used"])


def training_windows(
    tokenizer: Any, examples: Sequence[Example], tags: Sequence[str], max_length: int, stride: int
) -> tuple[list[Window], list[list[int]]]:
    """Cuts examples into windows with labels.

    Args:
        tokenizer: A fast tokenizer that takes words.
        examples: Documents with gold spans.
        tags: BIO tags in the order of the head's classes.
        max_length: Positions in a window.
        stride: Positions that neighbouring windows share.

    Returns:
        The windows and, for each, its labels.
    """
    index = {tag: i for i, tag in enumerate(tags)}
    windows: list[Window] = []
    labels: list[list[int]] = []
    for i, example in enumerate(examples):
        # The words of prediction time: they do not know the gold borders.
        offsets = tokenize(example.text)
        words = [example.text[start:end] for start, end in offsets]
        classes = [index[tag] for tag in spans_to_tags(example.spans, offsets)]
        for window in make_windows(tokenizer, words, max_length, stride, i):
            windows.append(window)
            labels.append(labels_of(window, classes))
    return windows, labels


def _train(
    model: Any, tokenizer: Any, windows: Sequence[Window], labels: Sequence[list[int]], settings: FinetuneSettings
) -> tuple[int, float]:
    from transformers import PrinterCallback, Trainer, TrainingArguments

    global_first = takes_global_mask(model)

    def to_batch(items: Sequence[tuple[Window, list[int]]]) -> dict[str, torch.Tensor]:
        chosen, classes = zip(*items, strict=True)
        return collate(chosen, tokenizer.pad_token_id, global_first=global_first, labels=classes)

    steps = math.ceil(math.ceil(len(windows) / settings.batch_size) * settings.epochs)
    with tempfile.TemporaryDirectory() as scratch:
        arguments = TrainingArguments(
            output_dir=scratch,
            num_train_epochs=settings.epochs,
            per_device_train_batch_size=settings.batch_size,
            learning_rate=settings.learning_rate,
            warmup_steps=steps // 10,
            seed=settings.seed,
            save_strategy="no",
            logging_strategy="no",
            report_to=[],
            disable_tqdm=not sys.stderr.isatty(),
            remove_unused_columns=False,
            dataloader_pin_memory=torch.cuda.is_available(),
        )
        items = list(zip(windows, labels, strict=True))
        trainer = Trainer(model=model, args=arguments, train_dataset=items, data_collator=to_batch)
        trainer.remove_callback(PrinterCallback)  # the caller says what was done, in its own words
        result = trainer.train()
    if not math.isfinite(result.training_loss):
        raise GonerdError(f"the training loss became {result.training_loss}; lower --learning-rate and run again")
    return int(result.global_step), float(result.training_loss)
