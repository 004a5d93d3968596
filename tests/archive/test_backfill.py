"""Backfills: how far back a list is followed, why it stops, and what a killed run leaves."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest

from archive.backfill import END_OF_LIST, NO_FURTHER_PAGES, REACHED_FIRST_DAY, REPEATS, Backfills
from archive.frontier import Frontier
from archive.instants import VIETNAM
from archive.model import (
    Article,
    Capture,
    DaySpan,
    Explored,
    Failed,
    FoundUrl,
    Rejected,
    RejectReason,
    UrlKind,
)
from archive.store import Store

NOW = "2026-11-24T03:00:00.000000Z"
CLOCK = 1_795_000_000.0
SPAN = DaySpan(first=date(2022, 1, 1), last=date(2022, 12, 31))
HOME = "https://paper.example/"


@pytest.fixture
def store(tmp_path):
    with Store.open(tmp_path) as store:
        yield store


class Walk:
    """A backfill of one listing, page by page, as the ledger drives it."""

    def __init__(self, store: Store, run_id: str = "run-1") -> None:
        self.store = store
        self.run_id = run_id
        self.frontier = Frontier(store.connection)
        self.backfills = Backfills(store.connection)
        with store.transaction():
            self.id = self.backfills.open("paper", SPAN, now=NOW)
            self.frontier.add(
                "paper", (listing(1),), run_id=run_id, now=NOW, found_on=None, backfill_id=self.id
            )

    def lease(self, limit=1):
        with self.store.transaction():
            return self.frontier.lease("paper", limit, CLOCK)

    def settle(self, leased, outcome) -> None:
        with self.store.transaction():
            self.frontier.settle(leased, outcome, run_id=self.run_id, now=NOW, clock=CLOCK)

    def list_page(self, leased, *numbers: int, last: bool = False) -> None:
        found = tuple(FoundUrl(url=f"{HOME}a-{n}.html", key=f"article:{n}") for n in numbers)
        outcome = Explored(
            capture=CAPTURE,
            found=found,
            listed=tuple(item.key for item in found),
            next_page=None if last else listing(leased.page + 1),
        )
        self.settle(leased, outcome)

    def date_articles(self, year: int) -> None:
        """Fetch every article that waits; all were published in *year*."""
        for leased in self.lease(50):
            if leased.kind is not UrlKind.ARTICLE:
                with self.store.transaction():
                    self.frontier.give_back([leased.id])
                continue
            published = datetime(year, 6, 1, 8, 0, tzinfo=VIETNAM)
            article = Article(
                id="paper:x", site="paper", url=leased.url, title="x", published_at=published
            )
            self.settle(
                leased,
                Rejected(capture=CAPTURE, reason=RejectReason.NOT_MILITIA, article=article),
            )

    @property
    def seed(self):
        (seed,) = self.backfills.progress(self.id).seeds
        return seed


CAPTURE = Capture(
    id="c", site="paper", url=HOME, fetched_at=datetime(2026, 11, 24, tzinfo=UTC), status=200
)


def listing(page: int) -> FoundUrl:
    return FoundUrl(
        url=f"{HOME}l?p={page}", kind=UrlKind.LISTING, seed="list", page=page, priority=10
    )


def test_articles_of_a_page_are_fetched_before_the_page_after_it(store):
    walk = Walk(store)
    (first,) = walk.lease()
    walk.list_page(first, 1, 2)
    assert [x.kind for x in walk.lease(5)] == [UrlKind.ARTICLE, UrlKind.ARTICLE, UrlKind.LISTING]


def test_known_articles_do_not_stop_a_backfill(store):
    walk = Walk(store)
    with store.transaction():
        known = FoundUrl(url=HOME + "a-1.html", key="article:1")
        walk.frontier.add("paper", (known,), run_id="run-0", now=NOW, found_on=None)
    (first,) = walk.lease()
    walk.list_page(first, 1)
    assert [x.page for x in walk.lease(5) if x.kind is UrlKind.LISTING] == [2]


def test_it_stops_a_page_after_the_first_day_asked_for(store):
    walk = Walk(store)
    (first,) = walk.lease()
    walk.list_page(first, 1, 2)
    walk.date_articles(2021)
    (second,) = walk.lease()
    walk.list_page(second, 3)
    assert (walk.seed.reason, walk.seed.oldest, walk.seed.pages) == (
        REACHED_FIRST_DAY, "2021-06-01", 2,
    )  # fmt: skip


def test_articles_of_the_days_asked_for_or_later_lead_further_back(store):
    walk = Walk(store)
    for year in (2026, 2022):
        (page,) = walk.lease()
        walk.list_page(page, page.page * 10)
        walk.date_articles(year)
    assert walk.lease()[0].page == 3
    assert walk.seed.reason is None


@pytest.mark.parametrize(
    ("numbers", "last", "reason"),
    [((), False, END_OF_LIST), ((1,), False, REPEATS), ((9,), True, NO_FURTHER_PAGES)],
)
def test_a_list_that_ends_says_how(store, numbers, last, reason):
    walk = Walk(store)
    (first,) = walk.lease()
    walk.list_page(first, 1)
    walk.date_articles(2022)
    (second,) = walk.lease()
    walk.list_page(second, *numbers, last=last)
    assert walk.seed.reason == reason
    assert [x for x in walk.lease(5) if x.kind is UrlKind.LISTING] == []


def test_a_page_that_cannot_be_read_is_the_reason_until_it_can(store):
    walk = Walk(store)
    (first,) = walk.lease()
    walk.settle(first, Failed(reason="blocked"))
    assert walk.seed.reason == "page 1: blocked"
    with store.transaction():
        walk.frontier.finish_backfill("paper", walk.id, now=NOW)
        walk.frontier.retry_transient("paper")
    assert not walk.backfills.progress(walk.id).finished, "a later run may still get it"
    (again,) = walk.lease()
    walk.list_page(again, 1)
    assert walk.seed.reason is None


def test_a_later_run_of_the_same_days_goes_on_and_reads_no_page_again(store):
    walk = Walk(store)
    (first,) = walk.lease()
    walk.list_page(first, 1)
    walk.lease(5)  # held by a process that is killed now

    again = Walk(store, run_id="run-2")
    with store.transaction():
        again.frontier.recover("paper")
    assert again.id == walk.id
    assert sorted((x.kind.value, x.page) for x in again.lease(5)) == [
        ("article", None),
        ("listing", 2),
    ]


def test_a_finished_backfill_is_begun_anew_when_asked_for_again(store):
    walk = Walk(store)
    (first,) = walk.lease()
    walk.list_page(first, last=True)
    with store.transaction():
        walk.frontier.finish_backfill("paper", walk.id, now=NOW)
    assert walk.backfills.progress(walk.id).finished
    again = Walk(store, run_id="run-2")
    assert again.id != walk.id
    assert [x.page for x in again.lease()] == [1]


def test_a_daily_run_in_between_reads_its_own_pages_and_leaves_the_backfill_its_own(store):
    walk = Walk(store)
    (first,) = walk.lease()
    walk.list_page(first, 1)
    with store.transaction():
        walk.frontier.add("paper", (listing(1),), run_id="run-2", now=NOW, found_on=None)
    waiting = {x.page: x.backfill_id for x in walk.lease(5) if x.kind is UrlKind.LISTING}
    assert waiting == {1: None, 2: walk.id}
