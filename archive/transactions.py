"""All or nothing: transactions on the working database, and savepoints inside them."""

from __future__ import annotations

from abc import ABC, abstractmethod
from contextlib import contextmanager
from typing import TYPE_CHECKING

from archive.database import translated_errors

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterator
    from pathlib import Path


class Transactions(ABC):
    """Gives a class with a database and its connection the ways to write to it."""

    connection: sqlite3.Connection

    @property
    @abstractmethod
    def path(self) -> Path:
        """The database's file, for messages."""

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """Write everything inside or nothing. Not re-entrant (RuntimeError): use ``savepoint``.

        Raises ArchiveUnwritable or ArchiveError for what SQLite reports about the file.
        """
        if self.connection.in_transaction:
            raise RuntimeError("transactions do not nest; use savepoint() inside one")
        with translated_errors(self.path):
            self.connection.execute("BEGIN IMMEDIATE")
            try:
                yield
                self.connection.execute("COMMIT")
            except BaseException:
                self._undo("ROLLBACK")
                raise

    @contextmanager
    def savepoint(self) -> Iterator[None]:
        """One outcome in a group: when it fails, only its own writes are undone.

        Raises RuntimeError outside a transaction, also when the transaction was lost on the way.
        """
        if not self.connection.in_transaction:
            raise RuntimeError("savepoint() belongs inside transaction()")
        with translated_errors(self.path):
            self.connection.execute("SAVEPOINT outcome")
            try:
                yield
            except BaseException:
                self._undo("ROLLBACK TO outcome", "RELEASE outcome")
                raise
            self.connection.execute("RELEASE outcome")

    def _undo(self, *statements: str) -> None:
        # a full disk makes SQLite roll back by itself
        if self.connection.in_transaction:
            for statement in statements:
                self.connection.execute(statement)
