"""What must be true of an archive after any number of kills, read from outside: rows, records, files."""

from __future__ import annotations

import hashlib
import sqlite3
from contextlib import closing
from typing import TYPE_CHECKING

import attrs

from archive.captures import read_capture
from archive.errors import DqtvError
from archive.model import RecordLocation
from archive.snapshot import newest_snapshot
from archive.store import Store
from archive.verify import Choice, verify

if TYPE_CHECKING:
    from collections.abc import Collection
    from pathlib import Path

#: Columns of an article that the paper decides; when and by which capture it came depends on the kills.
_CONTENT = "id, url, title, sapo, body, byline, published_at, level, version"


@attrs.define
class Findings:
    """Problems by kind, each with one line for people, and how much was looked at."""

    problems: dict[str, list[str]] = attrs.field(factory=dict)
    captures: int = 0
    records: int = 0
    rowless: int = 0
    files: int = 0

    def add(self, kind: str, detail: str) -> None:
        """Note one problem."""
        self.problems.setdefault(kind, []).append(detail)


class ArchiveCheck:
    """Looks at one archive again and again; rows seen to be good once are not read again until the end."""

    def __init__(self, root: Path, *, passes_over: Collection[str] = ()) -> None:
        self.root = root
        #: Kinds of `_QUERIES` that say nothing of this archive.
        self._passes_over = passes_over
        self._seen = 0

    def rows(self, findings: Findings, *, again: bool = False) -> None:
        """Every capture row (only new ones unless *again*) resolves to a whole record of its address."""
        if not (self.root / "archive.db").exists():
            return
        with Store.open(self.root, create=False) as store:
            rows = store.connection.execute(
                "SELECT rowid, id, site, url, warc_file, offset, length FROM captures WHERE rowid > ?"
                " ORDER BY rowid",
                (0 if again else self._seen,),
            ).fetchall()
            for number, capture_id, site, url, *place in rows:
                location = RecordLocation(warc_file=place[0], offset=place[1], length=place[2])
                try:
                    read = read_capture(
                        store.warc_folder, location, site=site, url=url,
                        find_payload=store.payload_location,
                    )  # fmt: skip
                    if read.id != capture_id:
                        findings.add("unreadable", f"{capture_id}: {read.id} lies in its place")
                except (DqtvError, ValueError) as error:
                    findings.add("unreadable", f"{capture_id}: {error}")
                self._seen = max(self._seen, number)
        findings.captures += len(rows)

    def everything(self, findings: Findings) -> None:
        """Rows, files as `dqtv verify` reads them, versions, log: for an archive that no process writes."""
        self.rows(findings, again=True)
        with Store.open(self.root, create=False) as store:
            self._files(store, findings)
            for kind, query in _QUERIES.items():
                if kind in self._passes_over:
                    continue
                for row in store.connection.execute(query):
                    findings.add(kind, " ".join(map(str, row)))

    def _files(self, store: Store, findings: Findings) -> None:
        report = verify(store, Choice())
        findings.files += report.files
        findings.records += report.records
        findings.rowless += report.without_row
        for problem in report.problems:
            findings.add("not whole", str(problem))


#: Kind of problem -> query that must bring nothing.
_QUERIES = {
    "doubled": "SELECT article_id, version FROM article_versions WHERE version > 1",
    "not whole": "SELECT id, 'has no version' FROM articles AS a WHERE NOT EXISTS"
    " (SELECT 1 FROM article_versions WHERE article_id = a.id AND version = a.version)",
    "unlogged": "SELECT c.id, c.url FROM captures AS c JOIN runs AS r ON r.id = c.run_id AND r.command = 'crawl'"
    " WHERE NOT EXISTS (SELECT 1 FROM crawl_log WHERE run_id = c.run_id AND capture_id = c.id)",
    "held": "SELECT site, url, state FROM frontier WHERE state IN ('leased', 'found')",
    "given up": "SELECT site, url, outcome FROM frontier WHERE state = 'failed' AND outcome <> 'guess_missed'",
}


def articles(root: Path) -> dict[str, tuple[object, ...]]:
    """Article id -> what the paper printed."""
    with closing(sqlite3.connect(root / "archive.db")) as connection:
        rows = connection.execute(f"SELECT {_CONTENT} FROM articles").fetchall()  # noqa: S608 - own names
    return {row[0]: row[1:] for row in rows}


def settled(root: Path) -> dict[str, str]:
    """Article address key, with its site -> what became of it."""
    with closing(sqlite3.connect(root / "archive.db")) as connection:
        rows = connection.execute(
            "SELECT site || ' ' || url_key, state || ' ' || ifnull(outcome, '') FROM frontier"
            " WHERE kind = 'article'"
        ).fetchall()
    return dict(rows)


def look_at_snapshot(root: Path) -> str:
    """Open the public snapshot as a reader does; its id. Raises AssertionError for what is not whole."""
    snapshot = newest_snapshot(root)
    uri = f"{snapshot.path.absolute().as_uri()}?mode=ro&immutable=1"
    with closing(sqlite3.connect(uri, uri=True)) as connection:
        state = connection.execute("PRAGMA integrity_check").fetchone()[0]
        assert state == "ok", f"{snapshot.path.name}: {state}"  # noqa: S101 - this is a check
        (count,) = connection.execute("SELECT count(*) FROM articles").fetchone()
        (indexed,) = connection.execute("SELECT count(*) FROM articles_exact").fetchone()
        (said,) = connection.execute("SELECT articles FROM snapshot").fetchone()
        found = {count, indexed, said, snapshot.articles}
        assert len(found) == 1, f"{snapshot.path.name}: {sorted(found)} articles"  # noqa: S101 - this is a check
    digest = hashlib.sha256(snapshot.path.read_bytes()).hexdigest()
    assert digest == snapshot.sha256, f"{snapshot.path.name}: another digest"  # noqa: S101 - this is a check
    return snapshot.id
