"""CoNLL columns: a word and its tags a line, blank lines between sentences, `-DOCSTART-` before a document."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from gonerd.errors import GonerdError
from gonerd.labels import split_tag, to_bio

from ._files import read_text

START = "-DOCSTART-"


@dataclass
class Sentence:
    """A sentence as it stands in the file.

    Attributes:
        line: Number of its first line.
        words: First column.
        tags: Last column.
    """

    line: int
    words: list[str] = field(default_factory=list)
    tags: list[str] = field(default_factory=list)


def documents(path: Path) -> Iterator[list[Sentence]]:
    """Reads a file; without any `-DOCSTART-` it is one document.

    What is not UTF-8 is read as Latin-1, in which CoNLL-2003 was published.

    Raises:
        GonerdError: A line has one column, so it has no tag.
    """
    document: list[Sentence] = []
    sentence: Sentence | None = None
    for number, line in enumerate(read_text(path, "latin-1").split("\n"), start=1):
        columns = line.split()
        if not columns or columns[0] == START:
            sentence = None
            if columns and document:
                yield document
                document = []
            continue
        if len(columns) < 2:
            raise GonerdError(f"{path} line {number}: {line[:40]!r} has no tag, so the file is cut off; fetch it again")
        if sentence is None:
            sentence = Sentence(number)
            document.append(sentence)
        sentence.words.append(columns[0])
        sentence.tags.append(columns[-1])
    if document:
        yield document


def in_bio(tags: list[str], scheme: str, where: str) -> list[str]:
    """Returns a sentence's tags in BIO. Tags that are said to be BIO stay as they are, stray `I-` included.

    Raises:
        UsageError: The scheme is unknown.
        GonerdError: A tag does not belong to it.
    """
    try:
        bio = to_bio(tags, scheme)
    except GonerdError as error:
        raise type(error)(f"{where}: {error}") from error
    return tags if scheme == "BIO" else bio


def check_scheme(sentences: list[list[str]], scheme: str, where: str, option: str) -> None:
    """Refuses IOB1 that is read as BIO: not one mention would count.

    Raises:
        GonerdError: There are mentions, and none begins with `B-`.
    """
    prefixes = {split_tag(tag)[0] for tags in sentences for tag in tags}
    if scheme == "BIO" and "I" in prefixes and "B" not in prefixes:
        raise GonerdError(f"{where}: no tag begins with 'B-', so this is IOB1 rather than BIO; pass {option} IOB1")
