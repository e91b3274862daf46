"""Rounds: one pass over a seed, which a killed crawl continues and a later one follows with what is new."""

from __future__ import annotations

from dataclasses import dataclass

from .outcomes import is_lasting
from .store import Store


@dataclass(frozen=True, slots=True)
class Round:
    """The pass that is being made.

    Attributes:
        id: Its number, counted over all seeds of the folder.
        resumed: Whether an earlier run began it.
        run: Number of this run of the command, to tell what it did from what was there.
    """

    id: int
    resumed: bool
    run: int


def begin_round(store: Store, seed: str, bounds: str) -> Round:
    """Continues the open round of a seed, or begins a new one.

    A round that was cut off goes on only with the bounds it was begun with; with others it is closed and a new one
    begins, which finds everything that is stored. Pages that an earlier round of the seed missed for a passing
    reason are asked for again, whether or not a listing still names them.

    Args:
        store: The crawl's store.
        seed: What is crawled.
        bounds: The settings that decide which listed pages are taken.
    """
    run = int(store.value("SELECT MAX(run) FROM pages") or 0) + 1
    last = store.row("SELECT * FROM rounds WHERE seed = ? ORDER BY id DESC LIMIT 1", seed)
    if last is not None and not last["complete"] and last["bounds"] == bounds:
        with store.transaction():
            # What failed for a passing reason gets its chance now rather than in the next round.
            store.run("UPDATE listings SET state = 'open' WHERE round = ? AND state = 'failed'", last["id"])
            _reopen(store, last["id"], last["id"])
        return Round(last["id"], True, run)
    with store.transaction():
        new = store.run("INSERT INTO rounds (seed, bounds) VALUES (?, ?)", seed, bounds)
        for earlier in store.rows("SELECT id FROM rounds WHERE seed = ? AND id < ?", seed, new):
            store.run("UPDATE rounds SET complete = 1 WHERE id = ?", earlier["id"])
            _reopen(store, earlier["id"], new)
    return Round(new, False, run)


def _reopen(store: Store, earlier: int, new: int) -> None:
    """Opens the pages of a round again that were counted as wanted and missed for a passing reason."""
    found = store.rows("SELECT DISTINCT reason FROM pages WHERE round = ? AND state = 'ended' AND counts", earlier)
    passing = [row["reason"] for row in found if not is_lasting(row["reason"])]
    for reason in passing:
        store.run(
            "UPDATE pages SET round = ?, state = 'open', reason = '', detail = '' "
            "WHERE round = ? AND state = 'ended' AND counts AND reason = ?",
            new, earlier, reason,
        )  # fmt: skip
    store.run("UPDATE pages SET round = ? WHERE round = ? AND state = 'open' AND counts", new, earlier)


def end_round(store: Store, current: Round) -> None:
    """Notes that nothing is left to ask for in a round."""
    left = store.value("SELECT COUNT(*) FROM pages WHERE round = ? AND state = 'open'", current.id)
    left += store.value("SELECT COUNT(*) FROM listings WHERE round = ? AND state = 'open'", current.id)
    if not left:
        store.run("UPDATE rounds SET complete = 1 WHERE id = ?", current.id)
