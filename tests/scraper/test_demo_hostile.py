"""The hostile demo paper: every trap answers as it is meant to."""

import gzip
import http.client
import re
import socket
import time
import tracemalloc
from urllib.parse import urlsplit
from urllib.robotparser import RobotFileParser

import pytest

from archive.vietnamese import nfc
from scraper.demo.cms import hostile, hostile_tricks
from scraper.demo.cms.legacy_text import tcvn3
from scraper.demo.press import DemoPress

PAPER = "demo-maychu"


@pytest.fixture
def press():
    with DemoPress(port=0) as press:
        yield press


@pytest.fixture
def ask(press):
    """Status, headers (lower case) and body of one request to the paper."""

    def ask(path, method="GET"):
        connection = http.client.HTTPConnection(urlsplit(press.origin(PAPER)).netloc, timeout=60)
        try:
            connection.request(method, path, headers={"Accept-Encoding": "gzip"})
            answer = connection.getresponse()
            body = answer.read()
            headers = {name.lower(): value for name, value in answer.getheaders()}
        finally:
            connection.close()
        if headers.get("content-encoding") == "gzip":
            body = gzip.decompress(body)
        return answer.status, headers, body

    return ask


@pytest.fixture
def article(press):
    """Path and truth of the article with a number."""
    truth = {x.article_id: x for x in press.truth()}
    return lambda number: (
        urlsplit(truth[f"{PAPER}:{number}"].url).path,
        truth[f"{PAPER}:{number}"],
    )


def test_hostile_papers_belong_to_the_press_but_not_to_the_demo_tour(press):
    assert PAPER in press.papers
    assert PAPER not in press.friendly
    assert set(press.papers) > set(press.friendly)


def test_at_least_six_honest_articles_about_the_militia_are_printed(press):
    assert sum(x.paper == PAPER and x.level == 2 for x in press.truth()) >= 6


def test_plain_articles_are_printed_whole(press, ask):
    tricky = {hostile_tricks.GZIPPED, hostile_tricks.WINDOWS_1258, hostile_tricks.TCVN3}
    tricky |= hostile_tricks.SHIELDED.keys()
    plain = [x for x in press.truth() if x.paper == PAPER]
    plain = [x for x in plain if int(x.article_id.partition(":")[2]) not in tricky]
    assert len(plain) >= 3
    for truth in plain:
        text = ask(urlsplit(truth.url).path)[2].decode()
        assert all(paragraph in text for paragraph in truth.body)


@pytest.mark.parametrize(("number", "mark"), [(810006, b"document.cookie"), (810053, b"captcha")])
def test_a_shielded_article_comes_after_some_challenges(ask, article, number, mark):
    path, truth = article(number)
    for _ in range(hostile_tricks.SHIELDED[number]):
        status, _, body = ask(path)
        assert status == 200
        assert mark in body
        assert truth.title.encode() not in body
    for _ in range(2):
        body = ask(path)[2]
        assert mark not in body
        assert truth.body[-1].encode() in body


def test_redirects_go_round_in_a_circle(ask):
    first, second = hostile.LOOP_PATHS
    assert [ask(path)[1]["location"] for path in (first, second)] == [second, first]
    assert ask(first)[0] == 302


def test_a_chain_of_redirects_is_longer_than_browsers_or_crawlers_should_follow(ask):
    path, hops = hostile.CHAIN_PATHS[0], 0
    while (answer := ask(path))[0] == 302:
        path, hops = answer[1]["location"], hops + 1
    assert hops == len(hostile.CHAIN_PATHS)
    assert answer[0] == 404


def test_a_moved_article_is_linked_at_its_old_address_and_found_at_the_new_one(ask, article):
    path, truth = article(hostile.MOVED_STORY)
    listing = ask("/muc/the-gioi")[2].decode()
    (old,) = re.findall(r'href="(/tin-cu-[^"]+)"', listing)
    assert path not in listing
    status, headers, _ = ask(old)
    assert (status, headers["location"]) == (302, truth.url)


def test_the_calendar_never_ends(ask):
    seen = set()
    for page in (1, 2, 25, 700):
        text = ask(f"{hostile.CALENDAR_PATH}?trang={page}")[2].decode()
        assert f"{hostile.CALENDAR_PATH}?trang={page + 1}" in text
        assert "?day=" in text
        events = set(re.findall(r"/su-kien-[\w-]+\.html", text))
        assert len(events) == 3
        assert not events & seen
        seen |= events
        answers = [ask(event) for event in sorted(events)]
        assert [answer[0] for answer in answers] == [404, 200, 404]
        assert b'<ul class="lich">' in answers[1][2]


def test_hidden_links_carry_a_session_that_is_never_the_same(ask, article):
    path, truth = article(hostile.SESSION_STORY)
    found = [
        re.search(rf"{re.escape(path)}\?sid=\d+", ask(hostile.CALENDAR_PATH)[2].decode())[0]
        for _ in range(2)
    ]
    assert found[0] != found[1]
    assert truth.title.encode() in ask(found[0])[2]


def test_a_section_shows_its_last_page_for_ever(ask):
    def headlines(page):
        text = ask(f"/muc/quoc-phong?trang={page}")[2].decode()
        assert f"/muc/quoc-phong?trang={page + 1}" in text
        return re.findall(r"<li><a href=\"(/[^\"]+-mc\d+\.html)\">", text)

    assert headlines(1)
    assert headlines(2) == headlines(3) == headlines(5_000)


def test_the_forbidden_tree_is_linked_from_everywhere(press, ask):
    robots = RobotFileParser()
    robots.parse(ask("/robots.txt")[2].decode().splitlines())
    path = urlsplit(next(x.url for x in press.truth() if x.paper == PAPER)).path
    assert robots.can_fetch("dqtv-archive", path)
    for page in ("/", "/muc/xa-hoi", hostile.CALENDAR_PATH):
        text = ask(page)[2].decode()
        for forbidden in hostile.FORBIDDEN_PATHS:
            assert forbidden in text
            assert not robots.can_fetch("dqtv-archive", forbidden)


def test_a_page_may_say_that_nothing_was_found_with_status_200(ask):
    status, _, body = ask(hostile.SOFT_MISSING_PATH)
    assert status == 200
    assert "Không tìm thấy" in body.decode()


def test_template_debris_stands_between_the_paragraphs(ask, article):
    path, truth = article(hostile.DEBRIS_STORY)
    text = ask(path)[2].decode()
    assert text.count("{{#if ads}}") == len(truth.body)


def test_gzip_bytes_come_without_being_declared(ask, article):
    path, truth = article(hostile_tricks.GZIPPED)
    _, headers, body = ask(path)
    assert "content-encoding" not in headers
    assert truth.body[0] in gzip.decompress(body).decode()


def test_a_page_comes_in_windows_1258(ask, article):
    path, truth = article(hostile_tricks.WINDOWS_1258)
    body = ask(path)[2]
    assert b'<meta charset="windows-1258">' in body
    assert truth.body[0] in nfc(body.decode("cp1258"))
    with pytest.raises(UnicodeDecodeError):
        body.decode("utf-8")


def test_a_page_comes_in_a_font_encoding(ask, article):
    path, truth = article(hostile_tricks.TCVN3)
    body = ask(path)[2]
    assert "Lùc l\u00adîng d©n qu©n tù vÖ" in body.decode("cp1252")
    assert tcvn3(truth.body[0]) in body


def test_tcvn3_writes_small_letters_for_capitals_with_a_tone_and_references_for_the_rest():
    assert tcvn3("Đường ở Ở") == b"\xa7\xad\xeang \xeb \xeb"
    assert tcvn3("“à”") == b"&#8220;\xb5&#8221;"
    assert (
        len(set(map(tcvn3, "àảãáạăằẳẵắặâầẩẫấậđèẻẽéẹêềểễếệìỉĩíịòỏõóọôồổỗốộơờởỡớợùủũúụưừửữứựỳỷỹýỵ")))
        == 67
    )


@pytest.mark.parametrize("path", hostile.ENORMOUS_PATHS)
def test_an_enormous_page_is_sent_to_its_end(ask, path):
    status, headers, body = ask(path)
    assert status == 200
    assert len(body) > 41_000_000
    assert ("content-length" in headers) == (path == hostile.ENORMOUS_PATHS[0])
    assert ("transfer-encoding" in headers) == (path == hostile.ENORMOUS_PATHS[1])
    assert ask(path, method="HEAD")[2] == b""


@pytest.mark.parametrize("path", hostile.ENORMOUS_PATHS)
def test_an_enormous_page_costs_the_press_little_memory(press, path):
    """Not even while a client takes its time."""
    host, port = urlsplit(press.origin(PAPER)).netloc.split(":")
    tracemalloc.start()
    try:
        with socket.create_connection((host, int(port)), timeout=60) as client:
            client.sendall(f"GET {path} HTTP/1.1\r\nHost: x\r\n\r\n".encode())
            assert client.recv(15) == b"HTTP/1.1 200 OK"
            time.sleep(0.2)
            _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 4_000_000


def test_the_press_goes_on_after_a_client_has_left_in_the_middle(press, ask):
    host, port = urlsplit(press.origin(PAPER)).netloc.split(":")
    with socket.create_connection((host, int(port)), timeout=60) as client:
        client.sendall(f"GET {hostile.ENORMOUS_PATHS[0]} HTTP/1.1\r\nHost: x\r\n\r\n".encode())
        client.recv(15)
    assert ask("/robots.txt")[0] == 200


def test_requests_after_an_enormous_one_are_answered_in_order(press):
    host, port = urlsplit(press.origin(PAPER)).netloc.split(":")
    with socket.create_connection((host, int(port)), timeout=60) as client:
        client.sendall(
            f"GET {hostile.ENORMOUS_PATHS[0]} HTTP/1.1\r\nHost: x\r\n\r\n"
            "GET /robots.txt HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n".encode()
        )
        received = b"".join(iter(lambda: client.recv(1 << 20), b""))
    first, _, rest = received.partition(b"\r\n\r\n")
    length = int(re.search(rb"Content-Length: (\d+)", first)[1])
    assert rest[length:].startswith(b"HTTP/1.1 200 OK")
    assert rest.endswith(f"Disallow: {hostile.FORBIDDEN_TREE}\n".encode())
