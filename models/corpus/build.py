"""Building a corpus: read, filter, tokenise, pack, and go on exactly where a kill struck."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Any

from gonerd.errors import GonerdError
from gonerd.files import only_writer, read_json, write_json
from gonerd.models._pretrained import locate, open_tokenizer
from gonerd.models.settings import fingerprint, first_difference
from gonerd.progress import track

from .members import open_mix, plainly, revisions
from .mix import Mix
from .progress import Progress
from .reading import STATISTICS, Corpus, open_corpus
from .shards import SPLITS, facts_of
from .sieve import Sieve, text_hash
from .tokens import DocumentTokenizer

_BATCH = 64  # documents tokenised together, and the grain of the progress that is kept


def build_corpus(mix: Mix, out: Path) -> Corpus:
    """Builds a corpus, or goes on with it; a folder that is complete is left as it is.

    Killed and called again it ends with the same bytes as undisturbed.

    Args:
        mix: What to build it of.
        out: Its folder.

    Returns:
        The corpus.

    Raises:
        GonerdError: A member or the tokenizer cannot be read, nothing stays, or `out` holds a corpus of another mix.
        UsageError: A language is unknown.
    """
    settings = mix.model_dump(mode="json")
    if (out / STATISTICS).is_file():
        _check_same(read_json(out / STATISTICS, "build into another folder")["mix"], settings, out)
        return open_corpus(out)
    place = locate(mix.tokenizer)
    cutter = DocumentTokenizer(open_tokenizer(place, mix.tokenizer_revision), place)
    sieve = Sieve(mix.filters)
    with only_writer(out):
        progress = Progress.resume(out, mix, cutter, sieve)
        if progress is None:
            _check_empty(out)
            progress = Progress(out, mix, cutter, sieve, revisions(mix))
        _check_same(progress.settings, settings, out)
        _check_same(progress.tokenizer, {"sha256": cutter.sha256}, out)
        _fill(progress, mix, cutter, sieve)
        _finish(progress, out)
    return open_corpus(out)


def _fill(progress: Progress, mix: Mix, cutter: DocumentTokenizer, sieve: Sieve) -> None:
    stream = open_mix(mix, progress.commits)
    if progress.stream is not None:
        stream.load_state_dict(progress.stream)
    rows = iter(stream)
    try:
        for batch in track(_batches(rows), "corpus (64 documents)"):
            kept = [row for row in batch if _passes(row, sieve, progress)]
            for row, (ids, starts) in zip(kept, cutter([row["text"] for row in kept]), strict=True):
                if mix.tokens is not None and progress.tokens >= mix.tokens:
                    progress.drop(row["member"], "over the token budget")
                    continue
                split = SPLITS[text_hash(row["text"]) < mix.held_out * 2**64]
                progress.add(split, row["member"], ids, starts)
            if mix.tokens is not None and progress.tokens >= mix.tokens:
                return
            progress.flush(stream.state_dict)
    finally:
        close = getattr(rows, "close", None)
        if close is not None:
            close()


def _batches(rows: Iterator[dict[str, Any]]) -> Iterator[list[dict[str, Any]]]:
    while True:
        with plainly("a member of the mix"):
            batch = list(islice(rows, _BATCH))
        if not batch:
            return
        yield batch


def _passes(row: dict[str, Any], sieve: Sieve, progress: Progress) -> bool:
    text = row["text"]
    if text is not None and not isinstance(text, str):
        raise GonerdError(
            f"{progress.where(row['member'])} holds {type(text).__name__} where text is expected; check its 'column'"
        )
    reason = sieve.reason(text)
    if reason is not None:
        progress.drop(row["member"], reason)
    return reason is None


def _finish(progress: Progress, out: Path) -> None:
    progress.flush_rest()
    if not progress.shards["train"]:
        dropped = ", ".join(f"{n} {reason}" for reason, n in progress.dropped().items()) or "none was read"
        shutil.rmtree(progress.work, ignore_errors=True)
        raise GonerdError(f"{out}: no document stays ({dropped}); widen the filters of the mix")
    shards = {split: [facts_of(path) for path in progress.paths(split)] for split in SPLITS}
    write_json(out / STATISTICS, {**progress.statistics(), "shards": shards, "fingerprint": fingerprint(shards)})
    shutil.rmtree(progress.work, ignore_errors=True)


def _check_same(theirs: Any, ours: Any, out: Path) -> None:
    if different := first_difference(ours, theirs):
        raise GonerdError(
            f"{out}: holds a corpus of another mix (they differ in {different!r}); choose another --out, or remove it"
        )


def _check_empty(out: Path) -> None:
    # The lock is ours; what a killed first run left has no name of its own yet.
    strangers = sorted(path.name for path in out.iterdir() if not path.name.startswith("."))
    if strangers:
        raise GonerdError(f"{out}: holds {strangers[0]!r}, which this command did not write; choose another --out")
