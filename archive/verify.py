"""Say whether every WARC file is still what it was when it was closed, and whether the database fits it.

Read-only on the WARC files, and safe beside a running crawl: what is being written is passed over and named.
"""

from __future__ import annotations

import fcntl
import random
import time
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

import attrs

from archive.errors import ArchiveError
from archive.fixity import REPAIR, RESTORE, Expected, FileCheck, Problem, check_file
from archive.instants import utc_text
from archive.manifest import MANIFEST_NAME, read_manifest
from archive.origin import read_origin
from archive.processes import is_alive
from archive.warc_files import OPEN_SUFFIX

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

    from archive.store import Store

#: Files beside the WARC files that are the archive's own.
_OWN: Final = (MANIFEST_NAME, f"{MANIFEST_NAME}.new")
_MOVE_OUT: Final = "move it out of the archive and take it in with `dqtv import`"


@attrs.frozen(kw_only=True)
class Choice:
    """Which files are read; the others are only looked up."""

    #: Ids of papers; all when empty.
    sites: tuple[str, ...] = ()
    #: Files closed at or after this instant, ISO 8601 in UTC.
    since: str | None = None
    #: Number of files, or share of them when ``is_share``; None reads all.
    sample: float | None = None
    is_share: bool = False
    seed: int = 0


@attrs.frozen(kw_only=True)
class VerifyReport:
    """What was read and what is wrong."""

    checked_at: str
    #: Closed files the archive knows, of the papers asked for.
    known: int
    #: Files read.
    files: int
    bytes: int
    records: int
    rows: int
    seconds: float
    #: Seed of the sample; None when everything was read.
    seed: int | None
    problems: tuple[Problem, ...]
    #: Captures in the files read that have no row, as killed runs leave them; no problem.
    without_row: int
    #: Problems beyond the first hundred of a file.
    more_problems: int
    #: What is no problem but worth knowing, such as a file being written.
    notes: tuple[str, ...]

    @property
    def megabytes_per_second(self) -> float:
        """Speed of reading, in 10^6 bytes of WARC files per second."""
        return self.bytes / 1e6 / self.seconds if self.seconds else 0.0


@attrs.define
class _Verification:
    """One verification under way."""

    store: Store
    choice: Choice
    checked_at: str
    checks: list[FileCheck] = attrs.field(factory=list)
    problems: list[Problem] = attrs.field(factory=list)
    notes: list[str] = attrs.field(factory=list)
    manifests: dict[str, dict[str, str]] = attrs.field(factory=dict)
    without_row: int = 0
    unlisted: int = 0

    def manifest(self, folder: str) -> dict[str, str]:
        if folder not in self.manifests:
            try:
                self.manifests[folder] = read_manifest(self.store.warc_folder / folder)
            except OSError as error:
                self.manifests[folder] = {}
                self.add(f"{folder}/{MANIFEST_NAME}", "manifest", f"it cannot be read ({error.strerror})", REPAIR)  # fmt: skip
        return self.manifests[folder]

    def add(self, file: str, kind: str, what: str, todo: str) -> None:
        self.problems.append(Problem(file=file, kind=kind, what=what, todo=todo))

    def check(
        self, name: str, expected: Expected, on_bytes: Callable[[int], None] | None = None
    ) -> None:
        """Read one file, compare it with what is on record, and store the result."""
        noted = self.manifest(name.partition("/")[0]).get(name)
        if expected.sha256 is None:
            expected = attrs.evolve(expected, sha256=noted)
        check = check_file(
            self.store.warc_folder, expected, self.store.connection, on_bytes=on_bytes
        )
        if noted is None:
            self.unlisted += 1
        elif noted != expected.sha256:
            self._disagree(check, expected, noted)
        self.checks.append(check)
        self.problems += check.problems
        self.without_row += check.without_row
        self._remember(check)

    def _disagree(self, check: FileCheck, expected: Expected, noted: str) -> None:
        """The database and the manifest name different checksums: say which one the file fits."""
        fits = {expected.sha256: "the database", noted: MANIFEST_NAME}.get(check.sha256)
        todo = REPAIR if fits else RESTORE
        what = (
            f"the database has the SHA-256 {expected.sha256}, {MANIFEST_NAME} has {noted};"
            f" the file fits {fits or 'neither'}"
        )
        check.add("manifest", what, todo)

    def _remember(self, check: FileCheck) -> None:
        """Store the result with its date, and the file as verified when nothing is wrong with it."""
        result = "sound" if check.is_sound else check.problems[0].kind
        detail = None if check.is_sound else "\n".join(map(str, check.problems))
        with self.store.transaction():
            self.store.connection.execute(
                "INSERT INTO verifications (file, checked_at, result, detail) VALUES (?, ?, ?, ?)",
                (check.name, utc_text(datetime.now(UTC)), result, detail),
            )
            if check.is_sound:
                self.store.connection.execute(
                    "UPDATE warc_files SET verified_at = ? WHERE name = ?",
                    (utc_text(datetime.now(UTC)), check.name),
                )


def verify(
    store: Store,
    choice: Choice,
    *,
    on_progress: Callable[[str, int, int], None] | None = None,
) -> VerifyReport:
    """Read the closed files of *choice* to the last byte and compare them with manifest and rows.

    *on_progress* hears the file, the bytes read so far and the bytes to read. Results are stored in
    ``verifications``. Raises ArchiveError when the database cannot be read or written.
    """
    job = _Verification(store=store, choice=choice, checked_at=utc_text(datetime.now(UTC)))
    began = time.monotonic()
    known = _known_files(store, choice)
    chosen = _sampled(known, choice)
    total, done = sum(expected.length or 0 for expected in chosen), 0
    for expected in chosen:

        def tell(read: int, name: str = expected.name, before: int = done) -> None:
            if on_progress is not None:
                on_progress(name, before + read, total)

        job.check(expected.name, expected, tell)
        done += expected.length or 0
    checked = {expected.name for expected in chosen}
    for expected in known:
        if expected.name not in checked and not (store.warc_folder / expected.name).exists():
            job.add(expected.name, "missing", "there is no such file", RESTORE)
    _look_around(job)
    _add_notes(job)
    return VerifyReport(
        checked_at=job.checked_at, known=len(known), files=len(job.checks),
        bytes=sum(check.bytes for check in job.checks),
        records=sum(check.records for check in job.checks),
        rows=sum(check.rows for check in job.checks), seconds=time.monotonic() - began,
        seed=None if choice.sample is None else choice.seed, problems=tuple(job.problems),
        without_row=job.without_row, more_problems=sum(check.more for check in job.checks),
        notes=tuple(job.notes),
    )  # fmt: skip


def _known_files(store: Store, choice: Choice) -> list[Expected]:
    rows = store.connection.execute(
        "SELECT name, sha256, bytes, site, closed_at FROM warc_files WHERE closed_at IS NOT NULL ORDER BY name"
    ).fetchall()
    return [
        Expected(name=name, sha256=sha256, length=length)
        for name, sha256, length, site, closed_at in rows
        if (not choice.sites or site in choice.sites)
        and (choice.since is None or closed_at >= choice.since)
    ]


def _sampled(known: Sequence[Expected], choice: Choice) -> list[Expected]:
    if choice.sample is None:
        return list(known)
    wanted = choice.sample * len(known) / 100 if choice.is_share else choice.sample
    count = min(len(known), max(1, round(wanted))) if known else 0
    # a sample for reading, not a secret
    picked = random.Random(choice.seed).sample(range(len(known)), count)  # noqa: S311
    return [known[number] for number in sorted(picked)]


def _look_around(job: _Verification) -> None:
    """Files that no row knows, and rows of captures in files that do not exist."""
    for path in _files(job.store.warc_folder, job.choice):
        name = path.relative_to(job.store.warc_folder).as_posix()
        if path.name.endswith(f".warc.gz{OPEN_SUFFIX}"):
            _look_at_open(job, path, name)
        elif path.name.endswith(".warc.gz"):
            if not job.store.has_closed_file(name):
                _look_at_unknown(job, path, name)
        elif path.name not in _OWN:
            job.add(name, "foreign", "it is no file of this archive", "move it out of the archive's warc folder")  # fmt: skip
    _look_for_lost(job)


def _files(folder: Path, choice: Choice) -> Iterator[Path]:
    tops = [folder / site for site in choice.sites] if choice.sites else [folder]
    for top in tops:
        yield from sorted(path for path in top.rglob("*") if not path.is_dir())


def _look_at_open(job: _Verification, path: Path, name: str) -> None:
    state = _open_state(path)
    if state == "written":
        job.notes.append(f"{name}: being written, not read")
    elif state == "empty":
        job.notes.append(f"{name}: nothing is written yet")
    elif state == "left":
        what = "a killed run left it open; its last record may be torn"
        job.add(name, "open", what, f"{REPAIR}, or crawl the paper again")


def _open_state(path: Path) -> str:
    """``written`` by a living process, ``left`` by a killed one, ``empty``, or ``closed`` in the meantime."""
    try:
        if path.stat().st_size == 0:
            # its writer may be about to lock it: do not get in its way
            return "empty"
        with path.open("rb") as file:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except FileNotFoundError:
        return "closed"
    except BlockingIOError:
        return "written"
    except OSError:
        return "left"
    return "left"


def _look_at_unknown(job: _Verification, path: Path, name: str) -> None:
    """A closed file without a row: of a run that goes on, of a killed one, or put there by somebody."""
    try:
        run_id = read_origin(path, job.store.warc_folder).run_id
    except ArchiveError:
        if name not in job.manifest(name.partition("/")[0]):
            empty = path.stat().st_size == 0
            what = "it is empty" if empty else "it does not begin with a record of this program"
            job.add(name, "foreign", what, "remove it" if empty else _MOVE_OUT)
            return
        run_id = ""
    except OSError as error:
        job.add(name, "unreadable", f"it cannot be read ({error.strerror})", "see that this user may read it")  # fmt: skip
        return
    if is_running(job.store, run_id):
        job.notes.append(f"{name}: its run is still going on, not read")
        return
    job.check(name, Expected(name=name))
    job.add(name, "unknown", "the database does not know this file", REPAIR)


def is_running(store: Store, run_id: str) -> bool:
    """Whether a living process works on this run; its files are written down at its end."""
    row = store.connection.execute(
        "SELECT holder FROM runs WHERE id = ? AND finished_at IS NULL", (run_id,)
    ).fetchone()
    return row is not None and is_alive(row[0])


def _look_for_lost(job: _Verification) -> None:
    rows = job.store.connection.execute(
        "SELECT warc_file, site, count(*) FROM captures WHERE warc_file NOT IN (SELECT name FROM warc_files)"
        " GROUP BY warc_file ORDER BY warc_file"
    ).fetchall()
    for name, site, count in rows:
        path = job.store.warc_folder / name
        exists = path.exists() or path.with_name(path.name + OPEN_SUFFIX).exists()
        if not exists and (not job.choice.sites or site in job.choice.sites):
            job.add(name, "missing", f"there is no such file, and {count} captures are in it", RESTORE)  # fmt: skip


def _add_notes(job: _Verification) -> None:
    if job.without_row:
        job.notes.append(
            f"{job.without_row} captures have no row in the database, as a killed run leaves them:"
            " `dqtv repair` adds them"
        )
    if job.unlisted:
        job.notes.append(
            f"{job.unlisted} files are not listed in {MANIFEST_NAME} beside them: `dqtv repair` adds them"
        )
