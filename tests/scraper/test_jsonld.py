"""The JSON-LD article of a page, whole or broken."""

from __future__ import annotations

import pytest

from scraper.extract.jsonld import read_linked_data, texts


def test_properties_of_the_article_are_read():
    script = '{"@type": "NewsArticle", "headline": "A", "datePublished": "2024-03-19 09:12:00", "image": "x"}'

    assert read_linked_data([script]) == {"headline": "A", "datePublished": "2024-03-19 09:12:00"}


@pytest.mark.parametrize(
    "script",
    [
        '[{"@type": "BreadcrumbList", "name": "B"}, {"@type": "NewsArticle", "headline": "A"}]',
        '{"@graph": [{"@type": "WebSite", "name": "B"}, {"@type": ["Article", "Thing"], "headline": "A"}]}',
        '{"@type": "BlogPosting", "headline": "A"}',
    ],
)
def test_the_article_is_found_in_lists_and_graphs(script):
    assert read_linked_data([script]) == {"headline": "A"}


def test_other_types_are_not_the_article():
    scripts = [
        '{"@type": "Organization", "name": "Báo"}',
        '{"@type": "ItemList", "name": "Article list"}',
    ]

    assert read_linked_data(scripts) == {}


@pytest.mark.parametrize(
    "script",
    [
        '{"@type": "NewsArticle", "headline": "A\nB", "datePublished": "2024-03-19",}',
        '{"@type": "NewsArticle", "headline": "A\nB", "datePublished": "2024-03-19"',
    ],
)
def test_broken_json_is_searched_for_the_properties(script):
    assert read_linked_data([script]) == {"headline": "A\nB", "datePublished": "2024-03-19"}


def test_deep_nesting_is_given_up_quietly():
    assert read_linked_data(['"Article"' + "[" * 100_000]) == {}


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("một", ["một"]),
        (["một", {"@type": "Person", "name": "Lan Anh"}], ["một", "Lan Anh"]),
        ({"@type": "Organization", "name": "Báo"}, []),
        (7, []),
        (None, []),
    ],
)
def test_texts_are_strings_and_names_of_persons(value, expected):
    assert list(texts(value)) == expected
