"""How fast a site is asked: its own delay, robots.txt's, and what it says when asked too often."""

from __future__ import annotations

import re
from types import SimpleNamespace

import pytest
from scrapy import Request
from scrapy.http import Response
from scrapy.utils.test import get_crawler

from scraper.middlewares import politeness
from scraper.middlewares.politeness import FIRST_SLOW_DELAY, MARGIN, SLOWEST, PolitenessMiddleware
from scraper.sites.spec import SiteSpec

URL = "https://baovidu.example/a-1.html"


@pytest.fixture
def clock(monkeypatch):
    clock = SimpleNamespace(now=1000.0)
    monkeypatch.setattr(politeness.time, "monotonic", lambda: clock.now)
    return clock


@pytest.fixture
def slots():
    return SimpleNamespace(per_slot_settings={}, slots={})


@pytest.fixture
def middleware(slots, clock):  # noqa: ARG001  the clock stands still
    return opened(slots, delay=2.0)


def opened(slots, delay):
    crawler = get_crawler(settings_dict={"USER_AGENT": "dqtv-archive/0.1 (x)"})
    crawler.engine = SimpleNamespace(downloader=slots)
    middleware = PolitenessMiddleware(crawler)
    site = SiteSpec(
        id="baovidu", name="Báo Ví Dụ", province=None, homepage="https://baovidu.example/",
        domains=("baovidu.example",), article_url=(re.compile("x"),), delay_s=delay,
    )  # fmt: skip
    middleware.spider_opened(SimpleNamespace(sites={"baovidu": site}))
    return middleware


def delay(slots) -> float:
    return slots.per_slot_settings["baovidu"]["delay"] / MARGIN


def answer(middleware, status):
    request = Request(URL, meta={"download_slot": "baovidu"})
    return middleware.process_response(request, Response(URL, status=status))


def robots(seconds):
    return SimpleNamespace(crawl_delay=lambda user_agent: seconds)  # noqa: ARG005  the signature


def test_a_site_starts_with_its_own_delay_one_request_at_a_time_and_no_jitter(middleware, slots):
    assert middleware is not None
    settings = slots.per_slot_settings["baovidu"]
    assert delay(slots) == pytest.approx(2.0)
    assert (settings["concurrency"], settings["jitter"]) == (1, 0.0)


def test_a_longer_crawl_delay_is_kept_and_a_shorter_one_changes_nothing(middleware, slots):
    request = Request(URL, meta={"download_slot": "baovidu"})
    middleware.robots_parsed(robots(7.0), request)
    assert delay(slots) == pytest.approx(7.0)
    middleware.robots_parsed(robots(1.0), request)
    assert delay(slots) == pytest.approx(7.0)


def test_the_delay_is_counted_from_the_answer(middleware, slots, clock):
    slots.slots["baovidu"] = SimpleNamespace(lastseen=clock.now)
    clock.now += 0.7
    middleware.response_downloaded(Request(URL, meta={"download_slot": "baovidu"}))
    assert slots.slots["baovidu"].lastseen == clock.now


def test_a_live_slot_is_slowed_down_too(middleware, slots):
    slots.slots["baovidu"] = SimpleNamespace(delay=0, concurrency=8, jitter=0.5)
    answer(middleware, 429)
    live = slots.slots["baovidu"]
    assert (live.delay, live.concurrency, live.jitter) == (pytest.approx(4.0 * MARGIN), 1, 0.0)


def test_slow_down_doubles_the_delay_once_for_answers_already_under_way(middleware, slots, clock):
    for _ in range(3):
        answer(middleware, 503)
    assert delay(slots) == pytest.approx(4.0)
    clock.now += 4.0
    answer(middleware, 503)
    assert delay(slots) == pytest.approx(8.0)


def test_slowing_down_has_a_bound(middleware, slots, clock):
    for _ in range(12):
        answer(middleware, 429)
        clock.now += 100
    assert delay(slots) == SLOWEST


def test_good_answers_bring_back_the_sites_own_delay_and_no_less(middleware, slots):
    answer(middleware, 429)
    for _ in range(40):
        answer(middleware, 200)
    assert delay(slots) == pytest.approx(2.0)


def test_a_site_without_a_delay_is_slowed_down_as_well(slots, clock):
    assert clock.now
    middleware = opened(slots, delay=0.0)
    answer(middleware, 429)
    assert delay(slots) == pytest.approx(FIRST_SLOW_DELAY)
    for _ in range(10):
        answer(middleware, 200)
    assert delay(slots) == 0.0
