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

    from scraper.cluster.watching import Watched


def echo(seen: Watched) -> None:
    """Print what was seen."""
    console = wide_console()
    jobs = ", ".join(f"{number} {status}" for status, number in seen.jobs.items()) or "none"
    console.print(f"crawl jobs: {jobs}" + ("; draining" if seen.draining_since is not None else ""))
    if seen.readings:
        readings = ", ".join(f"{number} {status}" for status, number in seen.readings.items())
        console.print(f"parcels of a replay: {readings}; `dqtv cluster replay` shows how far it is")
    if seen.inbox is not None:
        age = "" if seen.inbox_age_s is None else f", the oldest {seen.inbox_age_s:.0f} s old"
        console.print(
            f"inbox: {seen.inbox} segments, {seen.inbox_bytes} bytes{age}; refused: {seen.refused}"
        )
    if seen.workers:
        console.print(_workers(seen))
    if seen.leases:
        console.print(_leases(seen))
    for said in seen.problems:
        where = f"{said.site}: " if said.site else ""
        console.print(f"[bold]{said.kind}[/bold]: {escape(where + said.text)}")
    if not seen.problems:
        console.print("nothing is wrong")


def _workers(seen: Watched) -> Table:
    rows = (
        (
            in_words(one["name"]), one["state"], str(one["slots"]), f"{one['seen_s']:.0f} s ago",
            f"{one['clock_off_s']:+.1f} s", one["software"],
        )
        for one in seen.workers
    )  # fmt: skip
    return _table("worker", ("state", "slots", "seen", "clock", "software"), rows)


def _leases(seen: Watched) -> Table:
    rows = (
        (
            one["site"], str(one["token"]),
            in_words(one["holder"]) if one["is_held"] else "free",
            f"{one['left_s']:.0f} s" if one["is_held"] else "",
            str(one["acked"]), "" if one["asked_s"] is None else f"{one['asked_s']:.0f} s ago",
        )
        for one in seen.leases
    )  # fmt: skip
    return _table("paper", ("token", "holder", "for", "segments home", "last asked"), rows)


def _table(first: str, others: Iterable[str], rows: Iterable[tuple[str, ...]]) -> Table:
    table = Table(box=SIMPLE_HEAD, padding=(0, 1, 0, 0))
    for heading in (first, *others):
        table.add_column(heading)
    for row in rows:
        table.add_row(*map(escape, row))
    return table
