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
    begins, which finds everything that is stored. Pages that the round before missed for a passing reason are asked
    for again, whether or not a listing still names them.

    Args:
        store: The crawl's store.
        seed: What is crawled.
        bounds: The settings that decide which listed pages are taken.
    """
    run = int(store.value("SELECT MAX(run) FROM entries") or 0) + 1
    last = store.row("SELECT * FROM rounds WHERE seed = ? ORDER BY id DESC LIMIT 1", seed)
    if last is not None and not last["complete"] and last["bounds"] == bounds:
        with store.transaction():
            # What failed for a passing reason gets its chance now rather than in the next round.
            store.run("UPDATE listings SET state = 'open' WHERE round = ? AND state = 'failed'", last["id"])
            for reason in _passing(store, last["id"]):
                store.run(
                    "UPDATE entries SET state = 'open', reason = '', detail = '' "
                    "WHERE round = ? AND state = 'ended' AND counts AND reason = ?",
                    last["id"], reason,
                )  # fmt: skip
        return Round(last["id"], True, run)
    with store.transaction():
        new = store.run("INSERT INTO rounds (seed, bounds) VALUES (?, ?)", seed, bounds)
        if last is not None:
            store.run("UPDATE rounds SET complete = 1 WHERE id = ?", last["id"])
            _take_over(store, last["id"], new)
    return Round(new, False, run)


def _passing(store: Store, earlier: int) -> list[str]:
    """Returns the reasons for which a round missed pages that may be had now."""
    found = store.rows("SELECT DISTINCT reason FROM entries WHERE round = ? AND state = 'ended' AND counts", earlier)
    return [row["reason"] for row in found if not is_lasting(row["reason"])]


def _take_over(store: Store, earlier: int, new: int) -> None:
    """Enters what the round before left open, or missed for a passing reason, into the new one, and forgets the rest.

    Of earlier rounds nothing is needed any more: what they stored is known by page.
    """
    reasons = _passing(store, earlier)
    marks = ", ".join("?" * len(reasons)) or "''"
    store.run(
        "INSERT INTO entries (round, key, seq, host, source, domain, counts, again, state) "
        "SELECT ?, key, seq, host, source, domain, counts, again, 'open' FROM entries "
        f"WHERE round = ? AND counts AND (state = 'open' OR (state = 'ended' AND reason IN ({marks})))",
        new, earlier, *reasons,
    )  # fmt: skip
    store.run("DELETE FROM entries WHERE round = ?", earlier)


def end_round(store: Store, current: Round) -> None:
    """Notes that nothing is left to ask for in a round."""
    left = store.value("SELECT COUNT(*) FROM entries WHERE round = ? AND state = 'open'", current.id)
    left += store.value("SELECT COUNT(*) FROM listings WHERE round = ? AND state = 'open'", current.id)
    if not left:
        store.run("UPDATE rounds SET complete = 1 WHERE id = ?", current.id)
