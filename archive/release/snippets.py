"""Lines of code that load the articles of a release in pandas, R and DuckDB."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Sequence

_PANDAS: Final = {
    "parquet": 'articles = pd.read_parquet("{}")',
    "jsonl": 'articles = pd.read_json("{}", lines=True, dtype=False)',
    "csv": 'articles = pd.read_csv("{}", encoding="utf-8-sig", keep_default_na=False, na_values=[""])',
    "db": 'import sqlite3\n\narticles = pd.read_sql("SELECT * FROM articles", sqlite3.connect("{}"))',
}
_R: Final = {
    "parquet": 'articles <- arrow::read_parquet("{}")',
    "jsonl": 'articles <- jsonlite::stream_in(file("{}"))',
    "csv": 'articles <- readr::read_csv("{}", na = "")',
    "db": 'articles <- DBI::dbReadTable(DBI::dbConnect(RSQLite::SQLite(), "{}"), "articles")',
}
_DUCKDB: Final = {
    "parquet": "SELECT site, count(*) FROM '{}' GROUP BY site;",
    "jsonl": "SELECT site, count(*) FROM read_json('{}') GROUP BY site;",
    "csv": "SELECT site, count(*) FROM read_csv('{}', header = true, quote = '\"') GROUP BY site;",
    "db": "ATTACH '{}' AS dqtv (TYPE sqlite); SELECT site, count(*) FROM dqtv.articles GROUP BY site;",
}


def loading(paths: Sequence[str]) -> list[tuple[str, str, str]]:
    """Program, language of the code and code, for the best of the articles' files *paths*."""
    by_ending = {path.rpartition(".")[2]: path for path in paths}
    ending = next((x for x in ("parquet", "jsonl", "csv", "db") if x in by_ending), None)
    if ending is None:
        return []
    path = by_ending[ending]
    first = {"python": "", "r": "", "sql": ""}
    if ending == "db" and "://" in path:
        # SQLite opens files only
        name = path.rpartition("/")[2]
        first = {
            "python": f'from urllib.request import urlretrieve\n\nurlretrieve("{path}", "{name}")\n',
            "r": f'download.file("{path}", "{name}", mode = "wb")\n',
            "sql": f"-- download {path} first\n",
        }
        path = name
    return [
        (
            "pandas",
            "python",
            f"{first['python']}import pandas as pd\n\n{_PANDAS[ending].format(path)}",
        ),
        ("R", "r", first["r"] + _R[ending].format(path)),
        ("DuckDB", "sql", first["sql"] + _DUCKDB[ending].format(path)),
    ]
