"""``dqtv schedule``: say what is crawled when, and see what comes next."""

from __future__ import annotations

import itertools
import time
from typing import TYPE_CHECKING, Any

import attrs
import click
from rich.box import SIMPLE_HEAD
from rich.markup import escape
from rich.table import Table

from archive.audit import whoever_types
from archive.cli import archive_option, json_option, print_json, wide_console
from archive.errors import UsageError
from archive.schedule import Entry, Job, Planned
from archive.schedule_table import ScheduleTable, choose
from archive.store import Store
from archive.timing import (
    Timing,
    check_falls,
    read_adaptive,
    read_cron,
    read_every,
    read_hours,
    vietnam_text,
)
from scraper.contact import contact_option
from scraper.due import USUAL_MONTHS
from scraper.install import Installation, install
from scraper.sites.known import known_sites, why_not_crawled
from scraper.sites.spec import SiteStatus

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

#: Times shown after a change.
_SHOWN = 5
_USUAL_JITTER_MIN = 10

job_choice = click.Choice([job.value for job in Job])
some_job_option = click.option("--job", type=job_choice, help="Only this job; all when not given.")


@click.group("schedule")
def schedule_group() -> None:
    """Say when each paper is crawled. `dqtv run-due` or `dqtv watch` then does what is due."""


@schedule_group.command("set")
@click.argument("sites", nargs=-1, metavar="SITE...")
@click.option("--all", "all_sites", is_flag=True, help="Every active paper.")
@click.option(
    "--job",
    type=job_choice,
    default=Job.CRAWL.value,
    show_default=True,
    help="What is done: crawl (what is new, with the rechecks that are due), rechecks only, or a backfill of the"
    " last months.",
)
@click.option(
    "--cron",
    metavar="TEXT",
    help="Cron expression in Vietnam's time: '15 2 * * *' is daily at 2:15.",
)
@click.option("--every", type=int, metavar="HOURS", help="Every so many hours.")
@click.option(
    "--adapt",
    metavar="LEAST..MOST",
    help="As often as the paper publishes, so many hours apart: 2..24.",
)
@click.option(
    "--hours", metavar="FROM-TO", help="Only at these hours, such as 22:00-06:00; all lifts that."
)
@click.option(
    "--jitter",
    type=click.IntRange(0, 24 * 60),
    metavar="MINUTES",
    help=f"Begin up to so many minutes later, each paper at another time.  [default: {_USUAL_JITTER_MIN}]",
)
@click.option("--priority", type=int, help="Higher comes first when several are due.  [default: 0]")
@click.option(
    "--months",
    type=click.IntRange(1, 1200),
    help=f"With --job backfill: so many months back.  [default: {USUAL_MONTHS}]",
)
@archive_option()
@json_option
def set_command(
    sites: tuple[str, ...], root: Path, *, all_sites: bool, job: str, as_json: bool, **given: Any  # noqa: ANN401 - options
) -> None:  # fmt: skip
    """Schedule a job of one or more papers, or change what is said of it; shows its next five times."""
    chosen = _chosen(sites, all_sites=all_sites)
    kind, now = Job(job), time.time()
    if given["months"] is not None and kind is not Job.BACKFILL:
        raise UsageError("--months goes with --job backfill")
    timing, shown = _timing(given), []
    if not (root / "archive.db").exists() and timing is None:
        raise UsageError(_NO_TIMING)
    with Store.open(root.absolute()) as store:
        table = ScheduleTable(store)
        entries = [
            _entry(site, kind, timing, given, table.get(site, kind)) for site in chosen
        ]  # all are read before one is written
        for entry in entries:
            check_falls(entry.timing, entry.hours, now)
        for entry in entries:
            planned = table.set(entry, now, by=whoever_types())
            shown.append(_detail(table, planned, now))
    if as_json:
        print_json({"archive": str(root), "schedule": shown})
        return
    for one in shown:
        _echo_detail(one)


_NO_TIMING = "say when: --cron '15 2 * * *', --every 6 or --adapt 2..24"


def _chosen(sites: tuple[str, ...], *, all_sites: bool) -> list[str]:
    if all_sites == bool(sites):
        raise UsageError("name the papers to schedule, or give --all (see `dqtv sites list`)")
    registry = known_sites()
    if all_sites:
        return [site.id for site in registry.sites.values() if site.status is SiteStatus.ACTIVE]
    for site in sites:
        if (why := why_not_crawled(registry.site(site))) is not None:
            raise UsageError(f"{site} is not crawled: {why}")
    return list(dict.fromkeys(sites))


def _timing(given: dict[str, Any]) -> Timing | None:
    said = [name for name in ("cron", "every", "adapt") if given[name] is not None]
    if len(said) > 1:
        raise UsageError(f"--{said[0]} and --{said[1]} exclude each other; give one of them")
    if given["cron"] is not None:
        return read_cron(given["cron"])
    if given["every"] is not None:
        return read_every(given["every"])
    return None if given["adapt"] is None else read_adaptive(given["adapt"])


def _entry(
    site: str, job: Job, timing: Timing | None, given: dict[str, Any], former: Planned | None
) -> Entry:
    """What was said, and for the rest what was there before."""
    if former is None and timing is None:
        raise UsageError(f"{site}: {_NO_TIMING}")
    months = USUAL_MONTHS if job is Job.BACKFILL else None
    jitter_s = _USUAL_JITTER_MIN * 60.0
    known = former.entry if former else None
    entry = known or Entry(site=site, job=job, timing=timing or read_every(24), months=months, jitter_s=jitter_s)  # fmt: skip
    changes: dict[str, Any] = {}
    if timing is not None:
        changes["timing"] = timing
    if given["hours"] is not None:
        changes["hours"] = None if given["hours"] == "all" else read_hours(given["hours"])
    if given["jitter"] is not None:
        changes["jitter_s"] = given["jitter"] * 60.0
    for name in ("priority", "months"):
        if given[name] is not None:
            changes[name] = given[name]
    return attrs.evolve(entry, **changes)


def _brief(planned: Planned) -> dict[str, Any]:
    entry = planned.entry
    return {
        "site": entry.site,
        "job": entry.job.value,
        "timing": str(entry.timing),
        "hours": entry.hours and str(entry.hours),
        "jitter_minutes": entry.jitter_s / 60.0,
        "priority": entry.priority,
        "months": entry.months,
        "is_paused": entry.is_paused,
        "failures": planned.failures,
        "next": vietnam_text(planned.next_at),
        "next_at": planned.next_at,
    }


def _detail(table: ScheduleTable, planned: Planned, now: float) -> dict[str, Any]:
    upcoming = itertools.islice(table.upcoming(planned, now), _SHOWN)
    return _brief(planned) | {"times": [vietnam_text(at) for at in upcoming]}


def _echo_detail(one: dict[str, Any]) -> None:
    kind, _, hours = one["timing"].partition(" ")
    spaced = {
        "every": f"every {hours} hours",
        "adapt": f"as often as it publishes, {hours} hours apart",
    }
    parts = [spaced.get(kind, one["timing"])]
    if one["hours"]:
        parts.append(f"at {one['hours']} only")
    if one["jitter_minutes"]:
        parts.append(f"up to {one['jitter_minutes']:g} minutes later")
    if one["priority"]:
        parts.append(f"priority {one['priority']}")
    if one["months"]:
        parts.append(f"{one['months']} months back")
    if one["is_paused"]:
        parts.append("paused")
    click.echo(f"{one['site']} {one['job']}: {', '.join(parts)}")
    for at in one["times"]:
        click.echo(f"  {at}")


@schedule_group.command("list")
@archive_option()
@json_option
def list_command(root: Path, *, as_json: bool) -> None:
    """List what is scheduled, with the next time (Vietnam's) and how the last run ended."""
    with Store.open(root, create=False) as store:
        table = ScheduleTable(store)
        entries = [_brief(one) | {"last": _last(table, one)} for one in table.all()]
    if as_json:
        print_json({"archive": str(root), "schedule": entries})
        return
    shown = Table(box=SIMPLE_HEAD, padding=(0, 1, 0, 0))
    for heading in ("paper", "job", "when", "hours", "jitter", "priority", "next (UTC+7)", "last"):
        shown.add_column(heading)
    for one in entries:
        failed = f" ({one['failures']} failures in a row)" if one["failures"] else ""
        cells = (
            one["site"], one["job"], one["timing"], one["hours"] or "all",
            f"{one['jitter_minutes']:g} min", str(one["priority"]),
            "paused" if one["is_paused"] else one["next"], f"{one['last'] or 'never'}{failed}",
        )  # fmt: skip
        shown.add_row(*map(escape, cells))
    wide_console(150).print(shown)


def _last(table: ScheduleTable, planned: Planned) -> str | None:
    runs = (run for run in table.last(planned.entry.site, limit=50) if run.job == planned.entry.job.value)  # fmt: skip
    last = next(runs, None)
    return None if last is None else last.reason or "running"


@schedule_group.command("show")
@click.argument("sites", nargs=-1, required=True, metavar="SITE...")
@archive_option()
@json_option
def show_command(sites: tuple[str, ...], root: Path, *, as_json: bool) -> None:
    """Show what is scheduled for papers, their next five times and their last five runs."""
    now = time.time()
    with Store.open(root, create=False) as store:
        table = ScheduleTable(store)
        entries = [_detail(table, one, now) for one in choose(table, sites, None)]
        runs = [run for site in sites for run in table.last(site)]
    if as_json:
        print_json({"schedule": entries, "runs": [attrs.asdict(run) for run in runs]})
        return
    for one in entries:
        _echo_detail(one)
    for run in runs:
        began = vietnam_text(run.started_at.timestamp())
        click.echo(f"{began}  {run.site} {run.job}: {run.reason or 'running'} ({run.run_id or 'no run'})")  # fmt: skip


@schedule_group.command("next")
@click.option(
    "--last", "-n", "count", type=click.IntRange(1), default=20, show_default=True, help="So many."
)
@archive_option()
@json_option
def next_command(root: Path, *, count: int, as_json: bool) -> None:
    """List what comes next, in order, if nothing is missed."""
    now = time.time()
    with Store.open(root, create=False) as store:
        table = ScheduleTable(store)
        coming = sorted(
            (at, one.entry.site, one.entry.job.value)
            for one in table.all()
            if not one.entry.is_paused
            for at in itertools.islice(table.upcoming(one, now), count)
        )[:count]
    if as_json:
        print_json({"next": [{"at": at, "site": site, "job": job} for at, site, job in coming]})
        return
    for at, site, job in coming:
        overdue = "  (due)" if at <= now else ""
        click.echo(f"{vietnam_text(at)}  {site} {job}{overdue}")


@schedule_group.command("pause")
@click.argument("sites", nargs=-1, required=True, metavar="SITE...")
@some_job_option
@archive_option()
def pause_command(sites: tuple[str, ...], root: Path, *, job: str | None) -> None:
    """Let papers rest until `dqtv schedule resume`."""
    with Store.open(root, create=False) as store:
        table = ScheduleTable(store)
        chosen = choose(table, sites, Job(job) if job else None)
        table.pause(chosen, time.time(), by=whoever_types())
    _echo_chosen(chosen, "paused")


@schedule_group.command("resume")
@click.argument("sites", nargs=-1, required=True, metavar="SITE...")
@some_job_option
@archive_option()
def resume_command(sites: tuple[str, ...], root: Path, *, job: str | None) -> None:
    """Go on with papers that were paused, at their next regular time."""
    with Store.open(root, create=False) as store:
        table = ScheduleTable(store)
        chosen = choose(table, sites, Job(job) if job else None)
        table.resume(chosen, time.time(), by=whoever_types())
    _echo_chosen(chosen, "resumed")


@schedule_group.command("remove")
@click.argument("sites", nargs=-1, required=True, metavar="SITE...")
@some_job_option
@archive_option()
def remove_command(sites: tuple[str, ...], root: Path, *, job: str | None) -> None:
    """Schedule papers no longer. What was crawled stays."""
    with Store.open(root, create=False) as store:
        table = ScheduleTable(store)
        chosen = choose(table, sites, Job(job) if job else None)
        table.remove(chosen, time.time(), by=whoever_types())
    _echo_chosen(chosen, "removed")


def _echo_chosen(chosen: Sequence[Planned], what: str) -> None:
    for one in chosen:
        click.echo(f"{one.entry.site} {one.entry.job.value}: {what}")


@schedule_group.command("install")
@click.option("--user", is_flag=True, help="Units of your own systemd, without root.")
@click.option("--cron", is_flag=True, help="A line in your crontab in place of systemd units.")
@click.option("--run-as", metavar="NAME", help="User the service runs as.  [default: owner of the archive]")  # fmt: skip
@click.option(
    "--minutes",
    type=click.IntRange(1, 59),
    default=10,
    show_default=True,
    help="Look for what is due every so many minutes.",
)
@click.option("--publish", is_flag=True, help="Publish a snapshot after crawls that brought articles.")  # fmt: skip
@click.option("--to", "folder", metavar="DIR", help="Write the units there and nowhere else.")
@contact_option
@archive_option()
def install_command(root: Path, *, user: bool, cron: bool, folder: str | None, **given: Any) -> None:  # noqa: ANN401 - options  # fmt: skip
    """Let the machine run `dqtv run-due` regularly: systemd service and timer, or a cron line. Says what it wrote."""
    if cron and (user or folder):
        raise UsageError("--cron goes without --user and --to: it writes into your crontab")
    wanted = Installation(
        root=root.absolute(), contact=given["contact"], user=user, run_as=given["run_as"],
        minutes=given["minutes"], publish=given["publish"], folder=folder,
    )  # fmt: skip
    for line in install(wanted, cron=cron):
        click.echo(line)
