"""A replay whose pages are read by workers writes what one on this machine does, whatever happens on the way."""

import attrs
import pytest

pytest.importorskip("psycopg", reason="the extra `cluster` is not installed")
pytest.importorskip("fsspec", reason="the extra `cluster` is not installed")

from machines import prepared
from stored_pages import (
    MILITIA,
    REGISTRY,
    SITE,
    Machines,
    content,
    copied,
    fill,
    reading,
)

from archive.cluster.parcel import ParcelPage
from archive.cluster.replay_book import FILE, ReplayBook
from archive.errors import HubUnreachable, UsageError
from archive.health.alarms import open_alarms
from archive.model import RecordLocation
from archive.readings import StoredCapture
from archive.store import Store
from scraper.cluster.database import connected
from scraper.cluster.reading_end import OTHER_RULES, OVER, READ
from scraper.replay import replay

#: In the archive below, by six pages.
PARCELS = 5


@pytest.fixture
def store(tmp_path):
    with Store.open(tmp_path / "archive") as opened:
        yield opened


@pytest.fixture(scope="module")
def database(postgres_server):
    """One for all: a replay leaves nothing in it that hinders another."""
    dsn = postgres_server.new_database()
    prepared(dsn)
    return dsn


@pytest.fixture
def machines(store, database, tmp_path, monkeypatch):
    (tmp_path / "hub").mkdir()
    # several parcels for a file, and one that ends with it
    monkeypatch.setattr("scraper.cluster.replaying._LEAST_PAGES", 6)
    monkeypatch.setattr("scraper.cluster.parcel_post.LOOK_S", 0.01)
    made = Machines(store, database, tmp_path)
    yield made
    with connected(database) as connection:
        connection.execute("DELETE FROM dqtv_leases")
    made.close()


@pytest.fixture
def aged_archive(store):
    return fill(store)


def replayed_here(store):
    """Report and content of the same replay on this machine, on a copy."""
    root = copied(store, "undisturbed")
    with Store.open(root) as here:
        report = replay(here, REGISTRY)
    return report, content(root)


def same(report, wanted):
    return attrs.evolve(report, run_id=wanted.run_id) == wanted


def left_over(machines):
    """What a replay that is over leaves at hub, database and archive."""
    with connected(machines.dsn) as connection:
        leases = connection.execute("SELECT site FROM dqtv_leases WHERE holder IS NOT NULL OR site LIKE 'replay:%'").fetchall()  # fmt: skip
    files = machines.hub.place.files("")
    return leases, sorted(files), sorted(x.name for x in machines.store.root.glob(f"*{FILE}*"))


@pytest.mark.usefixtures("aged_archive")
def test_it_writes_what_a_replay_on_one_machine_writes_and_leaves_nothing_behind(store, machines):
    wanted, undisturbed = replayed_here(store)
    assert (wanted.corrected, wanted.now_accepted, wanted.now_rejected) == (
        8,
        4,
        {"not_militia": 4},
    )

    report = machines.replay()

    assert same(report, wanted)
    assert content(store.root) == undisturbed
    assert left_over(machines) == ([], [], [])
    assert [end.reason for end in machines.ends] == [READ] * PARCELS
    # the pages of no article, and those of former readings, are not sent
    assert sum(end.pages for end in machines.ends) == report.pages - 1


@pytest.mark.usefixtures("aged_archive")
def test_a_dry_run_says_the_same_and_writes_nothing(store, machines):
    before = content(store.root)
    assert machines.replay(dry_run=True) == replay(store, REGISTRY, dry_run=True)
    assert content(store.root) == before


@pytest.mark.usefixtures("aged_archive")
def test_a_result_under_an_older_token_is_refused_and_the_newer_one_is_taken(store, machines):
    _, undisturbed = replayed_here(store)

    def paused_once(machines):
        if not machines.ends:
            (job, parcel), *_ = machines.waiting()
            # a worker pushes, and another takes the parcel before that is taken in
            machines.read(parcel)
            machines.read(parcel)
            machines.end_job(job)
        machines.work()

    machines.between = paused_once
    machines.replay()
    assert content(store.root) == undisturbed
    assert machines.total("refused") == 1
    alarms = open_alarms(store.connection)
    assert [(x.site, x.kind.value, x.field) for x in alarms] == [(SITE, "segment_refused", "stale")]


@pytest.mark.usefixtures("aged_archive")
def test_a_damaged_result_is_refused_and_its_parcel_read_again(store, machines):
    _, undisturbed = replayed_here(store)

    def damaging_once(machines):
        machines.read_all()
        if not machines.reports:
            path = next((machines.folder / "hub" / "inbox").rglob("rows.jsonl.gz"))
            path.write_bytes(path.read_bytes()[:-9] + b"otherwise")
        machines.take_in()

    machines.between = damaging_once
    machines.replay()
    assert content(store.root) == undisturbed
    assert (machines.total("refused"), len(machines.ends)) == (1, PARCELS + 1)


@pytest.mark.usefixtures("aged_archive")
def test_results_lost_on_the_way_are_read_again_and_at_last_here(store, machines):
    wanted, undisturbed = replayed_here(store)

    def losing(machines):
        for job, _ in machines.waiting():
            machines.end_job(job)
            machines.ends.append(None)

    machines.between = losing
    assert same(machines.replay(), wanted)
    assert content(store.root) == undisturbed
    assert len(machines.ends) == PARCELS * 3


@pytest.mark.usefixtures("aged_archive")
def test_a_missing_file_is_named_and_its_articles_stay(store, machines):
    first = min(store.warc_folder.rglob("*.warc.gz"))
    first.unlink()
    wanted, undisturbed = replayed_here(store)
    assert len(wanted.unreadable) > 0

    report = machines.replay()

    assert same(report, wanted)
    assert all(first.name in line for line in report.unreadable)
    assert content(store.root) == undisturbed


def test_an_article_that_a_crawl_changed_meanwhile_is_not_set_back(store, machines, aged_archive):
    def crawling_once(machines):
        if not machines.ends:
            aged_archive.begin_file()
            newer = aged_archive.fetch(7, MILITIA.replace("huấn luyện", "diễn tập"))
            aged_archive.save(reading(newer))
            aged_archive.store_closed()
        machines.work()

    machines.between = crawling_once
    machines.replay()
    rows = "SELECT version, instr(body, 'diễn tập') > 0 FROM articles WHERE url LIKE '%-7.html'"
    assert store.connection.execute(rows).fetchall() == [(2, 1)]


@pytest.mark.usefixtures("aged_archive")
def test_a_kill_between_storing_a_result_and_deleting_it_changes_nothing(
    store, machines, monkeypatch
):
    _, undisturbed = replayed_here(store)
    remove, killed = type(machines.hub).remove, []

    def killed_once(self, key):
        if not killed:
            killed.append(key)
            raise HubUnreachable("the hub is away")
        remove(self, key)

    monkeypatch.setattr("archive.cluster.hub.Hub.remove", killed_once)
    machines.replay()
    assert content(store.root) == undisturbed
    assert (len(killed), machines.total("known"), machines.total("refused")) == (1, 1, 0)


@pytest.mark.usefixtures("aged_archive")
def test_a_replay_killed_while_it_writes_goes_on_without_a_second_reading(
    store, machines, monkeypatch
):
    monkeypatch.setattr("scraper.replay.GROUP_SIZE", 2)
    _, undisturbed = replayed_here(store)

    def stop(done, _total):
        if done == 5:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        machines.replay(on_page=stop)
    read = len(machines.ends)
    with pytest.raises(UsageError, match="--anew"):
        machines.replay(sites=[SITE])
    machines.replay()
    assert content(store.root) == undisturbed
    assert len(machines.ends) == read == PARCELS


@pytest.mark.usefixtures("aged_archive")
def test_a_replay_begun_anew_drops_what_was_under_way_and_late_results_of_it(store, machines):
    _, undisturbed = replayed_here(store)

    def stop(machines):
        machines.read_all()
        raise KeyboardInterrupt

    machines.between = stop
    with pytest.raises(KeyboardInterrupt):
        machines.replay()
    machines.between = None
    machines.replay(anew=True)
    assert content(store.root) == undisturbed
    assert (
        sum("of a replay that is over" in x for y in machines.reports for x in y.notes) == PARCELS
    )
    assert left_over(machines) == ([], [], [])


@pytest.mark.usefixtures("aged_archive")
def test_a_worker_with_other_rules_leaves_the_pages_to_others_and_says_so(store, machines):
    _, undisturbed = replayed_here(store)
    files = next(iter(REGISTRY.rules[SITE]))
    other = attrs.evolve(REGISTRY, rules={SITE: {files: "0" * 64}})

    def one_of_them_is_old(machines):
        if not machines.ends:
            machines.registry = other
            end = machines.read(machines.waiting()[0][1])
            machines.registry = REGISTRY
            assert (end.reason, files in end.detail) == (OTHER_RULES, True)
            with connected(machines.dsn) as connection:
                told = connection.execute("SELECT site, kind FROM dqtv_troubles").fetchall()
            assert [tuple(x.values()) for x in told] == [(SITE, "other_rules")]
        machines.work()

    machines.between = one_of_them_is_old
    machines.replay()
    assert content(store.root) == undisturbed
    with connected(machines.dsn) as connection:
        assert connection.execute("SELECT * FROM dqtv_troubles").fetchall() == []


@pytest.mark.usefixtures("aged_archive")
def test_nothing_of_a_paper_is_written_while_a_worker_has_it_and_no_worker_takes_it_meanwhile(
    store, machines
):
    """It would bring home rows as they were before."""
    worker = machines.leases.take(SITE, "elsewhere 1 1", 60.0)
    before, seen = content(store.root)["articles"], []

    def ends_later(machines):
        machines.work()
        if len(machines.reports) == 3:
            seen.append(content(store.root)["articles"] == before)
            machines.leases.release(SITE, worker.token, None)

    machines.between = ends_later
    machines.replay(on_page=lambda *_: seen.append(machines.leases.take(SITE, "else 1 1", 60.0)))
    assert (seen[0], {*seen[1:]}) == (True, {None})
    assert content(store.root)["articles"] != before
    assert machines.leases.take(SITE, "elsewhere 1 1", 60.0) is not None


@pytest.mark.usefixtures("aged_archive")
def test_it_says_once_when_nothing_comes_home(machines, monkeypatch, caplog):
    monkeypatch.setattr("scraper.cluster.parcel_post._QUIET_S", 0.0)
    looks = []

    def idle_at_first(machines):
        looks.append(len(caplog.records))
        if len(looks) > 4:
            machines.work()

    machines.between = idle_at_first
    machines.replay()
    assert looks[4] == 1
    assert "does `dqtv ingest` run here, and a worker somewhere?" in caplog.text


def test_a_parcel_that_is_over_is_not_read(machines):
    assert machines.read("20261124T030000Z-1a2b3c4d.7").reason == OVER


def test_files_are_parcels_large_ones_several_and_small_ones_share_one(tmp_path, monkeypatch):
    """Of 5 pages at most, and 3 are enough for the end of a file."""
    monkeypatch.setattr("archive.cluster.replay_book._ENOUGH", 0.6)
    pages = [
        ParcelPage(capture=StoredCapture(id=f"{name}{x}", site=SITE, url="http://x/", location=RecordLocation(warc_file=name, offset=x, length=1)))
        for name, size in zip("abcde", (1, 1, 1, 7, 2), strict=True)
        for x in range(size)
    ]  # fmt: skip
    with ReplayBook.begin(
        tmp_path, "1", sites=(), dry_run=False, rules={}, templates={}, pages=pages, parcel_pages=5
    ) as book:
        parcels = [book.pages(x.number) for x in book.in_state("waiting")]
    assert [len(parcel) for parcel in parcels] == [3, 5, 4]
    assert [page for parcel in parcels for page in parcel] == pages
