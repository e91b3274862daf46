"""Signals by which a site reserves the use of its texts: one module per signal, found by itself.

A module registers one `OptOut` under its name in `OPTOUTS`. Some signals come with a page (`page_signals`), some stand
in a file of the site (`SiteRules`). Each is kept as it was stated; whether it is obeyed is for the crawl to say.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from gonerd.errors import GonerdError
from gonerd.registry import Registry

from ._head import MetaElement, meta_elements

ROBOTS_TXT = "/robots.txt"
_MARKUP = ("text/html", "application/xhtml+xml")


@dataclass(frozen=True, slots=True)
class Signal:
    """A statement about the use of a page.

    Attributes:
        name: What it is called, for instance "noai".
        where: Where it stands, for instance "header x-robots-tag" or a path of the site.
        value: What it says, as stated.
        reserved: Whether it reserves the page against a corpus of texts.
    """

    name: str
    where: str
    value: str
    reserved: bool

    def __str__(self) -> str:
        return f"{self.where} says {self.name}" + ("" if self.value == self.name else f": {self.value}")


@dataclass(frozen=True, slots=True)
class SiteFile:
    """A file of a site that was asked for and answered with 200.

    Attributes:
        body: Its content.
        content_type: Its Content-Type; empty if unknown.
    """

    body: bytes
    content_type: str = ""

    @property
    def is_markup(self) -> bool:
        """Whether a page came instead of the file, as many sites answer for files that they do not have."""
        kind = self.content_type.partition(";")[0].strip().lower()
        return kind in _MARKUP or self.body.removeprefix(b"\xef\xbb\xbf").lstrip()[:1] == b"<"


Reader = Callable[[str], Signal | None]


class OptOut:
    """A kind of signal. The defaults suit one that says nothing.

    Attributes:
        headers: Names of the response headers that it stands in, in lower case.
        meta: Names of the meta elements that it stands in, in lower case.
        hints: Octets, in lower case, without one of which no meta element of a page can matter.
        files: Paths of the files of a site that it stands in.
    """

    headers: tuple[str, ...] = ()
    meta: tuple[str, ...] = ()
    hints: tuple[bytes, ...] = ()
    files: tuple[str, ...] = ()

    def in_page(self, headers: Mapping[str, Sequence[str]], meta: Sequence[MetaElement]) -> Iterable[Signal]:
        """Finds the signals that come with a page.

        Args:
            headers: The values of its response headers, by name in lower case.
            meta: Its meta elements, empty if none of the hints occurs.
        """
        return ()

    def in_site(self, files: Mapping[str, SiteFile]) -> Reader | None:
        """Reads the files of a site.

        Args:
            files: Those of its files that there are, by path.

        Returns:
            What gives the signal for a URL of that site; None if the files say nothing.

        Raises:
            GonerdError: A file cannot be read; the message is a few words that say why.
        """
        return None


OPTOUTS: Registry[OptOut] = Registry("opt-out signal", __name__)


def _all() -> list[OptOut]:
    return [OPTOUTS.get(name) for name in OPTOUTS.names()]


def page_signals(headers: Mapping[str, str] | Iterable[tuple[str, str]], html_head: bytes = b"") -> list[Signal]:
    """Finds the signals that come with a page.

    Args:
        headers: Its response headers; a list of pairs may have a name several times.
        html_head: The unpacked beginning of the page, if it is HTML; no more than 64 KiB are looked at.

    Returns:
        The signals, reserving or not, in no particular order.
    """
    given: dict[str, list[str]] = {}
    for name, value in headers.items() if isinstance(headers, Mapping) else headers:
        given.setdefault(name.lower(), []).append(value)
    known = _all()
    meta = meta_elements(html_head, tuple(hint for one in known for hint in one.hints))
    if not meta and not any(name in given for one in known for name in one.headers):
        return []
    return [signal for one in known for signal in one.in_page(given, meta)]


def site_files() -> tuple[str, ...]:
    """Lists the paths to ask every site for, besides robots.txt."""
    return tuple(sorted({path for one in _all() for path in one.files} - {ROBOTS_TXT}))


@dataclass(frozen=True)
class SiteRules:
    """What the files of one site reserve.

    Attributes:
        problems: Files that could not be read, and why.
    """

    _readers: tuple[Reader, ...] = ()
    problems: tuple[str, ...] = field(default=())

    @classmethod
    def from_files(cls, files: Mapping[str, SiteFile | None]) -> SiteRules:
        """Reads the files of a site.

        Args:
            files: robots.txt and the `site_files` by path; one that is not there, or for which a page came, is none.
        """
        there = {path: file for path, file in files.items() if file is not None and not file.is_markup}
        readers, problems = [], []
        for one in _all():
            try:
                reader = one.in_site({path: there[path] for path in one.files if path in there})
            except GonerdError as error:
                problems.append(str(error))
            else:
                readers += [reader] if reader else []
        return cls(tuple(readers), tuple(problems))

    def refusal(self, url: str) -> Signal | None:
        """Returns the signal by which the site reserves a URL, or None."""
        signals = (reader(url) for reader in self._readers)
        return next((signal for signal in signals if signal is not None and signal.reserved), None)


__all__ = ["OPTOUTS", "OptOut", "Signal", "SiteFile", "SiteRules", "page_signals", "site_files"]
