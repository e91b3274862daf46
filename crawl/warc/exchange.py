"""One HTTP request and its response, as a WARC file takes them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Message:
    """The head and body of one HTTP request or response.

    Attributes:
        start: Request line or status line.
        headers: Names and values in order.
        body: Content as received, still in its content encoding.
    """

    start: str
    headers: Sequence[tuple[str, str]]
    body: bytes


@dataclass(frozen=True, slots=True)
class Original:
    """The capture that a revisit stands for.

    Attributes:
        url: Its address.
        date: Its WARC-Date.
        digest: Its WARC-Payload-Digest.
    """

    url: str
    date: str
    digest: str


@dataclass(frozen=True, slots=True)
class Exchange:
    """What goes into the WARC file for one request.

    Attributes:
        url: The address that was requested.
        request: What was sent.
        response: What came back.
        status: HTTP status of the response.
        extra: Further WARC headers of the response record.
        notes: Fields of the metadata record.
        original: An earlier capture of the address; where it holds the same content, a revisit record is written.
    """

    url: str
    request: Message
    response: Message
    status: int
    extra: Mapping[str, str] = field(default_factory=dict)
    notes: Mapping[str, str] = field(default_factory=dict)
    original: Original | None = None
