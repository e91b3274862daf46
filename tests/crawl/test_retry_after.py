from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from wsgiref.handlers import format_date_time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gonerd.crawl.fetch.retry_after import seconds

NOW = datetime(1994, 11, 6, 8, 49, 7, tzinfo=UTC)


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        (None, None),
        ("", None),
        ("120", 120),
        (" 0 ", 0),
        ("-5", None),
        ("1.5", None),
        ("١٢", None),
        ("9" * 500, None),
        # The three forms of RFC 9110, 5.6.7.
        ("Sun, 06 Nov 1994 08:49:37 GMT", 30),
        ("Sunday, 06-Nov-94 08:49:37 GMT", 30),
        ("Sun Nov  6 08:49:37 1994", 30),
        ("Sun, 06 Nov 1994 08:00:00 GMT", 0),
        ("Mon, 99 Nov 1994 08:00:00 GMT", None),
        ("soon", None),
    ],
)
def test_forms(header: str | None, expected: float | None) -> None:
    assert seconds(header, NOW) == expected


@given(st.integers(0, 2**31), st.integers(-14, 14))
def test_dates_come_back(wait: int, hours: int) -> None:
    now = datetime(2026, 1, 1, tzinfo=UTC).astimezone(timezone(timedelta(hours=hours)))
    assert seconds(format_date_time(now.timestamp() + wait), now) == wait


@given(st.text())
def test_reads_anything(header: str) -> None:
    wait = seconds(header, NOW)
    assert wait is None or wait >= 0
