"""The hand-annotated sets that annotation is measured on: tokens joined to text, spans in core labels.

They are third-party data for measuring only; nothing of them is copied into results.
"""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import regex

from gonerd import Span
from gonerd.labels import mentions, to_bio

FOLDER = Path("../shared/data/ner")
WORLDWIDE = {
    "Location": "LOC",
    "Facility": "LOC",
    "Person": "PER",
    "Organization": "ORG",
    "NORP": "MISC",
    "Misc": "MISC",
    "Product": "MISC",
    "Date": None,
    "Money": None,
}
_NO_SPACE_BEFORE = regex.compile(r"[,.;:!?%)\]}’”]|'s|’s|n't|''")
_NO_SPACE_AFTER = regex.compile(r"[(\[{“‘$£€]|``")


@dataclass(frozen=True)
class Gold:
    """One document: its set, its text, its core spans and its number of tokens."""

    set: str
    id: str
    text: str
    spans: tuple[Span, ...]
    tokens: int


def load(folder: Path = FOLDER, join: str = "spaces") -> list[Gold]:
    """Reads every set.

    Args:
        folder: Where the sets lie.
        join: "spaces" puts one space between tokens, as they stand in the files; "natural" leaves out those that
            English typography has not.

    Returns:
        "news" (worldwide newswire), "sec" (E-NER filings) and "loans" (agreements of Alvarado et al., 2015), in order
        of file and document.
    """
    found = [*_jsonl(folder / "worldwide_news.jsonl.gz", "news", join)]
    found += _jsonl(folder / "e_ner_sec.jsonl.gz", "sec", join)
    for path in sorted((folder / "sec_fin").glob("FIN*.txt")):
        found += _columns(path.stem, "loans", path.read_text(encoding="utf-8", errors="replace"), join)
    return found


def conll(folder: Path = FOLDER, join: str = "spaces") -> list[Gold]:
    """Reads the training part of CoNLL-2003, "conll": nothing is scored on it, readers may begin with it."""
    path = folder / "conll2003_eng.train.gz"
    return list(_columns(path.stem, "conll", gzip.decompress(path.read_bytes()).decode(), join))


def held_out(gold: Sequence[Gold]) -> tuple[list[Gold], list[Gold]]:
    """Parts a set into the half that rules may be developed on and the half that they may not: every other document."""
    return list(gold[0::2]), list(gold[1::2])


def _jsonl(path: Path, name: str, join: str) -> Iterator[Gold]:
    with gzip.open(path, "rt", encoding="utf-8") as lines:
        for line in lines:
            row = json.loads(line)
            yield _gold(name, row["id"], row["tokens"], row["ner_tags"], join)


def _columns(file: str, name: str, content: str, join: str) -> Iterator[Gold]:
    for number, document in enumerate(content.split("-DOCSTART-")[1:]):
        rows = [line.split() for line in document.splitlines()[1:] if len(line.split()) == 4]
        tags = to_bio([row[3] for row in rows], "IOB1")
        yield _gold(name, f"{file}-{number}", [row[0] for row in rows], tags, join)


def _gold(name: str, key: str, tokens: list[str], tags: list[str], join: str) -> Gold:
    text, borders = joined(tokens, join)
    spans = []
    for first, last, label in mentions(tags):
        core = WORLDWIDE.get(label, label)
        if core:
            spans.append(Span(borders[first][0], borders[last - 1][1], core))
    return Gold(name, key, text, tuple(spans), len(tokens))


def joined(tokens: Iterable[str], join: str = "spaces") -> tuple[str, list[tuple[int, int]]]:
    """Joins tokens to a text; returns it with every token's offsets."""
    pieces: list[str] = []
    borders: list[tuple[int, int]] = []
    length, previous = 0, ""
    for token in tokens:
        token = token.replace("\x97", "\u2014")
        glued = join == "natural" and (_NO_SPACE_BEFORE.fullmatch(token) or _NO_SPACE_AFTER.fullmatch(previous))
        if pieces and not glued:
            pieces.append(" ")
            length += 1
        borders.append((length, length + len(token)))
        pieces.append(token)
        length += len(token)
        previous = token
    return "".join(pieces), borders
