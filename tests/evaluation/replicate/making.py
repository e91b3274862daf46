"""A replication in seconds: a tiny encoder, a text of a few rows, two attentions, three tasks."""

import json
import random

import yaml

from tests.evaluation.running import WORDS, write_ner
from tests.tiny import save_tiny

TRAINING = {"steps": 2, "batch_size": 2, "save_every": 2, "log_every": 1, "held_out_rows": 2}
QUESTIONS = {
    "epochs": 1,
    "split_by_document": {"of": "validation", "train": 0.5, "test": 0.5},
    "split": "test",
    "held_out": "none",
}


def write_text(path, count=60):
    draw = random.Random(3)
    rows = [{"text": " ".join(draw.choices(WORDS, k=draw.randint(20, 120)))} for _ in range(count)]
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))


def write_questions(folder, count=8):
    """Paragraphs of eight articles, a line each: documents to split by."""
    folder.mkdir(parents=True, exist_ok=True)
    draw, lines = random.Random(5), []
    for i in range(count):
        context = " ".join(draw.choices(WORDS, k=draw.choice([5, 40])))
        qas = [{"id": f"q{i}", "question": "judge", "answers": [{"text": context[:1], "answer_start": 0}]}]
        lines.append(json.dumps({"title": f"t{i}", "context": context, "qas": qas}))
    (folder / "squadshifts_all.jsonl").write_text("\n".join(lines) + "\n")


def settings(encoder, **changes):
    """Returns a configuration as YAML has it."""
    found = {
        "name": "tiny",
        "results": "kept",
        "data_root": "data",
        "max_length": 96,
        "encoder": {"model": str(encoder), "fields": {"hidden_dropout_prob": 0.0}},
        "corpus": {
            "mix": {
                "members": [{"name": "text", "path": "text.jsonl"}],
                "held_out": 0.1,
                "filters": {"exact_duplicates": False, "near_duplicates": None},
            }
        },
        "attentions": {"full": None, "longformer": {"window": 16}},
        "training": {"student": TRAINING, "short": TRAINING},
        "distill_then_convert": ["longformer"],
        "taught": [
            {"student": "longformer-ctd", "teacher": "longformer", "tasks": ["more"]},
            {"student": "longformer-ctd", "teacher": "longformer", "tasks": ["more"], "passes": 2, "called": "longer"},
            {"student": "longformer", "tasks": ["more"], "passes": 2, "called": "longer"},
            {"student": "longformer", "teacher": "longformer", "tasks": ["more"], "halved": True},
        ],
        "tasks": {
            "news": {
                "task": "ner_folder",
                "data_dir": "ner",
                "files": {"validation": "all.jsonl"},
                "split_by_document": {"seed": 13, "train": 0.5, "validation": 0.1, "test": 0.4},
                "split": "test",
                "epochs": 1,
                "batch_size": 4,
                "held_out": "none",
            },
            "squad": {"data_dir": "qa", **QUESTIONS},
            "more": {"task": "squad", "data_dir": "qa", "after": "squad", **QUESTIONS},
        },
        "keep_models": False,
    }
    found.update(changes)
    return found


def write_replication(root, **changes):
    """Writes encoder, text, data and configuration, and returns the last."""
    encoder = root / "tiny-bert"
    if not encoder.is_dir():
        save_tiny(encoder, "bert", "masked-lm")
        write_text(root / "data" / "text.jsonl")
        write_ner(root / "data" / "ner", name="all.jsonl")
        write_questions(root / "data" / "qa")
    path = root / "tiny.yaml"
    path.write_text(yaml.safe_dump(settings(encoder, **changes), sort_keys=False))
    return path
