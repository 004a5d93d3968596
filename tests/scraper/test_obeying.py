"""What becomes of orders, with a clock and crawls of our own and the real table."""

from __future__ import annotations

import subprocess
from datetime import UTC, datetime

import attrs
import orjson
import pytest

import archive.schedule_table
from archive import order_work
from archive.audit import read_trail
from archive.database import translated_errors
from archive.errors import ArchiveUnwritable
from archive.health.alarms import Finding, close, find_alarm, see
from archive.health.alarms import Kind as AlarmKind
from archive.instants import VIETNAM
from archive.locks import SiteLock
from archive.order_wording import said
from archive.orders import Kind, Options, Outcome, ask, find_order
from archive.runs import STOPPED
from archive.schedule import Entry, Job
from archive.schedule_table import ScheduleTable
from archive.store import Store
from archive.timing import read_hours, read_timing
from scraper.due import NOT_BEGUN, SiteEnd, Wishes
from scraper.obeying import MOST_AT_WORK, Obeyer
from scraper.obeying_thread import ObeyingThread

NOON = datetime(2026, 11, 25, 12, 0, tzinfo=VIETNAM).timestamp()
HOUR = 3600.0


@attrs.define
class Hands:
    """Crawls and checks that end at once, as they are told to."""

    time: float = NOON
    is_stopped: bool = False
    ends: dict = attrs.field(factory=dict)
    requests: list = attrs.field(factory=list)
    checked: subprocess.CompletedProcess | None = None

    def now(self):
        return self.time

    def crawl(self, request):
        self.requests.append(request)
        end = self.ends.get(request.sites[0], SiteEnd(site="bao", reason="finished", fetched=3, accepted=1))  # fmt: skip
        if isinstance(end, Exception):
            raise end
        return [end]

    def check(self, site, contact, on_tick):  # noqa: ARG002 - what the real one takes
        on_tick()
        return self.checked


@pytest.fixture
def root(tmp_path):
    Store.open(tmp_path).close()
    return tmp_path


@pytest.fixture
def hands():
    return Hands()


@pytest.fixture
def new_obeyer(root, hands):
    made = []

    def make(**wishes):
        made.append(Obeyer(Wishes(root=root, **wishes), hands))
        return made[-1]

    yield make
    for one in made:
        one.close()


@pytest.fixture
def obeyer(new_obeyer):
    return new_obeyer()


def order(root, kind=Kind.CRAWL, site="bao", **options):
    with Store.open(root) as store:
        return ask(
            store, kind, site, asked_by="Lan", now=NOON, options=Options(**options), known={site}
        ).id


def schedule(root, site="bao", **values):
    entry = {"site": site, "job": Job.CRAWL, "timing": read_timing("cron 15 2 * * *")}
    with Store.open(root) as store:
        ScheduleTable(store).set(Entry(**entry | values), NOON)


def state(root, number):
    with Store.open(root) as store:
        return find_order(store.connection, number)


def let_work(obeyer):
    """Take what can be taken, wait until it has ended, write how."""
    obeyer.look()
    for one in list(obeyer._at_work.values()):
        one.future.exception(timeout=60)
    obeyer.look(begin=False)


def test_an_ordered_crawl_is_made_as_asked_and_answered(root, hands, obeyer):
    number = order(root, job=Job.BACKFILL, span="2019..2020", max_pages=50)
    let_work(obeyer)
    [request] = hands.requests
    assert (request.sites, request.backfill, request.max_pages) == (("bao",), "2019..2020", 50)
    ended = state(root, number)
    assert (ended.outcome, str(ended.message)) == (Outcome.DONE, "finished; 3 fetched, 1 accepted")
    assert obeyer.accepted == 1
    assert not obeyer.is_at_work


def test_rechecks_can_be_ordered(root, hands, obeyer):
    order(root, job=Job.RECHECKS)
    let_work(obeyer)
    assert hands.requests[0].rechecks == "only"


def test_an_order_for_a_paper_without_a_site_file_is_refused(root, hands, new_obeyer):
    number = order(root)
    let_work(new_obeyer(why_not=lambda _: "no site file has this id"))
    ended = state(root, number)
    assert ended.outcome is Outcome.REFUSED
    assert "no site file has this id" in str(ended.message)
    assert hands.requests == []


def test_an_order_for_a_locked_paper_waits_and_says_for_whom(root, hands, obeyer):
    number = order(root)
    with Store.open(root) as store:
        lock = SiteLock(store, "bao")
        lock.acquire()
        let_work(obeyer)
        assert "being crawled or imported by process" in str(state(root, number).message)
        lock.release(None)
    let_work(obeyer)
    assert state(root, number).outcome is Outcome.DONE
    assert len(hands.requests) == 1


def test_a_paper_locked_at_the_last_moment_lets_the_order_wait(root, hands, obeyer):
    number = order(root)
    with Store.open(root) as store:
        lock = SiteLock(store, "bao")
        hands.ends["bao"] = SiteEnd(site="bao", reason=NOT_BEGUN, detail="bao is being crawled")
        obeyer.look()
        [one] = obeyer._at_work.values()
        one.future.exception(timeout=60)
        lock.acquire()
        obeyer.look(begin=False)
        lock.release(None)
    waiting = state(root, number)
    assert (waiting.is_waiting, waiting.tries) == (True, 0)
    assert "was faster" in str(waiting.message)


def test_allowed_hours_are_kept_and_end_the_crawl_unless_the_order_says_otherwise(
    root, hands, obeyer
):
    schedule(root, hours=read_hours("22:00-06:00"))
    number, urgent = order(root), order(root, max_pages=5, any_hour=True)
    let_work(obeyer)
    assert "22:00-06:00 only" in str(state(root, number).message)
    assert state(root, urgent).outcome is Outcome.DONE
    assert hands.requests[0].until == {}
    hands.time = NOON + 11 * HOUR
    let_work(obeyer)
    assert state(root, number).outcome is Outcome.DONE
    assert hands.requests[1].until == {"bao": NOON + 18 * HOUR}


def test_a_nearly_full_disk_lets_crawls_wait(root, hands, new_obeyer):
    number = order(root)
    let_work(new_obeyer(least_mb=10**9))
    assert "disk is nearly full" in str(state(root, number).message)
    assert hands.requests == []


def test_what_cannot_be_written_is_written_at_a_later_look(root, obeyer, monkeypatch):
    number = order(root)
    obeyer.look()
    [one] = obeyer._at_work.values()
    one.future.exception(timeout=60)

    def full(*_, **__):
        raise ArchiveUnwritable("the disk is full")

    with monkeypatch.context() as patch:
        patch.setattr(order_work, "finish", full)
        with pytest.raises(ArchiveUnwritable):
            obeyer.look(begin=False)
    assert state(root, number).outcome is None
    obeyer.look(begin=False)
    assert state(root, number).outcome is Outcome.DONE


def test_a_pause_that_a_full_disk_cut_short_is_taken_up(root, obeyer, monkeypatch):
    schedule(root)
    number = order(root, Kind.PAUSE)

    def full(*_, **__):
        raise ArchiveUnwritable("the disk is full")

    with monkeypatch.context() as patch:
        patch.setattr(archive.schedule_table, "note_deed", full)
        with pytest.raises(ArchiveUnwritable):
            obeyer.look()
    assert state(root, number).is_open
    with Store.open(root) as store:
        assert not ScheduleTable(store).get("bao", Job.CRAWL).entry.is_paused
    obeyer.look()
    assert state(root, number).outcome is Outcome.DONE


def test_an_alarm_is_taken_note_of_in_the_name_of_whoever_asked(root, obeyer):
    with Store.open(root) as store:
        with store.transaction():
            see(store.connection, [Finding(site=None, kind=AlarmKind.DISK_FULL)], datetime.fromtimestamp(NOON, UTC))  # fmt: skip
        asked = ask(store, Kind.ACKNOWLEDGE, "", asked_by="Lan", now=NOON, note="đĩa mới", options=Options(alarm=1))  # fmt: skip
    obeyer.look()
    with Store.open(root) as store:
        alarm = find_alarm(store.connection, 1)
        trail = read_trail(store.connection, order_id=asked.id)
    assert (alarm.acknowledged_by, alarm.note) == ("Lan", "đĩa mới")
    assert [one.action for one in trail] == ["finished", "acknowledged", "taken", "asked"]
    assert str(state(root, asked.id).message) == "alarm 1 is taken note of"


def test_an_alarm_that_is_over_meanwhile_is_not_taken_note_of(root, obeyer):
    at = datetime.fromtimestamp(NOON, UTC)
    with Store.open(root) as store:
        with store.transaction():
            see(store.connection, [Finding(site="bao", kind=AlarmKind.BLOCKED)], at)
        asked = ask(store, Kind.ACKNOWLEDGE, "bao", asked_by="Lan", now=NOON, note="x", options=Options(alarm=1))  # fmt: skip
        with store.transaction():
            close(store.connection, [1], at)
    obeyer.look()
    ended = state(root, asked.id)
    assert (ended.outcome, ended.message) == (Outcome.REFUSED, said("alarm over", n=1))


def test_pause_and_resume_change_the_schedule_and_stand_in_the_trail(root, obeyer):
    schedule(root)
    order(root, Kind.PAUSE)
    obeyer.look()
    with Store.open(root) as store:
        assert ScheduleTable(store).get("bao", Job.CRAWL).entry.is_paused
        [deed] = [x for x in read_trail(store.connection) if x.action == "paused"]
    assert (deed.who, deed.before[0]["is_paused"], deed.after[0]["is_paused"]) == ("Lan", False, True)  # fmt: skip
    order(root, Kind.RESUME)
    obeyer.look()
    with Store.open(root) as store:
        assert not ScheduleTable(store).get("bao", Job.CRAWL).entry.is_paused


def test_a_pause_of_what_was_removed_meanwhile_is_refused(root, obeyer):
    schedule(root)
    number = order(root, Kind.PAUSE)
    with Store.open(root) as store:
        table = ScheduleTable(store)
        table.remove(table.all(), NOON)
    obeyer.look()
    ended = state(root, number)
    assert (ended.outcome, ended.message) == (Outcome.REFUSED, said("nothing scheduled", site="bao"))  # fmt: skip


@pytest.mark.parametrize(
    ("reason", "outcome"),
    [("page limit", Outcome.DONE), (STOPPED, Outcome.DONE), ("unreachable", Outcome.FAILED)],
)
def test_the_end_of_the_crawl_is_the_answer(root, hands, obeyer, reason, outcome):
    hands.ends["bao"] = SiteEnd(site="bao", reason=reason, detail="so it was")
    number = order(root)
    let_work(obeyer)
    assert (state(root, number).outcome, "so it was" in str(state(root, number).message)) == (outcome, True)  # fmt: skip


def test_a_crawler_that_is_stopped_leaves_the_order_to_the_next(root, hands, obeyer, new_obeyer):
    hands.ends["bao"] = SiteEnd(site="bao", reason="interrupted")
    number = order(root)
    let_work(obeyer)
    assert state(root, number).is_waiting
    hands.ends.clear()
    let_work(new_obeyer())
    assert state(root, number).outcome is Outcome.DONE


def test_a_crawl_that_dies_each_time_is_given_up(root, hands, obeyer):
    hands.ends["bao"] = SiteEnd(site="bao", reason=NOT_BEGUN)
    number = order(root)
    for tries in (1, 2):
        let_work(obeyer)
        assert (state(root, number).is_waiting, state(root, number).tries) == (True, tries)
    let_work(obeyer)
    assert state(root, number).outcome is Outcome.FAILED


def test_an_error_of_the_program_ends_the_order_with_its_name(root, hands, obeyer):
    hands.ends["bao"] = RuntimeError("surprise")
    number = order(root)
    let_work(obeyer)
    assert str(state(root, number).message) == "RuntimeError: surprise"
    assert state(root, number).outcome is Outcome.FAILED


def test_only_so_many_are_obeyed_at_a_time(root, obeyer):
    numbers = [order(root, site=f"bao{n}") for n in range(MOST_AT_WORK + 1)]
    obeyer.look()
    assert "the most at a time" in str(state(root, numbers[-1]).message)
    let_work(obeyer)
    let_work(obeyer)
    assert {state(root, number).outcome for number in numbers} == {Outcome.DONE}


def test_of_two_that_look_one_obeys(root, hands, obeyer, new_obeyer):
    order(root)
    obeyer.look()
    new_obeyer().look()
    let_work(obeyer)
    assert len(hands.requests) == 1


def test_a_check_holds_the_papers_lock_and_keeps_what_it_found(root, hands, obeyer):
    found = {"site": "bao", "pages": 5, "problems": []}
    hands.checked = subprocess.CompletedProcess([], 0, orjson.dumps({"sites": [found]}), b"")
    number = order(root, Kind.CHECK)
    let_work(obeyer)
    ended = state(root, number)
    assert (ended.outcome, ended.result) == (Outcome.DONE, found)
    with Store.open(root) as store, translated_errors(store.path):
        [(holder, last)] = store.connection.execute("SELECT holder, last_fetch_at FROM site_locks")
    assert (holder, last) == ("", NOON)


@pytest.mark.parametrize(
    ("done", "outcome", "message"),
    [
        ((2, b"", b"dqtv: bao is not visited"), Outcome.REFUSED, "bao is not visited"),
        ((1, b"", b""), Outcome.FAILED, "the check gave no answer"),
    ],
)
def test_a_check_that_cannot_be_made_says_why(root, hands, done, outcome, message):
    hands.checked = subprocess.CompletedProcess([], *done)
    number = order(root, Kind.CHECK)
    obeyer = Obeyer(Wishes(root=root), hands)
    let_work(obeyer)
    obeyer.close()
    assert (state(root, number).outcome, str(state(root, number).message)) == (outcome, message)


def test_a_clock_set_back_loses_no_order(root, hands, obeyer):
    number = order(root)
    hands.time = NOON - 48 * HOUR
    let_work(obeyer)
    assert state(root, number).outcome is Outcome.DONE


def test_a_round_obeys_a_papers_second_order_after_its_first(root, hands, obeyer):
    numbers = [order(root), order(root, max_pages=5)]
    with ObeyingThread(obeyer, on_error=pytest.fail):
        assert "another order" in str(state(root, numbers[1]).message)
    assert [state(root, number).outcome for number in numbers] == [Outcome.DONE, Outcome.DONE]
    assert [request.max_pages for request in hands.requests] == [None, 5]


def test_a_round_obeys_what_waited_for_its_own_crawl_of_the_paper(root, obeyer):
    number = order(root)
    with Store.open(root) as store:
        lock = SiteLock(store, "bao")
        lock.acquire()
        with ObeyingThread(obeyer, on_error=pytest.fail):
            assert "being crawled" in str(state(root, number).message)
            lock.release(None)
    assert state(root, number).outcome is Outcome.DONE


def test_a_round_that_is_told_to_stop_begins_no_other_order(root, hands, obeyer):
    numbers = [order(root), order(root, max_pages=5)]
    with ObeyingThread(obeyer, on_error=pytest.fail):
        hands.is_stopped = True
    assert [state(root, number).outcome for number in numbers] == [Outcome.DONE, None]
