import hashlib
import sqlite3
import subprocess
import sys
from contextlib import closing

import pytest

from archive.database import open_database, translated_errors
from archive.errors import ArchiveError, ArchiveUnwritable, SchemaMismatch
from archive.store import Store


def digest(path):
    return hashlib.sha256(path.read_bytes()).hexdigest()


def test_connection_is_durable_and_checks_references(store):
    pragmas = {
        name: store.connection.execute(f"PRAGMA {name}").fetchone()[0]
        for name in ("journal_mode", "synchronous", "foreign_keys", "busy_timeout")
    }
    assert pragmas == {
        "journal_mode": "wal",
        "synchronous": 2,
        "foreign_keys": 1,
        "busy_timeout": 10_000,
    }


def test_an_archive_opens_again_with_its_rows(tmp_path, make_accepted):
    with Store.open(tmp_path) as store, store.transaction():
        store.store_outcome(make_accepted())
    with Store.open(tmp_path, create=False) as store:
        assert store.summary().articles == 1


def test_without_create_a_missing_archive_is_named_and_not_made(tmp_path):
    with pytest.raises(ArchiveError, match=r"no archive at .*nowhere.*--archive"):
        Store.open(tmp_path / "nowhere", create=False)
    assert not (tmp_path / "nowhere").exists()


def test_a_file_that_is_no_database_stays_as_it_was(tmp_path):
    path = tmp_path / "archive.db"
    path.write_bytes(b"dear diary " * 500)
    before = digest(path)
    with pytest.raises(SchemaMismatch, match="no SQLite database"):
        Store.open(tmp_path)
    assert digest(path) == before
    assert [entry.name for entry in tmp_path.iterdir()] == ["archive.db"]


def test_a_database_of_another_program_stays_as_it_was(tmp_path):
    path = tmp_path / "archive.db"
    with closing(sqlite3.connect(path)) as other:
        other.execute("CREATE TABLE songs (title TEXT)")
        other.commit()
    before = digest(path)
    with pytest.raises(SchemaMismatch, match="another program"):
        Store.open(tmp_path)
    assert digest(path) == before


def test_the_write_ahead_log_of_another_program_stays_as_it_was(tmp_path):
    path = tmp_path / "archive.db"
    with closing(sqlite3.connect(path)) as other:
        other.execute("PRAGMA journal_mode = WAL")
        other.execute("CREATE TABLE songs (title TEXT)")
        other.commit()
        saved = {name: (tmp_path / name).read_bytes() for name in ("archive.db", "archive.db-wal")}
    for name, content in saved.items():
        (tmp_path / name).write_bytes(content)
    with pytest.raises(SchemaMismatch, match="another program"):
        Store.open(tmp_path)
    assert {name: (tmp_path / name).read_bytes() for name in saved} == saved


def test_an_archive_left_by_a_kill_opens_with_what_was_committed(tmp_path, make_accepted):
    with Store.open(tmp_path / "a") as store:
        with store.transaction():
            store.store_outcome(make_accepted())
        (tmp_path / "b").mkdir()
        for name in ("archive.db", "archive.db-wal"):
            (tmp_path / "b" / name).write_bytes((tmp_path / "a" / name).read_bytes())
    with Store.open(tmp_path / "b", create=False) as store:
        assert store.summary().articles == 1


def test_a_database_of_a_newer_version_is_refused_by_name_of_its_migration(tmp_path):
    with Store.open(tmp_path) as store:
        store.connection.execute(
            "INSERT INTO _sqlite_migrations (migration_set, name, applied_at)"
            " VALUES ('dqtv-archive', 'm999_future', 'then')"
        )
    with pytest.raises(SchemaMismatch, match=r"newer version.*m999_future"):
        Store.open(tmp_path)


def test_an_archive_from_before_templates_opens_with_its_articles(tmp_path, make_accepted):
    with Store.open(tmp_path) as store:
        with store.transaction():
            store.store_outcome(make_accepted())
        for statement in (
            "DROP TABLE template_pages",
            "DROP TABLE template_blocks",
            "DROP TABLE removed_blocks",
            "ALTER TABLE articles DROP COLUMN printed_digest",
            "DELETE FROM _sqlite_migrations WHERE name = 'm003_templates'",
        ):
            store.connection.execute(statement)
    with Store.open(tmp_path) as store:
        found = store.connection.execute("SELECT id, printed_digest FROM articles").fetchall()
        assert [tuple(row) for row in found] == [("bao:1", None)]
        assert store.template("bao") == {}


def test_an_article_from_before_text_changes_has_none_known(tmp_path, make_accepted):
    with Store.open(tmp_path) as store:
        with store.transaction():
            store.store_outcome(make_accepted())
        for statement in (
            "ALTER TABLE articles DROP COLUMN page_kind",
            "ALTER TABLE articles DROP COLUMN text_changes",
            "ALTER TABLE article_versions DROP COLUMN text_changes",
            "DELETE FROM _sqlite_migrations WHERE name = 'm004_text_changes_and_page_kind'",
        ):
            store.connection.execute(statement)
    with Store.open(tmp_path) as store:
        found = store.connection.execute("SELECT page_kind, text_changes FROM articles").fetchall()
        assert [tuple(row) for row in found] == [(None, None)]


def test_a_start_killed_before_the_first_table_is_repeated(tmp_path):
    path = tmp_path / "archive.db"
    path.touch()
    with closing(open_database(path).conn) as connection:
        assert connection.execute("SELECT count(*) FROM articles").fetchone() == (0,)


def test_a_start_killed_while_it_makes_the_database_is_repeated(tmp_path):
    """What a kill leaves then is a rollback journal, which no read-only connection can take back."""
    killed = tmp_path / "killed"
    killed.mkdir()
    with closing(sqlite3.connect(tmp_path / "begun.db", isolation_level=None)) as begun:
        begun.execute("PRAGMA cache_size = 1")
        begun.execute("BEGIN IMMEDIATE")
        begun.execute("CREATE TABLE half (x)")
        # more than the cache holds: the journal is on the disk, and so are some of the pages
        begun.execute("INSERT INTO half SELECT randomblob(4000) FROM json_each(?)", [str([0] * 50)])
        for suffix in ("", "-journal"):
            left = (tmp_path / f"begun.db{suffix}").read_bytes()
            assert left
            (killed / f"archive.db{suffix}").write_bytes(left)
    with closing(sqlite3.connect(f"file:{killed}/archive.db?mode=ro", uri=True)) as reader, \
            pytest.raises(sqlite3.OperationalError, match="readonly"):  # fmt: skip
        reader.execute("SELECT * FROM half")
    with Store.open(killed) as store:
        assert "half" not in {
            x for (x,) in store.connection.execute("SELECT name FROM sqlite_master")
        }
        assert store.connection.execute("SELECT count(*) FROM articles").fetchone() == (0,)


def test_a_folder_that_cannot_be_made_is_named(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(ArchiveUnwritable, match="file/archive"):
        Store.open(tmp_path / "file" / "archive")


def test_a_full_disk_is_reported_and_the_transaction_undone(store, make_accepted):
    pages = store.connection.execute("PRAGMA page_count").fetchone()[0]
    store.connection.execute(f"PRAGMA max_page_count = {pages + 2}")

    def fill():
        with store.transaction():
            for number in range(500):
                store.store_outcome(make_accepted(number=number))

    with pytest.raises(ArchiveUnwritable, match="disk is full"):
        fill()
    assert not store.connection.in_transaction
    assert store.summary().articles == 0


def test_a_read_only_database_is_reported(store, make_capture):
    store.connection.execute("PRAGMA query_only = ON")
    with pytest.raises(ArchiveUnwritable, match="read-only"), store.transaction():
        store.add_capture(make_capture())


def test_a_writer_that_waits_too_long_says_so(store):
    with closing(sqlite3.connect(store.path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        store.connection.execute("PRAGMA busy_timeout = 1")
        with pytest.raises(ArchiveError, match="another process"), store.transaction():
            pass


def test_errors_that_are_no_fault_of_the_file_pass_unchanged(tmp_path):
    with pytest.raises(sqlite3.IntegrityError), translated_errors(tmp_path):
        raise sqlite3.IntegrityError("UNIQUE constraint failed")


def test_a_damaged_database_is_reported(tmp_path, make_accepted):
    with Store.open(tmp_path) as store, store.transaction():
        for number in range(200):
            store.store_outcome(make_accepted(number=number))
    path = tmp_path / "archive.db"
    content = bytearray(path.read_bytes())
    for page in range(4096 * 4, len(content), 4096):
        content[page : page + 64] = b"\xff" * 64
    path.write_bytes(content)
    with pytest.raises(ArchiveError, match="damaged"):
        Store.open(tmp_path)


def test_first_starts_at_the_same_moment_all_succeed(tmp_path):
    code = "import sys, pathlib; from archive.store import Store; Store.open(pathlib.Path(sys.argv[1])).close()"
    starts = [subprocess.Popen([sys.executable, "-c", code, str(tmp_path)]) for _ in range(4)]
    assert [start.wait() for start in starts] == [0, 0, 0, 0]
