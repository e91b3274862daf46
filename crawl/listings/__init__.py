"""Where page addresses come from: one module per kind of seed, found by itself.

A module registers one `ListingReader` under its name in `LISTINGS`; the command then takes `--seed NAME=ADDRESS`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import NamedTuple
from urllib.parse import urljoin

from gonerd.errors import UsageError, unknown_name
from gonerd.registry import Registry

NO_OPTIONS: Mapping[str, str] = MappingProxyType({})


class Entry(NamedTuple):
    """An address in a listing.

    Attributes:
        url: The address, absolute; empty where the listing should have one and has none.
        modified: When the listing says that it changed last, as stated; empty where it does not say.
    """

    url: str
    modified: str = ""


@dataclass(frozen=True, slots=True)
class Listing:
    """Addresses that a seed or a listing names, in its order.

    Attributes:
        pages: Pages to store.
        listings: Further listings (sitemaps, feeds) to read.
        following: The next page of the same listing, where it comes in several (an API's answer, a paged feed).
    """

    pages: tuple[Entry, ...] = ()
    listings: tuple[Entry, ...] = ()
    following: tuple[Entry, ...] = ()


class ListingReader:
    """A kind of seed. The defaults suit one whose seed is the address of a listing."""

    def start(self, seed: str) -> Listing:
        """Returns what to fetch first.

        Args:
            seed: What the user gave.

        Raises:
            UsageError: The seed is unusable.
        """
        return Listing(listings=(Entry(seed),))

    def read(self, body: bytes, url: str, max_bytes: int, options: Mapping[str, str] = NO_OPTIONS) -> Listing:
        """Reads the addresses from a fetched listing.

        Args:
            body: Its content.
            url: Where it was found; relative addresses are resolved against it.
            max_bytes: Bound of the unpacked content.
            options: What a source says about its listing (`Discovery.options`); kinds that need none pass them over.

        Raises:
            GonerdError: The content is no such listing; the message is a few words that say why.
        """
        raise NotImplementedError(f"{type(self).__name__} lists no listings, so it reads none")


def check_options(kind: str, options: Mapping[str, str], known: Iterable[str], needed: Iterable[str] = ()) -> None:
    """Holds what a source says about its listing against what the kind understands.

    Raises:
        UsageError: An option is unknown or missing; a source states it wrongly.
    """
    for name in options:
        if name not in known:
            raise unknown_name(f"option of the seed kind {kind!r}", name, known)
    for name in needed:
        if not options.get(name):
            raise UsageError(
                f"the seed kind {kind!r} needs the option {name!r}; a source states it in Discovery.options"
            )


def join(base: str, address: str) -> str:
    """Returns an address of a listing as an absolute one, as it is where it is none; the crawl counts it then.

    Args:
        base: Where the listing was found.
        address: What it names.
    """
    try:
        return urljoin(base, address)
    except ValueError:
        return address


LISTINGS: Registry[ListingReader] = Registry("seed kind", __name__)
