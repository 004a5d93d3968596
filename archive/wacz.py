"""Package what was captured of one paper in a period as a WACZ file, which plays without a server.

The WARC files inside hold the chosen records byte for byte, each with its request, under the names
they have here. A revisit whose page was captured before the period takes that record along.
"""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime, time, timedelta
from importlib.metadata import version
from typing import TYPE_CHECKING, Final

import attrs
import orjson

from archive.captures import record_fields
from archive.cdxj import NOT_MODIFIED, closed_files, index_closed_files, index_path, replaced
from archive.errors import NothingCaptured, RecordUnreadable
from archive.instants import VIETNAM, read_instant, utc_text
from archive.model import RecordLocation
from archive.wacz_file import Page, WaczFile

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from datetime import date
    from pathlib import Path

    from archive.store import Store

_PIECE: Final = 1 << 20
_GZIP_MAGIC: Final = b"\x1f\x8b"


@attrs.frozen(kw_only=True)
class Package:
    """A WACZ file that was written."""

    path: Path
    site: str
    #: Days of capture on Vietnam's calendar, both included; None is an open end.
    first: date | None
    last: date | None
    #: Captures of the period.
    captures: int
    #: Records from outside the period that revisits refer to.
    referred: int
    #: Articles in the list of pages, one for each time one was captured.
    pages: int
    #: Length of the file.
    bytes: int
    #: Hex, of the whole file.
    sha256: str
    #: One sentence for each revisit whose page is not in the archive, and each file without an index.
    problems: tuple[str, ...]


@attrs.frozen
class _Line:
    """One line of a CDXJ index, read."""

    #: URL key and time.
    head: str
    fields: dict[str, str]

    @property
    def timestamp(self) -> str:
        return self.head.rpartition(" ")[2]

    @property
    def location(self) -> RecordLocation:
        return RecordLocation(
            warc_file=self.fields["filename"],
            offset=int(self.fields["offset"]),
            length=int(self.fields["length"]),
        )

    @property
    def is_revisit(self) -> bool:
        return self.fields.get("mime") == "warc/revisit"

    def moved(self, offset: int) -> bytes:
        """The line for a copy of the record in a WACZ file."""
        fields = {**self.fields, "offset": str(offset), "filename": _base(self.fields["filename"])}
        return f"{self.head} ".encode() + orjson.dumps(fields) + b"\n"


#: WARC file -> offset of a record -> its line.
_Chosen = dict[str, dict[int, _Line]]


def write_wacz(
    store: Store, site: str, *, out: Path, first: date | None = None, last: date | None = None
) -> Package:
    """Write what was captured of *site* from the day *first* to *last* as a WACZ file in *out*.

    The days are those of Vietnam's calendar, both included; None leaves that end open. A file of that
    name is replaced when the new one is whole. Only closed WARC files are read. Raises NothingCaptured
    when nothing was captured in the period, RecordUnreadable for a damaged WARC file,
    ArchiveUnwritable for *out*.
    """
    indexed = index_closed_files(store)
    chosen = _in_period(store, site, first, last)
    captures = sum(map(len, chosen.values()))
    if not captures:
        raise NothingCaptured(_nothing(store, site, first, last))
    referred, missing = _take_along(store, chosen)
    pages = list(_pages(store, site, chosen, _bounds(first, last)))
    target = out / _name(site, first, last)
    with replaced(target) as stream, WaczFile(stream) as package:
        lines: list[bytes] = []
        for name in sorted(chosen):
            lines += _add_warc(package, store, name, chosen[name])
        package.finish(
            lines=sorted(lines),
            pages=pages,
            title=f"DQTV Archive: {site}, {first or 'start'} to {last or 'end'}",
            software=f"dqtv-archive {version('dqtv-archive')}",
        )
    with target.open("rb") as file:
        sha256 = hashlib.file_digest(file, "sha256").hexdigest()
    return Package(
        path=target, site=site, first=first, last=last, captures=captures, referred=referred,
        pages=len(pages), bytes=target.stat().st_size, sha256=sha256,
        problems=(*indexed.problems, *missing),
    )  # fmt: skip


def papers_with_files(store: Store) -> tuple[str, ...]:
    """Ids of the papers of which there is a closed WARC file."""
    rows = store.connection.execute(
        "SELECT DISTINCT site FROM warc_files WHERE closed_at IS NOT NULL ORDER BY site"
    )
    return tuple(site for (site,) in rows)


# -- choosing records -----------------------------------------------------------------------------


def _in_period(store: Store, site: str, first: date | None, last: date | None) -> _Chosen:
    since, until = (x.strftime("%Y%m%d%H%M%S") for x in _bounds(first, last))
    chosen: _Chosen = {}
    for name in closed_files(store, [site]):
        found = {
            line.location.offset: line
            for line in _lines(store, name)
            if since <= line.timestamp < until
        }
        if found:
            chosen[name] = found
    return chosen


def _take_along(store: Store, chosen: _Chosen) -> tuple[int, list[str]]:
    """Add to *chosen* the records that its revisits refer to; their count, and what is missing."""
    waiting = [line for found in chosen.values() for line in found.values() if line.is_revisit]
    referred, missing = 0, []
    while waiting:
        line = waiting.pop()
        place = _referred(store, line)
        if place is None:
            continue
        found = chosen.setdefault(place.warc_file, {})
        if place.offset in found:
            continue
        original = _line_at(store, place)
        if original is None:
            missing.append(
                f"{line.fields['url']}, {line.timestamp}: the page this revisit refers to is not in"
                " a closed WARC file of the archive"
            )
            continue
        found[place.offset] = original
        referred += 1
        if original.is_revisit:
            waiting.append(original)
    for name in [name for name, found in chosen.items() if not found]:
        del chosen[name]
    return referred, missing


def _referred(store: Store, line: _Line) -> RecordLocation | None:
    """Where the record lies that a revisit refers to; a place in no file when it is not known."""
    fields = record_fields(store.warc_folder, line.location)
    url, date = fields.get("warc-refers-to-target-uri"), fields.get("warc-refers-to-date")
    if url is not None and date is not None:
        row = store.connection.execute(
            "SELECT warc_file, offset, length FROM captures WHERE url = ? AND fetched_at = ?"
            " ORDER BY kind = 'revisit', id LIMIT 1",
            (url, utc_text(read_instant(date))),
        ).fetchone()
        if row is not None:
            return RecordLocation(warc_file=row[0], offset=row[1], length=row[2])
    algorithm, _, sha256 = fields.get("warc-payload-digest", "").partition(":")
    if algorithm != "sha256":
        # a 304 to a question without validators of ours refers to nothing
        return None if url is None else _NOWHERE
    return store.payload_location(sha256) or _NOWHERE


_NOWHERE: Final = RecordLocation(warc_file="", offset=-1, length=0)


def _line_at(store: Store, place: RecordLocation) -> _Line | None:
    if not index_path(store.root, place.warc_file).is_file():
        return None
    lines = _lines(store, place.warc_file)
    return next((line for line in lines if line.location.offset == place.offset), None)


def _lines(store: Store, name: str) -> Iterator[_Line]:
    path = index_path(store.root, name)
    if not path.exists():
        return
    with path.open("rb") as file:
        for text in file:
            head, _, fields = text.decode().partition(" {")
            yield _Line(head, orjson.loads("{" + fields))


# -- writing --------------------------------------------------------------------------------------


def _add_warc(
    package: WaczFile, store: Store, name: str, chosen: dict[int, _Line]
) -> Iterator[bytes]:
    """Add the chosen records of one WARC file with what belongs to them; gives their index lines."""
    path = store.warc_folder / name
    if not path.is_file():
        raise RecordUnreadable(f"{path} is not there; restore it from a backup")
    size = path.stat().st_size
    starts = sorted(line.location.offset for line in _lines(store, name))
    # what stands between two captures is the request of the first; before all of them, the warcinfo
    ends = dict(zip(starts, [*starts[1:], size], strict=True))
    spans = [(0, starts[0]), *((start, ends[start]) for start in sorted(chosen))]
    moved, at = {}, 0
    for start, end in spans:
        moved[start] = at
        at += end - start
    sha256 = package.add_warc(_base(name), at, _pieces(path, spans))
    if at == size and sha256 != _known_sha256(store, name):
        raise RecordUnreadable(
            f"{path} does not fit the SHA-256 written down when it was closed; restore it from a backup"
        )
    for start, line in chosen.items():
        if line.fields.get("status") != NOT_MODIFIED:
            yield line.moved(moved[start])


def _pieces(path: Path, spans: Iterable[tuple[int, int]]) -> Iterator[bytes]:
    with path.open("rb") as file:
        for start, end in spans:
            file.seek(start)
            at = start
            while at < end:
                piece = file.read(min(_PIECE, end - at))
                if not piece or (at == start and not piece.startswith(_GZIP_MAGIC)):
                    raise RecordUnreadable(
                        f"{path} holds no record at byte {at}; restore it from a backup"
                    )
                at += len(piece)
                yield piece


def _known_sha256(store: Store, name: str) -> str | None:
    row = store.connection.execute("SELECT sha256 FROM warc_files WHERE name = ?", (name,))
    found: str | None = row.fetchone()[0]
    return found


#: Each capture of an address of an article, with the title of the version seen by then.
_PAGES: Final = """
SELECT c.id, c.url, c.fetched_at, v.title, c.warc_file, c.offset
FROM captures AS c
JOIN article_addresses AS a ON a.url = c.url
JOIN article_versions AS v ON v.article_id = a.article_id AND v.version = (
    SELECT ifnull(max(CASE WHEN seen_at <= c.fetched_at THEN version END), min(version))
    FROM article_versions WHERE article_id = a.article_id)
WHERE c.site = ? AND c.fetched_at >= ? AND c.fetched_at < ? AND c.status IN (200, 304)
GROUP BY c.id ORDER BY c.fetched_at, c.id
"""


def _pages(
    store: Store, site: str, chosen: _Chosen, bounds: tuple[datetime, datetime]
) -> Iterator[Page]:
    rows = store.connection.execute(_PAGES, (site, *map(utc_text, bounds)))
    for capture_id, url, fetched_at, title, name, offset in rows:
        if offset in chosen.get(name, {}):
            yield Page(id=capture_id, url=url, ts=f"{fetched_at[:19]}Z", title=title)


# -- names and periods ----------------------------------------------------------------------------


def _bounds(first: date | None, last: date | None) -> tuple[datetime, datetime]:
    """First instant of the period, and the first after it, in UTC."""
    since = datetime.combine(first, time(), VIETNAM) if first else datetime(1990, 1, 1, tzinfo=UTC)
    until = (
        datetime.combine(last + timedelta(days=1), time(), VIETNAM)
        if last
        else datetime(9999, 12, 31, tzinfo=UTC)
    )
    return since.astimezone(UTC), until.astimezone(UTC)


def _name(site: str, first: date | None, last: date | None) -> str:
    if first is None and last is None:
        return f"{site}.wacz"
    return f"{site}_{first or 'start'}_{last or 'end'}.wacz"


def _base(name: str) -> str:
    return name.rpartition("/")[2]


def _nothing(store: Store, site: str, first: date | None, last: date | None) -> str:
    earliest, latest = store.connection.execute(
        "SELECT min(fetched_at), max(fetched_at) FROM captures WHERE site = ?", (site,)
    ).fetchone()
    held = (
        f"its captures are from {_day(earliest)} to {_day(latest)}"
        if earliest
        else "it has none at all"
    )
    return (
        f"nothing was captured of {site} from {first or 'the start'} to {last or 'the end'}; {held}"
    )


def _day(text: str) -> date:
    return read_instant(text).astimezone(VIETNAM).date()
