"""One cell in a process of its own, `python -m gonerd.models.bench.child '{…}'`: a line read is a pass computed.

Only a fresh process has a peak of memory that belongs to one cell, and an allocator with settings of its own.
"""

from __future__ import annotations

import time
from typing import Any

import numpy as np
import torch
from transformers.utils import logging

from gonerd.models.memory import PeakMemory
from gonerd.models.process import serve

from .plan import TRAINING
from .subjects import Subject, make


def main(job: dict[str, Any], lines: Any, answer: Any) -> None:
    """Answers a first line with memory and facts, every later one with seconds.

    Args:
        job: What to measure, and under `output` the file for what the first pass computed.
        lines: One line for each pass.
        answer: Takes a dictionary.
    """
    logging.set_verbosity_error()  # type: ignore[no-untyped-call]
    subject = make(job)
    torch.mm(torch.ones(256, 256), torch.ones(256, 256))  # starts the threads, whose stacks are nobody's growth
    back = job["kind"] in TRAINING
    with torch.set_grad_enabled(back), torch.inference_mode(not back):
        answer({"ready": True})
        for number, _ in enumerate(lines):
            answer(_first(subject, job["output"]) if number == 0 else _timed(subject))


def _first(subject: Subject, output: str) -> dict[str, Any]:
    memory = PeakMemory(torch.device("cpu"))
    made = subject.run()
    growth = memory.growth()
    if made is not None:
        np.save(output, made.numpy())
    return {
        "growth_bytes": growth,
        "attention": subject.attention,
        "tokens": subject.tokens,
        "threads": torch.get_num_threads(),
    }


def _timed(subject: Subject) -> dict[str, Any]:
    wall, processor = time.perf_counter(), time.process_time()
    subject.run()
    return {"wall": time.perf_counter() - wall, "cpu": time.process_time() - processor}


if __name__ == "__main__":
    serve(main)
