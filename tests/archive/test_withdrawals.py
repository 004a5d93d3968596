"""Withdrawn articles leave publication, whatever happens to the database, and can come back."""

import sqlite3
from contextlib import closing

import pytest

from archive.errors import ArchiveError, UsageError
from archive.publish import publish
from archive.withdrawals import FILE_NAME, read_lines, read_withdrawals, restore, withdraw


def published(root, sql):
    path = publish(root).path
    with closing(sqlite3.connect(path)) as connection:
        return connection.execute(sql).fetchall()


@pytest.fixture
def root(store, save, make_accepted):
    save(*(make_accepted(number=n, title=f"Bài {n}") for n in (1, 2)))
    return store.root


def test_nothing_of_a_withdrawn_article_is_in_the_snapshot_but_its_tombstone(root, now):
    withdraw(root, "bao:1", reason="Toà soạn yêu cầu", by="Lan", now=now)
    path = publish(root).path
    with closing(sqlite3.connect(path)) as connection:
        for table, column in (
            ("articles", "id"), ("article_versions", "article_id"), ("figures", "article_id"),
            ("evidence", "article_id"), ("article_addresses", "article_id"),
        ):  # fmt: skip
            ids = {row[0] for row in connection.execute(f"SELECT {column} FROM {table}")}
            assert ids == {"bao:2"}, table
        assert connection.execute("SELECT count(*) FROM captures").fetchone() == (1,)
        tombstone = connection.execute("SELECT * FROM withdrawals").fetchall()
    assert tombstone == [
        ("bao:1", "bao", "http://bao.vn/1.html", "2024-03-19T09:12:00+07:00", "Toà soạn yêu cầu",
         "2026-11-24T03:10:00.123456Z"),
    ]  # fmt: skip
    assert "Bài 1".encode() not in path.read_bytes()
    assert b"Lan" not in path.read_bytes()


def test_a_withdrawn_article_that_is_crawled_again_stays_out(root, save, make_accepted):
    withdraw(root, "bao:1", reason="x")
    save(make_accepted(number=1, hours=9, title="Bài mới"))
    assert published(root, "SELECT id FROM articles") == [("bao:2",)]


def test_a_withdrawal_survives_the_loss_of_the_database(root, store):
    withdraw(root, "bao:1", reason="x")
    store.close()
    store.path.unlink()
    assert read_withdrawals(root).keys() == {"bao:1"}


def test_a_restored_article_is_published_again_and_both_acts_are_on_record(root):
    withdraw(root, "bao:1", reason="nhầm", by="Lan")
    restore(root, "bao:1", reason="đã kiểm tra", by="Minh")
    assert published(root, "SELECT id FROM articles ORDER BY id") == [("bao:1",), ("bao:2",)]
    assert [(x.action, x.by) for x in read_lines(root)] == [
        ("withdraw", "Lan"),
        ("restore", "Minh"),
    ]


def test_what_cannot_be_withdrawn_is_named(root):
    with pytest.raises(UsageError, match="no article 'bao:9'"):
        withdraw(root, "bao:9", reason="x")
    with pytest.raises(UsageError, match="reason"):
        withdraw(root, "bao:1", reason=" ")
    with pytest.raises(UsageError, match="is not withdrawn"):
        restore(root, "bao:1", reason="x")
    withdraw(root, "bao:1", reason="x")
    with pytest.raises(UsageError, match="withdrawn already"):
        withdraw(root, "bao:1", reason="x")


def test_a_damaged_list_stops_publication(root):
    (root / FILE_NAME).write_text('{"action": "withdr')
    with pytest.raises(ArchiveError, match="line 1"):
        publish(root)
