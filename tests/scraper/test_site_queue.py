"""When the crawl of one site is over, and what it is called then."""

import pytest

from archive.model import Failed
from archive.runs import HOURS_OVER, STOPPED
from scraper.site_queue import BLOCKED_AFTER, LONGEST_WAIT, UNREACHABLE_AFTER, SiteQueue

NOW = 1_795_000_000.0


def failed(reason, **given):
    return Failed(reason=reason, detail="no answer", retry=True, **given)


@pytest.fixture
def queue():
    return SiteQueue(site="bao", width=1)


def test_a_site_that_answers_nothing_is_left_alone(queue):
    for _ in range(UNREACHABLE_AFTER):
        assert queue.ended is None
        queue.watch(failed("connection"), NOW)
    assert (queue.ended, queue.detail) == ("unreachable", "no answer")


def test_a_run_that_reached_nobody_did_not_finish(queue):
    """Few addresses are tried when most wait for a later day, fewer than it takes to give up."""
    queue.watch(failed("robots_unreachable"), NOW)
    queue.finish()
    assert (queue.ended, queue.detail) == ("unreachable", "no answer")


def test_a_run_with_any_answer_finished(queue):
    queue.watch(failed("server_error"), NOW)
    queue.watch(failed("timeout"), NOW)
    queue.finish()
    assert queue.ended is None


def test_a_run_with_nothing_to_do_finished(queue):
    queue.finish()
    assert queue.ended is None


def test_the_first_reason_stays(queue):
    queue.end("page limit", "stopped after 3 pages, as asked")
    queue.watch(failed("timeout"), NOW)
    queue.finish()
    assert queue.ended == "page limit"


@pytest.mark.parametrize("reason", ["page limit", HOURS_OVER])
def test_a_stop_by_order_holds_where_a_backfill_would_go_on_in_its_next_run(queue, reason):
    queue.end(reason, None)
    queue.stop("stopped by order 3 of Lan")
    assert (queue.ended, queue.detail) == (STOPPED, "stopped by order 3 of Lan")


def test_a_stop_by_order_hides_no_failure_of_the_site(queue):
    queue.end("blocked", "a challenge page")
    queue.stop("stopped by order 3 of Lan")
    assert (queue.ended, queue.detail) == ("blocked", "a challenge page")


def test_challenge_pages_in_a_row_end_the_run(queue):
    for _ in range(BLOCKED_AFTER):
        queue.watch(failed("blocked"), NOW)
    assert queue.ended == "blocked"


def test_a_site_that_asks_for_a_long_wait_is_asked_later(queue):
    queue.watch(failed("too_many_requests", retry_after=LONGEST_WAIT + 1), NOW)
    assert queue.ended == "asked to come back later"
