"""Segments of workers come into the archive in order, each once, and only from the newest holder."""

from __future__ import annotations

import gzip
import hashlib
import json
import sqlite3
from contextlib import suppress
from pathlib import Path

import attrs
import pytest

from archive.clock import steady_time
from archive.cluster.hub import Hub, SegmentRefused, SegmentTaken
from archive.cluster.ingest import Ingest
from archive.cluster.lending import LENT_SECONDS
from archive.cluster.manifest import MANIFEST, ROWS
from archive.cluster.segment import discard, seal, sealed
from archive.errors import ArchiveError, ClusterUnreachable, HubUnreachable, SiteLocked
from archive.health.alarms import Kind, open_alarms
from archive.locks import SiteLock
from archive.processes import this_process
from archive.runs import running_crawl
from archive.template import Lesson, PageBlock
from archive.template_counts import TemplateCounts
from archive.verify import Choice, verify

pytest.importorskip("fsspec", reason="the extra `cluster` is not installed")


@attrs.define
class Inbox:
    """The archive with its hub and leases, and the workers that begin from it."""

    archive: object
    hub: Hub
    root: Path
    leases: object
    begin: object
    ingest: Ingest = attrs.field(init=False)

    def __attrs_post_init__(self) -> None:
        self.ingest = Ingest(self.archive, self.hub, self.leases)

    def step(self):
        return self.ingest.step()

    def take(self, site="bao"):
        """A new holder takes the site, gets its state, and begins."""
        token = self.leases.take(site)
        self.step()
        assert self.hub.get_state(site, token, self.state(site, token))
        return self.begin(token, self.state(site, token), site=site)

    def pushed(self):
        """The first segment of a new holder, with one article."""
        worker = self.take()
        worker.find(1)
        segment = worker.seal()
        assert self.hub.push(segment)
        return segment

    def state(self, site, token) -> Path:
        return self.root / f"{site}-{token}.db"

    def folder(self, segment, name="inbox") -> Path:
        return self.root / "hub" / name / str(segment.key)

    def articles(self):
        rows = self.archive.connection.execute("SELECT id, body FROM articles ORDER BY id")
        return dict(rows.fetchall())

    def alarms(self):
        found = open_alarms(self.archive.connection)
        return {x.field: x.now for x in found if x.kind is Kind.SEGMENT_REFUSED}


@pytest.fixture
def inbox(archive, hub_url, fakes, begin_worker, tmp_path):
    return Inbox(archive, Hub(hub_url), tmp_path, fakes, begin_worker)


def test_what_a_worker_found_is_in_the_archive_with_its_pages(inbox):
    worker = inbox.take()
    worker.find(1, 2, 3)
    segment = worker.seal()
    assert inbox.hub.push(segment)
    report = inbox.step()
    assert (report.stored, report.files, report.refused) == (1, 1, 0)
    assert inbox.articles().keys() == {"bao:1", "bao:2", "bao:3"}
    assert inbox.leases.acked == {"bao": 1}
    assert inbox.hub.manifests() == ()
    report = verify(inbox.archive, Choice())
    assert (report.problems, report.notes) == ((), ())


def test_segments_are_taken_in_order_and_a_gap_waits(inbox):
    worker = inbox.take()
    segments = []
    for number in (1, 2, 3):
        worker.find(number)
        segments.append(worker.seal())
    inbox.hub.push(segments[2])
    inbox.hub.push(segments[1])
    report = inbox.step()
    assert (report.stored, report.waiting) == (0, 2)
    assert inbox.articles() == {}
    inbox.hub.push(segments[0])
    assert inbox.step().stored == 3
    assert inbox.leases.acked == {"bao": 3}


def test_a_row_may_be_written_again_and_again_within_a_segment(inbox):
    worker = inbox.take()
    # each call writes the paper's row, by an upsert
    worker.find(1)
    worker.find(2)
    with worker.store.transaction():
        templates = TemplateCounts(worker.store.connection)
        line = PageBlock("line", "Đường dây nóng của tòa soạn.")
        for number in (1, 2):
            own = PageBlock(f"own {number}", f"Chuyện thứ {number} ở Vàm Sậy. " * 9)
            lesson = Lesson(layout="rule:article", article_id=f"bao:{number}", blocks=(line, own))
            templates.learn("bao", lesson, "2026-11-26T00:00:00Z")
    inbox.hub.push(worker.seal())
    assert inbox.step().stored == 1
    assert inbox.articles().keys() == {"bao:1", "bao:2"}
    counted = inbox.archive.connection.execute("SELECT block, articles FROM template_blocks")
    assert dict(counted.fetchall()) == {"line": 2, "own 1": 1, "own 2": 1}


def test_a_row_changed_later_comes_with_a_later_segment(inbox):
    worker = inbox.take()
    worker.find(1, text="Một.")
    inbox.hub.push(worker.seal())
    with worker.store.transaction():
        worker.store.connection.execute("UPDATE frontier SET priority = 7")
    segment = worker.seal()
    assert segment.manifest.rows == {"frontier": 1}
    inbox.hub.push(segment)
    inbox.step()
    assert inbox.archive.connection.execute("SELECT priority FROM frontier").fetchall() == [(7,)]


def test_rows_deleted_by_the_crawl_are_deleted_in_the_archive(inbox):
    worker = inbox.take()
    worker.find(1)
    inbox.hub.push(worker.seal())
    with worker.store.transaction():
        worker.store.connection.execute("DELETE FROM figures WHERE article_id = 'bao:1'")
    inbox.hub.push(worker.seal())
    assert inbox.step().stored == 2
    assert inbox.archive.connection.execute("SELECT count(*) FROM figures").fetchone() == (0,)


def test_nothing_changed_is_no_segment(inbox):
    worker = inbox.take()
    worker.find(1)
    assert worker.seal() is not None
    assert worker.seal() is None


def test_an_open_warc_file_is_not_sealed_over(inbox):
    worker = inbox.take()
    worker.find(1)
    with pytest.raises(ArchiveError, match="still being written"):
        seal(worker.store)


def test_the_next_holder_goes_on_where_the_last_stored_segment_ends(inbox):
    first = inbox.take()
    first.find(1, text="Một.")
    inbox.hub.push(first.seal())
    inbox.step()
    second = inbox.take()
    known = second.store.connection.execute("SELECT id, state FROM frontier").fetchall()
    assert known == inbox.archive.connection.execute("SELECT id, state FROM frontier").fetchall()
    second.find(2)
    inbox.hub.push(second.seal())
    inbox.step()
    assert inbox.articles().keys() == {"bao:1", "bao:2"}


def test_numbers_of_rows_are_the_archives_own(inbox):
    with inbox.archive.transaction():
        for number in range(5):
            inbox.archive.connection.execute(
                "INSERT INTO frontier (site, url_key, url, kind, found_at) VALUES ('khac', ?, 'u', 'article', 'x')",
                (str(number),),
            )
        inbox.archive.connection.execute(
            "INSERT INTO backfills (site, first_day, last_day, started_at) VALUES ('khac', 'a', 'b', 'c')"
        )
    worker = inbox.take()
    with worker.store.transaction():
        db = worker.store.connection
        db.execute(
            "INSERT INTO backfills (site, first_day, last_day, started_at)"
            " VALUES ('bao', '2019-01-01', '2019-02-01', '2026-11-24T03:10:00.000000Z')"
        )
        db.execute(
            "INSERT INTO backfill_pages (backfill_id, seed, page, keys) VALUES (1, 's', 1, '[]')"
        )
        db.execute(
            "INSERT INTO frontier (site, url_key, url, kind, found_at, backfill_id, polled_in)"
            " VALUES ('bao', 'k', 'u', 'listing', 'x', 1, 'backfill 1')"
        )
    inbox.hub.push(seal(worker.store))
    with worker.store.transaction():
        worker.store.connection.execute("UPDATE backfills SET finished_at = 'z'")
        worker.store.connection.execute(
            "INSERT INTO backfill_seeds (backfill_id, seed, reason) VALUES (1, 's', 'end')"
        )
    inbox.hub.push(seal(worker.store))
    assert inbox.step().stored == 2
    db = inbox.archive.connection
    assert db.execute("SELECT id, site, finished_at FROM backfills").fetchall() == [
        (1, "khac", None), (2, "bao", "z"),
    ]  # fmt: skip
    assert db.execute("SELECT id, backfill_id, polled_in FROM frontier WHERE site = 'bao'").fetchall() == [(6, 2, "backfill 2")]  # fmt: skip
    assert db.execute("SELECT backfill_id FROM backfill_pages").fetchall() == [(2,)]
    assert db.execute("SELECT backfill_id FROM backfill_seeds").fetchall() == [(2,)]


def test_a_former_holders_segment_is_refused_and_told(inbox):
    late = inbox.take()
    late.find(1)
    segment = late.seal()
    inbox.take()
    inbox.hub.push(segment)
    report = inbox.step()
    assert (report.stored, report.refused) == (0, 1)
    assert inbox.articles() == {}
    assert not list(inbox.archive.warc_folder.rglob("*.warc.gz"))
    assert inbox.alarms() == {"stale": 1}
    assert (inbox.folder(segment, "refused") / MANIFEST).exists()
    assert inbox.hub.manifests() == ()
    with pytest.raises(SegmentRefused, match="was refused"):
        inbox.hub.push(segment)


def test_a_site_taken_while_its_segment_is_stored_undoes_it(inbox):
    worker = inbox.take()
    worker.find(1)
    inbox.hub.push(worker.seal())
    first = inbox.leases.judged
    inbox.leases.on_judging = lambda judged: inbox.leases.take() if judged == first + 1 else None
    report = inbox.step()
    assert (report.stored, report.refused) == (0, 1)
    assert inbox.articles() == {}
    assert not list(inbox.archive.warc_folder.rglob("*.warc.gz"))
    assert inbox.archive.connection.execute(
        "SELECT count(*) FROM ingested_segments"
    ).fetchone() == (0,)


def test_a_segment_stored_and_not_acknowledged_is_stored_once(inbox):
    worker = inbox.take()
    worker.find(1)
    inbox.hub.push(worker.seal())
    inbox.leases.goes_away = True
    with pytest.raises(ClusterUnreachable):
        inbox.step()
    assert inbox.leases.acked == {"bao": 0}
    assert inbox.articles().keys() == {"bao:1"}
    inbox.leases.goes_away = False
    report = inbox.step()
    assert (report.stored, report.known) == (0, 1)
    assert inbox.leases.acked == {"bao": 1}
    assert inbox.hub.manifests() == ()
    assert inbox.archive.connection.execute("SELECT count(*) FROM captures").fetchone() == (1,)


@pytest.mark.parametrize("name", [ROWS, "warc"])
def test_a_changed_byte_is_refused(inbox, name):
    segment = inbox.pushed()
    place = inbox.folder(segment)
    file = place / ROWS if name == ROWS else next(place.glob("*.warc.gz"))
    content = bytearray(file.read_bytes())
    content[len(content) // 2] ^= 1
    file.write_bytes(content)
    report = inbox.step()
    assert (report.stored, report.refused) == (0, 1)
    assert inbox.alarms() == {"damaged": 1}
    assert inbox.articles() == {}
    assert not list(inbox.archive.warc_folder.rglob("*.gz"))


def test_a_missing_file_is_waited_for(inbox):
    segment = inbox.pushed()
    file = next(inbox.folder(segment).glob("*.warc.gz"))
    content = file.read_bytes()
    file.unlink()
    assert inbox.step().waiting == 1
    assert inbox.alarms() == {"incomplete": 1}
    file.write_bytes(content)
    assert inbox.step().stored == 1
    assert inbox.alarms() == {}


def tampered(place, **changes):
    values = json.loads((place / MANIFEST).read_bytes()) | changes
    (place / MANIFEST).write_text(json.dumps(values))


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"token": 2}, "says that it is bao/2/1"),
        ({"more": 1}, "unknown: more"),
        ({"rows": {"articles": -1}}, "articles"),
        ({"seq": True}, "seq"),
        ({"files": []}, "rows.jsonl.gz"),
        ({"sealed_at": "yesterday"}, "sealed_at"),
        ({"version": 0}, "version"),
    ],
)
def test_a_manifest_that_cannot_be_meant_is_refused(inbox, changes, said):
    segment = inbox.pushed()
    tampered(inbox.folder(segment), **changes)
    report = inbox.step()
    assert report.refused == 1
    assert said in report.notes[0]
    assert inbox.alarms() == {"unreadable": 1}


@pytest.mark.parametrize(
    "name",
    [
        "../../evil.warc.gz",
        "bao/2026/../../evil.warc.gz",
        "/etc/x.warc.gz",
        "khac/2026/x.warc.gz",
        "bao/2026/.x.warc.gz",
        "bao/2026/x\n.warc.gz",
        "bao/2026/archive.db",
        "manifest.json",
    ],
)
def test_a_name_that_leads_elsewhere_is_refused(inbox, name):
    segment = inbox.pushed()
    files = json.loads(segment.content)["files"]
    files[1]["name"] = name
    tampered(inbox.folder(segment), files=files)
    assert inbox.step().refused == 1
    assert inbox.alarms() == {"unreadable": 1}
    assert not list(inbox.archive.warc_folder.rglob("*.gz"))


def test_no_json_is_refused(inbox):
    segment = inbox.pushed()
    (inbox.folder(segment) / MANIFEST).write_bytes(b"{")
    assert inbox.step().refused == 1
    assert inbox.alarms() == {"unreadable": 1}


@pytest.mark.parametrize("changes", [{"version": 2}, {"schema": "m999_later"}])
def test_what_a_newer_program_made_waits_for_the_update(inbox, changes):
    segment = inbox.pushed()
    tampered(inbox.folder(segment), **changes)
    report = inbox.step()
    assert (report.waiting, report.refused) == (1, 0)
    assert inbox.alarms() == {"newer_version": 1}


@pytest.mark.parametrize(
    ("line", "said"),
    [
        (b'{"table": "accounts", "columns": ["id"]}', "accounts"),
        (b'{"table": "captures", "columns": ["id", "evil; --"]}', "columns"),
        (b'{"table": "rejections", "columns": ["site", "url"], "gone": true}\n["khac", "u"]', "khac"),
        (b'{"table": "articles", "columns": ["id"], "gone": true}\n["khac:1"]', "khac:1"),
        (b'{"table": "frontier", "columns": ["url"], "gone": true}\n["u"]', "deletes"),
        (b'["no", "part"]', "no row"),
        (b'{"table": "runs", "columns": ["id", "site"]}\n["a", "bao", 3]', "no row"),
        (b'{"table": "runs", "columns": ["id", "site"]}\n["a", "bao"]', "NOT NULL"),
        (b'{"table": "runs", "columns": ["id", "site"]}\n[["a"], "bao"]', "read or stored"),
        (b'{"table": "warc_files", "columns": ["name", "site"]}\n["bao/2026/y.warc.gz", "bao"]', "manifest"),
        (b"nothing", "read or stored"),
    ],
)  # fmt: skip
def test_rows_that_no_worker_found_at_this_site_are_refused(inbox, line, said):
    worker = inbox.take()
    worker.find(1)
    segment = worker.seal()
    rows = gzip.decompress((segment.folder / ROWS).read_bytes()) + line + b"\n"
    packed = gzip.compress(rows)
    (segment.folder / ROWS).write_bytes(packed)
    values = json.loads(segment.content)
    values["files"][0] |= {"size": len(packed), "sha256": hashlib.sha256(packed).hexdigest()}
    place = inbox.folder(segment)
    place.mkdir(parents=True)
    for file in segment.manifest.files:
        (place / file.base).write_bytes(segment.path(file).read_bytes())
    (place / MANIFEST).write_text(json.dumps(values))
    report = inbox.step()
    assert report.refused == 1
    assert said in report.notes[0]
    assert inbox.alarms() == {"bad_rows": 1}
    assert inbox.articles() == {}
    assert not list(inbox.archive.warc_folder.rglob("*.gz"))


def test_of_two_holders_of_one_token_the_second_is_stopped(inbox):
    first = inbox.take()
    second = inbox.begin(1, inbox.state("bao", 1), name="twin")
    first.find(1)
    second.find(2)
    inbox.hub.push(first.seal())
    with pytest.raises(SegmentTaken, match="two crawls have the same token"):
        inbox.hub.push(second.seal())


def test_leases_restored_from_a_backup_have_their_tokens_raised(inbox):
    for number in (1, 2, 3):
        worker = inbox.take()
        worker.find(number)
        inbox.hub.push(worker.seal())
        inbox.step()
    worker.find(4)
    inbox.hub.push(worker.seal())
    # the copy is from when the first crawl had begun
    inbox.leases.tokens["bao"], inbox.leases.acked["bao"] = 1, 0
    report = inbox.step()
    assert (report.stored, report.refused) == (0, 1)
    assert inbox.leases.tokens["bao"] > 1000
    assert inbox.articles().keys() == {"bao:1", "bao:2", "bao:3"}


def test_an_archive_restored_from_a_backup_has_its_tokens_raised(inbox):
    worker = inbox.take()
    worker.find(1)
    inbox.hub.push(worker.seal())
    inbox.step()
    with inbox.archive.transaction():
        inbox.archive.connection.execute("DELETE FROM ingested_segments")
    worker.find(2)
    inbox.hub.push(worker.seal())
    assert inbox.step().refused == 1
    assert inbox.leases.tokens["bao"] > 1000


def test_a_segment_of_a_site_that_is_crawled_here_meanwhile_waits(inbox):
    inbox.pushed()
    inbox.leases.free.add("bao")
    waiting = inbox.hub.manifests
    inbox.hub.manifests = list
    inbox.step()
    inbox.hub.manifests = waiting
    lock = SiteLock(inbox.archive, "bao")
    lock.acquire()
    report = inbox.step()
    assert (report.stored, report.waiting) == (0, 1)
    lock.release(None)
    assert inbox.step().stored == 1


def test_nothing_here_works_on_a_site_while_a_worker_has_it(inbox):
    worker = inbox.take()
    with pytest.raises(SiteLocked, match="process 1 on elsewhere"):
        SiteLock(inbox.archive, "bao").acquire()
    worker.find(1)
    inbox.hub.push(worker.seal())
    inbox.step()
    inbox.step()
    with pytest.raises(SiteLocked, match="process 1 on elsewhere"):
        SiteLock(inbox.archive, "bao").acquire()
    inbox.leases.free.add("bao")
    inbox.step()
    SiteLock(inbox.archive, "bao").acquire()


def test_a_worker_gets_nothing_to_begin_with_while_the_site_is_crawled_here(inbox):
    lock = SiteLock(inbox.archive, "bao")
    lock.acquire()
    inbox.leases.take()
    report = inbox.step()
    assert report.states == 0
    assert any("bao is being crawled" in note for note in report.notes)
    lock.release(None)
    assert inbox.step().states == 1


def test_a_workers_crawl_is_seen_to_run_until_it_gives_the_site_back(inbox):
    inbox.take()
    (holder,) = (row.holder for row in inbox.leases.rows())
    connection = inbox.archive.connection
    connection.execute(
        "INSERT INTO runs (id, site, command, holder, started_at) VALUES ('r', 'bao', 'crawl', ?, '2026-11-26T00:00:00Z')",
        (holder,),
    )
    assert running_crawl(connection, "bao") == "r"
    inbox.leases.free.add("bao")
    inbox.step()
    assert running_crawl(connection, "bao") is None


def test_a_lock_lent_to_a_worker_ends_by_itself_when_nobody_looks(inbox, monkeypatch):
    inbox.take()
    later = steady_time() + LENT_SECONDS - 1
    monkeypatch.setattr("archive.locks.steady_time", lambda: later)
    with pytest.raises(SiteLocked):
        SiteLock(inbox.archive, "bao").acquire()
    monkeypatch.setattr("archive.locks.steady_time", lambda: later + 2)
    SiteLock(inbox.archive, "bao").acquire()
    (holder,) = inbox.archive.connection.execute("SELECT holder FROM site_locks").fetchone()
    assert holder == this_process()


def test_only_what_is_acknowledged_is_deleted_at_the_worker(inbox):
    worker = inbox.take()
    for number in (1, 2):
        worker.find(number)
        worker.seal()
    one, two = sealed(worker.store)
    assert [x.seq for x in discard(worker.store, 1)] == [1]
    assert sealed(worker.store) == (two,)
    assert not any(one.path(file).exists() for file in one.manifest.files)
    assert all(two.path(file).exists() for file in two.manifest.files)
    worker.find(3)
    assert worker.seal().key.seq == 3


def test_a_segment_damaged_at_the_worker_is_not_pushed(inbox):
    worker = inbox.take()
    worker.find(1)
    segment = worker.seal()
    segment.path(segment.manifest.warc_files[0]).write_bytes(b"")
    with pytest.raises(ArchiveError, match="changed since it was sealed"):
        inbox.hub.push(segment)
    assert inbox.hub.manifests() == ()


def test_pushing_again_after_a_kill_changes_nothing(inbox):
    worker = inbox.take()
    worker.find(1)
    segment = worker.seal()
    assert inbox.hub.push(segment) is True
    assert inbox.hub.push(segment) is False


def test_a_hub_that_takes_nothing_says_so_and_nothing_is_lost(inbox):
    worker = inbox.take()
    worker.find(1)
    segment = worker.seal()
    folder = inbox.folder(segment).parents[2]
    folder.write_bytes(b"no folder")
    with pytest.raises(HubUnreachable, match="Nothing is lost"):
        inbox.hub.push(segment)
    folder.unlink()
    assert inbox.hub.push(segment)
    assert inbox.step().stored == 1


def test_other_sites_go_on_when_one_waits(inbox):
    one, other = inbox.take("bao"), inbox.take("khac")
    one.find(1)
    one.seal()
    one.find(2)
    inbox.hub.push(one.seal())
    other.find(1)
    inbox.hub.push(other.seal())
    report = inbox.step()
    assert (report.stored, report.waiting) == (1, 1)
    assert inbox.articles().keys() == {"khac:1"}


def test_a_state_holds_one_site_only_with_its_numbers(inbox):
    worker = inbox.take("bao")
    worker.find(1, 2)
    inbox.hub.push(worker.seal())
    other = inbox.take("khac")
    other.find(3)
    inbox.hub.push(other.seal())
    inbox.step()
    state = inbox.take("bao").store
    for table in ("articles", "captures", "frontier", "rejections", "events"):
        kept = state.connection.execute(f"SELECT * FROM {table}").fetchall()
        assert (
            kept
            == inbox.archive.connection.execute(
                f"SELECT * FROM {table} WHERE site = 'bao'"
            ).fetchall()
        )
    assert state.connection.execute("SELECT count(*) FROM figures").fetchone() == (2,)
    with pytest.raises(sqlite3.OperationalError):
        state.connection.execute("SELECT * FROM archive.sites")


def test_an_upload_that_a_former_holder_did_not_finish_is_cleared_away(inbox):
    former = inbox.take()
    former.find(1)
    segment = former.seal()
    inbox.hub.push(segment)
    (inbox.folder(segment) / MANIFEST).unlink()
    holder = inbox.take()
    holder.find(2)
    unfinished = holder.seal()
    inbox.hub.push(unfinished)
    (inbox.folder(unfinished) / MANIFEST).unlink()
    Ingest(inbox.archive, inbox.hub, inbox.leases).step()
    assert not inbox.folder(segment).exists()
    assert inbox.folder(unfinished).exists()


@pytest.mark.parametrize("at", ["_write_rows", "_rows_file", "_write_whole"])
def test_a_seal_that_was_cut_off_is_begun_again(inbox, monkeypatch, at):
    worker = inbox.take()
    worker.find(1, 2)

    def killed(*_):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(f"archive.cluster.segment.{at}", killed)
        with pytest.raises(KeyboardInterrupt):
            worker.seal()
    assert sealed(worker.store) == ()
    segment = worker.seal()
    assert segment.key.seq == 1
    assert segment.manifest.rows["articles"] == 2
    inbox.hub.push(segment)
    assert inbox.step().stored == 1


def test_a_change_that_is_undone_is_not_remembered(inbox):
    worker = inbox.take()
    with suppress(KeyboardInterrupt), worker.store.transaction():
        worker.store.connection.execute(
            "INSERT INTO rejections SELECT 'u', 'bao', 'r', 1, 1, 1, 1, 'c', 1, 1"
        )
        raise KeyboardInterrupt
    assert worker.seal().manifest.rows == {"runs": 1}


def test_a_spool_of_another_lease_is_refused(inbox):
    inbox.take()
    with pytest.raises(ArchiveError, match="is the spool of bao under token 1, not of bao under 2"):
        inbox.begin(2, inbox.state("bao", 1), name="bao-1")
