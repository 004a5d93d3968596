"""The crawl log: lines in order, and the figures that are read from them."""

from datetime import timedelta

import pytest

from archive.crawl_log import CrawlLog, LogLine, Timing, line_of, reason_of
from archive.instants import utc_text
from archive.model import Failed, Redirected, Rejected, RejectReason
from archive.run_counts import RunCounts

RUN = "20261124T030955Z-1a2b3c4d"


@pytest.fixture
def log(store):
    return CrawlLog(store.connection)


@pytest.fixture
def write(store, log, now):
    """Writes lines of (outcome, reason, captured) one second after the other."""

    def run(*entries, kind="article", every=1.0, site="bao"):
        with store.transaction():
            for number, (outcome, reason, captured) in enumerate(entries, start=1):
                log.add(
                    LogLine(
                        run_id=RUN, position=number, site=site, url=f"http://bao.vn/{number}", kind=kind,
                        outcome=outcome, reason=reason, status=200 if captured else None,
                        capture_id=f"c{number}" if captured else None, seconds=0.25, bytes=10,
                        asked_at=utc_text(now + timedelta(seconds=every * number)),
                    )
                )  # fmt: skip

    return run


def test_lines_come_back_in_order_as_they_were_written(write, log):
    write(("new", None, True), ("failed", "timeout", False))
    first, second = log.lines(RUN)
    assert (first.position, first.outcome, first.capture_id, first.status) == (1, "new", "c1", 200)
    assert (second.outcome, second.reason, second.capture_id, second.status) == (
        "failed",
        "timeout",
        None,
        None,
    )
    assert list(log.lines("another run")) == []


def test_lines_are_chosen_by_outcome_or_by_reason(write, log):
    write(("rejected", "not_militia", True), ("failed", "timeout", False), ("new", None, True))
    assert [x.position for x in log.lines(RUN, outcome="rejected")] == [1]
    assert [x.position for x in log.lines(RUN, outcome="timeout")] == [2]


def test_counts_of_a_run_that_never_finished_are_read_from_its_lines(write, log):
    write(
        ("new", None, True), ("new_version", None, True), ("unchanged", None, True),
        ("rejected", "no_body", True), ("rejected", "no_body", True), ("failed", "timeout", False),
        ("takedown", "not_found", True), ("retry", "server_error", True), ("explored", None, True),
    )  # fmt: skip
    assert log.counts(RUN) == RunCounts(
        fetched=7, accepted=2, unchanged=1, rejected={"no_body": 2},
        failed={"timeout": 1, "not_found": 1},
    )  # fmt: skip
    assert log.outcomes(RUN)["retry"] == 1


def test_robots_txt_counts_as_a_request_but_not_as_a_page(write, log):
    write(("read", None, True), kind="robots")
    assert log.counts(RUN) == RunCounts()
    assert log.pace(RUN)["bao"].requests == 1


def test_the_pace_is_the_smallest_and_the_median_interval(store, write, log, now):
    write(*[("new", None, True)] * 4, every=5.0)
    with store.transaction():
        at = utc_text(now + timedelta(seconds=21))
        log.add(LogLine(run_id=RUN, position=5, site="bao", url="u", kind="article", outcome="new", asked_at=at))  # fmt: skip
        log.add(LogLine(run_id=RUN, position=6, site="bao", url="u", kind="article", outcome="failed"))  # fmt: skip
    pace = log.pace(RUN)["bao"]
    assert (pace.requests, pace.smallest_s, pace.median_s) == (5, 1.0, 5.0)
    assert pace.median_answer_s == 0.25


def test_one_request_has_no_interval(write, log):
    write(("new", None, True))
    assert (log.pace(RUN)["bao"].smallest_s, log.pace(RUN)["bao"].median_s) == (None, None)


def test_a_line_takes_status_and_capture_from_the_answer_and_times_from_the_request(make_capture):
    capture = make_capture(status=404)
    parts = {"url": "u", "kind": "article", "outcome": "failed", "reason": "not_found"}
    line = line_of(
        run_id=RUN, position=3, site="bao", capture=capture, asked=Timing(at="t", seconds=0.5, bytes=7), **parts
    )  # fmt: skip
    assert (line.status, line.capture_id) == (404, capture.id)
    assert (line.asked_at, line.seconds, line.bytes) == ("t", 0.5, 7)
    never = line_of(run_id=RUN, position=4, site="bao", capture=None, asked=None, **parts)
    assert (never.status, never.capture_id, never.asked_at, never.seconds, never.bytes) == (
        None,
    ) * 5


def test_the_reason_is_the_word_of_a_failure_and_the_way_of_a_redirect(make_capture, make_accepted):
    capture = make_capture()
    assert reason_of(Failed(reason="dns")) == "dns"
    assert reason_of(Rejected(capture=capture, reason=RejectReason.NO_BODY)) == "no_body"
    assert reason_of(Redirected(capture=capture, detail="http://bao.vn/2")) == "http://bao.vn/2"
    assert reason_of(make_accepted()) is None
