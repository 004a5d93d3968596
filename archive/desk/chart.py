"""A timeline drawn: where its bars, lines, signs and labels stand. The template makes SVG of it.

One series is drawn as bars, several as lines that differ in colour, dashes and signs. Periods without
any article are no zeros: they are hatched, and lines stop there.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Final

import attrs

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from archive.desk.series import Point, Timeline

#: Pixels around the drawing, for the labels.
LEFT: Final = 56
RIGHT: Final = 14
TOP: Final = 14
BOTTOM: Final = 30
#: Pixels of the drawing itself; wider where there are many periods.
HEIGHT: Final = 220
WIDTH: Final = 650
#: Least pixels of a period, and most.
_NARROW: Final = 5
_BROAD: Final = 56
#: Pixels above and below a point of a line within which it can be clicked on.
_REACH: Final = 8
#: Pixels that the label of a period needs.
_LABEL: Final = 62
#: Marks on the upright axis, at most.
_TICKS: Final = 5


@attrs.frozen(kw_only=True)
class Bar:
    """One point of one series."""

    #: Which of the series, from 0.
    series: int
    point: Point
    #: Middle and upper end.
    x: float
    y: float
    height: float
    #: Of its period: left end and width.
    left: float
    width: float
    #: Of where it can be clicked on: upper end and height; a whole column where it is the only one.
    reach_top: float
    reach: float


@attrs.frozen(kw_only=True)
class Label:
    """What stands at an axis."""

    #: A period, or a value of the measure shown.
    value: str | float
    at: float


@attrs.frozen(kw_only=True)
class Chart:
    """A drawing; pixels count from the upper left corner."""

    width: float
    height: float
    bottom: float
    left: float
    right: float
    top: float
    #: Each of the points that has articles, by series.
    bars: tuple[tuple[Bar, ...], ...]
    #: For each series, its lines: points that follow each other without a gap.
    lines: tuple[tuple[tuple[Bar, ...], ...], ...]
    #: Left end and width of periods in which there is no article of any series.
    gaps: tuple[tuple[float, float], ...]
    periods: tuple[Label, ...]
    values: tuple[Label, ...]


def draw(timeline: Timeline, *, share: bool) -> Chart:
    """Draw numbers of hits or, with *share*, their share of the articles."""
    points = timeline.points
    many = len(timeline.periods)
    step = min(max(WIDTH / many, _NARROW), _BROAD)
    ticks = _ticks(max((_value(p, share=share) for some in points for p in some), default=0), share)
    bars = tuple(
        tuple(_bars(some, number, step, ticks[-1], share=share, alone=len(points) == 1))
        for number, some in enumerate(points)
    )
    floor = TOP + HEIGHT
    return Chart(
        width=round(LEFT + step * many + RIGHT, 1), height=floor + BOTTOM, bottom=floor,
        left=LEFT, right=round(LEFT + step * many, 1), top=TOP,
        bars=bars,
        lines=tuple(tuple(_lines(some, step)) for some in bars),
        gaps=tuple(_gaps(points, step)),
        periods=tuple(_period_labels(timeline.periods, step)),
        values=tuple(Label(value=x, at=_up(x, ticks[-1])) for x in ticks),
    )  # fmt: skip


def _value(point: Point, *, share: bool) -> float:
    return (point.share or 0.0) if share else point.hits


def _up(value: float, top: float) -> float:
    return round(TOP + HEIGHT * (1 - value / top), 1)


def _bars(
    points: Sequence[Point], number: int, step: float, top: float, *, share: bool, alone: bool
) -> Iterator[Bar]:
    for place, point in enumerate(points):
        if not point.articles:
            continue
        y = _up(_value(point, share=share), top)
        if point.hits:
            # one hit among many is still seen
            y = min(y, TOP + HEIGHT - 1.5)
        yield Bar(
            series=number,
            point=point,
            x=round(LEFT + step * (place + 0.5), 1),
            y=y,
            height=round(TOP + HEIGHT - y, 1),
            left=round(LEFT + step * place, 1),
            width=round(step, 2),
            reach_top=TOP if alone else round(y - _REACH, 1),
            reach=HEIGHT if alone else 2 * _REACH,
        )


def _lines(bars: Sequence[Bar], step: float) -> Iterator[tuple[Bar, ...]]:
    run: list[Bar] = []
    for bar in bars:
        if run and bar.x - run[-1].x > step * 1.5:
            yield tuple(run)
            run = []
        run.append(bar)
    if run:
        yield tuple(run)


def _gaps(points: Sequence[Sequence[Point]], step: float) -> Iterator[tuple[float, float]]:
    start: int | None = None
    several = list(zip(*points, strict=True))
    for place, some in enumerate(several):
        empty = not any(point.articles for point in some)
        if empty and start is None:
            start = place
        if not empty and start is not None:
            yield round(LEFT + step * start, 1), round(step * (place - start), 1)
            start = None


def _period_labels(periods: Sequence[str], step: float) -> Iterator[Label]:
    """As many as fit; of many months, the Januaries."""
    fits = max(math.ceil(_LABEL / step), 1)
    january = [place for place, period in enumerate(periods) if period.endswith("-01")]
    if "-" in periods[0] and fits > 6 and len(january) > 1:  # noqa: PLR2004 - half a year
        places = january[:: -(-fits // 12)]
    else:
        places = list(range(0, len(periods), fits))
    for place in places:
        yield Label(value=periods[place], at=round(LEFT + step * (place + 0.5), 1))


def _ticks(most: float, share: bool) -> list[float]:
    """Round values from 0 to *most* or a little above; whole ones for numbers of articles."""
    if most <= 0:
        return [0, 1.0 if share else 1]
    rough = most / _TICKS
    power = 10.0 ** math.floor(math.log10(rough))
    size = next(power * x for x in (1, 2, 5, 10) if power * x >= rough * (1 - 1e-9))
    if not share:
        size = max(round(size), 1)
    many = math.ceil(most / size - 1e-9)
    return [round(size * place, 9) for place in range(many + 1)]
