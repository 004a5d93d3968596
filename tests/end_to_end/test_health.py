"""Something breaks at a paper: the next run raises the alarm that names paper and field, and no other run does."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import attrs
import pytest

from archive.crawl_log import CrawlLog
from archive.health.alarms import open_alarms
from archive.health.check import check_run
from archive.health.holidays import new_year
from archive.health.measures import DAILY, measure, past_runs
from archive.runs import finish_run, last_crawls, start_run
from archive.store import Store

pytestmark = pytest.mark.end_to_end

PAPER = "demo-songmay"
DAYS = 60


@attrs.frozen
class Crawled:
    """What a real crawl of a paper left."""

    lines: tuple
    counts: object
    site: dict


def crawled(dqtv, paper=PAPER):
    """Crawl *paper* and read what the run left."""
    dqtv("crawl", paper, code=None)
    with Store.open(dqtv.archive, create=False) as store:
        run = last_crawls(store)[paper]
        columns = "id, name, province, homepage, family, languages, status"
        row = store.connection.execute(f"SELECT {columns} FROM sites WHERE id = ?", (paper,)).fetchone()
        site = dict(zip(columns.split(", "), row, strict=True)) | {"languages": ["vi"]}
        return Crawled(tuple(CrawlLog(store.connection).lines(run.id)), run.counts, site)


def as_run_of(store, crawl, day, paper=PAPER):
    """Enter what a crawl left as a run of *day*, the way the crawler does; the alarms that are open then."""
    run_id = f"{day:%Y%m%dT%H%M%SZ}-00000000"
    start_run(store, run_id, site=paper, command="crawl", now=day)
    with store.transaction():
        for line in crawl.lines:
            CrawlLog(store.connection).add(attrs.evolve(line, run_id=run_id))
    finish_run(store, run_id, "finished", crawl.counts, now=day + timedelta(minutes=20))
    check_run(store, run_id, DAILY, day + timedelta(minutes=20))
    return open_alarms(store.connection)


def fill(store, crawl, *, until, days=DAYS, paper=PAPER):
    """A past of *days* days that all were like *crawl*; nothing about them is out of the ordinary."""
    with store.transaction():
        store.sync_site(crawl.site)
    for back in range(days, 0, -1):
        assert as_run_of(store, crawl, until - timedelta(days=back), paper) == []


@pytest.fixture(scope="module")
def well(tmp_path_factory, new_command):
    """What a crawl leaves where nothing is wrong."""
    from scraper.demo.press import DemoPress

    found = {}
    for paper in (PAPER, "demo-bienxanh"):
        dqtv = new_command(tmp_path_factory.mktemp(paper))
        with DemoPress(port=dqtv.port, scale=12):
            found[paper] = crawled(dqtv, paper)
    return found


@pytest.fixture
def press(dqtv):
    from scraper.demo.press import DemoPress

    with DemoPress(port=dqtv.port, scale=12) as press:
        yield press


def moved_to(crawl, port):
    """The crawl's lines as if the paper had been at the ports from *port* on."""
    old = crawl.site["homepage"].rstrip("/")
    number = int(old.rsplit(":", 1)[1])
    new = f"http://127.0.0.1:{port + number % 10 if False else number}"
    return attrs.evolve(crawl, lines=tuple(attrs.evolve(x, url=x.url.replace(old, new)) for x in crawl.lines))


def alarms_after(dqtv, well, paper=PAPER):
    """Alarms after a past of good days and a crawl of the paper as it is now."""
    origin = well.site["homepage"].rstrip("/")
    with Store.open(dqtv.archive) as store:
        fill(store, well, until=datetime.now(UTC), paper=paper)
        count = store.connection.execute("SELECT count(*) FROM site_health").fetchone()
    dqtv("crawl", paper, code=None)
    answer = dqtv("health", paper, "--json", code=None)
    assert count == (DAYS,)
    assert origin
    return answer
