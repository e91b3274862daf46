"""transformers' Trainer, with the losses of a `Distiller`."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import Any, cast

import torch
from safetensors.torch import load_file, save_file
from torch import Tensor, nn
from torch.utils.data import SequentialSampler
from transformers import PrinterCallback, Trainer, TrainingArguments

from gonerd.errors import GonerdError

from .distiller import Distiller, counts_of
from .draws import Draws
from .masking import Masking

WEIGHTS, LEARNT = "model.safetensors", "losses.safetensors"


class DistillTrainer(Trainer):
    """Trains the student of a distiller.

    Losses are divided by the items of the whole step, so that accumulation and processes change nothing; checkpoints
    hold the student as `save_pretrained` writes it.

    Args:
        distiller: Student, teacher and losses.
        arguments: From `training.arguments`.
        draws: Rows to train on.
        held_out: Rows of the held-out loss.
        masking: What masks them.
        callbacks: Watchers.
    """

    def __init__(
        self,
        distiller: Distiller,
        arguments: TrainingArguments,
        draws: Draws,
        held_out: Draws | None,
        masking: Masking,
        callbacks: Sequence[Any] = (),
    ) -> None:
        super().__init__(
            model=distiller,
            args=arguments,
            train_dataset=draws,
            eval_dataset=held_out,
            data_collator=masking,
            callbacks=list(callbacks),
        )
        self.remove_callback(PrinterCallback)
        self.model_accepts_loss_kwargs = True
        self.loss_is_scaled_for_ga = True
        self._names = list(distiller.losses)
        self._sums = torch.zeros(len(self._names))
        self._since: int | None = None

    def _get_train_sampler(self, *_: Any) -> SequentialSampler:
        draws: Any = self.train_dataset
        return SequentialSampler(draws)  # the draws come in their order already

    def get_batch_samples(
        self, epoch_iterator: Iterator[Any], num_batches: int, device: torch.device
    ) -> tuple[list[Any], Tensor | None]:
        """Takes the micro-batches of a step, and counts their items over all processes."""
        batches = list(islice(epoch_iterator, num_batches))
        if not batches:
            return batches, None
        counts = torch.stack([counts_of(batch["labels"], batch["attention_mask"]) for batch in batches]).sum(0)
        return batches, self.accelerator.reduce(counts.to(device), "sum")

    def compute_loss(
        self,
        model: nn.Module,
        inputs: dict[str, Tensor],
        return_outputs: bool = False,
        num_items_in_batch: Tensor | int | None = None,
    ) -> Any:
        """Computes a micro-batch's part of the step's loss."""
        if self._since is None:
            self._since = self.state.global_step
        found = model(**inputs, counts=num_items_in_batch)
        self._sums = self._sums.to(found["parts"].device) + found["parts"].float()
        # Gradients are averaged over the processes; their sum is wanted.
        loss = found["loss"] * self.accelerator.num_processes
        return (loss, found) if return_outputs else loss

    def log(self, logs: dict[str, float], start_time: float | None = None) -> None:
        """Adds the terms of the loss."""
        steps = self.state.global_step - (self._since or 0)
        if "loss" in logs and self._since is not None and steps > 0:
            sums = self.accelerator.reduce(self._sums, "sum") / steps
            logs.update({f"loss_{name}": float(value) for name, value in zip(self._names, sums.tolist(), strict=True)})
            self._sums, self._since = torch.zeros_like(self._sums), self.state.global_step
        super().log(logs, start_time)

    def evaluate(
        self, eval_dataset: Any = None, ignore_keys: Any = None, metric_key_prefix: str = "eval"
    ) -> dict[str, float]:
        """Computes the held-out loss over all rows at once: the same words masked each time, by any processes."""
        rows: Any = self.eval_dataset if eval_dataset is None else eval_dataset
        collate, distiller = self.data_collator, cast("Any", self.model)
        distiller.eval()
        losses = self.accelerator.unwrap_model(distiller).losses.values()
        items = torch.tensor([("masked", "real").index(loss.item) for loss in losses])
        totals, counts = torch.zeros(len(self._names)), torch.zeros(2)
        size, world = self.args.eval_batch_size, self.args.world_size
        for first in range(0, len(rows), size * world):
            # Every process takes part in every round, as sharded models need it, the last with no rows of its own.
            mine = range(first + self.args.process_index * size, len(rows))[:size]
            batch = self._prepare_inputs(collate([rows[i] for i in mine] or [rows[0]]))
            own = counts_of(batch["labels"], batch["attention_mask"])
            with torch.no_grad(), self.accelerator.autocast():
                parts = distiller(**batch, counts=torch.ones_like(own))["parts"]
            if len(mine):
                totals, counts = totals + parts.float().cpu(), counts + own.cpu()
        both = self.accelerator.reduce(torch.cat([totals, counts]).to(self.args.device), "sum").cpu()
        means = both[: len(items)] / both[len(items) :].clamp(min=1)[items]
        weights = torch.tensor([loss.options.weight for loss in losses])
        metrics = {f"{metric_key_prefix}_loss": float((means * weights).sum())}
        metrics |= {f"{metric_key_prefix}_{n}": float(v) for n, v in zip(self._names, means.tolist(), strict=True)}
        self.log(metrics)
        self.control = self.callback_handler.on_evaluate(self.args, self.state, self.control, metrics)
        return metrics

    def _save(self, output_dir: str | None = None, state_dict: dict[str, Tensor] | None = None) -> None:
        if not self.args.should_save:
            return
        folder = Path(output_dir or str(self.args.output_dir))
        distiller = self.accelerator.unwrap_model(self.model)
        state = distiller.state_dict() if state_dict is None else state_dict
        student = {n.removeprefix("student."): value for n, value in state.items() if n.startswith("student.")}
        # In one file whatever its size: it is read back here, not published.
        distiller.student.save_pretrained(folder, state_dict=student, max_shard_size="1TB")
        learnt = {name: value.contiguous() for name, value in state.items() if not name.startswith("student.")}
        save_file(learnt, folder / LEARNT)

    def _load_from_checkpoint(self, resume_from_checkpoint: str, model: nn.Module | None = None) -> None:
        if self.is_fsdp_enabled:  # its own files, in the layout of this many processes
            super()._load_from_checkpoint(resume_from_checkpoint, model)
            return
        folder = Path(resume_from_checkpoint)
        student: Any = self.accelerator.unwrap_model(self.model).student
        missing = set(student.load_state_dict(load_file(folder / WEIGHTS), strict=False).missing_keys)
        absent = sorted(missing - set(student.all_tied_weights_keys))
        if absent:
            raise GonerdError(
                f"{folder}: the checkpoint lacks {absent[0]!r}; remove it, and the run goes on from another"
            )
        self.accelerator.unwrap_model(self.model).load_state_dict(load_file(folder / LEARNT), strict=False)

    def tokens_per_step(self, length: int) -> int:
        """Returns how many tokens a step reads, over all processes."""
        return int(self.args.train_batch_size * self.args.gradient_accumulation_steps * self.args.world_size * length)
