"""Which pages of a WARC file are wanted: those of named hosts, those of publishers that the crawler knows, or all."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from gonerd.crawl.extraction.page import Page, Unfit
from gonerd.crawl.hosts import host_of
from gonerd.crawl.sources import source_of
from gonerd.errors import UsageError

OTHER_HOST, OPT_OUT = "other-host", "opt-out"


@dataclass(frozen=True, slots=True)
class Choice:
    """Decides about a page before any work is put into it.

    Attributes:
        hosts: Hosts whose pages are wanted, all when None; a host stands for those below it too.
        known_sources: Whether only pages of known publishers are wanted.
        obey_opt_out: Whether pages that reserve their use are left out.
    """

    hosts: frozenset[str] | None = None
    known_sources: bool = False
    obey_opt_out: bool = True

    def checked(self, page: Page) -> Page:
        """Returns a wanted page, with the publisher's name and domain where it is known and was asked for.

        Raises:
            Unfit: The page is not wanted.
        """
        host = host_of(page.url)
        if self.hosts is not None and not _is_below(host, self.hosts):
            raise Unfit(OTHER_HOST, host)
        if self.obey_opt_out and page.opt_out:
            raise Unfit(OPT_OUT, page.opt_out)
        if not self.known_sources:
            return page
        source = source_of(page.url, page.source)
        if source is None or (source.pages and not source.lists(page.url)):
            raise Unfit(OTHER_HOST, f"{host} is no page of a known publisher")
        return replace(page, source=source.name, domain=source.domain)


def _is_below(host: str, hosts: frozenset[str]) -> bool:
    labels = host.split(".")
    return any(".".join(labels[i:]) in hosts for i in range(len(labels)))


def named_hosts(hosts: Sequence[str] | None, file: Path | None) -> tuple[str, ...] | None:
    """Returns the hosts that were named one by one or in a file, sorted; None where neither is given.

    Args:
        hosts: Host names.
        file: Text file with one host a line; blank lines and lines that begin with `#` are left out.

    Raises:
        UsageError: The file cannot be read, or something is no host name.
    """
    if not hosts and file is None:
        return None
    try:
        lines = file.read_text(encoding="utf-8-sig").splitlines() if file else []
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"--hosts {file}: cannot be read as UTF-8 text ({error}); check the path") from error
    found = {name.strip().rstrip(".").lower() for name in (*(hosts or ()), *lines)}
    found = {name for name in found if name and not name.startswith("#")}
    for name in found:
        if "/" in name or ":" in name or any(c.isspace() for c in name):
            raise UsageError(f"--host {name!r}: give a host name alone, without scheme, port or path")
    if not found:
        raise UsageError(f"--hosts {file}: names no host, so no page would be taken; write one a line")
    return tuple(sorted(found))
