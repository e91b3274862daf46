"""spaCy's DocBin: documents for `spacy train`, their text unchanged, words broken at span borders."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

from gonerd.errors import GonerdError
from gonerd.files import existing
from gonerd.records import Annotation, Document, Rejected, Span

from . import FORMATS
from ._fit import Reading
from ._marks import Mark, Marked, text_or_none


class DocBinFormat:
    """One `.spacy` file; ids travel in `doc.user_data["id"]`, sentence starts and entities are set."""

    suffix = ".spacy"
    folder = False

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

    def read(self, path: Path, reading: Reading) -> Iterator[Annotation | Rejected]:
        """Reads the entities of every document; one without an id is known by its text."""
        from spacy.tokens import DocBin
        from spacy.vocab import Vocab

        content = existing(path, "DocBin file", "check the path").read_bytes()
        try:
            docs = list(DocBin().from_bytes(content).get_docs(Vocab()))
        except Exception as error:  # a damaged file fails anywhere inside the library
            problem = " ".join(str(error).split())
            raise GonerdError(
                f"{path}: no complete DocBin ({type(error).__name__}: {problem}); write it again"
            ) from error
        for number, doc in enumerate(docs):
            where = f"{path} document {number}"
            marks = tuple(Mark(e.start_char, e.end_char, e.label_, e.text) for e in doc.ents)
            ident = text_or_none(doc.user_data.get("id"), "id", where)
            yield reading.fit(Marked(where, ident, doc.text, None, marks))


def _vocabulary(language: str) -> Any:
    import spacy

    try:
        return spacy.blank(language).vocab
    except ImportError:  # a language that spaCy does not know, or knows with a further package alone
        return spacy.blank("xx").vocab


def _doc(document: Document, annotation: Annotation, vocabulary: Any) -> Any:
    from spacy.tokens import Doc

    from gonerd.dataset.rows import View  # needs sentencex, which a plain installation lacks

    text, view = document.text, View.of(document, annotation.spans)
    words, spaces = _words_and_spaces(text, view.tokens)
    starts, position = set(view.starts), 0
    sentences: list[bool | int | None] = []
    for word, space in zip(words, spaces, strict=True):
        sentences.append(position in starts)
        position += len(word) + space
    # Given at once: setting it token by token would look through the whole document each time.
    doc = Doc(vocabulary, words=words, spaces=spaces, sent_starts=sentences)
    doc.ents = _entities(doc, view.spans, document.id)
    doc.user_data["id"] = document.id
    return doc


def _words_and_spaces(text: str, tokens: Sequence[tuple[int, int]]) -> tuple[list[str], list[bool]]:
    """Keeps white space beyond one blank as words of its own, so that the text comes back exactly.

    spaCy's own `get_words_and_spaces` takes U+001C to U+001F for white space, which are words here.
    """
    words: list[str] = []
    spaces: list[bool] = []
    last = 0
    for start, end in [*tokens, (len(text), len(text))]:
        gap, last = text[last:start], end
        if words and gap.startswith(" "):
            spaces[-1], gap = True, gap[1:]
        for word in (gap, text[start:end]):
            if word:
                words.append(word)
                spaces.append(False)
    return words, spaces


def _entities(doc: Any, spans: Sequence[Span], document_id: str) -> list[Any]:
    from spacy.tokens import Span as Entity

    # `Doc.char_span` looks for its tokens from the beginning, which long documents with many spans cannot afford.
    first = {token.idx: token.i for token in doc}
    last = {token.idx + len(token): token.i for token in doc}
    try:
        return [Entity(doc, first[span.start], last[span.end] + 1, span.label) for span in spans]
    except KeyError as error:  # tokens break at every border, so it is a bug
        raise GonerdError(
            f"document {document_id}: a span border at {error} does not fit spaCy's words; report it"
        ) from error


FORMATS.register("docbin")(DocBinFormat())
