"""Why a page becomes no document."""

from __future__ import annotations


class Unfit(Exception):
    """A page that becomes no document.

    Attributes:
        reason: Short reason that is counted.
        detail: What exactly was wrong.
    """

    def __init__(self, reason: str, detail: str = "") -> None:
        super().__init__(reason)
        self.reason, self.detail = reason, detail
