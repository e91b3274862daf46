"""One cell of the efficiency table, in a process of its own: `python -m gonerd.evaluation.cell '{…}'`.

A fresh process is the only way to a peak memory that belongs to one model and one length.
"""

from __future__ import annotations

import json
import statistics
import sys
import time
from typing import Any

import torch

from gonerd.errors import UsageError
from gonerd.models.allocator import keep_freed_memory
from gonerd.models.load import attention_used, load_model, position_limit, weights_sha256
from gonerd.models.memory import PeakMemory
from gonerd.models.windows import takes_global_mask

from .environment import best_device


def measure(model_or_id: str, length: int, batch: int, repeats: int, seed: int) -> dict[str, Any]:
    """Times forward passes and reads the peak memory.

    Args:
        model_or_id: Folder or hub id of an encoder.
        length: Tokens in each sequence.
        batch: Sequences in a batch.
        repeats: Timed passes after the warm-up.
        seed: Seed of the random token ids.

    Returns:
        Seconds (median and quartiles), tokens/s, peak memory in bytes (the weights, and what a pass adds),
        parameters and the attention really used.
    """
    tuned = keep_freed_memory()
    model: Any
    model, tokenizer = load_model(model_or_id, None, device=best_device())
    model.eval()
    cuda = model.device.type == "cuda"
    generator = torch.Generator().manual_seed(seed)
    if length > position_limit(model):
        raise UsageError(f"{model_or_id} takes at most {position_limit(model)} tokens; leave out --lengths {length}")
    ordinary = torch.tensor(sorted(set(range(len(tokenizer))) - set(tokenizer.all_special_ids)))
    ids = ordinary[torch.randint(len(ordinary), (batch, length), generator=generator)]
    inputs = {"input_ids": ids, "attention_mask": torch.ones_like(ids)}
    if takes_global_mask(model):
        inputs["global_attention_mask"] = torch.zeros_like(ids)
        inputs["global_attention_mask"][:, 0] = 1
    inputs = {name: value.to(model.device) for name, value in inputs.items()}
    memory = PeakMemory(model.device)
    with torch.inference_mode():
        _warm_up(model, inputs, cuda)
        seconds = [_time(model, inputs, cuda) for _ in range(repeats)]
    low, median, high = statistics.quantiles(seconds, n=4) if len(seconds) > 1 else seconds * 3
    weights = sum(tensor.numel() * tensor.element_size() for tensor in (*model.parameters(), *model.buffers()))
    growth = memory.growth()
    return {
        "length": length,
        "batch": batch,
        "seconds": median,
        "quartiles": [low, high],
        "repeats": repeats,
        "tokens_per_second": batch * length / median,
        "peak_bytes": weights + growth,
        "weight_bytes": weights,
        "growth_bytes": growth,
        "parameters": sum(parameter.numel() for parameter in model.parameters()),
        "weights_sha256": weights_sha256(model),
        "layers": model.config.num_hidden_layers,
        "attention": attention_used(model),
        "dtype": str(model.dtype),
        "device": str(model.device),
        "threads": torch.get_num_threads(),
        "allocator_keeps_memory": tuned,
    }


def _warm_up(model: Any, inputs: dict[str, torch.Tensor], cuda: bool, most: int = 5) -> None:
    """Runs until two passes in a row differ by less than a tenth, `most` at the most."""
    previous = float("inf")
    for _ in range(most):
        now = _time(model, inputs, cuda)
        if abs(now - previous) < 0.1 * previous:
            return
        previous = now


def _time(model: Any, inputs: dict[str, torch.Tensor], cuda: bool) -> float:
    if cuda:
        torch.cuda.synchronize()
    start = time.perf_counter()
    model(**inputs)
    if cuda:
        torch.cuda.synchronize()
    return time.perf_counter() - start


if __name__ == "__main__":
    print(json.dumps(measure(**json.loads(sys.argv[1]))))
