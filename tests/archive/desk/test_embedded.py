"""What reference managers find in a page."""

from urllib.parse import parse_qs

import pytest
from bs4 import BeautifulSoup

from archive.desk.embedded import coins


@pytest.fixture
def metas(desk, story):
    def read(**given):
        page = desk(story(id="songmay:1", **given)).get("/-/article/songmay:1").text
        found = {}
        for tag in BeautifulSoup(page, "lxml").select("head meta[name]"):
            found.setdefault(tag["name"], []).append(tag["content"])
        return found

    return read


def test_an_article_is_a_newspapers_with_title_paper_day_and_address(metas):
    found = metas(
        title="Dân quân “ra quân” & <luyện tập>",
        authors=("Nguyễn Văn An", "Trần Thị Bình"),
        tags=("dân quân", "tự vệ"),
        sapo="Sáng 19/3.",
        url="https://songmay.example/bai-1.html",
    )
    assert found["z:itemType"] == ["newspaperArticle"]
    assert found["citation_title"] == found["DC.title"] == ["Dân quân “ra quân” & <luyện tập>"]
    assert found["citation_author"] == found["DC.creator"] == ["Nguyễn Văn An", "Trần Thị Bình"]
    assert found["citation_journal_title"] == ["Báo Sông Mây"]
    assert found["citation_publication_date"] == ["2024/03/19"]
    assert found["DC.date"] == ["2024-03-19"]
    assert found["citation_public_url"] == ["https://songmay.example/bai-1.html"]
    assert found["DC.identifier"] == ["http://localhost/-/article/songmay:1"]
    assert found["citation_keywords"] == ["dân quân; tự vệ"]
    assert found["DC.description"] == ["Sáng 19/3."]


def test_what_is_not_known_is_left_out(metas):
    found = metas(published_at=None, precision=None)
    assert not {
        "citation_publication_date",
        "DC.date",
        "citation_author",
        "citation_keywords",
    } & set(found)


def test_a_byline_stands_in_for_authors(metas):
    assert metas(byline="PV-CTV")["citation_author"] == ["PV-CTV"]


def test_coins_name_kind_title_paper_day_and_address():
    text = coins(
        title="Dân quân & tự vệ", paper="Báo Sông Mây", published_at="2024-03-19T09:12:00+07:00",
        url="https://a.example/1", authors=["An"],
    )  # fmt: skip
    assert parse_qs(text) == {
        "ctx_ver": ["Z39.88-2004"],
        "rft_val_fmt": ["info:ofi/fmt:kev:mtx:dc"],
        "rft.type": ["newspaperArticle"],
        "rft.title": ["Dân quân & tự vệ"],
        "rft.creator": ["An"],
        "rft.source": ["Báo Sông Mây"],
        "rft.date": ["2024-03-19"],
        "rft.identifier": ["https://a.example/1"],
        "rft.language": ["vi"],
    }


def test_coins_of_an_undated_article_name_no_day():
    assert "rft.date" not in coins(
        title="A", paper="B", published_at=None, url="https://a.example/1"
    )


def test_a_page_of_results_offers_every_hit_in_coins(desk, story):
    browser = desk(
        story(id="songmay:1", title='Dân quân "&" <tự vệ>', authors=("Lê Ân", "Trần Bình"),
              url="https://songmay.example/1.html?a=1&b=2"),
        story(id="songmay:2", title="Dân quân", byline="PV", published_at=None),
        story(id="songmay:3", title="Dân quân"),
    )  # fmt: skip
    page = BeautifulSoup(browser.get("/-/search?q=d%C3%A2n+qu%C3%A2n").text, "lxml")
    spans = page.select("ol.hits > li span.Z3988")
    assert len(spans) == 3
    assert {span["aria-hidden"] for span in spans} == {"true"}
    told = {x["rft.identifier"][0]: x for x in (parse_qs(span["title"]) for span in spans)}
    first = told["https://songmay.example/1.html?a=1&b=2"]
    assert first["rft.title"] == ['Dân quân "&" <tự vệ>']
    assert first["rft.creator"] == ["Lê Ân", "Trần Bình"]
    assert first["rft.source"] == ["Báo Sông Mây"]
    assert first["rft.date"] == ["2024-03-19"]
    undated = told["https://songmay.example/bai-viet-2.html"]
    assert undated["rft.creator"] == ["PV"]
    assert "rft.date" not in undated
