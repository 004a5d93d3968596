"""robots.txt as RFC 9309 asks: what each answer allows."""

from __future__ import annotations

import asyncio

import pytest
from scrapy import Request
from scrapy.http import Response
from scrapy.utils.test import get_crawler

from scraper.middlewares.robots import (
    MAX_REDIRECTS,
    RobotsForbidden,
    RobotsMiddleware,
    RobotsUnreachable,
)
from scraper.tls import CertificateRefused

PAGE = "https://baovidu.example/quoc-phong/a-1.html"
RULES = b"User-agent: *\nDisallow: /print/\nCrawl-delay: 7\n"


class FakeEngine:
    """Answers every robots.txt request from a list, and remembers what was asked."""

    def __init__(self, *answers):
        self._answers = list(answers)
        self.asked = []

    async def download_async(self, request):
        self.asked.append(request)
        answer = self._answers.pop(0) if len(self._answers) > 1 else self._answers[0]
        if isinstance(answer, Exception):
            raise answer
        status, headers, body = answer
        return Response(request.url, status=status, headers=headers, body=body)


def ask(engine, *urls) -> list[str]:
    """What the middleware says about each URL: ok, forbidden, unreachable or certificate."""

    async def run():
        crawler = get_crawler(settings_dict={"USER_AGENT": "dqtv-archive/0.1 (x)"})
        crawler.engine = engine
        middleware = RobotsMiddleware(crawler)
        said = []
        for url in urls:
            try:
                await middleware.process_request(Request(url, meta={"download_slot": "baovidu"}))
                said.append("ok")
            except RobotsForbidden:
                said.append("forbidden")
            except RobotsUnreachable:
                said.append("unreachable")
            except CertificateRefused:
                said.append("certificate")
        return said

    return asyncio.run(run())


def test_rules_are_obeyed_and_fetched_once_per_host():
    engine = FakeEngine((200, {}, RULES))
    assert ask(engine, PAGE, "https://baovidu.example/print/a-1.html", PAGE) == [
        "ok",
        "forbidden",
        "ok",
    ]
    assert [request.url for request in engine.asked] == ["https://baovidu.example/robots.txt"]


def test_robots_txt_goes_through_the_sites_own_slot_so_that_its_delay_holds():
    engine = FakeEngine((200, {}, RULES))
    ask(engine, PAGE)
    assert engine.asked[0].meta["download_slot"] == "baovidu"


@pytest.mark.parametrize("status", [400, 401, 403, 404, 410])
def test_a_missing_file_means_no_rules(status):
    assert ask(FakeEngine((status, {}, b"Disallow: /")), PAGE) == ["ok"]


@pytest.mark.parametrize("status", [429, 500, 503])
def test_a_failing_server_means_not_now(status):
    assert ask(FakeEngine((status, {}, b"")), PAGE) == ["unreachable"]


def test_an_unreachable_server_means_not_now():
    assert ask(FakeEngine(OSError("no route")), PAGE) == ["unreachable"]


def test_a_refused_certificate_is_said_to_be_one():
    engine = FakeEngine(CertificateRefused("certificate verify failed"))
    assert ask(engine, PAGE, PAGE) == ["certificate", "certificate"]


def test_a_redirect_to_the_rules_is_followed():
    moved = (301, {"Location": "https://www.baovidu.example/robots.txt"}, b"")
    engine = FakeEngine(moved, (200, {}, b"User-agent: *\nDisallow: /"))
    assert ask(engine, PAGE) == ["forbidden"]
    assert engine.asked[1].url == "https://www.baovidu.example/robots.txt"


def test_endless_redirects_count_as_no_rules():
    engine = FakeEngine((302, {"Location": "/robots.txt"}, b""))
    assert ask(engine, PAGE) == ["ok"]
    assert len(engine.asked) == MAX_REDIRECTS + 1


def test_rules_for_our_name_go_before_rules_for_all():
    body = b"User-agent: dqtv-archive\nDisallow: /quoc-phong/\n\nUser-agent: *\nAllow: /\n"
    assert ask(FakeEngine((200, {}, body)), PAGE) == ["forbidden"]
