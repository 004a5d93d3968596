"""Papers that misbehave: what is lost, what is waited for, how politely."""

from __future__ import annotations

import itertools
import subprocess
import sys

import pytest

from archive.store import Store

pytestmark = pytest.mark.end_to_end


def crawl(dqtv, paper, code=0):
    (site,) = dqtv("crawl", paper, "--json", code=code).json()["sites"]
    return site


def held(dqtv) -> set[str]:
    with Store.open(dqtv.archive, create=False) as store:
        return {row[0] for row in store.connection.execute("SELECT id FROM articles")}


def wanted(press, paper) -> set[str]:
    return {a.article_id for a in press.truth() if a.paper == paper and a.level > 0}


def last_run(dqtv):
    (run,) = dqtv("runs", "--last", "1", "--json").json()["runs"]
    return dqtv("runs", "show", run["id"], "--json").json()


@pytest.mark.parametrize("fault", ["500", "truncated", "slow", "charset"])
def test_a_passing_fault_costs_no_article(dqtv, press, fault):
    press.set_fault("demo-nuingan", fault)
    site = crawl(dqtv, "demo-nuingan")
    assert site["reason"] == "finished"
    assert site["counts"]["failed"] == {}
    assert held(dqtv) == wanted(press, "demo-nuingan")


def test_missing_pages_are_counted_and_the_rest_is_kept(dqtv, press):
    press.set_fault("demo-bienxanh", "404")
    site = crawl(dqtv, "demo-bienxanh")
    missing = site["counts"]["failed"]["not_found"]
    assert missing > 0
    gone = {
        a.article_id
        for a in press.truth()
        if a.paper == "demo-bienxanh" and int(a.article_id.split(":")[1]) % 4 == 1
    }
    assert held(dqtv) == wanted(press, "demo-bienxanh") - gone


def test_429_is_answered_by_waiting_as_long_as_asked(dqtv, press):
    press.set_fault("demo-bienxanh", "429")
    site = crawl(dqtv, "demo-bienxanh")
    assert site["counts"]["failed"] == {}
    assert held(dqtv) == wanted(press, "demo-bienxanh")
    lines = [line for line in press.log if line.paper == "demo-bienxanh"]
    refused = max(i for i, line in enumerate(lines) if line.status == 429)
    assert lines[refused + 1].monotonic - lines[refused].monotonic >= 1.0
    refusals = [line.status for line in lines].count(429)
    politeness = last_run(dqtv)["politeness"]
    assert (politeness["slow_downs"], politeness["waits"]) == (refusals, refusals)
    assert politeness["longest_wait_s"] == 1.0


def test_a_paper_that_does_not_answer_ends_with_exit_code_1_and_a_reason(dqtv, press):
    press.set_fault("demo-culao", "refused")
    site = crawl(dqtv, "demo-culao", code=1)
    assert site["reason"] == "unreachable"
    assert "robots.txt could not be fetched" in site["detail"]
    run = last_run(dqtv)
    assert {entry["said"] for entry in run["robots"]} == {"unreachable"}
    assert run["robots"][0]["sha256"] is None
    assert run["outcomes"]["unreachable"] == len(run["robots"])


def test_crawl_delay_of_robots_txt_is_kept(dqtv, press):
    """The demo paper asks for 0.05 s; intervals may come a little short on a loaded machine."""
    crawl(dqtv, "demo-culao")
    times = [line.monotonic for line in press.log if line.paper == "demo-culao"]
    gaps = [later - earlier for earlier, later in itertools.pairwise(times[1:])]
    assert len(gaps) > 20
    assert min(gaps) >= 0.9 * 0.05


def test_two_crawls_of_one_paper_do_not_run_at_once(dqtv, press, until_asked):
    press.set_fault("demo-culao", "slow")
    first = dqtv.start("crawl", "demo-culao")
    try:
        assert until_asked(first, 1)
        second = dqtv("crawl", "demo-culao", code=1)
        assert "is being crawled or imported by another process" in second.err
    finally:
        first.kill()
        first.communicate()


def test_a_crawl_without_a_limit_ends_at_the_page_budget_and_goes_on_the_next_time(dqtv, press):
    done = subprocess.run(
        [sys.executable, "-m", "scrapy", "crawl", "newspaper", "-a", "site=demo-bienxanh",
         "-s", "DQTV_PAGE_BUDGET=5"],
        env=dqtv.environment(), capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    (run,) = dqtv("runs", "--json").json()["runs"]
    assert (run["reason"], run["counts"]["fetched"]) == ("page budget", 5)
    crawl(dqtv, "demo-bienxanh")
    assert held(dqtv) == wanted(press, "demo-bienxanh")


def test_a_page_limit_is_kept_and_the_rest_waits(dqtv, press):
    (site,) = dqtv("crawl", "demo-bienxanh", "--max-pages", "5", "--json").json()["sites"]
    assert (site["reason"], site["counts"]["fetched"]) == ("page limit", 5)
    assert site["waiting"] > 0
    crawl(dqtv, "demo-bienxanh")
    assert held(dqtv) == wanted(press, "demo-bienxanh")
