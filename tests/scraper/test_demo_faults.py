"""The fault switches of the demo press."""

import http.client
import time
import unicodedata
from urllib.parse import urlsplit

import pytest

from archive.errors import UnknownSite, UsageError
from scraper.demo.faults import REFUSALS, is_gone
from scraper.demo.press import DemoPress

PAPER = "demo-culao"


@pytest.fixture(scope="module")
def running():
    with DemoPress(port=0, delay=0.2) as press:
        yield press


@pytest.fixture
def press(running):
    """The press without any fault, before and after the test."""
    running.set_fault(PAPER, None)
    yield running
    running.set_fault(PAPER, None)


def ask(press, path, paper=PAPER):
    """The answer, and its body or the error met while reading it."""
    connection = http.client.HTTPConnection(urlsplit(press.origin(paper)).netloc, timeout=60)
    try:
        connection.request("GET", path)
        answer = connection.getresponse()
        return answer, answer.read()
    finally:
        connection.close()


def paths(press):
    return [urlsplit(article.url).path for article in press.truth() if article.paper == PAPER]


def test_404_takes_some_articles_away_for_good(press):
    press.set_fault(PAPER, "404")
    statuses = {
        x.article_id: ask(press, urlsplit(x.url).path)[0].status
        for x in press.truth()
        if x.paper == PAPER
    }
    gone = {key for key in statuses if is_gone(int(key.split(":")[1]))}
    assert 0 < len(gone) < len(statuses) / 2
    assert all(statuses[key] == (404 if key in gone else 200) for key in statuses)


def test_429_refuses_the_first_requests_and_says_how_long_to_wait(press):
    press.set_fault(PAPER, "429")
    assert ask(press, "/robots.txt")[0].status == 200
    for path in paths(press)[:REFUSALS]:
        answer, _ = ask(press, path)
        assert (answer.status, answer.headers["Retry-After"]) == (429, "1")
    assert ask(press, paths(press)[0])[0].status == 200


def test_500_fails_every_article_once(press):
    press.set_fault(PAPER, "500")
    for path in paths(press)[:3]:
        assert [ask(press, path)[0].status for _ in range(3)] == [500, 200, 200]
    assert ask(press, "/quoc-phong-an-ninh/")[0].status == 200


def test_slow_waits_before_every_answer(press):
    def lasts():
        start = time.monotonic()
        assert ask(press, "/robots.txt")[0].status == 200
        return time.monotonic() - start

    # a busy machine may hold up one answer, not each of ten
    assert min(lasts() for _ in range(10)) < 0.2
    press.set_fault(PAPER, "slow")
    assert lasts() >= 0.2


def test_slow_answers_do_not_hold_up_other_papers(press):
    press.set_fault(PAPER, "slow")
    connection = http.client.HTTPConnection(urlsplit(press.origin(PAPER)).netloc, timeout=60)
    connection.request("GET", "/")
    assert ask(press, "/robots.txt", "demo-nuingan")[0].status == 200
    assert press.log[-1].paper == "demo-nuingan"
    assert connection.getresponse().read()
    connection.close()


def test_truncated_promises_more_than_it_sends_once(press):
    press.set_fault(PAPER, "truncated")
    path = paths(press)[0]
    with pytest.raises(http.client.IncompleteRead) as caught:
        ask(press, path)
    assert len(caught.value.partial) > 1000
    answer, body = ask(press, path)
    assert len(body) == int(answer.headers["Content-Length"])


def test_charset_declares_latin_1_but_sends_utf_8(press):
    press.set_fault(PAPER, "charset")
    article = next(x for x in press.truth() if x.paper == PAPER)
    answer, body = ask(press, urlsplit(article.url).path)
    assert answer.headers["Content-Type"] == "text/html; charset=iso-8859-1"
    assert article.body[1] in body.decode("utf-8")


def test_legacy_charset_sends_one_page_in_windows_1258_declared_utf_8(press):
    press.set_fault(PAPER, "legacy_charset")
    oldest, *others = sorted(
        (x for x in press.truth() if x.paper == PAPER), key=lambda x: x.article_id
    )
    answer, body = ask(press, urlsplit(oldest.url).path)
    assert answer.headers["Content-Type"] == "text/html; charset=utf-8"
    with pytest.raises(UnicodeDecodeError):
        body.decode("utf-8")
    text = unicodedata.normalize("NFC", body.decode("cp1258"))
    assert all(paragraph in text for paragraph in oldest.body[1:])
    assert others[0].body[1] in ask(press, urlsplit(others[0].url).path)[1].decode("utf-8")


def test_refused_closes_the_port_and_ending_it_opens_the_port(press):
    press.set_fault(PAPER, "refused")
    with pytest.raises(ConnectionRefusedError):
        ask(press, "/")
    assert ask(press, "/", "demo-nuingan")[0].status == 200
    press.set_fault(PAPER, None)
    assert ask(press, "/")[0].status == 200


def test_refused_from_the_start():
    with (
        DemoPress(port=0, faults={PAPER: "refused"}) as press,
        pytest.raises(ConnectionRefusedError),
    ):
        ask(press, "/")


def test_a_fault_set_again_starts_again(press):
    path = paths(press)[0]
    for _ in range(2):
        press.set_fault(PAPER, "500")
        assert ask(press, path)[0].status == 500


def test_faults_concern_one_paper_only(press):
    press.set_fault(PAPER, "429")
    assert ask(press, "/", "demo-songmay")[0].status == 200


def test_unknown_faults_and_papers_are_named():
    with pytest.raises(UsageError, match="legacy_charset"):
        DemoPress(port=0, faults={PAPER: "fire"})
    with pytest.raises(UnknownSite, match="demo-culao"):
        DemoPress(port=0, faults={"culao": "slow"})


@pytest.mark.parametrize(
    ("how", "status", "location"),
    [("404", 404, None), ("410", 410, None), ("home", 302, "/"), ("notice", 200, None)],
)
def test_an_article_is_withdrawn_and_put_back(press, how, status, location):
    path = paths(press)[0]
    number = press.newsroom(PAPER).edition.masthead.cms.article_number(path)
    press.withdraw(PAPER, number, how)
    try:
        answer, page = ask(press, path)
        assert (answer.status, answer.getheader("Location")) == (status, location)
        assert ask(press, paths(press)[1])[0].status == 200
    finally:
        press.withdraw(PAPER, number, None)
    back, whole = ask(press, path)
    assert back.status == 200
    assert whole != page


def test_an_article_with_a_new_title_leads_on_from_its_old_address(press):
    path = paths(press)[-1]
    edition = press.newsroom(PAPER).edition
    number = edition.masthead.cms.article_number(path)
    press.revise(PAPER, number, title="Nhan đề mới của bài báo")
    old, _ = ask(press, path)
    assert old.status == 301
    new, page = ask(press, old.getheader("Location"))
    assert new.status == 200
    assert "Nhan đề mới của bài báo" in page.decode()
    press.newsroom(PAPER).reprint(edition)


def test_a_moved_paper_leads_to_the_same_path_elsewhere_and_keeps_its_robots_txt(press):
    press.set_fault(PAPER, "moved")
    answer, _ = ask(press, "/quoc-phong-an-ninh/")
    assert (answer.status, answer.getheader("Location")) == (
        301,
        "http://moved.invalid/quoc-phong-an-ninh/",
    )
    assert ask(press, "/robots.txt")[0].status == 200
