"""Texts for `gonerd dataset rehydrate`, from WARC files or from the web; found by entry point."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from gonerd.errors import GonerdError
from gonerd.files import write_text
from gonerd.records import Document

from .extraction.quiet import silence_libraries
from .extraction.sieve import documents_of
from .fetch.run import run_crawl
from .fetch.settings import CrawlSettings
from .warc.inputs import warc_files
from .warc.pages import Share, read_pages

URLS = "urls.txt"


def documents_from_warc(source: Path) -> Iterator[Document]:
    """Extracts the documents of WARC files.

    Args:
        source: A folder of WARC files, or one file.

    Yields:
        Every document there, extracted as `gonerd crawl extract` does, every version and copy of it.

    Raises:
        GonerdError: There is nothing to read, or a file is damaged.
    """
    silence_libraries()
    counts = Counter[str]()
    yield from documents_of(answer for path in warc_files(source) for answer in read_pages(Share(str(path)), counts))


def documents_from_web(
    pages: Sequence[tuple[str, str]], folder: Path, contact: str | None, allow_hosts: Iterable[str]
) -> Iterator[Document]:
    """Fetches addresses as a crawl of a list would, with all its manners, and extracts what came.

    Args:
        pages: (address, domain) of each document.
        folder: Where WARC files and the list of addresses stay; a second call fetches only what is missing.
        contact: Mail address named to servers; needed for public hosts.
        allow_hosts: Hosts on private addresses that may be asked.

    Yields:
        The documents of all that was ever fetched into the folder.

    Raises:
        GonerdError: Nothing could be fetched.
    """
    if not pages:
        raise GonerdError("no document of the release has an address, so there is nothing to fetch; use --warc")
    folder.mkdir(parents=True, exist_ok=True)
    write_text(folder / URLS, "".join(f"{url}\n" for url, _ in pages))
    domains = {domain for _, domain in pages}
    run_crawl(
        CrawlSettings(
            kind="urls",
            seed=str(folder / URLS),
            out=folder / "warc",
            contact=contact,
            allow_hosts=tuple(allow_hosts),
            domain=domains.pop() if len(domains) == 1 else "other",
        )
    )
    yield from documents_from_warc(folder / "warc")
