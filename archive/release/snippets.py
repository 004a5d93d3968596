"""Lines of code that load the articles of a release in pandas, R and DuckDB."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Sequence

_PANDAS: Final = {
    "parquet": 'articles = pd.read_parquet("{}")',
    "jsonl": 'articles = pd.read_json("{}", lines=True, dtype=False)',
    "csv": 'articles = pd.read_csv("{}", encoding="utf-8-sig", keep_default_na=False, na_values=[""])',
    "db": 'articles = pd.read_sql("SELECT * FROM articles", "sqlite:///{}")',
}
_R: Final = {
    "parquet": 'articles <- arrow::read_parquet("{}")',
    "jsonl": 'articles <- jsonlite::stream_in(file("{}"))',
    "csv": 'articles <- readr::read_csv("{}")',
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
    return [
        ("pandas", "python", f"import pandas as pd\n\n{_PANDAS[ending].format(path)}"),
        ("R", "r", _R[ending].format(path)),
        ("DuckDB", "sql", _DUCKDB[ending].format(path)),
    ]
