import hashlib
import json
import os
import signal
import sqlite3
import subprocess
import sys
from contextlib import closing
from datetime import UTC, datetime, timedelta, timezone

import pytest

from archive import search_index
from archive import snapshot as snapshot_module
from archive.errors import ArchiveError, ArchiveUnwritable, NothingPublished, SchemaMismatch
from archive.publish import newest_snapshot, publish
from archive.schema import PRIVATE_TABLES
from archive.template import RemovedBlock
from archive.vietnamese import exact_key, fold

VIETNAM = timezone(timedelta(hours=7))


@pytest.fixture
def archive(store, save, make_accepted):
    """Five articles, one undated, one of them with two versions; the store's folder."""
    day = datetime(2024, 3, 19, 9, 12, tzinfo=VIETNAM)
    save(
        make_accepted("Tít thứ ba", number=3, published_at=day + timedelta(days=2)),
        make_accepted("Điện Biên luyện tập", number=1, published_at=day),
        make_accepted("Nông dân quan tâm thuỷ lợi", number=2, published_at=day + timedelta(days=1)),
        make_accepted("Không ngày", number=4, published_at=None, sapo=None),
        make_accepted("Không ngày, sớm hơn", number=5, hours=-1, published_at=None),
        make_accepted("Điện Biên luyện tập, sửa", number=1, hours=1, published_at=day),
    )
    with store.transaction():
        store.sync_site(
            {
                "id": "bao",
                "name": "Báo Bao",
                "province": "Điện Biên",
                "homepage": "http://bao.vn/",
                "family": None,
                "languages": ("vi",),
                "status": "active",
            }
        )
    return store.root


def query(snapshot, sql, *parameters):
    with closing(sqlite3.connect(f"{snapshot.path.as_uri()}?mode=ro", uri=True)) as connection:
        return connection.execute(sql, parameters).fetchall()


def content(snapshot):
    """Every row of every table but the snapshot's own."""
    names = [
        name
        for (name,) in query(snapshot, "SELECT name FROM sqlite_master WHERE type = 'table'")
        if name != "snapshot"
    ]
    return {name: query(snapshot, f"SELECT * FROM {name}") for name in names}


def test_docids_follow_publication_undated_first_by_capture(archive):
    assert query(publish(archive), "SELECT docid, id FROM articles ORDER BY docid") == [
        (1, "bao:5"),
        (2, "bao:4"),
        (3, "bao:1"),
        (4, "bao:2"),
        (5, "bao:3"),
    ]


def test_an_article_carries_paper_month_and_the_place_of_its_page(archive):
    ((paper, year, month, captured, *place),) = query(
        publish(archive),
        "SELECT paper, year, month, captured_at, warc_file, warc_offset, warc_length FROM articles"
        " WHERE id = 'bao:1'",
    )
    assert (paper, year, month) == ("Báo Bao", 2024, "2024-03")
    assert captured == "2026-11-24T04:10:00.123456Z"
    assert place == ["bao/2026/x.warc.gz", 10, 90]


def test_columns_are_those_of_the_working_table_but_the_private_ones(archive, store):
    public = [row[1] for row in query(publish(archive), "PRAGMA table_info(articles)")]
    working = [row[1] for row in store.connection.execute("PRAGMA table_info(articles)")]
    assert [name for name in public if name in working] == [
        name for name in working if name != "printed_digest"
    ]


def test_what_was_left_out_of_an_article_is_published_with_it(archive, save, make_accepted):
    block = RemovedBlock(position=3, text="Đọc báo in tại bưu điện.", articles=7, of_articles=9)
    save(make_accepted(number=77, removed=(block,)))
    assert query(publish(archive), "SELECT * FROM removed_blocks") == [
        ("bao:77", 3, "Đọc báo in tại bưu điện.", 7, 9)
    ]


def test_no_private_table_is_published(archive):
    tables = {name for (name,) in query(publish(archive), "SELECT name FROM sqlite_master")}
    assert tables.isdisjoint(PRIVATE_TABLES)
    assert {"snapshot", "articles", "article_facts", "figures", "evidence", "sites"} <= tables


@pytest.mark.parametrize(
    ("index", "feed", "asked", "titles"),
    [
        ("articles_folded", fold, '"dien bien"', ["[Điện Biên] luyện tập, sửa"]),
        ("articles_folded", fold, '"dan quan"', ["Nông [dân quan] tâm thuỷ lợi"]),
        ("articles_exact", exact_key, '"điện biên"', ["[Điện Biên] luyện tập, sửa"]),
        ("articles_exact", exact_key, '"thủy lợi"', ["Nông dân quan tâm [thuỷ lợi]"]),
        ("articles_exact", exact_key, '"dân quân"', []),
        ("articles_exact", exact_key, '"dien bien"', []),
    ],
)
def test_indexes_are_fed_with_keys_and_highlight_the_original(archive, index, feed, asked, titles):
    found = query(
        publish(archive),
        f"SELECT highlight({index}, 0, '[', ']') FROM {index} WHERE {index} MATCH ?",
        f"title : {feed(asked)}",
    )
    assert [title for (title,) in found] == titles


def test_datasette_recognises_the_indexes(archive):
    declared = query(publish(archive), "SELECT sql FROM sqlite_master WHERE sql LIKE '%fts5%'")
    assert len(declared) == 2
    assert all('content="articles"' in sql for (sql,) in declared)


def test_facts_repeat_the_columns_that_are_counted(archive):
    columns = (
        "docid, site, province, year, month, level, section, page_kind, published_at, story_id"
    )
    snapshot = publish(archive)
    facts = query(snapshot, f"SELECT {columns} FROM article_facts")
    assert facts == query(snapshot, f"SELECT {columns} FROM articles ORDER BY docid")
    assert len(facts) == 5


def test_stories_are_written_with_their_articles(archive, save, make_accepted):
    body = tuple(
        f"Đoạn {n}: dân quân xã {n * 7} trực đêm thứ {n * 13} ở chốt {n}." for n in range(9)
    )
    save(
        make_accepted(number=81, body=body, byline="Theo Báo Khác"),
        make_accepted(number=82, body=body[:8], hours=1),
    )
    snapshot = publish(archive)
    assert query(snapshot, "SELECT id, articles, papers, origin_id FROM stories") == [
        ("bao:81", 2, 1, None)
    ]
    assert query(snapshot, "SELECT id FROM articles WHERE story_id = 'bao:81' ORDER BY id") == [
        ("bao:81",), ("bao:82",),
    ]  # fmt: skip


def test_only_captures_that_show_an_article_are_published(archive, store, make_capture):
    with store.transaction():
        store.add_capture(make_capture("http://bao.vn/listing"))
    snapshot = publish(archive)
    assert len(query(snapshot, "SELECT * FROM captures")) == 6
    assert query(snapshot, "SELECT * FROM captures WHERE url LIKE '%listing'") == []
    assert "ip" not in {row[1] for row in query(snapshot, "PRAGMA table_info(captures)")}


def test_sites_and_snapshot_carry_counts(archive):
    snapshot = publish(archive)
    sites = "SELECT id, articles, first_published, last_published FROM sites"
    span = ("2024-03-19T09:12:00+07:00", "2024-03-21T09:12:00+07:00")
    assert query(snapshot, sites) == [("bao", 5, *span)]
    ((snapshot_id, articles, papers, *rest),) = query(
        snapshot,
        "SELECT id, articles, papers, first_published, last_published, software FROM snapshot",
    )
    assert (snapshot_id, articles, papers) == (snapshot.id, 5, 1)
    assert rest[:2] == list(span)
    assert rest[2].startswith("dqtv-archive ")


def test_the_file_stands_alone_and_is_sound(archive):
    snapshot = publish(archive)
    assert query(snapshot, "PRAGMA journal_mode") == [("delete",)]
    assert query(snapshot, "PRAGMA integrity_check") == [("ok",)]
    assert query(snapshot, "SELECT count(*) > 0 FROM sqlite_stat1") == [(1,)]
    names = sorted(path.name for path in snapshot.path.parent.iterdir())
    assert names == [".publish.lock", "current.json", snapshot.path.name]


def test_current_json_describes_the_file(archive):
    snapshot = publish(archive)
    record = json.loads((archive / "public" / "current.json").read_text())
    data = snapshot.path.read_bytes()
    assert record == {
        "snapshot": snapshot.path.name,
        "id": snapshot.id,
        "built_at": record["built_at"],
        "sha256": hashlib.sha256(data).hexdigest(),
        "bytes": len(data),
        "articles": 5,
    }
    assert snapshot.path.name == f"dqtv-{snapshot.id}.db"
    assert newest_snapshot(archive) == snapshot


def test_the_same_state_gives_the_same_content_and_digest(archive, now):
    first, second = publish(archive, now=now), publish(archive, now=now + timedelta(hours=1))
    assert content(first) == content(second)
    assert first.id.rpartition("-")[2] == second.id.rpartition("-")[2]
    assert first.id != second.id


def test_the_same_state_at_the_same_instant_gives_the_same_bytes(archive, now):
    assert publish(archive, now=now).sha256 == publish(archive, now=now).sha256


def test_other_content_has_another_digest(archive, now, save, make_accepted):
    first = publish(archive, now=now)
    save(make_accepted(number=9))
    assert publish(archive, now=now).id != first.id


def test_an_archive_without_articles_is_published(store):
    snapshot = publish(store.root)
    assert snapshot.articles == 0
    assert query(snapshot, "SELECT articles, first_published FROM snapshot") == [(0, None)]


def test_the_last_three_snapshots_are_kept(archive, now):
    built = [publish(archive, now=now + timedelta(hours=hour)) for hour in range(5)]
    assert [snapshot.path.exists() for snapshot in built] == [False, False, True, True, True]


def test_the_current_snapshot_is_kept_even_when_its_clock_was_behind(archive, now):
    for hour in range(3):
        publish(archive, now=now + timedelta(hours=hour))
    behind = publish(archive, now=now - timedelta(days=1))
    assert newest_snapshot(archive) == behind


def test_progress_tells_every_step(archive):
    seen = []
    publish(archive, progress=lambda step, done, total: seen.append((step, done, total)))
    assert [done for _, done, _ in seen] == list(range(len(seen)))
    assert seen[-1] == ("done", len(seen) - 1, len(seen) - 1)


@pytest.mark.parametrize("step", ["articles", "parts", "stories", "indexes"])
def test_crawling_goes_on_during_a_build_and_is_not_seen_by_it(archive, store, make_accepted, step):
    before = content(publish(archive))

    def crawl(begun, _done, _total):
        if begun == step:
            with store.transaction():
                store.store_outcome(make_accepted(number=77))
                store.store_outcome(make_accepted("Sửa nữa", number=1, hours=2))

    assert content(publish(archive, progress=crawl)) == before
    assert store.summary().articles == 6
    later = publish(archive)
    assert later.articles == 6
    assert content(later)["article_versions"] != before["article_versions"]


# nothing is lost, whatever happens


def test_nothing_published_yet_says_what_to_do(store):
    with pytest.raises(NothingPublished, match="dqtv publish"):
        newest_snapshot(store.root)


def test_publishing_nothing_is_refused(tmp_path):
    with pytest.raises(ArchiveError, match="no archive"):
        publish(tmp_path)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("record", ["{", "[]", '{"snapshot": "x.db"}'])
def test_a_damaged_record_is_reported(archive, record):
    publish(archive)
    (archive / "public" / "current.json").write_text(record)
    with pytest.raises(ArchiveError, match=r"current\.json cannot be read"):
        newest_snapshot(archive)


def test_a_missing_or_changed_file_is_reported(archive):
    path = publish(archive).path
    path.write_bytes(path.read_bytes() + b"x")
    with pytest.raises(ArchiveError, match="changed or cut"):
        newest_snapshot(archive)
    path.unlink()
    with pytest.raises(ArchiveError, match="gone"):
        newest_snapshot(archive)


def test_a_failed_build_leaves_the_former_snapshot_and_no_draft(archive):
    former = publish(archive)

    def fail(step, _done, _total):
        if step == "check":
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        publish(archive, progress=fail)
    assert newest_snapshot(archive) == former
    assert list((archive / "public").glob(".building*")) == []


def test_a_full_disk_at_the_end_leaves_the_former_snapshot(archive, monkeypatch):
    former = publish(archive)

    def full(_):
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(snapshot_module.os, "fsync", full)
        with pytest.raises(ArchiveUnwritable, match="No space left"):
            publish(archive)
    assert newest_snapshot(archive) == former
    assert list((archive / "public").glob(".building*")) == []


def test_two_builds_at_once_are_refused(archive):
    refused = []

    def again(_step, _done, _total):
        if not refused:
            with pytest.raises(ArchiveError, match="another `dqtv publish`") as caught:
                publish(archive)
            refused.append(caught)

    publish(archive, progress=again)
    assert len(refused) == 1


def test_a_foreign_database_is_refused(tmp_path):
    with closing(sqlite3.connect(tmp_path / "archive.db")) as other:
        other.execute("CREATE TABLE songs (title TEXT)")
    with pytest.raises(SchemaMismatch):
        publish(tmp_path)


SLOW_PUBLISH = """
import sys, time
from pathlib import Path
from archive.publish import publish

def wait(step, done, total):
    print(step, flush=True)
    if step == sys.argv[2]:
        time.sleep(60)

publish(Path(sys.argv[1]), progress=wait)
"""


@pytest.mark.parametrize("step", ["articles", "parts", "check", "done"])
def test_a_kill_leaves_the_former_snapshot_and_the_next_build_cleans_up(archive, step):
    former = publish(archive)
    process = subprocess.Popen(
        [sys.executable, "-c", SLOW_PUBLISH, str(archive), step], stdout=subprocess.PIPE, text=True
    )
    with process:
        for line in process.stdout:
            if line.strip() == step:
                break
        os.kill(process.pid, signal.SIGKILL)
    assert newest_snapshot(archive) == former
    assert (archive / "public" / ".building.db").exists()
    latest = publish(archive, now=former.built_at + timedelta(hours=1))
    assert newest_snapshot(archive) == latest
    assert list((archive / "public").glob(".building.db*")) == []


def test_publishing_the_same_again_within_a_second_does_not_replace_the_file_that_is_served(
    archive,
):
    at = datetime(2026, 11, 24, 3, 15, tzinfo=UTC)
    first = publish(archive, now=at)
    inode = first.path.stat().st_ino
    again = publish(archive, now=at + timedelta(milliseconds=300))
    assert (again.path, again.path.stat().st_ino) == (first.path, inode)
    assert newest_snapshot(archive).sha256 == hashlib.sha256(first.path.read_bytes()).hexdigest()


def test_the_indexes_are_sound_to_fts5_itself(archive, tmp_path):
    copy = tmp_path / "copy.db"
    copy.write_bytes(publish(archive).path.read_bytes())
    with closing(sqlite3.connect(copy)) as connection:
        for name in ("articles_exact", "articles_folded"):
            # raises when it is not; with rank = 1 it would compare with the unfolded text
            connection.execute(f"INSERT INTO {name} ({name}) VALUES ('integrity-check')")
            config = connection.execute(f"SELECT k FROM {name}_config").fetchall()
            assert config == [("version",)]


def test_indexes_built_in_processes_of_their_own_are_the_same(archive, monkeypatch):
    at = datetime(2026, 11, 24, 3, 15, tzinfo=UTC)
    inline = content(publish(archive, now=at))
    monkeypatch.setattr(search_index, "_WORTH_A_PROCESS", 1)
    later = publish(archive, now=at + timedelta(hours=1))
    assert content(later) == inline
    assert sorted(path.name for path in later.path.parent.glob(".building*")) == []


def test_index_processes_import_no_package_of_our_name_from_the_working_folder(
    archive, monkeypatch, tmp_path
):
    decoy = tmp_path / "archive_of_another"
    (decoy / "archive").mkdir(parents=True)
    for name in ("__init__", "search_index"):
        (decoy / "archive" / f"{name}.py").write_text("raise SystemExit(9)\n")
    monkeypatch.chdir(decoy)
    monkeypatch.setattr(search_index, "_WORTH_A_PROCESS", 1)
    published = publish(archive)
    with closing(sqlite3.connect(published.path)) as connection:
        [indexed] = connection.execute("SELECT count(*) FROM articles_exact_docsize").fetchone()
        assert connection.execute("SELECT count(*) FROM articles").fetchone() == (indexed,)
    assert indexed > 0


@pytest.mark.parametrize(
    ("ending", "said"),
    [
        # SQLITE_FULL
        ("sys.stderr.write('database or disk is full'); sys.exit(13)", "the disk is full"),
        ("os.kill(os.getpid(), 9)", "ended by signal 9"),
    ],
)
def test_a_failing_index_process_fails_the_build_and_leaves_no_draft(
    archive, monkeypatch, tmp_path, ending, said
):
    former = publish(archive)
    python = tmp_path / "python"
    python.write_text(f'#!/bin/sh\nexec {sys.executable} -c "import os, sys; {ending}"\n')
    python.chmod(0o755)
    monkeypatch.setattr(search_index, "_WORTH_A_PROCESS", 1)
    monkeypatch.setattr(search_index.sys, "executable", str(python))
    with pytest.raises(ArchiveError, match=said):
        publish(archive)
    assert newest_snapshot(archive) == former
    assert list((archive / "public").glob(".building*")) == []
