"""JSON APIs: records with addresses, page after page."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

from w3lib.url import add_or_replace_parameter, url_query_parameter

from gonerd.errors import GonerdError

from . import LISTINGS, NO_OPTIONS, Entry, Listing, ListingReader, check_options, join

_RECORD = ("items", "url", "match", "address", "modified")
_PAGING = ("next", "page", "first", "size", "pages", "offset", "total")
_MOST_DIGITS = 12  # of a number that counts records or pages; Python refuses to read far longer ones
_KNOWN = (*_RECORD, *(f"listing-{name}" for name in _RECORD), *_PAGING)


class JsonReader(ListingReader):
    r"""Takes the addresses in an API's answer and goes on to its next page.

    Paths name fields by dots (`results.bindings`); an empty path is the answer itself.

    Options of a source:
        items: Path of the array of records.
        url: Path, within a record, of the address or of what it is made from.
        match: Regular expression that this value matches as a whole.
        address: The address as a template of the match (`\g<0>`, `\1`, as in `re.Match.expand`).
        modified: Path, within a record, of when it changed last.
        listing-items, listing-url, …: The same for records that are listings themselves, for instance packages whose
            parts another call lists. An answer holds one of the two arrays or both.
        next: Path of the next page's address, null or missing on the last page.
        page: Query parameter that numbers pages, with `pages` (path of their number), or with `total` (path of the
            number of records) and `size` (records a page); `first` is the first page's number, 1 by default.
        offset: Query parameter that counts the records before the page, with `total`.
    """

    def read(self, body: bytes, url: str, max_bytes: int, options: Mapping[str, str] = NO_OPTIONS) -> Listing:
        """Reads the records; one without an address yields an empty one, to be counted."""
        check_options("json", options, _KNOWN, _needed(options))
        try:
            answer = json.loads(body)
        except (ValueError, RecursionError) as error:
            raise GonerdError("the response is not JSON") from error
        pages = _records(answer, options, "")
        listings = _records(answer, options, "listing-")
        if pages is None and listings is None:
            raise GonerdError(f"the response has no array {' or '.join(_arrays(options))}")
        count = len(pages or ()) + len(listings or ())
        following = _following(answer, url, count, options)
        # A page that names itself as the next one would be read for ever.
        more = () if following in ("", url) else (Entry(following),)
        return Listing(
            pages=tuple(_entry(record, url, options, "") for record in pages or ()),
            listings=tuple(_entry(record, url, options, "listing-") for record in listings or ()),
            following=more,
        )


def _needed(options: Mapping[str, str]) -> tuple[str, ...]:
    prefixes = [prefix for prefix in ("", "listing-") if f"{prefix}items" in options]
    return tuple(f"{prefix}url" for prefix in prefixes) or ("items", "url")


def _arrays(options: Mapping[str, str]) -> list[str]:
    return [repr(options[name]) for name in ("items", "listing-items") if name in options]


def _at(value: Any, path: str) -> Any:
    for name in path.split(".") if path else ():
        value = value.get(name) if isinstance(value, dict) else None
    return value


def _text(value: Any) -> str:
    return str(value).strip() if isinstance(value, str | int | float) and not isinstance(value, bool) else ""


def _records(answer: Any, options: Mapping[str, str], prefix: str) -> list[Any] | None:
    found = _at(answer, options[f"{prefix}items"]) if f"{prefix}items" in options else None
    return found if isinstance(found, list) else None


def _entry(record: Any, base: str, options: Mapping[str, str], prefix: str) -> Entry:
    value = _text(_at(record, options[f"{prefix}url"]))
    modified = _text(_at(record, options.get(f"{prefix}modified", "-")))
    match = re.fullmatch(options.get(f"{prefix}match", ".*"), value) if value else None
    if match is None:
        return Entry("", modified)
    return Entry(join(base, match.expand(options.get(f"{prefix}address", r"\g<0>"))), modified)


def _following(answer: Any, url: str, count: int, options: Mapping[str, str]) -> str:
    if "next" in options:
        address = _text(_at(answer, options["next"]))
        return join(url, address).partition("#")[0] if address else ""
    if "page" in options:
        first = int(options.get("first", "1"))
        number = _number(url_query_parameter(url, options["page"]), first)
        return _with(url, options["page"], number + 1) if number - first + 1 < _pages(answer, options) else ""
    if "offset" in options:
        after = _number(url_query_parameter(url, options["offset"]), 0) + count
        # No records on a page that should have some: to ask again would be to ask for ever.
        return _with(url, options["offset"], after) if count and after < _stated(answer, options, "total") else ""
    return ""


def _pages(answer: Any, options: Mapping[str, str]) -> int:
    if "pages" in options:
        return _stated(answer, options, "pages")
    return -(-_stated(answer, options, "total") // int(options["size"]))


def _stated(answer: Any, options: Mapping[str, str], name: str) -> int:
    # Without the end stated, an API that passes over the parameter would be read for ever.
    number = _number(_text(_at(answer, options[name])), -1)
    if number < 0:
        raise GonerdError(f"the response does not say in {options[name]!r} where the pages end")
    return number


def _number(text: str | None, default: int) -> int:
    return int(text) if text and text.isdecimal() and len(text) < _MOST_DIGITS else default


def _with(url: str, parameter: str, value: int) -> str:
    return str(add_or_replace_parameter(url, parameter, str(value)))


LISTINGS.register("json")(JsonReader())
