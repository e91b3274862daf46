"""Where a response stands in a crawl's WARC files, and what is known of it without reading it."""

from __future__ import annotations

from typing import NamedTuple


class Capture(NamedTuple):
    """One response or revisit record.

    Attributes:
        url: The address that answered.
        date: WARC-Date of the record, ISO 8601 with a final Z.
        mime: Content type without parameters, "warc/revisit" for a revisit; "-" where none is stated.
        status: HTTP status.
        digest: WARC-Payload-Digest.
        file: Name of the WARC file.
        offset: First byte of the record's gzip member.
        length: Bytes of the member.
    """

    url: str
    date: str
    mime: str
    status: int
    digest: str
    file: str
    offset: int
    length: int
