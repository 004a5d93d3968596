"""What kind of page an article stands on."""

from __future__ import annotations

import re
import time

import attrs
import pytest

from archive.model import BodyState, PageKind
from scraper.process import process
from scraper.sites.spec import Layout, SiteSpec

SITE = SiteSpec(
    id="bao",
    name="Báo Thử",
    province="Thử",
    homepage="https://bao.example/",
    domains=("bao.example",),
    article_url=(re.compile(r"-(?P<id>\d+)(?:\.html|-trang-\d+\.html|/\d+/|/)?$"),),
    layouts=(Layout(title=("h1",), sapo=(".sapo",), body=("#b",), section=(".muc",)),),
)
URL = "https://bao.example/quoc-phong/dan-quan-tap-bat-muc-12345.html"
FILM = '<video controls src="/v/1.mp4"></video>'
NOTE = "<p>Trung đội dân quân biển xã Hòn Giữa tập cứu ngư dân ngã xuống nước khi sóng cấp 4.</p>"
WHOLE = (
    "<p>Từ tờ mờ sáng, chiến sĩ dân quân biển xã Hòn Giữa đã ra bến, kiểm tra áo phao, dây và máy bộ đàm của từng tàu.</p>"
    "<p>Bài tập giả định một ngư dân ngã xuống nước cách bờ hai hải lý, sóng cấp 4, gió giật từng cơn rất khó giữ lái.</p>"
) * 6  # fmt: skip


def pictures(count, *, caption="Chiến sĩ dân quân kéo lưới cứu nạn số {}."):
    return "".join(
        f'<figure><img src="/{n}.jpg"><figcaption>{caption.format(n)}</figcaption></figure>'
        for n in range(1, count + 1)
    )


def page(body, *, title="Dân quân biển tập bắt mực", section="Quốc phòng", head="", body_class=""):
    return (
        f'<html><head>{head}</head><body class="{body_class}"><div class="muc">{section}</div><h1>{title}</h1>'
        f'<article><div id="b">{body}</div></article></body></html>'
    )


@pytest.fixture
def article_of(capture_of):
    def read(body, *, url=URL, **options):
        article = process(capture_of(page(body, **options), url=url), SITE, None).article
        assert article is not None
        return article

    return read


@pytest.mark.parametrize("body", [WHOLE, WHOLE + FILM, FILM + WHOLE, WHOLE + pictures(9), NOTE, NOTE + FILM, NOTE + pictures(5)])  # fmt: skip
def test_an_ordinary_page_is_an_article_whatever_is_embedded(article_of, body):
    assert article_of(body).page_kind is PageKind.ARTICLE


@pytest.mark.parametrize(
    ("says", "body", "kind"),
    [
        ({"section": "Video"}, NOTE, PageKind.VIDEO),
        ({"section": "Video - Clip"}, FILM + NOTE, PageKind.VIDEO),
        ({"url": URL.replace("quoc-phong", "video/xem-video")}, NOTE, PageKind.VIDEO),
        ({"head": '<meta property="og:type" content="video.other">'}, FILM + NOTE, PageKind.VIDEO),
        ({"title": "Video: Dân quân biển cứu người"}, NOTE, PageKind.VIDEO),
        ({"title": "[CLIP] Dân quân biển cứu người"}, FILM + NOTE, PageKind.VIDEO),
        ({"body_class": "single single-format-video"}, NOTE, PageKind.VIDEO),
        ({"url": URL.replace("quoc-phong", "podcasts")}, NOTE, PageKind.AUDIO),
        ({"title": "Podcast: Chuyện dân quân biển"}, NOTE, PageKind.AUDIO),
        ({"section": "Ảnh"}, NOTE + pictures(4), PageKind.ALBUM),
        ({"section": "Phóng sự ảnh"}, WHOLE + pictures(9), PageKind.ALBUM),
        ({"url": URL.replace("quoc-phong", "Phongsuanh")}, WHOLE + pictures(2), PageKind.ALBUM),
        ({"body_class": "single-format-gallery"}, NOTE + pictures(3), PageKind.ALBUM),
        ({"title": "Chùm ảnh: Dân quân biển"}, NOTE + pictures(3), PageKind.ALBUM),
        ({"title": "[Photo] Dân quân biển"}, NOTE + pictures(3), PageKind.ALBUM),
        ({"section": "E-magazine"}, WHOLE + pictures(9), PageKind.EMAGAZINE),
        ({"body_class": "page-emagazine"}, WHOLE, PageKind.EMAGAZINE),
        ({"title": "[E-Magazine] Sóng gọi"}, WHOLE, PageKind.EMAGAZINE),
        ({"url": URL.replace("quoc-phong", "tin-longform")}, WHOLE, PageKind.EMAGAZINE),
        ({"title": "[Infographics] Dân quân biển qua các năm"}, NOTE + pictures(1), PageKind.INFOGRAPHIC),
        ({"section": "Đồ hoạ"}, pictures(1), PageKind.INFOGRAPHIC),
    ],
)  # fmt: skip
def test_what_the_cms_or_the_paper_says_is_the_kind(article_of, says, body, kind):
    assert article_of(body, **says).page_kind is kind


@pytest.mark.parametrize(
    ("says", "body"),
    [
        # the text of a whole article under a film's label
        ({"section": "Video"}, FILM + WHOLE),
        ({"head": '<meta property="og:type" content="video.other">'}, FILM + WHOLE),
        ({"title": "Video: Dân quân biển cứu người"}, FILM + WHOLE),
        ({"title": "Chùm ảnh: Dân quân biển"}, WHOLE + pictures(9)),
        # a label without what it promises
        ({"section": "Ảnh"}, NOTE + pictures(1)),
        ({"title": "Infographic: Dân quân biển"}, NOTE),
        # words of a headline, and of a menu's class, are no labels
        ({"title": "Video ghi lại cảnh dân quân biển cứu người"}, NOTE),
        ({"title": "Ảnh hưởng của bão: dân quân trực 24/24"}, NOTE + pictures(3)),
        ({"section": "Anh"}, NOTE + pictures(3)),
        ({"body_class": "has-video-menu videos-on"}, NOTE),
        ({"url": URL.replace("dan-quan", "video-dan-quan")}, NOTE),
    ],
)  # fmt: skip
def test_a_label_alone_does_not_make_a_kind(article_of, says, body):
    assert article_of(body, **says).page_kind is PageKind.ARTICLE


def test_pictures_with_captions_and_no_text_are_an_album(article_of):
    article = article_of(pictures(3))

    assert article.page_kind is PageKind.ALBUM
    assert article.body_state is BodyState.LEAD_ONLY
    assert article.figures[0].caption == "Chiến sĩ dân quân kéo lưới cứu nạn số 1."


def test_a_film_and_no_text_is_a_video(article_of):
    assert article_of(FILM).page_kind is PageKind.VIDEO


def test_an_encoded_body_is_no_album(article_of):
    blob = "Q2hp4bq_biBzxKkgZMOibiBxdcOibg" * 6
    article = article_of(f"<p>{blob}</p>{pictures(3)}")

    assert article.body_state is BodyState.ENCODED
    assert article.page_kind is PageKind.ARTICLE


PAGER = '<div class="trang">Trang: <span>1</span> <a href="{0}?page=2">2</a> <a href="{0}?page=3">3</a> <a href="{0}?page=2">Trang sau »</a></div>'


@pytest.mark.parametrize(
    ("head", "pager"),
    [
        (f'<link rel="next" href="{URL}?page=2">', ""),
        ('<link rel="next" href="dan-quan-tap-bat-muc-12345.html?trang=2">', ""),
        ("", PAGER.format(URL)),
        ("", PAGER.format("/quoc-phong/dan-quan-tap-bat-muc-12345.html")),
        ("", '<p><a href="/quoc-phong/dan-quan-tap-bat-muc-12345-trang-2.html">Trang sau</a></p>'),
    ],
)  # fmt: skip
def test_an_article_that_goes_on_elsewhere_keeps_this_pages_text_and_says_so(
    article_of, head, pager
):
    article = article_of(WHOLE + pager, head=head)

    assert article.page_kind is PageKind.MULTI_PAGE
    assert len(article.body) == 12
    assert not any("Trang" in line or line.isdecimal() for line in article.body)


def test_the_pages_of_a_post_may_be_numbered_by_a_last_step_of_the_path(article_of):
    url = "https://bao.example/dan-quan-tap-bat-muc-12345/"

    assert (
        article_of(WHOLE, url=url, head=f'<link rel="next" href="{url}2/">').page_kind
        is PageKind.MULTI_PAGE
    )


def test_the_second_page_is_one_of_several_as_well(article_of):
    url = f"{URL}?page=2"

    assert (
        article_of(WHOLE, url=url, head=f'<link rel="prev" href="{URL}">').page_kind
        is PageKind.MULTI_PAGE
    )


@pytest.mark.parametrize(
    ("head", "pager"),
    [
        # the next article, not the next page
        ('<link rel="next" href="https://bao.example/quoc-phong/tau-ve-ben-12346.html">', ""),
        ('<link rel="next" href="https://bao.example/quoc-phong/2/">', ""),
        (f'<link rel="next" href="{URL}">', ""),
        (f'<link rel="next" href="{URL}?id=2">', ""),
        (f'<link rel="next" href="{URL}?page=2024">', ""),
        ("", f'<div class="box-comments">Trang <a href="{URL}?page=2">2</a></div>'),
        ("", f'<div id="tin-lien-quan"><p><a href="{URL}?page=2">2</a></p></div>'),
        ("", f'<p>Đọc thêm <a href="{URL}?page=2">ở phần sau của bài này, nếu muốn</a></p>'.replace("?page=2", "?print=1")),
    ],
)  # fmt: skip
def test_other_links_do_not_make_several_pages(article_of, head, pager):
    assert article_of(WHOLE + pager, head=head).page_kind is PageKind.ARTICLE


def test_a_kind_is_told_without_a_layout_too(capture_of):
    site = attrs.evolve(SITE, layouts=())
    head = '<meta property="og:title" content="Dân quân biển tập bắt mực">'
    body = page(WHOLE + PAGER.format(URL), head=head)

    assert process(capture_of(body, url=URL), site, None).article.page_kind is PageKind.MULTI_PAGE


def test_thousands_of_links_to_further_pages_cost_no_more_than_a_few(article_of):
    links = f'<p>{"1" * 40}x <a href="{URL}?page=2">{"1" * 40}x</a></p>' * 1_500
    start = time.process_time()

    article_of(WHOLE + f"<div>{links}</div>")

    # seconds; unbounded work takes far longer
    assert time.process_time() - start < 5
