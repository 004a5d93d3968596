"""Build the public database from the working archive: complete, read-only, ready to search."""

from __future__ import annotations

import fcntl
import hashlib
import sqlite3
from contextlib import closing, contextmanager
from datetime import UTC, datetime
from functools import lru_cache
from importlib.metadata import version
from typing import TYPE_CHECKING, Final, Protocol

from archive.database import translated_errors
from archive.errors import ArchiveError, unwritable
from archive.instants import compact_text, utc_text
from archive.provinces import province_today
from archive.public_columns import NOT_PUBLIC
from archive.published_stories import write_stories
from archive.search_index import fed_file, indexes_under_way, move_in
from archive.signatures import sign_texts
from archive.snapshot import Snapshot, newest_snapshot, put_in_place
from archive.store import Store
from archive.withdrawals import read_withdrawals

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

__all__ = ["Progress", "Snapshot", "newest_snapshot", "publish"]


class Progress(Protocol):
    """Told about every step of a build."""

    def __call__(self, step: str, done: int, total: int, /) -> None:
        """*done* of *total* steps are over; *step* names the one that begins."""


#: Articles in the order of their docids. Sorting them with their texts would take three times as long.
_ORDER: Final = """
INSERT INTO temp.ordered (place)
SELECT a.rowid FROM work.articles AS a JOIN work.captures AS c ON c.id = a.capture_id
WHERE a.id NOT IN (SELECT id FROM main.withdrawals)
ORDER BY a.published_at IS NOT NULL, a.published_at, a.first_captured_at, a.id
"""
_ARTICLES: Final = """
INSERT INTO fed.articles (docid, {columns}, paper, captured_at, warc_file, warc_offset, warc_length,
    year, month)
SELECT o.docid, {source_columns}, ifnull(s.name, a.site), c.fetched_at, c.warc_file, c.offset, c.length,
    CAST(substr(a.published_at, 1, 4) AS INTEGER), substr(a.published_at, 1, 7)
FROM temp.ordered AS o
CROSS JOIN work.articles AS a ON a.rowid = o.place
CROSS JOIN work.captures AS c ON c.id = a.capture_id
LEFT JOIN work.sites AS s ON s.id = a.site
ORDER BY o.docid
"""

_COPIES: Final = {
    "article_addresses": "work.article_addresses WHERE article_id IN (SELECT id FROM main.articles)"
    " ORDER BY article_id, url",
    "events": "work.events WHERE kind IN ('missing', 'takedown', 'found_again', 'return', 'redirect',"
    " 'off_topic', 'on_topic')"
    " AND article_id IN (SELECT id FROM main.articles) ORDER BY article_id, happened_at, id",
    "figures": "work.figures WHERE article_id IN (SELECT id FROM main.articles) ORDER BY article_id, position",
    "evidence": "work.evidence WHERE article_id IN (SELECT id FROM main.articles) ORDER BY article_id, position",
    "removed_blocks": "work.removed_blocks WHERE article_id IN (SELECT id FROM main.articles) ORDER BY article_id, position",
    "article_versions": "work.article_versions WHERE article_id IN (SELECT id FROM main.articles) ORDER BY article_id, version",
    "captures": "work.captures WHERE id IN (SELECT capture_id FROM main.articles"
    " UNION SELECT capture_id FROM main.article_versions) ORDER BY fetched_at, id",
}

_FACTS: Final = """
CREATE TABLE article_facts (
    docid INTEGER PRIMARY KEY, site TEXT NOT NULL, province TEXT, province_today TEXT, year INTEGER,
    month TEXT, level INTEGER NOT NULL, section TEXT, page_kind TEXT, published_at TEXT,
    story_id TEXT
);
INSERT INTO article_facts
    SELECT docid, site, province, province_today(province), year, month, level, section, page_kind,
        published_at, story_id
    FROM articles;
CREATE INDEX article_facts_by_site ON article_facts (site, year, month);
CREATE INDEX article_facts_by_province ON article_facts (province, year);
CREATE INDEX article_facts_by_date ON article_facts (published_at);
CREATE INDEX article_facts_by_month ON article_facts (year, month);
CREATE INDEX article_versions_by_capture ON article_versions (capture_id);
CREATE INDEX captures_by_url ON captures (url, fetched_at);
"""

_SITES: Final = """
INSERT INTO sites ({columns}, articles, first_published, last_published)
SELECT {source_columns}, count(f.docid), min(f.published_at), max(f.published_at)
FROM work.sites AS a LEFT JOIN article_facts AS f ON f.site = a.id GROUP BY a.id ORDER BY a.id
"""

_WITHDRAWALS: Final = """
CREATE TABLE withdrawals (
    id TEXT PRIMARY KEY, site TEXT NOT NULL, url TEXT NOT NULL, published_at TEXT,
    reason TEXT NOT NULL, withdrawn_at TEXT NOT NULL
)
"""

_SNAPSHOT: Final = """
CREATE TABLE snapshot (
    id TEXT PRIMARY KEY, built_at TEXT NOT NULL, articles INTEGER NOT NULL,
    papers INTEGER NOT NULL, first_published TEXT, last_published TEXT, software TEXT NOT NULL
);
"""


def publish(
    root: Path, *, progress: Progress | None = None, now: datetime | None = None
) -> Snapshot:
    """Build a snapshot of the archive at *root* and make it the current one.

    Reads one state of the archive, while crawls may go on writing. The same state gives the same
    content; the file's bytes differ only by the instant *now* (default: the clock). The last three
    snapshots are kept. Raises ArchiveError (no archive, another publish is running), SchemaMismatch
    or ArchiveUnwritable; whatever happens, the former snapshot stays current until the new one is
    complete.
    """
    with Store.open(root, create=False) as store, _only_one(store.public_folder) as draft:
        sign_texts(store)
        built_at = now or datetime.now(UTC)
        try:
            with translated_errors(draft), closing(_connect(draft, store.path)) as connection:
                snapshot_id = _build(connection, draft, root, built_at, progress or _silent)
                articles = connection.execute("SELECT count(*) FROM articles").fetchone()[0]
            return put_in_place(
                draft, snapshot_id=snapshot_id, built_at=built_at, articles=articles
            )
        except OSError as error:
            raise unwritable(draft, error) from error
        finally:
            # renamed by now, unless something failed
            _remove(draft)


def _silent(step: str, done: int, total: int) -> None:
    """Report nothing."""


@contextmanager
def _only_one(folder: Path) -> Iterator[Path]:
    """Hold the folder's lock and give the name of the draft; drafts of killed builds are removed."""
    try:
        lock = (folder / ".publish.lock").open("wb")
    except OSError as error:
        raise unwritable(folder, error) from error
    with lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise ArchiveError(
                f"another `dqtv publish` is building in {folder}; wait for it to finish"
            ) from error
        draft = folder / ".building.db"
        _remove(draft)
        yield draft


def _remove(draft: Path) -> None:
    """Remove a draft and what is built beside it."""
    for leftover in draft.parent.glob(f"{draft.name}*"):
        leftover.unlink(missing_ok=True)


def _connect(draft: Path, working: Path) -> sqlite3.Connection:
    connection = sqlite3.connect(draft, isolation_level=None, uri=True)
    try:
        # nothing is lost with a draft; the finished file is synced as a whole
        connection.execute("PRAGMA journal_mode = OFF")
        connection.execute("PRAGMA synchronous = OFF")
        connection.execute("ATTACH ? AS fed", (str(fed_file(draft)),))
        connection.execute("PRAGMA fed.journal_mode = OFF")
        connection.execute("PRAGMA fed.synchronous = OFF")
        connection.execute("ATTACH ? AS work", (f"{working.absolute().as_uri()}?mode=ro",))
        connection.create_function("province_today", 1, _today, deterministic=True)
    except BaseException:
        connection.close()
        raise
    return connection


# few names, asked for once an article
@lru_cache(maxsize=1_000)
def _today(province: str | None) -> str | None:
    """Today's name of a province; a name that is no unit's stays."""
    return province_today(province) or province


def _build(
    connection: sqlite3.Connection, draft: Path, root: Path, built_at: datetime, progress: Progress
) -> str:
    steps: tuple[tuple[str, Callable[[sqlite3.Connection], None]], ...] = (
        ("parts", _write_parts),
        ("stories", write_stories),
        ("facts", _write_facts),
    )
    total = len(steps) + 4
    connection.execute("BEGIN")
    with _one_state(connection):
        progress("withdrawals", 0, total)
        _write_withdrawals(connection, root=root)
        progress("articles", 1, total)
        articles = _write_articles(connection)
        connection.execute("COMMIT")
        with indexes_under_way(draft, articles=articles):
            connection.execute("BEGIN")
            _copy_articles(connection)
            for number, (name, step) in enumerate(steps, start=2):
                progress(name, number, total)
                step(connection)
            connection.execute("COMMIT")
            progress("indexes", total - 2, total)
            snapshot_id = f"{compact_text(built_at)}-{_content_digest(connection)[:8]}"
    connection.execute("DETACH work")
    connection.execute("DETACH fed")
    fed_file(draft).unlink()
    progress("check", total - 1, total)
    move_in(connection, draft)
    _write_snapshot(connection, snapshot_id, built_at)
    # a sample of each index tells the planner enough; reading all of them took a tenth of a build
    connection.execute("PRAGMA analysis_limit = 1000")
    connection.execute("ANALYZE")
    connection.execute("PRAGMA journal_mode = DELETE")
    progress("done", total, total)
    return snapshot_id


@contextmanager
def _one_state(connection: sqlite3.Connection) -> Iterator[None]:
    """Let everything be read from one state of the archive, also after a COMMIT.

    A transaction reads on for as long as a query of it has rows to give, committed or not
    (https://sqlite.org/lang_transaction.html).
    """
    with closing(connection.execute("SELECT 1 FROM work.sqlite_master")) as pending:
        pending.fetchone()
        yield


def _write_withdrawals(connection: sqlite3.Connection, *, root: Path) -> None:
    connection.execute(_WITHDRAWALS)
    connection.executemany(
        "INSERT INTO withdrawals VALUES (?, ?, ?, ?, ?, ?)",
        [
            (line.id, line.site, line.url, line.published_at, line.reason, line.at)
            for line in read_withdrawals(root).values()
        ],
    )


def _write_articles(connection: sqlite3.Connection) -> int:
    """Write the articles into the file that the indexes are fed from; returns how many."""
    columns = _columns(connection, "articles")
    ddl = ",\n    ".join(_declared(columns, key="id"))
    connection.execute(
        f"CREATE TABLE fed.articles (\n    docid INTEGER PRIMARY KEY,\n    {ddl},\n"
        "    paper TEXT NOT NULL,\n    captured_at TEXT NOT NULL,\n    warc_file TEXT NOT NULL,\n"
        "    warc_offset INTEGER NOT NULL,\n    warc_length INTEGER NOT NULL,\n"
        "    year INTEGER,\n    month TEXT\n)"
    )
    connection.execute(
        "CREATE TEMP TABLE ordered (docid INTEGER PRIMARY KEY, place INTEGER NOT NULL)"
    )
    connection.execute(_ORDER)
    return connection.execute(_filled(_ARTICLES, columns)).rowcount


def _copy_articles(connection: sqlite3.Connection) -> None:
    """Copy the articles into the draft, while the indexes are fed with them."""
    (declaration,) = connection.execute(
        "SELECT sql FROM fed.sqlite_master WHERE name = 'articles'"
    ).fetchone()
    connection.execute(declaration)
    # of a table declared alike SQLite copies the rows as they are
    connection.execute("INSERT INTO main.articles SELECT * FROM fed.articles")


def _write_parts(connection: sqlite3.Connection) -> None:
    for table, source in _COPIES.items():
        columns = _columns(connection, table)
        names = ", ".join(columns)
        connection.execute(f"CREATE TABLE {table} ({', '.join(_declared(columns))})")
        connection.execute(f"INSERT INTO {table} ({names}) SELECT {names} FROM {source}")  # noqa: S608 - own names
    connection.execute("CREATE UNIQUE INDEX figures_key ON figures (article_id, position)")
    connection.execute("CREATE UNIQUE INDEX evidence_key ON evidence (article_id, position)")
    connection.execute("CREATE UNIQUE INDEX removed_key ON removed_blocks (article_id, position)")
    connection.execute("CREATE UNIQUE INDEX versions_key ON article_versions (article_id, version)")
    connection.execute("CREATE UNIQUE INDEX captures_key ON captures (id)")
    connection.execute("CREATE INDEX events_by_article ON events (article_id, happened_at)")
    connection.execute("CREATE INDEX addresses_by_url ON article_addresses (url)")
    connection.execute("CREATE UNIQUE INDEX addresses_key ON article_addresses (article_id, url)")


def _write_facts(connection: sqlite3.Connection) -> None:
    _run_all(connection, _FACTS)
    columns = _columns(connection, "sites")
    declared = ", ".join(_declared(columns, key="id"))
    connection.execute(
        f"CREATE TABLE sites ({declared}, articles INTEGER NOT NULL, first_published TEXT,"
        " last_published TEXT)"
    )
    connection.execute(_filled(_SITES, columns))


def _write_snapshot(connection: sqlite3.Connection, snapshot_id: str, built_at: datetime) -> None:
    _run_all(connection, _SNAPSHOT)
    connection.execute(
        "INSERT INTO snapshot SELECT ?, ?, count(*), count(DISTINCT site), min(published_at),"
        " max(published_at), ? FROM article_facts",
        (snapshot_id, utc_text(built_at), f"dqtv-archive {version('dqtv-archive')}"),
    )


def _content_digest(connection: sqlite3.Connection) -> str:
    """Hex SHA-256 over what the snapshot says, independent of when it was built."""
    digest = hashlib.sha256()
    for table in (
        "articles",
        "article_addresses",
        "events",
        "figures",
        "evidence",
        "removed_blocks",
        "article_versions",
        "captures",
        "stories",
        "sites",
        "withdrawals",
    ):
        names = ", ".join(_digested(connection, table))
        for row in connection.execute(f"SELECT {names} FROM main.{table} ORDER BY rowid"):  # noqa: S608 - own names
            digest.update(repr(row).encode())
    return digest.hexdigest()


def _digested(connection: sqlite3.Connection, table: str) -> list[str]:
    names = [x[0] for x in connection.execute("SELECT name FROM pragma_table_info(?)", (table,))]
    if "text_sha256" not in names:
        return names
    # that is the digest of these three: making another took a tenth of a build
    return [name for name in names if name not in {"title", "sapo", "body"}]


def _columns(connection: sqlite3.Connection, table: str) -> dict[str, str]:
    """Name -> declaration of the public columns of a working table, in its order."""
    rows = connection.execute(
        "SELECT name, type, \"notnull\" FROM pragma_table_info(?, 'work')", (table,)
    )
    left_out = NOT_PUBLIC.get(table, set())
    return {
        name: f"{kind} NOT NULL" if required else kind
        for name, kind, required in rows
        if name not in left_out
    }


def _declared(columns: dict[str, str], key: str | None = None) -> list[str]:
    return [
        f"{name} {kind}{' UNIQUE NOT NULL' if name == key else ''}"
        for name, kind in columns.items()
    ]


def _filled(statement: str, columns: dict[str, str]) -> str:
    return statement.format(
        columns=", ".join(columns), source_columns=", ".join(f"a.{name}" for name in columns)
    )


def _run_all(connection: sqlite3.Connection, script: str) -> None:
    # executescript() would end the transaction
    for statement in script.split(";"):
        if statement.strip():
            connection.execute(statement)
