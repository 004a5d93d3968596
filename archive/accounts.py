"""Accounts of archivists: who may log in to the desk. A file of the archive, ``accounts.json``, for its owner only.

Passwords are kept as scrypt (RFC 7914) with a salt of their own, never as they are.
"""

from __future__ import annotations

import hashlib
import hmac
import os
import re
import secrets
import tempfile
import unicodedata
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Self

import attrs
import orjson

from archive.errors import ArchiveError, UsageError, unwritable
from archive.folder_lock import folder_lock
from archive.instants import utc_text

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

FILE: Final = "accounts.json"
#: NIST SP 800-63B-4 asks for 15 where nothing else is asked for at log-in.
SHORTEST_PASSWORD: Final = 15
#: Longer ones are refused unread: they would only keep the processor busy.
LONGEST_PASSWORD: Final = 500
#: 32 MB and 0.28 s of a processor for each try (measured) (OWASP Password Storage Cheat Sheet, scrypt with p=3 and N=2^15).
_COST: Final = {"n": 2**15, "r": 8, "p": 3}
_MEMORY: Final = 64 * 1024 * 1024
_NAME: Final = re.compile(r"[\w.@-]{1,40}")


@attrs.frozen(kw_only=True)
class Account:
    """Someone who may log in."""

    name: str
    #: Hex.
    salt: str
    #: Hex, of the password with the salt.
    hash: str
    #: ``utc_text``.
    added_at: str

    @classmethod
    def new(cls, name: str, password: str, now: datetime) -> Self:
        """An account with a salt of its own. Raises UsageError for a name or password that will not do."""
        salt = secrets.token_bytes(16)
        known = read_name(name)
        return cls(
            name=known,
            salt=salt.hex(),
            hash=_scrypt(_checked(password, known), salt).hex(),
            added_at=utc_text(now),
        )

    @property
    def mark(self) -> str:
        """Names this password of this account without telling it; another password has another mark."""
        return hashlib.sha256(f"{self.name}\n{self.salt}\n{self.hash}".encode()).hexdigest()[:16]


class Accounts:
    """The accounts of the archive at *root*; each method reads the file as it is then."""

    def __init__(self, root: Path) -> None:
        self.path = root / FILE

    def all(self) -> list[Account]:
        """Every account, by name. Raises ArchiveError when the file cannot be read."""
        try:
            read: dict[str, Any] = orjson.loads(self.path.read_bytes())
            found = [Account(name=name, **values) for name, values in read["accounts"].items()]
            for account in found:
                bytes.fromhex(account.salt + account.hash)
        except FileNotFoundError:
            return []
        except (OSError, ValueError, LookupError, TypeError, AttributeError) as error:
            raise ArchiveError(
                f"{self.path} cannot be read ({error}); make it readable for this user, or remove it and"
                " add the accounts anew with `dqtv accounts add`"
            ) from error
        return sorted(found, key=lambda account: account.name)

    def find(self, name: str) -> Account | None:
        """One account, or None. Raises ArchiveError when the file cannot be read."""
        return next((x for x in self.all() if x.name == _folded(name)), None)

    def check(self, name: str, password: str) -> Account | None:
        """The account when *password* is its own, else None; both answers take the same time.

        Raises ArchiveError when the file cannot be read.
        """
        account = self.find(name)
        salt = bytes.fromhex(account.salt) if account else b"\0" * 16
        expected = bytes.fromhex(account.hash) if account else b"\0" * 32
        is_right = hmac.compare_digest(_scrypt(password[:LONGEST_PASSWORD], salt), expected)
        return account if is_right and len(password) <= LONGEST_PASSWORD else None

    def add(self, account: Account) -> None:
        """Put an account in. Raises UsageError when the name is taken, ArchiveError, ArchiveUnwritable."""
        with self._changing() as known:
            if account.name in known:
                raise UsageError(
                    f"there is an account {account.name}; `dqtv accounts password {account.name}` gives"
                    " it another password"
                )
            known[account.name] = account

    def replace(self, account: Account) -> None:
        """Give an account another password, which ends its sessions. Raises as `remove` does."""
        with self._changing() as known:
            _require(known, account.name)
            known[account.name] = account

    def remove(self, name: str) -> None:
        """Take an account out, which ends its sessions.

        Raises UsageError when there is none of this name, ArchiveError, ArchiveUnwritable.
        """
        with self._changing() as known:
            _require(known, _folded(name))
            del known[_folded(name)]

    @contextmanager
    def _changing(self) -> Iterator[dict[str, Account]]:
        with folder_lock(self.path.parent):
            known = {account.name: account for account in self.all()}
            yield known
            self._write(known)

    def _write(self, known: dict[str, Account]) -> None:
        form = {"accounts": {name: _for_json(account) for name, account in sorted(known.items())}}
        try:
            # mkstemp makes files of mode 0600
            number, name = tempfile.mkstemp(dir=self.path.parent, prefix=f".{FILE}.")
            draft = Path(name)
            try:
                with os.fdopen(number, "wb") as file:
                    file.write(orjson.dumps(form, option=orjson.OPT_INDENT_2))
                    file.flush()
                    os.fsync(file.fileno())
                draft.replace(self.path)
            except BaseException:
                draft.unlink(missing_ok=True)
                raise
        except OSError as error:
            raise unwritable(self.path, error) from error


def read_name(text: str) -> str:
    """The name of an account as it is kept. Raises UsageError for one that will not do."""
    name = _folded(text)
    if not _NAME.fullmatch(name):
        raise UsageError(
            f"{text!r} is no name for an account; give 1 to 40 letters, digits or . _ - @, no spaces"
        )
    return name


def _folded(name: str) -> str:
    return unicodedata.normalize("NFC", name.strip()).casefold()


def _checked(password: str, name: str) -> str:
    if len(password) < SHORTEST_PASSWORD or password.casefold() == name:
        raise UsageError(
            f"the password has {len(password)} characters; give one of {SHORTEST_PASSWORD} or more, such"
            " as four words that have nothing to do with each other"
        )
    if len(password) > LONGEST_PASSWORD:
        raise UsageError(
            f"the password is too long; give one of {LONGEST_PASSWORD} characters at most"
        )
    return password


def _scrypt(password: str, salt: bytes) -> bytes:
    # two keyboards may write the same Vietnamese letter in two ways (RFC 8265, 4.2)
    written = unicodedata.normalize("NFC", password).encode("utf-8", "replace")
    return hashlib.scrypt(written, salt=salt, maxmem=_MEMORY, dklen=32, **_COST)


def _require(known: dict[str, Account], name: str) -> None:
    if name not in known:
        listed = ", ".join(sorted(known)) or "none"
        raise UsageError(f"there is no account {name!r}; there are: {listed}")


def _for_json(account: Account) -> dict[str, str]:
    values: dict[str, str] = attrs.asdict(account)
    del values["name"]
    return values
