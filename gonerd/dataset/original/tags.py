"""Foreign tags of one sentence, written or numbered, in any usual scheme, as BIO over the core labels."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import Any

from gonerd.errors import GonerdError, UsageError, unknown_name
from gonerd.labels import CORE, split_tag, to_bio

# What a foreign label becomes; None drops it on purpose, as the core scheme has no amounts, dates or counts.
FOLD: Mapping[str, str | None] = {
    **dict.fromkeys(("PER", "PERS", "PERSON", "PEOPLE", "JUDGE"), "PER"),
    **dict.fromkeys(("ORG", "ORGANIZATION", "ORGANISATION", "CORPORATION", "COMPANY", "COURT"), "ORG"),
    **dict.fromkeys(("LOC", "LOCATION", "PLACE", "GPE", "FAC", "FACILITY"), "LOC"),
    **dict.fromkeys(("MISC", "MISCELLANEOUS", "NORP", "PRODUCT", "EVENT", "WORK_OF_ART", "LAW", "LANGUAGE"), "MISC"),
    **dict.fromkeys(("DATE", "TIME", "PERCENT", "MONEY", "QUANTITY", "ORDINAL", "CARDINAL"), None),
}
# Universal and Penn Treebank tags: whoever has these in the column of entity tags has named another column so.
_PARTS_OF_SPEECH = frozenset(
    (
        *("ADJ", "ADP", "ADV", "AUX", "CCONJ", "DET", "INTJ", "NOUN", "NUM", "PART", "PRON", "PROPN", "PUNCT", "SCONJ"),
        *("SYM", "VERB", "X", "CC", "CD", "DT", "EX", "FW", "IN", "JJ", "JJR", "JJS", "LS", "MD", "NN", "NNS", "NNP"),
        *("NNPS", "PDT", "POS", "PRP", "PRP$", "RB", "RBR", "RBS", "RP", "TO", "UH", "VB", "VBD", "VBG", "VBN", "VBP"),
        *("VBZ", "WDT", "WP", "WP$", "WRB", ",", ".", ":", "``", "''", "$", "#"),
    )
)
# Either of these reads BIO and IOB1 as well.
_SCHEMES = {"BIOES": "BIES", "BILOU": "BILU"}


class TagReader:
    """Reads tags.

    Written tags may be BIO, IOB1, BIOES or BILOU, or bare labels: then neighbours of one label are one mention.

    Args:
        names: The tag that each number stands for, where tags are numbers.
        fold: Core labels, or None to drop it, for labels beyond `FOLD`; case does not matter.

    Raises:
        UsageError: `fold` leads to something that is no core label.
    """

    def __init__(self, names: Mapping[int, str] | None = None, fold: Mapping[str, str | None] | None = None) -> None:
        self.names = names
        self.fold = {**FOLD, **{label.upper(): core for label, core in (fold or {}).items()}}
        for core in self.fold.values():
            if core is not None and core not in CORE:
                raise unknown_name("core label", core, CORE)

    def read(self, tags: Sequence[Any], where: str) -> list[str]:
        """Returns the tags in BIO over the core labels.

        Args:
            tags: One a token of a sentence; strings or whole numbers.
            where: File, line and field, for the message.

        Raises:
            GonerdError: A tag is malformed, of another scheme, or means nothing here.
        """
        written = [self._written(tag, where) for tag in tags]
        self._check_kind(written, where)
        return [self._core(tag, where) for tag in _to_bio(written, where)]

    def _written(self, tag: Any, where: str) -> str:
        if isinstance(tag, str) and not tag.isdecimal():
            return _prefixed(tag)
        if not isinstance(tag, int | str) or isinstance(tag, bool):
            raise GonerdError(f"{where}: {json.dumps(tag)} is neither a string nor a whole number; mend the line")
        if self.names is None:
            raise GonerdError(
                f"{where}: the tags are numbers and nothing says what they stand for; "
                'put a label_map.json such as {"0": "O", "1": "B-PER"} beside the file, or pass labels='
            )
        if int(tag) not in self.names:
            raise GonerdError(f"{where}: {tag} is none of the {len(self.names)} numbers with a label; name it as well")
        return _prefixed(self.names[int(tag)])

    def _check_kind(self, tags: Sequence[str], where: str) -> None:
        for tag in tags:
            label = tag.removeprefix("I-")
            if label in _PARTS_OF_SPEECH and label not in self.fold:
                raise GonerdError(
                    f"{where}: {label!r} is a part of speech, not a kind of entity; name the column of entity tags "
                    "'ner_tags'"
                )

    def _core(self, tag: str, where: str) -> str:
        prefix, label = split_tag(tag)
        if prefix == "O":
            return tag
        try:
            core = self.fold[label.upper()]
        except KeyError:
            raise GonerdError(
                f"{where}: no core label is known for {label!r}; pass fold={{{label!r}: 'MISC'}} or another one, "
                "None to leave it out"
            ) from None
        return f"{prefix}-{core}" if core else "O"


def _prefixed(tag: str) -> str:
    return tag if tag == "O" or "-" in tag else f"I-{tag}"


def _to_bio(tags: list[str], where: str) -> list[str]:
    try:
        prefixes = {split_tag(tag)[0] for tag in tags if tag != "O"}
    except GonerdError as error:
        raise GonerdError(f"{where}: {error}") from error
    for scheme, own in _SCHEMES.items():
        if prefixes <= set(own):
            return to_bio(tags, scheme)
    given = ", ".join(map(repr, sorted(prefixes)))
    raise GonerdError(f"{where}: no scheme has the prefixes {given}; use BIO, IOB1, BIOES or BILOU")


def numbered(value: Any, where: str) -> dict[int, str]:
    """Reads what numbers stand for.

    Args:
        value: A list of tags, `{number: tag}`, `{tag: number}`, or either under `id2label`, `label2id` or `names`.
        where: What it is, for the message.

    Returns:
        The tag of each number.

    Raises:
        UsageError: It is nothing of the kind.
    """
    if isinstance(value, Mapping):
        for key in ("id2label", "label2id", "label_map", "names", "labels"):
            if isinstance(value.get(key), Mapping | Sequence) and not isinstance(value[key], str):
                return numbered(value[key], where)
        pairs = list(value.items())
        if all(isinstance(number, int) for _, number in pairs):
            pairs = [(number, tag) for tag, number in pairs]
    else:
        pairs = list(enumerate(value)) if isinstance(value, Sequence) and not isinstance(value, str) else []
    with suppress(TypeError, ValueError):
        named = {int(number): tag for number, tag in pairs}
        if named and len(named) == len(pairs) and all(isinstance(tag, str) and tag for tag in named.values()):
            return named
    raise UsageError(f'{where}: does not say what numbers stand for; write {{"0": "O", "1": "B-PER", ...}}')
