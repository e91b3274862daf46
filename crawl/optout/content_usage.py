"""`Content-Usage` and `Content-Signal`: what a text may be used for, in robots.txt or a header.

Two spellings of one idea. `Content-Usage: train-ai=n` is that of the IETF working group AIPREF
(draft-ietf-aipref-attach, draft-ietf-aipref-vocab); a rule of robots.txt may begin with a path. `Content-Signal:
ai-train=no` is that of Cloudflare (https://contentsignals.org, September 2025). Both stand in the group of a crawler.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from gonerd.crawl.robots_file import Pattern, most_specific, records_for, target_of

from . import OPTOUTS, ROBOTS_TXT, OptOut, Reader, Signal, SiteFile
from ._head import MetaElement

_NAMES = ("content-usage", "content-signal")
# Uses that training a model on a corpus comes under, the closer first: a narrow preference overrides a wide one.
_USES = (frozenset({"train-ai", "ai-train"}), frozenset({"ai"}), frozenset({"tdm", "bots"}))
_ANSWERS = {"n": True, "no": True, "y": False, "yes": False}


class ContentUsage(OptOut):
    """Both spellings."""

    headers = _NAMES
    files = (ROBOTS_TXT,)

    def in_page(self, headers: Mapping[str, Sequence[str]], meta: Sequence[MetaElement]) -> Iterable[Signal]:
        """Finds the headers."""
        for name in _NAMES:
            value = ", ".join(headers.get(name, ()))
            reserved = _reserves(value)
            if reserved is not None:
                yield Signal(name, f"header {name}", value, reserved)

    def in_site(self, files: Mapping[str, SiteFile]) -> Reader | None:
        """Reads the lines of robots.txt: that with the longest matching path counts, the stricter among equals."""
        records = records_for(files[ROBOTS_TXT].body) if ROBOTS_TXT in files else []
        rules = [rule for key, value in records if key in _NAMES and (rule := _rule(key, value))]

        def read(url: str) -> Signal | None:
            target = target_of(url)
            reserved = most_specific(((pattern, signal.reserved) for pattern, signal in rules), target, tie=True)
            saying = (one for pattern, one in rules if one.reserved == reserved and pattern.covers(target))
            return next(saying, None)

        return read if rules else None


def _rule(key: str, value: str) -> tuple[Pattern, Signal] | None:
    path, preferences = "", value
    if value.startswith("/"):
        path, _, preferences = value.replace("\t", " ").partition(" ")
    reserved = _reserves(preferences)
    return None if reserved is None else (Pattern.read(path), Signal(key, ROBOTS_TXT, value, reserved))


def _reserves(preferences: str) -> bool | None:
    """Returns what a list of preferences says about training, None if nothing."""
    stated: dict[str, bool] = {}
    for preference in preferences.split(","):
        use, _, answer = preference.partition(";")[0].partition("=")
        if (reserves := _ANSWERS.get(answer.strip().lower())) is not None:
            stated[use.strip().lower()] = reserves
    for uses in _USES:
        if said := uses & stated.keys():
            return any(stated[use] for use in said)
    return None


OPTOUTS.register("content_usage")(ContentUsage())
