"""``dqtv runs``: what ran, how it ended, and every request it made."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

import attrs
import click
import orjson
from rich.box import SIMPLE_HEAD
from rich.markup import escape
from rich.table import Table

from archive.cli import archive_option, json_option, print_json, wide_console
from archive.crawl_log import CrawlLog
from archive.runs import find_run, last_runs
from archive.store import Store

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

    from archive.crawl_log import LogLine, Pace
    from archive.runs import Run

#: Columns of the log as a table, with their widths.
_LOG_WIDTHS: dict[str, int] = {
    "asked at": 24,
    "s": 8,
    "status": 6,
    "bytes": 9,
    "kind": 12,
    "outcome": 12,
    "reason": 18,
}


class _RunsGroup(click.Group):
    """``dqtv runs`` and ``dqtv runs SITE`` are short for ``dqtv runs list``."""

    #: Command that is meant when none is named.
    default = "list"

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        if not args or (args[0] not in self.commands and args[0] not in ctx.help_option_names):
            args = [self.default, *args]
        return super().parse_args(ctx, args)


@click.group("runs", cls=_RunsGroup)
def runs_group() -> None:
    """List crawls, imports and replays (`dqtv runs [SITE]`), or show one in full."""


@runs_group.command("list")
@click.argument("site", required=False)
@click.option(
    "--last", type=click.IntRange(1), default=20, show_default=True, help="So many runs at most."
)
@archive_option()
@json_option
def list_command(site: str | None, root: Path, *, last: int, as_json: bool) -> None:
    """List runs, newest first: start, duration, end, counts."""
    with Store.open(root, create=False) as store:
        runs = last_runs(store, site=site, limit=last)
    if as_json:
        print_json({"archive": str(root), "runs": [_brief(run) for run in runs]})
        return
    table = Table(box=SIMPLE_HEAD, padding=(0, 1, 0, 0))
    for heading in ("run", "command", "paper", "started (UTC)", "took", "ended"):
        table.add_column(heading)
    for heading in ("fetched", "accepted", "same", "rejected", "failed"):
        table.add_column(heading, justify="right")
    for run in runs:
        counts = run.counts
        numbers = (
            counts.fetched, counts.accepted, counts.unchanged, sum(counts.rejected.values()),
            sum(counts.failed.values()),
        )  # fmt: skip
        table.add_row(
            run.id, run.command, escape(run.site), f"{run.started_at:%Y-%m-%d %H:%M:%S}", _took(run),
            run.reason or "running", *map(str, numbers),
        )  # fmt: skip
    wide_console(150).print(table)


@runs_group.command("show")
@click.argument("run_id", metavar="RUN")
@click.option(
    "--log", "with_log", is_flag=True, help="Print the crawl log, one line for each request."
)
@click.option("--outcome", metavar="WORD", help="With --log: only lines of this outcome or reason.")
@archive_option()
@json_option
def show_command(
    run_id: str, root: Path, *, with_log: bool, outcome: str | None, as_json: bool
) -> None:
    """Show one run in full: counts, politeness, robots.txt, versions and rules.

    RUN is the id that `dqtv runs` lists, or its end. With --log and --json the log is printed as one
    JSON object per line.
    """
    if outcome is not None and not with_log:
        raise click.UsageError("--outcome goes with --log")
    with Store.open(root, create=False) as store:
        run, log = find_run(store, run_id), CrawlLog(store.connection)
        if with_log:
            lines = log.lines(run.id, outcome=outcome)
            for text in map(_json_line, lines) if as_json else _table_lines(lines):
                sys.stdout.write(text)
            return
        pace, outcomes = log.pace(run.id), log.outcomes(run.id)
    if as_json:
        print_json({**_full(run), "pace": pace, "outcomes": outcomes})
    else:
        _print_run(run, pace, outcomes)


def _brief(run: Run) -> dict[str, Any]:
    values = attrs.asdict(run)
    for name in ("versions", "rules", "politeness", "robots"):
        del values[name]
    return values | {"seconds": run.seconds}


def _full(run: Run) -> dict[str, Any]:
    return attrs.asdict(run) | {"seconds": run.seconds}


def _took(run: Run) -> str:
    if run.seconds is None:
        return "?"
    minutes, seconds = divmod(round(run.seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{seconds:02}"


def _json_line(line: LogLine) -> str:
    return orjson.dumps(attrs.asdict(line), option=orjson.OPT_APPEND_NEWLINE).decode()


def _table_lines(lines: Iterator[LogLine]) -> Iterator[str]:
    """The log as text of fixed columns: written line by line, however long it is."""
    yield _row(_LOG_WIDTHS) + "address\n"
    for line in lines:
        at = (line.asked_at or "not asked")[:23].replace("T", " ")
        seconds = "" if line.seconds is None else f"{line.seconds:.3f}"
        cells = (at, seconds, line.status, line.bytes, line.kind, line.outcome, line.reason)
        yield _row("" if cell is None else cell for cell in cells) + line.url + "\n"


def _row(cells: Iterable[object]) -> str:
    return "".join(
        f"{cell!s:{width}} " for cell, width in zip(cells, _LOG_WIDTHS.values(), strict=True)
    )


def _print_run(run: Run, pace: dict[str, Pace], outcomes: dict[str, int]) -> None:
    counts, echo = run.counts, click.echo
    echo(f"{run.command} {run.site}, run {run.id}")
    echo(
        f"started   {run.started_at:%Y-%m-%d %H:%M:%S} UTC, took {_took(run)}, {run.reason or 'running'}"
    )
    echo(
        f"pages     {counts.found} found, {counts.fetched} fetched, {counts.accepted} accepted,"
        f" {counts.unchanged} unchanged"
    )
    for name, reasons in (
        ("rejected", counts.rejected),
        ("failed", counts.failed),
        ("log", outcomes),
    ):
        echo(f"{name:9} {_listed(reasons)}")
    for site, figures in pace.items():
        echo(
            f"pace      {site}: {figures.requests} requests, {_seconds(figures.smallest_s)} apart at least,"
            f" {_seconds(figures.median_s)} in the middle; answers took {_seconds(figures.median_answer_s)}"
        )
    if run.politeness:
        asked = {name: value for name, value in run.politeness.items() if value is not None}
        echo(f"asked for {_listed(asked)}")
    for entry in run.robots:
        digest = f", sha256 {entry['sha256']}" if entry["sha256"] else ""
        echo(f"robots    {entry['url']}: {entry['detail'] or entry['said']}{digest}")
    echo(f"versions  {_listed(run.versions)}")
    for file, digest in run.rules.items():
        echo(f"rules     {digest}  {file}")


def _listed(values: dict[str, Any]) -> str:
    return ", ".join(f"{name} {value}" for name, value in sorted(values.items())) or "none"


def _seconds(value: float | None) -> str:
    return "?" if value is None else f"{value:.3f} s"
