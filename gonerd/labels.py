"""The label scheme, and the border where foreign tag schemes become BIO.

Inside the project a sequence is tagged in BIO (IOB2); IOB1, BIOES and BILOU are normalised when they come in.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from .errors import GonerdError, unknown_name

if TYPE_CHECKING:
    from .records import Span

CORE = ("PER", "ORG", "LOC", "MISC")
BIO_TAGS = ("O", *(f"{prefix}-{label}" for label in CORE for prefix in "BI"))
SCHEMES = ("BIO", "IOB1", "BIOES", "BILOU")

# Every scheme says, by its prefix, whether a token begins, continues, ends or is the whole of a mention.
_TO_BIOES = {"B": "B", "I": "I", "E": "E", "L": "E", "S": "S", "U": "S"}
_PREFIXES = {"BIO": "BI", "IOB1": "BI", "BIOES": "BIES", "BILOU": "BILU"}


def split_tag(tag: str) -> tuple[str, str]:
    """Splits "B-PER" into ("B", "PER"), and "O" into ("O", "")."""
    if tag == "O":
        return "O", ""
    prefix, dash, label = tag.partition("-")
    if not dash or not label or len(prefix) != 1 or prefix == "O":
        raise GonerdError(f"tag {tag!r} is neither 'O' nor of the form PREFIX-LABEL")
    return prefix, label


def to_bio(tags: Sequence[str], scheme: str) -> list[str]:
    """Normalises a tag sequence to BIO.

    A label change without a new beginning starts a new mention, as conlleval reads it.

    Args:
        tags: One tag a token.
        scheme: One of `SCHEMES`.

    Returns:
        The same mentions in BIO.

    Raises:
        UsageError: The scheme is unknown.
        GonerdError: A tag is malformed or its prefix does not belong to the scheme.
    """
    if scheme not in SCHEMES:
        raise unknown_name("tag scheme", scheme, SCHEMES)
    bio: list[str] = []
    open_label = ""  # label of the mention that the next token may continue
    previous = ""  # label of the previous token, whatever its prefix
    for position, tag in enumerate(tags):
        prefix, label = split_tag(tag)
        if prefix == "O":
            bio.append("O")
            open_label = previous = ""
            continue
        if prefix not in _PREFIXES[scheme]:
            raise GonerdError(f"tag {tag!r} at position {position} does not belong to scheme {scheme}")
        role = _TO_BIOES[prefix]
        # IOB1 writes B only between two adjacent mentions of one label; I after anything else begins.
        continues = role in "IE" and label == (previous if scheme == "IOB1" else open_label)
        bio.append(f"{'I' if continues else 'B'}-{label}")
        previous = label
        open_label = "" if role in "ES" else label
    return bio


def from_bio(tags: Sequence[str], scheme: str) -> list[str]:
    """Writes a BIO sequence in another scheme; the inverse of `to_bio`."""
    if scheme not in SCHEMES:
        raise unknown_name("tag scheme", scheme, SCHEMES)
    if scheme == "BIO":
        return list(tags)
    end, single = ("E", "S") if scheme == "BIOES" else ("L", "U")
    out: list[str] = []
    for i, tag in enumerate(tags):
        prefix, label = split_tag(tag)
        if prefix == "O":
            out.append(tag)
        elif scheme == "IOB1":
            touches = i > 0 and split_tag(tags[i - 1])[1] == label
            out.append(f"{'B' if prefix == 'B' and touches else 'I'}-{label}")
        else:
            goes_on = i + 1 < len(tags) and tags[i + 1] == f"I-{label}"
            marks = {("B", True): "B", ("B", False): single, ("I", True): "I", ("I", False): end}
            out.append(f"{marks[prefix, goes_on]}-{label}")
    return out


def mentions(tags: Sequence[str]) -> list[tuple[int, int, str]]:
    """Lists the mentions of a BIO sequence as (first token, token after the last, label).

    An `I-` that continues nothing begins a mention, so no prediction is lost.
    """
    found: list[tuple[int, int, str]] = []
    for i, tag in enumerate(tags):
        prefix, label = split_tag(tag)
        if prefix == "O":
            continue
        if prefix == "I" and found and found[-1][1] == i and found[-1][2] == label:
            found[-1] = (found[-1][0], i + 1, label)
        else:
            found.append((i, i + 1, label))
    return found


def spans_to_tags(spans: Sequence[Span], tokens: Sequence[tuple[int, int]]) -> list[str]:
    """Views character spans as BIO tags over tokens.

    A token belongs to a span when the two share a character; `gonerd.tokens.tokenize` given the spans
    makes tokens that never straddle a border, for which the view is exact.

    Args:
        spans: Non-overlapping spans.
        tokens: (start, end) offsets of each token, ascending.

    Returns:
        One BIO tag a token.
    """
    tags = ["O"] * len(tokens)
    i = 0
    for span in sorted(spans, key=lambda s: s.key):
        while i < len(tokens) and tokens[i][1] <= span.start:
            i += 1
        prefix = "B"
        while i < len(tokens) and tokens[i][0] < span.end:
            tags[i] = f"{prefix}-{span.label}"
            prefix = "I"
            i += 1
    return tags


def tags_to_spans(tags: Sequence[str], tokens: Sequence[tuple[int, int]]) -> list[Span]:
    """Reads BIO tags over tokens back as character spans; the inverse of `spans_to_tags`."""
    from .records import Span

    return [Span(tokens[first][0], tokens[last - 1][1], label) for first, last, label in mentions(tags)]
