"""Which of a page's dates is believed."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from archive.instants import VIETNAM, paper_text
from scraper.extract.metadata import Found
from scraper.extract.publication import modified, published
from scraper.sites.spec import DateRule, Layout

LAYOUT = Layout(body=("p",), published=(DateRule(select="div.date", before="["),))


def linked(**properties):
    pairs = "".join(f', "{key}": "{value}"' for key, value in properties.items())
    return f'<script type="application/ld+json">{{"@type": "NewsArticle"{pairs}}}</script>'


def read(page, layout=LAYOUT, extra=()):
    found = published(page, layout, extra)
    return (
        None
        if found is None
        else (paper_text(found.date.instant), found.date.precision, found.source)
    )


def test_json_ld_is_believed_before_the_date_on_the_page(page_of):
    page = page_of(
        linked(datePublished="2024-03-19 09:12:00")
        + '<div class="date">20/03/2024 | 07:00:00</div>'
    )

    assert read(page) == ("2024-03-19T09:12:00+07:00", "second", "json-ld:datePublished")


def test_the_page_wins_when_it_gives_the_same_day_more_exactly(page_of):
    page = page_of(
        linked(datePublished="2026-01-08") + '<div class="date">08/01/2026 - 18:21</div>'
    )

    assert read(page) == ("2026-01-08T18:21:00+07:00", "minute", "rule:div.date")


def test_a_finer_date_of_another_day_does_not_win(page_of):
    page = page_of(
        linked(datePublished="2026-01-08") + '<div class="date">09/01/2026 - 18:21</div>'
    )

    assert read(page) == ("2026-01-08T00:00:00+07:00", "day", "json-ld:datePublished")


def test_universal_time_becomes_the_next_day_in_vietnam(page_of):
    page = page_of('<meta property="article:published_time" content="2026-03-06T20:22:00Z">')

    assert read(page) == ("2026-03-07T03:22:00+07:00", "second", "meta:article:published_time")


def test_text_behind_the_mark_of_the_rule_is_cut(page_of):
    page = page_of('<div class="date">Thứ 4, 01/12/2021 [GMT +7] 11:51 A A</div>')

    assert read(page) == ("2021-12-01T00:00:00+07:00", "day", "rule:div.date")


def test_an_attribute_is_read_where_the_rule_names_one(page_of):
    layout = Layout(body=("p",), published=(DateRule(select="time", attribute="datetime"),))
    page = page_of('<time datetime="2025-06-17T13:43:02+0700">hôm nay</time>')

    assert read(page, layout) == ("2025-06-17T13:43:02+07:00", "second", "rule:time")


def test_clocks_licences_and_cards_are_never_taken(page_of):
    page = page_of(
        '<div class="title-time">Thứ 6, 02/10/2026 18:38</div><p>Giấy phép số 1 ngày 20/5/2017</p>'
        '<time class="card-time">14:29 | 01/10/2026</time><meta itemprop="datePublished" content="2020-01-01">'
    )

    assert read(page) is None


@pytest.mark.parametrize("text", ["26/11/2026 08:00", "31/12/1996", "28-3-1935", "01/01/2099"])
def test_dates_after_the_fetch_or_before_the_web_are_refused(page_of, text):
    assert read(page_of(f'<div class="date">{text}</div>')) is None


def test_tomorrow_is_not_refused(page_of):
    page = page_of('<div class="date">25/11/2026 06:00</div>')

    assert read(page) == ("2026-11-25T06:00:00+07:00", "minute", "rule:div.date")


def test_a_refused_date_gives_way_to_the_next_candidate(page_of):
    page = page_of(linked(datePublished="2099-01-01") + '<div class="date">08/01/2026 18:21</div>')

    assert read(page) == ("2026-01-08T18:21:00+07:00", "minute", "rule:div.date")


def test_relative_dates_count_from_the_fetch(page_of):
    page = page_of(
        '<div class="date">Hôm qua, 09:30</div>', fetched_at=datetime(2025, 1, 1, 1, tzinfo=UTC)
    )

    assert read(page) == ("2024-12-31T09:30:00+07:00", "minute", "rule:div.date")


@pytest.mark.parametrize(
    ("path", "day"),
    [
        ("/2024/03/19/bai.html", "2024-03-19"),
        ("/tin/2024-03-19/bai.html", "2024-03-19"),
        ("/tin/20240319/bai.html", "2024-03-19"),
        ("/bai-20240319093012345.htm", "2024-03-19"),
    ],
)
def test_a_whole_day_in_the_address_is_the_last_resort(page_of, path, day):
    page = page_of("<p>x</p>", url=f"https://bao.example{path}")

    assert read(page) == (f"{day}T00:00:00+07:00", "day", "url")


@pytest.mark.parametrize(
    "path", ["/tin/202405/bai-3d7f2b1/", "/bai-20240319.html", "/bai-3162207.html", "/2024/x"]
)
def test_numbers_that_are_no_day_are_not_read_from_the_address(page_of, path):
    assert read(page_of("<p>x</p>", url=f"https://bao.example{path}")) is None


def test_cues_of_the_generic_path_come_after_the_rules(page_of):
    page = page_of('<div class="date">08/01/2026</div>')
    cues = (Found(text="08/01/2026 10:02", source="fallback:near-title"),)

    assert read(page, LAYOUT, cues) == (
        "2026-01-08T10:02:00+07:00",
        "minute",
        "fallback:near-title",
    )


def test_the_text_of_the_date_is_kept(page_of):
    found = published(
        page_of('<div class="date">Thứ 4,\n 01/12/2021 | 11:51:00 [GMT +7]</div>'), LAYOUT
    )

    assert found is not None
    assert found.raw == "Thứ 4, 01/12/2021 | 11:51:00"


def test_modified_is_an_instant_not_before_publication(page_of):
    page = page_of(linked(dateModified="2021-12-01T04:51:00.000000Z"))
    instant = datetime(2021, 12, 1, 11, 51, tzinfo=VIETNAM)

    assert modified(page, instant) == instant
    assert modified(page, instant.replace(hour=12)) is None


def test_modified_that_is_only_a_day_is_none(page_of):
    assert modified(page_of(linked(dateModified="2026-01-08")), None) is None
