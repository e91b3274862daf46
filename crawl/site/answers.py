"""What the server sends."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from http import HTTPStatus

Query = Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer to a request.

    Attributes:
        kind: Content type, with the charset where the server states it.
        body: Content.
        status: HTTP status.
        headers: Further headers.
    """

    kind: str
    body: bytes
    status: HTTPStatus = HTTPStatus.OK
    headers: tuple[tuple[str, str], ...] = ()


# Gets the query; None where the query asks for something that is not there.
View = Callable[[Query], Answer | None]


def redirect(target: str, status: HTTPStatus = HTTPStatus.MOVED_PERMANENTLY) -> Answer:
    """Returns an answer that leads to `target`."""
    body = f"The page is at {target}\n".encode()
    return Answer("text/plain; charset=utf-8", body, status, (("Location", target),))
