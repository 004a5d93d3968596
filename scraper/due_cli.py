"""``dqtv run-due`` and ``dqtv watch``: do what is due, once or for ever."""

from __future__ import annotations

import os
import sys
import time
from typing import TYPE_CHECKING

import attrs
import click

from archive.cli import archive_option, json_option, print_json
from archive.errors import ArchiveError, DqtvError, SchedulerBusy, UnknownSite
from archive.notices.settings import read_settings
from archive.notices.telling import tell
from archive.notices_cli import in_words
from archive.orders import Outcome
from archive.publish import publish
from archive.store import Store
from archive.timing import vietnam_text
from scraper.contact import contact_option
from scraper.crawl_process import Foreman
from scraper.due import LONGEST_SLEEP_S, DueReport, Wishes, next_look, run_due
from scraper.obeying import Obeyed, Obeyer
from scraper.obeying_thread import ObeyingThread
from scraper.settings import DQTV_MIN_FREE_MB
from scraper.sites.known import known_sites, why_not_crawled

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from archive.schedule import Planned

at_once_option = click.option(
    "--at-once",
    type=click.IntRange(1),
    default=10,
    show_default=True,
    help="Papers crawled side by side in one process, each at its own pace.",
)
publish_option = click.option(
    "--publish", "with_publish", is_flag=True,
    help="Publish a snapshot afterwards if articles came in.",
)  # fmt: skip


@click.command("run-due")
@click.option("--once", is_flag=True, help="One pass over what is due now; missed crawls are not spread over their jitter.")  # fmt: skip
@click.option("--max", "most", type=click.IntRange(1), help="So many jobs at most; the others stay due.")  # fmt: skip
@at_once_option
@publish_option
@contact_option
@archive_option()
@json_option
def run_due_command(
    root: Path, *, once: bool, most: int | None, at_once: int, with_publish: bool,
    contact: str | None, as_json: bool,
) -> None:  # fmt: skip
    """Obey orders and crawl what is due by the schedule, then end; exit code 1 when a crawl failed.

    Of two at a time on one archive, the second says so and ends with 0.
    """
    report, busy = DueReport(), None
    with Foreman() as foreman:
        wishes = attrs.evolve(_wishes(root, contact, at_once), most=most, once=once)
        obeyer = Obeyer(wishes, foreman, on_end=_say_obeyed)
        with ObeyingThread(obeyer, on_error=_say_error):
            try:
                report = run_due(
                    wishes,
                    crawl=foreman.crawl,
                    clock=foreman,
                    on_begin=_say_begin,
                    on_wait=_say_wait,
                )
            except SchedulerBusy as other:
                busy = str(other)
                click.echo(f"dqtv: {busy}; nothing to do here", err=True)
    orders = [attrs.asdict(one) for one in obeyer.obeyed]
    if as_json:
        done = {"busy": busy} if busy else attrs.asdict(report)
        print_json({"archive": str(root), **done, "orders": orders})
    elif busy is None and (report != DueReport() or not orders):
        _echo(report)
    if with_publish:
        _publish(root, report, obeyer.accepted)
    if busy is None and not report.is_stopped:
        _tell(root, time.time())
    if not report.is_good or any(one.outcome is Outcome.FAILED for one in obeyer.obeyed):
        sys.exit(1)


@click.command("watch")
@at_once_option
@publish_option
@contact_option
@archive_option()
def watch_command(root: Path, *, at_once: int, with_publish: bool, contact: str | None) -> None:
    """Obey orders, and do what is due whenever it is, until Ctrl-C or SIGTERM: for containers and terminals."""
    root = root.absolute()
    Store.open(root).close()
    with Foreman() as foreman:
        wishes = _wishes(root, contact, at_once)
        obeyer = Obeyer(wishes, foreman, on_end=_say_obeyed)
        with ObeyingThread(obeyer, on_error=_say_error):
            while not foreman.is_stopped:
                _guarded(lambda: _pass(wishes, foreman, obeyer, with_publish=with_publish))
                try:
                    wait = next_look(root, foreman.now())
                except ArchiveError:
                    wait = LONGEST_SLEEP_S
                foreman.wait(wait)
    click.echo("stopped; what was done is kept", err=True)


def _pass(wishes: Wishes, foreman: Foreman, obeyer: Obeyer, *, with_publish: bool) -> None:
    report = run_due(
        wishes, crawl=foreman.crawl, clock=foreman, on_begin=_say_begin, on_wait=_say_wait
    )
    if report.done or report.problems or report.notes:
        _echo(report)
    if with_publish and not foreman.is_stopped:
        brought, obeyer.accepted = obeyer.accepted, 0
        _publish(wishes.root, report, brought)
    if not foreman.is_stopped:
        _tell(wishes.root, foreman.now())


def _guarded(work: Callable[[], None]) -> None:
    """Go on after what may pass: another scheduler, a full disk, a database that is busy."""
    try:
        work()
    except DqtvError as error:
        click.echo(f"dqtv: {error}; looking again later", err=True)


def _wishes(root: Path, contact: str | None, at_once: int) -> Wishes:
    registry = known_sites()

    def why_not(site: str) -> str | None:
        try:
            return why_not_crawled(registry.site(site))
        except UnknownSite:
            return "no site file has this id"

    if contact is None:
        click.echo(
            "dqtv: no contact given; set --contact or DQTV_CONTACT so that web masters can reach you", err=True
        )  # fmt: skip
    return Wishes(
        root=root.absolute(), contact=contact, at_once=at_once, least_mb=DQTV_MIN_FREE_MB, why_not=why_not,
        progress=sys.stderr.isatty(),
    )  # fmt: skip


def _say_begin(chosen: Sequence[Planned]) -> None:
    names = ", ".join(one.entry.site for one in chosen)
    click.echo(f"{chosen[0].entry.job.value}: {names}", err=True)


def _say_wait(jobs: int, seconds: float) -> None:
    click.echo(
        f"{jobs} missed jobs wait, the next begins in {seconds:.0f} s (--once begins at once)",
        err=True,
    )


def _say_obeyed(one: Obeyed) -> None:
    click.echo(f"order {one.id} ({one.what}): {one.outcome}: {one.message}", err=True)


def _say_error(error: DqtvError) -> None:
    click.echo(f"dqtv: orders: {error}; looking again later", err=True)


def _publish(root: Path, report: DueReport, by_order: int) -> None:
    if by_order or any(one.accepted for one in report.done):
        snapshot = publish(root)
        click.echo(f"published {snapshot.articles} articles as {snapshot.path}", err=True)


def _tell(root: Path, now: float) -> None:
    """Send what is to be told. What goes wrong here is said, and fails no crawl."""
    try:
        settings = read_settings(os.environ)
        with Store.open(root, create=False) as store:
            sent = tell(store, settings, now)
    except DqtvError as error:
        click.echo(f"dqtv: nothing is told: {error}", err=True)
        return
    for one in sent:
        click.echo(in_words(one), err=True)


def _echo(report: DueReport) -> None:
    for one in report.done:
        detail = "" if one.is_good or not one.detail else f" ({one.detail})"
        click.echo(
            f"{one.site} {one.job}: {one.reason}{detail}; {one.fetched} fetched, {one.accepted} accepted;"
            f" next {vietnam_text(one.next_at)}"
        )
    for problem in report.problems:
        click.echo(problem)
    for note in report.notes:
        click.echo(f"note: {note}")
    if report.is_stopped:
        click.echo("stopped; what was not crawled to its end stays due")
    elif not report.done and not report.problems:
        click.echo("nothing is due")
