"""What a listing named when it was read last, kept so that "not modified" means the same again."""

from __future__ import annotations

from collections.abc import Sequence

from gonerd.crawl.listings import Entry, Listing

from .store import Store

_LISTING, _FOLLOWING, _PAGE = "listing", "following", "page"


def forget_names(store: Store, listing: int) -> None:
    """Forgets what a listing named, before it is read anew."""
    store.run("DELETE FROM named WHERE listing = ?", listing)


def keep_names(
    store: Store,
    listing: int,
    first: int,
    listings: Sequence[Entry] = (),
    following: Sequence[Entry] = (),
    pages: Sequence[Entry] = (),
) -> None:
    """Keeps names of a listing, in their order.

    Args:
        store: The crawl's store.
        listing: Id of the listing.
        first: Number of the first of these names among all of the listing.
        listings: Further listings.
        following: The next pages of the same listing.
        pages: Pages.
    """
    kinds = ((_LISTING, listings), (_FOLLOWING, following), (_PAGE, pages))
    names = [(what, entry) for what, entries in kinds for entry in entries]
    store.run_many(
        "INSERT OR REPLACE INTO named (listing, number, what, url, modified) VALUES (?, ?, ?, ?, ?)",
        [(listing, number, what, *entry) for number, (what, entry) in enumerate(names, start=first)],
    )


def named_before(store: Store, listing: int) -> Listing:
    """Returns what a listing named when it was read last."""
    rows = store.rows("SELECT what, url, modified FROM named WHERE listing = ? ORDER BY number", listing)
    kept = {
        what: tuple(Entry(row["url"], row["modified"]) for row in rows if row["what"] == what)
        for what in (_PAGE, _LISTING, _FOLLOWING)
    }
    return Listing(pages=kept[_PAGE], listings=kept[_LISTING], following=kept[_FOLLOWING])
