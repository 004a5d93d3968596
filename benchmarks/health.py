"""A year of invented papers: how many false alarms there are, and how soon breakages are seen.

Papers of low and high volume, each with its own rhythm of the week, growth, quiet Tết and holidays, good and bad days,
outages of a day, days on which our own machine was off. Every run goes through the judgement and the alarms of
`archive.health`, as at the end of a crawl. Then, on some days of each paper, something is broken.
Seeded: the same options print the same figures, the time apart.
"""

from __future__ import annotations

import argparse
import math
import random
import sqlite3
import statistics
import sys
import tempfile
import time
from collections import Counter
from contextlib import closing
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Final

import attrs

from archive.database import open_database
from archive.health.alarms import Kind, open_alarms, past_alarms
from archive.health.check import settle
from archive.health.history import DAYS
from archive.health.holidays import is_holiday, new_year
from archive.health.judge import Case, judge
from archive.health.measures import DAILY, Measures
from archive.instants import VIETNAM

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

#: Days before the year that is counted, in which a past comes together.
WARM_UP: Final = 70
PAPERS: Final = 31
#: Outages of a paper, and days of our own, in a year.
OUTAGES: Final = 4
OWN_OUTAGES: Final = 3
_FEED: Final = "https://paper.example/rss/home.rss"


@attrs.frozen(kw_only=True)
class Paper:
    """What a paper is like."""

    name: str
    #: New addresses on an ordinary working day, and the share of the articles about the militia.
    a_day: float
    militia: float
    saturday: float
    sunday: float
    #: Change of the volume over a year, as a factor.
    growth: float
    #: How much days differ for no reason: standard deviation of the logarithm.
    unrest: float
    #: Runs a day.
    runs: int
    fields: dict[str, float]
    by_rule: float
    characters: float
    #: Pages in another layout than the usual one.
    specials: float


def papers(number: int, dice: random.Random) -> list[Paper]:
    """From two articles a day to a hundred and fifty, evenly on a logarithmic scale."""
    return [
        Paper(
            name=f"paper{x:02}",
            a_day=2 * 75 ** (x / max(1, number - 1)),
            militia=dice.uniform(0.02, 0.15),
            saturday=dice.uniform(0.5, 0.95),
            sunday=dice.uniform(0.35, 0.9),
            growth=dice.uniform(0.75, 1.4),
            unrest=dice.uniform(0.08, 0.22),
            runs=dice.choice((1, 1, 2, 4)),
            fields={
                "sapo": dice.uniform(0.9, 1.0), "body": dice.uniform(0.93, 1.0),
                "byline": dice.choice((0.35, 0.7, 0.9, 0.98)), "published_at": dice.uniform(0.97, 1.0),
                "section": dice.choice((0.0, 0.9, 1.0)), "tags": dice.choice((0.0, 0.5, 0.8)),
                "figures": dice.uniform(0.6, 0.95),
            },
            by_rule=dice.choice((0.0, 0.9, 0.97, 1.0)),
            characters=dice.uniform(1_500, 4_500),
            specials=dice.uniform(0.0, 0.06),
        )
        for x in range(number)
    ]  # fmt: skip


@attrs.frozen(kw_only=True)
class Broken:
    """What is broken, and the alarm that must say so."""

    name: str
    kind: Kind
    field: str | None
    #: Changes what a run shows, given dice.
    change: Callable[[Measures, random.Random], Measures]
    #: Factor of the volume.
    volume: float = 1.0
    #: Articles that the feed names.
    listed: int = 20
    #: Papers to which it can happen.
    of: Callable[[Paper], bool] = lambda _: True


def _without(*names: str) -> Callable[[Measures, random.Random], Measures]:
    def change(run: Measures, _: random.Random) -> Measures:
        return attrs.evolve(run, fields=run.fields | dict.fromkeys(names, 0))

    return change


def _renamed(run: Measures, _: random.Random) -> Measures:
    layouts = {"renamed": run.articles} if run.articles else {}
    return attrs.evolve(run, by_rule=0, layouts=layouts)


def _in_another_charset(run: Measures, _: random.Random) -> Measures:
    return attrs.evolve(run, charsets={"cp1258": run.articles} if run.articles else {})


def _cut_short(run: Measures, _: random.Random) -> Measures:
    return attrs.evolve(run, characters=round(0.25 * (run.characters or 0)) or None)


def _refused(reason: str, ended: str) -> Callable[[Measures, random.Random], Measures]:
    def change(run: Measures, _: random.Random) -> Measures:
        nothing = Measures(
            run_id=run.run_id, site=run.site, kind=run.kind, started_at=run.started_at, reason=ended, found=0,
            fetched=0, accepted=0, articles=0,
        )  # fmt: skip
        return attrs.evolve(nothing, newest_at=run.newest_at, asked=10, failures={reason: 10})

    return change


def _unchanged(run: Measures, _: random.Random) -> Measures:
    return run


BREAKAGES: Final = (
    Broken(name="selector renamed", kind=Kind.FALLBACK, field="body", change=_renamed, of=lambda x: x.by_rule > 0),
    Broken(name="author line gone", kind=Kind.FIELD_MISSING, field="byline", change=_without("byline")),
    Broken(name="date format changed", kind=Kind.FIELD_MISSING, field="published_at", change=_without("published_at")),
    Broken(name="feed emptied", kind=Kind.LIST_EMPTY, field=_FEED, change=_unchanged, listed=0),
    Broken(name="robots.txt forbids", kind=Kind.ROBOTS_CHANGED, field=None, change=_refused("robots", "finished")),
    Broken(name="challenge pages", kind=Kind.BLOCKED, field=None, change=_refused("blocked", "blocked")),
    Broken(name="certificate refused", kind=Kind.TLS_CHANGED, field=None, change=_refused("tls", "unreachable")),
    Broken(name="charset changed", kind=Kind.CHARSET_CHANGED, field="utf-8", change=_in_another_charset),
    Broken(name="texts cut short", kind=Kind.BODY_SHORT, field="body", change=_cut_short),
    Broken(name="half as many articles", kind=Kind.FEWER_ARTICLES, field=None, change=_unchanged, volume=0.5),
    Broken(name="nothing new", kind=Kind.FEWER_FOUND, field=None, change=_unchanged, volume=0.0),
)  # fmt: skip


class Simulation:
    """The runs of one paper, day by day, with its alarms in a database."""

    def __init__(self, db: sqlite3.Connection, paper: Paper, first: date, seed: str) -> None:
        self.db = db
        self.paper = paper
        self.first = first
        self._dice = random.Random(f"{seed} {paper.name}")  # noqa: S311 - figures, no secrets
        self.past: list[Measures] = []
        self._last: datetime | None = None
        self._newest: datetime | None = None
        self._outages = _some_days(self._dice, first, OUTAGES)

    def fork(self, name: str) -> Simulation:
        """The same paper with the same past and no alarms, to try something out on."""
        twin = Simulation(self.db, attrs.evolve(self.paper, name=name), self.first, name)
        twin.past, twin._last, twin._newest = [*self.past], self._last, self._newest
        return twin

    def day(
        self, day: date, broken: Broken | None = None, *, calm: bool = False
    ) -> Iterator[datetime]:
        """Run all that is scheduled on *day*; the instants of the runs. *calm* for a day without outage."""
        unrest = math.exp(self._dice.gauss(0, self.paper.unrest))
        for x in range(self.paper.runs):
            minutes = 24 * 60 // self.paper.runs * x + 120 + self._dice.randint(0, 40)
            at = datetime(day.year, day.month, day.day, tzinfo=VIETNAM) + timedelta(minutes=minutes)
            is_out = day in self._outages and not calm
            self._run(at, unrest, is_out=is_out, broken=broken)
            yield at

    def _run(self, at: datetime, unrest: float, *, is_out: bool, broken: Broken | None) -> None:
        run = self._outage(at) if is_out else self._shown(at, unrest, broken)
        if broken is not None:
            run = broken.change(run, self._dice)
        since = at - timedelta(days=DAYS)
        self.past = [x for x in self.past if x.started_at >= since]
        case = Case(
            run=run, past=self.past, lists={_FEED: broken.listed if broken else 20},
            lists_before={_FEED: [20] * min(10, len(self.past))}, alarms=open_alarms(self.db, [self.paper.name]),
        )  # fmt: skip
        settle(self.db, case, judge(case), at)
        self.past.append(run)

    def _shown(self, at: datetime, unrest: float, broken: Broken | None) -> Measures:
        paper, dice = self.paper, self._dice
        expected = paper.a_day * self._days(at) * unrest * (broken.volume if broken else 1.0)
        self._last = at
        found = _poisson(expected, dice)
        articles = found - _binomial(found, 0.03, dice)
        accepted = _binomial(articles, paper.militia, dice)
        if articles:
            self._newest = at - timedelta(hours=dice.uniform(0, 8))
        pages = _of_pages(paper, articles, dice)
        asked = found + 25
        return Measures(
            run_id=f"{paper.name} {at:%Y%m%d%H%M}", site=paper.name, kind=DAILY, started_at=at, reason="finished",
            found=found, fetched=asked, accepted=accepted, articles=articles, newest_at=self._newest, asked=asked,
            failures={"server_error": _binomial(asked, 0.01, dice), "not_found": _binomial(asked, 0.01, dice)},
            rejected={"not_militia": articles - accepted, "no_body": found - articles}, lists=25, listed=400,
            **pages,
        )  # fmt: skip

    def _outage(self, at: datetime) -> Measures:
        return Measures(
            run_id=f"{self.paper.name} {at:%Y%m%d%H%M}", site=self.paper.name, kind=DAILY, started_at=at,
            reason="unreachable", found=0, fetched=0, accepted=0, articles=0, newest_at=self._newest, asked=6,
            failures={"timeout": 6},
        )  # fmt: skip

    def _days(self, at: datetime) -> float:
        """Ordinary working days' worth of articles since the last run."""
        begin = self._last or at - timedelta(days=1)
        worth, moment = 0.0, begin
        while moment < at:
            until = min(at, _midnight(moment) + timedelta(days=1))
            worth += (until - moment).total_seconds() / 86_400 * self._factor(moment.date())
            moment = until
        return worth

    def _factor(self, day: date) -> float:
        years = (day - self.first).days / 365
        week = {5: self.paper.saturday, 6: self.paper.sunday}.get(day.weekday(), 1.0)
        return week * self.paper.growth**years * _quiet(day)


def _of_pages(paper: Paper, articles: int, dice: random.Random) -> dict[str, object]:
    # pages of one day are alike: some days most are from the agency, or albums
    day = {name: _near(share, dice) for name, share in paper.fields.items()}
    specials = _binomial(articles, paper.specials, dice)
    layouts = {"usual": articles - specials, "special": specials}
    middle = paper.characters * math.exp(dice.gauss(0, 0.5 / math.sqrt(max(1, articles))))
    return {
        "fields": {"title": articles} | {x: _binomial(articles, day[x], dice) for x in day},
        "with_text": articles,
        "by_rule": _binomial(articles, _near(paper.by_rule, dice), dice),
        "characters": round(middle) if articles else None,
        "layouts": {x: n for x, n in layouts.items() if n},
        "charsets": {"utf-8": articles} if articles else {},
    }


def _near(share: float, dice: random.Random) -> float:
    return share if share in {0.0, 1.0} else dice.betavariate(30 * share, 30 * (1 - share))


def _quiet(day: date) -> float:
    """What is left of the volume on a holiday."""
    from_tet = (day - new_year(day.year)).days
    if -1 <= from_tet <= 4:  # noqa: PLR2004 - the days of Tết itself
        return 0.15
    if -5 <= from_tet <= 7:  # noqa: PLR2004 - and those around
        return 0.45
    return 0.5 if is_holiday(day) else 1.0


def _poisson(mean: float, dice: random.Random) -> int:
    if mean > 40:  # noqa: PLR2004 - close to normal
        return max(0, round(dice.gauss(mean, math.sqrt(mean))))
    number, product, limit = 0, dice.random(), math.exp(-mean)
    while product > limit:
        number += 1
        product *= dice.random()
    return number


def _binomial(of: int, share: float, dice: random.Random) -> int:
    return sum(dice.random() < share for _ in range(of))


def _some_days(dice: random.Random, first: date, number: int) -> set[date]:
    return {first + timedelta(days=dice.randrange(WARM_UP + 365)) for _ in range(number)}


def _midnight(moment: datetime) -> datetime:
    return moment.replace(hour=0, minute=0, second=0, microsecond=0)


@attrs.define
class Result:
    """What came of a simulated year."""

    papers: int = 0
    days: int = 0
    runs: int = 0
    false: Counter[str] = attrs.field(factory=Counter)
    by_paper: Counter[str] = attrs.field(factory=Counter)
    during_tet: int = 0
    #: (breakage, articles a day) -> runs and days until the right alarm; None when not within ten days.
    found: list[tuple[str, float, int | None, float | None]] = attrs.field(factory=list)
    seconds: float = 0.0

    @property
    def a_year(self) -> float:
        """False alarms of a paper in a year."""
        return sum(self.false.values()) / max(1, self.papers) / (self.days / 365)


def simulate(*, number: int, days: int, seed: str, broken_days: int, first: date) -> Result:
    """A year (or *days*) of *number* papers; each breakage is tried on *broken_days* days of each paper."""
    result = Result(papers=number, days=days)
    dice = random.Random(seed)  # noqa: S311 - figures, no secrets
    own = _some_days(dice, first, OWN_OUTAGES)
    began = time.process_time()
    with tempfile.TemporaryDirectory() as folder:
        database = open_database(Path(folder) / "archive.db")
        db = database.conn
        assert isinstance(db, sqlite3.Connection)  # noqa: S101 - sqlite-utils types it optional
        with closing(db):
            db.execute("PRAGMA synchronous = OFF")
            for paper in papers(number, dice):
                tried = {WARM_UP + dice.randrange(days - 10) for _ in range(broken_days)}
                _year(Simulation(db, paper, first, seed), result, own, tried=tried, days=days)
    result.seconds = time.process_time() - began
    return result


def _year(paper: Simulation, result: Result, own: set[date], *, tried: set[int], days: int) -> None:
    db = paper.db
    db.execute("BEGIN")
    for x in range(WARM_UP + days):
        day = paper.first + timedelta(days=x)
        if x in tried:
            _break(paper, day, result)
        if day not in own:
            result.runs += sum(1 for _ in paper.day(day))
    db.execute("COMMIT")
    counted_from = paper.first + timedelta(days=WARM_UP)
    for alarm in past_alarms(db, paper.paper.name, limit=1_000):
        opened = alarm.opened_at.astimezone(VIETNAM).date()
        if opened >= counted_from:
            name = f"{alarm.kind} {alarm.field or ''}".strip()
            result.false[name] += 1
            result.by_paper[paper.paper.name] += 1
            result.during_tet += abs((opened - new_year(opened.year)).days) <= 9  # noqa: PLR2004 - days of Tết


def _break(paper: Simulation, day: date, result: Result) -> None:
    for broken in BREAKAGES:
        if any(is_holiday(day + timedelta(days=x)) for x in range(-2, 10)):
            return
        if not broken.of(paper.paper):
            continue
        twin = paper.fork(f"{paper.paper.name} {broken.name} {day}")
        seen = _first_seen(twin, day, broken)
        result.found.append((broken.name, paper.paper.a_day, *seen))


def _first_seen(twin: Simulation, day: date, broken: Broken) -> tuple[int | None, float | None]:
    runs = 0
    for x in range(10):
        for at in twin.day(day + timedelta(days=x), broken, calm=True):
            runs += 1
            keys = {(alarm.kind, alarm.field) for alarm in open_alarms(twin.db, [twin.paper.name])}
            if (broken.kind, broken.field) in keys:
                begin = datetime(day.year, day.month, day.day, tzinfo=VIETNAM)
                return runs, (at - begin).total_seconds() / 86_400
    return None, None


def _print(result: Result) -> None:
    print(
        f"{result.papers} papers, {result.days} days, {result.runs} runs, {result.seconds:.0f} s of CPU"
    )
    print(f"false alarms: {sum(result.false.values())}, {result.a_year:.2f} per paper and year; around Tết {result.during_tet}")  # fmt: skip
    for name, number in result.false.most_common():
        print(f"  {name}: {number}")
    if result.by_paper:
        print(f"most at one paper: {max(result.by_paper.values())}")
    print(f"{'broken':24}{'articles a day':>16}{'tried':>7}{'next run':>10}{'in 3 days':>11}{'in 10 days':>12}{'median days':>13}")  # fmt: skip
    for broken in BREAKAGES:
        for least, most in ((1, 10), (10, 40), (40, 1_000)):
            seen = [x for x in result.found if x[0] == broken.name and least <= x[1] < most]
            if not seen:
                continue
            times = [x[3] if x[3] is not None else math.inf for x in seen]
            at_once = sum(x[2] == 1 for x in seen)
            soon, ever = (sum(t <= days for t in times) for days in (3, 10))
            size = f"{least} to {most}" if most < 1_000 else f"{least} and more"  # noqa: PLR2004 - the last class
            print(
                f"{broken.name:24}{size:>16}{len(seen):>7}{at_once / len(seen):>10.0%}{soon / len(seen):>11.0%}"
                f"{ever / len(seen):>12.0%}{statistics.median(times):>13.1f}"
            )


def main() -> None:
    """Print the figures; exit code 1 when false alarms are more than one for each paper and year."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--papers", type=int, default=PAPERS)
    parser.add_argument("--days", type=int, default=365)
    parser.add_argument("--seed", default="2026")
    parser.add_argument(
        "--broken-days", type=int, default=3, help="days of each paper on which things break"
    )
    chosen = parser.parse_args()
    result = simulate(
        number=chosen.papers, days=chosen.days, seed=chosen.seed, broken_days=chosen.broken_days,
        first=date(2025, 10, 1),
    )  # fmt: skip
    _print(result)
    sys.exit(result.a_year > 1)


if __name__ == "__main__":
    main()
