"""The Retry-After header."""

from __future__ import annotations

import math
from contextlib import suppress
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime


def seconds(header: str | None, now: datetime) -> float | None:
    """Reads how long a server wants to be left alone (RFC 9110, 10.2.3).

    Args:
        header: Value of the header, a number of seconds or a date in any of the three forms of 5.6.7.
        now: The present moment, with a time zone; dates are counted from it.

    Returns:
        Seconds, 0 for a date in the past; None where there is no header or it cannot be read.
    """
    stated = (header or "").strip()
    if stated.isascii() and stated.isdigit():
        wait = float(stated)
        return wait if math.isfinite(wait) else None
    with suppress(ValueError, TypeError, IndexError, OverflowError):
        moment = parsedate_to_datetime(stated)
        if moment.tzinfo is None:  # the oldest form names no zone; all are in UTC
            moment = moment.replace(tzinfo=UTC)
        return max(0.0, (moment - now).total_seconds())
    return None
