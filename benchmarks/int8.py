"""What int8 dense layers cost in F1 on a trained model: CoNLL-2003, testa, against float32 with the same weights.

Usage: python -P benchmarks/int8.py [--model FOLDER] [--data FOLDER] [--work FOLDER] [--out FILE]

The packaged encoder is fine-tuned for a few minutes (`--model` takes one that was, and a killed run goes on with what
stands in --work), then converted to Longformer attention with windows of 512 and of 128 tokens, half of them on either
side: less than the texts have, so that the model reads otherwise than it learnt to. Each form predicts in float32 and
in int8. The difference must not exceed 0.3 points of exact-span F1; otherwise the command fails.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from gonerd.evaluation.environment import environment
from gonerd.files import read_json, write_json
from gonerd.markdown import table
from gonerd.models import convert, load_model
from gonerd.models.finetune import FinetuneSettings, finetune_task
from gonerd.models.finetuning import TaskData
from gonerd.models.finetuning.sources import Request, open_task
from gonerd.models.load import attention_used, packaged_teacher, weights_sha256
from gonerd.models.note import note_of
from gonerd.models.predict import predict
from gonerd.models.save import NOTE, save

LIMIT = 0.3  # points of F1
WINDOWS = (512, 128)
NOTED = (
    *("epochs", "batch_size", "learning_rate", "attention_dropout", "max_length", "stride", "seed", "windows", "steps"),
    *("loss", "score", "begun_from_sha256"),
)


def trained(told: argparse.Namespace, data: TaskData) -> Path:
    """Returns the folder of a fine-tuned model; an earlier run's is kept."""
    folder: Path = told.model or told.work / f"trained-{told.epochs}-{told.batch_size}-{told.learning_rate}"
    if not folder.exists():
        settings = FinetuneSettings(
            epochs=told.epochs, batch_size=told.batch_size, learning_rate=told.learning_rate, attention_dropout=0.0
        )
        finetune_task(packaged_teacher(), data, folder, settings)
    return folder


def forms(source: Path, work: Path) -> dict[str, Path]:
    """Returns the folders of the model as it was trained and of its conversions."""
    found = {"as trained": source}
    for window in WINDOWS:
        folder = work / f"longformer-{window}-{weights_sha256(source)[:12]}"
        if not folder.exists():
            model, tokenizer = convert(source, "longformer", max_length=512, window=window)
            save(model, tokenizer, folder, note_of(model))
        found[f"longformer, window {window}"] = folder
    return found


def measured(folder: Path, data: TaskData, int8: bool) -> dict[str, Any]:
    """Predicts the held-out documents; returns the spans of each, F1 in points, and the processor's time."""
    model, tokenizer = load_model(folder, "token-classification", int8=int8)
    start = time.process_time()
    found = predict(model, tokenizer, data.held_out, batch_size=8)
    return {
        "attention": attention_used(model),
        "weights_sha256": weights_sha256(model),
        "f1": 100 * data.score(found),
        "processor_seconds": time.process_time() - start,
        "spans": [{span.key for span in spans} for spans in found],
    }


def compared(folder: Path, data: TaskData) -> dict[str, Any]:
    """Measures a model in float32 and in int8, on the same documents."""
    exact, rounded = (measured(folder, data, int8) for int8 in (False, True))
    pairs = list(zip(exact.pop("spans"), rounded.pop("spans"), strict=True))
    return {
        "float32": exact,
        "int8": rounded,
        "difference": rounded["f1"] - exact["f1"],
        "spans": sum(len(a) for a, _ in pairs),
        "spans_that_differ": sum(len(a ^ b) for a, b in pairs),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, default=Path("../shared/data/ner"))
    parser.add_argument("--model", type=Path, help="fine-tuned model, in place of a new one")
    parser.add_argument("--epochs", type=float, default=1.0)
    parser.add_argument("--batch-size", type=int, default=2)
    parser.add_argument("--learning-rate", type=float, default=1e-4)
    parser.add_argument("--work", type=Path, default=Path(tempfile.gettempdir()) / "gonerd-int8")
    parser.add_argument("--out", type=Path)
    told = parser.parse_args()
    if not told.data.exists():
        raise SystemExit(f"{told.data}: no such folder; pass --data FOLDER with CoNLL-2003's original files")
    data = open_task(Request("conll2003", data_dir=told.data))
    source = trained(told, data)
    results = {}
    for name, folder in forms(source, told.work).items():
        results[name] = compared(folder, data)
        print(f"{name}: {results[name]['difference']:+.2f}", flush=True)
    rows = [
        {
            "model": name,
            "float32": f"{one['float32']['f1']:.2f}",
            "int8": f"{one['int8']['f1']:.2f}",
            "difference": f"{one['difference']:+.2f}",
            "spans that differ": f"{one['spans_that_differ']} of {one['spans']}",
        }
        for name, one in results.items()
    ]
    print(table(rows))
    worst = max(abs(one["difference"]) for one in results.values())
    if told.out:
        note = read_json(source / NOTE, "remove the folder")
        facts = {
            "kind": "int8",
            "command": f"python -P benchmarks/int8.py --epochs {told.epochs} --batch-size {told.batch_size} "
            f"--learning-rate {told.learning_rate}",
            "dataset": data.dataset,
            "documents": len(data.held_out),
            "training": {key: value for key, value in note.items() if key in NOTED},
            "limit": LIMIT,
            "worst": worst,
            "models": results,
            "environment": environment(),
        }
        write_json(told.out, facts)
    if worst > LIMIT:
        sys.exit(f"int8 differs by {worst:.2f} points, more than {LIMIT}")


if __name__ == "__main__":
    main()
