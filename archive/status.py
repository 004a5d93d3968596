"""``dqtv status``: each paper at a glance, and what needs a look."""

from __future__ import annotations

from typing import TYPE_CHECKING

import attrs
import click
from rich.box import SIMPLE_HEAD
from rich.markup import escape
from rich.table import Table

from archive.cli import archive_option, json_option, print_json, wide_console
from archive.runs import last_crawls, last_runs
from archive.store import Store
from archive.warc_files import OPEN_SUFFIX

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from archive.runs import Run
    from archive.summary import SiteSummary, Summary

#: Runs listed below the papers.
_RUNS = 5


def open_problems(store: Store, site: str, last: Run | None) -> tuple[str, ...]:
    """One sentence for each thing about *site* that needs a look; *last* is its newest crawl."""
    return tuple(_problems(store, site, last))


def _problems(store: Store, site: str, last: Run | None) -> Iterator[str]:
    if last is not None and not last.is_good:
        yield f"the last crawl: {last.reason} (`dqtv runs show {last.id}`)"
    if last is not None and last.reason is None:
        return
    (held,) = store.connection.execute(
        "SELECT count(*) FROM frontier WHERE site = ? AND state = 'leased'", (site,)
    ).fetchone()
    if held:
        yield f"{held} addresses were under way when a run was killed; the next crawl takes them up"
    for path in sorted((store.warc_folder / site).rglob(f"*{OPEN_SUFFIX}")):
        yield f"{path.name} was left open; the next crawl closes it"


@click.command("status")
@archive_option()
@json_option
def status_command(root: Path, *, as_json: bool) -> None:
    """Show each paper at a glance: what is stored, what waits, what failed, what needs a look."""
    with Store.open(root, create=False) as store:
        summary, runs, crawls = store.summary(), last_runs(store, limit=_RUNS), last_crawls(store)
        problems = {
            site.site: found
            for site in summary.sites
            if (found := open_problems(store, site.site, crawls.get(site.site)))
        }
    if as_json:
        print_json(
            {
                "archive": str(root),
                "summary": summary,
                "last_crawls": {site: attrs.asdict(run) for site, run in sorted(crawls.items())},
                "problems": problems,
                "runs": [attrs.asdict(run) for run in runs],
            }
        )
        return
    console = wide_console(140)
    console.print(_table(root, summary, crawls))
    for site, found in problems.items():
        for problem in found:
            console.print(f"{site}: {problem}", markup=False)
    for run in runs:
        console.print(
            f"{run.started_at:%Y-%m-%d %H:%M} UTC  {run.command:7} {run.site}: {run.reason or 'running'}"
            f" ({run.counts.fetched} fetched, {run.counts.accepted} accepted)",
            markup=False,
        )


def _table(root: Path, summary: Summary, crawls: dict[str, Run]) -> Table:
    table = Table(
        title=f"{root}: {summary.articles} articles, {summary.captures} captures",
        caption=f"rejected: {_listed(summary.rejections)}; frontier: {_listed(summary.frontier)}",
        box=SIMPLE_HEAD,
        padding=(0, 1, 0, 0),
    )
    numbers = {"articles", "captures", "waiting", "due again"}
    headings = (
        "paper",
        "articles",
        "captures",
        "published",
        "last crawl (UTC)",
        "ended",
        "waiting",
        "due again",
        "failed",
    )
    for heading in headings:
        table.add_column(heading, justify="right" if heading in numbers else "left")
    for site in summary.sites:
        table.add_row(*map(escape, _cells(site, crawls.get(site.site))))
    return table


def _cells(site: SiteSummary, last: Run | None) -> tuple[str, ...]:
    span = f"{(site.first_published or '?')[:10]} to {(site.last_published or '?')[:10]}"
    when = f"{last.started_at:%Y-%m-%d %H:%M}" if last else "never"
    ended = (last.reason or "running") if last else ""
    numbers = (str(site.articles), str(site.captures))
    ahead = (str(site.waiting), str(site.rechecks_due))
    return (site.site, *numbers, span, when, ended, *ahead, _listed(site.failed))


def _listed(counts: dict[str, int]) -> str:
    return ", ".join(f"{name} {count}" for name, count in counts.items()) or "none"
