"""Which addresses the guard lets pass: as written, and by the IP address they lead to."""

from __future__ import annotations

import socket

import pytest
from scrapy import Request
from scrapy.crawler import Crawler
from scrapy.settings import Settings

from archive.errors import BadAddress
from scraper.guard import PRIVATE_HOSTS_SETTING, Guard, is_private
from scraper.middlewares.guard import AddressGuardMiddleware
from scraper.sites.known import known_sites
from scraper.spiders.newspaper import NewspaperSpider


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1", "127.255.255.254", "10.1.2.3", "172.16.0.1", "172.31.255.255", "192.168.1.1", "169.254.169.254",
        "0.0.0.0", "0.1.2.3", "100.64.0.1", "192.0.0.1", "192.0.2.1", "198.18.0.1", "198.51.100.1", "203.0.113.1",
        "224.0.0.1", "239.1.1.1", "240.0.0.1", "255.255.255.255",
        "::1", "::", "fe80::1%eth0", "fec0::1", "fc00::1", "fd00:ec2::254", "ff02::1", "100::1", "2001:db8::1",
        "::ffff:127.0.0.1", "::ffff:8.8.8.8", "::127.0.0.1", "::7f00:1", "::ffff:0:127.0.0.1", "64:ff9b::127.0.0.1",
        "64:ff9b::a9fe:a9fe", "64:ff9b:1::a01:203", "2002:7f00:1::", "2002:a9fe:a9fe::1", "2001:0:7f00:1::1",
        "2400:cb00::5efe:127.0.0.1", "2400:cb00::200:5efe:10.0.0.1",
    ],
)  # fmt: skip
def test_addresses_that_are_not_out_on_the_internet_are_private(address):
    assert is_private(address)


@pytest.mark.parametrize(
    "address", ["8.8.8.8", "113.160.1.1", "2001:ee0::1", "2400:cb00:2048:1::1", "64:ff9b::808:808", "2002:808:808::1"]
)  # fmt: skip
def test_public_addresses_are_not(address):
    assert not is_private(address)


@pytest.mark.parametrize(
    "host",
    [
        "127.0.0.1", "localhost", "LocalHost.", "x.localhost", "127.1", "127.0.1", "2130706433", "0x7f000001", "0x7f.1",
        "0177.0.0.1", "017700000001", "127.0.0.0x1", "1.1.1.1.1", "0", "[::1]", "[::ffff:7f00:1]", "[fe80::1%25eth0]",
        "may-chu", "router.lan", "db.internal", "nas.local", "x.home.arpa", "１２７.０.０.１", "127。0。0。1",
        "169.254.169.254.", "metadata.google.internal",
    ],
)  # fmt: skip
def test_private_hosts_are_refused_however_they_are_written(host):
    with pytest.raises(BadAddress, match="private"):
        Guard().check_url(f"http://{host}/")


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("ftp://baovidu.example/", "no http or https"),
        ("file:///etc/passwd", "no http or https"),
        ("gopher://baovidu.example/", "no http or https"),
        ("javascript:alert(1)", "no http or https"),
        ("//baovidu.example/", "no http or https"),
        ("http:///x", "no host"),
        ("http://a:b@baovidu.example/", "user name"),
        ("http://baovidu.example\\@127.0.0.1/", "user name"),
        ("http://baovidu.example:22/", "port 22"),
        ("http://baovidu.example:8080/", "port 8080"),
        ("http://baovidu.example:99999/", "no address"),
        ("http://[::1/", "no address"),
        ("http://bao vidu.example/", "no name"),
        ("http://bao%2evidu.example/", "no name"),
    ],
)
def test_other_schemes_ports_and_spellings_are_refused_with_the_reason(url, said):
    with pytest.raises(BadAddress, match=said):
        Guard().check_url(url)


@pytest.mark.parametrize(
    "url",
    ["http://baovidu.example/a", "https://baovidu.example:443/", "http://8.8.8.8/", "https://[2001:ee0::1]/", "https://báo.example/"],
)  # fmt: skip
def test_public_web_addresses_pass(url):
    assert Guard().check_url(url)[1] in {80, 443}


def test_another_port_is_visited_where_it_is_named_and_no_low_one():
    guard = Guard(named={"baovidu.example:8080", "baovidu.example:25"})
    assert guard.check_url("http://baovidu.example:8080/a") == ("baovidu.example", 8080)
    for url in ("http://baovidu.example:25/", "http://x.baovidu.example:8080/"):
        with pytest.raises(BadAddress, match="port"):
            guard.check_url(url)


def test_an_exception_is_for_one_host_and_port():
    guard = Guard(exempt={"127.0.0.1:8011"})
    assert guard.check_url("http://127.0.0.1:8011/") == ("127.0.0.1", 8011)
    guard.check_address("127.0.0.1", 8011, "127.0.0.1")
    for host, port in (("127.0.0.1", 8012), ("baovidu.example", 8011)):
        with pytest.raises(BadAddress, match="private"):
            guard.check_address(host, port, "127.0.0.1")


def test_the_address_that_was_checked_is_the_one_to_connect_to(monkeypatch):
    """A name server that answers differently the second time is not asked twice."""
    answers = [[(2, 1, 6, "", ("8.8.8.8", 80))], [(2, 1, 6, "", ("127.0.0.1", 80))]]
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: answers.pop(0))
    assert Guard().destination("http://baovidu.example/") == ("8.8.8.8", 80)
    assert len(answers) == 1


def crawled(monkeypatch, tmp_path, *sites, private=()):
    """The middleware and the settings of a crawl of *sites*."""
    paper = """
id = "noi-bo"
name = "Nội bộ"
homepage = "http://127.0.0.1:9/"
domains = ["127.0.0.1:9", "169.254.169.254"]
status = "demo"
port_offset = 1
article_url = '-(?P<id>\\\\d+)$'
"""
    (tmp_path / "noi-bo.toml").write_text(paper, encoding="utf-8")
    monkeypatch.setenv("DQTV_SITES", str(tmp_path))
    crawler = Crawler(NewspaperSpider, {PRIVATE_HOSTS_SETTING: list(private)})
    spider = NewspaperSpider.from_crawler(crawler, site=",".join(sites), demo_port=8010)
    middleware = AddressGuardMiddleware.from_crawler(crawler)
    middleware.spider_opened(spider)
    return middleware, crawler.settings.getlist(PRIVATE_HOSTS_SETTING)


def passes(middleware, url, site):
    try:
        middleware.process_request(Request(url, meta={"download_slot": site}))
    except BadAddress:
        return False
    return True


def test_a_site_file_cannot_switch_the_guard_off(monkeypatch, tmp_path):
    """Not even one that calls itself a demo paper."""
    middleware, private = crawled(monkeypatch, tmp_path, "noi-bo")
    assert private == []
    assert not passes(middleware, "http://127.0.0.1:9/", "noi-bo")
    assert not passes(middleware, "http://169.254.169.254/", "noi-bo")


def test_the_demo_press_is_reached_in_a_crawl_of_its_papers_only(monkeypatch, tmp_path):
    songmay = known_sites(8010).site("demo-songmay").domains[0]
    middleware, private = crawled(monkeypatch, tmp_path, "demo-songmay", "baocaobang")
    assert private == [songmay]
    assert passes(middleware, f"http://{songmay}/", "demo-songmay")
    assert not passes(middleware, f"http://{songmay}/", "baocaobang")
    assert not passes(middleware, "http://127.0.0.1:8010/", "demo-songmay")
    assert crawled(monkeypatch, tmp_path, "baocaobang")[1] == []


def test_the_project_runs_no_code_it_is_sent_and_keeps_no_cookies():
    settings = Settings()
    settings.setmodule("scraper.settings", priority="project")
    for name in (
        "REMOTE_CONTROL_ENABLED", "TELNETCONSOLE_ENABLED", "COOKIES_ENABLED", "HTTPPROXY_ENABLED",
        "HTTPCACHE_ENABLED",
    ):  # fmt: skip
        assert settings.getbool(name) is False
    handlers = settings["DOWNLOAD_HANDLERS"]
    assert {scheme for scheme, handler in handlers.items() if handler} == {"http", "https"}
    assert {"file", "ftp", "data", "s3"} <= set(handlers)
