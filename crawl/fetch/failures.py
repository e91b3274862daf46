"""Why a download came to nothing, in the words of the crawl's account."""

from __future__ import annotations

import zlib
from collections.abc import Iterator

from OpenSSL.SSL import Error as TlsError
from scrapy.exceptions import (
    CannotResolveHostError,
    DownloadCancelledError,
    DownloadConnectionRefusedError,
    DownloadFailedError,
    DownloadTimeoutError,
    IgnoreRequest,
    ResponseDataLossError,
)
from twisted.internet.error import ConnectionClosed
from twisted.python.failure import Failure
from twisted.web.client import ResponseNeverReceived
from twisted.web.http import PotentialDataLoss, _DataLoss

from .outcomes import BROKEN, CONNECTION, DNS, RATIO, REDIRECTS, TIMEOUT, TLS, TOO_LARGE

_KINDS: tuple[tuple[type[BaseException], str], ...] = (
    (DownloadTimeoutError, TIMEOUT),
    (CannotResolveHostError, DNS),
    (DownloadConnectionRefusedError, CONNECTION),
    (DownloadCancelledError, TOO_LARGE),  # only a response over max_bytes is cancelled
    (ResponseDataLossError, BROKEN),
)


def _causes(error: BaseException) -> Iterator[BaseException]:
    """Yields an error and everything it was raised from, Twisted's lists of reasons included."""
    waiting: list[BaseException] = [error]
    while waiting:
        one = waiting.pop(0)
        yield one
        reasons = getattr(one, "reasons", None) or ()
        waiting += [reason.value for reason in reasons if isinstance(reason, Failure) and reason.value]
        if one.__cause__ is not None:
            waiting.append(one.__cause__)


def _words(causes: list[BaseException]) -> str:
    """Describes an error by the innermost of its causes that says anything; the outer ones only list them."""
    for cause in reversed(causes):
        if str(cause) and not getattr(cause, "reasons", None):
            return f"{type(cause).__name__}: {cause}"[:500]
    return type(causes[0]).__name__


def reason_of(error: BaseException) -> tuple[str, str]:
    """Returns (reason, detail) for what a request failed with."""
    causes = list(_causes(error))
    detail = _words(causes)
    for kind, reason in _KINDS:
        if isinstance(error, kind):
            return reason, detail
    if isinstance(error, IgnoreRequest):
        if "redirections" in str(error):
            return REDIRECTS, str(error)
        if "decompression" in str(error):
            return RATIO, str(error)
    if any(isinstance(cause, TlsError) for cause in causes):
        return TLS, detail
    if isinstance(error, zlib.error | EOFError) or any(
        isinstance(cause, _DataLoss | PotentialDataLoss) for cause in causes
    ):
        return BROKEN, detail
    if any(isinstance(cause, ResponseNeverReceived | ConnectionClosed) for cause in causes):
        parsing = any(type(cause).__name__ in ("ParseError", "_MalformedChunkedDataError") for cause in causes)
        return (BROKEN if parsing else CONNECTION), detail
    if isinstance(error, DownloadFailedError):
        return BROKEN, detail
    return (CONNECTION if isinstance(error, OSError) else "fetch-error"), detail
