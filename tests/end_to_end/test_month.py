"""A month of a scheduled archive in minutes: the clock is ours, the papers print every day, the crawls are real."""

from __future__ import annotations

import multiprocessing
import time
from datetime import date, datetime, timedelta
from itertools import pairwise
from urllib.parse import urlsplit

import attrs
import pytest

import scraper.settings
from archive.errors import SchedulerBusy
from archive.health.alarms import Kind, open_alarms
from archive.instants import VIETNAM, read_instant
from archive.notices.settings import FileSettings, NoticeSettings
from archive.notices.telling import tell
from archive.schedule import Entry, Job
from archive.schedule_table import ScheduleTable
from archive.store import Store
from archive.timing import read_hours, read_timing
from scraper.crawl_process import ends_of
from scraper.crawling import crawl
from scraper.demo.cms import vdoc
from scraper.demo.mastheads import MASTHEADS
from scraper.demo.ports import free_base
from scraper.due import SiteEnd, Wishes, run_due

# the first of these tests waits for the whole month
pytestmark = [pytest.mark.end_to_end, pytest.mark.timeout(900)]

HOUR, DAY = 3600.0, 86_400.0
FIRST = date(2026, 12, 1)
START = datetime(2026, 12, 1, 0, 0, tzinfo=VIETNAM).timestamp()
DAYS = 31
#: Without electricity from the noon of the first to the noon of the last of these.
OUTAGE = (12, 15)
NIGHT = read_hours("22:00-06:00")
JITTER = 1800.0
#: Papers crawled every night, those that ask for a delay with the seconds.
NIGHTLY = {"demo-culao": vdoc.CRAWL_DELAY_S, "demo-bienxanh": None}
#: Crawled about as often as it publishes.
ADAPTED = "demo-trungdu"
#: Starts each crawl as a process forked from one that has imported everything: that is most of its time.
SERVER = multiprocessing.get_context("forkserver")
SERVER.set_forkserver_preload([
    "scrapy.cmdline", "scraper.cli", "scraper.crawl_process", "scraper.crawling", "scraper.pipelines",
    "scraper.extensions.capture", "scraper.extensions.progress", "scraper.extensions.run_record",
    "scraper.middlewares.robots", "scraper.tls", "scrapy.core.engine", "scrapy.core.downloader.handlers.http11",
    "aiohttp.web", "cdxj_indexer",
])  # fmt: skip


def crawl_ahead(request, ahead_s, port, pipe):
    """Crawl as if it were so many seconds later."""
    scraper.settings.DQTV_CLOCK_AHEAD = ahead_s
    ends = ends_of(crawl(attrs.evolve(request, demo_port=port, progress=False)))
    pipe.send(([attrs.asdict(end) for end in ends], time.process_time()))


@attrs.define
class Month:
    """The clock, moved by hand, and real crawls of a press that prints every day."""

    root: object
    press: object
    settings: NoticeSettings
    time: float = START
    printed: int = 0
    #: Time, request and places in the press's log of each crawl.
    crawls: list = attrs.field(factory=list)
    #: Processor time of the crawls, in seconds.
    cpu_s: float = 0.0

    def now(self):
        return self.time

    def wait(self, seconds):
        self.time += max(1.0, seconds)
        self.press_on()
        return False

    def press_on(self):
        """Print the days that are over."""
        while START + (self.printed + 1) * DAY <= self.time:
            self.press.print_day(FIRST + timedelta(days=self.printed), 2)
            self.printed += 1

    def crawl(self, request):
        with pytest.raises(SchedulerBusy):  # a second scheduler at the same time
            run_due(Wishes(root=self.root), crawl=None, clock=self)
        ours, theirs = SERVER.Pipe()
        before = len(self.press.log)
        arguments = (request, self.time - time.time(), self.press.port, theirs)
        process = SERVER.Process(target=crawl_ahead, args=arguments)
        process.start()
        assert ours.poll(120)
        ends, cpu_s = ours.recv()
        process.join(60)
        self.crawls.append((self.time, request, before, len(self.press.log)))
        self.cpu_s += cpu_s
        self.time += 600
        return [SiteEnd(**values) for values in ends]

    def live(self, until):
        """What a timer does that fires about every hour, with another scheduler a minute behind it."""
        while self.time < until:
            self.press_on()
            for _ in range(2):
                report = run_due(Wishes(root=self.root, at_once=3), crawl=self.crawl, clock=self)
                assert report.is_good, report
                self.time += 60
            with Store.open(self.root, create=False) as store:
                tell(store, self.settings, self.time)
            self.time += 3300


@pytest.fixture(scope="module")
def month(tmp_path_factory):
    """The month is over."""
    from scraper.demo.press import DemoPress  # noqa: PLC0415 - the children need it not

    root = tmp_path_factory.mktemp("month") / "archive"
    nightly = {"timing": read_timing("cron 10 2 * * *"), "hours": NIGHT, "jitter_s": JITTER}
    with Store.open(root) as store:
        table = ScheduleTable(store)
        for site in NIGHTLY:
            table.set(Entry(site=site, job=Job.CRAWL, **nightly), START)
        table.set(Entry(site=ADAPTED, job=Job.CRAWL, timing=read_timing("adapt 24..48")), START)
        table.set(
            Entry(site=ADAPTED, job=Job.RECHECKS, timing=read_timing("cron 0 15 * * 0")), START
        )
        table.set(Entry(site="demo-culao", job=Job.BACKFILL, months=1, **nightly | {"timing": read_timing("cron 0 3 10 * *")}), START)  # fmt: skip
    settings = NoticeSettings(file=FileSettings(path=root / "notices.jsonl"))
    with DemoPress(port=0) as press:
        month = Month(root=root, press=press, settings=settings)
        month.live(START + OUTAGE[0] * DAY + 12 * HOUR)
        change(press)
        month.time = START + OUTAGE[1] * DAY + 12 * HOUR
        month.live(START + DAYS * DAY)
    return month


def articles(press, paper):
    return [one for one in press.truth() if one.paper == paper and one.level > 0]


def of_day(press, paper, day):
    """The paper's articles about the militia of one day of the month."""
    when = FIRST + timedelta(days=day)
    return [one for one in articles(press, paper) if one.published.date() == when]


def changed_day(press):
    """The last day before the outage on which the paper printed something about the militia."""
    return next(day for day in range(OUTAGE[0] - 1, 0, -1) if of_day(press, "demo-bienxanh", day))


def change(press):
    """One article is corrected while nobody looks."""
    article = of_day(press, "demo-bienxanh", changed_day(press))[0]
    number = int(article.article_id.split(":")[1])
    story = press.newsroom("demo-bienxanh").edition.by_number[number]
    body = (*story.body, "Sau khi báo đăng, Ban CHQS xã đính chính: có 15 dân quân tham gia, không phải 51.")  # fmt: skip
    press.revise("demo-bienxanh", number, body=body)


def rows(month, sql, *parameters):
    with Store.open(month.root, create=False) as store:
        return [tuple(row) for row in store.connection.execute(sql, parameters)]


def runs(month, site, job):
    """When the job was due and began, in Unix times, oldest first."""
    found = rows(month, "SELECT due_at, started_at FROM scheduled_runs WHERE site = ? AND job = ? ORDER BY id", site, job)  # fmt: skip
    return [tuple(read_instant(text).timestamp() for text in row) for row in found]


def test_every_due_crawl_of_the_month_ran_once(month):
    # what was missed in the outage is made up once, when the next night begins
    nights = [*range(OUTAGE[0] + 1), *range(OUTAGE[1], DAYS)]
    for site in NIGHTLY:
        begun = [at for _, at in runs(month, site, "crawl")]
        assert [int((at - START) // DAY) for at in begun] == nights
    assert len(runs(month, "demo-culao", "backfill")) == 1
    sundays = [datetime.fromtimestamp(at, VIETNAM) for _, at in runs(month, ADAPTED, "rechecks")]
    assert [f"{at:%a %d}" for at in sundays] == ["Sun 06", "Wed 16", "Sun 20", "Sun 27"]


def test_each_run_is_a_real_crawl_that_came_to_its_end(month):
    ended = rows(month, "SELECT DISTINCT reason, run_id IS NULL FROM scheduled_runs")
    assert ended == [("finished", 0)]
    jobs = sum(len(request.sites) for _, request, *_ in month.crawls)
    assert rows(month, "SELECT count(*), count(DISTINCT run_id) FROM scheduled_runs") == [(jobs, jobs)]  # fmt: skip


def test_a_paper_is_asked_about_as_often_as_it_publishes_within_the_bounds(month):
    times = [at for _, at in runs(month, ADAPTED, "crawl")]
    gaps = [after - before for before, after in pairwise(times) if after - before < 3 * DAY]
    assert len(gaps) == len(times) - 2  # the outage
    assert all(24 * HOUR <= gap <= 50 * HOUR for gap in gaps)


def test_papers_with_hours_are_asked_in_them_only(month):
    nightly = [(at, x) for at, x, *_ in month.crawls if ADAPTED not in x.sites]
    assert all(NIGHT.hold(at) for at, _ in nightly)
    assert all(x.until == {site: NIGHT.closing(at) for site in x.sites} for at, x in nightly)


def test_after_the_outage_crawls_do_not_all_begin_at_once(month):
    again = START + OUTAGE[1] * DAY + 12 * HOUR
    first_night = [at for at, x, *_ in month.crawls if again <= at < again + 12 * HOUR and ADAPTED not in x.sites]  # fmt: skip
    assert len(set(first_night)) >= 2


def test_no_paper_is_crawled_beside_itself(month):
    for site in (*NIGHTLY, ADAPTED):
        spans = rows(month, "SELECT started_at, finished_at FROM runs WHERE site = ? ORDER BY started_at", site)  # fmt: skip
        assert all(earlier[1] <= later[0] for earlier, later in pairwise(spans))


def requests(month):
    """Paper, then its requests, for each crawl."""
    for _, request, first, end in month.crawls:
        for site in request.sites:
            yield site, [line for line in month.press.log[first:end] if line.paper == site]


def test_each_crawl_keeps_the_delay_and_what_robots_txt_forbids(month):
    for site, lines in requests(month):
        # rechecks of a paper of which nothing is due ask for nothing
        assert not lines or lines[0].path == "/robots.txt"
        if delay := NIGHTLY.get(site):
            after_robots = [line.monotonic for line in lines[1:]]
            assert all(after - before >= delay for before, after in pairwise(after_robots))
        forbidden = ("/tim-kiem", "/ban-nhap-")
        assert not [x for x in lines if urlsplit(x.path).path.startswith(forbidden)]


def test_everything_the_papers_printed_is_in_the_archive_and_was_looked_at_again_by_plan_only(
    month,
):
    for site in NIGHTLY:
        last = max(at for _, at in runs(month, site, "crawl"))
        printed = {
            x.article_id for x in articles(month.press, site)
            if x.kind.startswith("scale") and x.published.timestamp() < (last + 7 * HOUR) // DAY * DAY - 7 * HOUR
        }  # fmt: skip
        assert len(printed) > DAYS / 2
        stored = {x for (x,) in rows(month, "SELECT id FROM articles WHERE site = ?", site)}
        assert printed <= stored
    often = rows(
        month,
        "SELECT max(fetched) FROM (SELECT count(*) AS fetched FROM captures WHERE url IN"
        " (SELECT url FROM articles WHERE site != ?) GROUP BY url)", ADAPTED,
    )  # fmt: skip
    # at first, at most four times by the plan of rechecks, which begins anew with a correction; never every night
    assert often[0][0] <= 6


def test_what_a_paper_corrected_during_the_outage_is_kept_in_both_versions(month):
    [(site, version)] = rows(month, "SELECT site, version FROM articles WHERE version > 1")
    assert (site, version) == ("demo-bienxanh", 2)


def test_a_quiet_month_with_an_outage_raises_no_alarm(month):
    assert rows(month, "SELECT site, kind, field FROM alarms") == []


def test_each_week_has_its_digest(month):
    written = rows(month, "SELECT created_at, sent_at IS NOT NULL FROM notices WHERE kind = 'digest' ORDER BY id")  # fmt: skip
    days = [f"{read_instant(text).astimezone(VIETNAM):%a %d}" for text, _ in written]
    assert days == ["Tue 01", "Mon 07", "Wed 16", "Mon 21", "Mon 28"]
    assert all(is_sent for _, is_sent in written)


@attrs.define
class Silence:
    """The clock, moved by hand, and real crawls of a press that is not there."""

    root: object
    port: int
    time: float = START
    begun: list = attrs.field(factory=list)

    def now(self):
        return self.time

    def wait(self, seconds):
        self.time += max(1.0, seconds)
        return False

    def crawl(self, request):
        self.begun.append(self.time)
        ours, theirs = SERVER.Pipe()
        arguments = (request, self.time - time.time(), self.port, theirs)
        process = SERVER.Process(target=crawl_ahead, args=arguments)
        process.start()
        assert ours.poll(120)
        ends, _ = ours.recv()
        process.join(60)
        self.time += 600
        return [SiteEnd(**values) for values in ends]


def test_a_paper_that_never_answers_is_asked_once_a_week_in_the_end_and_its_alarm_stays(tmp_path):
    root = tmp_path / "archive"
    with Store.open(root) as store:
        daily = read_timing("cron 10 2 * * *")
        ScheduleTable(store).set(Entry(site="demo-songmay", job=Job.CRAWL, timing=daily), START)
    silence = Silence(root=root, port=free_base("127.0.0.1", (x.port_offset for x in MASTHEADS)))
    while silence.time < START + 40 * DAY:
        run_due(Wishes(root=root), crawl=silence.crawl, clock=silence)
        silence.time += 12 * HOUR
    waits = [round((after - before) / DAY) for before, after in pairwise(silence.begun)]
    assert waits == sorted(waits)
    assert waits[-1] == max(waits) == 7
    with Store.open(root, create=False) as store:
        reasons = {row[0] for row in store.connection.execute("SELECT reason FROM runs")}
        alarms = [(alarm.site, alarm.kind) for alarm in open_alarms(store.connection)]
    assert reasons == {"unreachable"}
    assert alarms == [("demo-songmay", Kind.NEVER_WORKS)]
