"""The second opinion: asked only where our own search fails, and believed only where it fits."""

from __future__ import annotations

import json
import logging
import re
import subprocess
import sys

import attrs
import pytest

from archive.model import RejectReason
from scraper.extract import second_opinion
from scraper.process import process
from scraper.sites.spec import Layout, SiteSpec

SITE = SiteSpec(
    id="bao",
    name="Báo Thử",
    province=None,
    homepage="https://bao.example/",
    domains=("bao.example",),
    article_url=(re.compile(r"-(?P<id>\d+)\.html$"),),
)
TITLE = "Dân quân xã Nà Phạc giúp dân gặt lúa"
TEXT = (
    "Sáng sớm, khi sương còn phủ kín cánh đồng Nà Luông, tiếng cười nói của dân quân đã rộn ràng khắp các thửa ruộng bậc thang.",
    "Anh Hoàng Văn Tú, thôn đội trưởng, chia tổ của mình làm ba mũi: mũi gặt, mũi tuốt và mũi gánh thóc về nhà văn hóa.",
    "Bà Lục Thị Vân, nhà có hai héc-ta lúa chín rũ, kể rằng nếu không có anh em dân quân thì vụ này coi như mất trắng.",
    "Đến chiều ngày thứ ba, hơn 20 héc-ta lúa của 31 hộ đã được đưa về kho an toàn, trước khi cơn bão đổ bộ vào đất liền.",
    "Chủ tịch xã cảm ơn các chiến sĩ và mong tinh thần ấy còn theo bà con trong những mùa mưa bão sau này.",
)
#: Lines of an interview or a poem: none is long enough for a paragraph by weight.
SHORT = (
    "Dân quân xã Nà Phạc gặt lúa,", "Giúp bà con qua mùa bão lớn.", "Sương còn giăng trắng đầu non,", "Tiếng cười đã rộn cánh đồng xa.",
    "Mũi gặt, mũi tuốt, mũi gánh,", "Thóc về kho trước cơn mưa.", "Mẹ già tựa cửa ngóng trông,", "Thấy các con mà ấm lòng.",
    "Áo xanh bạc màu nắng gió,", "Bàn tay chai sạn vì dân.", "Mai này lúa trổ đòng đòng,", "Lại hát bài ca Nà Luông.",
)  # fmt: skip


def read(capture_of, body, head="", site=SITE):
    page = (
        f"<!doctype html><html><head><title>{TITLE}</title>{head}</head><body>{body}</body></html>"
    )
    return process(capture_of(page), site, None)


def lines(texts, tag="p"):
    return "".join(f"<{tag}>{x}</{tag}>" for x in texts)


@pytest.fixture
def unasked(monkeypatch):
    """Fails where the other extractor is asked."""

    def refuse(_page):
        raise AssertionError("a second opinion was asked")

    monkeypatch.setattr(second_opinion, "_opinion", refuse)


@pytest.fixture
def answer(monkeypatch):
    """Sets what the other extractor answers; an exception is raised."""

    def set_answer(value):
        def extract(*_args, **_options):
            if isinstance(value, Exception):
                raise value
            return value

        monkeypatch.setattr("trafilatura.extract", extract)

    return set_answer


@pytest.mark.usefixtures("unasked")
def test_a_page_with_rules_is_never_asked_about(capture_of):
    site = attrs.evolve(SITE, layouts=(Layout(title=("h1",), body=("#b",)),))
    body = f"<h1>{TITLE}</h1><div id=b><p>{TEXT[0]}</p></div><main>{lines(TEXT[1:] * 5)}</main>"

    assert read(capture_of, body, site=site).article.body_source == "rule"


@pytest.mark.usefixtures("unasked")
def test_a_text_that_holds_most_of_the_page_is_never_asked_about(capture_of):
    body = f"<h1>{TITLE}</h1><div>{lines(TEXT)}</div><div>{lines(TEXT[:2], 'section')}</div>"

    assert read(capture_of, body).article.body_source == "fallback"


def test_an_article_in_an_element_that_was_never_closed_is_read(capture_of):
    menu = "".join(f'<a href="/muc-{n}">Mục {n}</a>' for n in range(6))
    body = f"<nav><div>{menu}</div><h1>{TITLE}</h1><div class=t>{lines(TEXT)}<p align=right><b>Lan Anh</b></p></div>"
    article = read(capture_of, body).article

    assert (article.body, article.byline) == (TEXT, "Lan Anh")
    assert article.body_source == "second_opinion"


def test_an_article_of_short_lines_is_read(capture_of):
    article = read(
        capture_of, f"<main><h1>{TITLE}</h1><article>{lines(SHORT)}</article></main>"
    ).article

    assert (article.body, article.body_source) == (SHORT, "second_opinion")


def test_a_text_that_stands_only_in_the_head_data_is_read(capture_of):
    data = {"@type": "NewsArticle", "headline": TITLE, "articleBody": "\n".join(TEXT)}
    script = f'<script type="application/ld+json">{json.dumps(data, ensure_ascii=False)}</script>'
    article = read(capture_of, f"<div id=app></div><h1>{TITLE}</h1>", script).article

    assert " ".join(article.body) == " ".join(TEXT)
    assert article.body_source == "second_opinion"


def test_a_choice_of_the_wrong_box_is_put_right(capture_of):
    notes = "".join(
        f"<p>{x.replace('dân quân', '<a href=/x-9.html>dân quân</a>')} <a href=/y-8.html>{x[:70]}</a></p>"
        for x in TEXT
    )
    other = "Ban biên tập mời bạn đọc gửi tin, bài, ảnh về đời sống ở bản làng vùng cao để cùng xây dựng trang báo."
    body = f"<h1>{TITLE}</h1><article>{notes}</article><div><p>{other}</p><p>{other}.</p></div>"
    article = read(capture_of, body).article

    assert [x[:60] for x in article.body] == [x[:60] for x in TEXT]
    assert article.body_source == "second_opinion"


@pytest.mark.parametrize(
    "value",
    [ValueError("bad"), RecursionError(), MemoryError(), AttributeError("x"), None, "", "ngắn", "We use cookies on this site. " * 30],
)  # fmt: skip
def test_a_failure_or_a_strange_answer_leaves_the_own_result(capture_of, answer, value):
    answer(value)

    outcome = read(capture_of, f"<h1>{TITLE}</h1><article>{lines(SHORT)}</article>")

    assert outcome.reason is RejectReason.NO_BODY


def test_a_list_of_teasers_stays_none_whatever_the_opinion(capture_of, answer):
    answer("\n".join(TEXT))
    rows = "".join(
        f'<div><h3><a href="/tin-{n}.html">{TITLE}, kỳ {n}</a></h3><p>{x}</p></div>'
        for n, x in enumerate(TEXT)
    )

    assert read(capture_of, f"<div>{rows}</div>").article is None


@pytest.mark.usefixtures("unasked")
@pytest.mark.parametrize(
    ("body", "reason"),
    [("<i></i>" * 3100, "elements"), (f"<i title='{'x' * 301_000}'></i>", "characters")],
)
def test_a_large_page_is_not_asked_about_and_says_so(capture_of, body, reason):
    outcome = read(capture_of, f"<h1>{TITLE}</h1>{lines(SHORT)}{body}")

    assert outcome.reason is RejectReason.NO_BODY
    assert f"{reason} are too many for a second opinion" in outcome.detail


def test_nothing_is_logged(capture_of, caplog):
    with caplog.at_level(logging.DEBUG):
        for body in ("", "<p>x</p>", lines(SHORT), "<nav>" * 200 + lines(TEXT)):
            read(capture_of, f"<h1>{TITLE}</h1>{body}")

    assert caplog.records == []


def test_the_other_extractor_is_not_imported_before_a_page_needs_it():
    code = "import sys, scraper.cli, scraper.process; sys.exit('trafilatura' in sys.modules)"

    assert subprocess.run([sys.executable, "-c", code], check=False, timeout=60).returncode == 0
