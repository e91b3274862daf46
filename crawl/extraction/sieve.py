"""One answer of a crawl: the document it holds, or the reason why there is none."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator

from gonerd.crawl.warc.pages import MAX_BYTES, Answer, Revisit, Spoiled
from gonerd.records import Document

from .page import Unfit, extract_page
from .parts import Extracted, Part, in_sequence, join_parts

REVISIT = "revisit"


def sift(answer: Answer) -> Extracted:
    """Extracts the document of an answer.

    Raises:
        Unfit: There is none; the exception says why.
    """
    if isinstance(answer, Spoiled):
        raise Unfit("digest-mismatch", answer.detail)
    if isinstance(answer, Revisit):
        raise Unfit(REVISIT, f"unchanged since {answer.original or answer.original_url}")
    if len(answer.body) > MAX_BYTES:
        raise Unfit("too-large", f"more than {MAX_BYTES} bytes")
    return extract_page(answer)


def documents_of(answers: Iterable[Answer]) -> Iterator[Document]:
    """Yields the document of every answer that has one, then the articles that are put together from parts.

    Nothing is left out as a duplicate: who looks for a certain text wants every version of it.
    """
    groups: defaultdict[str, dict[int, tuple[Part, Document]]] = defaultdict(dict)
    for answer in answers:
        try:
            found = sift(answer)
        except Unfit:
            continue
        if found.part:
            groups[found.part.group][found.part.number] = (found.part, found.document)
        yield found.document
    for parts in groups.values():
        if is_whole([part for part, _ in parts.values()]):
            yield join_parts([parts[number][1] for number in sorted(parts)])


def is_whole(parts: Iterable[Part]) -> bool:
    """Whether parts make up an article: two at least, numbered from 1 without a gap, the last of them known."""
    ordered = sorted(parts, key=lambda part: part.number)
    count = len(ordered)
    return count > 1 and in_sequence([part.number for part in ordered]) == count and ordered[-1].next_url is None
