"""CoNLL-2003 columns: word, two unused ones, BIO tag; `-DOCSTART-` before a document, blank lines between sentences."""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Iterable, Iterator
from pathlib import Path

import regex

from gonerd.errors import GonerdError
from gonerd.files import existing
from gonerd.labels import BIO_TAGS, mentions, split_tag, to_bio
from gonerd.records import Annotation, Document, Rejected

from . import FORMATS
from ._fit import Reading
from ._marks import Mark, Marked

_START = "-DOCSTART-"
_SPACE, _VISIBLE = regex.compile(r"\s+"), regex.compile(r"\S")
Sentence = list[tuple[int, str, str]]  # line number, word, tag


class Conll:
    """The columns that most taggers read. Offsets are lost; the documents' texts give them back exactly.

    The columns hold no ids: a document is known by its words, which are its text without white space.
    """

    suffix = ".conll"
    folder = False

    def write(self, pairs: Iterable[tuple[Document, Annotation]], path: Path) -> int:
        """Writes the words of every document, sentence by sentence."""
        count = 0
        with path.open("w", encoding="utf-8", newline="\n") as handle:
            for document, annotation in pairs:
                handle.writelines(_lines(document, annotation))
                count += 1
        return count

    def read(self, path: Path, reading: Reading) -> Iterator[Annotation | Rejected]:
        """Reads words and tags (the first and the last column; BIO, IOB1, BIOES or BILOU)."""
        waiting: dict[str, deque[Document]] = defaultdict(deque)  # documents of one text, in order
        for document in reading.documents.values():
            waiting[_SPACE.sub("", document.text)].append(document)
        taken: set[str] = set()
        for sentences in _documents(path):
            where = f"{path} line {sentences[0][0][0]}" if sentences else str(path)
            words = "".join(word for sentence in sentences for _, word, _ in sentence)
            if not waiting[words]:
                expected = next((d for d in reading.documents.values() if d.id not in taken), None)
                raise GonerdError(_mismatch(path, where, sentences, expected, reading.source))
            document = waiting[words].popleft()
            taken.add(document.id)
            yield reading.fit(Marked(where, document.id, None, None, tuple(_marks(sentences, document.text, where))))


def _lines(document: Document, annotation: Annotation) -> Iterator[str]:
    from gonerd.dataset.rows import View, sentence_rows  # needs sentencex, which a plain installation lacks

    yield f"{_START} -X- -X- O\n\n"
    for row in sentence_rows(View.of(document, annotation.spans)):
        for token, tag in zip(row["tokens"], row["ner_tags"], strict=True):
            yield f"{token} -X- -X- {BIO_TAGS[tag]}\n"
        yield "\n"


def _documents(path: Path) -> Iterator[list[Sentence]]:
    existing(path, "CoNLL file", "check the path")
    try:
        content = path.read_bytes().decode("utf-8")
    except UnicodeDecodeError as error:
        raise GonerdError(f"{path}: not UTF-8 ({error.reason}); convert it") from error
    sentences: list[Sentence] | None = None  # None until something stands in the file
    sentence: Sentence = []
    for number, line in enumerate(content.split("\n"), start=1):
        columns = line.removesuffix("\r").replace("\t", " ").split(" ")
        starts = columns[0] == _START
        if (starts or columns == [""]) and sentence:
            sentences = sentences or []
            sentences.append(sentence)
            sentence = []
        if starts:
            if sentences is not None:
                yield sentences
            sentences = []
        elif columns != [""]:
            if len(columns) < 2:
                raise GonerdError(
                    f"{path} line {number}: {line[:40]!r} has no tag, so the file is cut off; export again"
                )
            sentence.append((number, columns[0], columns[-1]))
    if sentence:
        sentences = sentences or []
        sentences.append(sentence)
    if sentences is not None:
        yield sentences


def _marks(sentences: list[Sentence], text: str, where: str) -> Iterator[Mark]:
    visible = [match.start() for match in _VISIBLE.finditer(text)]  # the words, put together, are these characters
    at = 0
    for sentence in sentences:
        places = []
        for _, word, _ in sentence:
            places.append((visible[at], visible[at + len(word) - 1] + 1))
            at += len(word)
        tags = [tag for _, _, tag in sentence]
        try:
            bio = to_bio(tags, _scheme(tags))
        except GonerdError as error:
            raise GonerdError(f"{where}: {error}; mend the column of tags") from error
        for first, last, label in mentions(bio):
            start, end = places[first][0], places[last - 1][1]
            yield Mark(start, end, label, text[start:end])


def _scheme(tags: list[str]) -> str:
    prefixes = {split_tag(tag)[0] for tag in tags}
    if prefixes & {"L", "U"}:
        return "BILOU"
    return "BIOES" if prefixes & {"E", "S"} else "BIO"  # BIO read leniently is IOB1 read exactly


def _mismatch(path: Path, where: str, sentences: list[Sentence], document: Document | None, source: str) -> str:
    """Names the first word that is not the next document's."""
    if document is None:
        return f"{where}: {source} has no document left with these words; pass the documents that were annotated"
    visible = [match.start() for match in _VISIBLE.finditer(document.text)]
    letters, at = _SPACE.sub("", document.text), 0
    for number, word, _ in (item for sentence in sentences for item in sentence):
        if letters[at : at + len(word)] != word:
            place = visible[at] if at < len(visible) else len(document.text)
            return (
                f"{path} line {number}: word {word!r} is not in the text of document {document.id!r}, where "
                f"{document.text[place : place + 30]!r} stands at {place}; no other document of {source} fits; export "
                "again"
            )
        at += len(word)
    return (
        f"{where}: the words end at {visible[at - 1] + 1} of the {len(document.text)} characters of document "
        f"{document.id!r}, so the file is cut off; export again"
    )


FORMATS.register("conll")(Conll())
