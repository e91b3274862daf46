"""brat standoff (brat.nlplab.org/standoff.html): a folder with a `.txt` and an `.ann` file a document."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
from itertools import pairwise
from pathlib import Path
from urllib.parse import quote

import regex

from gonerd.errors import GonerdError
from gonerd.files import existing
from gonerd.records import Annotation, Document, Rejected, Span

from . import FORMATS
from ._fit import Reading
from ._marks import Mark, Marked

_LONGEST = 120  # characters of a file name, which file systems limit to 255 bytes with the suffix
_TEXT_BOUND = regex.compile(r"T\S*\t(\S+) (\d+ \d+(?:;\d+ \d+)*)\t(.*)")
_OTHERS = ("R", "E", "A", "M", "N", "#", "*")  # relations, events, attributes, notes: nothing of ours


class Brat:
    """Text-bound annotations, offsets in code points; a span over a line break is written in its parts, as brat does.

    brat names documents by their files, so ids are spelt in characters that file systems take.
    """

    suffix = ""
    folder = True

    def write(self, pairs: Iterable[tuple[Document, Annotation]], path: Path) -> int:
        """Writes two files a document."""
        path.mkdir(exist_ok=True)
        count = 0
        taken: set[str] = set()
        for document, annotation in pairs:
            name = stem(document.id)
            if name.casefold() in taken:  # some file systems tell no case
                raise GonerdError(f"document {document.id!r}: another document's file has that name; rename one")
            taken.add(name.casefold())
            (path / f"{name}.txt").write_text(document.text, encoding="utf-8", newline="\n")
            lines = [_line(document.text, span, i) for i, span in enumerate(annotation.spans, start=1)]
            (path / f"{name}.ann").write_text("".join(lines), encoding="utf-8", newline="\n")
            count += 1
        return count

    def read(self, path: Path, reading: Reading) -> Iterator[Annotation | Rejected]:
        """Reads a collection; spans in several parts are read only where line breaks part them."""
        existing(path, "brat collection (a folder of .txt and .ann)", "check the path")
        names = {stem(ident): ident for ident in reading.documents}
        for file in sorted(path.glob("*.ann")):
            text = _text(file.with_suffix(".txt"))
            marks = tuple(_marks(file, text))
            ident = names.get(file.stem)
            where = str(file)
            if ident is None:
                raise GonerdError(
                    f"{where}: no document of {reading.source} has that name; pass those that were annotated"
                )
            yield reading.fit(Marked(where, ident, text, None, marks))
        for file in sorted(path.glob("*.txt")):
            if not file.with_suffix(".ann").exists():
                raise GonerdError(
                    f"{file}: has no .ann beside it, so the export is not complete; copy the whole folder"
                )


def stem(ident: str) -> str:
    """Returns the file name, without suffix, of a document's id."""
    name = quote(ident, safe=" ").replace(".", "%2E")
    digest = hashlib.sha256(ident.encode()).hexdigest()[:16]
    return name if len(name) <= _LONGEST else f"{name[:_LONGEST]}-{digest}"


def _text(file: Path) -> str:
    existing(file, "text beside its .ann", "copy the whole folder")
    try:
        return file.read_bytes().decode("utf-8")  # line breaks as they are: brat counts them
    except UnicodeDecodeError as error:
        raise GonerdError(f"{file}: not UTF-8 ({error.reason}); convert it") from error


def _line(text: str, span: Span, number: int) -> str:
    parts = [m.span() for m in regex.finditer(r"[^\n]+", text, pos=span.start, endpos=span.end)]
    places = ";".join(f"{start} {end}" for start, end in parts)
    surface = " ".join(text[start:end] for start, end in parts)
    return f"T{number}\t{span.label} {places}\t{surface}\n"


def _marks(file: Path, text: str) -> Iterator[Mark]:
    content = _text(file)
    if content and not content.endswith("\n"):
        raise GonerdError(f"{file}: ends in the middle of a line, so the export is not complete; copy the whole folder")
    for number, line in enumerate(content.split("\n"), start=1):
        line = line.removesuffix("\r")
        if not line or line.startswith(_OTHERS):
            continue
        where = f"{file} line {number}"
        match = _TEXT_BOUND.fullmatch(line)
        if match is None:
            raise GonerdError(f"{where}: {line[:60]!r} is no text-bound annotation; mend or remove it")
        parts = [tuple(map(int, part.split())) for part in match[2].split(";")]
        for (_, end), (start, _) in pairwise(parts):
            gap = text[end:start]
            if gap.strip("\r\n") or not gap:
                raise GonerdError(
                    f"{where}: the span is in {len(parts)} parts with {gap!r} between, and spans here have one; join "
                    "or part it in brat"
                )
        whole = text[parts[0][0] : parts[-1][1]] if len(parts) > 1 else match[3]
        if len(parts) > 1 and " ".join(text[a:b] for a, b in parts) != match[3]:
            whole = match[3]  # not what stands there: the mismatch is named where spans are checked
        yield Mark(parts[0][0], parts[-1][1], match[1], whole)


FORMATS.register("brat")(Brat())
