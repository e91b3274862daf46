"""Persons by their given name: the lists of some eighty locales that the library Faker keeps (MIT)."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Iterator
from functools import cache

import regex

from gonerd.annotation.draft import Draft, Edit, Mention

from . import rule
from ._generic import FUNCTION, TYPES
from ._names import lower_words
from .organisations import is_body

_LATIN = regex.compile(r"[\p{Latin}\p{M}'’\-]+")
_PLAIN = regex.compile(
    r"\p{Lu}[\p{L}\p{M}.'’\-]*(?:\s(?:\p{Lu}[\p{L}\p{M}.'’\-]*|de|da|del|dos|van|von|der|den|bin|ibn|al|el|la|-)){0,4}"
)
_AFTER = regex.compile(r"\s?(?:&|-\s?\p{Lu})")


@cache
def names() -> tuple[frozenset[str], frozenset[str]]:
    """Returns given names and family names in Latin script."""
    import faker.providers.person as persons

    given: set[str] = set()
    family: set[str] = set()
    for module in pkgutil.iter_modules(persons.__path__):
        provider = importlib.import_module(f"{persons.__name__}.{module.name}").Provider
        for attribute in dir(provider):
            kind = given if "first_name" in attribute else family if "last_name" in attribute else None
            values = getattr(provider, attribute)
            if kind is not None and isinstance(values, dict | tuple | list | set):
                kind.update(v for v in values if isinstance(v, str) and _LATIN.fullmatch(v) and len(v) > 2)
    return frozenset(given), frozenset(family)


@rule("given_names", 52)
def given_names(draft: Draft) -> Iterator[Edit]:
    """Relabels mentions that read as a person's name: a given name, alone or before other words of a name."""
    lower = lower_words(draft)
    for mention in draft.mentions:
        if mention.label == "PER" or mention.evidence:
            continue
        name = draft.text[mention.start : mention.end]
        if _reads_as_person(name, mention, lower) and not _AFTER.match(draft.text, mention.end, mention.end + 4):
            yield Edit(mention.start, mention.end, "PER", f"{name.split()[0]!r} is a given name")


def _reads_as_person(name: str, mention: Mention, lower: dict[str, int]) -> bool:
    if not _PLAIN.fullmatch(name) or name.isupper():
        return False
    given, family = names()
    parts = [part for part in name.replace(" - ", "-").split() if part[0].isupper() and not part.endswith(".")]
    if not parts or any(p.lower() in TYPES or p.lower() in FUNCTION or lower.get(p.lower()) for p in parts):
        return False
    if is_body(parts[-1]):
        return False
    if len(parts) == 1:
        return mention.label == "ORG" and (parts[0] in given or parts[0] in family)
    if mention.label == "LOC":
        return parts[0] in given and parts[-1] in family
    return parts[0] in given
