"""``dqtv verify``: what is asked for on the command line, and how the answer is shown."""

from __future__ import annotations

import re
import secrets
import sys
from datetime import datetime
from typing import TYPE_CHECKING

import attrs
import click

from archive.cli import archive_option, json_option, print_json, stderr_progress
from archive.errors import UsageError
from archive.instants import VIETNAM, utc_text
from archive.store import Store
from archive.verify import Choice, VerifyReport, verify

if TYPE_CHECKING:
    from pathlib import Path


@click.command("verify")
@click.argument("sites", nargs=-1, metavar="[SITE...]")
@click.option(
    "--since", metavar="DATE", help="Only files closed on this day or later: YYYY-MM-DD, UTC+7."
)
@click.option(
    "--sample", metavar="N|P%", help="Only so many files, or this share, drawn at random."
)
@click.option("--seed", type=click.IntRange(0), help="Draw the same sample again.")
@archive_option()
@json_option
def verify_command(
    sites: tuple[str, ...],
    root: Path,
    *,
    since: str | None,
    sample: str | None,
    seed: int | None,
    as_json: bool,
) -> None:
    """Read the stored WARC files to the last byte: checksums, every record, every row that names one."""
    choice = _choice(sites, since, sample, seed)
    with Store.open(root.absolute(), create=False) as store, stderr_progress() as bar:
        _check_sites(store, sites)
        task = bar.add_task("verify", total=None)

        def show(name: str, done: int, total: int) -> None:
            bar.update(task, description=f"verify: {name}", completed=done, total=total)

        report = verify(store, choice, on_progress=show)
    if as_json:
        print_json(_for_json(report))
    else:
        _echo(report)
    if report.problems:
        sys.exit(1)


def _choice(
    sites: tuple[str, ...], since: str | None, sample: str | None, seed: int | None
) -> Choice:
    if seed is not None and sample is None:
        raise UsageError("--seed goes with --sample")
    return Choice(
        sites=sites,
        since=_first_instant(since) if since else None,
        sample=_number(sample) if sample else None,
        is_share=bool(sample and sample.endswith("%")),
        seed=secrets.randbelow(1_000_000) if seed is None else seed,
    )


def _first_instant(day: str) -> str:
    try:
        return utc_text(datetime.strptime(day, "%Y-%m-%d").replace(tzinfo=VIETNAM))
    except ValueError as error:
        raise UsageError(f"--since {day} is no day; write it as YYYY-MM-DD") from error


def _number(text: str) -> float:
    found = re.fullmatch(r"(\d+)|(\d+(?:\.\d+)?)%", text)
    value = float(found[1] or found[2]) if found else 0.0
    if not found or value <= 0 or (found[2] and value > 100):  # noqa: PLR2004 - per cent
        raise UsageError(f"--sample {text} is neither a number of files (50) nor a share (10%)")
    return value


def _check_sites(store: Store, sites: tuple[str, ...]) -> None:
    found = store.connection.execute("SELECT id FROM sites UNION SELECT site FROM warc_files")
    known = sorted(site for (site,) in found)
    for site in sites:
        if site not in known:
            raise UsageError(
                f"the archive holds nothing of {site!r}; it holds {', '.join(known) or 'no paper'}"
            )


def _for_json(report: VerifyReport) -> dict[str, object]:
    values = attrs.asdict(report, recurse=False)
    return values | {"megabytes_per_second": round(report.megabytes_per_second, 1)}


def _echo(report: VerifyReport) -> None:
    drawn = "" if report.seed is None else f" (drawn with --seed {report.seed})"
    click.echo(
        f"{report.files} of {report.known} files read{drawn}: {report.bytes / 1e6:.1f} MB,"
        f" {report.records} records, {report.rows} captures compared,"
        f" {report.megabytes_per_second:.0f} MB/s"
    )
    for problem in report.problems:
        click.echo(str(problem))
    if report.more_problems:
        click.echo(f"and {report.more_problems} more in the same files")
    for note in report.notes:
        click.echo(f"note: {note}")
    found = len(report.problems) + report.more_problems
    click.echo(f"{found} problem{'s' if found != 1 else ''} found" if found else "nothing is wrong")
