"""Building a release of many documents: documents a second, memory over time, and where the time goes.

Usage: python benchmarks/build.py [--documents 25000,50000,100000] [--tokens 1500] [--folder FOLDER]

Each size is built in a process of its own. A sampler on the process's CPU time says which share is spent in pyarrow,
in hashing, in the near-duplicate index, and in each of the remaining modules.
"""

from __future__ import annotations

import argparse
import json
import resource
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path
from types import FrameType

import numpy as np

from gonerd import Annotation, Document, Span
from gonerd.labels import CORE
from gonerd.markdown import table
from gonerd.tables import write_table

HASHING = {"text_sha256", "file_facts", "_digest", "fingerprint"}
SAMPLE_SECONDS = 0.02


def invent(count: int, tokens: int, seed: int = 0) -> Iterator[tuple[Document, tuple[Span, ...]]]:
    """Yields documents of random words, with a name every 50 words and a near-copy every 100 documents."""
    draw = np.random.default_rng(seed)
    words = np.array(["".join(draw.choice(list("abcdefghiklmnoprstuvy"), 2 + i % 9)) for i in range(20_000)])
    names = [f"{word.capitalize()} {other.capitalize()}" for word, other in draw.choice(words, (500, 2))]
    previous: list[str] = []
    for number in range(count):
        chosen = draw.choice(words, tokens).tolist()
        if number % 100 == 99:
            chosen = [*previous[: tokens * 9 // 10], *chosen[tokens * 9 // 10 :]]
        previous = list(chosen)
        text, spans = "", []
        pieces: list[str] = []
        length = 0
        for i in range(0, tokens, 50):
            name = names[int(draw.integers(500))]
            plain = " ".join(chosen[i : i + 48])
            spans.append(Span(length + len(plain) + 1, length + len(plain) + 1 + len(name), CORE[i % 4]))
            pieces.append(f"{plain} {name}.")
            length += len(pieces[-1]) + 1
        pieces.append(
            f"Contact: office{number}@example.org, (212) 555-01{number % 100:02d}; figures 12 345 6789 0{number} 1,250."
        )
        text = "\n".join(pieces)
        yield (
            Document(
                f"{number:016x}",
                text,
                url=f"https://bench.example/{number}",
                source=f"source-{number % 500}",
                domain=("news", "legal")[number % 2],
                title=f"Document {number}",
                published=date(1990, 1, 1) + timedelta(days=number // 500 * 7),
                license="CC0-1.0",
                license_evidence="benchmark",
            ),
            tuple(spans),
        )


def write_input(folder: Path, count: int, tokens: int) -> None:
    """Writes documents and a layer."""

    def layer() -> Iterator[Annotation]:
        for document, spans in invent(count, tokens):
            yield Annotation(document.id, "gold", "1.0", document.sha256, spans)

    write_table(folder / "documents", (document for document, _ in invent(count, tokens)), Document)
    write_table(folder / "layer", layer(), Annotation)


def where(frame: FrameType | None) -> str:
    """Names what a stack is busy with: the innermost frame that is ours, or pyarrow called from it."""
    while frame is not None:
        code = frame.f_code
        if code.co_name in HASHING:
            return "hashing"
        path = code.co_filename
        if "/pyarrow/" in path or (path.endswith("tables.py") and code.co_name == "read_rows"):
            return "pyarrow"
        if path.endswith("writer.py") and code.co_name != "write":
            return "pyarrow"
        if path.endswith("near.py") or "/rensa/" in path:
            return "near-duplicate index"
        if "gonerd" in path and not path.endswith("benchmarks/build.py"):
            return f"{Path(path).parent.name}/{Path(path).name}"
        frame = frame.f_back
    return "other"


def measure(folder: Path) -> None:
    """Builds once in this process and prints a JSON line."""
    from gonerd.dataset.build import build_dataset

    samples: Counter[str] = Counter()
    memory: list[int] = []

    def sample(_: int, frame: FrameType | None) -> None:
        samples[where(frame)] += 1
        if len(memory) * 100 < samples.total():
            memory.append(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)

    signal.signal(signal.SIGPROF, sample)
    signal.setitimer(signal.ITIMER_PROF, SAMPLE_SECONDS, SAMPLE_SECONDS)
    start = time.perf_counter()
    summary = build_dataset(folder / "documents", folder / "layer", folder / "release")
    seconds = time.perf_counter() - start
    signal.setitimer(signal.ITIMER_PROF, 0)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    total = samples.total()
    shares = {name: count / total for name, count in samples.most_common()}
    quarter = memory[len(memory) // 4] if memory else peak
    print(
        json.dumps(
            {
                "documents": summary.documents,
                "seconds": seconds,
                "peak_mb": peak / 1024,
                "peak_after_a_quarter_mb": quarter / 1024,
                "shares": shares,
            }
        )
    )


def main() -> None:
    """Measures every size and prints the tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--documents", default="25000,50000,100000")
    parser.add_argument("--tokens", type=int, default=1500)
    parser.add_argument("--folder", type=Path, default=None, help="where the input goes (default: a temporary folder)")
    parser.add_argument("--out", type=Path, default=None, help="JSON file for the figures")
    parser.add_argument("--measure", type=Path, default=None, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.measure:
        measure(arguments.measure)
        return
    found = []
    with tempfile.TemporaryDirectory(dir=arguments.folder) as work:
        for count in map(int, arguments.documents.split(",")):
            folder = Path(work) / str(count)
            write_input(folder, count, arguments.tokens)
            command = [sys.executable, "-P", __file__, "--measure", str(folder)]
            done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)
            found.append(json.loads(done.stdout.splitlines()[-1]))
            print(f"{count} documents: {found[-1]['seconds']:.0f} s", file=sys.stderr)
            subprocess.run(["rm", "-rf", str(folder)], check=True)
    print(table([row(result) for result in found]))
    print()
    parts = sorted(found[-1]["shares"].items(), key=lambda item: -item[1])[:12]
    print(table([{"where the time goes": name, "%": round(100 * share, 1)} for name, share in parts]))
    if arguments.out:
        arguments.out.write_text(json.dumps(found, indent=2) + "\n")


def row(result: dict[str, object]) -> dict[str, object]:
    """Returns a row of the table for one size."""
    shares = result["shares"]
    assert isinstance(shares, dict)
    inside = sum(shares.get(name, 0.0) for name in ("pyarrow", "hashing", "near-duplicate index"))
    documents, seconds = float(str(result["documents"])), float(str(result["seconds"]))
    return {
        "documents": result["documents"],
        "seconds": round(seconds),
        "documents/s": round(documents / seconds, 1),
        "peak MB": round(float(str(result["peak_mb"]))),
        "peak MB after a quarter": round(float(str(result["peak_after_a_quarter_mb"]))),
        "% outside pyarrow, hashing, near-duplicates": round(100 * (1 - inside), 1),
    }


if __name__ == "__main__":
    main()
