"""What waits in memory while hosts of unlike speed lead to each other."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
from scrapy.http import Request

from gonerd.crawl.fetch import scheduler
from gonerd.crawl.fetch.scheduler import FrontierScheduler
from gonerd.crawl.fetch.settings import CrawlSettings

FAST, SLOW, OTHER = "fast.example", "slow.example", "other.example"
PAGES = {FAST: 500, OTHER: 40}


class Frontier:
    """Pages by host, as the store hands them out."""

    def __init__(self) -> None:
        self.intake, self.round = SimpleNamespace(new_hosts=set(PAGES)), SimpleNamespace(id=1)
        self.store = SimpleNamespace(rows=lambda query, *_: [{"host": h} for h in PAGES] if "DISTINCT" in query else [])

    def open_pages(self, host: str, after: int, count: int) -> list[dict[str, Any]]:
        numbers = range(after + 1, min(after + 1 + count, PAGES.get(host, 0)))
        row = {"reason": "", "digest": "", "source": "s", "again": 0}
        return [row | {"seq": n, "key": f"{host}{n}", "url": f"https://{host}/{n}"} for n in numbers]


@pytest.fixture
def crawl(tmp_path: Any) -> Any:
    """A scheduler, and what its engine has under way."""
    job = SimpleNamespace(settings=CrawlSettings(out=tmp_path, concurrency=2), frontier=Frontier())
    spider = SimpleNamespace(job=job, read_page=None, read_listing=None, failed=None)
    slot = SimpleNamespace(inprogress=set())
    crawler = SimpleNamespace(spider=spider, engine=SimpleNamespace(_slot=slot))
    return FrontierScheduler(crawler), slot.inprogress


def asked(queue: FrontierScheduler) -> list[str]:
    """Asks for all that is free; each page of the fast host is moved to the slow one."""
    urls = []
    while (request := queue.next_request()) is not None:
        urls.append(request.url)
        if FAST in request.url:
            meta = {**request.meta, "redirect_urls": [request.url]}
            queue.enqueue_request(request.replace(url=request.url.replace(FAST, SLOW), meta=meta))
    return urls


def test_redirects_to_a_slow_host_do_not_pile_up(crawl: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(scheduler, "_ABROAD", 20)
    queue, under_way = crawl
    under_way |= {Request(f"https://{SLOW}/busy/{n}") for n in range(2)}  # it answers nothing for now
    first = asked(queue)
    assert len(queue._hosts[SLOW].waiting) < 20 + scheduler._BATCH
    assert {url for url in first if OTHER in url} == {f"https://{OTHER}/{n}" for n in range(PAGES[OTHER])}
    assert queue.has_pending_requests()
    under_way.clear()
    named = {FAST: PAGES[FAST], SLOW: PAGES[FAST], OTHER: PAGES[OTHER]}
    assert sorted(first + asked(queue)) == sorted(f"https://{host}/{n}" for host in named for n in range(named[host]))
    assert not queue.has_pending_requests()
