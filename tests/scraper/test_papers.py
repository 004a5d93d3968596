"""The papers of the project: that all are there, and that what is said of each fits together."""

from __future__ import annotations

import tomllib
from datetime import date
from pathlib import Path

import pytest

from archive.model import UrlKind
from archive.provinces import units_on
from scraper.sites.load import load_registry
from scraper.sites.row import site_row
from scraper.sites.spec import Scope, SiteStatus

PAPERS = Path(__file__).parents[2] / "scraper" / "sites" / "papers"
REGISTRY = load_registry()
REAL = {x.id: x for x in REGISTRY.sites.values() if x.status is not SiteStatus.DEMO}
TODAY = date(2026, 11, 24)


@pytest.fixture
def known(shared):
    """What is known of the papers, by id, where the notes lie beside the checkout."""
    with (shared / "sites" / "provincial-sites.toml").open("rb") as file:
        return {entry["key"]: entry for entry in tomllib.load(file)["site"]}


def test_there_are_64_papers_34_of_today_and_30_former():
    former = [x for x in REAL.values() if x.status is SiteStatus.FORMER]

    assert len(REAL) == 64
    assert len(former) == 30


def test_every_paper_known_is_there_under_its_key(known):
    assert set(REAL) == set(known)
    for key, entry in known.items():
        assert REAL[key].name == entry["name"]
        assert REAL[key].homepage == entry["base_url"] + "/"
        assert (REAL[key].status is SiteStatus.FORMER) == (entry["status"] != "current")
        assert REAL[key].successor == entry.get("merged_into")


def test_every_address_of_an_article_known_is_an_example(known):
    # a photo album, whose pages have neither number nor slug of an article
    albums = {"https://baocaobang.vn/Phongsuanh/181/trang1.bcb"}
    for key, entry in known.items():
        given = {*entry.get("article_url_examples", ()), *entry.get("old_url_examples", ())}
        absolute = {x if "//" in x else entry["base_url"] + x for x in given}
        assert set(REAL[key].examples) == absolute - albums, key


def test_every_defence_section_known_is_read(known):
    for key, entry in known.items():
        sections = [x for x in entry.get("defence_category_slugs", ()) if "<id>" not in x]
        sought = "\n".join(f"{x.url} {x.first_url} {x.section}" for x in REAL[key].seeds).lower()
        asked = "\n".join(x.id for x in REAL[key].seeds)
        for section in sections:
            last = section.rsplit("/", 1)[-1].lower()
            assert last in sought or last in asked, f"{key}: {section}"


def test_every_province_of_today_has_a_paper_of_today():
    served = [x.province for x in REAL.values() if x.status is not SiteStatus.FORMER]

    assert sorted(served) == sorted(unit.name for unit in units_on(TODAY))


def test_every_one_of_the_63_provinces_had_a_paper():
    before = {unit.name for unit in units_on(date(2025, 6, 30))}

    assert before == {x.province for x in REAL.values()}


@pytest.mark.parametrize("site", REAL.values(), ids=lambda x: x.id)
def test_a_former_paper_went_on_where_its_province_did(site):
    if site.status is SiteStatus.FORMER:
        successor = REAL[site.successor]
        assert successor.status is not SiteStatus.FORMER
        assert site.province_today == successor.province
    else:
        assert site.province_today == site.province


@pytest.mark.parametrize("site", REAL.values(), ids=lambda x: x.id)
def test_every_example_is_an_article_of_its_paper_with_an_id(site):
    ids = set()
    for example in site.examples:
        assert REGISTRY.site_for_url(example) is site
        assert site.fits_article(example)
        ids.add(site.article_id(example))
    assert len(ids) == len(site.examples)


@pytest.mark.parametrize("site", REAL.values(), ids=lambda x: x.id)
def test_section_pages_and_feeds_are_no_articles(site):
    assert [x.url for x in site.seeds if site.is_article(x.page_url(1))] == []
    assert not site.is_article(site.homepage)


@pytest.mark.parametrize("site", REAL.values(), ids=lambda x: x.id)
def test_every_paper_has_somewhere_to_look_and_sources_that_are_named(site):
    text = (PAPERS / f"{site.id}.toml").read_text(encoding="utf-8")
    comment = " ".join(line.lstrip("# ") for line in text.partition("id = ")[0].splitlines())

    assert site.seeds
    assert comment.startswith("Sources: ")
    assert "Nothing here has been checked against the live site." in comment


@pytest.mark.parametrize("site", REAL.values(), ids=lambda x: x.id)
def test_a_paper_of_scope_defence_reads_its_defence_section_in_that_scope(site):
    sections = [x for x in site.seeds if "quoc-phong" in x.id]
    assert all(x.scope is Scope.DEFENCE or x.kind is UrlKind.FEED for x in sections)
    if site.scope is Scope.DEFENCE:
        assert [x for x in sections if x.kind is not UrlKind.FEED]
    else:
        assert [x.id for x in site.seeds if x.scope is Scope.EVERYTHING] == []


@pytest.mark.parametrize("site", REAL.values(), ids=lambda x: x.id)
def test_addresses_of_the_feed_list_are_marked_as_guesses(site):
    for seed in site.seeds:
        if seed.url.endswith(("/rss", "/rss/home.rss", "/rss/kinh-te.rss")):
            assert seed.kind is UrlKind.FEED
            assert seed.guess


def test_a_listing_without_a_known_page_number_is_read_once():
    paged = {x.id for x in REAL.values() if any("{page}" in seed.url for seed in x.seeds)}

    assert paged == {"baocaobang", "baocantho"}


@pytest.mark.parametrize("site", ["baolangson", "huengaynay", "baocamau"])
def test_papers_that_are_off_say_why(site):
    assert REAL[site].status is SiteStatus.OFF
    assert len(REAL[site].note) > 40


def test_only_these_three_papers_of_today_are_off():
    off = {x.id for x in REAL.values() if x.status is SiteStatus.OFF}

    assert off == {"baolangson", "huengaynay", "baocamau"}


def test_only_tra_vinh_may_have_a_certificate_that_does_not_verify():
    assert [x.id for x in REAL.values() if x.tls_exception] == ["baotravinh"]


@pytest.mark.parametrize(
    ("site", "one", "other"),
    [
        ("baophuyen", "https://baophuyen.vn/suc-khoe/202503/tiem-chung-3F71FBF/",
         "https://phuyen.baodaklak.vn/202503/tiem-chung-3f71fbf"),
        ("baotayninh", "https://www.baotayninh.vn/quoc-phong-an-ninh/dan-quan-88701.html",
         "http://baotayninh.vn/print/news/88701"),
        ("baocantho", "https://baocantho.com.vn/dan-quan-ra-quan-a196670.html",
         "https://baocantho.com.vn/print/dan-quan-ra-quan-a196670.html"),
        ("baodanang", "https://baodanang.vn/dan-quan-bien-3318952.html",
         "https://baodanang.vn/print/3318952.html"),
        ("baobinhdinh", "https://baobinhdinh.vn/viewer.aspx?macm=39&macmp=39&mabb=222823",
         "http://baobinhdinh.com.vn/viewer.aspx?mabb=222823&macm=2&macmp=2"),
        ("baosonla", "https://baosonla.vn/quoc-phong-an-ninh/dan-quan-ban-ra-quan.html",
         "http://baosonla.org.vn/quoc-phong-an-ninh/dan-quan-ban-ra-quan.html"),
        ("baodienbienphu", "https://baodienbienphu.vn/tin-bai/quoc-phong/dan-quan-ra-quan",
         "https://baodienbienphu.com.vn/tin-bai/quoc-phong/dan-quan-ra-quan/"),
        ("baodongkhoi", "https://baodongkhoi.vn/dan-quan-a12345.html",
         "https://dongkhoi.baovinhlong.vn/quoc-phong/dan-quan-a12345.html"),
    ],
)  # fmt: skip
def test_addresses_of_one_article_have_one_id(site, one, other):
    assert REAL[site].knows(one)
    assert REAL[site].knows(other)
    assert REAL[site].article_id(one) == REAL[site].article_id(other)


@pytest.mark.parametrize(
    ("site", "one", "other"),
    [
        ("baotayninh", "https://baotayninh.vn/dan-quan-88701.html",
         "https://baotayninh.vn/dan-quan-a88701.html"),
        ("sggp", "https://www.sggp.org.vn/dan-quan-post206435.html",
         "https://www.sggp.org.vn/dan-quan-206435.html"),
        ("baohaiduong", "https://baohaiduong.vn/tu-ve-151256.html",
         "https://baohaiduong.vn/nong-nghiep/tu-ve-151256"),
        ("baobacgiang", "https://baobacgiang.vn/bg2/moi-nhat/dan-quan-postid371838.bbg",
         "https://baobacgiang.vn/bg/quoc-phong/371838/dan-quan.html"),
        ("baolamdong", "https://baolamdong.vn/quoc-phong/202405/dan-quan/",
         "https://baolamdong.vn/quoc-phong/202406/dan-quan/"),
    ],
)  # fmt: skip
def test_numbers_of_two_generations_never_meet(site, one, other):
    assert REAL[site].is_article(one)
    assert REAL[site].is_article(other)
    assert REAL[site].article_id(one) != REAL[site].article_id(other)


@pytest.mark.parametrize(
    ("site", "path"),
    [
        ("hanoimoi", "/tong-hop-event123.html"),
        ("baonghean", "/en/dan-quan-10298765.html"),
        ("baohaugiang", "/thoi-su-215.html"),
        ("baosonla", "/quoc-phong.html"),
        ("baohaiduong", "/chuyen-muc/quoc-phong/12"),
        ("baodongkhoi", "/https/dan-quan-a12345.html"),
        ("baodongnai", "/video-clip/202405/dan-quan-0f1e2d3/"),
        ("baotayninh", "/version/mobile"),
        ("baodanang", "/dan-quan-tu-ve-ptag.html"),
    ],
)
def test_pages_that_are_no_articles_are_left_out(site, path):
    assert not REAL[site].is_article(REAL[site].homepage.rstrip("/") + path)


def test_a_page_that_is_no_article_never_shares_an_articles_key():
    site = REAL["baocaobang"]

    assert site.key("https://baocaobang.vn/tin/dan-quan-1.html") == "article:1"
    assert site.key("https://baocaobang.vn/tags/dan-quan-1.html") != "article:1"


def test_a_tag_page_and_a_search_stand_for_each_word_of_the_militia():
    tag = REAL["baodanang"].seed("tag-dan-quan-tu-ve")
    search = REAL["baophuyen"].seed("search-tu-ve")

    assert tag is not None
    assert search is not None
    assert tag.url == "https://baodanang.vn/dan-quan-tu-ve-ptag.html"
    assert search.url == "https://phuyen.baodaklak.vn/tim-kiem/?key=t%E1%BB%B1%20v%E1%BB%87"


def test_the_archive_keeps_todays_province_of_a_former_paper():
    assert REAL["baohagiang"].province == "Hà Giang"
    assert site_row(REAL["baohagiang"])["province"] == "Tuyên Quang"


def test_an_invented_province_stays_as_it_is():
    assert site_row(REGISTRY.site("demo-culao"))["province"] == "Cù Lao"
