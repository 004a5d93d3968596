"""Layouts of single papers: small invented pages in each paper's own markup are read by rule."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from archive.model import Accepted, Capture
from scraper.process import process
from scraper.sites.load import load_registry
from scraper.sites.spec import SiteStatus

REGISTRY = load_registry()
TITLE = "Dân quân xã Nậm Chài tuần tra cùng bộ đội biên phòng"
LEAD = "Sáng 12-9, trung đội dân quân cơ động xã Nậm Chài tuần tra đường biên dài 9 km."
FIRST = "Đội tuần tra gồm 24 dân quân và sáu chiến sĩ, đi bộ từ mốc đầu bản lên đỉnh dốc Ba Chạc."
SECOND = (
    "Chỉ huy trưởng Ban Chỉ huy Quân sự xã Lò Văn Pản cho biết mỗi tháng đơn vị tuần tra hai lần."
)
TEXT = f"<p>{FIRST}</p><p>{SECOND}</p>"
#: For papers whose headline's element no source names.
HEAD = f'<meta property="og:title" content="{TITLE}">'
JUNK = "Đọc thêm: giá lúa nếp nương tăng"

PAGES = {
    "baolangson": (
        "https://baolangson.vn/dan-quan-tuan-tra-5071654.html",
        (f'<div class="content-article"><h1 class="name">{TITLE}</h1>'
        '<div class="date font5">Thứ 5, 12/09/2024 | 09:15:00 [GMT +7]</div>'
        f'<div id="content-detail"><h2>{LEAD}</h2>{TEXT}<div class="relates">{JUNK}</div></div></div>'),
    ),
    "baolaichau": (
        "https://baolaichau.vn/quoc-phong/dan-quan-tuan-tra-90817",
        ('<div id="post-content"><div class="post-detail"><div class="post-info">'
        f'<h1 class="title">{TITLE}</h1><p class="sapo">{LEAD}</p><div class="body">{TEXT}</div></div></div></div>'),
    ),
    "baodienbienphu": (
        "https://baodienbienphu.vn/tin-bai/quoc-phong/dan-quan-tuan-tra",
        (f'{HEAD}<div id="detail-news"><a href="/tin-tuc/quoc-phong">Quốc phòng</a>'
        f'<h1>{TITLE}</h1><div class="editor-content"><p>{LEAD}</p>{TEXT}</div></div>'),
    ),
    "baosonla": (
        "https://baosonla.vn/quoc-phong/dan-quan-tuan-tra.html",
        (f'{HEAD}<h1>{TITLE}</h1><div class="fulltext"><p class="font-bold">{LEAD}</p><div id="editor-detail">'
        f'<div class="select-accent-wrap">Giọng miền Bắc</div>{TEXT}<div class="text-end">{JUNK}</div></div></div>'),
    ),
    "baoninhbinh": (
        "https://baoninhbinh.org.vn/dan-quan-tuan-tra-202409120915001.html",
        (f'<ol><li class="inline-flex"><a href="/quoc-phong">Quốc phòng</a></li></ol><h1 class="header-title">{TITLE}</h1>'
        f'<span id="date">12/09/2024 09:15</span><div class="content-detail"><p class="font-bold">{LEAD}</p>'
        f'<div id="content_detail">{TEXT}</div></div>'),
    ),
    "baohatinh": (
        "https://baohatinh.vn/dan-quan-tuan-tra-post274001.html",
        (f'<h1 class="article__title">{TITLE}</h1><div class="article__sapo">{LEAD}</div>'
        f'<div class="article__body zce-content-body cms-body">{TEXT}<div class="ads_middle">{JUNK}</div>'
        f'<div id="adsWeb_1">{JUNK}</div><div class="related-news">{JUNK}</div></div>'),
    ),
    "baoquangngai": (
        "https://baoquangngai.vn/dan-quan-tuan-tra-407112.htm",
        (f'<h1 class="title">{TITLE}</h1><p class="sapo">{LEAD}</p><div id="content">{TEXT}'
        f'<div class="same">{JUNK}</div></div>'),
    ),
    "baodongthap": (
        "https://baodongthap.vn/dan-quan-tuan-tra-a128001.html",
        (f'<div class="breadcrumb-news-detail"><a href="/chinh-tri/">Chính trị</a></div><h1 class="title">{TITLE}</h1>'
        f'<span class="pubdate">12/09/2024 - 09:15</span><div id="contentNews"><div class="singular-content">'
        f'<p>{LEAD}</p>{TEXT}</div><div class="detail-related">{JUNK}</div></div>'),
    ),
    "baobinhduong": (
        "https://baobinhduong.vn/dan-quan-tuan-tra-a330001.html",
        (f'<h1 class="title">{TITLE}</h1><div id="contentNews"><p>{LEAD}</p>{TEXT}'
        f'<div class="detail-related">{JUNK}</div></div>'),
    ),
    "baoangiang": (
        "https://baoangiang.com.vn/dan-quan-tuan-tra-a410001.html",
        (f'<h1>{TITLE}</h1><div class="content-fck-font-size" data="1"><p>{LEAD}</p>{TEXT}'
        f'<p class="author ignore">Đặng Văn Tòng</p><div class="box-relate">{JUNK}</div></div>'),
    ),
    "baodongkhoi": (
        "https://dongkhoi.baovinhlong.vn/quoc-phong/dan-quan-tuan-tra-a130001.html",
        (f'<div id="newsdetail"><h1>{TITLE}</h1><div class="detail-desc"><p>{LEAD}</p></div>'
        f'<div id="newscontents">{TEXT}</div></div>'),
    ),
    "baotravinh": (
        "https://travinh.baovinhlong.vn/quoc-phong/dan-quan-tuan-tra-a40001.html",
        (f'<div id="newsdetail"><h1>{TITLE}</h1><div class="detail-desc"><p>{LEAD}</p></div>'
        f'<div class="content-fck">{TEXT}</div></div>'),
    ),
    "baohaugiang": (
        "https://baohaugiang.com.vn/quoc-phong/dan-quan-tuan-tra-120001.html",
        ('<div class="box-breadcrumb"><a href="/">Trang chủ</a><a href="/quoc-phong-9.html">Quốc phòng</a></div>'
        f'<div class="news-details-content"><h1>{TITLE}</h1><div class="contentView"><p>{LEAD}</p>{TEXT}</div></div>'),
    ),
    "baocamau": (
        "https://baocamau.vn/dan-quan-tuan-tra.html",
        f'{HEAD}<h1>{TITLE}</h1><div class="post-content"><p>{LEAD}</p>{TEXT}</div>',
    ),
}  # fmt: skip
#: Papers whose pages hold the lead as an element of its own; elsewhere it is the first paragraph.
WITH_LEAD = {
    "baolangson", "baolaichau", "baosonla", "baoninhbinh", "baohatinh", "baoquangngai", "baodongkhoi", "baotravinh",
}  # fmt: skip
WITH_DATE = {"baolangson", "baoninhbinh", "baodongthap"}
WITH_SECTION = {"baodienbienphu": "Quốc phòng", "baoninhbinh": "Quốc phòng", "baodongthap": "Chính trị", "baohaugiang": "Quốc phòng"}  # fmt: skip


def test_every_paper_with_layouts_of_its_own_has_a_page_here():
    own = {x.id for x in REGISTRY.sites.values() if x.layouts and x.status is not SiteStatus.DEMO}

    assert own == PAGES.keys()


@pytest.fixture(params=PAGES)
def read(request):
    url, page = PAGES[request.param]
    site = REGISTRY.site(request.param)
    capture = Capture(
        id="00000000-0000-0000-0000-000000000000",
        site=site.id,
        url=url,
        fetched_at=datetime(2024, 10, 1, tzinfo=UTC),
        status=200,
        headers=(("Content-Type", "text/html; charset=utf-8"),),
        body=f"<html><body>{page}<footer>Giấy phép số 1</footer></body></html>".encode(),
    )
    return site, process(capture, site, REGISTRY.family_of(site))


def test_a_page_is_read_by_the_papers_own_rules(read):
    site, outcome = read

    assert isinstance(outcome, Accepted)
    article = outcome.article
    assert article.body_source == "rule"
    assert article.title == TITLE
    assert article.body == ((FIRST, SECOND) if site.id in WITH_LEAD else (LEAD, FIRST, SECOND))
    assert article.sapo == (LEAD if site.id in WITH_LEAD else None)
    assert article.section == WITH_SECTION.get(site.id)
    if site.id in WITH_DATE:
        assert article.published_at == datetime.fromisoformat("2024-09-12T09:15:00+07:00")
