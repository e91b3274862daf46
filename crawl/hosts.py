"""Which hosts may be asked: public ones freely, private ones only when they were named."""

from __future__ import annotations

import contextlib
import ipaddress
import socket
from collections.abc import Iterable
from urllib.parse import urlsplit

from gonerd.errors import UsageError

Address = ipaddress.IPv4Address | ipaddress.IPv6Address


def host_of(url: str) -> str:
    """Returns the host of a URL in lower case, without port, brackets or final dot."""
    return (urlsplit(url).hostname or "").rstrip(".").lower()


def url_problem(url: str) -> str | None:
    """Says in a few words why `url` cannot be fetched as a page, or None if it can."""
    if " " in url or not url.isprintable():  # no other white space is printable
        return "it holds white space or control characters"
    try:
        parts = urlsplit(url)
        parts.port  # noqa: B018 - reading it is the check
    except ValueError as error:
        return str(error)
    if parts.scheme not in ("http", "https"):
        return "it does not start with http:// or https://"
    if not host_of(url):
        return "it names no host"
    return "it carries a user name or password" if "@" in parts.netloc else None


def address_of(host: str) -> Address | None:
    """Returns the address that a host name spells out, or None for a real name."""
    with contextlib.suppress(ValueError):
        address = ipaddress.ip_address(host)
        return getattr(address, "ipv4_mapped", None) or address
    return None


def is_public(address: Address) -> bool:
    """Whether an address is reachable from everywhere, so not loopback, private, link-local or reserved."""
    within = getattr(address, "sixtofour", None)  # 6to4 carries packets to the IPv4 address in it (RFC 3056)
    if within is not None and not is_public(within):
        return False
    local = address.is_multicast or address.is_reserved or getattr(address, "is_site_local", False)
    return address.is_global and not local


def is_loopback(host: str) -> bool:
    """Whether a host, by its spelling alone, is this machine."""
    address = address_of(host)
    return address.is_loopback if address else host == "localhost" or host.endswith(".localhost")


def _host_name(given: str) -> str:
    host = given.strip().strip("[]").rstrip(".").lower()
    if not host or "/" in host or "@" in host or (":" in host and address_of(host) is None):
        raise UsageError(f"--allow-host {given!r}: give a host name or address alone, without scheme, port or path")
    return host


class HostPolicy:
    """Decides for every request of a crawl whether its host may be asked.

    Args:
        allow_hosts: Hosts that may be asked, as they stand in the URLs. One that lies inside now may do so later; one
            that lies in public now may not move inside.
        contact: Whether the crawl states a contact; without one, public hosts are left alone.

    Raises:
        UsageError: An allowed host is not a host name.
    """

    def __init__(self, allow_hosts: Iterable[str] = (), *, contact: bool = False) -> None:
        self.allowed = frozenset(_host_name(host) for host in allow_hosts)
        self.contact = contact
        self.refused: dict[str, str] = {}
        self._private = {host: _lies_inside(host) for host in self.allowed}

    def is_private(self, host: str) -> bool:
        """Whether a host lies on this machine or in a private network, as far as is known without asking."""
        address = address_of(host)
        if address:
            return not is_public(address)
        return is_loopback(host) or self._private.get(host, False)

    def refusal(self, host: str) -> tuple[str, str] | None:
        """Returns (reason, detail) if a host may not be asked, else None."""
        if self.is_private(host):
            return None if host in self.allowed else self._refuse(host, host)
        if host in self.refused:
            return self._refuse(host, self.refused[host])
        return None if self.contact else ("no-contact", f"{host} is a public host; state an address with --contact")

    def admit(self, host: str, address: str) -> bool:
        """Whether a connection to `host` may go to the `address` that its name was resolved to."""
        found = address_of(address)
        name = host.rstrip(".").lower()
        if (name in self.allowed and self.is_private(name)) or (found and is_public(found)):
            return True
        self.refused[name] = address
        return False

    def _refuse(self, host: str, address: str) -> tuple[str, str]:
        remedy = f"allow it with --allow-host {host}"
        if host in self.allowed:
            remedy = "it was not when the crawl began, so run again if that is right"
        return "private-host", f"{host} is the private address {address}; {remedy}"


def _lies_inside(host: str) -> bool:
    if address_of(host) or is_loopback(host):
        return True  # never asked for a public literal: `is_private` looks at literals first
    with contextlib.suppress(OSError):
        found = {str(entry[4][0]) for entry in socket.getaddrinfo(host, None)}
        return not any((address := address_of(one)) is None or is_public(address) for one in found)
    return False
