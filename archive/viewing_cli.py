"""``dqtv index`` and ``dqtv wacz``: what programs need that show stored pages."""

from __future__ import annotations

import sys
from pathlib import Path

import attrs
import click

from archive.cdxj import index_closed_files, index_folder, merge_indexes
from archive.cli import archive_option, json_option, print_json, stderr_progress
from archive.errors import NothingCaptured, RecordUnreadable, UsageError
from archive.recovery import recover_open_files
from archive.spans import read_ends
from archive.store import Store
from archive.wacz import Package, papers_with_files, write_wacz


@click.command("index")
@archive_option()
@click.option("--rewrite", is_flag=True, help="Index every file anew, not only those without one.")
@json_option
def index_command(root: Path, *, rewrite: bool, as_json: bool) -> None:
    """Index the closed WARC files for pywb and other viewers (CDXJ); run it again after a crawl."""
    with Store.open(root.absolute(), create=False) as store, stderr_progress() as bar:
        task = bar.add_task("index", total=None)

        def show(done: int, total: int) -> None:
            bar.update(task, completed=done, total=total)

        recovered = recover_open_files(store)
        indexed = index_closed_files(store, rewrite=rewrite, on_file=show)
        merged = merge_indexes(store)
    for done in recovered:
        click.echo(f"dqtv: {done}", err=True)
    if as_json:
        print_json({"index": merged, "files": indexed.files, "problems": indexed.problems})
    else:
        click.echo(f"{len(indexed.files)} WARC files indexed; {merged} holds all of them")
        # no port: pywb has one by itself, and `make view`, which calls this, may have another
        click.echo(f"view them with pywb: wayback -d {index_folder(root)} -b 127.0.0.1")
        _echo_problems(indexed.problems)
    if indexed.problems:
        sys.exit(1)


@click.command("wacz")
@click.argument("sites", nargs=-1, required=True, metavar="SITE...")
@click.option("--from", "since", help="First day of capture: YYYY, YYYY-MM or YYYY-MM-DD.")
@click.option("--to", "until", help="Last day of capture, in the same forms.")
@click.option(
    "--out",
    type=click.Path(path_type=Path, file_okay=False),
    required=True,
    help="Folder for the packages; made when it is missing.",
)
@archive_option()
@json_option
def wacz_command(
    sites: tuple[str, ...],
    root: Path,
    *,
    since: str | None,
    until: str | None,
    out: Path,
    as_json: bool,
) -> None:
    """Package the captures of papers as WACZ files, one for each paper, which play without a server."""
    first, last = read_ends(since, until)
    packages: list[Package] = []
    problems: list[str] = []
    with Store.open(root.absolute(), create=False) as store, stderr_progress() as bar:
        wanted = tuple(dict.fromkeys(sites))
        recover_open_files(store, sites=wanted)
        _check(wanted, papers_with_files(store), root)
        for site in bar.track(wanted, description="wacz"):
            try:
                packages.append(write_wacz(store, site, out=out, first=first, last=last))
            except (NothingCaptured, RecordUnreadable) as error:
                problems.append(f"{site}: {error}")
    problems += [problem for package in packages for problem in package.problems]
    if as_json:
        packed = [attrs.asdict(package) for package in packages]
        print_json({"packages": packed, "problems": problems})
    else:
        for package in packages:
            click.echo(
                f"{package.path}: {package.captures} captures, {package.pages} of articles,"
                f" {package.bytes} bytes"
            )
        _echo_problems(problems)
    if problems:
        sys.exit(1)


def _check(wanted: tuple[str, ...], known: tuple[str, ...], root: Path) -> None:
    unknown = [site for site in wanted if site not in known]
    if unknown:
        raise UsageError(
            f"{root} holds no closed WARC file of {', '.join(unknown)}; papers it holds:"
            f" {', '.join(known) or 'none'}"
        )


def _echo_problems(problems: tuple[str, ...] | list[str]) -> None:
    for problem in problems:
        click.echo(f"  problem: {problem}")
