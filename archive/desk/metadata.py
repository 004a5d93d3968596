"""Titles and descriptions for Datasette's own pages, from the archive's one list of columns."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from archive.desk.plan import EXACT_INDEX, FOLDED_INDEX
from archive.public_columns import TABLES, public_descriptions

if TYPE_CHECKING:
    from archive.desk.served import Served

#: Columns that hold what the papers print, to be read out as Vietnamese.
VIETNAMESE_COLUMNS: Final = frozenset(
    {
        "title", "sapo", "body", "byline", "authors", "dateline", "section", "tags", "province",
        "province_today", "paper", "name", "caption", "credit", "text", "term", "published_raw",
    }
)  # fmt: skip


def describe(served: Served) -> dict[str, Any]:
    """Datasette metadata for the snapshot's database."""
    tables: dict[str, Any] = {name: _table(name, text) for name, text in TABLES.items()}
    # Datasette would take the first index that names the table: the exact one
    tables["articles"] |= {"fts_table": FOLDED_INDEX, "fts_pk": "docid", "sort_desc": "docid"}
    tables |= {name: {"hidden": True} for name in _shadow_tables()}
    return {
        "title": "DQTV Archive",
        "databases": {
            served.database: {
                "title": f"DQTV Archive, snapshot {served.facts.id}",
                "description": "What Vietnam's provincial press prints about the militia.",
                "tables": tables,
            }
        },
    }


def _table(name: str, description: str) -> dict[str, Any]:
    return {"description": description, "columns": public_descriptions(name)}


def _shadow_tables() -> list[str]:
    parts = ("", "_config", "_data", "_docsize", "_idx")
    return [f"{index}{part}" for index in (EXACT_INDEX, FOLDED_INDEX) for part in parts]
