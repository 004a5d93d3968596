"""Exports of a snapshot: every format says the same, and nothing is left half written."""

import csv
import errno
import os
import re
import sqlite3
from contextlib import closing
from pathlib import Path

import duckdb
import orjson
import pytest
from pyarrow import parquet

from archive.errors import ArchiveError, ArchiveUnwritable, UsageError
from archive.export import formats
from archive.export.csv_file import GUARDED
from archive.export.formats import FORMATS
from archive.export.run import export
from archive.export.selection import Selection, read_selection

ODD = '=CỘNG(1;2)\t"Dân quân", xã\\Mường'


def read_csv(path):
    with path.open(encoding="utf-8-sig", newline="") as file:
        return [
            {k: v[1:] if v[:1] == "'" else v for k, v in row.items()}
            for row in csv.DictReader(file)
        ]


def read_tsv(path):
    def cell(text):
        if text == "\\N":
            return None
        meant = {"t": "\t", "n": "\n", "r": "\r", "\\": "\\"}
        return re.sub(r"\\(.)", lambda found: meant[found[1]], text)

    lines = path.read_text("utf-8").split("\n")[:-1]
    names = lines[0].split("\t")
    return [dict(zip(names, map(cell, x.split("\t")), strict=True)) for x in lines[1:]]


def read_sqlite(path):
    with closing(sqlite3.connect(path)) as connection:
        connection.row_factory = sqlite3.Row
        return [dict(row) for row in connection.execute("SELECT * FROM articles")]


EVERYTHING = Selection()
READERS = {
    "csv": read_csv,
    "tsv": read_tsv,
    "jsonl": lambda path: [orjson.loads(line) for line in path.read_bytes().splitlines()],
    "parquet": lambda path: parquet.read_table(path).to_pylist(),
    "sqlite": read_sqlite,
}


@pytest.fixture
def write(fill, tmp_path):
    snapshot = fill()

    def run(form="jsonl", name="out", selection=EVERYTHING, **changes):
        changes.setdefault("target", tmp_path / name)
        return export(snapshot.path, selection, format=form, **changes)

    return run


@pytest.mark.parametrize("title", [ODD, "'tên'", "-1", "＝x", "Hải đội dân quân"])
def test_every_format_gives_the_same_texts_back(fill, tmp_path, title):
    snapshot = fill(title=title)
    for form, read in READERS.items():
        done = export(snapshot.path, Selection(), format=form, target=tmp_path / form)
        rows = read(done.path)
        assert done.rows == len(rows) == 3
        assert {row["title"] for row in rows} == {title}
        assert {row["body"] for row in rows} == {
            "Đoạn thứ nhất nói về thuỷ lợi.\n\nĐoạn thứ hai nói về hoà bình."
        }


@pytest.mark.parametrize("form", FORMATS)
def test_the_same_snapshot_gives_the_same_bytes(write, form):
    first, second = write(form, "a"), write(form, "b")
    assert first.sha256 == second.sha256
    assert first.bytes > 0


def test_no_cell_of_a_csv_begins_a_formula(fill, tmp_path):
    snapshot = fill(title="=HYPERLINK(1)")
    done = export(snapshot.path, Selection(), format="csv", target=tmp_path / "a.csv")
    with done.path.open(encoding="utf-8-sig", newline="") as file:
        cells = [cell for row in csv.reader(file) for cell in row]
    assert "'=HYPERLINK(1)" in cells
    assert [cell for cell in cells if cell[:1] in GUARDED - {"'"}] == []


def test_csv_begins_with_a_mark_and_tells_missing_from_empty(write):
    content = write("csv").path.read_bytes()
    assert content.startswith(b'\xef\xbb\xbf"id","site",')
    assert b"\r\n" in content
    assert b",," in content


def test_jsonl_and_parquet_hold_lists_and_times(fill, tmp_path):
    snapshot = fill(tags=("dân quân", "biển"))
    line = READERS["jsonl"](
        export(snapshot.path, Selection(), format="jsonl", target=tmp_path / "a").path
    )[0]
    assert line["tags"] == ["dân quân", "biển"]
    path = export(snapshot.path, Selection(), format="parquet", target=tmp_path / "b").path
    row = parquet.read_table(path).to_pylist()[0]
    assert row["tags"] == ["dân quân", "biển"]
    assert row["published_at"].isoformat() == line["published_at"] == "2024-03-19T09:12:00+07:00"
    assert parquet.read_schema(path).metadata[b"snapshot"].decode() == snapshot.id


@pytest.mark.parametrize("form", ["csv", "jsonl", "parquet"])
def test_duckdb_reads_the_rows_and_texts(write, form):
    path = write(form, f"a.{form}").path
    reader = {"csv": "read_csv", "jsonl": "read_json", "parquet": "read_parquet"}[form]
    found = duckdb.sql(f"SELECT count(*), count(DISTINCT id), min(body) FROM {reader}('{path}')")
    assert found.fetchall() == [(
        3, 3, "Đoạn thứ nhất nói về thuỷ lợi.\n\nĐoạn thứ hai nói về hoà bình.",
    )]  # fmt: skip


def test_sqlite_holds_every_table(write):
    done = write("sqlite", table="all")
    with closing(sqlite3.connect(done.path)) as connection:
        counted = connection.execute("SELECT count(*) FROM figures").fetchone()[0]
        told = dict(connection.execute("SELECT name, value FROM export_info"))
    assert counted == 3
    assert told["snapshot"] == done.snapshot


def test_text_files_lie_by_paper_and_year_with_a_header(write):
    done = write("text")
    text = (done.path / "bao/2024/bao_1.txt").read_text("utf-8")
    header, _, body = text.partition("\n\n")
    assert "id: bao:1" in header.splitlines()
    assert body.startswith("Dân quân xã Mường Phăng luyện tập\n\nSáng 19-3")
    assert [row["file"] for row in read_tsv(done.path / "index.tsv")] == [
        f"bao/2024/bao_{n}.txt" for n in (1, 2, 3)
    ]


def test_withheld_texts_are_in_no_column(write):
    row = READERS["jsonl"](write(with_text=False).path)[0]
    assert row["title"]
    assert {"body", "sapo"} & row.keys() == set()


def test_a_selection_by_search_and_day(write):
    assert write(selection=read_selection(query="thuy loi", published_from="2024")).rows == 3
    with pytest.raises(UsageError, match="nothing is selected"):
        write(selection=read_selection(published_to="2023"))


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"form": "xlsx"}, "unknown format 'xlsx'"),
        ({"table": "frontier"}, "unknown table 'frontier'"),
        ({"table": "all"}, "holds one table"),
        ({"selection": Selection(papers=("baonao",))}, "baonao"),
        ({"name": "no/where"}, "there is no folder"),
    ],
)
def test_what_cannot_be_exported_is_named_and_nothing_is_written(write, tmp_path, changes, said):
    with pytest.raises(UsageError, match=said):
        write(**changes)
    assert not (tmp_path / "out").exists()


def test_a_folder_with_other_files_is_left_alone(write, tmp_path):
    (tmp_path / "out").mkdir()
    (tmp_path / "out/mine.txt").write_text("x")
    with pytest.raises(UsageError, match="holds other files"):
        write("text")
    assert (tmp_path / "out/mine.txt").exists()


def test_what_is_no_file_is_never_replaced(write, tmp_path):
    """As root, `--out /dev/null` would put a file in the place of the device."""
    os.mkfifo(tmp_path / "out")
    with pytest.raises(UsageError, match="there and no file"):
        write("csv")
    assert (tmp_path / "out").is_fifo()


def test_a_dash_is_no_name_of_a_file(write, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(UsageError, match="not to standard output"):
        write("csv", target=Path("-"))
    assert not Path("-").exists()


def test_text_files_are_replaced_by_the_next_run(write):
    assert write("text").sha256 == write("text").sha256


def test_a_disk_that_fills_up_leaves_the_former_file(write, tmp_path, monkeypatch):
    former = write().path.read_bytes()

    def full(_, path):
        path.write_bytes(b"half")
        raise OSError(errno.ENOSPC, "No space left on device")

    broken = {"jsonl": formats.Format(name="jsonl", write=full, suffix="", media_type="")}
    monkeypatch.setattr(formats, "FORMATS", broken)
    with pytest.raises(ArchiveUnwritable, match="No space left"):
        write()
    assert (tmp_path / "out").read_bytes() == former
    assert [x.name for x in tmp_path.iterdir() if "partial" in x.name] == []


def test_a_snapshot_changed_meanwhile_is_told(fill, tmp_path):
    snapshot = fill()

    def touch(*_):
        with snapshot.path.open("ab") as file:
            file.write(b"x")

    with pytest.raises(ArchiveError, match="was changed"):
        export(snapshot.path, Selection(), format="csv", target=tmp_path / "a", progress=touch)
    assert not (tmp_path / "a").exists()


def test_a_snapshot_that_is_gone_is_told(tmp_path):
    with pytest.raises(ArchiveError, match="is gone"):
        export(Path("nowhere.db"), Selection(), format="csv", target=tmp_path / "a")
