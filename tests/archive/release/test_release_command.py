"""``dqtv release``: what it prints, and what it refuses."""

import json

import pytest
from click.testing import CliRunner

from archive.errors import UsageError
from archive.withdrawals import withdraw
from scraper.cli import cli


def run(*arguments):
    return CliRunner().invoke(cli, ["release", *map(str, arguments)])


def test_it_makes_a_release_where_the_desk_looks_for_it(desk_fixtures, tmp_path):
    desk_fixtures.build_snapshot(tmp_path, desk_fixtures.demo_stories()[:3])
    done = run("--archive", tmp_path, "--date", "2026-11-25", "--formats", "jsonl", "--json")
    assert done.exit_code == 0, done.output
    said = json.loads(done.stdout)
    assert said["name"] == "dqtv-2026.11.25"
    assert (said["articles"], said["added"], said["is_new"]) == (3, 3, True)
    made = tmp_path / "exports/dqtv-2026.11.25"
    assert said["path"] == str(made)
    assert {x.suffix for x in (made / "data").iterdir()} == {".jsonl"}


@pytest.mark.parametrize(
    ("options", "problem"),
    [
        (["--date", "25.11.2026"], "--date YYYY-MM-DD"),
        (["--formats", "xlsx"], "unknown format 'xlsx'"),
        (["--formats", ","], "a release holds"),
        (["--with-wacz", "--metadata-only"], "leave --metadata-only out"),
    ],
)
def test_a_wrong_request_is_refused_with_the_way_out(root, tmp_path, options, problem):
    done = run("--archive", root, "--out", tmp_path / "out", *options)
    assert isinstance(done.exception, UsageError)
    assert problem in str(done.exception)
    assert not (tmp_path / "out").exists()


def test_a_withdrawn_article_is_a_takedown_and_nothing_else(desk_fixtures, tmp_path):
    stories = desk_fixtures.demo_stories()[:3]
    desk_fixtures.build_snapshot(tmp_path, stories)
    run("--archive", tmp_path, "--date", "2026-11-25")
    withdraw(tmp_path, stories[0].id, reason="Requested by the paper")
    too_early = run("--archive", tmp_path, "--date", "2026-11-26")
    assert "`dqtv publish` first" in str(too_early.exception)
    desk_fixtures.publish(tmp_path)
    previous = tmp_path / "exports/dqtv-2026.11.25"
    done = run("--archive", tmp_path, "--date", "2026-11-26", "--previous", previous)
    assert "1 withdrawn" in done.stdout
    made = tmp_path / "exports/dqtv-2026.11.26"
    assert f"{stories[0].id},withdrawn," in (made / "takedowns.csv").read_text("utf-8-sig")
    sentence = stories[0].body[0].encode()
    assert not [x for x in made.rglob("*") if x.is_file() and sentence in x.read_bytes()]
