"""The plan by which known articles are looked at again, and how it is kept."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
import sqlite_utils

from archive.errors import UsageError
from archive.frontier import Frontier, Purpose
from archive.instants import instant_of
from archive.model import Explored, Failed, FoundUrl, NotModified, Rejected, RejectReason, UrlKind
from archive.rechecks import RECHECK_PRIORITY, RecheckPlan, Rechecks, count_due
from archive.schema import MIGRATIONS
from archive.store import Store

DAY = 86_400.0
HOUR = 3_600.0
CLOCK = datetime(2026, 11, 24, 3, tzinfo=UTC).timestamp()
SITE = "bao"


def days(at: float) -> float:
    return (at - CLOCK) / DAY


def test_checks_fall_on_the_days_of_the_plan_a_little_early():
    plan = RecheckPlan()
    check = plan.first(CLOCK)
    seen = []
    for _ in range(7):
        seen.append(days(check.at))
        check = plan.following(check.counted_from, check.step, check.at)
    assert seen == [0.75, 2.75, 6.75, 29.75, 89.75, 454.75, 819.75]


def test_a_late_check_moves_the_following_ones_and_loses_none():
    plan = RecheckPlan()
    check = plan.first(CLOCK)
    late = []
    now = CLOCK + 20 * DAY
    for _ in range(5):
        check = plan.following(check.counted_from, check.step, now)
        now = check.at
        late.append(days(check.at))
    assert late == [21, 23, 34.5, 89.75, 454.75]


def test_without_yearly_checks_the_plan_ends():
    plan = RecheckPlan(days=(1, 3), then_every=None)
    assert plan.following(CLOCK, 0, CLOCK + DAY) is not None
    assert plan.following(CLOCK, 1, CLOCK + 3 * DAY) is None


def test_a_plan_without_days_checks_nothing():
    assert RecheckPlan(days=()).first(CLOCK) is None


@pytest.mark.parametrize(
    "changes",
    [{"days": (3, 1)}, {"days": (0, 1)}, {"then_every": -1}, {"second_look_hours": -1}, {"per_run": -1}],
)  # fmt: skip
def test_a_plan_that_makes_no_sense_is_refused(changes):
    with pytest.raises(UsageError):
        RecheckPlan(**changes)


class Crawl:
    """A frontier and a store as a crawl uses them, one page at a time."""

    def __init__(self, store: Store, make_accepted, make_capture, **plan) -> None:
        self.store = store
        self.frontier = Frontier(store.connection)
        self.rechecks = Rechecks(store.connection, RecheckPlan(**plan))
        self.make_accepted, self.make_capture = make_accepted, make_capture

    def find(self, *numbers: int) -> None:
        found = [FoundUrl(url=f"http://bao.vn/{x}.html", key=f"article:{x}") for x in numbers]
        with self.store.transaction():
            self.frontier.add(SITE, found, run_id="run", now="2026-11-24T03:00:00Z", found_on=None)

    def open(self, now: float) -> int:
        with self.store.transaction():
            return self.rechecks.open_due(SITE, now)

    def fetch(self, now: float, outcome_of, *, run_id: str = "run") -> list[str]:
        """Settle every waiting address with what *outcome_of* makes of it."""
        stored = []
        with self.store.transaction():
            for leased in self.frontier.lease(SITE, 100, now):
                outcome = outcome_of(leased, now)
                stored.append(self.store.store_outcome(outcome, article_id=leased.article_id))
                self.frontier.settle(
                    leased, outcome, run_id=run_id, now="2026-11-24T03:00:00Z", clock=now
                )
                self.rechecks.settled(leased, outcome, stored[-1], now)
        return stored

    def article(self, leased, now, **changes):
        number = int(leased.key.split(":")[1])
        capture = self.make_capture(leased.url, fetched_at=instant_of(now))
        return self.make_accepted(number=number, capture=capture, **changes)

    def due(self, now: float) -> int:
        return count_due(self.store.connection, now).get(SITE, 0)


@pytest.fixture
def crawl(store, make_accepted, make_capture):
    return Crawl(store, make_accepted, make_capture)


def test_an_accepted_article_is_due_the_day_after_and_not_before(crawl):
    crawl.find(1)
    assert crawl.fetch(CLOCK, crawl.article) == ["new"]
    assert crawl.open(CLOCK + 0.5 * DAY) == 0
    assert crawl.open(CLOCK + DAY) == 1
    assert crawl.fetch(CLOCK + DAY, crawl.article) == ["unchanged"]
    assert crawl.open(CLOCK + 2 * DAY) == 0
    assert crawl.open(CLOCK + 3 * DAY) == 1


def test_a_rejected_page_is_never_due(crawl, make_capture):
    def rejected(leased, _now):
        return Rejected(capture=make_capture(leased.url), reason=RejectReason.NOT_MILITIA)

    crawl.find(1)
    crawl.fetch(CLOCK, rejected)
    assert crawl.open(CLOCK + 1000 * DAY) == 0


def test_a_changed_article_starts_again_at_the_short_end(crawl):
    crawl.find(1)
    crawl.fetch(CLOCK, crawl.article)
    for day in (1, 3, 7):
        crawl.open(CLOCK + day * DAY)
        crawl.fetch(CLOCK + day * DAY, crawl.article)
    now = CLOCK + 30 * DAY
    crawl.open(now)
    changed = crawl.fetch(now, lambda leased, at: crawl.article(leased, at, body=("Khác.",)))
    assert changed == ["new_version"]
    assert crawl.due(now + DAY) == 1


def test_no_more_checks_than_the_plan_allows_wait_in_one_run_second_looks_first(
    store, make_accepted, make_capture
):
    crawl = Crawl(store, make_accepted, make_capture, per_run=2)
    crawl.find(1, 2, 3)
    crawl.fetch(CLOCK, crawl.article)
    now = CLOCK + DAY
    with store.transaction():
        store.connection.execute(
            "UPDATE frontier SET outcome = 'not_found', state = 'failed', check_at = check_at + 60"
            " WHERE url_key = 'article:3'"
        )
    assert crawl.open(now) == 2
    assert crawl.open(now) == 2
    waiting = store.connection.execute("SELECT url_key FROM frontier WHERE recheck").fetchall()
    assert [key for (key,) in waiting] == ["article:1", "article:3"]
    assert crawl.due(now) == 3


def test_checks_wait_behind_everything_that_is_new(crawl):
    crawl.find(1)
    crawl.fetch(CLOCK, crawl.article)
    crawl.open(CLOCK + DAY)
    crawl.find(2)
    with crawl.store.transaction():
        leased = crawl.frontier.lease(SITE, 5, CLOCK + DAY)
    assert [(x.key, x.recheck) for x in leased] == [("article:2", False), ("article:1", True)]
    assert leased[1].priority == RECHECK_PRIORITY


@pytest.mark.parametrize(
    ("purpose", "keys"),
    [(Purpose.NO_RECHECKS, ["article:2"]), (Purpose.RECHECKS_ONLY, ["article:1"])],
)
def test_a_run_takes_only_what_it_is_for(crawl, purpose, keys):
    crawl.find(1)
    crawl.fetch(CLOCK, crawl.article)
    crawl.open(CLOCK + DAY)
    frontier = Frontier(crawl.store.connection, purpose)
    crawl.find(2)
    with crawl.store.transaction():
        assert [x.key for x in frontier.lease(SITE, 5, CLOCK + DAY)] == keys
    assert frontier.next_ready_at(SITE) is None


def test_a_check_that_learned_nothing_is_made_again_a_day_later(crawl):
    crawl.find(1)
    crawl.fetch(CLOCK, crawl.article)
    now = CLOCK + DAY
    crawl.open(now)
    down = Failed(reason="http_status", detail="HTTP 403")
    assert crawl.fetch(now, lambda *_: down) == ["failed"]
    assert crawl.open(now + HOUR) == 0
    with crawl.store.transaction():
        assert crawl.frontier.retry_transient(SITE) == 0
    assert crawl.open(now + DAY) == 1


@pytest.fixture
def gone(make_capture):
    def outcome_of(leased, now):
        capture = make_capture(leased.url, status=404, fetched_at=instant_of(now))
        return Failed(reason="not_found", detail="HTTP 404", capture=capture)

    return outcome_of


def test_the_second_look_comes_after_the_hours_of_the_plan(crawl, gone):
    crawl.find(1)
    crawl.fetch(CLOCK, crawl.article)
    now = CLOCK + DAY
    crawl.open(now)
    assert crawl.fetch(now, gone) == ["missing"]
    assert crawl.open(now + 11 * HOUR) == 0
    assert crawl.open(now + 12 * HOUR) == 1


def test_an_imported_article_that_is_missing_gets_its_second_look_too(crawl, make_accepted, gone):
    with crawl.store.transaction():
        crawl.store.store_outcome(make_accepted(number=1))
    crawl.find(1)
    assert crawl.fetch(CLOCK + DAY, gone) == ["missing"]
    assert crawl.open(CLOCK + 1.5 * DAY) == 1


def test_a_clock_set_back_keeps_the_waiting_time(crawl):
    crawl.find(1)
    crawl.fetch(CLOCK, crawl.article)
    earlier = CLOCK - 400 * DAY
    assert crawl.open(earlier) == 0
    assert crawl.open(earlier + 0.5 * DAY) == 0
    assert crawl.open(earlier + DAY) == 1


def test_an_article_that_left_the_archive_is_not_due(crawl):
    crawl.find(1)
    crawl.fetch(CLOCK, crawl.article)
    with crawl.store.transaction():
        for table in ("figures", "evidence", "article_versions"):
            crawl.store.connection.execute(f"DELETE FROM {table}")
        crawl.store.connection.execute("DELETE FROM articles")
    assert crawl.due(CLOCK + DAY) == crawl.open(CLOCK + DAY) == 0


# validators


def listing(crawl, now, *, headers, kind=UrlKind.LISTING):
    """Read a list once, with these response headers."""
    found = FoundUrl(url="http://bao.vn/list", kind=kind, seed="list")
    with crawl.store.transaction():
        crawl.frontier.add(SITE, [found], run_id="run-0", now="2026-11-24T03:00:00Z", found_on=None)
    capture = crawl.make_capture(found.url, headers=headers, fetched_at=instant_of(now))
    crawl.fetch(now, lambda *_: Explored(capture=capture), run_id="run-0")
    return found, capture


def lease_again(crawl, found, now, **changes):
    with crawl.store.transaction():
        crawl.frontier.add(
            SITE, [found], run_id="run-1", now="2026-11-24T03:00:00Z", found_on=None, **changes
        )
        (leased,) = crawl.frontier.lease(SITE, 5, now)
    return leased


def test_validators_are_sent_back_as_they_came_with_the_capture_they_stand_for(crawl):
    headers = (("ETag", 'W/"a\xe9"'), ("Last-Modified", "Tue, 24 Nov 2026 03:00:00 GMT"))
    found, capture = listing(crawl, CLOCK, headers=headers)
    validators = lease_again(crawl, found, CLOCK + DAY).validators
    assert validators.headers == {
        "If-None-Match": b'W/"a\xe9"',
        "If-Modified-Since": b"Tue, 24 Nov 2026 03:00:00 GMT",
    }
    assert validators.refers_to == (capture.url, capture.fetched_at)


def test_without_validators_the_request_has_no_conditions(crawl):
    found, _ = listing(crawl, CLOCK, headers=())
    assert lease_again(crawl, found, CLOCK + DAY).validators is None


def test_a_list_is_read_in_full_again_after_a_week(crawl):
    found, _ = listing(crawl, CLOCK, headers=(("ETag", '"a"'),))
    assert lease_again(crawl, found, CLOCK + 8 * DAY).validators is None


def test_a_backfill_reads_lists_in_full(crawl):
    found, _ = listing(crawl, CLOCK, headers=(("ETag", '"a"'),))
    assert lease_again(crawl, found, CLOCK + DAY, backfill_id=1).validators is None


def test_validators_of_a_revisit_refer_to_the_record_with_the_payload(crawl, make_capture):
    full = make_capture("http://bao.vn/other", fetched_at=instant_of(CLOCK - DAY))
    with crawl.store.transaction():
        crawl.store.add_capture(full)
    headers = (("ETag", '"a"'),)
    found = FoundUrl(url="http://bao.vn/list", kind=UrlKind.LISTING, seed="list")
    listing(crawl, CLOCK, headers=headers)
    with crawl.store.transaction():
        crawl.store.connection.execute(
            "UPDATE captures SET kind = 'revisit' WHERE url = ?", (found.url,)
        )
    assert lease_again(crawl, found, CLOCK + DAY).validators.refers_to == (
        full.url,
        full.fetched_at,
    )


def test_not_modified_moves_the_article_on_without_a_version(crawl, make_capture):
    crawl.find(1)
    crawl.fetch(CLOCK, crawl.article)
    now = CLOCK + DAY
    crawl.open(now)

    def not_modified(leased, at):
        capture = make_capture(
            leased.url, status=304, payload_sha256=None, fetched_at=instant_of(at)
        )
        return NotModified(capture=capture)

    assert crawl.fetch(now, not_modified) == ["unchanged"]
    assert crawl.store.connection.execute(
        "SELECT version, last_captured_at FROM articles"
    ).fetchone() == (1, "2026-11-25T03:00:00.000000Z")


def test_an_archive_from_before_rechecks_plans_them_for_its_articles(tmp_path):
    root = tmp_path / "older"
    root.mkdir()
    database = sqlite_utils.Database(root / "archive.db")
    MIGRATIONS.apply(database, stop_before="m006_rechecks")
    settled = "2026-11-24T03:00:00.000000Z"
    row = {
        "site": "bao",
        "kind": "article",
        "state": "done",
        "found_at": settled,
        "settled_at": settled,
    }
    rows = [
        ("article:1", "accepted"),
        ("article:2", "not_militia"),
        ("http://bao.vn/x", "accepted"),
    ]
    database["frontier"].insert_all(
        row | {"url_key": key, "url": f"http://bao.vn/{number}.html", "outcome": outcome}
        for number, (key, outcome) in enumerate(rows)
    )
    database["article_addresses"].insert(
        {
            "article_id": "bao:x",
            "url": "http://bao.vn/2.html",
            "source": "captured",
            "first_seen_at": settled,
        }
    )
    database.conn.commit()
    database.close()
    with Store.open(root) as store:
        planned = store.connection.execute(
            "SELECT article_id, check_step, check_at FROM frontier ORDER BY id"
        ).fetchall()
    at = CLOCK + DAY
    assert planned == [("bao:1", 0, at), (None, None, None), ("bao:x", 0, at)]
