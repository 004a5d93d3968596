"""A crawl that is told to stop says so; SIGKILL is in tests/faults/test_kills.py."""

from __future__ import annotations

import signal

import pytest

from archive.store import Store

pytestmark = pytest.mark.end_to_end


def articles(root):
    with Store.open(root, create=False) as store:
        return store.connection.execute(
            "SELECT id, title, sapo, body, version FROM articles ORDER BY id"
        ).fetchall()


def test_a_crawl_interrupted_by_ctrl_c_says_so_and_goes_on_next_time(dqtv, press, until_asked):
    press.set_fault("demo-songmay", "slow")
    crawl = dqtv.start("crawl", "demo-songmay", "--json")
    assert until_asked(crawl, 4)
    crawl.send_signal(signal.SIGINT)
    out, err = crawl.communicate(timeout=120)
    assert '"interrupted"' in out, err
    assert crawl.returncode == 1
    press.set_fault("demo-songmay", None)
    (site,) = dqtv("crawl", "demo-songmay", "--json").json()["sites"]
    assert site["reason"] == "finished"
    kept = {a.article_id for a in press.truth() if a.level > 0 and a.paper == "demo-songmay"}
    assert {row[0] for row in articles(dqtv.archive)} == kept
