"""Versions of an article, and the command that shows what changed."""

import json

import pytest
from click.testing import CliRunner

from archive.errors import UsageError
from archive.textdiff import Change, Piece
from archive.versions import diff_versions
from scraper.cli import cli


@pytest.fixture
def edited(store, make_accepted):
    """A store with an article of three versions."""
    with store.transaction():
        for hours, title in enumerate(
            ("Dân quân ra quân", "Dân quân xã ra quân", "Dân quân xã về")
        ):
            store.store_outcome(make_accepted(title, hours=hours))
    return store


def test_the_newest_version_is_compared_with_the_one_before(edited):
    found = diff_versions(edited.connection, "bao:1")
    assert (found.old.number, found.new.number) == (2, 3)
    assert found.title == (
        Piece(Change.SAME, "Dân quân xã"),
        Piece(Change.REMOVED, "ra quân"),
        Piece(Change.ADDED, "về"),
    )
    assert not any(part.is_changed for part in found.body)


def test_any_two_versions_can_be_compared(edited):
    found = diff_versions(edited.connection, "bao:1", old=1, new=2)
    assert [piece.text for piece in found.title if piece.change is Change.ADDED] == ["xã"]


@pytest.mark.parametrize(
    ("article", "old", "says"),
    [("bao:9", None, "holds no article 'bao:9'"), ("bao:1", 7, "has no version 7; it has 1, 2, 3")],
)
def test_what_is_not_there_is_said(edited, article, old, says):
    with pytest.raises(UsageError, match=says):
        diff_versions(edited.connection, article, old=old)


def run(store, *arguments):
    ran = CliRunner().invoke(cli, ["diff", *arguments, "--archive", str(store.root)])
    assert ran.exit_code == 0, ran.output
    return ran.output


def test_the_command_marks_words_and_leaves_out_what_is_the_same(edited):
    shown = run(edited, "bao:1", "--from", "1")
    assert "version 1 " in shown
    assert "title: Dân quân [-ra quân-] {+xã về+}" in shown
    assert "paragraph" not in shown
    assert "sapo" not in shown


def test_the_command_gives_every_piece_as_json(edited):
    values = json.loads(run(edited, "bao:1", "--json"))
    assert values["from"]["version"] == 2
    assert values["title"][1] == {"change": "removed", "text": "ra quân"}
    assert len(values["body"]) == 2


def test_an_article_of_one_version_is_said_to_have_one(store, make_accepted):
    with store.transaction():
        store.store_outcome(make_accepted())
    assert "has one version" in run(store, "bao:1")
