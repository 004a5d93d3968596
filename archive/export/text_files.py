"""Plain text for corpus tools: a file for each article in folders by paper and year, and a list.

A file begins with lines ``name: value``, then an empty line, then title, sapo and body with an empty
line between paragraphs. ``index.tsv`` names every file with the other columns (TSV as in ``csv_file``),
``snapshot.txt`` the snapshot, so that the file of an article stays the same for as long as the article does.
Of changes there are files of what was added or changed; the list is then ``changes.tsv``, with ``change``
in front, and ``since.txt`` says what they are compared with.
"""

from __future__ import annotations

import hashlib
import re
from typing import TYPE_CHECKING, Any, Final

from archive.errors import UsageError
from archive.export.csv_file import tsv_line

if TYPE_CHECKING:
    from pathlib import Path

    from archive.export.sheet import Sheet

INDEX: Final = "index.tsv"
#: The list in a folder of changes.
CHANGES: Final = "changes.tsv"
_HEADER: Final = (
    "id", "url", "paper", "site", "province", "section", "byline", "published_at", "published_precision",
    "level", "relevance", "version", "captured_at", "text_sha256",
)  # fmt: skip
_TEXT: Final = ("title", "sapo", "body")


def write_text(sheet: Sheet, path: Path) -> int:
    """Write the articles of a sheet into the new folder *path*.

    Raises UsageError for another table, or without the texts.
    """
    names = [column.name for column in sheet.columns]
    if sheet.table != "articles" or not set(_TEXT) <= set(names):
        raise UsageError("the format text takes the table articles with its texts")
    before = [name for name in names if name == "change"]
    listed = [name for name in names if name not in {"sapo", "body", "change"}]
    path.mkdir()
    _write_origin(sheet, path)
    made: set[str] = set()
    count = 0
    with (path / (CHANGES if before else INDEX)).open("wb") as index:
        index.write(tsv_line([*before, "file", *listed]))
        for values in sheet.rows:
            row = dict(zip(names, values, strict=True))
            count += 1
            file = None
            if row.get("change") != "withdrawn":
                folder = f"{row['site']}/{row['year'] or 'undated'}"
                if folder not in made:
                    (path / folder).mkdir(parents=True, exist_ok=True)
                    made.add(folder)
                file = f"{folder}/{file_name(row['id'])}"
                (path / file).write_text(_content(row), encoding="utf-8", newline="")
            index.write(tsv_line([*map(row.get, before), file, *map(row.get, listed)]))
    return count


def _write_origin(sheet: Sheet, path: Path) -> None:
    """Which snapshot the files are from and, of changes, which one they are compared with."""
    for name, facts in (("snapshot.txt", ("snapshot", "software")), ("since.txt", ("since",))):
        lines = [f"{fact}: {sheet.facts[fact]}\n" for fact in facts if fact in sheet.facts]
        if lines:
            (path / name).write_text("".join(lines), encoding="utf-8", newline="")


def file_name(article_id: str) -> str:
    """Name of an article's file, on any system: ``bao:123`` is ``bao_123.txt``.

    >>> file_name("bao:123")
    'bao_123.txt'
    """
    plain = re.sub(r"[^A-Za-z0-9.-]", "_", article_id)
    if plain != article_id.replace(":", "_", 1) or len(plain) > _LONGEST:
        plain = f"{plain[:_LONGEST]}-{hashlib.sha256(article_id.encode()).hexdigest()[:12]}"
    return f"{plain}.txt"


_LONGEST: Final = 120


def _content(row: dict[str, Any]) -> str:
    header = [
        f"{name}: {' '.join(str(row[name]).split())}"
        for name in _HEADER
        if row.get(name) is not None
    ]
    parts = [" ".join(row["title"].split()), row["sapo"], row["body"]]
    return "\n".join(header) + "\n\n" + "\n\n".join(part for part in parts if part) + "\n"
