"""What a crawl does with the orders that ask it to stop, with a ledger of our own and the real table."""

from datetime import UTC, datetime
from types import SimpleNamespace

import pytest

from archive.orders import Kind, Outcome, ask, find_order
from archive.runs import STOPPED, start_run
from archive.store import Store
from scraper.site_queue import SiteQueue
from scraper.stop_orders import StopOrders

NOW = datetime(2026, 11, 25, 5, 0, tzinfo=UTC)
RUN = "20261125T050000Z-1a2b3c4d"


@pytest.fixture
def store(tmp_path):
    with Store.open(tmp_path) as store:
        start_run(store, RUN, site="bao", command="crawl", now=NOW)
        yield store


@pytest.fixture
def stops(store):
    session = SimpleNamespace(site="bao", run_id=RUN)
    return StopOrders(SimpleNamespace(store=store, sessions={"bao": session}))


@pytest.fixture
def number(store):
    return ask(store, Kind.STOP, "bao", asked_by="Lan", now=NOW.timestamp(), known={"bao"}).id


def test_a_stop_is_obeyed_also_where_the_run_has_come_to_its_last_page(store, stops, number):
    queue = SiteQueue(site="bao", width=1)
    queue.end("page limit", "stopped after 300 pages, as asked")
    assert stops.obey({"bao": queue}, NOW.timestamp())
    assert (queue.ended, queue.detail) == (STOPPED, f"stopped by order {number} of Lan")
    stops.close(NOW.timestamp())
    assert find_order(store.connection, number).outcome is Outcome.DONE


def test_a_stop_of_a_site_that_finished_is_only_answered(store, stops, number):
    assert not stops.obey({}, NOW.timestamp())
    assert find_order(store.connection, number).is_waiting
    stops.close(NOW.timestamp())
    ended = find_order(store.connection, number)
    assert (ended.outcome, ended.message.code) == (Outcome.DONE, "not seen")
