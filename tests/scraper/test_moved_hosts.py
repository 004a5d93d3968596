"""When a paper's whole site has moved, and when it only looks like it."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from archive.model import Capture, Explored, Failed, FoundUrl, NotModified, Redirected
from scraper.moved_hosts import HostWatch


def capture(status: int = 200, location: str | None = None) -> Capture:
    return Capture(
        id="c", site="bao", url="https://bao.example/tin", fetched_at=datetime(2026, 11, 24, tzinfo=UTC),
        status=status, headers=(("Location", location),) if location else (),
    )  # fmt: skip


def leads_to(location: str, status: int = 301) -> Redirected:
    return Redirected(capture=capture(status, location))


def watch(*outcomes) -> HostWatch:
    hosts = HostWatch()
    for outcome in outcomes:
        hosts.see(outcome)
    return hosts


def test_a_paper_whose_pages_all_lead_to_one_host_has_moved():
    moved = watch(leads_to("https://moi.example/"), leads_to("https://moi.example/tin")).moved()
    assert moved is not None
    assert moved[0] == "moi.example"


def test_no_answer_at_all_is_no_sign_of_a_move():
    assert watch(Failed(reason="timeout"), leads_to("https://moi.example/")).moved() is not None
    assert watch(Failed(reason="timeout")).moved() is None


@pytest.mark.parametrize(
    "other",
    [
        Explored(capture=capture()),
        NotModified(capture=capture(304)),
        Failed(reason="not_found", capture=capture(404)),
        leads_to("https://nua.example/"),
        leads_to("https://moi.example/", 302),
        Redirected(capture=capture(301, "/tin-moi"), target=FoundUrl(url="https://bao.example/tin-moi")),
    ],
)  # fmt: skip
def test_a_paper_that_answers_anything_else_has_not_moved(other):
    assert watch(leads_to("https://moi.example/"), other).moved() is None
