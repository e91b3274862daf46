"""How a listed page can end, and which endings are worth another try in a later round."""

from __future__ import annotations

from http import HTTPStatus

FETCHED, OPEN, UNFINISHED = "fetched", "", "unfinished"
DUPLICATE, REDIRECTS, LIMIT, HOST_LIMIT, DEPTH = "duplicate", "redirects", "limit", "host-limit", "depth"
INVALID_URL, OFFSITE, NOT_A_PAGE, NOT_TEXT, OPT_OUT = "invalid-url", "offsite", "not-a-page", "not-text", "opt-out"
TOO_LARGE, RATIO, TIMEOUT, BROKEN = "too-large", "compression-ratio", "timeout", "broken-response"
CONNECTION, TLS, DNS, RETRY_LATER, NOT_STORED = "connection", "tls", "dns", "retry-later", "not-stored"
UNREADABLE, REPEATED = "unreadable", "repeated"

# A page that ended so is left alone until a crawl with `refresh` asks for it.
_LASTING = frozenset({FETCHED, DUPLICATE, REDIRECTS, NOT_TEXT, OPT_OUT, TOO_LARGE, RATIO})
# These say "not now" rather than "not here".
_PASSING = frozenset({HTTPStatus.REQUEST_TIMEOUT, HTTPStatus.TOO_EARLY, HTTPStatus.TOO_MANY_REQUESTS})


def http_reason(status: int) -> str:
    """Returns the reason for a response that is no page."""
    return f"http-{status}"


def is_lasting(reason: str) -> bool:
    """Whether a page that ended for this reason would most likely end so again."""
    if not reason.startswith("http-"):
        return reason in _LASTING
    status = int(reason.removeprefix("http-"))
    return status < HTTPStatus.INTERNAL_SERVER_ERROR and status not in _PASSING
