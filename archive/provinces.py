"""What the provinces and centrally-run cities were called on a day: 34 today, 63 before 1 July 2025.

A name stands for the unit that carried it; the unit is followed through mergers and new names to the
day asked for. Names compare without regard to case, tone placement (Hoà Bình, Hòa Bình), the kind of
dash and the spaces around it. The table, with its sources, is ``provinces.toml``.
"""

from __future__ import annotations

import re
import tomllib
from datetime import date
from difflib import SequenceMatcher
from functools import cache
from importlib.resources import files
from typing import Any, Final

import attrs

from archive.vietnamese import exact_key, fold

_FILE: Final = "provinces.toml"
_DASH: Final = re.compile(r"\s*[-‐‑‒–—−]\s*")
_SPACES: Final = re.compile(r"\s+")


@attrs.frozen(kw_only=True)
class Unit:
    """A province or centrally-run city as it was for a span of days."""

    name: str
    #: ``tỉnh`` or ``thành phố trực thuộc trung ương``.
    kind: str
    #: First day; None: older than the table, which is exact from 1 August 2008 on.
    valid_from: date | None = None
    #: First day on which it was no more (exclusive); None: in force.
    valid_to: date | None = None
    #: Name of the unit that went on with it; None: in force.
    successor: str | None = None
    #: Other ways to write the name.
    aliases: tuple[str, ...] = ()

    def holds_on(self, day: date) -> bool:
        """True when the unit existed on *day*."""
        return (self.valid_from is None or self.valid_from <= day) and (
            self.valid_to is None or day < self.valid_to
        )


def province_on(name: str, day: date) -> str | None:
    """What the unit that carries or carried *name* was called on *day*; None for no unit's name.

    A former name on a later day gives the successor (Hà Giang in 2026: Tuyên Quang), today's name on
    an earlier day the unit that went on under it (Huế in 2020: Thừa Thiên Huế). *day* is a day of
    Vietnam's clock.
    """
    carried = _by_key().get(_key(name))
    if carried is None:
        return None
    unit = next((x for x in carried if x.holds_on(day)), None)
    if unit is None:
        is_later = carried[-1].valid_to is not None and carried[-1].valid_to <= day
        unit = _last(carried[-1], day) if is_later else _first(carried[0], day)
    return unit.name


def province_today(name: str | None) -> str | None:
    """What the unit of this name is called today (Thừa Thiên Huế: Huế); None for no unit's name."""
    carried = _by_key().get(_key(name)) if name else None
    return None if carried is None else _chain(carried[-1])[-1].name


def province_of(name: str | None, day: date | None) -> str | None:
    """Name of a paper's province when an article appeared on *day*; None where it is not certain.

    Without a day the name is certain only when the unit never had another. A name that is no
    unit's (a demo paper's invented province) is given back as it is.
    """
    if name is None or not is_province(name):
        return name
    if day is not None:
        return province_on(name, day)
    carried = _by_key()[_key(name)]
    names = {unit.name for unit in (*_chain(carried[-1]), *_origins(carried[0]))}
    return names.pop() if len(names) == 1 else None


def is_province(name: str) -> bool:
    """True when *name* is or was the name of a province or centrally-run city."""
    return _key(name) in _by_key()


def known_names() -> tuple[str, ...]:
    """Every name of the table once, former ones included, in the order of their letters."""
    return tuple(sorted({unit.name for unit in all_units()}, key=_key))


def nearest_name(name: str) -> str:
    """The name of the table that is most like *name*, compared without marks."""
    wanted = fold(name)
    return max(known_names(), key=lambda known: SequenceMatcher(None, wanted, fold(known)).ratio())


def units_on(day: date) -> tuple[Unit, ...]:
    """The units in force on *day*: 63 from 1 August 2008, 34 from 1 July 2025."""
    return tuple(unit for unit in all_units() if unit.holds_on(day))


def predecessors(unit: Unit) -> tuple[Unit, ...]:
    """The units that *unit* went on with; none for one as old as the table."""
    return tuple(
        other
        for other in all_units()
        if other.successor == unit.name
        and other.valid_to is not None
        and other.valid_to == unit.valid_from
    )


@cache
def all_units() -> tuple[Unit, ...]:
    """Every row of the table."""
    values = tomllib.loads(files("archive").joinpath(_FILE).read_text(encoding="utf-8"))
    return tuple(_unit(row) for row in values["unit"])


def _unit(row: dict[str, Any]) -> Unit:
    return Unit(**(row | {"aliases": tuple(row.get("aliases", ()))}))


@cache
def _by_key() -> dict[str, tuple[Unit, ...]]:
    """Units by every way to write their name, oldest first."""
    found: dict[str, list[Unit]] = {}
    for unit in all_units():
        for name in (unit.name, *unit.aliases):
            found.setdefault(_key(name), []).append(unit)
    return {
        key: tuple(sorted(units, key=lambda unit: unit.valid_from or date.min))
        for key, units in found.items()
    }


def _key(name: str) -> str:
    return exact_key(_SPACES.sub(" ", _DASH.sub("-", name)).strip())


def _chain(unit: Unit) -> list[Unit]:
    """The unit and those that went on with it, one after the other."""
    chain = [unit]
    while chain[-1].successor is not None:
        last = chain[-1]
        chain.append(
            next(x for x in _by_key()[_key(last.successor or "")] if x.valid_from == last.valid_to)
        )
    return chain


def _last(unit: Unit, day: date) -> Unit:
    return next(x for x in _chain(unit) if x.holds_on(day))


def _first(unit: Unit, day: date) -> Unit:
    """The unit that went on as *unit*: of several the one that had its name."""
    return next(x for x in _origins(unit) if x.holds_on(day))


def _origins(unit: Unit) -> list[Unit]:
    """The unit and those it went on from under its name, youngest first."""
    origins = [unit]
    while before := predecessors(origins[-1]):
        named = [x for x in before if x.name == origins[-1].name]
        origins.append((named or list(before))[0])
    return origins
