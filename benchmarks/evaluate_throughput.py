"""Prediction in batches by length against fixed-order padded batches of the same size, in turn, same predictions.

Usage: python benchmarks/evaluate_throughput.py [--model FOLDER] [--documents 24] [--batch-size 4] [--rounds 2] [...]

Documents are invented, of lengths drawn from a lognormal distribution (median 900 tokens, cut at 4,096). The model is
the packaged encoder, converted to Longformer attention at 4,096 tokens, with a head that tags words; what its weights
are decides nothing about the speed. "fixed order" is what a plain loop does: windows as they come, each batch padded to
its longest. Windows, model and batch size are the same; the automatic batches of `gonerd evaluate run` stand beside.

Both are run with the attention of transformers, which computes the padding, and with ours, which leaves it out whatever
the order: there the order of windows hardly matters any more.
"""

from __future__ import annotations

import argparse
import itertools
import json
import random
import statistics
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from transformers import set_seed

from gonerd.evaluation.environment import best_device, environment
from gonerd.labels import BIO_TAGS
from gonerd.markdown import table
from gonerd.models.allocator import keep_freed_memory
from gonerd.models.conversion import convert
from gonerd.models.finetuning import KINDS, Piece, Shape, TagExample
from gonerd.models.finetuning.batching import Batching
from gonerd.models.finetuning.running import run_batches
from gonerd.models.load import attention_used, load_model, packaged_teacher
from gonerd.models.save import save
from gonerd.tokens import tokenize

MEDIAN, SPREAD, CAP = 900, 0.9, 4096
WORDS = ("the", "court", "of", "a", "judge", "held", "that", "under", "section", "motion", "denied", "appeal")


def invent(count: int, seed: int = 0) -> list[TagExample]:
    """Returns documents whose words are one token each, two of them special in a window."""
    draw = random.Random(seed)
    found = []
    for i in range(count):
        length = min(max(round(draw.lognormvariate(0, SPREAD) * MEDIAN), 16), CAP) - 2
        text = " ".join(draw.choices(WORDS, k=length))
        found.append(TagExample(str(i), text, tuple(tokenize(text)), ()))
    return found


def plans(pieces: Sequence[Piece], size: int, device: str) -> dict[str, list[list[int]]]:
    """Returns the batches of each way."""
    lengths = [len(piece.input_ids) for piece in pieces]
    order = list(range(len(pieces)))
    return {
        "fixed order": [order[i : i + size] for i in range(0, len(order), size)],
        "by length": Batching(size).plan(lengths, device),
        "automatic": Batching().plan(lengths, device),
    }


def measure(
    models: dict[str, Any], tokenizer: Any, documents: Sequence[TagExample], size: int, rounds: int
) -> dict[str, Any]:
    """Runs every way with every attention in turn; returns seconds, padding and predictions of each."""
    kind = KINDS.get("token-classification")(BIO_TAGS)
    pieces = kind.pieces(tokenizer, documents, Shape(CAP, 128), gold=False)
    lengths = [len(piece.input_ids) for piece in pieces]
    found: dict[str, Any] = {}
    for model in models.values():  # the first pass of a model is slower than all others
        list(run_batches(model, tokenizer, kind, pieces, kind.attends, [[0]]))
    for _ in range(rounds):
        ways = itertools.product(models.items(), plans(pieces, size, best_device()).items())
        for (attention, model), (way, batches) in ways:
            name = f"{attention}: {way}"
            begin = time.perf_counter()
            scores = dict(run_batches(model, tokenizer, kind, pieces, kind.attends, batches))
            seconds = time.perf_counter() - begin
            one = found.setdefault(name, {"seconds": [], "batches": len(batches)})
            one["seconds"].append(seconds)
            filled = sum(len(batch) * max(lengths[i] for i in batch) for batch in batches)
            one["padding"] = 1 - sum(lengths) / filled
            merged = kind.merge(documents, pieces, [scores[i] for i in range(len(pieces))])
            one["predictions"] = [[span.key for span in spans] for spans in merged]
    for one in found.values():
        one["tokens_per_second"] = sum(lengths) / statistics.median(one["seconds"])
    return {"windows": len(pieces), "tokens": sum(lengths), "ways": found}


def encoder(folder: Path) -> Path:
    """Saves the packaged encoder with Longformer attention at 4,096 tokens, its head at random."""
    model, tokenizer = convert(packaged_teacher(), max_length=CAP, window=256)
    save(model, tokenizer, folder / "longformer", {"made_by": Path(__file__).name})
    return folder / "longformer"


def main() -> None:
    """Measures and prints the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", type=Path, default=None, help="folder of an encoder of 4,096 tokens")
    parser.add_argument("--documents", type=int, default=24)
    parser.add_argument("--batch-size", type=int, default=4)
    parser.add_argument("--rounds", type=int, default=2)
    parser.add_argument("--out", type=Path, default=None, help="JSON file for the figures")
    arguments = parser.parse_args()
    keep_freed_memory()
    with tempfile.TemporaryDirectory() as scratch:
        source = arguments.model or encoder(Path(scratch))
        names = dict(enumerate(BIO_TAGS))
        labels = {"id2label": names, "label2id": {tag: i for i, tag in names.items()}}
        models = {}
        for name, chosen in (("transformers", {"attn_implementation": "eager"}), ("gonerd", {})):
            set_seed(0)  # both bear the same random head
            model, tokenizer = load_model(source, "token-classification", device=best_device(), **labels, **chosen)
            models[name] = model
    found = measure(models, tokenizer, invent(arguments.documents), arguments.batch_size, arguments.rounds)
    wanted = [one.pop("predictions") for one in found["ways"].values()]
    for name, one in found["ways"].items():
        base = found["ways"][f"{name.partition(':')[0]}: fixed order"]
        one["ratio"] = one["tokens_per_second"] / base["tokens_per_second"]
    print(table([{"way": name, **_shown(one)} for name, one in found["ways"].items()]))
    if any(one != wanted[0] for one in wanted):
        sys.exit("the predictions differ")
    print(f"the same {sum(map(len, wanted[0]))} spans predicted in every way")
    if arguments.out:
        facts = {"documents": arguments.documents, "batch_size": arguments.batch_size, **found}
        facts |= {"attention": {name: attention_used(model) for name, model in models.items()}}
        facts["environment"] = environment()
        arguments.out.write_text(json.dumps(facts, indent=2) + "\n")


def _shown(one: dict[str, Any]) -> dict[str, Any]:
    return {
        "tokens/s": round(one["tokens_per_second"]),
        "ratio": round(one["ratio"], 2),
        "padding": f"{one['padding']:.0%}",
        "batches": one["batches"],
    }


if __name__ == "__main__":
    main()
