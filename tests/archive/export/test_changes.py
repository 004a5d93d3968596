"""Changes since an earlier snapshot bring a consumer to the bytes of a full export."""

import orjson
import pytest

from archive.errors import UsageError
from archive.export.changes import export_changes
from archive.export.run import export
from archive.export.selection import Selection
from archive.publish import publish


def apply(old, changes):
    """What docs/exports.md tells a consumer to do."""
    rows = {orjson.loads(line)["id"]: line for line in old.splitlines(keepends=True)}
    for line in changes.splitlines():
        row = orjson.loads(line)
        rows.pop(row["id"], None)
        if row.pop("change") != "withdrawn":
            rows[row["id"]] = orjson.dumps(row) + b"\n"
    return b"".join(rows[key] for key in sorted(rows))


def test_a_consumer_that_applies_the_changes_has_the_same_bytes(
    fill, store, save, make_accepted, tmp_path
):
    first = fill(3)
    old = export(first.path, Selection(), format="jsonl", target=tmp_path / "old").path.read_bytes()
    save(make_accepted(number=2, hours=5, title="Dân quân đổi tên bài"))
    with store.transaction():
        for table in ("evidence", "figures", "article_versions"):
            store.connection.execute(f"DELETE FROM {table} WHERE article_id = 'bao:3'")
        store.connection.execute("DELETE FROM articles WHERE id = 'bao:3'")
        store.store_outcome(make_accepted(number=4))
    second = publish(store.root)
    changes = export_changes(
        second.path, Selection(since=first.id), format="jsonl", target=tmp_path / "changes"
    )
    assert (changes.added, changes.changed, changes.withdrawn) == (1, 1, 1)
    assert changes.since == first.id
    full = export(second.path, Selection(), format="jsonl", target=tmp_path / "new")
    assert apply(old, changes.path.read_bytes()) == full.path.read_bytes()


@pytest.mark.parametrize("since", ["yesterday", "2001-01-01", "20261124T031000Z-00000000"])
def test_a_since_that_means_nothing_names_the_kept_snapshots(fill, tmp_path, since):
    snapshot = fill(1)
    with pytest.raises(UsageError, match=snapshot.id):
        export_changes(
            snapshot.path, Selection(since=since), format="csv", target=tmp_path / "changes"
        )


@pytest.mark.parametrize("form", ["csv", "tsv", "jsonl", "parquet", "sqlite"])
def test_nothing_changed_is_a_table_without_rows(fill, tmp_path, form):
    snapshot = fill(1)
    selection = Selection(since=str(snapshot.path))
    done = export_changes(snapshot.path, selection, format=form, target=tmp_path / "changes")
    assert done.rows == 0
