"""The end report of a crawl, as a table or as JSON: every number, every reason."""

from __future__ import annotations

from typing import TYPE_CHECKING

import attrs
from rich.box import SIMPLE_HEAD
from rich.table import Table

from archive.cli import print_json, wide_console
from archive.run_counts import RunCounts

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rich.console import Console

    from archive.backfill import BackfillProgress
    from scraper.crawling import SiteReport


def show_reports(reports: Sequence[SiteReport], *, as_json: bool) -> None:
    """Print the end report: what was found, fetched, accepted, rejected and failed, by reason."""
    if as_json:
        print_json({"sites": [attrs.asdict(report) for report in reports]})
        return
    console = wide_console()
    table = Table(title="crawl report", box=SIMPLE_HEAD, padding=(0, 1, 0, 0))
    for heading in (
        "paper",
        "found",
        "fetched",
        "accepted",
        "same",
        "rejected",
        "failed",
        "waiting",
    ):
        table.add_column(heading, justify="left" if heading == "paper" else "right")
    table.add_column("ended")
    total = RunCounts()
    for report in reports:
        total = total.plus(report.counts)
        table.add_row(report.site, *_numbers(report.counts), str(report.waiting), report.reason)
    if len(reports) > 1:
        table.add_section()
        table.add_row("all", *_numbers(total), str(sum(report.waiting for report in reports)), "")
    console.print(table)
    print_reasons(console, "rejected", total.rejected)
    print_reasons(console, "failed", total.failed)
    print_reasons(console, "rechecked", total.rechecked)
    for report in reports:
        _print_remarks(console, report)


def _print_remarks(console: Console, report: SiteReport) -> None:
    """What is to be said of one paper beside its numbers."""
    if report.recovered:
        console.print(
            f"{report.site}: took up {report.recovered} pages an earlier, killed run had begun"
        )
    if report.rechecks_due:
        console.print(
            f"{report.site}: {report.rechecks_due} articles are due to be looked at again"
        )
    if report.moved_to:
        console.print(
            f"{report.site}: every page leads to {report.moved_to} now; if the paper has moved there,"
            " name that host in its site file",
            markup=False,
        )
    if report.detail:
        console.print(f"{report.site}: {report.reason}: {report.detail}", markup=False)
    if report.backfill:
        _print_backfill(console, report.site, report.backfill)


def _print_backfill(console: Console, site: str, progress: BackfillProgress) -> None:
    """How far back each seed was followed, and why no further."""
    state = "complete" if progress.finished else "not complete, run the same command to go on"
    console.print(
        f"{site}: backfill {progress.first_day}..{progress.last_day} {state}", markup=False
    )
    for seed in progress.seeds:
        oldest = f"back to {seed.oldest}" if seed.oldest else "no dated article"
        why = seed.reason or "more to read"
        console.print(
            f"  {seed.seed}: {seed.pages} pages, {seed.articles} articles, {oldest}; {why}",
            markup=False,
        )


def _numbers(counts: RunCounts) -> tuple[str, ...]:
    return tuple(
        str(number)
        for number in (
            counts.found,
            counts.fetched,
            counts.accepted,
            counts.unchanged,
            sum(counts.rejected.values()),
            sum(counts.failed.values()),
        )
    )


def print_reasons(console: Console, heading: str, reasons: dict[str, int]) -> None:
    """One line with the count of each reason; nothing when there is none."""
    if reasons:
        listed = ", ".join(f"{reason} {count}" for reason, count in sorted(reasons.items()))
        console.print(f"{heading}: {listed}")


def one_line(value: object) -> str:
    """A value of a table as one line: tables as their pairs, lists with bars between."""
    if isinstance(value, dict):
        pairs = ((key, item) for key, item in value.items() if _says_something(item))
        return ", ".join(f"{key} {one_line(item)}" for key, item in pairs)
    if isinstance(value, list | tuple):
        return " | ".join(map(one_line, value))
    return str(value)


def _says_something(item: object) -> bool:
    return item is not False and item not in (None, {}, (), [], "")
