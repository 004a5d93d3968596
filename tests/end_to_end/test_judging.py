"""A crawled demo archive judged again, sampled, labelled by two readers and reported on."""

from __future__ import annotations

import json

import pytest

from archive.store import Store
from scraper.demo.press import DemoPress

pytestmark = pytest.mark.end_to_end

PAPERS = ("demo-songmay", "demo-nuingan")


@pytest.fixture(scope="module")
def crawled(tmp_path_factory, new_command):
    dqtv = new_command(tmp_path_factory.mktemp("judging"))
    with DemoPress(port=dqtv.port) as press:
        dqtv("crawl", *PAPERS)
        yield dqtv, {article.article_id: article.level for article in press.truth()}


def tables(dqtv):
    with Store.open(dqtv.archive, create=False) as store:
        return [
            store.connection.execute(f"SELECT * FROM {table} ORDER BY 1, 2").fetchall()
            for table in ("articles", "article_versions", "figures", "evidence", "captures")
        ]


def test_a_replay_of_a_fresh_crawl_moves_nothing(crawled):
    dqtv, _ = crawled
    before = tables(dqtv)
    report = dqtv("replay", "--json").json()
    assert (report["moves"], report["unreadable"]) == ([], [])
    assert report["unchanged"] == report["looked_at"] > 20
    assert tables(dqtv) == before
    assert dqtv("status", "--json").json()["runs"][0]["command"] == "replay"


def test_a_replay_finds_again_what_was_lost_and_says_so(crawled):
    dqtv, _ = crawled
    before = tables(dqtv)
    with Store.open(dqtv.archive, create=False) as store:
        level = store.connection.execute(
            "SELECT id FROM articles WHERE level = 2 LIMIT 1"
        ).fetchone()[0]
        store.connection.execute("UPDATE articles SET level = 1 WHERE id = ?", (level,))
    shown = dqtv("replay", "--dry-run").out
    assert "dry run, nothing was written" in shown
    assert "level changed: 1 to 2 1" in shown
    assert "level 1 -> level 2, score" in shown
    assert level in shown
    assert dqtv("replay", "demo-songmay", "demo-nuingan", "--json").json()["level_changes"] == {
        "1 to 2": 1
    }
    assert tables(dqtv) == before


def test_replay_without_an_archive_or_with_an_unknown_paper_is_one_clear_line(dqtv):
    assert "there is no archive" in dqtv("replay", code=1).err
    assert not dqtv.archive.exists()


def test_a_sample_is_labelled_by_two_readers_and_reported(crawled, tmp_path):
    dqtv, truth = crawled
    file = tmp_path / "sample.jsonl"
    assert (
        dqtv("judge", "sample", "--size", "20", "--seed", "3", "--out", str(file), "--json").json()[
            "items"
        ]
        == 20
    )
    items = [json.loads(line) for line in file.read_text("utf-8").splitlines()]
    assert {item["site"] for item in items} == set(PAPERS)
    assert {item["level"] for item in items} == {0, 1, 2}
    assert all(item["title"] and (item["snippets"] or item["level"] == 0) for item in items)
    # what the authors meant; of a rejected page, which has no id, that it is out
    right = [str(truth.get(item["id"], 0)) for item in items]
    dqtv("judge", "label", str(file), "--reader", "An", stdin="\n".join(right) + "\n")
    first_wrong = ["0" if right[0] != "0" else "1", *right[1:]]
    dqtv("judge", "label", str(file), "--reader", "Bình", stdin="\n".join(first_wrong) + "\n")
    report = dqtv("judge", "report", str(file), "--json").json()
    an = report["findings"][0]
    assert (an["reader"], an["labelled"], an["not_covered"]) == ("An", 20, 0)
    assert (an["kept"]["precision"], an["kept"]["recall"]) == (1.0, 1.0)
    assert (an["about"]["precision"], an["about"]["recall"]) == (1.0, 1.0)
    (agreement,) = report["agreements"]
    assert (agreement["same"], agreement["both"], agreement["differing"]) == (
        19,
        20,
        [items[0]["id"]],
    )
    assert 0.8 < agreement["kappa"] < 1
    assert "kappa 0." in dqtv("judge", "report", str(file)).out


def test_wrong_requests_are_one_clear_line(crawled, tmp_path):
    dqtv, _ = crawled
    big = dqtv("judge", "sample", "--size", "9999", "--out", str(tmp_path / "x.jsonl"), code=2)
    assert "9999 asked for, but only" in big.err
    missing = dqtv("judge", "report", str(tmp_path / "none.jsonl"), code=2)
    assert "none.jsonl cannot be read" in missing.err
    taken = tmp_path / "taken.jsonl"
    taken.touch()
    assert "exists" in dqtv("judge", "sample", "--size", "2", "--out", str(taken), code=2).err
