"""A text file with one URL per line."""

from __future__ import annotations

from pathlib import Path

from gonerd.crawl.hosts import url_problem
from gonerd.errors import UsageError

from . import LISTINGS, Entry, Listing, ListingReader


class UrlsReader(ListingReader):
    """Takes the pages that a file lists; blank lines and lines that begin with `#` are left out."""

    def start(self, seed: str) -> Listing:
        """Reads the file."""
        try:
            text = Path(seed).read_text(encoding="utf-8-sig")
        except OSError as error:
            raise UsageError(f"--urls {seed}: cannot read the file ({error.strerror}); check the path") from error
        except UnicodeDecodeError as error:
            raise UsageError(f"--urls {seed}: not UTF-8 text ({error}); save it as UTF-8") from error
        pages = []
        for number, line in enumerate(text.splitlines(), start=1):
            url = line.strip()
            if not url or url.startswith("#"):
                continue
            if problem := url_problem(url):
                raise UsageError(f"--urls {seed} line {number}: {url!r} is no page address, {problem}; mend the line")
            pages.append(Entry(url))
        if not pages:
            raise UsageError(f"--urls {seed}: the file lists no URL; write one per line")
        return Listing(pages=tuple(pages))


LISTINGS.register("urls")(UrlsReader())
