"""``dqtv repair``: bring the database back to what the WARC files say."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Final

import attrs
import click

from archive.cli import archive_option, json_option, print_json, stderr_progress
from archive.errors import ArchiveError, UsageError
from archive.reindex import Reindexed, paper_folders, reindex
from archive.store import Store
from scraper.sites.known import known_sites

if TYPE_CHECKING:
    from pathlib import Path

    from scraper.rebuild import RebuildReport, Rereading

_LINES: Final = 20
NOT_REBUILT: Final = (
    "not in the WARC files, so not in the new database: how runs ended and their counts, addresses that never"
    " answered, how far backfills got, waiting times that papers asked for, and earlier results of `dqtv verify`."
    " Texts are read by the rules of today."
)


@click.command("repair")
@click.argument("sites", nargs=-1, metavar="[SITE...]")
@click.option(
    "--rebuild",
    "is_rebuild",
    is_flag=True,
    help="Build archive.db anew from all WARC files; the old one is kept under a dated name.",
)
@archive_option()
@json_option
def repair_command(sites: tuple[str, ...], root: Path, *, is_rebuild: bool, as_json: bool) -> None:
    """Close files left by killed runs and write the rows that the WARC files show to be missing."""
    root = root.absolute()
    if is_rebuild:
        if sites:
            raise UsageError("--rebuild reads all papers; leave the SITE arguments out")
        problems = _rebuild(root, as_json=as_json)
    else:
        problems = _repair(root, sites, as_json=as_json)
    if problems:
        sys.exit(1)


def _repair(root: Path, sites: tuple[str, ...], *, as_json: bool) -> tuple[str, ...]:
    from scraper.rebuild import read_some  # noqa: PLC0415  Scrapy takes half a second to import

    registry = known_sites()
    if not (root / "archive.db").exists() and (root / "warc").is_dir():
        raise ArchiveError(
            f"{root} has no archive.db; build it from the WARC files with `dqtv repair --rebuild`"
        )
    with Store.open(root, create=False) as store, stderr_progress() as bar:
        folders = paper_folders(store.warc_folder, sites)
        if len(folders) < len(set(sites)):
            names = ", ".join(path.name for path in paper_folders(store.warc_folder))
            raise UsageError(f"the archive has files of {names or 'no paper'} only; check the ids")
        task = bar.add_task("repair", total=None)

        def show(name: str, done: int, total: int) -> None:
            bar.update(task, description=f"repair: {name}", completed=done, total=total)

        index = reindex(store, folders, on_progress=show)
        reading = read_some(store, registry, index.added)
    problems = (*index.problems, *reading.problems())
    if as_json:
        values = attrs.asdict(index, recurse=False) | {"pages_read": reading.pages}
        print_json(values | {"results": dict(reading.results), "problems": problems})
    else:
        _echo(index, reading)
        _echo_problems(problems)
    return problems


def _echo(index: Reindexed, reading: Rereading) -> None:
    for file in index.recovered:
        click.echo(str(file))
    results = ", ".join(f"{key} {count}" for key, count in sorted(reading.results.items()))
    click.echo(
        f"{index.files} files read ({index.bytes / 1e6:.1f} MB): {len(index.added)} rows of captures added,"
        f" {index.corrected} corrected, {index.listed} checksums listed in SHA256SUMS"
    )
    if reading.pages:
        click.echo(f"{reading.pages} pages of added captures read: {results}")


def _rebuild(root: Path, *, as_json: bool) -> tuple[str, ...]:
    from scraper.rebuild import rebuild  # noqa: PLC0415  Scrapy takes half a second to import

    registry = known_sites()
    with stderr_progress() as bar:
        task = bar.add_task("rebuild", total=None)

        def show(step: str, done: int, total: int) -> None:
            bar.update(task, description=f"rebuild: {step}", completed=done, total=total)

        report = rebuild(root, registry, on_progress=show)
    if as_json:
        print_json(attrs.asdict(report, recurse=False) | {"not_rebuilt": NOT_REBUILT})
    else:
        _echo_rebuilt(report)
        _echo_problems(report.problems)
    return report.problems


def _echo_rebuilt(report: RebuildReport) -> None:
    for line in report.recovered:
        click.echo(line)
    click.echo(
        f"archive.db built anew from {report.files} files: {report.captures} captures, {report.pages} pages read,"
        f" {report.articles} articles in {report.versions} versions, {report.rejections} rejections,"
        f" {report.waiting} addresses wait for the next crawl"
    )
    if report.kept is not None:
        click.echo(f"the former database is kept as {report.kept}")
    click.echo(NOT_REBUILT)


def _echo_problems(problems: tuple[str, ...]) -> None:
    for line in problems[:_LINES]:
        click.echo(line)
    if len(problems) > _LINES:
        click.echo(f"  and {len(problems) - _LINES} more (--json has them all)")
