from __future__ import annotations

import pytest

from gonerd.crawl.hosts import HostPolicy, host_of, is_loopback, url_problem
from gonerd.errors import UsageError

PRIVATE = [
    "127.0.0.1", "127.9.9.9", "10.0.0.1", "172.16.3.4", "192.168.1.1", "169.254.169.254", "0.0.0.0", "100.64.0.1",
    "::1", "fe80::1", "fc00::1", "::ffff:127.0.0.1", "::ffff:10.0.0.1", "224.0.0.1", "localhost", "a.localhost",
    "2002:7f00:1::1", "2002:a00:1::", "2002:c0a8:101::1", "fec0::1", "feff::1",
]  # fmt: skip


@pytest.mark.parametrize("host", PRIVATE)
def test_private_hosts_are_refused_unless_named(host: str) -> None:
    reason, detail = HostPolicy(contact=True).refusal(host) or ("", "")
    assert reason == "private-host"
    assert f"--allow-host {host}" in detail
    assert HostPolicy([host]).refusal(host) is None


@pytest.mark.parametrize("host", ["8.8.8.8", "2606:4700:4700::1111", "2002:808:808::1", "example.org"])
def test_public_hosts_need_a_contact(host: str) -> None:
    assert HostPolicy(contact=True).refusal(host) is None
    assert (HostPolicy().refusal(host) or ("",))[0] == "no-contact"


def test_allowing_a_public_host_does_not_do_away_with_the_contact() -> None:
    assert (HostPolicy(["8.8.8.8"]).refusal("8.8.8.8") or ("",))[0] == "no-contact"


def test_a_name_that_resolves_inside_is_refused_from_then_on() -> None:
    policy = HostPolicy(contact=True)
    assert policy.admit("rebound.example", "93.184.216.34")
    assert not policy.admit("rebound.example", "10.1.2.3")
    reason, detail = policy.refusal("rebound.example") or ("", "")
    assert reason == "private-host"
    assert "10.1.2.3" in detail
    assert not policy.admit("odd.example", "no address at all")


def test_allowing_a_public_host_does_not_let_it_move_inside(monkeypatch: pytest.MonkeyPatch) -> None:
    addresses = {"open.example": "93.184.216.34", "inner.example": "10.0.0.7"}
    monkeypatch.setattr("socket.getaddrinfo", lambda host, port: [(2, 1, 6, "", (addresses[host], 0))])
    policy = HostPolicy(["open.example", "inner.example"], contact=True)
    assert policy.admit("inner.example", "10.0.0.8")
    assert policy.admit("open.example", "93.184.216.35")
    assert not policy.admit("open.example", "10.0.0.8")
    assert "10.0.0.8" in str(policy.refusal("open.example"))


@pytest.mark.parametrize("given", ["http://127.0.0.1", "127.0.0.1:80", "", "a/b", "user@host"])
def test_allow_host_takes_a_host_alone(given: str) -> None:
    with pytest.raises(UsageError, match="--allow-host"):
        HostPolicy([given])


def test_hosts_are_compared_without_case_port_and_brackets() -> None:
    assert host_of("http://EXAMPLE.org.:8080/x") == "example.org"
    assert host_of("http://[::1]:80/") == "::1"
    assert HostPolicy(["[::1]"]).refusal("::1") is None
    assert is_loopback("127.0.0.5")
    assert not is_loopback("example.org")


@pytest.mark.parametrize(
    "url", ["", "example.org/x", "ftp://example.org/", "http://", "http:///x", "http://a b/", "http://x:99999/",
            "http://user:pw@example.org/", "http://[::1/", "javascript:alert(1)", "file:///etc/passwd"],
)  # fmt: skip
def test_what_is_no_page_address(url: str) -> None:
    assert url_problem(url)


def test_what_is_one() -> None:
    assert url_problem("https://example.org:8443/a?b=c#d") is None
