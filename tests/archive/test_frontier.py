"""The frontier table: what is handed out, what comes back, what a dead process leaves."""

from __future__ import annotations

from datetime import UTC, datetime

import attrs
import pytest

from archive.frontier import (
    MAX_ATTEMPTS,
    MAX_ATTEMPTS_EVER,
    MAX_INTERRUPTED,
    RETRY_WAITS,
    Frontier,
    LeasedUrl,
)
from archive.model import Capture, Explored, Failed, FoundUrl, Redirected, UrlKind
from archive.store import Store

NOW = "2026-11-24T03:00:00.000000Z"
CLOCK = 1_795_000_000.0


@pytest.fixture
def store(tmp_path):
    with Store.open(tmp_path) as store:
        yield store


@pytest.fixture
def frontier(store):
    return Frontier(store.connection)


def add(store, frontier, *found, run_id="run-1"):
    with store.transaction():
        return frontier.add("paper", found, run_id=run_id, now=NOW, found_on=None)


def lease(store, frontier, limit=10, clock=CLOCK) -> list[LeasedUrl]:
    with store.transaction():
        return frontier.lease("paper", limit, clock)


def settle(store, frontier, leased, outcome, *, clock=CLOCK, run_id="run-1"):
    with store.transaction():
        return frontier.settle(leased, outcome, run_id=run_id, now=NOW, clock=clock)


def capture(url="https://paper.example/") -> Capture:
    return Capture(
        id="c", site="paper", url=url, fetched_at=datetime(2026, 11, 24, tzinfo=UTC), status=200
    )


def article(number: int, **changes) -> FoundUrl:
    return attrs.evolve(FoundUrl(url=f"https://paper.example/a-{number}.html"), **changes)


def listing(page: int) -> FoundUrl:
    return FoundUrl(
        url=f"https://paper.example/list?p={page}",
        kind=UrlKind.LISTING,
        seed="list",
        page=page,
        priority=10,
    )


def test_an_address_is_new_once_whatever_its_spelling(store, frontier):
    same = FoundUrl(url="http://www.paper.example/a-1.html?utm_source=zalo#top")
    assert add(store, frontier, article(1), same) == 1
    assert add(store, frontier, article(1)) == 0


def test_listings_are_handed_out_before_articles_and_articles_in_the_order_found(store, frontier):
    add(store, frontier, article(2), article(1), listing(1))
    assert [url.url[-6:] for url in lease(store, frontier)] == ["st?p=1", "2.html", "1.html"]


def test_a_leased_address_is_not_handed_out_twice(store, frontier):
    add(store, frontier, article(1))
    assert len(lease(store, frontier)) == 1
    assert lease(store, frontier) == []


def test_what_a_dead_process_held_is_handed_out_again(store, frontier):
    add(store, frontier, article(1))
    lease(store, frontier)
    with store.transaction():
        assert frontier.recover("paper") == 1
    assert len(lease(store, frontier)) == 1


def test_an_address_that_keeps_killing_its_process_is_given_up(store, frontier):
    add(store, frontier, article(1))
    for _ in range(MAX_INTERRUPTED):
        lease(store, frontier)
        with store.transaction():
            frontier.recover("paper")
    assert lease(store, frontier) == []
    assert frontier.counts("paper") == {"failed": 1}


def test_given_back_addresses_wait_again_without_a_mark(store, frontier):
    add(store, frontier, article(1))
    (leased,) = lease(store, frontier)
    with store.transaction():
        frontier.give_back([leased.id])
    (again,) = lease(store, frontier)
    assert again == leased


def test_a_failed_try_waits_longer_each_time_and_is_given_up_at_last(store, frontier):
    add(store, frontier, article(1))
    clock = CLOCK
    for attempt in range(MAX_ATTEMPTS - 1):
        (leased,) = lease(store, frontier, clock=clock)
        settled = settle(store, frontier, leased, Failed(reason="timeout", retry=True), clock=clock)
        assert settled.retry_at == clock + RETRY_WAITS[attempt]
        assert lease(store, frontier, clock=clock) == [], "not before its time"
        clock = settled.retry_at
    (leased,) = lease(store, frontier, clock=clock)
    assert (
        settle(store, frontier, leased, Failed(reason="timeout", retry=True), clock=clock).retry_at
        is None
    )
    assert frontier.counts("paper") == {"failed": 1}


def test_retry_after_is_waited_out_in_full(store, frontier):
    add(store, frontier, article(1))
    (leased,) = lease(store, frontier)
    outcome = Failed(reason="slow_down", retry=True, retry_after=33.0)
    assert settle(store, frontier, leased, outcome).retry_at == CLOCK + 33.0
    assert frontier.next_ready_at("paper") == CLOCK + 33.0


def test_a_site_that_asked_to_wait_is_known_to_the_next_run(store, frontier):
    add(store, frontier, article(1), article(2))
    assert frontier.asked_to_wait_until("paper") == 0.0
    leased = lease(store, frontier, limit=1)[0]
    settle(store, frontier, leased, Failed(reason="slow_down", retry=True, retry_after=900.0))
    assert frontier.asked_to_wait_until("paper") == CLOCK + 900.0


def test_a_later_run_tries_passing_failures_again_but_not_for_ever(store, frontier):
    add(store, frontier, article(1))
    (leased,) = lease(store, frontier)
    settle(store, frontier, leased, Failed(reason="timeout"))
    for _ in range(MAX_ATTEMPTS_EVER - 1):
        with store.transaction():
            assert frontier.retry_transient("paper") == 1
        (leased,) = lease(store, frontier)
        settle(store, frontier, leased, Failed(reason="timeout"))
    with store.transaction():
        assert frontier.retry_transient("paper") == 0


def test_a_missing_page_is_not_tried_again(store, frontier):
    add(store, frontier, article(1))
    (leased,) = lease(store, frontier)
    settle(store, frontier, leased, Failed(reason="not_found", capture=capture()))
    with store.transaction():
        assert frontier.retry_transient("paper") == 0


def test_a_listing_with_new_articles_leads_to_the_next_page(store, frontier):
    add(store, frontier, listing(1))
    (leased,) = lease(store, frontier)
    outcome = Explored(capture=capture(), found=(article(1), article(2)), next_page=listing(2))
    assert settle(store, frontier, leased, outcome).new == 2
    assert lease(store, frontier, limit=1)[0].page == 2


def test_a_listing_without_anything_new_ends_the_paging(store, frontier):
    add(store, frontier, article(1), listing(1))
    leased = next(url for url in lease(store, frontier) if url.kind is UrlKind.LISTING)
    settle(
        store,
        frontier,
        leased,
        Explored(capture=capture(), found=(article(1),), next_page=listing(2)),
    )
    assert lease(store, frontier) == []


def test_a_listing_is_read_once_in_a_run_and_again_in_the_next(store, frontier):
    add(store, frontier, listing(1))
    (leased,) = lease(store, frontier)
    settle(store, frontier, leased, Explored(capture=capture()))
    add(store, frontier, listing(1))
    assert lease(store, frontier) == []
    add(store, frontier, listing(1), run_id="run-2")
    assert len(lease(store, frontier)) == 1


def test_a_redirect_closes_its_source_and_hands_out_its_target(store, frontier):
    add(store, frontier, article(1))
    (leased,) = lease(store, frontier)
    target = FoundUrl(url="https://paper.example/section/a-1.html", hops=1)
    settle(store, frontier, leased, Redirected(capture=capture(), target=target))
    (moved,) = lease(store, frontier)
    assert (moved.url, moved.hops) == (target.url, 1)


def test_a_redirect_to_another_spelling_of_an_address_fetches_that_spelling(store, frontier):
    add(store, frontier, article(1))
    (leased,) = lease(store, frontier)
    target = FoundUrl(url="http://www.paper.example/a-1.html", hops=1)
    settle(store, frontier, leased, Redirected(capture=capture(), target=target))
    (again,) = lease(store, frontier)
    assert (again.id, again.url, again.hops) == (leased.id, target.url, 1)


def test_a_redirect_without_a_target_closes_the_address(store, frontier):
    add(store, frontier, article(1))
    (leased,) = lease(store, frontier)
    settle(store, frontier, leased, Redirected(capture=capture(), detail="leads outside the site"))
    assert frontier.counts("paper") == {"done": 1}
