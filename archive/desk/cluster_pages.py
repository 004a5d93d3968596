"""``/-/archivist/cluster``: how crawls on several machines do, for those who are logged in."""

from __future__ import annotations

import asyncio
from functools import partial
from typing import TYPE_CHECKING, Final

import attrs

from archive.desk import answers, served
from archive.desk.archivist_pages import for_archivists
from archive.desk.cluster_look import KEPT_S
from archive.desk.language import number, say, say_count, strings
from archive.desk.private_archive import read_archive
from archive.errors import ArchiveError
from archive.health.alarms import Kind, open_alarms
from archive.health.wording import sentence

if TYPE_CHECKING:
    import sqlite3

    from datasette.utils.asgi import Request, Response

    from archive.desk.office import Office
    from archive.desk.visit import Visit
    from archive.health.alarms import Alarm
    from archive.health.wording import Language

_MINUTE: Final = 60
_HOUR: Final = 3600
_DAY: Final = 86_400
_NEXT_UNIT: Final = 1_000
_UNITS: Final = ("kB", "MB", "GB", "TB")
#: Smaller figures have one decimal.
_DECIMAL_BELOW: Final = 10


@attrs.frozen(kw_only=True)
class _Known:
    """What the archive itself knows."""

    names: dict[str, str]
    #: About segments that were not taken, or wait for something.
    alarms: tuple[Alarm, ...]


async def _cluster(visit: Visit, office: Office, _request: Request) -> Response:
    snapshot = await served.find(visit.datasette)
    if office.cluster is None:
        return await answers.page(visit, "archivist_no_cluster", snapshot, private=True)
    (database, hub), known = await asyncio.gather(office.cluster.look(), _known(office))
    language: Language = "vi" if visit.language == "vi" else "en"
    return await answers.page(
        visit, "archivist_cluster", snapshot, private=True, database=database, hub=hub, names=known.names,
        alarms=[_said(alarm, language, known.names) for alarm in known.alarms], kept=int(KEPT_S),
        lasting=partial(lasting, language), size=partial(size, language), clock=partial(clock, language),
        state=partial(_state, language), process=partial(process, language),
    )  # fmt: skip


async def _known(office: Office) -> _Known:
    """Nothing where the archive cannot be read: the other page says so, and this one is about the machines."""
    try:
        return await read_archive(office, _read)
    except ArchiveError:
        return _Known(names={}, alarms=())


def _read(db: sqlite3.Connection) -> _Known:
    names = dict(db.execute("SELECT id, name FROM sites WHERE name IS NOT NULL").fetchall())
    refused = (x for x in open_alarms(db) if x.kind is Kind.SEGMENT_REFUSED)
    return _Known(names=names, alarms=tuple(refused))


def _said(alarm: Alarm, language: Language, names: dict[str, str]) -> str:
    return sentence(attrs.evolve(alarm, example_url=None), language, names.get(alarm.site or ""))


def lasting(language: str, seconds: float) -> str:
    """A length of time as people say it: 40 seconds, 12 minutes, 3 hours, 2 days; below 0 as 0."""
    whole = max(0, round(seconds))
    for unit, length in (("day", _DAY), ("hour", _HOUR), ("minute", _MINUTE)):
        if whole >= 2 * length:
            return say_count(language, f"cluster.{unit}s", whole // length)
    return say_count(language, "cluster.seconds", whole)


def size(language: str, count: int) -> str:
    """Bytes as people say them: 812 bytes, 1.4 kB, 36 MB."""
    value, chosen = float(count), None
    for unit in _UNITS:
        if value < _NEXT_UNIT:
            break
        value, chosen = value / _NEXT_UNIT, unit
    if chosen is None:
        return say(language, "cluster.bytes", n=number(language, count))
    return f"{_figure(language, value)} {chosen}"


def _figure(language: str, value: float) -> str:
    if value >= _DECIMAL_BELOW:
        return number(language, round(value))
    text = f"{value:.1f}"
    return text.replace(".", ",") if language == "vi" else text


def clock(language: str, off_s: float) -> str:
    """How far a clock is off; less than a second is on time, as the question itself takes a moment."""
    if abs(off_s) < 1:
        return say(language, "cluster.clock_right")
    key = "cluster.clock_ahead" if off_s > 0 else "cluster.clock_behind"
    return say(language, key, time=lasting(language, abs(off_s)))


def _state(language: str, status: str) -> str:
    """A state of the engine's in words; one that is not known as it is."""
    return strings(language).get(f"cluster.job_{status}", status)


def process(language: str, name: str) -> str:
    """A process by its number and machine, see ``archive.processes``."""
    host, number, _ = name.rsplit(" ", 2)
    return say(language, "cluster.process", number=number, host=host)


ROUTES: Final = ((r"^/-/archivist/cluster$", for_archivists(_cluster)),)
