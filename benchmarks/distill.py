"""A step of distillation that projects what its losses need, against one that projects every position.

Usage: python benchmarks/distill.py [--hidden 384] [--layers 6] [--length 4096] [--window 512] [--rounds 2]
    [--out benchmarks/results/distill.json]

Teacher and student, half its layers, are Longformers with fast attention and random weights; the loss is DistilBERT's
in both. Every cell is a process of its own, and the two kinds take turns. The limit is what the products of the step
would take at the rate of large products measured on the same machine in the same round.
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
import time
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

from gonerd.evaluation.environment import best_device, environment
from gonerd.files import write_json
from gonerd.markdown import table
from gonerd.models import halve
from gonerd.models.allocator import keep_freed_memory
from gonerd.models.attention import accelerate
from gonerd.models.distill.distiller import Distiller
from gonerd.models.memory import PeakMemory

VOCABULARY, MASKED, STEPS = 50_265, 0.15, 2
KINDS = ("needed positions", "every position")


def models(told: SimpleNamespace, device: str) -> tuple[Any, Any]:
    """Returns student and teacher."""
    from transformers import LongformerConfig, LongformerForMaskedLM

    torch.manual_seed(0)
    config = LongformerConfig(
        vocab_size=VOCABULARY,
        hidden_size=told.hidden,
        num_hidden_layers=told.layers,
        num_attention_heads=told.hidden // 64,
        intermediate_size=4 * told.hidden,
        max_position_embeddings=told.length + 2,
        attention_window=told.window,
        pad_token_id=1,
        attention_probs_dropout_prob=0.0,
    )
    teacher = accelerate(LongformerForMaskedLM(config)).to(device)
    return halve(teacher).train(), teacher.eval()


def every_position(student: Any, teacher: Any, batch: dict[str, Tensor]) -> Tensor:
    """The same loss as it is usually written: both models give all logits."""
    first = torch.zeros_like(batch["input_ids"])
    first[:, 0] = 1
    inputs = {
        "input_ids": batch["input_ids"],
        "attention_mask": batch["attention_mask"],
        "global_attention_mask": first,
    }
    ours = student(**inputs, output_hidden_states=True)
    with torch.no_grad():
        theirs = teacher(**inputs, output_hidden_states=True)
    labels, where = batch["labels"], batch["labels"] != -100
    masked = F.cross_entropy(ours.logits.view(-1, VOCABULARY), labels.view(-1))
    soft = F.kl_div(
        F.log_softmax(ours.logits[where] / 2, -1), F.softmax(theirs.logits[where] / 2, -1), reduction="batchmean"
    )
    cosine = 1 - F.cosine_similarity(ours.hidden_states[-1], theirs.hidden_states[-1], dim=-1).mean()
    return 2 * masked + 5 * 4 * soft + cosine


def gemm_rate(device: str) -> float:
    """Returns the rate of large matrix products, in floating-point operations a second."""
    a, b = (torch.randn(2048, 2048, device=device) for _ in range(2))
    seconds = []
    for _ in range(6):
        start = time.perf_counter()
        torch.mm(a, b)
        _wait(device)
        seconds.append(time.perf_counter() - start)
    return 2 * 2048**3 / statistics.median(seconds[1:])


def operations(told: SimpleNamespace, projected: int) -> float:
    """Returns the operations in a step's matrix products: a backward pass costs two forward ones."""
    per_layer = 2 * told.length * (12 * told.hidden**2 + 2 * told.hidden * (told.window + 1))
    head = 2 * projected * (told.hidden * VOCABULARY + told.hidden**2)
    teacher, student = told.layers * per_layer + head, (told.layers + 1) // 2 * per_layer + head
    return teacher + 3 * student


def cell(kind: str, told: SimpleNamespace) -> dict[str, Any]:
    """Measures one kind of step in this process: a warm-up, then `STEPS` steps."""
    device = best_device()
    keep_freed_memory()
    student, teacher = models(told, device)
    distiller = Distiller(student, teacher)
    generator = torch.Generator().manual_seed(1)
    ids = torch.randint(5, VOCABULARY, (1, told.length), generator=generator)
    labels = torch.where(torch.rand(ids.shape, generator=generator) < MASKED, ids, -100)
    batch = {"input_ids": ids, "attention_mask": torch.ones_like(ids), "labels": labels}
    batch = {name: value.to(device) for name, value in batch.items()}

    def step() -> float:
        student.zero_grad(set_to_none=True)
        loss = distiller(**batch)["loss"] if kind == KINDS[0] else every_position(student, teacher, batch)
        loss.backward()
        _wait(device)
        return float(loss)

    memory = PeakMemory(student.device)
    seconds, processor = [], []
    loss = step()
    for _ in range(STEPS):
        start, used = time.perf_counter(), time.process_time()
        step()
        seconds.append(time.perf_counter() - start)
        processor.append(time.process_time() - used)
    rate = gemm_rate(device)
    projected = int((labels != -100).sum()) if kind == KINDS[0] else told.length
    return {
        "kind": kind,
        "seconds": statistics.median(seconds),
        "processor_seconds": statistics.median(processor),
        "tokens_per_second": told.length / statistics.median(seconds),
        "peak_bytes": memory.growth(),
        "limit_tokens_per_second": told.length / (operations(told, projected) / rate),
        "gemm_gflops": rate / 1e9,
        "loss": loss,
    }


def _wait(device: str) -> None:
    if device == "cuda":
        torch.cuda.synchronize()


def _summary(cells: list[dict[str, Any]]) -> dict[str, Any]:
    def median(kind: str, key: str) -> float:
        return statistics.median(one[key] for one in cells if one["kind"] == kind)

    ours, theirs = KINDS
    return {
        "speed": median(theirs, "seconds") / median(ours, "seconds"),
        "speed_by_processor_time": median(theirs, "processor_seconds") / median(ours, "processor_seconds"),
        "memory": median(ours, "peak_bytes") / median(theirs, "peak_bytes"),
        "of_the_limit": median(ours, "tokens_per_second") / median(ours, "limit_tokens_per_second"),
        "largest_difference_of_losses": max(abs(a["loss"] / b["loss"] - 1) for a in cells for b in cells),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    for name, default in (("hidden", 384), ("layers", 6), ("length", 4096), ("window", 512), ("rounds", 2)):
        parser.add_argument(f"--{name}", type=int, default=default)
    parser.add_argument("--out", type=Path)
    parser.add_argument("--cell", choices=KINDS, help=argparse.SUPPRESS)
    told = parser.parse_args()
    if told.cell:
        print(json.dumps(cell(told.cell, SimpleNamespace(**vars(told)))))
        return
    sizes = {name: getattr(told, name) for name in ("hidden", "layers", "length", "window", "rounds")}
    options = [part for name, value in sizes.items() for part in (f"--{name}", str(value))]
    cells = []
    for kind in KINDS * told.rounds:
        command = [sys.executable, "-P", __file__, "--cell", kind, *options]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode:
            raise SystemExit(f"{kind}: {done.stderr.strip().splitlines()[-1:]} (exit code {done.returncode})")
        cells.append(json.loads(done.stdout.splitlines()[-1]))
        print(f"{kind}: {cells[-1]['seconds']:.2f} s", flush=True)
    rows = [
        {
            "step projects": one["kind"],
            "tokens/s": f"{one['tokens_per_second']:.0f}",
            "limit": f"{one['limit_tokens_per_second']:.0f}",
            "peak MB": f"{one['peak_bytes'] / 1e6:.0f}",
        }
        for one in cells
    ]
    summary = _summary(cells)
    print(table(rows), *(f"{name} {value:.3f}" for name, value in summary.items()), sep="\n")
    if told.out:
        result = {"kind": "distill", "sizes": {**sizes, "vocabulary": VOCABULARY, "masked": MASKED}, "summary": summary}
        write_json(told.out, {**result, "cells": cells, "environment": environment()})


if __name__ == "__main__":
    main()
