"""Generated articles: distinct, repeatable, reachable, and pages of a real paper's size."""

import json
import re
from datetime import date
from urllib.parse import urlsplit
from urllib.request import urlopen

import pytest

from scraper.demo.mastheads import MASTHEADS
from scraper.demo.press import DemoPress
from scraper.demo.scale import generate, generate_day

COUNT = 120


@pytest.fixture(scope="module")
def press():
    with DemoPress(port=0, scale=COUNT) as press:
        yield press


def fetch(url):
    with urlopen(url, timeout=60) as answer:
        return answer.read()


def test_titles_and_texts_are_distinct():
    for masthead in MASTHEADS:
        stories = generate(masthead, 1500)
        assert len({story.title for story in stories}) == 1500
        assert len({story.body for story in stories}) == 1500
        assert len({paragraph for story in stories for paragraph in story.body}) > 1500 * 4


def test_the_same_articles_come_every_time_and_more_only_adds():
    few, many = generate(MASTHEADS[0], 5), generate(MASTHEADS[0], 50)
    assert few == many[:5]
    assert generate(MASTHEADS[1], 5)[0].body != few[0].body


def test_levels_are_mixed_and_texts_have_the_length_of_news():
    stories = generate(MASTHEADS[2], 400)
    levels = [story.level for story in stories]
    assert all(levels.count(level) > 20 for level in (0, 1, 2))
    lengths = [len(" ".join(story.body).split()) for story in stories]
    assert 180 < sum(lengths) / len(lengths) < 500
    assert not any("{" in text for story in stories for text in (story.title, *story.body))


def test_only_militia_topics_and_foreign_ones_speak_of_dan_quan():
    for story in generate(MASTHEADS[3], 400):
        text = " ".join((story.title, story.sapo or "", *story.body))
        about = story.level > 0 or story.kind == "scale_foreign"
        assert ("dân quân" in text.lower()) == about


def test_generated_pages_are_served_and_as_heavy_as_real_ones(press):
    scaled = [x for x in press.truth() if x.kind.startswith("scale")]
    assert len(scaled) == COUNT * len(press.friendly)
    pages = [fetch(article.url).decode() for article in scaled[::12]]
    sizes = [len(page.encode()) for page in pages]
    assert 55_000 < sum(sizes) / len(sizes) < 110_000


def test_listings_hold_fifty_and_reach_every_generated_article(press):
    origin = press.origin("demo-songmay")
    found = set()
    most = 0
    for category in (57, 59, 60, 61, 62, 64, 67, 68):
        for page in range(1, 10):
            url = f"{origin}/list-post-by-category?page={page}&limit=12&category_id={category}"
            links = [item["link"] for item in json.loads(fetch(url))["data"]]
            most = max(most, len(links))
            found |= {re.search(r"-(\d+)\.html", link)[1] for link in links}
    assert most == 50
    assert {f"demo-songmay:{x}" for x in found} == {
        x.article_id for x in press.truth() if x.paper == "demo-songmay"
    }


def test_the_sitemap_holds_every_generated_article(press):
    sitemap = fetch(f"{press.origin('demo-bienxanh')}/sitemap.xml").decode()
    urls = set(re.findall(r"<loc>([^<]+)</loc>", sitemap))
    assert urls == {x.url for x in press.truth() if x.paper == "demo-bienxanh"}
    assert all(urlsplit(url).port == press.port + 4 for url in urls)


def test_a_day_brings_the_same_new_articles_every_time_and_other_days_bring_others():
    first, second = date(2026, 12, 1), date(2026, 12, 2)
    one = generate_day(MASTHEADS[0], first, 3)
    assert one == generate_day(MASTHEADS[0], first, 5)[:3]
    assert {x.published.date() for x in one} == {first}
    numbers = {x.number for day in (first, second) for x in generate_day(MASTHEADS[0], day, 100)}
    assert len(numbers) == 200
    with pytest.raises(ValueError, match="101 articles on 2026-12-01"):
        generate_day(MASTHEADS[0], first, 101)


def test_a_press_that_prints_on_serves_the_new_articles():
    with DemoPress(port=0) as press:
        before = {x.article_id for x in press.truth()}
        press.print_day(date(2026, 12, 1), 2)
        new = [x for x in press.truth() if x.article_id not in before]
        assert len(new) == 2 * len(press.friendly)
        assert all(x.title in fetch(x.url).decode() for x in new)
