"""A paper whose recurring lines no fixed rule knows: they vanish once three articles have shown them."""

from __future__ import annotations

import re
import uuid

import attrs
import pytest
from click.testing import CliRunner
from scrapy import Request
from scrapy.http import HtmlResponse

from archive.frontier import LeasedUrl
from archive.model import Rejected, UrlKind
from archive.store import Store
from archive.template import LayoutTemplate, block_digest
from scraper import cli, importer
from scraper.importer import import_warc
from scraper.process import process
from scraper.sites.load import Registry
from scraper.sites.spec import Layout, SiteSpec
from scraper.spiders.newspaper import NewspaperSpider

SITE = SiteSpec(
    id="bao",
    name="Báo Thử",
    province=None,
    homepage="https://bao.example/",
    domains=("bao.example",),
    article_url=(re.compile(r"-(?P<id>\d+)\.html$"),),
    layouts=(Layout(title=("h1",), body=("#b",)),),
)
REGISTRY = Registry(sites={"bao": SITE}, families={}, by_host={"bao.example": SITE})
LAYOUT = "rule:#b"
NOTICE = "Đọc báo in tại các điểm bưu điện xã từ sáu giờ ba mươi hằng ngày."
NAMES = (
    "Nà Phạc",
    "Lũng Cà",
    "Bản Chiên",
    "Khuổi Lếch",
    "Pác Rà",
    "Cốc Lùng",
    "Thôm Mò",
    "Nặm Đăm",
)


def story(number):
    name = NAMES[number % len(NAMES)] + (f" {number}" if number >= len(NAMES) else "")
    return (
        f"Sáng {number + 1}-3, dân quân xã {name} ra quân huấn luyện trên bãi bồi ven suối.",
        f"Xã đội trưởng {name} cho biết, {20 + number} dân quân tự vệ tập bắn và băng bó vết thương.",
        f"Buổi chiều, các tổ ở {name} giúp bà con gặt {number + 3} thửa ruộng chín muộn.",
        f"Đến cuối tuần, {name} hoàn thành nội dung của năm thứ nhất.",
    )


def page(number, *, closing=(NOTICE,), body=None):
    paragraphs = (*(body or story(number)), *closing)
    inner = "".join(f"<p>{text}</p>" for text in paragraphs)
    title = f"Dân quân {NAMES[number % len(NAMES)]} huấn luyện đợt {number}"
    return f'<html><body><h1>{title}</h1><div id="b">{inner}</div></body></html>'


def address(number):
    return f"https://bao.example/tin-{number}.html"


@pytest.fixture
def store(tmp_path):
    with Store.open(tmp_path / "archive") as opened:
        yield opened


@pytest.fixture
def take(store, tmp_path, monkeypatch):
    """Import pages as one file of another crawl; records have ids of their own each time."""
    monkeypatch.setattr(importer, "GROUP_SIZE", 1)

    def run(pages, *, day):
        records = []
        for number, html in pages.items():
            block = (
                b"HTTP/1.1 200 OK\r\nContent-Type: text/html; charset=utf-8\r\n\r\n" + html.encode()
            )
            head = (
                f"WARC/1.0\r\nWARC-Type: response\r\nWARC-Record-ID: <urn:uuid:{uuid.uuid4()}>\r\n"
                f"WARC-Date: 2026-03-{day:02}T01:02:03Z\r\nContent-Length: {len(block)}\r\n"
                f"WARC-Target-URI: {address(number)}\r\n\r\n"
            )
            records.append(head.encode() + block + b"\r\n\r\n")
        path = tmp_path / f"{uuid.uuid4()}.warc"
        path.write_bytes(b"".join(records))
        return import_warc(store, REGISTRY, path, software="test", operator="test").counts

    return run


def stored(store, number):
    row = store.connection.execute(
        "SELECT body, version FROM articles WHERE id = ?", (f"bao:{number}",)
    ).fetchone()
    return tuple(row[0].split("\n\n")), row[1]


def removed(store, number):
    found = store.connection.execute(
        "SELECT position, text, articles, of_articles FROM removed_blocks WHERE article_id = ?"
        " ORDER BY position",
        (f"bao:{number}",),
    )
    return [tuple(row) for row in found]


def test_a_recurring_line_goes_after_three_articles_and_is_kept_beside_the_text(store, take):
    take({n: page(n) for n in range(5)}, day=1)

    for number in range(3):
        assert stored(store, number) == ((*story(number), NOTICE), 1)
        assert removed(store, number) == []
    assert stored(store, 3) == (story(3), 1)
    assert removed(store, 3) == [(5, NOTICE, 3, 3)]
    assert removed(store, 4) == [(5, NOTICE, 4, 4)]


def test_a_second_look_corrects_the_first_articles_without_a_version(store, take):
    take({n: page(n) for n in range(5)}, day=1)
    counts = take({n: page(n) for n in range(5)}, day=2)

    assert counts.unchanged == 5
    for number in range(5):
        assert stored(store, number) == (story(number), 1)
        assert removed(store, number) == [(5, NOTICE, 4, 4)]
    versions = store.connection.execute(
        "SELECT body, version FROM article_versions WHERE article_id = 'bao:0'"
    ).fetchall()
    assert [tuple(row) for row in versions] == [("\n\n".join(story(0)), 1)]


def test_what_the_paper_changes_is_a_version_all_the_same(store, take):
    take({n: page(n) for n in range(5)}, day=1)
    corrected = (*story(0)[:3], "Tin đã sửa: nội dung huấn luyện là của năm thứ hai.")
    take({0: page(0, body=corrected)}, day=2)

    assert stored(store, 0) == (corrected, 2)


def test_a_line_that_turns_out_to_be_rare_comes_back(store, take):
    take({n: page(n) for n in range(5)}, day=1)
    assert removed(store, 4)
    take({n: page(n, closing=()) for n in range(5, 40)}, day=2)
    take({4: page(4)}, day=3)

    assert stored(store, 4) == ((*story(4), NOTICE), 1)
    assert removed(store, 4) == []


def test_the_byline_before_a_recurring_line_is_found_again(store, take):
    closing = ("Tin, ảnh: Nông Văn Kiên", NOTICE)
    take({n: page(n, closing=closing) for n in range(6)}, day=1)
    take({0: page(0, closing=closing)}, day=2)

    assert stored(store, 0) == (story(0), 1)
    byline = store.connection.execute("SELECT byline FROM articles WHERE id = 'bao:0'").fetchone()
    assert byline[0] == "Tin, ảnh: Nông Văn Kiên"
    assert [row[1] for row in removed(store, 0)] == [NOTICE]


def test_copies_under_other_numbers_do_not_teach_the_article_away(store, take):
    same = {n: page(n, body=story(0), closing=()) for n in range(6)}
    take(same, day=1)
    take(same, day=2)

    assert [stored(store, n) for n in range(6)] == [(story(0), 1)] * 6


def test_what_some_articles_repeat_stays(store, take):
    law = "Điều 5 quy định: dân quân tự vệ phục tùng sự lãnh đạo của Đảng, sự quản lý của Nhà nước."
    pages = {n: page(n, closing=(law,) if n % 3 == 0 else ()) for n in range(3, 40)}
    take(pages, day=1)
    take(pages, day=2)

    assert all(stored(store, n)[0][-1] == law for n in range(3, 40, 3))
    assert store.connection.execute("SELECT count(*) FROM removed_blocks").fetchone()[0] == 0


def test_pages_left_out_for_their_subject_teach_as_well(store, take):
    harvest = {
        n: page(n, body=(f"Hồng vụ {n} chín vàng trên đồi.", f"Thương lái {n} mua tận vườn."))
        .replace("Dân quân", "Hồng")
        .replace("huấn luyện", "được mùa")
        for n in range(10, 14)
    }
    assert take(harvest, day=1).rejected == {"not_militia": 4}
    take({1: page(1)}, day=2)

    assert stored(store, 1) == (story(1), 1)


def test_pages_at_addresses_of_no_article_teach_nothing(capture_of):
    html = page(1)
    assert process(capture_of(html, url=address(1)), SITE, None).lesson is not None
    listing = process(capture_of(html, url="https://bao.example/quoc-phong/"), SITE, None)
    assert listing.article is not None
    assert listing.lesson is None


def test_a_page_without_an_article_teaches_nothing(capture_of):
    outcome = process(capture_of("<p>Không có gì.</p>", url=address(1)), SITE, None)
    assert isinstance(outcome, Rejected)
    assert outcome.lesson is None


def known(*texts):
    voters = frozenset(f"bao:{n}" for n in range(100, 120))
    counts = {block_digest(text): 20 for text in texts}
    return {LAYOUT: LayoutTemplate(voters=voters, counts=counts)}


def test_title_lead_and_first_paragraph_are_never_left_out(capture_of):
    site = attrs.evolve(SITE, layouts=(Layout(title=("h1",), sapo=(".sapo",), body=("#b",)),))
    html = page(1).replace('<div id="b">', f'<p class="sapo">{NOTICE}</p><div id="b">')
    title = "Dân quân Lũng Cà huấn luyện đợt 1"
    article = process(
        capture_of(html, url=address(1)), site, None, known(title, NOTICE, *story(1))
    ).article

    assert article.title == title
    assert article.sapo == NOTICE
    assert article.body == story(1)[:1]
    assert [block.text for block in article.removed] == [*story(1)[1:], NOTICE]


def test_a_byline_that_stands_on_every_page_stays_the_byline(capture_of):
    html = page(1, closing=("Tin, ảnh: P.V",))
    article = process(capture_of(html, url=address(1)), SITE, None, known("Tin, ảnh: P.V")).article

    assert article.byline == "Tin, ảnh: P.V"
    assert article.removed == ()


def test_the_spider_reads_pages_with_what_the_archive_knows(capture_of):
    spider = NewspaperSpider(site="baocaobang")
    spider.sites["bao"] = SITE
    response = HtmlResponse(address(1), body=page(1).encode(), encoding="utf-8")
    leased = LeasedUrl(
        id=1, site="bao", url=address(1), kind=UrlKind.ARTICLE, seed=None, page=None, hops=0,
        priority=0, attempts=0, key="article:1",
    )  # fmt: skip
    capture = capture_of(page(1), url=address(1))
    response.request = Request(address(1), meta={"leased": leased, "capture": capture})

    (before,) = spider.parse(response)
    assert before.outcome.article.body == (*story(1), NOTICE)
    spider.template_of = {"bao": known(NOTICE)}.__getitem__
    (after,) = spider.parse(response)
    assert after.outcome.article.body == story(1)


def test_another_layouts_template_says_nothing(capture_of):
    template = {"fallback": known(NOTICE)[LAYOUT]}
    article = process(capture_of(page(1), url=address(1)), SITE, None, template).article
    assert article.body == (*story(1), NOTICE)


def test_the_lesson_holds_what_was_left_out_so_that_it_stays_known(capture_of):
    capture = capture_of(page(1, closing=(NOTICE, "Tin, ảnh: Nông Văn Kiên")), url=address(1))
    lesson = process(capture, SITE, None, known(NOTICE)).lesson
    assert [block.text for block in lesson.blocks] == [*story(1), NOTICE]


def test_an_endless_page_teaches_nothing(capture_of):
    body = tuple(f"Dòng {n} của danh sách dân quân." for n in range(500))
    assert process(capture_of(page(1, body=body), url=address(1)), SITE, None).lesson is None


def test_extract_why_says_what_was_left_out_and_for_how_many(store, take, tmp_path, monkeypatch):
    take({n: page(n) for n in range(4)}, day=1)
    monkeypatch.setattr(cli, "known_sites", lambda: REGISTRY)
    file = tmp_path / "page.html"
    file.write_text(page(7), encoding="utf-8")
    command = ["extract", str(file), "--url", address(7), "--why"]

    with_archive = CliRunner().invoke(cli.cli, [*command, "--archive", str(store.root)])
    assert with_archive.exit_code == 0, with_archive.output
    assert f"position 5, text {NOTICE}, articles 4, of_articles 4" in with_archive.output
    assert with_archive.output.count(NOTICE) == 1
    alone = CliRunner().invoke(cli.cli, command)
    assert f"  {NOTICE}\n" in alone.output
    assert "left out" not in alone.output
