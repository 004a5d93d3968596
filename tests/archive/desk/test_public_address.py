"""The desk under a path or an address of its own, behind a web server."""

import asyncio
import re

import attrs
import httpx
import pytest

from archive.desk.changeover import close_app
from archive.desk.public_address import PublicAddress
from archive.desk.serve import build_app
from archive.errors import UsageError


@pytest.mark.parametrize(
    ("text", "origin", "prefix"),
    [
        (None, None, "/"),
        ("/", None, "/"),
        ("/dqtv", None, "/dqtv/"),
        ("/kho/dqtv/", None, "/kho/dqtv/"),
        ("https://archive.example", "https://archive.example", "/"),
        ("https://archive.example/", "https://archive.example", "/"),
        ("http://archive.example:8080/dqtv", "http://archive.example:8080", "/dqtv/"),
    ],
)
def test_a_path_or_an_address_is_read(text, origin, prefix):
    assert PublicAddress.read(text) == PublicAddress(origin=origin, prefix=prefix)


@pytest.mark.parametrize(
    "text",
    [
        "", "dqtv", "archive.example/dqtv", "ftp://archive.example/", "https://", "//archive.example/",
        "https://archive.example/?a=b", "https://archive.example/#a", "https://me@archive.example/",
        "/a b/", "/a//b", "/kho/é", "https://archive.example:0/", "https://archive.example:x/",
    ],
)  # fmt: skip
def test_anything_else_is_refused_with_the_way_to_write_it(text):
    with pytest.raises(UsageError, match=r"--base-url .*https://archive\.example/dqtv/"):
        PublicAddress.read(text)


@attrs.frozen
class Desk:
    """A desk asked by the very path given, as a web server passes it on."""

    app: object

    def get(self, path):
        async def ask():
            transport = httpx.ASGITransport(app=self.app.app())
            async with httpx.AsyncClient(transport=transport, base_url="http://desk") as client:
                return await client.get(path)

        return asyncio.run(ask())


@pytest.fixture
def behind(demo_snapshot):
    apps = []

    def make(base_url, **options):
        apps.append(build_app(demo_snapshot, base_url=base_url, **options))
        return Desk(apps[-1])

    yield make
    for app in apps:
        close_app(app)


PAGES = [
    "/",
    "/-/search?q=dân+quân",
    "/-/search/advanced",
    "/-/downloads",
    "/dqtv",
    "/dqtv/articles",
]


@pytest.mark.parametrize("path", PAGES)
def test_every_link_stays_under_the_prefix(behind, path):
    text = behind("/kho/").get(f"/kho{path}").text
    links = re.findall(r'(?:href|src|action)="(/[^"]*)"', text)
    assert links
    assert [link for link in links if not link.startswith("/kho/")] == []


@pytest.mark.parametrize("path", PAGES)
def test_a_web_server_may_take_the_prefix_off(behind, path):
    assert behind("/kho/").get(path).status_code == 200


def test_citations_name_the_public_address(behind):
    desk = behind("https://archive.example/kho/")
    found = desk.get("/-/search.json?q=dân+quân").json()
    assert found["results"][0]["permalink"].startswith("https://archive.example/kho/-/article/")
    assert (
        "https://archive.example/kho/-/article/"
        in desk.get(f"/-/article/{found['results'][0]['id']}").text
    )


def test_search_engines_are_kept_out_unless_the_desk_is_public(behind):
    assert behind("/").get("/robots.txt").text == "User-agent: *\nDisallow: /\n"


def test_search_engines_may_read_articles_of_a_public_desk(behind):
    lines = behind("/", public=True).get("/robots.txt").text.splitlines()
    assert "Allow: /-/article/" in lines
    assert lines[-1] == "Disallow: /"
    assert not any("search" in line for line in lines)
