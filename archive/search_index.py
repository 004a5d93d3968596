"""What a snapshot is searched by: two full-text indexes, and the sets of its common phrases.

Each is built in a file and a process of its own, then moved into the snapshot. An index is the tables FTS5 keeps
it in, so moving it is copying their rows. They are fed with comparing forms (docs/design-notes.md#publishing).
"""

from __future__ import annotations

import sqlite3
import subprocess
import sys
from contextlib import closing, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Final

from archive.errors import ArchiveError
from archive.phrases import tables
from archive.phrases.forms import FORMS
from archive.processes import own_environment, own_module

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

_COLUMNS: Final = "title, sapo, body"
#: Name of the index -> the form it is fed with.
_INDEXES: Final = {f"articles_{form.name}": form for form in FORMS}
_PHRASES: Final = "common_phrases"
_BUILT: Final = (*_INDEXES, _PHRASES)
#: Tables in which FTS5 keeps an index of another table's text (https://sqlite.org/fts5.html#fts5_data_structures).
_PARTS: Final = ("data", "idx", "docsize", "config")
#: Settings of FTS5 for as long as it is fed: bytes it gathers before it writes a piece (its own 1 MB makes
#: many small ones, and merging those took a third of the time; 256 MB hold some 55,000 articles), and no merging
#: before all are there.
_WHILE_BUILT: Final = {"hashsize": 256 << 20, "automerge": 0}
#: A process of its own costs more than it saves for fewer articles.
_WORTH_A_PROCESS: Final = 2_000


@contextmanager
def indexes_under_way(draft: Path, *, articles: int) -> Iterator[None]:
    """Build the indexes of the snapshot *draft* in files beside it; they are complete at the end.

    They are fed from the table ``articles``, committed, in the file ``fed_file`` names; until the end it
    may be read and not written. Raises sqlite3.DatabaseError, or ArchiveError
    when a process was killed; the files are then left to whoever removes the draft.
    """
    if articles < _WORTH_A_PROCESS:
        yield
        for name in _BUILT:
            _build(draft, name)
        return
    command, environment = [*own_module("archive.search_index"), str(draft)], own_environment()
    processes = [
        subprocess.Popen([*command, name], stderr=subprocess.PIPE, env=environment)  # noqa: S603 - our own module
        for name in _BUILT
    ]
    try:
        yield
        for process in processes:
            _wait(process)
    finally:
        for process in processes:
            process.kill()
            process.wait()
            assert process.stderr is not None  # noqa: S101 - it was asked for
            process.stderr.close()


def move_in(connection: sqlite3.Connection, draft: Path) -> None:
    """Move the indexes built beside *draft* into it.

    *connection* is the draft's, outside a transaction, and knows nothing of these indexes until it is
    opened anew. Raises sqlite3.DatabaseError, or ArchiveError when an index is incomplete.
    """
    for name in _BUILT:
        connection.execute("ATTACH ? AS built", (str(_file_of(draft, name)),))
        connection.execute("BEGIN")
        if name == _PHRASES:
            _move_phrases(connection)
        else:
            _move_index(connection, name)
        connection.execute("COMMIT")
        connection.execute("DETACH built")
        _file_of(draft, name).unlink()


def _move_index(connection: sqlite3.Connection, name: str) -> None:
    connection.execute(_declared(name))
    for part in _PARTS:
        # the new index holds its description and nothing else
        connection.execute(f"DELETE FROM main.{name}_{part}")  # noqa: S608 - own names
        connection.execute(f"INSERT INTO main.{name}_{part} SELECT * FROM built.{name}_{part}")  # noqa: S608 - own names
    _check_complete(connection, name)


def _move_phrases(connection: sqlite3.Connection) -> None:
    for table, declared in tables.TABLES.items():
        connection.execute(declared)
        connection.execute(f"INSERT INTO main.{table} SELECT * FROM built.{table}")  # noqa: S608 - own names
    connection.execute(tables.INDEX)


def _check_complete(connection: sqlite3.Connection, name: str) -> None:
    # FTS5's own 'integrity-check' took a tenth of a build; tests run it
    missing = connection.execute(
        f"SELECT (SELECT count(*) FROM main.articles) - (SELECT count(*) FROM main.{name}_docsize)"  # noqa: S608 - own names
    ).fetchone()[0]
    if missing:
        raise ArchiveError(
            f"the search index {name} lacks {missing} articles; run `dqtv publish` again, and report"
            " the fault if it comes back"
        )


def _build(draft: Path, name: str) -> None:
    """Build one index of the snapshot *draft*, or find its common phrases, in the file beside it."""
    uri = f"{fed_file(draft).absolute().as_uri()}?mode=ro"
    with (
        closing(sqlite3.connect(_file_of(draft, name), isolation_level=None)) as connection,
        closing(sqlite3.connect(uri, uri=True)) as reading,
    ):
        # as with the draft, nothing is lost with it
        connection.execute("PRAGMA journal_mode = OFF")
        connection.execute("PRAGMA synchronous = OFF")
        connection.execute("BEGIN")
        if name == _PHRASES:
            _find_phrases(connection, reading)
        else:
            _fill_index(connection, name, reading)
        connection.execute("COMMIT")


def _find_phrases(connection: sqlite3.Connection, reading: sqlite3.Connection) -> None:
    # numpy takes a tenth of a second to load, which no other command needs
    from archive.phrases.build import PhraseBuilder  # noqa: PLC0415

    every = max(1, _last(reading) // tables.SAMPLE)
    sql = f"SELECT {_COLUMNS} FROM articles WHERE docid % ? = 0 ORDER BY docid"  # noqa: S608 - own names
    phrases = PhraseBuilder(reading.execute(sql, (every,)).fetchall(), connection)
    for span, texts in _spans(reading):
        phrases.look_into([texts.get(docid, ()) for docid in span])
    phrases.finish()


def _fill_index(connection: sqlite3.Connection, name: str, reading: sqlite3.Connection) -> None:
    connection.execute(_declared(name))
    for setting, value in _WHILE_BUILT.items():
        _tell(connection, name, setting, value)
    # never 'rebuild': that would read the unfolded text of the articles
    insert = f"INSERT INTO {name} (rowid, {_COLUMNS}) VALUES (?, ?, ?, ?)"  # noqa: S608 - own names
    key = _INDEXES[name].key
    for _, texts in _spans(reading):
        connection.executemany(
            insert,
            [(docid, *(text and key(text) for text in own)) for docid, own in texts.items()],
        )
    _tell(connection, name, "optimize")
    connection.executemany(
        f"DELETE FROM {name}_config WHERE k = ?",  # noqa: S608 - own names
        [(setting,) for setting in _WHILE_BUILT],
    )


def _spans(
    reading: sqlite3.Connection,
) -> Iterator[tuple[range, dict[int, Sequence[str | None]]]]:
    """Spans of docids from 0 on, each with the texts of the articles that are in it."""
    sql = f"SELECT docid, {_COLUMNS} FROM articles WHERE docid >= ? AND docid < ? ORDER BY docid"  # noqa: S608 - own names
    for first in range(0, _last(reading) + 1, tables.AT_ONCE):
        span = range(first, first + tables.AT_ONCE)
        rows = reading.execute(sql, (span.start, span.stop))
        yield span, {docid: texts for docid, *texts in rows}


def _last(reading: sqlite3.Connection) -> int:
    """The greatest docid."""
    last: int = reading.execute("SELECT ifnull(max(docid), 0) FROM articles").fetchone()[0]
    return last


def _declared(name: str) -> str:
    # content="articles" in double quotes: Datasette finds the index by this text
    return (
        f'CREATE VIRTUAL TABLE {name} USING fts5({_COLUMNS}, content="articles",'
        f' content_rowid="docid", tokenize="{_INDEXES[name].tokenizer}")'
    )


def _tell(
    connection: sqlite3.Connection, name: str, command: str, value: int | None = None
) -> None:
    connection.execute(f"INSERT INTO {name} ({name}, rank) VALUES (?, ?)", (command, value))  # noqa: S608 - own names


def fed_file(draft: Path) -> Path:
    """Where the articles of *draft* are that its indexes are fed with."""
    return draft.with_name(f"{draft.name}.articles")


def _file_of(draft: Path, name: str) -> Path:
    return draft.with_name(f"{draft.name}.{name}")


def _wait(process: subprocess.Popen[bytes]) -> None:
    _, said = process.communicate()
    if process.returncode == 0:
        return
    message = said.decode(errors="replace").strip()
    if process.returncode < 0:
        raise ArchiveError(
            f"a process that builds a search index was ended by signal {-process.returncode}; if"
            " memory is short, free some, then run `dqtv publish` again"
        )
    error = sqlite3.OperationalError(message)
    error.sqlite_errorcode = process.returncode
    raise error


def _main(draft: str, name: str) -> None:
    """Build one index; exits with SQLite's code of an error and its words on stderr."""
    try:
        _build(Path(draft), name)
    except sqlite3.DatabaseError as error:
        sys.stderr.write(str(error))
        raise SystemExit(getattr(error, "sqlite_errorcode", 1) & 0xFF) from None


if __name__ == "__main__":
    _main(*sys.argv[1:])
