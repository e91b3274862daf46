"""Annotation against bare spaCy: processor time of one worker and of two, and memory over a document of any length.

Usage: python benchmarks/annotation_speed.py [--characters 3000000] [--rounds 3] [--tokens 100000,1000000]
       [--real ../shared/data/text/opinions.jsonl.gz] [--out benchmarks/results/annotation_speed.json]
In two pieces: --tokens "" measures speed alone, --rounds 0 memory alone.

Speed: the same documents in turn by bare `nlp.pipe`, once with the whole pipeline as it is loaded and once with nothing
but what feeds its entity recogniser, and by `gonerd annotate run` with rules and consistency, with one worker and with
two. Every turn is a process of its own; its start is counted, and stands apart as the time over one short document.
Ratios of processor's time hold on a busy machine too, those of the clock on a quiet one alone. The documents are the
embedded site's again and again, or real ones that lie beside the checkout. Memory: the largest resident set of the
command over one document, and over one ten times as long.
"""

from __future__ import annotations

import argparse
import contextlib
import gzip
import json
import os
import platform
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from importlib import metadata
from itertools import cycle
from pathlib import Path
from typing import Any

import psutil

from gonerd import Document
from gonerd.crawl.site.documents import load_pages
from gonerd.markdown import table
from gonerd.tables import write_table
from gonerd.text import normalize

LIBRARIES = ("spacy", "thinc", "eyecite", "datatrove", "pyarrow")
SHARES = {"same components": 0.85, "two workers": 1.8}
BARE = """
import sys, spacy
from pathlib import Path
from gonerd.annotation.loading import load
from gonerd.io import read_documents
nlp, _ = load("en_core_web_sm")
if sys.argv[2] == "whole":
    nlp = spacy.load(nlp.path)
for doc in nlp.pipe(document.text for document in read_documents(Path(sys.argv[1]))):
    doc.ents
"""


def site_texts() -> Iterator[str]:
    """Yields the texts of the embedded site's pages, for ever."""
    for number, page in enumerate(cycle(load_pages())):
        body = "\n\n".join("\n".join(block.lines) for block in page.blocks)
        yield normalize(f"{page.title}\n\n{body}\n\n{number}")


def real_texts(path: Path) -> Iterator[str]:
    """Yields the texts of a packed JSONL file, for ever."""
    with gzip.open(path, "rt", encoding="utf-8") as lines:
        texts = [normalize(json.loads(line)["text"]) for line in lines]
    yield from cycle(texts)


def write_documents(folder: Path, texts: Iterator[str], characters: int) -> tuple[int, int]:
    """Writes documents until there are so many characters; returns both counts."""
    documents, size = [], 0
    while size < characters:
        documents.append(Document(f"d{len(documents)}", next(texts)))
        size += len(documents[-1].text)
    write_table(folder, documents, Document)
    return len(documents), size


def watched(words: list[str]) -> dict[str, float]:
    """Runs a Python process; returns seconds, processor seconds with its children's, and its largest resident set."""
    busy: dict[int, float] = {}
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
    start = time.perf_counter()
    process = subprocess.Popen([sys.executable, "-P", *words], stdout=subprocess.DEVNULL, env=environment)
    with contextlib.suppress(psutil.NoSuchProcess):
        one = psutil.Process(process.pid)
        while one.status() != psutil.STATUS_ZOMBIE:
            for child in one.children(recursive=True):
                with contextlib.suppress(psutil.NoSuchProcess):
                    times = child.cpu_times()
                    busy[child.pid] = times.user + times.system
            time.sleep(0.05)
    seconds = time.perf_counter() - start
    _, status, usage = os.wait4(process.pid, 0)
    if status:
        raise SystemExit(f"{' '.join(words)} failed")
    process.returncode = 0
    processor = usage.ru_utime + usage.ru_stime + sum(busy.values())
    return {"seconds": seconds, "processor": processor, "peak_mb": usage.ru_maxrss / 1024}


def command(folder: Path, out: Path, workers: int = 1) -> list[str]:
    """Returns the words of one run."""
    return ["-m", "gonerd", "annotate", "run", str(folder), "--out", str(out), "--workers", str(workers)]


def turn(folder: Path) -> dict[str, dict[str, float]]:
    """Runs every variant once."""
    with tempfile.TemporaryDirectory() as work:
        return {
            "whole pipeline": watched(["-c", BARE, str(folder), "whole"]),
            "same components": watched(["-c", BARE, str(folder), "ner"]),
            "one worker": watched(command(folder, Path(work) / "one")),
            "two workers": watched(command(folder, Path(work) / "two", 2)),
        }


def speed(work: Path, texts: Iterator[str], characters: int, rounds: int) -> dict[str, Any]:
    """Measures all variants in turn."""
    count, size = write_documents(work / "documents", texts, characters)
    write_table(work / "short", [Document("d", "Ana Ruiz lives in Oslo.")], Document)
    start = turn(work / "short")
    found: dict[str, dict[str, list[float]]] = {name: {"seconds": [], "processor": []} for name in start}
    for number in range(rounds):
        for name, figures in turn(work / "documents").items():
            for what, values in found[name].items():
                values.append(figures[what])
        said = ", ".join(f"{name} {values['processor'][-1]:.1f}" for name, values in found.items())
        print(f"round {number + 1}, processor seconds: {said}", file=sys.stderr)
    fixed = {name: figures["processor"] for name, figures in start.items()}
    one = found["one worker"]
    ratios = {
        f"one worker of {name}": statistics.median(
            bare / ours for bare, ours in zip(found[name]["processor"], one["processor"], strict=True)
        )
        for name in ("whole pipeline", "same components")
    }
    ratios["one worker of same components, without the start"] = statistics.median(
        (bare - fixed["same components"]) / (ours - fixed["one worker"])
        for bare, ours in zip(found["same components"]["processor"], one["processor"], strict=True)
    )
    ratios["two workers over one, by the clock"] = statistics.median(
        first / second for first, second in zip(one["seconds"], found["two workers"]["seconds"], strict=True)
    )
    return {"documents": count, "characters": size, "start_processor": fixed, "turns": found, "ratios": ratios}


def memory(work: Path, tokens: int, texts: Iterator[str]) -> dict[str, Any]:
    """Annotates one document of so many tokens."""
    parts: list[str] = []
    count = 0
    while count < tokens:
        words = next(texts).split(" ")[: tokens - count]
        count += len(words)
        parts.append(" ".join(words))
    folder = work / f"long-{tokens}"
    text = normalize("\n\n".join(parts))
    write_table(folder, [Document("long", text)], Document)
    figures = watched(command(folder, work / f"layer-{tokens}"))
    return {"words": count, "characters": len(text), **figures}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--characters", type=int, default=3_000_000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--tokens", default="100000,1000000")
    parser.add_argument("--real", type=Path, default=None, help="JSONL.gz of texts, for measuring only")
    parser.add_argument("--out", type=Path, default=None, help="JSON file; what is not measured now stays in it")
    arguments = parser.parse_args()
    kept = json.loads(arguments.out.read_text()) if arguments.out and arguments.out.exists() else {}
    result: dict[str, Any] = {
        **kept,
        "machine": {"cores": os.cpu_count(), "machine": platform.machine(), "load_before": os.getloadavg()[0]},
        "libraries": {name: metadata.version(name) for name in LIBRARIES},
        "wanted": SHARES,
    }
    sources = {"site": site_texts} | ({"real": lambda: real_texts(arguments.real)} if arguments.real else {})
    with tempfile.TemporaryDirectory() as folder:
        for name, texts in sources.items():
            if not arguments.rounds:
                break
            found = result[f"speed_{name}"] = speed(
                Path(folder) / name, texts(), arguments.characters, arguments.rounds
            )
            print(table([{"what": what, "ratio": f"{value:.3f}"} for what, value in found["ratios"].items()]) + "\n")
        if arguments.tokens:
            result["memory"] = [memory(Path(folder), int(n), site_texts()) for n in arguments.tokens.split(",")]
    if arguments.tokens:
        print(table([{key: round(value, 1) for key, value in row.items()} for row in result["memory"]]))
    if arguments.out:
        arguments.out.write_text(json.dumps(result, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
