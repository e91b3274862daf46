"""CoNLL-2003 columns: word, two unused ones, BIO tag; `-DOCSTART-` before a document, blank lines between sentences."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path

from gonerd.labels import BIO_TAGS
from gonerd.records import Annotation, Document

from . import FORMATS


class Conll:
    """The columns that most taggers read. Offsets are lost; white space was never in them."""

    suffix = ".conll"

    def write(self, pairs: Iterable[tuple[Document, Annotation]], path: Path) -> int:
        """Writes the words of every document, sentence by sentence."""
        count = 0
        with path.open("w", encoding="utf-8", newline="\n") as handle:
            for document, annotation in pairs:
                handle.writelines(_lines(document, annotation))
                count += 1
        return count


def _lines(document: Document, annotation: Annotation) -> Iterator[str]:
    from gonerd.dataset.rows import View, sentence_rows  # needs sentencex, which a plain installation lacks

    yield "-DOCSTART- -X- -X- O\n\n"
    for row in sentence_rows(View.of(document, annotation.spans)):
        for token, tag in zip(row["tokens"], row["ner_tags"], strict=True):
            yield f"{token} -X- -X- {BIO_TAGS[tag]}\n"
        yield "\n"


FORMATS.register("conll")(Conll())
