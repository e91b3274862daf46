"""Where a response stands in a crawl's WARC files, and what is known of it without reading it."""

from __future__ import annotations

from typing import NamedTuple

from warcio.timeutils import iso_date_to_timestamp

from .cdxj import cdxj_line
from .surt import surt


class Capture(NamedTuple):
    """One response or revisit record.

    Attributes:
        url: The address that answered.
        date: WARC-Date of the record, ISO 8601 with a final Z.
        mime: Content type without parameters, "warc/revisit" for a revisit; empty where none is stated.
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

    def line(self) -> str:
        """Returns the capture's line of a CDXJ index."""
        return cdxj_line(
            surt(self.url),
            iso_date_to_timestamp(self.date),
            self.url,
            self.mime,
            str(self.status or ""),
            self.digest,
            self.length,
            self.offset,
            self.file,
        )
