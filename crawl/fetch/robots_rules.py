"""What an answer to the request for robots.txt means (RFC 9309), and for how long."""

from __future__ import annotations

import re
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from http import HTTPStatus
from urllib.parse import urlsplit

from protego import Protego

from gonerd.crawl.robots_file import PathRules, Record, records_for, target_of

REDIRECTS = 5
# A site that wants more than this between two pages does not want to be crawled.
_LONGEST_DELAY = 300.0
_LONGEST_LIFE, _SHORTEST_LIFE = timedelta(hours=24), timedelta(minutes=1)
_COURTESY = ("crawl-delay", "crawl delay", "request-rate", "request rate")
_MAX_AGE = re.compile(r"(?:^|[\s,])max-age=\"?(\d{1,9})\b", re.IGNORECASE)
_STALE = re.compile(r"(?:^|[\s,])(no-store|no-cache)(?:$|[\s,=])", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Rules:
    """What one robots.txt allows.

    Attributes:
        paths: Its rules, or None where nothing may be fetched.
        problem: Why nothing may be fetched; empty where the rules decide.
        delay: Seconds between two requests that it asks for, 0 if it asks for none.
        reason: Under which a refused page is counted.
    """

    paths: PathRules | None
    problem: str = ""
    delay: float = 0.0
    reason: str = "robots"

    def refusal(self, url: str) -> str | None:
        """Says why a URL may not be fetched, or None if it may; robots.txt itself always may (2.2.2)."""
        path = urlsplit(url).path or "/"
        if path == "/robots.txt":
            return None
        if self.problem or self.paths is None:
            return self.problem
        return None if self.paths.allow(target_of(url)) else f"robots.txt disallows {path}"


def read_rules(status: int, body: bytes, redirects: int = 0) -> Rules:
    """Interprets the answer to a request for robots.txt.

    Args:
        status: HTTP status at the end of any redirects.
        body: Content.
        redirects: How many redirects were followed.

    Returns:
        For 2xx the rules of the file (2.3.1.1). None for a redirect after five others (2.3.1.2) and for 4xx (2.3.1.3).
        A ban for anything else (2.3.1.4), and for 429 too: the RFC would let us in, but the server asks to come back
        later.
    """
    if status == HTTPStatus.TOO_MANY_REQUESTS:
        return Rules(None, "robots.txt answered 429, so the site wants to be asked later", reason="retry-later")
    moved_too_often = 300 <= status < 400 and redirects >= REDIRECTS
    if moved_too_often or 400 <= status < 500:
        return Rules(PathRules(()))
    if not 200 <= status < 300:
        return Rules(None, f"robots.txt answered {status}, so nothing may be fetched (RFC 9309)")
    records = records_for(body)
    delay = _delay(records)
    if delay > _LONGEST_DELAY:
        return Rules(None, f"robots.txt asks for {delay:.0f} seconds between two requests")
    return Rules(PathRules(records), delay=delay)


def unreachable(why: str, reason: str = "robots") -> Rules:
    """Returns the ban that follows where robots.txt cannot be had at all (2.3.1.4).

    Args:
        why: What went wrong, a few words.
        reason: Under which the pages are counted; the kind of failure where the host itself cannot be reached.
    """
    return Rules(None, f"robots.txt cannot be reached, so nothing may be fetched ({why})", reason=reason)


def _delay(records: list[Record]) -> float:
    # The RFC knows neither record; Protego knows their spellings and units.
    lines = (f"{key}: {value}" for key, value in records if key in _COURTESY)
    parsed = Protego.parse("\n".join(("User-agent: *", *lines)))
    rate = parsed.request_rate("*")
    return max(parsed.crawl_delay("*") or 0.0, rate.seconds / rate.requests if rate else 0.0)


def expires_at(fetched: datetime, headers: Mapping[str, str]) -> datetime:
    """Says until when an answer may be used (RFC 9309, 2.4; RFC 9111, 4.2).

    Args:
        fetched: When it came.
        headers: Its headers, names in lower case.

    Returns:
        A day later, or earlier where Cache-Control says so, but a minute later at least, so that the file is not asked
        for before every page.
    """
    control, life = headers.get("cache-control", ""), _LONGEST_LIFE
    if _STALE.search(control):
        life = timedelta()
    elif stated := _MAX_AGE.search(control):
        life = timedelta(seconds=int(stated[1]))
        with suppress(ValueError, OverflowError):
            life -= timedelta(seconds=int(headers.get("age", "0")))
    return fetched + min(max(life, _SHORTEST_LIFE), _LONGEST_LIFE)
