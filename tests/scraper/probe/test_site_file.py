"""A proposed file is TOML that says the same, and is never written over another."""

from __future__ import annotations

import tomllib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from archive.errors import SiteSpecError, UsageError
from scraper.probe.site_file import read_site, toml_text, write_new

VALUES = {
    "id": "baovidu",
    "name": 'Báo "Ví Dụ"',
    "homepage": "https://baovidu.example/",
    "domains": ["baovidu.example"],
    "article_url": r"-(?P<id>\d+)\.html$",
    "note": None,
    "own_names": [],
    "seeds": [{"id": "home", "kind": "home", "url": "https://baovidu.example/", "section": None}],
    "layouts": [
        {"body": ['td[width="560"]'], "published": [{"select": "time", "attribute": None}]}
    ],
}


def test_the_text_says_what_was_given_without_what_is_empty():
    read = tomllib.loads(toml_text(["One.", "Two."], VALUES))
    assert read["name"] == 'Báo "Ví Dụ"'
    assert read["article_url"] == r"-(?P<id>\d+)\.html$"
    assert read["layouts"] == [{"body": ['td[width="560"]'], "published": [{"select": "time"}]}]
    assert read["seeds"] == [{"id": "home", "kind": "home", "url": "https://baovidu.example/"}]
    assert not {"note", "own_names"} & read.keys()


@given(st.text(st.characters(codec="utf-8"), min_size=1))
def test_every_text_comes_back_as_it_was(text):
    assert tomllib.loads(toml_text([], {"name": text, "own_names": [text, "x"]})) == {
        "name": text,
        "own_names": [text, "x"],
    }


def test_what_is_written_is_a_site(tmp_path):
    text = toml_text(["Proposed."], VALUES)
    assert (
        read_site(text, "baovidu", {}).article_id("https://baovidu.example/a-7.html") == "baovidu:7"
    )
    write_new(tmp_path / "baovidu.toml", text)
    assert [x.name for x in tmp_path.iterdir()] == ["baovidu.toml"]
    assert (tmp_path / "baovidu.toml").read_text(encoding="utf-8") == text


def test_mistakes_of_a_proposal_are_listed():
    with pytest.raises(SiteSpecError, match=r"domains.*\n.*homepage|homepage.*\n.*domains"):
        read_site(toml_text([], VALUES | {"domains": [], "homepage": "x"}), "baovidu", {})


def test_an_existing_file_stays_as_it_was(tmp_path):
    path = tmp_path / "baovidu.toml"
    path.write_text("mine")
    with pytest.raises(UsageError, match="exists already"):
        write_new(path, "yours")
    assert path.read_text() == "mine"
    assert [x.name for x in tmp_path.iterdir()] == ["baovidu.toml"]


def test_a_folder_that_is_not_there_is_named(tmp_path):
    with pytest.raises(UsageError, match="cannot be written"):
        write_new(tmp_path / "none" / "baovidu.toml", "x")
