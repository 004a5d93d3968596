"""``dqtv replay``: read the stored pages again and say what moved."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import click

from archive.cli import archive_option, json_option, print_json, stderr_progress
from archive.locks import refuse_lent
from archive.store import Store
from scraper.cores import cores
from scraper.replay import replay
from scraper.replay_text import echo_report
from scraper.sites.known import known_sites

if TYPE_CHECKING:
    from pathlib import Path


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
        if not dry_run:
            # after hours of reading it would be said too late
            refuse_lent(store, sites)
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
