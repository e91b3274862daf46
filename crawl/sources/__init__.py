"""Where page addresses come from: one module per kind of seed, found by itself.

A module registers one `Source` under its name in `SOURCES`; the command then takes `--seed NAME=ADDRESS`.
"""

from __future__ import annotations

from dataclasses import dataclass

from gonerd.registry import Registry


@dataclass(frozen=True, slots=True)
class Listing:
    """Addresses that a seed or a listing names, in its order.

    Attributes:
        pages: Pages to store.
        listings: Further listings (sitemaps, feeds) to read.
    """

    pages: tuple[str, ...] = ()
    listings: tuple[str, ...] = ()


class Source:
    """A kind of seed. The defaults suit one whose seed is the address of a listing."""

    def start(self, seed: str) -> Listing:
        """Returns what to fetch first.

        Args:
            seed: What the user gave.

        Raises:
            UsageError: The seed is unusable.
        """
        return Listing(listings=(seed,))

    def read(self, body: bytes, url: str, max_bytes: int) -> Listing:
        """Reads the addresses from a fetched listing.

        Args:
            body: Its content.
            url: Where it was found; relative addresses are resolved against it.
            max_bytes: Bound of the unpacked content.

        Raises:
            GonerdError: The content is no such listing; the message is a few words that say why.
        """
        raise NotImplementedError(f"{type(self).__name__} lists no listings, so it reads none")


SOURCES: Registry[Source] = Registry("seed kind", __name__)
