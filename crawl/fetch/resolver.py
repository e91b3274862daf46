"""Name resolution that never leads a public name into a private network."""

from __future__ import annotations

from typing import Any

from scrapy.resolver import CachingThreadedResolver
from twisted.internet.error import DNSLookupError

from gonerd.crawl.hosts import HostPolicy


class GuardedResolver(CachingThreadedResolver):
    """Resolves names and refuses addresses that the host policy does not admit.

    The connection goes to the very address that was checked, so a name that changes its address between
    two look-ups gains nothing.
    """

    policy: HostPolicy

    @classmethod
    def from_crawler(cls, crawler: Any, reactor: Any) -> GuardedResolver:
        """Builds the resolver; `crawler` is the crawl's process, which carries the policy."""
        resolver: GuardedResolver = super().from_crawler(crawler, reactor)
        resolver.policy = crawler.host_policy
        return resolver

    def getHostByName(self, name: str, timeout: Any = ()) -> Any:
        """Resolves a name to an IPv4 address."""
        return super().getHostByName(name, timeout).addCallback(self._check, name)

    def _check(self, address: str, name: str) -> str:
        if not self.policy.admit(name, address):
            raise DNSLookupError(f"{name} is the private address {address}")
        return address
