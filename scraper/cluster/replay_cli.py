"""``dqtv cluster replay``: read the stored pages again with the workers of a cluster; ``dqtv cluster read``: a worker's part."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import click

from archive.cli import archive_option, json_option, print_json, stderr_progress
from archive.cluster.options import database_option, hub_option
from scraper.cluster.extra import cluster_extra
from scraper.cluster.options import spool_option, which_database, which_hub
from scraper.replay_text import echo_report
from scraper.sites.known import known_sites

if TYPE_CHECKING:
    from pathlib import Path

    from archive.cluster.replay_book import ReplayProgress


@click.command("replay")
@click.argument("sites", nargs=-1, metavar="[SITE...]")
@click.option("--dry-run", is_flag=True, help="Write nothing; say what would move.")
@click.option("--anew", is_flag=True, help="Drop the replay under way, if there is one.")
@database_option
@hub_option
@archive_option()
@json_option
def replay_command(
    sites: tuple[str, ...], root: Path, *, dry_run: bool, anew: bool, database: str | None, hub: str | None, as_json: bool
) -> None:  # fmt: skip
    """Read stored pages again with today's rules, by the cluster's workers, and say what moved.

    Runs beside the archive and waits for them; `dqtv ingest` must run as well. Run it again to go on after a stop.
    """
    dsn, hub_url = which_database(database), which_hub(hub)
    registry = known_sites()
    with cluster_extra():
        from archive.cluster.hub import Hub  # noqa: PLC0415  part of the extra
        from archive.store import Store  # noqa: PLC0415  needed by this command alone
        from scraper.cluster.replaying import cluster_replay, replay_lock  # noqa: PLC0415  part of the extra
        from scraper.cluster.worker import check_prepared  # noqa: PLC0415  part of the extra

        check_prepared(dsn)
        root = root.absolute()
        with Store.open(root, create=False) as store, replay_lock(root), stderr_progress() as bar:
            reading = bar.add_task("pages read", total=None)
            writing = bar.add_task("written", total=None)

            def show_reading(progress: ReplayProgress) -> None:
                done = progress.read + progress.left
                words = f"pages read, {progress.home} of {progress.parcels} parcels home, {progress.out} out"
                bar.update(reading, description=words, completed=done, total=progress.pages)

            def show_writing(done: int, total: int) -> None:
                bar.update(writing, completed=done, total=total)

            outcome = cluster_replay(
                store, registry, Hub(hub_url), dsn, sites=sites, dry_run=dry_run, anew=anew,
                on_reading=show_reading, on_page=show_writing,
            )  # fmt: skip
    if as_json:
        print_json(outcome)
    else:
        progress, report = outcome.progress, outcome.report
        click.echo(
            f"{progress.parcels} parcels with {progress.pages} pages: {progress.read} read by workers,"
            f" {progress.left} left to this machine"
        )
        echo_report(report)
    if outcome.report.unreadable or outcome.report.given_up or outcome.report.unknown_sites:
        sys.exit(1)


@click.command("read")
@click.argument("parcel")
@click.option(
    "--apart",
    is_flag=True,
    help="Read in a process of its own, so that a page which kills it is named.",
)
@database_option
@hub_option
@spool_option
@json_option
def read_command(
    parcel: str, *, apart: bool, database: str | None, hub: str | None, spool: Path, as_json: bool
) -> None:
    """Read one parcel of a replay under way, and push what its pages say; what a worker's job does."""
    dsn, hub_url = which_database(database), which_hub(hub)
    registry = known_sites()
    with cluster_extra():
        from scraper.cluster.reading import Wanted, read_parcel  # noqa: PLC0415  part of the extra
        from scraper.cluster.reading_end import OVER, READ  # noqa: PLC0415  needed by this command alone

        wanted = Wanted(
            parcel=parcel, database=dsn, hub=hub_url, spool=spool.absolute(), apart=apart
        )
        end = read_parcel(wanted, registry)
    if as_json:
        # the engine reads the last line
        sys.stdout.buffer.write(end.to_json())
    else:
        detail = f" ({end.detail})" if end.detail else ""
        click.echo(f"{end.parcel}: {end.reason}{detail}, {end.pages} pages")
    if end.reason not in {READ, OVER}:
        sys.exit(1)
