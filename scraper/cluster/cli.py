"""``dqtv cluster``: crawl on several machines into one archive. Knows the parts; loads them when they are used."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING, Final

import attrs
import click

from archive.cli import archive_option, json_option, print_json
from archive.cluster.options import database_option, hub_option
from archive.cluster.settings import DATABASE_VARIABLE, HUB_VARIABLE, SPOOL_VARIABLE
from archive.errors import ArchiveError, DqtvError, UnknownSite, UsageError
from archive.locks import scheduler_lock
from archive.spans import read_span
from scraper.cluster.child import command
from scraper.cluster.extra import cluster_extra
from scraper.cluster.options import spool_option, which_database, which_hub
from scraper.cluster.replay_cli import read_command, replay_command
from scraper.contact import contact_option
from scraper.cores import cores
from scraper.sites.known import known_sites, why_not_crawled

if TYPE_CHECKING:
    from pathlib import Path

    from scraper.cluster.feed import Fed
    from scraper.cluster.slice_end import SliceEnd

#: Minutes of one slice of a crawl.
SLICE_MINUTES: Final = 30.0


@click.group("cluster")
def cluster_group() -> None:
    """Crawl on several machines into one archive, by way of a PostgreSQL database and a hub."""


@cluster_group.command("prepare")
@database_option
def prepare_command(database: str | None) -> None:
    """Make the tables of a cluster in its database; what is there stays."""
    dsn = which_database(database)
    with cluster_extra():
        from archive.cluster.leases import Leases  # noqa: PLC0415  part of the extra
        from scraper.cluster import tables  # noqa: PLC0415  part of the extra
        from scraper.cluster.database import connected  # noqa: PLC0415  part of the extra

        with Leases(dsn) as leases, connected(dsn) as connection:
            leases.prepare()
            tables.prepare(connection)
    click.echo(
        "the database is ready; next: `dqtv ingest` and `dqtv cluster feed` beside the archive, `dqtv cluster worker` on each machine"
    )


@cluster_group.command("feed")
@click.option("--once", is_flag=True, help="Look at the schedule once, then end.")
@database_option
@archive_option()
@json_option
def feed_command(root: Path, *, database: str | None, once: bool, as_json: bool) -> None:
    """Put what is due by the schedule into the queue of the cluster, until Ctrl-C; runs beside the archive."""
    dsn = which_database(database)
    with cluster_extra():
        from scraper.cluster.feed import feed  # noqa: PLC0415  part of the extra
        from scraper.cluster.worker import check_prepared  # noqa: PLC0415  part of the extra
    from scraper.crawl_process import Foreman  # noqa: PLC0415  needed by this command alone
    from scraper.due import next_look  # noqa: PLC0415  needed by this command alone

    check_prepared(dsn)
    root = root.absolute()
    with scheduler_lock(root), Foreman() as foreman:
        while not foreman.is_stopped:
            try:
                fed = feed(root, dsn, why_not=_why_not)
            except ArchiveError as error:
                if once:
                    raise
                click.echo(f"dqtv: {error}; looking again later", err=True)
            else:
                _echo_fed(fed, as_json=as_json)
            if once:
                return
            # a look is cheap, and what ended is to be written down soon
            foreman.wait(min(_FEED_S, next_look(root, foreman.now())))


#: Seconds between two looks at the schedule at most.
_FEED_S: Final = 15.0


def _echo_fed(fed: Fed, *, as_json: bool) -> None:
    if as_json:
        print_json(fed)
        return
    for site, reason in fed.ended:
        click.echo(f"{site}: {reason}")
    for site, job in fed.deferred:
        click.echo(f"{site}: {job} is queued")
    for problem in fed.problems:
        click.echo(problem, err=True)


@cluster_group.command("worker")
@click.option(
    "--slots",
    type=click.IntRange(1, 200),
    default=10,
    show_default=True,
    help="Crawls side by side.",
)
@click.option(
    "--readers",
    type=click.IntRange(1),
    metavar="N",
    help="Parcels of a replay read side by side; one for each processor core when not given.",
)
@click.option(
    "--minutes",
    type=click.FloatRange(0.1),
    default=SLICE_MINUTES,
    show_default=True,
    help="A crawl ends after so long; the rest is another job.",
)
@database_option
@hub_option
@spool_option
@contact_option
def worker_command(
    *, slots: int, readers: int | None, minutes: float, database: str | None, hub: str | None, spool: Path, contact: str | None
) -> None:  # fmt: skip
    """Take jobs of the cluster until Ctrl-C or SIGTERM: crawls end after the page under way, their pages come home."""
    dsn, hub = which_database(database), which_hub(hub)
    with cluster_extra():
        from scraper.cluster.engine import EngineSettings  # noqa: PLC0415  part of the extra
        from scraper.cluster.worker import work  # noqa: PLC0415  part of the extra
    _warn_without_contact(contact)
    # what the crawls, processes of their own, are to use
    os.environ |= {DATABASE_VARIABLE: dsn, HUB_VARIABLE: hub, SPOOL_VARIABLE: str(spool.absolute())}
    if contact:
        os.environ["DQTV_CONTACT"] = contact
    click.echo(f"working with {slots} slots; Ctrl-C ends", err=True)
    work(
        EngineSettings(
            database=dsn,
            slots=slots,
            readers=readers or cores(),
            minutes=minutes,
            at_start=command("cluster", "push"),
        ),
        say=lambda text: click.echo(f"dqtv: {text}", err=True),
    )


@cluster_group.command("crawl")
@click.argument("site")
@click.option(
    "--minutes",
    type=click.FloatRange(0.001),
    default=SLICE_MINUTES,
    show_default=True,
    help="End after so long, after the page under way.",
)
@click.option(
    "--backfill",
    metavar="FROM..TO",
    help="Go back through lists and sitemaps to these days, such as 2019..2021-06.",
)
@click.option(
    "--rechecks",
    type=click.Choice(["yes", "no", "only"]),
    help="Look at known articles again when they are due, not at all, or only that.",
)
@database_option
@hub_option
@spool_option
@contact_option
@json_option
def crawl_command(
    site: str, *, minutes: float, backfill: str | None, rechecks: str | None, database: str | None, hub: str | None,
    spool: Path, contact: str | None, as_json: bool,
) -> None:  # fmt: skip
    """Crawl one paper for some minutes under the cluster's lease, and bring its pages to the hub."""
    dsn, hub = which_database(database), which_hub(hub)
    if backfill is not None:
        read_span(backfill)
    if (why := why_not_crawled(known_sites().site(site))) is not None:
        raise UsageError(f"{site} is not crawled ({why})")
    with cluster_extra():
        from scraper.cluster.crawl import Slice, run_slice  # noqa: PLC0415  part of the extra

        wanted = Slice(
            site=site, minutes=minutes, database=dsn, hub=hub, spool=spool.absolute(), contact=contact,
            backfill=backfill, rechecks=rechecks, progress=sys.stderr.isatty(),
        )  # fmt: skip
        end = run_slice(wanted)
    if as_json:
        # the engine reads the last line
        sys.stdout.buffer.write(end.to_json())
    else:
        _echo_end(end)
    if not end.is_good:
        sys.exit(1)


def _echo_end(end: SliceEnd) -> None:
    detail = f" ({end.detail})" if end.detail else ""
    click.echo(f"{end.site}: {end.reason}{detail}")
    click.echo(
        f"{end.fetched} fetched, {end.accepted} accepted, {end.waiting} wait;"
        f" {end.acked} of {end.segments} segments are in the archive"
    )


@cluster_group.command("push")
@click.option(
    "--wait",
    "wait_s",
    type=click.FloatRange(0),
    default=60.0,
    show_default=True,
    help="Seconds to wait until the archive has taken in the pages of a paper.",
)
@database_option
@hub_option
@spool_option
def push_command(*, wait_s: float, database: str | None, hub: str | None, spool: Path) -> None:
    """Bring home what killed crawls left on this machine; a worker does so when it starts."""
    dsn, hub = which_database(database), which_hub(hub)
    with cluster_extra():
        from archive.cluster.hub import Hub  # noqa: PLC0415  part of the extra
        from scraper.cluster.spool import bring_all_home  # noqa: PLC0415  part of the extra

        there = Hub(hub)
        # a worker starts this command to hear of it, even where nothing was left
        there.reach()
        kept = bring_all_home(spool.absolute(), database=dsn, hub=there, wait_s=wait_s)
    if kept:
        raise DqtvError(
            f"not everything is home yet: {', '.join(kept)}; does `dqtv ingest` run? Try again later"
        )


@cluster_group.command("status")
@database_option
@hub_option
@json_option
def status_command(*, database: str | None, hub: str | None, as_json: bool) -> None:
    """Show jobs, leases, workers and the inbox, and what is wrong; exit code 1 when something is."""
    dsn, hub = which_database(database), which_hub(hub)
    with cluster_extra():
        from scraper.cluster.watching import watch  # noqa: PLC0415  part of the extra

        seen = watch(dsn, hub)
    if as_json:
        print_json(attrs.asdict(seen))
    else:
        from scraper.cluster.status_text import echo  # noqa: PLC0415  needed by this command alone

        echo(seen)
    if seen.problems:
        sys.exit(1)


@cluster_group.command("drain")
@click.option("--end", "is_over", is_flag=True, help="Let the workers take jobs again.")
@click.option(
    "--wait",
    "wait_s",
    type=click.FloatRange(0),
    default=180.0,
    show_default=True,
    help="Seconds to wait until the last crawl has ended.",
)
@database_option
def drain_command(*, is_over: bool, wait_s: float, database: str | None) -> None:
    """Let all workers finish the page under way, bring their pages home and take no more jobs."""
    dsn = which_database(database)
    with cluster_extra():
        from scraper.cluster.draining import begin, end, wait  # noqa: PLC0415  part of the extra

        if is_over:
            end(dsn)
            click.echo("workers take jobs again")
            return
        begin(dsn)
        click.echo(
            "no worker takes jobs any more; `dqtv cluster drain --end` lets them again", err=True
        )
        left = wait(dsn, wait_s)
    if left:
        raise DqtvError(
            f"after {wait_s:.0f} s {left} crawls still run; look at `dqtv cluster status`"
        )
    click.echo("drained: nothing runs")


cluster_group.add_command(replay_command)
cluster_group.add_command(read_command)


def _why_not(site: str) -> str | None:
    try:
        return why_not_crawled(known_sites().site(site))
    except UnknownSite:
        return "no site file has this id"


def _warn_without_contact(contact: str | None) -> None:
    if contact is None:
        click.echo(
            "dqtv: no contact given; set --contact or DQTV_CONTACT so that web masters can reach you",
            err=True,
        )
