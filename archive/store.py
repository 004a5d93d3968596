"""The working archive on disk, and the only module that writes article rows."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from typing import TYPE_CHECKING, NamedTuple, Self

import attrs

from archive.article_addresses import ArticleAddresses
from archive.database import make_folder, open_database
from archive.errors import ArchiveError, ArchiveUnwritable
from archive.events import SECOND_LOOK, Events
from archive.instants import read_instant, utc_text
from archive.model import (
    Accepted,
    Explored,
    Failed,
    NotModified,
    RecordLocation,
    Redirected,
    Rejected,
)
from archive.rows import (
    article_row,
    capture_row,
    closed_file_row,
    evidence_rows,
    figure_rows,
    rejection_row,
    removed_rows,
    site_row,
    version_row,
)
from archive.summary import read_summary
from archive.template_counts import TemplateCounts
from archive.transactions import Transactions

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Mapping
    from datetime import timedelta
    from pathlib import Path
    from types import TracebackType

    from sqlite_utils import Database

    from archive.model import Article, Capture, Outcome, Verdict
    from archive.rows import Row
    from archive.summary import Summary
    from archive.template import Lesson, Template
    from archive.warc_files import ClosedFile


class Store(Transactions):
    """The working archive: ``archive.db`` and its folder.

    One writer at a time; every write belongs inside ``transaction()``.
    """

    def __init__(self, root: Path, database: Database) -> None:
        self.root = root
        self.database = database
        connection = database.conn
        assert connection is not None  # noqa: S101 - sqlite-utils types it optional, a fresh one never is
        self.connection: sqlite3.Connection = connection
        self.events = Events(connection)
        self._addresses = ArticleAddresses(connection)
        self._templates = TemplateCounts(connection)

    @classmethod
    def open(cls, root: Path, *, create: bool = True) -> Store:
        """Open the archive in the folder *root*, creating what is missing unless *create* is False.

        Raises ArchiveError (no archive there), SchemaMismatch, ArchiveUnwritable; nothing is changed
        in any of these cases.
        """
        path = root / "archive.db"
        if not create and not path.exists():
            way = "start one with `dqtv demo` or `dqtv crawl`"
            if any((root / "warc").glob("*/*/*.warc.gz*")):
                way = "build it anew from its WARC files with `dqtv repair --rebuild`"
            here = f"there is no archive at {root} (no {path.name})"
            raise ArchiveError(f"{here}; {way}, or name another folder with --archive")
        make_folder(root)
        store = cls(root, open_database(path))
        try:
            make_folder(store.warc_folder)
            make_folder(store.public_folder)
        except ArchiveUnwritable:
            store.close()
            raise
        return store

    @property
    def path(self) -> Path:
        """The working database."""
        return self.root / "archive.db"

    @property
    def warc_folder(self) -> Path:
        """Where captures lie; ``RecordLocation.warc_file`` is relative to it."""
        return self.root / "warc"

    @property
    def public_folder(self) -> Path:
        """Where published snapshots lie."""
        return self.root / "public"

    def close(self) -> None:
        """Close the database; a transaction still open is rolled back."""
        self.connection.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def sync_site(self, row: Mapping[str, object]) -> None:
        """Write what the site file says into ``sites``; capture times already there stay.

        *row* holds id, name, province, homepage, family, languages (a sequence) and status.
        """
        values = site_row(row)
        replace = ", ".join(f"{column} = excluded.{column}" for column in values)
        self._insert("sites", values, on_conflict=f"ON CONFLICT (id) DO UPDATE SET {replace}")
        # captures may have come first, by import
        self.connection.execute(
            "UPDATE sites SET (first_captured_at, last_captured_at) ="
            " (SELECT min(fetched_at), max(fetched_at) FROM captures WHERE site = ?1)"
            " WHERE id = ?1 AND first_captured_at IS NULL",
            (values["id"],),
        )

    def add_capture(self, capture: Capture) -> None:
        """Write the row of a capture; nothing happens when its id is known.

        Raises ValueError when the capture does not say where its record lies.
        """
        row = capture_row(capture)
        added = self._insert("captures", row, on_conflict="ON CONFLICT (id) DO NOTHING")
        if added:
            self.connection.execute(
                "UPDATE sites SET first_captured_at = min(ifnull(first_captured_at, ?1), ?1),"
                " last_captured_at = max(ifnull(last_captured_at, ?1), ?1) WHERE id = ?2",
                (row["fetched_at"], capture.site),
            )

    def store_outcome(
        self,
        outcome: Outcome,
        *,
        article_id: str | None = None,
        second_look: timedelta = SECOND_LOOK,
    ) -> str:
        """Write what became of one page, inside a transaction; *article_id* is known to lie at its address.

        Returns ``new``, ``new_version`` or ``unchanged`` (no version added) for an article; ``missing``,
        ``takedown`` or ``gone`` for a known one that is not there (``Events.gone``); else ``rejected``,
        ``explored``, ``redirected`` or ``failed``. An outcome stored twice leaves the same rows.
        An article the archive holds stays one, and gets its versions, whatever its text is about now.
        """
        if outcome.capture is not None:
            self.add_capture(outcome.capture)
        match outcome:
            case Accepted():
                self.learn(outcome.capture, outcome.lesson)
                return self._store_article(outcome)
            case Rejected():
                self.learn(outcome.capture, outcome.lesson)
                judged = outcome.judged
                if judged and not self._addresses.is_known(judged.article, judged.capture):
                    judged = None
                return self._store_article(judged) if judged else self._reject(outcome)
            case Redirected():
                self.events.redirected(outcome, article_id)
                self._addresses.redirected(outcome, article_id)
                return "redirected"
            case Failed():
                return self.events.gone(outcome, article_id, second_look)
            case NotModified() if article_id is not None:
                self.events.back(article_id, outcome.capture)
                self._widen(article_id, outcome.capture)
                return "unchanged"
            case Explored() | NotModified():
                return "explored"

    def reread(self, outcome: Accepted) -> bool:
        """Write a new reading of the page an article's current version was read from.

        The paper changed nothing, so there is no new version; True when the text is corrected.
        Raises LookupError when the article's current version is from another capture.
        """
        row = article_row(outcome.article, outcome.verdict)
        known = self.connection.execute(
            "SELECT version, text_sha256 FROM articles WHERE id = ? AND capture_id = ?",
            (row["id"], outcome.capture.id),
        ).fetchone()
        if known is None:
            raise LookupError(f"{row['id']} was not read from capture {outcome.capture.id}")
        self._update_version(row, known[0])
        self._update_article(row)
        self._replace_parts(outcome.article, outcome.verdict)
        return bool(row["text_sha256"] != known[1])

    def withdraw(self, article_id: str, rejected: Rejected) -> None:
        """Let an article leave for ``rejections``, where its own page is judged otherwise now.

        Its captures and addresses stay, and what happened to it: from them its versions come back
        should it be an article again.
        """
        for table in ("evidence", "figures", "removed_blocks", "article_versions"):
            self.connection.execute(f"DELETE FROM {table} WHERE article_id = ?", (article_id,))  # noqa: S608 - own table names
        self.connection.execute("DELETE FROM articles WHERE id = ?", (article_id,))
        self.store_outcome(rejected)

    def template(self, site: str) -> Template:
        """What the site prints with its articles, as far as it has been learned."""
        return self._templates.template(site)

    def learn(self, capture: Capture, lesson: Lesson | None) -> None:
        """Count what a page teaches about its paper, inside a transaction."""
        if lesson is not None:
            self._templates.learn(capture.site, lesson, utc_text(capture.fetched_at))

    def known_payload(self, sha256: str) -> tuple[str, datetime] | None:
        """URL and instant of the first full record with this payload, for a revisit to refer to."""
        row = self.connection.execute(
            "SELECT url, fetched_at FROM captures WHERE payload_sha256 = ? AND kind <> 'revisit'"
            " ORDER BY fetched_at, id LIMIT 1",
            (sha256,),
        ).fetchone()
        return (row[0], read_instant(row[1])) if row else None

    def payload_location(self, sha256: str) -> RecordLocation | None:
        """Where the first full record with this payload lies."""
        row = self.connection.execute(
            "SELECT warc_file, offset, length FROM captures WHERE payload_sha256 = ?"
            " AND kind <> 'revisit' ORDER BY fetched_at, id LIMIT 1",
            (sha256,),
        ).fetchone()
        return RecordLocation(warc_file=row[0], offset=row[1], length=row[2]) if row else None

    def register_closed_file(self, closed: ClosedFile) -> None:
        """Write down a closed WARC file with its length and checksum."""
        row = closed_file_row(closed)
        replace = "closed_at = excluded.closed_at, bytes = excluded.bytes, sha256 = excluded.sha256"
        self._insert("warc_files", row, on_conflict=f"ON CONFLICT (name) DO UPDATE SET {replace}")

    def has_closed_file(self, name: str) -> bool:
        """Whether the WARC file *name* is written down as closed."""
        found = self.connection.execute(
            "SELECT 1 FROM warc_files WHERE name = ? AND closed_at IS NOT NULL", (name,)
        )
        return found.fetchone() is not None

    def known_end(self, warc_file: str) -> int:
        """Byte after the last record of *warc_file* that has a row; 0 when none has."""
        found = self.connection.execute(
            "SELECT max(offset + length) FROM captures WHERE warc_file = ?", (warc_file,)
        )
        return int(found.fetchone()[0] or 0)

    def has_capture(self, capture_id: str) -> bool:
        """Whether the capture is already in the archive, as on a second import of a file."""
        found = self.connection.execute("SELECT 1 FROM captures WHERE id = ?", (capture_id,))
        return found.fetchone() is not None

    def summary(self) -> Summary:
        """Count what the archive holds."""
        return read_summary(self.connection, time.time())

    def _store_article(self, outcome: Accepted) -> str:
        article, capture = outcome.article, outcome.capture
        first_id = self._addresses.moved_article((capture.url, article.url))
        article = attrs.evolve(article, id=first_id or article.id)
        self.connection.execute(
            "DELETE FROM rejections WHERE site = ? AND url IN (?, ?)",
            (article.site, capture.url, article.url),
        )
        self.events.back(article.id, capture)
        seen = utc_text(capture.fetched_at)
        self._addresses.remember(article.id, (capture.url,), source="captured", now=seen)
        named = (article.url, *article.addresses)
        self._addresses.remember(article.id, named, source="named", now=seen)
        row = article_row(article, outcome.verdict)
        known = self.connection.execute(
            "SELECT version, text_sha256, capture_id, last_captured_at, printed_digest, level"
            " FROM articles WHERE id = ?",
            (article.id,),
        ).fetchone()
        result: str | None = "new"
        if known is None:
            self._add_article(row, capture)
        else:
            known = _Known(*known)
            result = self._revise(row, known, capture)
            if result == "new_version":
                self.events.topic(
                    article.id, capture, before=known.level, now=outcome.verdict.level
                )
        if result is None:
            self._widen(article.id, capture)
            return "unchanged"
        self._replace_parts(article, outcome.verdict)
        return result

    def _add_article(self, row: Row, capture: Capture) -> None:
        seen = utc_text(capture.fetched_at)
        row = row | {"version": 1, "capture_id": capture.id}
        self._insert("articles", row | {"first_captured_at": seen, "last_captured_at": seen})
        self._insert("article_versions", version_row(row, seen))

    def _revise(self, row: Row, known: _Known, capture: Capture) -> str | None:
        """Update a known article; None when the capture is older than what is stored."""
        seen = utc_text(capture.fetched_at)
        same_text = row["text_sha256"] == known.text_sha256
        # the page of the current version read again, by a better reader, or one that prints the same:
        # no new version of the paper's
        is_printed = (
            known.printed_digest is not None and row["printed_digest"] == known.printed_digest
        )
        corrected = capture.id == known.capture_id and not same_text
        if seen < known.last_captured_at and not corrected:
            return None
        result = "unchanged"
        version: Row = {"version": known.version, "capture_id": known.capture_id}
        if corrected or (is_printed and not same_text):
            self._update_version(row, known.version)
        elif not same_text:
            version = {"version": known.version + 1, "capture_id": capture.id}
            self._insert("article_versions", version_row(row | version, seen))
            result = "new_version"
        last_seen = max(seen, known.last_captured_at)
        self._update_article(row | version | {"last_captured_at": last_seen})
        return result

    def _update_article(self, row: Row) -> None:
        assignments = ", ".join(f"{column} = :{column}" for column in row if column != "id")
        self.connection.execute(f"UPDATE articles SET {assignments} WHERE id = :id", row)  # noqa: S608 - own column names

    def _update_version(self, row: Row, version: int) -> None:
        self.connection.execute(
            "UPDATE article_versions SET text_sha256 = :text_sha256, title = :title, sapo = :sapo,"
            " body = :body, text_changes = :text_changes WHERE article_id = :id AND version = :version",
            row | {"version": version},
        )

    def _widen(self, article_id: str, capture: Capture) -> None:
        self.connection.execute(
            "UPDATE articles SET first_captured_at = min(first_captured_at, ?1),"
            " last_captured_at = max(last_captured_at, ?1) WHERE id = ?2",
            (utc_text(capture.fetched_at), article_id),
        )

    def _replace_parts(self, article: Article, verdict: Verdict) -> None:
        parts = {
            "figures": figure_rows(article),
            "evidence": evidence_rows(article.id, verdict),
            "removed_blocks": removed_rows(article),
        }
        for table, rows in parts.items():
            self.connection.execute(f"DELETE FROM {table} WHERE article_id = ?", (article.id,))  # noqa: S608 - own table names
            for row in rows:
                self._insert(table, row)

    def _reject(self, rejected: Rejected) -> str:
        row = rejection_row(rejected, datetime.now(UTC))
        replace = ", ".join(f"{column} = excluded.{column}" for column in row)
        self._insert(
            "rejections", row, on_conflict=f"ON CONFLICT (site, url) DO UPDATE SET {replace}"
        )
        return "rejected"

    def _insert(self, table: str, row: Row, *, on_conflict: str = "") -> int:
        columns, marks = ", ".join(row), ", ".join(f":{column}" for column in row)
        return self.connection.execute(
            f"INSERT INTO {table} ({columns}) VALUES ({marks}) {on_conflict}",  # noqa: S608 - own names
            row,
        ).rowcount


class _Known(NamedTuple):
    """What is stored of an article that comes again."""

    version: int
    text_sha256: str
    capture_id: str
    last_captured_at: str
    printed_digest: str | None
    level: int
