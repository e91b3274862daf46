"""spaCy's DocBin: documents for `spacy train`, their text unchanged, words broken at span borders."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

from gonerd.errors import GonerdError
from gonerd.records import Annotation, Document, Span

from . import FORMATS


class DocBinFormat:
    """One `.spacy` file; ids travel in `doc.user_data["id"]`, sentence starts and entities are set."""

    suffix = ".spacy"

    def write(self, pairs: Iterable[tuple[Document, Annotation]], path: Path) -> int:
        """Writes every document; spaCy holds them all in memory."""
        from spacy.tokens import DocBin

        bin_, vocabularies = DocBin(store_user_data=True), {}
        for document, annotation in pairs:
            language = document.language or "en"
            if language not in vocabularies:
                vocabularies[language] = _vocabulary(language)
            bin_.add(_doc(document, annotation, vocabularies[language]))
        path.write_bytes(bin_.to_bytes())
        return len(bin_)


def _vocabulary(language: str) -> Any:
    import spacy

    try:
        return spacy.blank(language).vocab
    except ImportError:  # a language that spaCy does not know, or knows with a further package alone
        return spacy.blank("xx").vocab


def _doc(document: Document, annotation: Annotation, vocabulary: Any) -> Any:
    from spacy.tokens import Doc
    from spacy.util import get_words_and_spaces

    from gonerd.dataset.rows import View  # needs sentencex, which a plain installation lacks

    text, view = document.text, View.of(document, annotation.spans)
    # spaCy keeps white space beyond one blank as words of its own, so that the text comes back exactly.
    words, spaces = get_words_and_spaces([text[start:end] for start, end in view.tokens], text)
    doc = Doc(vocabulary, words=words, spaces=spaces)
    starts = set(view.starts)
    for token in doc:
        token.is_sent_start = token.idx in starts
    doc.ents = [_entity(doc, span, document.id) for span in view.spans]
    doc.user_data["id"] = document.id
    return doc


def _entity(doc: Any, span: Span, document_id: str) -> Any:
    entity = doc.char_span(span.start, span.end, span.label)
    if entity is None:  # spaCy's answer to a border inside a word; tokens break at every border, so it is a bug
        raise GonerdError(
            f"document {document_id}: span {span.start}..{span.end} does not fit spaCy's words; report it"
        )
    return entity


FORMATS.register("docbin")(DocBinFormat())
