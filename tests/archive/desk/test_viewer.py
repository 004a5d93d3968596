"""Links to the archived copy: only with a viewer, at the right time, safely written."""

import pytest
from bs4 import BeautifulSoup

from archive.desk.changeover import close_app
from archive.desk.serve import build_app
from archive.desk.viewer import archived_copy, read_viewer
from archive.errors import UsageError

VIEWER = "http://127.0.0.1:8002/dqtv"
AT = "2026-11-20T02:03:04.567000Z"


@pytest.fixture
def viewed(build, story, browse):
    """A desk with a viewer over one article; closed after the test."""
    apps = []

    def make(viewer, **story_values):
        apps.append(build_app(build(story(id="songmay:1", **story_values)), viewer_url=viewer))
        return browse(apps[-1])

    yield make
    for app in apps:
        close_app(app)


def links(desk):
    page = BeautifulSoup(desk.get("/-/article/songmay:1?lang=en").text, "html.parser")
    return [link["href"] for link in page.select("a.archived")]


def test_an_article_links_to_its_page_at_the_time_of_its_capture(viewed):
    desk = viewed(VIEWER)
    assert links(desk) == [f"{VIEWER}/20261121020305mp_/https://songmay.example/bai-viet-1.html"]
    capture = desk.get("/-/article/songmay:1.json").json()["article"]["capture"]
    assert capture["archived_copy"] == links(desk)[0]


def test_every_version_links_to_its_own_page(viewed):
    desk = viewed(VIEWER, older=(("Bản cũ", ("Đoạn cũ.",)),))
    times = [link.split("/")[4] for link in links(desk)]
    assert times == ["20261122020305mp_", "20261121020305mp_", "20261122020305mp_"]


@pytest.mark.parametrize("viewer", [None, ""])
def test_without_a_viewer_no_link_is_shown(viewed, viewer):
    desk = viewed(viewer)
    assert links(desk) == []
    assert (
        desk.get("/-/article/songmay:1.json").json()["article"]["capture"]["archived_copy"] is None
    )


@pytest.mark.parametrize(
    ("url", "written"),
    [
        ("https://bao.vn/a?b=c&d=1%202", "https://bao.vn/a?b=c&d=1%202"),
        ("https://bao.vn/tin tức", "https://bao.vn/tin%20t%E1%BB%A9c"),
        ('https://bao.vn/"><script>', "https://bao.vn/%22%3E%3Cscript%3E"),
        ("https://bao.vn/a#b\n", "https://bao.vn/a%23b%0A"),
    ],
)
def test_addresses_are_written_safely(url, written):
    assert archived_copy(VIEWER, url, AT) == f"{VIEWER}/20261120020304mp_/{written}"


@pytest.mark.parametrize("url", ["javascript:alert(1)", "data:text/html,x", None])
def test_what_is_no_web_address_is_not_linked(url):
    assert archived_copy(VIEWER, url, AT) is None


def test_a_hostile_address_stays_inside_its_attribute(viewed):
    desk = viewed(VIEWER, url="https://songmay.example/\"'><img src=x onerror=alert(1)>")
    page = BeautifulSoup(desk.get("/-/article/songmay:1").text, "html.parser")
    assert not page.select("img")
    assert len(page.select("a.archived")) == 1


@pytest.mark.parametrize(
    "text",
    [
        "127.0.0.1:8002", "javascript:alert(1)", "http://", "ftp://x/dqtv", "http://x/?a=b", "http://x/#b",
        "http://user:pass@x/", 'http://x/"><b>', "http://x:99999/", "http://x/a b", "http://[x/",
    ],
)  # fmt: skip
def test_an_address_that_is_no_viewer_is_refused(text):
    with pytest.raises(UsageError, match="--viewer-url"):
        read_viewer(text)


def test_a_slash_at_the_end_makes_no_difference():
    assert read_viewer(f"{VIEWER}/") == VIEWER


def test_a_plain_datasette_with_a_bad_viewer_shows_no_link(build, story, browse):
    app = build_app(build(story(id="songmay:1")))
    app._metadata_local["plugins"] = {"dqtv_desk": {"viewer_url": "javascript:alert(1)"}}
    try:
        assert links(browse(app)) == []
    finally:
        close_app(app)
