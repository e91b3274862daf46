"""The TDM Reservation Protocol: `tdm-reservation` in a header, a page, or a file of the site.

W3C Community Group Final Report of 10 May 2024, https://www.w3.org/community/reports/tdmrep/CG-FINAL-tdmrep-20240510/.
It puts the opt-out of Article 4(3) of Directive (EU) 2019/790 into a form that machines read.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from gonerd.crawl.robots_file import Pattern, target_of
from gonerd.errors import GonerdError

from . import OPTOUTS, OptOut, Reader, Signal, SiteFile
from ._head import MetaElement

RESERVATION, POLICY = "tdm-reservation", "tdm-policy"
FILE = "/.well-known/tdmrep.json"
_VALUES = {"0": False, "1": True}


class TdmRep(OptOut):
    """The protocol."""

    headers = (RESERVATION, POLICY)
    meta = (RESERVATION, POLICY)
    hints = (RESERVATION.encode(),)
    files = (FILE,)

    def in_page(self, headers: Mapping[str, Sequence[str]], meta: Sequence[MetaElement]) -> Iterable[Signal]:
        """Finds the reservation; what the page says takes the place of what the header says (section 6.4)."""
        stated = {name: [one.content for one in meta if one.name == name] for name in self.meta}
        if signals := _signals("meta", stated[RESERVATION], stated[POLICY]):
            return signals
        return _signals("header", headers.get(RESERVATION, ()), headers.get(POLICY, ()))

    def in_site(self, files: Mapping[str, SiteFile]) -> Reader | None:
        """Reads `tdmrep.json`.

        The report says that the most specific match is used and that it is the first in the file. Where the order of a
        file makes these two, the URL is reserved if either says so.
        """
        rules = _rules(files[FILE].body) if FILE in files else []

        def read(url: str) -> Signal | None:
            target = target_of(url)
            found = [(pattern.octets, signal) for pattern, signal in rules if pattern.covers(target)]
            if not found:
                return None
            longest = max(octets for octets, _ in found)
            deciding = [found[0][1], *(signal for octets, signal in found if octets == longest)]
            return next((signal for signal in deciding if signal.reserved), deciding[0])

        return read if rules else None


def _signals(where: str, reservations: Sequence[str], policies: Sequence[str]) -> list[Signal]:
    """Any other value than 0 and 1 is an error of protocol and says nothing (section 5.1)."""
    stated = [value.strip() for value in reservations if value.strip() in _VALUES]
    if not stated:
        return []
    reserved = any(_VALUES[value] for value in stated)
    return [_signal(f"{where} {RESERVATION}", reserved, policies[0].strip() if policies else "")]


def _signal(where: str, reserved: bool, policy: str) -> Signal:
    value = f"{int(reserved)}, {POLICY} {policy}" if policy and reserved else str(int(reserved))
    return Signal(RESERVATION, where, value, reserved)


def _rules(body: bytes) -> list[tuple[Pattern, Signal]]:
    try:
        stated = json.loads(body.decode("utf-8-sig"))
    except (ValueError, RecursionError) as error:
        raise GonerdError(f"{FILE} is not valid JSON ({error})") from error
    entries = [stated] if isinstance(stated, dict) else stated  # one rule without its brackets is still a rule
    if not isinstance(entries, list):
        raise GonerdError(f"{FILE} holds no array of rules")
    rules = [rule for entry in entries if (rule := _rule(entry))]
    if entries and not rules:
        raise GonerdError(f"{FILE} holds no rule with a location and a {RESERVATION} of 0 or 1")
    return rules


def _rule(entry: Any) -> tuple[Pattern, Signal] | None:
    if not isinstance(entry, dict) or not isinstance(entry.get("location"), str):
        return None
    reserved = _VALUES.get(str(entry.get(RESERVATION)))
    policy = entry.get(POLICY)
    if reserved is None:
        return None
    return Pattern.read(entry["location"]), _signal(FILE, reserved, policy if isinstance(policy, str) else "")


OPTOUTS.register("tdmrep")(TdmRep())
