"""``dqtv doctor`` and ``dqtv backup``: see what needs a hand, and keep a copy."""

from __future__ import annotations

import sys
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import attrs
import click

from archive.backup import back_up
from archive.cli import archive_option, json_option, print_json, stderr_progress
from archive.doctor import Patient, examine
from archive.store import Store
from scraper.settings import DQTV_MIN_FREE_MB
from scraper.sites.files import files_in_use
from scraper.sites.known import own_folder
from scraper.versions import versions

if TYPE_CHECKING:
    from archive.backup import Backup


@click.command("doctor")
@archive_option()
@json_option
def doctor_command(root: Path, *, as_json: bool) -> None:
    """Look over disk, clock, database, locks, files, snapshot and schedule; exit code 1 when something needs a hand."""
    patient = Patient(
        root=root.absolute(), now=time.time(), least_mb=DQTV_MIN_FREE_MB, versions=versions()
    )
    findings = examine(patient)
    if as_json:
        print_json({"archive": str(root), "findings": [attrs.asdict(one) for one in findings]})
    else:
        for one in findings:
            click.echo(f"{'ok   ' if one.is_good else 'LOOK '} {one.check:9} {one.what}")
            if one.todo:
                click.echo(f"{'':16}{one.todo}")
    if not all(one.is_good for one in findings):
        sys.exit(1)


@click.command("backup")
@click.argument("target", type=click.Path(path_type=Path, file_okay=False))
@click.option(
    "--warc",
    "with_warc",
    is_flag=True,
    help="Take the WARC files along: linked where TARGET is on the same disk, else copied. Without it they are"
    " listed with their checksums.",
)
@click.option("--keep", type=click.IntRange(1), help="Keep so many backups in TARGET; older ones go.")  # fmt: skip
@archive_option()
@json_option
def backup_command(
    target: Path, root: Path, *, with_warc: bool, keep: int | None, as_json: bool
) -> None:
    """Copy database, manifests and site files into a dated folder in TARGET, also while crawls go on."""
    with Store.open(root.absolute(), create=False) as store, stderr_progress() as bar:
        task = bar.add_task("backup", total=None)

        def show(name: str, number: int, total: int) -> None:
            bar.update(task, description=f"backup: {name}", completed=number, total=total)

        backup = back_up(
            store, target.absolute(), now=datetime.now(UTC), site_files=files_in_use(own_folder()),
            versions=versions(), with_warc=with_warc, keep=keep, on_file=show,
        )  # fmt: skip
    if as_json:
        print_json(attrs.asdict(backup))
    else:
        _echo(backup, with_warc=with_warc)
    if backup.problems:
        sys.exit(1)


def _echo(backup: Backup, *, with_warc: bool) -> None:
    click.echo(
        f"{backup.path}: {backup.articles} articles, {backup.captures} captures, {backup.site_files} site files"
    )
    if with_warc:
        click.echo(
            f"{backup.warc_files} WARC files ({backup.warc_bytes / 1e6:.1f} MB): {backup.linked} linked,"
            f" {backup.copied} copied, {backup.open_files} that a crawl has open"
        )
    else:
        click.echo(f"{backup.warc_files} WARC files are listed, not copied (--warc copies them)")
    for name in backup.removed:
        click.echo(f"removed the old backup {name}")
    for problem in backup.problems:
        click.echo(problem)
