"""The whole road as the commands a user would type, in order, each in a process of its own."""

from __future__ import annotations

import contextlib
import importlib.util
import math
import shlex
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

from gonerd.errors import GonerdError, UsageError, needs_extra

# -P: a folder called gonerd in the working directory must not stand in for the installed package.
_GONERD = [sys.executable, "-P", "-m", "gonerd"]

_TRAINING = (
    " --data {out}/dataset --max-length {max_length} --stride {stride} --epochs {epochs} "
    "--learning-rate {learning_rate} --batch-size 1 --attention-dropout 0 --seed {seed}"
)
ROAD = (
    (
        "Crawl the embedded site to WARC",
        "crawl run --sitemap {site}/news-sitemap.xml --domain news --allow-host 127.0.0.1 --out {out}/crawl",
        "crawl run --sitemap {site}/legal-sitemap.xml --domain legal --allow-host 127.0.0.1 --out {out}/crawl",
    ),
    ("Extract documents", "crawl extract {out}/crawl --out {out}/documents"),
    (
        "Annotate: spaCy's guess, two annotators, gold",
        "annotate run {out}/documents --out {out}/annotations/spacy",
        "annotate import sample:annotator-a --documents {out}/documents --out {out}/annotations/annotator-a",
        "annotate import sample:annotator-b --documents {out}/documents --out {out}/annotations/annotator-b",
        "annotate adjudicate {out}/annotations/annotator-a {out}/annotations/annotator-b --documents {out}/documents "
        "--decisions sample:decisions --out {out}/annotations/gold",
        "annotate agree {out}/annotations/gold {out}/annotations/spacy --documents {out}/documents --seed {seed}",
    ),
    (
        "Build the dataset",
        "dataset build --documents {out}/documents --layer {out}/annotations/gold --out {out}/dataset "
        "--annotator {out}/annotations/annotator-a --annotator {out}/annotations/annotator-b "
        "--name gonerd-demo --seed {seed}",
        "dataset check {out}/dataset --warnings 0",
    ),
    ("Load it", "dataset show {out}/dataset"),
    (
        "Convert the teacher to Longformer attention, halve it",
        "models convert {teacher} --attention longformer --window {window} --out {out}/models/longformer",
        "models halve {out}/models/longformer --out {out}/models/longformer-half",
    ),
    (
        "Fine-tune teacher and student",
        "models finetune {out}/models/longformer --out {out}/models/teacher" + _TRAINING,
        "models finetune {out}/models/longformer-half --out {out}/models/student" + _TRAINING,
    ),
    (
        "Evaluate and measure",
        "evaluate run {out}/models/teacher {out}/models/student --data {out}/dataset --out {out}/results",
        "evaluate efficiency {out}/models/teacher {out}/models/student --lengths {lengths} --repeats {repeats} "
        "--baselines none --seed {seed} --out {out}/results",
    ),
    ("Report", "evaluate report {out}/results --teacher teacher --out {out}/report"),
)
_LONGEST = 4096  # tokens that a converted model takes, unless `models convert` is told otherwise
# One package of each extra that the road needs, so that a missing one is named at its beginning.
_PACKAGES = ("scrapy", "trafilatura", "spacy", "sentencex", "rensa", "torch", "transformers", "jinja2", "psutil")
_WHERE = (
    ("crawl", "requests and responses, WARC"),
    ("documents", "texts, parquet; rejected pages with their reason beside them"),
    ("annotations", "layers of spaCy, of two annotators, and the adjudicated gold, parquet"),
    ("dataset", "the dataset: card, figures and data/*/*.parquet, for datasets.load_dataset"),
    ("models", "converted, halved and fine-tuned encoders, safetensors"),
    ("results", "scores, predictions and timings, JSON"),
    ("report/report.html", "what the student kept and what it saved"),
)


@dataclass(frozen=True)
class DemoSettings:
    """What the demo uses.

    Attributes:
        out: Folder under which everything lands.
        teacher: Folder or hub id of a BERT- or RoBERTa-family encoder; the packaged one when None.
        window: Width of the Longformer's local attention, in tokens.
        max_length: Tokens that the model sees at once, in fine-tuning and prediction.
        epochs: Passes over the training windows.
        learning_rate: Peak learning rate.
        lengths: Tokens of the efficiency cells, comma-separated.
        repeats: Timed passes in an efficiency cell.
        seed: Seed of everything random.
    """

    out: Path
    teacher: str | None = None
    window: int = 256
    max_length: int = 1024
    epochs: float = 3.0
    learning_rate: float = 5e-4
    lengths: str = "512,1024,2048,4096"
    repeats: int = 3
    seed: int = 0

    def check(self) -> None:
        """Refuses what a later stage would refuse, minutes from now.

        Raises:
            UsageError: A setting is impossible; the message names its option.
        """
        if self.window < 2 or self.window % 2:
            raise UsageError(f"--window {self.window}: give a positive even number of tokens")
        if not 8 <= self.max_length <= _LONGEST:
            raise UsageError(f"--max-length {self.max_length}: give 8 to {_LONGEST} tokens")
        lengths = [word.strip() for word in self.lengths.strip("[]").split(",")]  # a list in YAML comes with brackets
        if not all(word.isascii() and word.isdecimal() and 1 <= int(word) <= _LONGEST for word in lengths):
            raise UsageError(f"--lengths {self.lengths!r}: give whole numbers of 1 to {_LONGEST}, separated by commas")
        if self.repeats < 1:
            raise UsageError(f"--repeats {self.repeats}: give at least 1")
        for option, value in (("--epochs", self.epochs), ("--learning-rate", self.learning_rate)):
            if not 0 < value < math.inf:
                raise UsageError(f"{option} {value}: give a number above 0")
        if self.out.exists() and not self.out.is_dir():
            raise UsageError(f"--out {self.out}: is a file, and a folder is needed; choose another")

    def commands(self, site: str, teacher: str) -> list[tuple[str, list[list[str]]]]:
        """Returns every stage's title and its commands as words.

        Args:
            site: Address of the embedded site, without a slash at the end.
            teacher: Folder or hub id of the encoder.
        """
        values = {**asdict(self), "stride": self.max_length // 8, "site": site, "teacher": teacher}
        quoted = {name: shlex.quote(str(value)) for name, value in values.items()}
        return [(title, [shlex.split(line.format(**quoted)) for line in lines]) for title, *lines in ROAD]


def run_demo(settings: DemoSettings) -> None:
    """Walks the road and prints each command, what it counts and how long each stage took.

    Args:
        settings: What the demo uses.

    Raises:
        UsageError: A setting is impossible; nothing was begun.
        GonerdError: A package or the teacher is missing, or a stage failed; what the earlier ones made stays, and the
            same command continues.
    """
    settings.check()
    with needs_extra("demo"):
        for name in _PACKAGES:
            if importlib.util.find_spec(name) is None:
                raise ModuleNotFoundError(f"No module named {name!r}", name=name)
    start = time.monotonic()
    teacher = settings.teacher or _packaged_teacher()
    with embedded_site() as site:
        for number, (title, commands) in enumerate(settings.commands(site, teacher), start=1):
            began = time.monotonic()
            print(f"\n== {number}. {title}", flush=True)
            for command in commands:
                print(f"$ gonerd {shlex.join(command)}", flush=True)
                code = subprocess.run([*_GONERD, *command], check=False).returncode
                if code:
                    raise GonerdError(f"demo stage {number} ({title}) failed with exit code {code}; see the line above")
            print(f"   {time.monotonic() - began:.0f} s", flush=True)
    print(f"\nDone in {time.monotonic() - start:.0f} s. Where to look:")
    for name, what in _WHERE:
        print(f"  {settings.out / name}: {what}")
    print("Few documents and little training: the scores show that the road runs, not how good a model can be.")


def _packaged_teacher() -> str:
    done = subprocess.run([*_GONERD, "models", "teacher"], capture_output=True, text=True, check=False)
    if done.returncode:
        problem = (done.stderr.strip().splitlines() or ["none is installed"])[-1].removeprefix("error: ")
        raise GonerdError(f"{problem}; or pass --teacher FOLDER_OR_HUB_ID")
    return done.stdout.strip().splitlines()[-1]


@contextlib.contextmanager
def embedded_site() -> Iterator[str]:
    """Serves the embedded site on a free loopback port and ends the server afterwards.

    Yields:
        Its address, without a slash at the end.

    Raises:
        GonerdError: The server did not start.
    """
    server = subprocess.Popen([*_GONERD, "crawl", "site", "--port", "0"], stdout=subprocess.PIPE, text=True)
    try:
        line = server.stdout.readline() if server.stdout else ""
        if not line.startswith("serving "):
            raise GonerdError("the embedded site did not start; run `gonerd crawl site` to see why")
        yield line.removeprefix("serving ").strip().rstrip("/")
    finally:
        server.terminate()
        server.wait(timeout=10)
        if server.stdout:
            server.stdout.close()
