"""Something breaks at a paper: the next run raises the alarm that names paper and field, and a good run raises none."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import attrs
import pytest

from archive.crawl_log import CrawlLog
from archive.health.alarms import open_alarms
from archive.health.check import check_run
from archive.health.holidays import new_year
from archive.health.measures import DAILY, past_runs
from archive.instants import VIETNAM
from archive.run_counts import RunCounts
from archive.runs import finish_run, last_crawls, start_run
from archive.store import Store
from scraper.demo.press import DemoPress

pytestmark = pytest.mark.end_to_end

PAPER = "demo-lamkinh"
#: A day of the paper is so many times what its demo prints.
TIMES = 8


@attrs.frozen
class Crawled:
    """What a real crawl of the paper left."""

    lines: tuple
    counts: RunCounts
    site: dict


def crawled(dqtv, paper=PAPER):
    dqtv("crawl", paper, code=None)
    with Store.open(dqtv.archive, create=False) as store:
        run = last_crawls(store)[paper]
        columns = ("id", "name", "province", "homepage", "family", "status")
        row = store.connection.execute(f"SELECT {', '.join(columns)} FROM sites").fetchone()
        site = dict(zip(columns, row, strict=True)) | {"languages": ["vi"]}
        return Crawled(tuple(CrawlLog(store.connection).lines(run.id)), run.counts, site)


def enter(store, crawl, day):
    """Enter what a crawl left as a run of *day*, the way the crawler does; alarms that are open then."""
    run_id = f"{day:%Y%m%dT%H%M%SZ}-00000000"
    start_run(store, run_id, site=crawl.site["id"], command="crawl", now=day)
    with store.transaction():
        for line in crawl.lines:
            CrawlLog(store.connection).add(attrs.evolve(line, run_id=run_id))
    end = day + timedelta(minutes=20)
    finish_run(store, run_id, "finished", crawl.counts, now=end)
    check_run(store, run_id, DAILY, end)
    return open_alarms(store.connection)


def fill(store, crawl, *, until, days):
    """A past of *days* days like *crawl*; none of them is out of the ordinary."""
    with store.transaction():
        store.sync_site(crawl.site)
    for back in range(days, 0, -1):
        assert enter(store, crawl, until - timedelta(days=back)) == []


def times(crawl, number):
    """The crawl as if the paper had printed *number* times as much."""
    lines = [x for x in crawl.lines if x.kind != "article"]
    lines += [x for x in crawl.lines if x.kind == "article"] * number
    counts = attrs.evolve(crawl.counts, found=crawl.counts.found * number, accepted=crawl.counts.accepted * number)  # fmt: skip
    numbered = (attrs.evolve(line, position=x) for x, line in enumerate(lines, 1))
    return attrs.evolve(crawl, lines=tuple(numbered), counts=counts)


def without(crawl, number):
    """The crawl as if the paper had printed so many articles fewer."""
    articles = [x for x in crawl.lines if x.kind == "article"]
    lines = tuple(x for x in crawl.lines if x not in articles[:number])
    return attrs.evolve(crawl, lines=lines, counts=attrs.evolve(crawl.counts, found=crawl.counts.found - number))  # fmt: skip


@pytest.fixture(scope="module")
def well(tmp_path_factory, new_command):
    """What a crawl leaves where nothing is wrong; and the command, so that later crawls meet the same addresses."""
    dqtv = new_command(tmp_path_factory.mktemp("well"))
    with DemoPress(port=dqtv.port) as press:
        yield crawled(dqtv), press


@pytest.fixture
def broken(tmp_path, new_command, well):
    """Alarms after good days and one crawl of the paper under a fault."""
    crawl, press = well

    def alarms(fault):
        dqtv = attrs.evolve(new_command(tmp_path), port=press.port)
        with Store.open(dqtv.archive) as store:
            fill(store, crawl, until=datetime.now(UTC), days=10)
        press.set_fault(PAPER, fault)
        try:
            dqtv("crawl", PAPER, code=None)
        finally:
            press.set_fault(PAPER, None)
        answer = dqtv("health", "--json", code=None)
        found = answer.json()["alarms"]
        assert answer.code == bool(found)
        assert all(x["site"] == PAPER for x in found)
        return {(x["kind"], x["field"]): x for x in found}

    return alarms


def test_a_crawl_like_those_before_raises_no_alarm_and_is_measured(broken, tmp_path):
    assert broken(None) == {}
    with Store.open(tmp_path / "archive") as store:
        run = past_runs(store.connection, PAPER, since=datetime.now(UTC) - timedelta(hours=1))[-1]
        assert (run.reason, run.by_rule) == ("finished", run.with_text)
        assert run.articles == run.fields["title"] == sum(run.layouts.values()) > 5


def test_a_renamed_selector_is_named_with_an_example(broken):
    found = broken("renamed")
    alarm = found["fallback", "body"]
    assert (alarm["before"], alarm["now"]) == (1.0, 0.0)
    assert ("layout_changed", None) in found
    assert "the text on 0 % of the pages, formerly on 100 %" in alarm["sentence"]["en"]
    assert alarm["example_url"] in alarm["sentence"]["vi"]


def test_a_date_format_that_cannot_be_read_is_named(broken):
    found = broken("dates")
    assert found["field_missing", "published_at"]["now"] == 0
    assert found.keys() == {("field_missing", "published_at")}


def test_a_feed_without_entries_is_named_by_its_address(broken, well):
    feeds = {line.url for line in well[0].lines if line.kind == "feed"}
    assert broken("empty_feed").keys() == {("list_empty", feed) for feed in feeds} != set()


def test_a_robots_txt_that_forbids_everything_is_one_alarm(broken):
    found = broken("robots")
    assert found.keys() == {("robots_changed", None)}
    assert found["robots_changed", None]["now"] == 1


def test_challenge_pages_are_one_alarm(broken):
    assert broken("challenge").keys() == {("blocked", None)}


@pytest.mark.parametrize("fault", ["charset", "recoded"])
def test_another_charset_is_named_by_the_former_one(broken, fault):
    found = broken(fault)
    assert ("charset_changed", "utf-8") in found
    assert found["charset_changed", "utf-8"]["now"] == 0


def test_a_paper_half_as_productive_is_seen_at_the_next_run_and_is_over_by_itself(tmp_path, well):
    day = datetime(2025, 11, 20, 2, tzinfo=UTC)
    usual, half = times(well[0], TIMES), times(well[0], TIMES // 2)
    with Store.open(tmp_path / "archive") as store:
        fill(store, usual, until=day, days=40)
        alarms = enter(store, half, day)
        assert {(x.kind, x.field) for x in alarms} >= {
            ("fewer_found", None),
            ("fewer_articles", None),
        }
        assert all(x.site == PAPER and x.opened_at.date() == day.date() for x in alarms)
        found = next(x for x in alarms if x.kind == "fewer_found")
        assert found.now == pytest.approx(found.before / 2)
        assert enter(store, usual, day + timedelta(days=1)) == []


def test_the_press_prints_half_as_much_and_the_next_crawl_says_so(tmp_path, new_command):
    """At the size of a demo paper: chance alone would often halve so few, but this paper's days differ little."""
    paper = "demo-songmay"
    usually = new_command(tmp_path / "usually")
    with DemoPress(port=usually.port) as press:
        usual = crawled(usually, paper)
        press.thin_out(paper)
        thinner = attrs.evolve(new_command(tmp_path / "thinner"), port=press.port)
        half = crawled(thinner, paper)
    assert 10 < usual.counts.found < 25
    assert half.counts.found == usual.counts.found / 2
    # an ordinary day of the program's own calendar, so that the test says the same at Tết
    day = datetime(2025, 11, 20, 2, tzinfo=UTC)
    with Store.open(tmp_path / "archive") as store:
        with store.transaction():
            store.sync_site(usual.site)
        for back in range(35, 0, -1):
            fewer = without(usual, (0, 1, 0, 2, 1)[back % 5])
            assert enter(store, fewer, day - timedelta(days=back)) == []
        alarms = {(x.site, x.kind): x for x in enter(store, half, day)}
        assert (paper, "fewer_found") in alarms
        assert alarms[paper, "fewer_found"].now <= 0.55 * alarms[paper, "fewer_found"].before


def test_a_quiet_week_of_tet_raises_no_alarm(tmp_path, well):
    tet = new_year(2026)
    begin = datetime(tet.year, tet.month, tet.day, 2, tzinfo=VIETNAM) - timedelta(days=5)
    usual, half, little = (times(well[0], x) for x in (TIMES, TIMES // 2, 1))
    with Store.open(tmp_path / "archive") as store:
        fill(store, usual, until=begin, days=40)
        for later in range(15):
            quiet = little if 3 <= later <= 10 else half
            assert enter(store, quiet, begin + timedelta(days=later)) == []
        for later in range(15, 25):
            assert enter(store, usual, begin + timedelta(days=later)) == []
        # so little on an ordinary day is an alarm
        assert enter(store, little, begin + timedelta(days=25)) != []


def test_a_paper_that_thins_out_is_crawled_and_measured_as_such(tmp_path, new_command):
    dqtv = new_command(tmp_path)
    with DemoPress(port=dqtv.port) as press:
        whole = len(press.newsroom(PAPER).edition.stories)
        press.thin_out(PAPER)
        assert len(press.newsroom(PAPER).edition.stories) == (whole + 1) // 2
        dqtv("crawl", PAPER)
        (run,) = dqtv("health", PAPER, "--json").json()["sites"].values()
    assert 0 < run["articles"] <= (whole + 1) // 2
