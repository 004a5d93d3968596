"""The frontier table: what is handed out, what comes back, what a dead process leaves."""

from __future__ import annotations

from datetime import UTC, datetime

import attrs
import pytest

from archive.deaths import MAX_INTERRUPTED, SUSPECT
from archive.frontier import (
    MAX_ATTEMPTS,
    MAX_ATTEMPTS_EVER,
    RETRY_WAITS,
    Frontier,
    LeasedUrl,
)
from archive.instants import read_instant
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


def test_a_clock_set_back_leaves_each_wait_its_length(store, frontier):
    add(store, frontier, article(1), article(2))
    first, second = lease(store, frontier)
    asked = Failed(reason="slow_down", retry=True, retry_after=3600.0)
    settle(store, frontier, first, asked, clock=instant(NOW))
    settle(store, frontier, second, asked, clock=instant(NOW) - 7200.0 + 3600.0)
    a_week_back = instant(NOW) - 7 * 86_400.0
    for clock in (a_week_back, a_week_back + 60.0):
        with store.transaction():
            frontier.follow_clock("paper", clock)
    assert frontier.next_ready_at("paper") == pytest.approx(a_week_back, abs=0.01)
    assert frontier.asked_to_wait_until("paper") == pytest.approx(a_week_back + 3600.0, abs=0.01)


def test_a_clock_that_was_not_set_back_changes_no_wait(store, frontier):
    add(store, frontier, article(1))
    (leased,) = lease(store, frontier)
    asked = Failed(reason="slow_down", retry=True, retry_after=3600.0)
    settle(store, frontier, leased, asked, clock=instant(NOW))
    with store.transaction():
        frontier.follow_clock("paper", instant(NOW) + 60.0)
    assert frontier.asked_to_wait_until("paper") == instant(NOW) + 3600.0


def instant(text) -> float:
    return read_instant(text).timestamp()


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


def die(store, frontier, limit=10) -> list[str]:
    """A run that dies with what it leased; the addresses it held."""
    held = [url.url for url in lease(store, frontier, limit)]
    with store.transaction():
        frontier.recover("paper")
    return held


def test_an_address_that_keeps_killing_its_process_is_given_up(store, frontier):
    add(store, frontier, article(1))
    for _ in range(MAX_INTERRUPTED):
        die(store, frontier)
    assert lease(store, frontier) == []
    assert frontier.counts("paper") == {"failed": 1}


def test_addresses_that_were_only_beside_one_are_never_given_up(store, frontier):
    """However often a process is killed: a death with several under way says nothing about one of them."""
    add(store, frontier, article(1), article(2), article(3))
    for _ in range(SUSPECT):
        assert len(die(store, frontier)) == 3
    (alone,) = lease(store, frontier)
    assert alone.url == article(1).url
    assert lease(store, frontier) == [], (
        "while a suspect is under way, nothing is fetched beside it"
    )
    settle(store, frontier, alone, Failed(reason="not_found"))
    for _ in range(MAX_INTERRUPTED - SUSPECT):
        die(store, frontier)
    # 2 and 3 took turns, the least suspicious first
    assert frontier.counts("paper") == {"failed": 1, "found": 2}


def test_a_suspect_waits_behind_all_others_of_its_site(store, frontier):
    add(store, frontier, article(1))
    for _ in range(SUSPECT):
        die(store, frontier)
    add(store, frontier, article(2))
    (first,) = lease(store, frontier)
    assert first.url == article(2).url
    settle(store, frontier, first, Failed(reason="not_found"))
    assert [url.url for url in lease(store, frontier)] == [article(1).url]


def test_an_address_given_up_for_killing_is_tried_again_a_week_later(store, frontier):
    add(store, frontier, article(1))
    for _ in range(MAX_INTERRUPTED):
        die(store, frontier)
    with store.transaction():
        assert frontier.retry_transient("paper") == 0
    with store.transaction():
        store.connection.execute("UPDATE frontier SET settled_at = '2020-01-01T00:00:00.000000Z'")
        assert frontier.retry_transient("paper") == 1


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


def keyed(number: int, path: str = "") -> FoundUrl:
    return FoundUrl(url=f"https://paper.example{path}/a-{number}.html", key=f"article:{number}")


def addresses(store) -> list[tuple[str, str]]:
    return store.connection.execute(
        "SELECT article_id, url FROM article_addresses ORDER BY article_id, url"
    ).fetchall()


def test_an_article_known_under_another_address_is_fetched_once_and_both_are_remembered(
    store, frontier
):
    assert add(store, frontier, keyed(1), keyed(1, "/quoc-phong")) == 1
    assert add(store, frontier, keyed(1, "/thoi-su")) == 0
    assert len(lease(store, frontier)) == 1
    assert addresses(store) == [
        ("paper:1", "https://paper.example/quoc-phong/a-1.html"),
        ("paper:1", "https://paper.example/thoi-su/a-1.html"),
    ], "the first address is the row's own"


def test_a_redirect_to_another_address_of_the_same_article_is_the_same_row(store, frontier):
    add(store, frontier, keyed(1))
    (leased,) = lease(store, frontier)
    target = attrs.evolve(keyed(1, "/quoc-phong"), hops=1)
    settle(store, frontier, leased, Redirected(capture=capture(), target=target))
    (again,) = lease(store, frontier)
    assert (again.id, again.url, again.hops) == (leased.id, target.url, 1)


def guess() -> FoundUrl:
    return FoundUrl(
        url="https://paper.example/rss/home.rss", kind=UrlKind.FEED, seed="g", guess=True
    )


def test_a_guess_at_which_nothing_answers_is_remembered_and_not_tried_again(store, frontier):
    add(store, frontier, guess())
    (leased,) = lease(store, frontier)
    settle(store, frontier, leased, Failed(reason="not_found"))
    add(store, frontier, guess(), run_id="run-2")
    assert lease(store, frontier) == []


def test_a_guess_that_only_met_a_broken_line_is_tried_again(store, frontier):
    add(store, frontier, guess())
    clock = CLOCK
    for _ in range(MAX_ATTEMPTS):
        (leased,) = lease(store, frontier, clock=clock)
        settled = settle(store, frontier, leased, Failed(reason="timeout", retry=True), clock=clock)
        clock = settled.retry_at or clock
    add(store, frontier, guess(), run_id="run-2")
    assert len(lease(store, frontier, clock=clock)) == 1


def test_a_guess_that_was_right_is_read_in_every_run(store, frontier):
    add(store, frontier, guess())
    (leased,) = lease(store, frontier)
    settle(store, frontier, leased, Explored(capture=capture()))
    add(store, frontier, guess(), run_id="run-2")
    assert len(lease(store, frontier)) == 1


@pytest.mark.parametrize(("modified", "read_again"), [("2026-11-23", 0), ("2026-11-25", 1)])
def test_a_sitemap_of_an_index_is_read_again_only_when_it_changed(
    store, frontier, modified, read_again
):
    part = FoundUrl(
        url="https://paper.example/sitemap-1.xml",
        kind=UrlKind.SITEMAP,
        modified_at=datetime.fromisoformat(f"{modified}T00:00:00+00:00"),
    )
    with store.transaction():
        frontier.add(
            "paper", (part,), run_id="run-1", now=NOW, found_on="https://paper.example/s.xml"
        )
    (leased,) = lease(store, frontier)
    settle(store, frontier, leased, Explored(capture=capture()))
    add(store, frontier, part, run_id="run-2")
    assert len(lease(store, frontier)) == read_again


def test_a_challenge_page_is_tried_again_by_a_later_run(store, frontier):
    add(store, frontier, keyed(1))
    (leased,) = lease(store, frontier)
    settle(store, frontier, leased, Failed(reason="blocked"))
    assert lease(store, frontier) == []
    with store.transaction():
        assert frontier.retry_transient("paper") == 1
