"""Every table loads in every format: the programs people use find the same rows and the same texts."""

import hashlib
import json
import os
import shutil
import sqlite3
import subprocess
from contextlib import closing
from datetime import date

import attrs
import duckdb
import pandas as pd
import pyarrow as pa
import pytest
from pyarrow import csv as arrow_csv
from pyarrow import json as arrow_json
from pyarrow import parquet

from archive.release.build import Wish, build_release
from archive.release.snippets import loading

TABLES = ("articles", "versions", "figures", "evidence", "stories", "papers", "coverage")
LATER = "2026-01-02T03:04:00+07:00"
DOWNLOADS = "http://localhost/-/downloads/dqtv-2026.11.25/"


@pytest.fixture(scope="module")
def holding(released, desk_fixtures, tmp_path_factory):
    """A release whose table of the name given has rows: stories need a reprint."""
    folder = tmp_path_factory.mktemp("reprinted")
    first = desk_fixtures.demo_stories()[0]
    reprint = attrs.evolve(first, id="nuingan:again", site="nuingan", published_at=LATER)
    desk_fixtures.build_snapshot(folder, [first, reprint])
    reprinted = build_release(folder, folder / "out", Wish(date=date(2026, 11, 25))).path
    return lambda table: reprinted if table == "stories" else released


def columns_of(folder, table):
    """All columns of a table, and those that hold text, from its description."""
    package = json.loads((folder / "datapackage.json").read_bytes())
    [schema] = [
        x["schema"] for x in package["resources"] if x["path"] == f"data/{table}.csv"
    ]  # fmt: skip
    names = [field["name"] for field in schema["fields"]]
    return names, [x["name"] for x in schema["fields"] if x["type"] == "string"]


def summary(columns, *, guarded=False):
    """Number of rows, and one digest of all texts; missing and empty are the same to readers of CSV."""
    cells = ["" if pd.isna(cell) else str(cell) for column in columns for cell in column]
    if guarded:
        cells = [cell.removeprefix("'") for cell in cells]
    return len(columns[0]), hashlib.sha256("\x01".join(cells).encode()).hexdigest()


def from_duckdb(sql, path, texts):
    picked = ", ".join(f'"{name}"' for name in texts)
    with closing(duckdb.connect()) as connection:
        rows = connection.execute(f"SELECT {picked} FROM {sql}", [str(path)]).fetchall()
    return list(zip(*rows, strict=True))


def from_sqlite(path, table, texts):
    picked = ", ".join(f'"{name}"' for name in texts)
    with closing(sqlite3.connect(path)) as connection:
        return list(zip(*connection.execute(f"SELECT {picked} FROM {table}"), strict=True))


def from_arrow(table, texts):
    return [table.column(name).to_pylist() for name in texts]


def read_arrow_csv(path, names):
    return arrow_csv.read_csv(
        path,
        parse_options=arrow_csv.ParseOptions(newlines_in_values=True),
        convert_options=arrow_csv.ConvertOptions(column_types=dict.fromkeys(names, pa.string())),
    )


@pytest.mark.parametrize("table", TABLES)
def test_every_program_reads_the_same_rows_and_texts(holding, table):
    released = holding(table)
    data = released / "data"
    names, texts = columns_of(released, table)
    paths = {ending: data / f"{table}.{ending}" for ending in ("csv", "jsonl", "parquet")}
    csv_options = {"encoding": "utf-8-sig", "keep_default_na": False, "na_values": [""]}
    frame = pd.read_csv(paths["csv"], dtype=str, **csv_options)
    lines = pd.read_json(paths["jsonl"], lines=True, dtype=False)
    whole = pd.read_parquet(paths["parquet"])
    with closing(sqlite3.connect(data / "dqtv.db")) as connection:
        database = pd.read_sql(f"SELECT * FROM {table}", connection)
    typed = ", ".join(f"{name}: 'VARCHAR'" for name in names)
    found = {
        "pandas csv": summary([frame[x] for x in texts], guarded=True),
        "pandas jsonl": summary([lines[x] for x in texts]),
        "pandas parquet": summary([whole[x] for x in texts]),
        "pandas sqlite": summary([database[x] for x in texts]),
        "pyarrow csv": summary(
            from_arrow(read_arrow_csv(paths["csv"], names), texts), guarded=True
        ),
        "pyarrow jsonl": summary(from_arrow(read_arrow_json(paths["jsonl"], texts), texts)),
        "pyarrow parquet": summary(from_arrow(parquet.read_table(paths["parquet"]), texts)),
        "duckdb csv": summary(
            from_duckdb("read_csv(?, header = true, all_varchar = true)", paths["csv"], texts),
            guarded=True,
        ),
        "duckdb jsonl": summary(
            from_duckdb(f"read_json(?, columns = {{{typed}}})", paths["jsonl"], texts)
        ),
        "duckdb parquet": summary(from_duckdb("read_parquet(?)", paths["parquet"], texts)),
    }
    expected = summary(from_sqlite(data / "dqtv.db", table, texts))
    assert expected[0] > 0
    assert found == dict.fromkeys(found, expected)


def read_arrow_json(path, texts):
    # a column without any value has no type of its own
    schema = pa.schema([(name, pa.string()) for name in texts])
    return arrow_json.read_json(path, parse_options=arrow_json.ParseOptions(explicit_schema=schema))


def test_the_database_of_a_release_has_the_texts_of_its_snapshot(released, root):
    [snapshot] = (root / "public").glob("dqtv-*.db")
    texts = ["id", "title", "sapo", "body"]
    mine = summary(from_sqlite(released / "data/dqtv.db", "articles", texts))
    with closing(sqlite3.connect(snapshot)) as connection:
        rows = connection.execute("SELECT id, title, sapo, body FROM articles ORDER BY id")
        assert mine == summary(list(zip(*rows, strict=True)))
    assert mine[0] == 36


# -- R ------------------------------------------------------------------------------------------------

R = r"""
library(readr); library(jsonlite); library(RSQLite)
args <- commandArgs(TRUE); data <- args[1]; table <- args[2]; texts <- args[-(1:3)]
write_texts <- function(name, frame) {
  cells <- unlist(lapply(texts, function(x) as.character(frame[[x]])))
  cells[is.na(cells)] <- ""
  out <- file(file.path(args[3], name), "wb")
  writeBin(charToRaw(enc2utf8(paste(cells, collapse = "\u0001"))), out)
  close(out)
  cat(name, nrow(frame), "\n")
}
csv <- file.path(data, paste0(table, ".csv"))
write_texts("readr", suppressWarnings(read_csv(csv, na = "", col_types = cols(.default = "c"), progress = FALSE)))
write_texts("read.csv", read.csv(csv, fileEncoding = "UTF-8-BOM", colClasses = "character", na.strings = ""))
write_texts("jsonlite", stream_in(file(file.path(data, paste0(table, ".jsonl"))), verbose = FALSE))
database <- dbConnect(SQLite(), file.path(data, "dqtv.db"))
write_texts("RSQLite", dbReadTable(database, table))
dbDisconnect(database)
"""
_NEEDS_R = pytest.mark.skipif(
    shutil.which("Rscript") is None, reason="R with readr, jsonlite and RSQLite is not installed"
)


def run_r(code, *arguments, cwd):
    return subprocess.run(
        ["Rscript", "--vanilla", "-e", code, *map(str, arguments)],
        cwd=cwd, env={**os.environ, "LC_ALL": "C.UTF-8"}, capture_output=True, text=True,
        timeout=200, check=True,
    ).stdout  # fmt: skip


@_NEEDS_R
@pytest.mark.parametrize("table", TABLES)
def test_r_reads_the_same_rows_and_texts(holding, tmp_path, table):
    released = holding(table)
    _, texts = columns_of(released, table)
    out = run_r(R, released / "data", table, tmp_path, *texts, cwd=tmp_path)
    rows = {name: int(count) for name, count in (line.split() for line in out.splitlines())}
    columns = from_sqlite(released / "data/dqtv.db", table, texts)
    assert rows == dict.fromkeys(("readr", "read.csv", "jsonlite", "RSQLite"), len(columns[0]))
    for name in rows:
        cells = (tmp_path / name).read_text("utf-8").split("\x01")
        if name.startswith("read"):
            cells = [cell.removeprefix("'") for cell in cells]
        assert summary([tuple(cells)])[1] == summary(columns)[1], name


# -- the lines to copy --------------------------------------------------------------------------------

PATHS = {"parquet": "data/articles.parquet", "jsonl": "data/articles.jsonl",
         "csv": "data/articles.csv", "db": "data/dqtv.db"}  # fmt: skip


def lines_to_copy(path):
    return {language: code for _, language, code in loading([path])}


@pytest.mark.parametrize("ending", PATHS)
def test_the_lines_for_pandas_load_the_articles(released, monkeypatch, ending):
    monkeypatch.chdir(released)
    names = {}
    exec(lines_to_copy(PATHS[ending])["python"], names)
    articles = names["articles"]
    assert len(articles) == 36
    assert articles["title"].str.contains("dân quân").any()


@pytest.mark.parametrize("ending", ["parquet", "jsonl", "csv"])
def test_the_lines_for_duckdb_count_the_articles(released, monkeypatch, ending):
    monkeypatch.chdir(released)
    with closing(duckdb.connect()) as connection:
        rows = connection.execute(lines_to_copy(PATHS[ending])["sql"]).fetchall()
    assert dict(rows) == {"bienxanh": 9, "culao": 9, "nuingan": 9, "songmay": 9}


@_NEEDS_R
@pytest.mark.parametrize("ending", ["jsonl", "csv", "db"])
def test_the_lines_for_r_load_the_articles(released, ending):
    code = lines_to_copy(PATHS[ending])["r"]
    out = run_r(f"{code}; cat('\n', nrow(articles))", cwd=released)
    assert out.split()[-1] == "36"


def test_a_database_that_lies_elsewhere_is_fetched_first():
    code = lines_to_copy(f"{DOWNLOADS}data/dqtv.db")
    assert f'urlretrieve("{DOWNLOADS}data/dqtv.db", "dqtv.db")' in code["python"]
    assert 'sqlite3.connect("dqtv.db")' in code["python"]
    assert code["r"].startswith(f'download.file("{DOWNLOADS}data/dqtv.db", "dqtv.db", mode = "wb")')
    assert code["sql"].startswith(f"-- download {DOWNLOADS}data/dqtv.db first")
