"""Longformer attention: Hugging Face, ours, full SDPA and the dense floor, in turn, in one run.

Usage: python benchmarks/attention.py [--hidden 384] [--layers 2] [--window 512] [--lengths 1024,4096] [--rounds 5]
"""

from __future__ import annotations

import argparse
import copy
import statistics
import time
from collections.abc import Callable

import torch
from transformers import LongformerConfig, LongformerModel, RobertaConfig, RobertaModel
from transformers.utils import logging

from gonerd.markdown import table
from gonerd.models import accelerate
from gonerd.models.allocator import keep_freed_memory


def dense_floor(hidden: int, layers: int, length: int) -> Callable[[], object]:
    """Returns the projections and feed-forward products of every layer, written into buffers made once."""
    shapes = [(hidden, 3 * hidden), (hidden, hidden), (hidden, 4 * hidden), (4 * hidden, hidden)]
    work = [(torch.randn(length, a), torch.randn(a, b), torch.empty(length, b)) for a, b in shapes]

    def run() -> None:
        for _ in range(layers):
            for x, weight, out in work:
                torch.mm(x, weight, out=out)

    return run


def variants(hidden: int, layers: int, window: int, length: int) -> dict[str, Callable[[], object]]:
    """Returns what is timed, by name; the two Longformers hold the same weights."""
    sizes = {
        "hidden_size": hidden,
        "num_hidden_layers": layers,
        "num_attention_heads": hidden // 64 if hidden >= 768 else hidden // 32,
        "intermediate_size": 4 * hidden,
        "max_position_embeddings": length + 2,
        "vocab_size": 1000,
    }
    theirs = LongformerModel(LongformerConfig(**sizes, attention_window=[window] * layers)).eval()
    ours = accelerate(copy.deepcopy(theirs))
    full = RobertaModel(RobertaConfig(**sizes), add_pooling_layer=False).eval()
    ids = torch.randint(5, 1000, (1, length))
    first = torch.zeros_like(ids)
    first[:, 0] = 1
    inputs = {"input_ids": ids, "attention_mask": torch.ones_like(ids), "global_attention_mask": first}
    difference = (theirs(**inputs).last_hidden_state - ours(**inputs).last_hidden_state).abs().max()
    print(f"{length} tokens: largest difference between ours and Hugging Face {difference:.1e}")
    return {
        "Hugging Face Longformer": lambda: theirs(**inputs),
        "ours": lambda: ours(**inputs),
        "full attention, SDPA": lambda: full(input_ids=ids),
        "dense floor": dense_floor(hidden, layers, length),
    }


def measure(work: dict[str, Callable[[], object]], rounds: int) -> dict[str, float]:
    """Returns the median seconds of each variant over rounds in which all take turns, after one warm round."""
    seconds: dict[str, list[float]] = {name: [] for name in work}
    for _ in range(rounds + 1):
        for name, call in work.items():
            start = time.perf_counter()
            call()
            seconds[name].append(time.perf_counter() - start)
    return {name: statistics.median(values[1:]) for name, values in seconds.items()}


def _row(name: str, seconds: float, ours: float) -> dict[str, str]:
    return {"variant": name, "ms": f"{seconds * 1e3:.0f}", "times ours": f"{seconds / ours:.2f}"}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    for name, default in (("hidden", 384), ("layers", 2), ("window", 512), ("rounds", 5)):
        parser.add_argument(f"--{name}", type=int, default=default)
    parser.add_argument("--lengths", default="1024,4096")
    arguments = parser.parse_args()
    logging.set_verbosity_error()
    print(f"{torch.get_num_threads()} threads, torch {torch.__version__}, allocator tuned: {keep_freed_memory()}")
    with torch.inference_mode():
        for length in map(int, arguments.lengths.split(",")):
            work = variants(arguments.hidden, arguments.layers, arguments.window, length)
            medians = measure(work, arguments.rounds)
            ours = medians["ours"]
            print(table([_row(name, s, ours) for name, s in medians.items()]), end="\n\n")


if __name__ == "__main__":
    main()
