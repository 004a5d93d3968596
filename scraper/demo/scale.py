"""Generated articles for benchmarks: any number of them, distinct, plausible, always the same.

Sentences come from ``scale.toml``; each article has its own commune, people and figures, and its
own choice and order of sentences. They test speed, not judgement: the written stories do that.
"""

from __future__ import annotations

import itertools
import random
import tomllib
from datetime import date, datetime, time, timedelta
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import attrs

from archive.instants import VIETNAM
from scraper.demo.stories import Story, StoryFigure

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from scraper.demo.edition import Masthead

_BANK = Path(__file__).with_name("scale.toml")
_DEFENCE = "Quốc phòng"
#: Numbers of generated articles start here, above all written ones.
FIRST_NUMBER = 8_000_000
#: Numbers of the articles of single days start here.
_FIRST_OF_DAYS = 9_000_000
_FIRST_DAILY = date(2026, 1, 1)
_MOST_A_DAY = 100
_FIRST_DAY = datetime(2014, 1, 6, 6, 30, tzinfo=VIETNAM)
_LAST_DAY = datetime(2026, 10, 30, 20, 0, tzinfo=VIETNAM)
_PARAGRAPHS = (6, 9)
_SENTENCES = (2, 4)
#: Of a topic, this many sentences are its own; the rest comes from the pools.
_OWN_SENTENCES = 9


#: Slots that are drawn anew wherever they stand.
_FIGURES: dict[str, Callable[[random.Random], str]] = {
    "n": lambda dice: str(dice.randint(3, 40)),
    "m": lambda dice: str(dice.randint(60, 900)),
    "k": lambda dice: f"{dice.randint(1, 19)}.{dice.randint(0, 999):03}",
    "pt": lambda dice: f"{dice.randint(5, 98)},{dice.randint(1, 9)}%",
    "ngay": lambda dice: f"{dice.randint(1, 28)}-{dice.randint(1, 12)}",
    "tien": lambda dice: f"{dice.randint(12, 980)} triệu đồng",
    "km": lambda dice: f"{dice.randint(1, 30)},{dice.randint(1, 9)} km",
}


@attrs.frozen(kw_only=True)
class _Topic:
    kind: str
    level: int
    share: int
    titles: tuple[str, ...] = attrs.field(converter=tuple)
    sapos: tuple[str, ...] = attrs.field(converter=tuple)
    sentences: tuple[str, ...] = attrs.field(converter=tuple)
    section: str | None = None
    #: Sentences of which exactly one is printed, in the first half.
    opening: tuple[str, ...] = attrs.field(converter=tuple, default=())
    #: Its articles take nothing from the pools, which speak of a Vietnamese commune.
    alone: bool = False


@attrs.frozen(kw_only=True)
class _Bank:
    names: dict[str, list[str]]
    pools: dict[str, list[str]]
    topics: tuple[_Topic, ...]


def generate(masthead: Masthead, count: int) -> list[Story]:
    """*count* articles for the paper; the same ones for the same paper and count or more."""
    dice = random.Random(f"scale {masthead.id}")  # noqa: S311 - repeatable, not secret
    titles: set[str] = set()
    return [_story(masthead, FIRST_NUMBER + index, dice, titles) for index in range(count)]


def generate_day(masthead: Masthead, day: date, count: int) -> list[Story]:
    """*count* articles that the paper prints on *day*; the same ones for the same paper, day and count or more.

    Raises ValueError for more than a hundred, or a day before 2026.
    """
    first = _FIRST_OF_DAYS + (day - _FIRST_DAILY).days * _MOST_A_DAY
    if count > _MOST_A_DAY or first < _FIRST_OF_DAYS:
        raise ValueError(f"{count} articles on {day}")
    dice = random.Random(f"day {masthead.id} {day}")  # noqa: S311 - repeatable, not secret
    titles: set[str] = set()
    dawn = datetime.combine(day, time(5), VIETNAM)
    return [
        attrs.evolve(
            _story(masthead, first + index, dice, titles),
            # from five in the morning to nine in the evening
            published=dawn + timedelta(minutes=dice.randrange(16 * 60)),
        )
        for index in range(count)
    ]


def _story(masthead: Masthead, number: int, dice: random.Random, titles: set[str]) -> Story:
    bank = _bank()
    topic = dice.choices(bank.topics, weights=[topic.share for topic in bank.topics])[0]
    slots = _Slots(bank, dice)
    title = _new_title(topic, slots, dice, titles)
    body = _body(topic, slots, dice)
    return Story(
        number=number,
        paper=masthead.key,
        kind=topic.kind,
        level=topic.level,
        section=_section(topic, masthead, dice),
        title=title,
        sapo=slots.fill(dice.choice(topic.sapos)) if masthead.has_leads else None,
        published=_instant(dice),
        byline=_byline(slots, dice),
        tags=("dân quân tự vệ",) if topic.level == 2 else (),  # noqa: PLR2004 - a level
        body=body,
        figures=_figures(topic, slots, len(body), dice),
    )


def _byline(slots: _Slots, dice: random.Random) -> str | None:
    name = slots.person(dice.choice(("men", "women")))
    return dice.choice((name, f"Tin, ảnh: {name}", "P.V", None))


def _new_title(topic: _Topic, slots: _Slots, dice: random.Random, titles: set[str]) -> str:
    """A headline no article of the paper has had; a crowded pattern gets the hamlet and a number."""
    title = slots.fill(dice.choice(topic.titles))
    while title in titles:
        title = slots.fill(f"{dice.choice(topic.titles)}: chuyện ở {{thon}} sau {{m}} ngày")
    titles.add(title)
    return title


def _body(topic: _Topic, slots: _Slots, dice: random.Random) -> tuple[str, ...]:
    sentences = iter(_sentences(topic, dice))
    wanted = [dice.randint(*_SENTENCES) for _ in range(dice.randint(*_PARAGRAPHS))]
    paragraphs = (" ".join(map(slots.fill, itertools.islice(sentences, count))) for count in wanted)
    return tuple(paragraph for paragraph in paragraphs if paragraph)


def _sentences(topic: _Topic, dice: random.Random) -> list[str]:
    if topic.alone:
        return dice.sample(topic.sentences, len(topic.sentences))
    militia, neutral = _bank().pools["militia"], _bank().pools["neutral"]
    chosen = dice.sample(topic.sentences, _OWN_SENTENCES) + dice.sample(neutral, 7)
    if topic.level == 2:  # noqa: PLR2004 - a level
        chosen += dice.sample(militia, len(militia) // 2)
    dice.shuffle(chosen)
    if topic.opening:
        chosen.insert(dice.randrange(_PARAGRAPHS[0]), dice.choice(topic.opening))
    return chosen


def _section(topic: _Topic, masthead: Masthead, dice: random.Random) -> str:
    if topic.section is not None:
        return topic.section
    if topic.level == 2:  # noqa: PLR2004 - a level
        return next(name for name in masthead.sections if _DEFENCE in name)
    return dice.choice([x for x in masthead.sections if x in {"Xã hội", "Văn hóa", "Đời sống"}])


def _instant(dice: random.Random) -> datetime:
    minutes = int((_LAST_DAY - _FIRST_DAY).total_seconds() // 60)
    return _FIRST_DAY + timedelta(minutes=dice.randrange(minutes))


def _figures(
    topic: _Topic, slots: _Slots, paragraphs: int, dice: random.Random
) -> tuple[StoryFigure, ...]:
    captions = (
        "Một góc {thon}, {xa}.",
        "Ông {a} (bìa phải) trao đổi công việc.",
        "Chị {c} ở {thon}.",
    )
    chosen = dice.sample(captions, 0 if topic.alone else dice.randint(0, 2))
    return tuple(
        StoryFigure(after=dice.randint(1, paragraphs), caption=slots.fill(x), credit=None)
        for x in chosen
    )


class _Slots:
    """The place, people and figures of one article."""

    def __init__(self, bank: _Bank, dice: random.Random) -> None:
        self._names = bank.names
        self._dice = dice
        commune = " ".join(dice.choice(self._names[key]) for key in ("first", "last"))
        rank = dice.choice(("xã", "phường", "xã"))
        self._fixed = {
            "xa": f"{rank} {commune}",
            "xa_hoa": f"{rank.capitalize()} {commune}",
            "a": self.person("men"),
            "b": self.person("men"),
            "c": self.person("women"),
            "nuoc": dice.choice(self._names["countries"]),
            "nam": str(dice.randint(2015, 2026)),
        }

    def person(self, middles: str) -> str:
        """A full name with a middle name from the list *middles* (``men`` or ``women``)."""
        return " ".join(
            self._dice.choice(self._names[key]) for key in ("surnames", middles, "given")
        )

    def fill(self, pattern: str) -> str:
        """*pattern* with its slots filled; figures are drawn anew each time."""
        return "".join(self._part(*part) for part in _parsed(pattern))

    def _part(self, slot: str | None, text: str) -> str:
        if slot is None:
            return text
        if slot == "thon":
            return self._dice.choice(self._names["hamlets"])
        return self._fixed[slot] if slot in self._fixed else _FIGURES[slot](self._dice)


@cache
def _parsed(pattern: str) -> tuple[tuple[str | None, str], ...]:
    """*pattern* as (slot, "") and (None, text) pieces."""
    pieces: list[tuple[str | None, str]] = []
    for position, piece in enumerate(pattern.replace("{", "}").split("}")):
        pieces.append((piece, "") if position % 2 else (None, piece))
    return tuple(pieces)


@cache
def _bank() -> _Bank:
    table = tomllib.loads(_BANK.read_text(encoding="utf-8"))
    return _Bank(names=table["names"], pools=table["pools"], topics=tuple(_topics(table)))


def _topics(table: dict[str, Any]) -> Iterator[_Topic]:
    return (_Topic(**topic) for topic in table["topic"])
