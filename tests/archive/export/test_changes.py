"""Changes since an earlier snapshot bring a consumer to the bytes of a full export."""

import shutil
from datetime import datetime

import orjson
import pytest

from archive.errors import UsageError
from archive.export.changes import export_changes
from archive.export.run import export, measure
from archive.export.selection import Selection
from archive.publish import publish
from archive.withdrawals import withdraw

KEYS = {
    "articles": ("id",), "article_versions": ("article_id", "version"), "captures": ("id",),
    "article_addresses": ("article_id", "url"), "figures": ("article_id", "position"),
    "evidence": ("article_id", "position"), "sites": ("id",), "withdrawals": ("id",),
    "snapshot": ("id",),
}  # fmt: skip


@pytest.fixture
def two(fill, store, save, make_accepted):
    """Two snapshots: then an article changed its title and year, one was withdrawn, one is new."""
    first = fill(3)
    moved = datetime.fromisoformat("2025-01-02T03:04:00+07:00")
    save(make_accepted(number=2, hours=5, title="Dân quân đổi tên bài", published_at=moved))
    save(make_accepted(number=4))
    withdraw(store.root, "bao:3", reason="Toà soạn yêu cầu")
    return first, publish(store.root)


def apply(old, changes, key):
    """What docs/exports.md tells a consumer to do."""
    rows = {row_key(orjson.loads(line), key): line for line in old.splitlines(keepends=True)}
    for line in changes.splitlines():
        row = orjson.loads(line)
        rows.pop(row_key(row, key), None)
        if row.pop("change") != "withdrawn":
            rows[row_key(row, key)] = orjson.dumps(row) + b"\n"
    return b"".join(rows[one] for one in sorted(rows))


def row_key(row, key):
    return tuple(row[name] for name in key)


@pytest.mark.parametrize("table", KEYS)
def test_a_consumer_that_applies_the_changes_has_the_same_bytes(two, tmp_path, table):
    first, second = two

    def write(run, snapshot, name, selection):
        target = tmp_path / name
        return run(snapshot.path, selection, table=table, format="jsonl", target=target)

    old = write(export, first, "old", Selection())
    changes = write(export_changes, second, "changes", Selection(since=first.id))
    full = write(export, second, "new", Selection())
    assert changes.since == first.id
    assert old.sha256 != full.sha256 or table == "sites"
    applied = apply(old.path.read_bytes(), changes.path.read_bytes(), KEYS[table])
    assert applied == full.path.read_bytes()
    if table == "articles":
        assert (changes.added, changes.changed, changes.withdrawn) == (1, 1, 1)


def apply_texts(folder, changes):
    """What docs/exports.md tells a consumer of texts to do."""
    head, *rows = (folder / "index.tsv").read_bytes().splitlines(keepends=True)
    kept = {line.split(b"\t")[1]: line for line in rows}
    _, *changed = (changes / "changes.tsv").read_bytes().splitlines(keepends=True)
    for line in changed:
        change, _, row = line.partition(b"\t")
        file, article_id, *_ = row.split(b"\t")
        if article_id in kept:
            (folder / kept.pop(article_id).split(b"\t")[0].decode()).unlink()
        if change != b"withdrawn":
            (folder / file.decode()).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(changes / file.decode(), folder / file.decode())
            kept[article_id] = row
    (folder / "index.tsv").write_bytes(head + b"".join(kept[one] for one in sorted(kept)))
    shutil.copy(changes / "snapshot.txt", folder / "snapshot.txt")


def test_a_consumer_of_texts_has_the_same_files(two, tmp_path):
    first, second = two
    old = export(first.path, Selection(), format="text", target=tmp_path / "old")
    changes = export_changes(
        second.path, Selection(since=first.id), format="text", target=tmp_path / "changes"
    )
    full = export(second.path, Selection(), format="text", target=tmp_path / "new")
    assert (changes.added, changes.changed, changes.withdrawn) == (1, 1, 1)
    assert {x.relative_to(changes.path).as_posix() for x in changes.path.rglob("*.t?t")} == {
        "bao/2025/bao_2.txt", "bao/2024/bao_4.txt", "snapshot.txt", "since.txt",
    }  # fmt: skip
    assert (changes.path / "since.txt").read_text() == f"since: {first.id}\n"
    apply_texts(old.path, changes.path)
    assert measure(old.path) == (full.bytes, full.sha256)


@pytest.mark.parametrize("form", ["csv", "tsv", "jsonl", "parquet", "sqlite", "text"])
def test_every_format_lists_the_same_changes(two, tmp_path, form):
    first, second = two
    done = export_changes(
        second.path, Selection(since=first.id), format=form, target=tmp_path / "changes"
    )
    assert (done.rows, done.added, done.changed, done.withdrawn) == (3, 1, 1, 1)


def test_changes_of_all_tables_at_once_are_refused(two, tmp_path):
    first, second = two
    with pytest.raises(UsageError, match="--table"):
        export_changes(
            second.path, Selection(since=first.id), table="all", format="sqlite", target=tmp_path / "x"
        )  # fmt: skip


@pytest.mark.parametrize("since", ["yesterday", "2001-01-01", "20261124T031000Z-00000000"])
def test_a_since_that_means_nothing_names_the_kept_snapshots(fill, tmp_path, since):
    snapshot = fill(1)
    with pytest.raises(UsageError, match=snapshot.id):
        export_changes(
            snapshot.path, Selection(since=since), format="csv", target=tmp_path / "changes"
        )


@pytest.mark.parametrize("form", ["csv", "tsv", "jsonl", "parquet", "sqlite", "text"])
def test_nothing_changed_is_a_table_without_rows(fill, tmp_path, form):
    snapshot = fill(1)
    selection = Selection(since=str(snapshot.path))
    done = export_changes(snapshot.path, selection, format=form, target=tmp_path / "changes")
    assert done.rows == 0
