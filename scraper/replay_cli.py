"""``dqtv replay``: read the stored pages again and say what moved."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Final

import click

from archive.cli import archive_option, json_option, print_json, stderr_progress
from archive.store import Store
from scraper.cores import cores
from scraper.replay import replay
from scraper.sites.known import known_sites

if TYPE_CHECKING:
    from pathlib import Path

    from scraper.replay_report import ReplayReport

#: Lines of moved articles, of unreadable records and of pages given up that are printed; --json has them all.
_LINES: Final = 20


@click.command("replay")
@click.argument("sites", nargs=-1, metavar="[SITE...]")
@click.option("--dry-run", is_flag=True, help="Write nothing; say what would move.")
@click.option(
    "--workers",
    type=click.IntRange(min=1),
    metavar="N",
    help="Processes that read at a time; one for each processor core when not given.",
)
@archive_option()
@json_option
def replay_command(
    sites: tuple[str, ...], root: Path, *, dry_run: bool, workers: int | None, as_json: bool
) -> None:
    """Read stored pages again with today's rules, without network, and say what moved."""
    registry = known_sites()
    with Store.open(root.absolute(), create=False) as store, stderr_progress() as bar:
        task = bar.add_task("replay", total=None)

        def show(done: int, total: int) -> None:
            bar.update(task, completed=done, total=total)

        report = replay(
            store, registry, sites=sites, dry_run=dry_run, workers=workers or cores(), on_page=show
        )
    if as_json:
        print_json(report)
    else:
        echo_report(report)
    if report.unreadable or report.given_up or report.unknown_sites:
        sys.exit(1)


def echo_report(report: ReplayReport) -> None:
    """Print what a replay did, for people."""
    click.echo("dry run, nothing was written" if report.dry_run else f"replay {report.run_id}")
    lines = {
        "articles and rejected pages": f"{report.looked_at} looked at, {report.pages} pages read",
        "accepted before, rejected now": _counted(report.now_rejected),
        "rejected before, accepted now": str(report.now_accepted),
        "level changed": _counted(report.level_changes),
        "reason of rejection changed": _counted(report.reason_changes),
        "text corrected, no new version": str(report.corrected),
        "new versions": str(report.new_versions),
        "unchanged": str(report.unchanged),
        "left to a crawl at work": str(report.overtaken),
        "papers without a site file, left alone": _counted(report.unknown_sites),
        "unreadable records": str(len(report.unreadable)),
        "pages given up, as they kill what reads them": str(len(report.given_up)),
    }
    for heading, value in lines.items():
        click.echo(f"  {heading}: {value}")
    for move in report.moves[:_LINES]:
        score = "" if move.score is None else f", score {move.score:g}"
        click.echo(f"{move.before} -> {move.after}{score}: {move.what}: {move.title or '-'}")
    _echo_rest(len(report.moves))
    for line in report.unreadable[:_LINES]:
        click.echo(f"unreadable: {line}")
    _echo_rest(len(report.unreadable))
    for line in report.given_up[:_LINES]:
        click.echo(f"given up: {line}")
    _echo_rest(len(report.given_up))


def _echo_rest(count: int) -> None:
    if count > _LINES:
        click.echo(f"  and {count - _LINES} more (--json has them all)")


def _counted(counts: dict[str, int]) -> str:
    return ", ".join(f"{key} {count}" for key, count in sorted(counts.items())) or "0"
