"""What a crawl leaves to prove what it did: every request, its pace, robots.txt, versions, rules."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from pathlib import Path

import pytest

import scraper
from archive.store import Store

pytestmark = pytest.mark.end_to_end

SCRAPER = Path(scraper.__file__).parent


def path_of(url: str) -> str:
    return "/" + url.split("/", 3)[3]


def log_of(dqtv, run_id, *options):
    return [json.loads(x) for x in dqtv("runs", "show", run_id, "--log", "--json", *options).out.splitlines()]  # fmt: skip


def test_every_request_the_press_saw_is_one_line_with_its_outcome(dqtv, press):
    dqtv("crawl", "demo-songmay", "demo-lamkinh")
    for run in dqtv("runs", "--json").json()["runs"]:
        asked = Counter(line.path for line in press.log if line.paper == run["site"])
        lines = log_of(dqtv, run["id"])
        assert Counter(path_of(line["url"]) for line in lines) == asked
        assert [line["position"] for line in lines] == list(range(1, len(lines) + 1))
        assert {"robots", "article"} < {line["kind"] for line in lines}
        assert all(line["capture_id"] and line["asked_at"] and line["bytes"] for line in lines)
        assert all(0 < line["seconds"] < 30 for line in lines)
        outcomes = Counter(line["outcome"] for line in lines)
        assert outcomes["new"] == run["counts"]["accepted"] > 0
        assert outcomes["rejected"] == sum(run["counts"]["rejected"].values()) > 0
        chosen = log_of(dqtv, run["id"], "--outcome", "not_militia")
        assert len(chosen) == run["counts"]["rejected"]["not_militia"]


def test_the_pace_robots_txt_versions_and_rules_of_a_run_can_be_shown(dqtv, press):
    dqtv("crawl", "demo-lamkinh")
    (brief,) = dqtv("runs", "demo-lamkinh", "--json").json()["runs"]
    run = dqtv("runs", "show", brief["id"], "--json").json()
    pace, politeness = run["pace"]["demo-lamkinh"], run["politeness"]
    assert politeness["crawl_delay_s"] == 0.06
    assert politeness["delay_s"] == 0.0
    assert pace["median_s"] >= pace["smallest_s"] > 0
    assert pace["requests"] == len([line for line in press.log if line.paper == "demo-lamkinh"])
    (robots,) = run["robots"]
    assert (robots["said"], robots["status"], robots["crawl_delay_s"]) == ("read", 200, 0.06)
    assert robots["url"] == f"{press.origin('demo-lamkinh')}/robots.txt"
    assert len(robots["sha256"]) == 64
    assert {"dqtv-archive", "python", "scrapy", "selectolax"} <= run["versions"].keys()
    site_file = SCRAPER / "demo/papers/demo-lamkinh.toml"
    assert run["rules"]["demo/papers/demo-lamkinh.toml"] == hashlib.sha256(site_file.read_bytes()).hexdigest()  # fmt: skip
    assert {"families/dcontent.toml", "classify/lexicon.toml"} <= run["rules"].keys()
    text = dqtv("runs", "show", brief["id"]).out
    for said in ("crawl_delay_s 0.06", robots["sha256"], "scrapy 2.", "finished"):
        assert said in text


def test_a_request_that_is_tried_again_has_a_line_for_each_try(dqtv, press):
    press.set_fault("demo-songmay", "500")
    dqtv("crawl", "demo-songmay", "--max-pages", "2", code=None)
    (run,) = dqtv("runs", "--json").json()["runs"]
    lines = log_of(dqtv, run["id"])
    assert [line["status"] for line in lines].count(500) == len(
        [line for line in press.log if line.status == 500]
    )


def test_a_killed_run_is_shown_to_have_ended_without_saying_so_with_what_it_did(
    dqtv, press, until_asked
):
    press.set_fault("demo-songmay", "slow")
    crawl = dqtv.start("crawl", "demo-songmay")
    assert until_asked(crawl, 12)
    crawl.kill()
    crawl.communicate()
    (run,) = dqtv("runs", "--json").json()["runs"]
    assert (run["reason"], run["finished_at"]) == ("ended without saying so", None)
    assert run["counts"]["fetched"] == len(
        [line for line in log_of(dqtv, run["id"]) if line["kind"] != "robots"]
    )
    status = dqtv("status", "--json").json()
    assert status["last_crawls"]["demo-songmay"]["reason"] == "ended without saying so"
    problems = "\n".join(status["problems"]["demo-songmay"])
    assert "the next crawl takes them up" in problems
    assert "the next crawl closes it" in problems
    press.set_fault("demo-songmay", None)
    dqtv("crawl", "demo-songmay")
    assert dqtv("status", "--json").json()["problems"] == {}
    assert [run["reason"] for run in dqtv("runs", "--json").json()["runs"]] == [
        "finished",
        "ended without saying so",
    ]


def test_a_run_that_is_none_is_an_error_with_the_way_out(dqtv):
    Store.open(dqtv.archive).close()
    ran = dqtv("runs", "show", "nothing", code=2)
    assert "no such run" in ran.err
    assert "`dqtv runs` lists them" in ran.err
    assert dqtv("runs", "show", "x", "--outcome", "new", code=2).err
