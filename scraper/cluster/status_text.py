"""`dqtv cluster status` for people."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.box import SIMPLE_HEAD
from rich.markup import escape
from rich.table import Table

from archive.cli import wide_console
from archive.processes import in_words

if TYPE_CHECKING:
    from collections.abc import Iterable

    from archive.cluster.picture import Picture
    from scraper.cluster.watching import Watched


def echo(seen: Watched) -> None:
    """Print what was seen."""
    console = wide_console()
    if (found := seen.database) is not None:
        jobs = ", ".join(f"{number} {status}" for status, number in found.jobs.items()) or "none"
        console.print(
            f"crawl jobs: {jobs}" + ("; draining" if found.draining_s is not None else "")
        )
        if found.readings:
            readings = ", ".join(f"{number} {status}" for status, number in found.readings.items())
            console.print(
                f"parcels of a replay: {readings}; `dqtv cluster replay` shows how far it is"
            )
    if (inbox := seen.inbox) is not None:
        age = "" if inbox.oldest_s is None else f", the oldest for {inbox.oldest_s:.0f} s"
        console.print(
            f"inbox: {inbox.waiting} segments, {inbox.bytes} bytes{age}; refused: {inbox.refused_number}"
        )
        for one in inbox.refused:
            console.print(
                f"  refused {one.place}: {escape(one.reason or 'no reason is written down')}"
            )
    if found is not None and found.sites:
        console.print(_sites(found))
    if found is not None and found.workers:
        console.print(_workers(found))
    if found is not None and found.leases:
        console.print(_leases(found))
    for said in seen.problems:
        where = f"{said.site}: " if said.site else ""
        console.print(f"[bold]{said.kind}[/bold]: {escape(where + said.text)}")
    if not seen.problems:
        console.print("nothing is wrong")


def _sites(found: Picture) -> Table:
    rows = (
        (one.site, str(one.running), str(one.waiting), str(one.failed), _ago(one.since_s), str(one.attempts))
        for one in found.sites
    )  # fmt: skip
    return _table("paper", ("running", "waiting", "failed", "since", "earlier attempts"), rows)


def _workers(found: Picture) -> Table:
    rows = (
        (
            in_words(one.name), one.state, str(one.slots), _ago(one.seen_s), f"{one.clock_off_s:+.1f} s", one.software,
        )
        for one in found.workers
    )  # fmt: skip
    return _table("worker", ("state", "slots", "seen", "clock", "software"), rows)


def _leases(found: Picture) -> Table:
    rows = (
        (
            one.site, str(one.token),
            in_words(one.holder) if one.is_held and one.holder else "free",
            f"{one.age_s:.0f} s" if one.is_held else "", f"{one.left_s:.0f} s" if one.is_held else "",
            str(one.acked), _ago(one.asked_s),
        )
        for one in found.leases
    )  # fmt: skip
    return _table(
        "paper", ("token", "holder", "held for", "ends in", "segments home", "last asked"), rows
    )


def _ago(seconds: float | None) -> str:
    return "" if seconds is None else f"{seconds:.0f} s ago"


def _table(first: str, others: Iterable[str], rows: Iterable[tuple[str, ...]]) -> Table:
    table = Table(box=SIMPLE_HEAD, padding=(0, 1, 0, 0))
    for heading in (first, *others):
        table.add_column(heading)
    for row in rows:
        table.add_row(*map(escape, row))
    return table
