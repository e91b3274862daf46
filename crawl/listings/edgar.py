"""EDGAR's full index: the filings of a quarter (`master.idx`)."""

from __future__ import annotations

from collections.abc import Mapping

from gonerd.errors import GonerdError

from . import LISTINGS, NO_OPTIONS, Entry, Listing, ListingReader, check_options, join

_HEADER = "CIK|Company Name|Form Type|Date Filed|Filename"
_ARCHIVES = "/Archives/"


class EdgarReader(ListingReader):
    """Takes the complete submissions that an index of filings names.

    Below a preamble, a header and a rule stands one filing a line, its fields parted by bars; file names are relative
    to `/Archives/` (https://www.sec.gov/search-filings/edgar-search-assistance/accessing-edgar-data).

    Options of a source:
        forms: Form types to list, parted by commas (`8-K,10-K`); all when left out.
    """

    def read(self, body: bytes, url: str, max_bytes: int, options: Mapping[str, str] = NO_OPTIONS) -> Listing:
        """Reads a line a filing; a line that is none yields an empty address, to be counted."""
        check_options("edgar", options, ("forms",))
        forms = frozenset(form.strip() for form in options.get("forms", "").split(",") if form.strip())
        lines = body.decode("latin-1").splitlines()
        if _HEADER not in lines:
            raise GonerdError(f"the response is no EDGAR master index: no line {_HEADER!r}")
        entries = (_entry(line, url, forms) for line in lines[lines.index(_HEADER) + 1 :] if line.strip(" -"))
        return Listing(pages=tuple(entry for entry in entries if entry is not None))


def _entry(line: str, base: str, forms: frozenset[str]) -> Entry | None:
    fields = line.split("|")
    if len(fields) != _HEADER.count("|") + 1:
        return Entry("")
    _, _, form, filed, name = (field.strip() for field in fields)
    if forms and form not in forms:
        return None
    return Entry(join(base, _ARCHIVES + name) if name else "", filed)


LISTINGS.register("edgar")(EdgarReader())
