"""When a known article is looked at again: a plan that decays, kept in the frontier.

Days are counted from the first capture or the last change; a changed article starts again at the short
end. The plan survives a clock that is set back: what was planned "later than now" keeps its waiting time.
Must not know how a page is fetched.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import attrs

from archive.article_addresses import ArticleAddresses
from archive.deaths import MAX_INTERRUPTED
from archive.errors import UsageError
from archive.model import Accepted, Redirected, Rejected

if TYPE_CHECKING:
    import sqlite3

    from archive.frontier import LeasedUrl
    from archive.model import Outcome

#: Rechecks wait behind everything else, listing pages of a backfill included.
RECHECK_PRIORITY: Final = -20
_DAY_S: Final = 86_400.0
#: A daily run that begins this much earlier than the day before still finds the check due, in seconds.
_EARLY_S: Final = 6 * 3600.0


@attrs.frozen(kw_only=True)
class NextCheck:
    """When an article is looked at next; times are Unix times."""

    #: First capture or last change.
    counted_from: float
    #: Place in the plan, from 0.
    step: int
    at: float


@attrs.frozen(kw_only=True)
class RecheckPlan:
    """How often articles are looked at again. Raises UsageError for a plan that makes no sense."""

    #: Days after the first capture or the last change, ascending; none: nothing is checked again.
    days: tuple[float, ...] = (1, 3, 7, 30, 90)
    #: Days from each check to the next after the last of ``days``; None: then never again.
    then_every: float | None = 365
    #: Hours from the first "not found" to the look that decides.
    second_look_hours: float = 12
    #: Checks of one paper in one run, at most.
    per_run: int = 200

    def __attrs_post_init__(self) -> None:
        """Check the numbers."""
        waits = [late - early for early, late in zip((0.0, *self.days), self.days, strict=False)]
        if any(wait <= 0 for wait in waits) or (self.then_every or 1) <= 0:
            listed = ", ".join(f"{day:g}" for day in self.days)
            raise UsageError(f"the days of rechecks ({listed}) must be positive and ascending")
        if self.second_look_hours < 0 or self.per_run < 0:
            raise UsageError("hours to the second look and rechecks per run cannot be negative")

    def first(self, now: float) -> NextCheck | None:
        """The first check of an article captured, or found changed, at *now*."""
        return self._check(now, 0, earliest=now)

    def following(self, counted_from: float, step: int, now: float) -> NextCheck | None:
        """The check after the one of *step*, which was made at *now*.

        A late check moves the following ones: none is nearer than half its usual distance, none is lost.
        """
        wait = self._wait(step + 1)
        return self._check(counted_from, step + 1, earliest=now + (wait or 0.0) / 2)

    def _check(self, counted_from: float, step: int, *, earliest: float) -> NextCheck | None:
        wait, day = self._wait(step), self._day(step)
        if wait is None or day is None:
            return None
        at = counted_from + day * _DAY_S - min(_EARLY_S, wait / 4)
        return NextCheck(counted_from=counted_from, step=step, at=max(at, earliest))

    def _day(self, step: int) -> float | None:
        if step < len(self.days):
            return self.days[step]
        if not self.days or self.then_every is None:
            return None
        return self.days[-1] + (step - len(self.days) + 1) * self.then_every

    def _wait(self, step: int) -> float | None:
        """Seconds from the check before *step* to it."""
        day, before = self._day(step), self._day(step - 1) if step else 0.0
        return None if day is None or before is None else (day - before) * _DAY_S


class Rechecks:
    """The plan's columns of the ``frontier`` table. Methods that write belong inside a transaction."""

    def __init__(self, connection: sqlite3.Connection, plan: RecheckPlan | None = None) -> None:
        self._connection = connection
        self.plan = plan or RecheckPlan()

    def open_due(self, site: str, now: float) -> int:
        """Let the checks of *site* that are due at *now* wait to be fetched; how many wait.

        No more than the plan allows in one run: second looks first, then what is due longest.
        """
        self._follow_clock(site, now)
        waiting = self._connection.execute(
            "SELECT count(*) FROM frontier WHERE site = ? AND state = 'found' AND recheck", (site,)
        ).fetchone()[0]
        opened = self._connection.execute(
            "UPDATE frontier SET state = 'found', recheck = 1, priority = ?, attempts = 0, hops = 0,"
            " not_before = 0 WHERE id IN (SELECT id FROM frontier AS f WHERE site = ? AND check_at <= ?"
            " AND state IN ('done', 'failed') AND interrupted < ?"
            " AND EXISTS (SELECT 1 FROM articles WHERE id = f.article_id)"
            " ORDER BY outcome IN ('not_found', 'missing') DESC, check_at LIMIT ?)",
            (RECHECK_PRIORITY, site, now, MAX_INTERRUPTED, max(0, self.plan.per_run - waiting)),
        ).rowcount
        return int(waiting) + opened

    def _follow_clock(self, site: str, now: float) -> None:
        """Move what was planned when the clock showed a later time than now."""
        self._connection.execute(
            "UPDATE frontier SET check_at = check_at - (check_set - ?1),"
            " check_from = check_from - (check_set - ?1), check_set = ?1"
            " WHERE site = ?2 AND check_at IS NOT NULL AND check_set > ?1",
            (now, site),
        )

    def settled(self, leased: LeasedUrl, outcome: Outcome, stored: str, now: float) -> None:
        """Plan the next check of an address that was settled, by what was *stored* of it.

        Nothing changes for an address that waits to be fetched again.
        """
        if stored in {"new", "new_version", "takedown"}:
            self._plan(leased, outcome, self.plan.first(now), now)
        elif stored == "missing":
            self._name_missing(leased.id)
            self._again_at(leased.id, now + self.plan.second_look_hours * 3600.0, now)
        elif stored == "unchanged" or (
            leased.article_id is not None
            and (stored == "gone" or isinstance(outcome, Rejected | Redirected))
        ):
            self._go_on(leased, outcome, now)
        elif leased.recheck:
            # nothing was learned: the same check again, a day later
            self._again_at(leased.id, now + _DAY_S - _EARLY_S, now)

    def _go_on(self, leased: LeasedUrl, outcome: Outcome, now: float) -> None:
        counted_from, step = self._connection.execute(
            "SELECT check_from, check_step FROM frontier WHERE id = ?", (leased.id,)
        ).fetchone()
        if counted_from is None:
            following = self.plan.first(now)
        else:
            following = self.plan.following(counted_from, step, now)
        self._plan(leased, outcome, following, now)

    def _plan(
        self, leased: LeasedUrl, outcome: Outcome, check: NextCheck | None, now: float
    ) -> None:
        values = attrs.astuple(check) if check else (None, None, None)
        self._connection.execute(
            "UPDATE frontier SET check_from = ?, check_step = ?, check_at = ?, check_set = ?,"
            " article_id = coalesce(article_id, ?) WHERE id = ? AND state IN ('done', 'failed')",
            (*values, now, leased.article_id or self._article_id(outcome), leased.id),
        )

    def _article_id(self, outcome: Outcome) -> str | None:
        if not isinstance(outcome, Accepted | Rejected) or outcome.article is None:
            return None
        addresses = ArticleAddresses(self._connection)
        first = addresses.moved_article((outcome.capture.url, outcome.article.url))
        return first or outcome.article.id

    def _name_missing(self, row_id: int) -> None:
        """Note which article is missing, where it came by an import and not from this row."""
        self._connection.execute(
            "UPDATE frontier SET article_id = (SELECT article_id FROM events WHERE url = frontier.url"
            " AND kind = 'missing' ORDER BY id DESC LIMIT 1) WHERE id = ? AND article_id IS NULL",
            (row_id,),
        )

    def _again_at(self, row_id: int, at: float, now: float) -> None:
        self._connection.execute(
            "UPDATE frontier SET check_at = ?, check_set = ? WHERE id = ?"
            " AND state IN ('done', 'failed') AND article_id IS NOT NULL",
            (at, now, row_id),
        )


def count_due(connection: sqlite3.Connection, now: float) -> dict[str, int]:
    """Site -> articles whose next check is due at *now* (Unix time)."""
    return dict(
        connection.execute(
            "SELECT site, count(*) FROM frontier AS f WHERE check_at <= ? AND interrupted < ?"
            " AND EXISTS (SELECT 1 FROM articles WHERE id = f.article_id) GROUP BY site ORDER BY site",
            (now, MAX_INTERRUPTED),
        ).fetchall()
    )
