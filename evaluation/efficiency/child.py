"""One cell in a process of its own: `python -m gonerd.evaluation.efficiency.child '{…}'`; a line read is a pass."""

from __future__ import annotations

import platform
import time
from collections.abc import Callable
from dataclasses import asdict
from typing import Any

import torch
from transformers.utils import logging

from gonerd.errors import GonerdError
from gonerd.models.memory import PeakMemory
from gonerd.models.process import serve
from gonerd.models.weights import weights_sha256

from .facts import facts_of
from .flops import counted
from .subject import Job, Subject, check_attention, make
from .turns import COUNT, FIRST

Answer = Callable[[dict[str, Any]], None]


def main(job: dict[str, Any], lines: Any, answer: Answer) -> None:
    """Answers as `gonerd.evaluation.efficiency.turns` asks.

    Args:
        job: Fields of a `Job`, or `facts` with a model's folder or hub id, of which `Facts` are the only answer.
        lines: One word for each pass.
        answer: Takes a dictionary.
    """
    logging.set_verbosity_error()  # type: ignore[no-untyped-call]
    if "facts" in job:
        return answer(asdict(facts_of(job["facts"])))
    subject = make(Job(**job))
    torch.mm(torch.ones(256, 256), torch.ones(256, 256))  # starts the threads, whose stacks are nobody's growth
    answer({"ready": True})
    with torch.inference_mode():
        for line in lines:
            word = line.strip()
            answer(_first(subject) if word == FIRST else _count(subject) if word == COUNT else _timed(subject))


def _first(subject: Subject) -> dict[str, Any]:
    """Computes once; returns what it cost in memory and what the model is."""
    model = subject.model
    memory = PeakMemory(model.device)
    subject.run()
    growth = memory.growth()
    weights = sum(tensor.numel() * tensor.element_size() for tensor in (*model.parameters(), *model.buffers()))
    return {
        "peak_bytes": weights + growth,
        "weight_bytes": weights,
        "growth_bytes": growth,
        "parameters": sum(parameter.numel() for parameter in model.parameters()),
        "weights_sha256": weights_sha256(model),
        "random_weights": subject.random_weights,
        "windows": subject.windows,
        "layers": model.config.num_hidden_layers,
        "dtype": str(model.dtype),
        "device": str(model.device),
        "threads": torch.get_num_threads(),
        "glibc": platform.libc_ver()[0] == "glibc",
    }


def _count(subject: Subject) -> dict[str, Any]:
    """Computes once; returns operations, and the attention that ran if it is the one asked for."""
    flops, kernels = counted(subject.run)
    used = subject.attention()
    check_attention(subject.asked, used, kernels)
    return {"flops": flops, "attention": used, "attention_asked": subject.asked, "kernels": kernels}


def _timed(subject: Subject) -> dict[str, Any]:
    if subject.model.device.type != "cuda":
        start = time.perf_counter()
        subject.run()
        seconds = time.perf_counter() - start
    else:
        begin, end = (torch.cuda.Event(enable_timing=True) for _ in range(2))  # type: ignore[no-untyped-call]
        torch.cuda.synchronize()
        begin.record()
        subject.run()
        end.record()
        end.synchronize()
        seconds = begin.elapsed_time(end) / 1e3
    if seconds <= 0:
        raise GonerdError("a pass took no time that the clock can tell; take longer texts or larger batches")
    return {"seconds": seconds}


if __name__ == "__main__":
    serve(main)
