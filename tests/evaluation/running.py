"""What the tests of the runner share: tiny tasks in the original formats, and tiny models with heads for them."""

import json
import multiprocessing
import random

from gonerd.evaluation.entries import Entry
from gonerd.evaluation.places import Place
from gonerd.evaluation.run import evaluate_model
from gonerd.evaluation.tasks import TASKS
from tests.tiny import bert_tokenizer, tiny_model

WORDS = ["the", "court", "judge", "a", "of", "x1", "zeal", "quiz", "held"]
NER = ("O", "B-PER", "I-PER", "B-LOC", "I-LOC")


def sentence(draw, most=12):
    return " ".join(draw.choices(WORDS, k=draw.randint(1, most)))


def write_cola(folder, count=40, long=0):
    """Sentences of several lengths, the first `long` of them longer than any window."""
    folder.mkdir(parents=True, exist_ok=True)
    draw = random.Random(0)
    for name in ("train", "dev"):
        lines = ["index\tsentence\tlabel"]
        for i in range(count):
            text = " ".join(draw.choices(WORDS, k=90)) if i < long else sentence(draw)
            lines.append(f"{i}\t{text}\t{draw.randrange(2)}")
        (folder / f"{name}.tsv").write_text("\n".join(lines) + "\n")
    return folder


def write_ner(folder, count=12, name="test.jsonl"):
    """Documents of very different lengths, tags at random."""
    folder.mkdir(parents=True, exist_ok=True)
    draw = random.Random(1)
    rows = []
    for i in range(count):
        words = draw.choices(WORDS, k=draw.choice([1, 20, 150]))
        rows.append({"id": f"d{i}", "tokens": words, "tags": draw.choices(["O", "B-PER", "B-LOC"], k=len(words))})
    (folder / name).write_text("".join(json.dumps(row) + "\n" for row in rows))
    return folder


def write_squad(folder, count=10):
    folder.mkdir(parents=True, exist_ok=True)
    draw = random.Random(2)
    paragraphs = []
    for i in range(count):
        context = " ".join(draw.choices(WORDS, k=draw.choice([5, 40, 120])))
        answers = [{"text": context[:1], "answer_start": 0}]
        paragraphs.append({"context": context, "qas": [{"id": f"q{i}", "question": "judge", "answers": answers}]})
    value = json.dumps({"data": [{"title": "t", "paragraphs": paragraphs}]})
    for name in ("train-v1.1.json", "dev-v1.1.json"):
        (folder / name).write_text(value)
    return folder


def save_headed(folder, head, labels=(), seed=0, **fields):
    """Saves a tiny random model with a head whose classes are named."""
    if labels:
        fields |= {"id2label": dict(enumerate(labels)), "label2id": {name: i for i, name in enumerate(labels)}}
    tiny_model("bert", head, seed=seed, **fields).save_pretrained(folder)
    bert_tokenizer().save_pretrained(folder)
    return folder


def everything(root):
    """Three kinds of tasks with their models: {name: (model, place)}."""
    heads = {
        "cola": ("sequence-classification", TASKS.get("cola").labels, write_cola(root / "cola", long=3)),
        "ner_folder": ("token-classification", NER, write_ner(root / "ner")),
        "squad": ("question-answering", (), write_squad(root / "squad")),
    }
    found = {}
    for name, (head, labels, data) in heads.items():
        entry = Entry(split="test") if name == "ner_folder" else Entry()
        found[name] = (save_headed(root / f"m-{name}", head, labels), Place(name, TASKS.get(name), data, entry))
    return found


def begin(*arguments):
    """Starts `evaluate_model` in a process of its own, to be killed; forked, so that nothing is imported anew."""
    process = multiprocessing.get_context("fork").Process(target=evaluate_model, args=arguments)
    process.start()
    return process
