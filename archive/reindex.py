"""Rows of ``captures``, ``warc_files`` and ``runs`` from the WARC files alone.

What a record cannot say is not made up: the database of a rebuilt archive knows the runs that wrote
its files, but not how they ended.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

import attrs

from archive.asked import read_asked
from archive.errors import ArchiveError
from archive.fixity import Expected, check_file
from archive.instants import read_instant, utc_text
from archive.manifest import complete_manifest, read_manifest
from archive.model import Capture, CaptureKind, RecordLocation
from archive.origin import Origin, read_origin
from archive.records import parse_response, plain_id
from archive.recovery import Recovered, recover_file
from archive.verify import is_running
from archive.walk import Member, Walk
from archive.warc_files import OPEN_SUFFIX, ClosedFile

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

    from archive.store import Store

#: What a run of which only the files are left ended with.
REBUILT: Final = "rebuilt from WARC files"
ROBOTS_PATH: Final = "/robots.txt"


@attrs.define(kw_only=True)
class Reindexed:
    """What a pass over the files found and did."""

    files: int = 0
    bytes: int = 0
    #: Files left by killed runs that were closed, and closed files that had no row.
    recovered: list[Recovered] = attrs.field(factory=list)
    #: Ids of captures whose rows were missing and are written now.
    added: list[str] = attrs.field(factory=list)
    #: Rows that named a wrong place.
    corrected: int = 0
    #: Lines of SHA256SUMS written.
    listed: int = 0
    #: One line for each file or record that could not be taken in.
    problems: list[str] = attrs.field(factory=list)


def paper_folders(warc_folder: Path, sites: Sequence[str] = ()) -> list[Path]:
    """Folders of some papers, or of all."""
    if sites:
        return [warc_folder / site for site in sites if (warc_folder / site).is_dir()]
    return sorted(path for path in warc_folder.iterdir() if path.is_dir())


def captures_in(warc_folder: Path, name: str, origin: Origin) -> Iterator[Capture]:
    """Every whole response and revisit record of a file as a capture without its body.

    Damaged places are passed over (``check_file`` names them). Raises OSError.
    """
    with (warc_folder / name).open("rb") as file:
        for part in Walk(file):
            if isinstance(part, Member) and part.is_capture and part.problem is None:
                try:
                    yield _capture(part, name, origin)
                except ValueError:
                    # no HTTP message or no instant in it
                    continue


def _capture(member: Member, name: str, origin: Origin) -> Capture:
    fields = member.fields
    message = parse_response(member.http_head or b"")
    kind = CaptureKind.IMPORT if origin.command == "import" else CaptureKind.RESPONSE
    algorithm, _, digest = fields.get("warc-payload-digest", "").partition(":")
    asked = read_asked(fields)
    is_robots_txt = asked is None and urlsplit(fields["warc-target-uri"]).path.endswith(ROBOTS_PATH)
    return Capture(
        id=plain_id(fields["warc-record-id"]),
        site=origin.site,
        url=fields["warc-target-uri"],
        fetched_at=read_instant(fields["warc-date"]),
        status=message.status,
        headers=message.headers,
        kind=CaptureKind.REVISIT if fields["warc-type"] == "revisit" else kind,
        payload_sha256=digest if algorithm == "sha256" else None,
        location=RecordLocation(warc_file=name, offset=member.offset, length=member.length),
        run_id=origin.run_id,
        ip=fields.get("warc-ip-address"),
        # nobody asks robots.txt whether it may be read
        robots=None if is_robots_txt and origin.command == "crawl" else origin.robots,
        asked=asked,
    )


def recover(store: Store, folders: Sequence[Path], report: Reindexed) -> None:
    """Close what killed runs left open, and write down closed files that have no row.

    A file without a row that is damaged, or none of ours, is left alone and named.
    """
    for path in warc_paths(folders):
        name = path.relative_to(store.warc_folder).as_posix()
        if not path.exists():
            continue
        try:
            if not name.endswith(OPEN_SUFFIX) and not store.has_closed_file(name):
                if is_running(store, read_origin(path, store.warc_folder).run_id):
                    continue
                _refuse_damaged(store.warc_folder, name)
            done = recover_file(store, path)
        except ArchiveError as error:
            report.problems.append(str(error))
        except OSError as error:
            report.problems.append(f"{name}: it cannot be read ({error.strerror}); see that this user may read it")  # fmt: skip
        else:
            if done is not None:
                report.recovered.append(done)


def _refuse_damaged(warc_folder: Path, name: str) -> None:
    """Nobody knows the checksum of a file without a row: damage must not be made the norm."""
    folder = name.partition("/")[0]
    noted = read_manifest(warc_folder / folder).get(name)
    check = check_file(warc_folder, Expected(name=name, sha256=noted))
    if not check.is_sound:
        raise ArchiveError(str(check.problems[0]))


def warc_paths(folders: Sequence[Path]) -> list[Path]:
    """Closed and open WARC files in *folders*, sorted by name."""
    patterns = ("*.warc.gz", f"*.warc.gz{OPEN_SUFFIX}")
    return sorted(
        path for folder in folders for pattern in patterns for path in folder.rglob(pattern)
    )


def reindex(
    store: Store,
    folders: Sequence[Path],
    *,
    on_progress: Callable[[str, int, int], None] | None = None,
) -> Reindexed:
    """Write the rows that the closed files in *folders* (of papers) show to be missing or wrong.

    *on_progress* hears the file, the bytes read and the bytes to read. Raises ArchiveUnwritable.
    """
    report = Reindexed()
    recover(store, folders, report)
    names = [
        path.relative_to(store.warc_folder).as_posix()
        for path in warc_paths(folders)
        if not path.name.endswith(OPEN_SUFFIX)
    ]
    known = [name for name in names if store.has_closed_file(name)]
    sizes = {name: (store.warc_folder / name).stat().st_size for name in known}
    total = sum(sizes.values())
    for name in known:
        try:
            _reindex_file(store, name, report)
        except (ArchiveError, OSError) as error:
            report.problems.append(f"{name}: {error}")
        report.files += 1
        report.bytes += sizes[name]
        if on_progress is not None:
            on_progress(name, report.bytes, total)
    for folder in folders:
        _settle_checksums(store, folder, report)
    return report


def _reindex_file(store: Store, name: str, report: Reindexed) -> None:
    origin = read_origin(store.warc_folder / name, store.warc_folder)
    with store.transaction():
        for capture in captures_in(store.warc_folder, name, origin):
            _write_row(store, capture, report)


def _write_row(store: Store, capture: Capture, report: Reindexed) -> None:
    place = capture.location
    assert place is not None  # noqa: S101 - a capture of a record has its place
    row = store.connection.execute(
        "SELECT warc_file, offset, length, url, fetched_at, status, payload_sha256"
        " FROM captures WHERE id = ?",
        (capture.id,),
    ).fetchone()
    if row is None:
        store.add_capture(capture)
        report.added.append(capture.id)
        return
    right = (
        place.warc_file, place.offset, place.length, capture.url, utc_text(capture.fetched_at),
        capture.status, capture.payload_sha256,
    )  # fmt: skip
    # the same record in another file that exists is a copy, and the row is right
    is_elsewhere = row[0] != place.warc_file and (store.warc_folder / row[0]).exists()
    if row != right and not is_elsewhere:
        store.connection.execute(
            "UPDATE captures SET warc_file = ?, offset = ?, length = ?, url = ?, fetched_at = ?,"
            " status = ?, payload_sha256 = ? WHERE id = ?",
            (*right, capture.id),
        )
        report.corrected += 1


def index_file(store: Store, path: Path) -> list[str]:
    """Write the rows of one closed file into a new database: ``warc_files``, ``captures``, ``runs``.

    A checksum in SHA256SUMS is taken over as it stands, so that damage of before is still found. Returns
    a line for each damaged place. Raises ArchiveError when the file is none of ours, OSError when it
    cannot be read. Call it inside a transaction.
    """
    warc_folder = store.warc_folder
    name = path.relative_to(warc_folder).as_posix()
    origin = read_origin(path, warc_folder)
    noted = read_manifest(warc_folder / name.partition("/")[0]).get(name)
    for capture in captures_in(warc_folder, name, origin):
        store.add_capture(capture)
    check = check_file(warc_folder, Expected(name=name, sha256=noted))
    newest = store.connection.execute(
        "SELECT max(fetched_at) FROM captures WHERE warc_file = ?", (name,)
    ).fetchone()[0]
    store.register_closed_file(
        ClosedFile(
            name=name,
            site=origin.site,
            run_id=origin.run_id,
            opened_at=origin.opened_at,
            closed_at=datetime.fromtimestamp(path.stat().st_mtime, UTC),
            length=check.bytes,
            sha256=noted or (check.sha256 if check.is_sound else None),
        )
    )
    _note_run(store, origin, newest)
    return [str(problem) for problem in check.problems]


def _note_run(store: Store, origin: Origin, newest: str | None) -> None:
    """A run as far as its files tell: an import's captures are older than the import itself."""
    began = utc_text(origin.opened_at)
    ended = began if origin.command == "import" else max(newest or began, began)
    store.connection.execute(
        "INSERT INTO runs (id, site, command, holder, started_at, finished_at, reason)"
        " VALUES (?, ?, ?, '', ?, ?, ?) ON CONFLICT (id) DO UPDATE SET"
        " started_at = min(started_at, excluded.started_at),"
        " finished_at = max(finished_at, excluded.finished_at)",
        (origin.run_id, origin.site, origin.command, began, ended, REBUILT),
    )


def _settle_checksums(store: Store, folder: Path, report: Reindexed) -> None:
    """Where database and SHA256SUMS differ, the one that the file fits is right; then list what is missing."""
    noted = read_manifest(folder)
    corrected: dict[str, str] = {}
    rows = store.connection.execute(
        "SELECT name, sha256 FROM warc_files WHERE closed_at IS NOT NULL"
    ).fetchall()
    for name, sha256 in rows:
        if noted.get(name, sha256) == sha256:
            continue
        check = check_file(store.warc_folder, Expected(name=name, sha256=noted[name]))
        if check.sha256 is not None and check.sha256 == sha256:
            corrected[name] = sha256
        elif check.is_sound:
            with store.transaction():
                store.connection.execute(
                    "UPDATE warc_files SET sha256 = ?, bytes = ? WHERE name = ?",
                    (check.sha256, check.bytes, name),
                )
            report.corrected += 1
        else:
            report.problems.append(str(check.problems[0]))
    report.listed += complete_manifest(store, folder.name, corrected=corrected)
