"""``dqtv index`` and ``dqtv wacz`` as users type them."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import pytest
from click.testing import CliRunner

from archive.errors import BadDateRange, UsageError
from archive.store import Store
from archive.warc import Exchange, WarcWriter
from scraper.cli import cli


@pytest.fixture
def archive(tmp_path):
    """An archive with one capture of one paper."""
    root = tmp_path / "archive"
    with Store.open(root) as store:
        writer = WarcWriter(
            store.warc_folder, site="bao", run_id="r-1", operator="x", software="x",
            robots_policy="x", known_payload=lambda _: None,
        )  # fmt: skip
        at = datetime(2026, 11, 24, 3, 10, tzinfo=UTC)
        writer.write_exchange(
            Exchange(id="1" * 8, url="http://bao.vn/", fetched_at=at, status=200, payload=b"<p>x")
        )
        [closed] = writer.close()
        with store.transaction():
            store.register_closed_file(closed)
    return root


@pytest.fixture
def run(archive):
    def invoke(*arguments):
        return CliRunner().invoke(cli, [*map(str, arguments), "--archive", str(archive)])

    return invoke


def test_index_reports_what_it_wrote_and_finds_nothing_to_do_again(run, archive):
    first, second = (json.loads(run("index", "--json").stdout) for _ in range(2))
    assert len(first["files"]) == 1
    assert second["files"] == []
    assert first["index"] == str(archive / "index" / "dqtv.cdxj")
    assert len(json.loads(run("index", "--rewrite", "--json").stdout)["files"]) == 1


def test_index_says_how_to_view_the_pages_and_names_no_port_of_a_viewer_started_otherwise(
    run, archive
):
    said = run("index").stdout.splitlines()
    assert said[-1] == f"view them with pywb: wayback -d {archive / 'index'} -b 127.0.0.1"


def test_index_ends_with_1_for_a_file_it_cannot_read(run, archive):
    [warc] = archive.rglob("*.warc.gz")
    warc.unlink()
    ran = run("index")
    assert ran.exit_code == 1
    assert warc.name in ran.stdout


def test_wacz_reports_each_package(run, tmp_path):
    ran = run("wacz", "bao", "--from", "2026-11", "--out", tmp_path / "out", "--json")
    assert ran.exit_code == 0
    report = json.loads(ran.stdout)
    [package] = report["packages"]
    assert (package["site"], package["captures"], package["first"]) == ("bao", 1, "2026-11-01")
    assert report["problems"] == []
    assert (tmp_path / "out" / "bao_2026-11-01_end.wacz").stat().st_size == package["bytes"]


def test_wacz_of_a_period_without_captures_ends_with_1_and_says_what_there_is(run, tmp_path):
    ran = run("wacz", "bao", "--to", "2020", "--out", tmp_path / "out")
    assert ran.exit_code == 1
    assert "nothing was captured of bao from the start to 2020-12-31" in ran.stdout
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("arguments", "error", "said"),
    [
        (["bao", "khongco"], UsageError, "no closed WARC file of khongco; papers it holds: bao"),
        (["bao", "--from", "2026-12", "--to", "2026-01"], BadDateRange, "earlier date first"),
        (["bao", "--from", "hôm qua"], BadDateRange, "is no date"),
    ],
)
def test_a_wrong_request_is_refused_with_the_way_out(run, tmp_path, arguments, error, said):
    ran = run("wacz", *arguments, "--out", tmp_path / "out")
    assert isinstance(ran.exception, error)
    assert said in str(ran.exception)
    assert ran.exception.exit_code == 2
