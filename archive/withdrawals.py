"""Articles withdrawn from publication: the file ``withdrawals.jsonl`` in the archive's folder.

One line for each withdrawal and each restoration, only ever appended, so it is also the record of who
did what and why. It lies beside the database and not in it: a recrawl, a replay or ``dqtv repair
--rebuild`` writes the article anew, and publish leaves it out all the same.
"""

from __future__ import annotations

import fcntl
import os
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final

import attrs
import orjson

from archive.errors import ArchiveError, UsageError, unwritable
from archive.instants import utc_text
from archive.store import Store
from archive.warc_files import sync_folder

if TYPE_CHECKING:
    from pathlib import Path

FILE_NAME: Final = "withdrawals.jsonl"


@attrs.frozen(kw_only=True)
class Withdrawal:
    """A line of the file: an article was withdrawn, or came back."""

    #: ``withdraw`` or ``restore``.
    action: str
    id: str
    site: str
    url: str
    published_at: str | None
    reason: str
    #: Who asked or decided; never published.
    by: str | None
    #: UTC.
    at: str


def read_withdrawals(root: Path) -> dict[str, Withdrawal]:
    """The articles of the archive at *root* that are withdrawn now, by id, in the order of time.

    Raises ArchiveError for a line that cannot be read: going on would publish a withdrawn text.
    """
    found: dict[str, Withdrawal] = {}
    for line in read_lines(root):
        found.pop(line.id, None)
        if line.action == "withdraw":
            found[line.id] = line
    return found


def read_lines(root: Path) -> list[Withdrawal]:
    """Everything that was ever withdrawn or restored. Raises ArchiveError as ``read_withdrawals``."""
    path = root / FILE_NAME
    try:
        content = path.read_bytes()
    except FileNotFoundError:
        return []
    except OSError as error:
        raise ArchiveError(f"cannot read {path}: {error.strerror}") from error
    return [_read(path, number, line) for number, line in enumerate(content.splitlines(), start=1)]


def withdraw(
    root: Path, article_id: str, *, reason: str, by: str | None = None, now: datetime | None = None
) -> Withdrawal:
    """Withdraw an article: the next snapshot has a line about it, and no text.

    Raises UsageError for an empty reason, or an article that is not held or withdrawn already;
    ArchiveError (no archive) and ArchiveUnwritable.
    """
    _check_reason(reason)
    with Store.open(root, create=False) as store:
        row = store.connection.execute(
            "SELECT site, url, published_at FROM articles WHERE id = ?", (article_id,)
        ).fetchone()
    known = read_withdrawals(root)
    if article_id in known:
        raise UsageError(f"{article_id} is withdrawn already, since {known[article_id].at}")
    if row is None:
        raise UsageError(
            f"there is no article {article_id!r} in {root}; its id is the end of its address on the desk"
        )
    site, url, published_at = row
    line = Withdrawal(
        action="withdraw", id=article_id, site=site, url=url, published_at=published_at,
        reason=reason.strip(), by=by, at=utc_text(now or datetime.now(UTC)),
    )  # fmt: skip
    _append(root, line)
    return line


def restore(
    root: Path, article_id: str, *, reason: str, by: str | None = None, now: datetime | None = None
) -> Withdrawal:
    """Let a withdrawn article be published again. Raises what ``withdraw`` raises."""
    _check_reason(reason)
    known = read_withdrawals(root)
    if article_id not in known:
        raise UsageError(
            f"{article_id} is not withdrawn; `dqtv withdraw --list` names those that are"
        )
    line = attrs.evolve(
        known[article_id], action="restore", reason=reason.strip(), by=by,
        at=utc_text(now or datetime.now(UTC)),
    )  # fmt: skip
    _append(root, line)
    return line


def _check_reason(reason: str) -> None:
    if not reason.strip():
        raise UsageError("reason is empty; say in a sentence why")


def _append(root: Path, line: Withdrawal) -> None:
    path = root / FILE_NAME
    try:
        with path.open("ab") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            file.write(orjson.dumps(attrs.asdict(line)) + b"\n")
            file.flush()
            os.fsync(file.fileno())
        sync_folder(root)
    except OSError as error:
        raise unwritable(path, error) from error


def _read(path: Path, number: int, line: bytes) -> Withdrawal:
    try:
        values: dict[str, Any] = orjson.loads(line)
        found = Withdrawal(**values)
    except (TypeError, ValueError) as error:
        raise ArchiveError(
            f"{path}, line {number} cannot be read ({error}); mend it or take it out, nothing is"
            " published before"
        ) from error
    if found.action not in {"withdraw", "restore"}:
        raise ArchiveError(f"{path}, line {number}: unknown action {found.action!r}")
    return found
