"""The ``dqtv`` command: the scraper's verbs, with the archive's verbs mounted on it.

Results go to stdout, progress and logs to stderr. Exit codes: 0 done, 1 problems found, 2 wrong usage.
"""

from __future__ import annotations

import errno
import sys
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import attrs
import click
from rich.console import Console

from archive.cli import (
    archive_option,
    json_option,
    print_json,
    quiet_broken_pipe,
    stderr_progress,
)
from archive.errors import DqtvError, UsageError, unwritable
from archive.spans import read_span
from scraper.commands import CommandGroup
from scraper.contact import contact_option
from scraper.report import one_line, print_reasons, show_reports
from scraper.settings import DQTV_OPERATOR, SOFTWARE
from scraper.sites.known import DEMO_PORT_VARIABLE, known_sites, why_not_crawled
from scraper.sites.load import DEMO_PORT
from scraper.sites.spec import Scope, SiteSpec, SiteStatus

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rich.progress import Progress, TaskID

    from archive.foreign_stream import Bad
    from scraper.importer import ImportReport
    from scraper.sites.load import Registry


@click.group(cls=CommandGroup, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="dqtv-archive", prog_name="dqtv")
def cli() -> None:
    """Crawl Vietnam's provincial newspapers for articles about the militia (dân quân tự vệ), keep them, publish them."""


def main() -> None:
    """Run the command line; what a user can mend is one message and an exit code, no traceback."""
    try:
        cli(standalone_mode=False)
    except DqtvError as error:
        click.echo(f"dqtv: {error}", err=True)
        sys.exit(error.exit_code)
    except click.exceptions.Exit as ending:
        sys.exit(ending.exit_code)
    except click.ClickException as error:
        error.show()
        sys.exit(2)
    except (click.Abort, KeyboardInterrupt):
        click.echo(
            "dqtv: interrupted; what was done is kept, run the same command to go on", err=True
        )
        sys.exit(1)
    except BrokenPipeError:
        quiet_broken_pipe()
        sys.exit(1)
    except OSError as error:
        # of the disk or the process, wherever it happens: as good as the errors above
        if error.errno not in _MACHINE_ERRORS:
            raise
        place = error.filename or "the output"
        click.echo(f"dqtv: {unwritable(Path(str(place)), error)}", err=True)
        sys.exit(1)


_MACHINE_ERRORS = {
    errno.EMFILE, errno.ENFILE, errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EROFS, errno.EIO,
}  # fmt: skip


# -- crawl ------------------------------------------------------------------------------------------


@cli.command("crawl")
@click.argument("sites", nargs=-1, metavar="SITE...")
@click.option("--all", "all_sites", is_flag=True, help="Every active paper.")
@click.option("--demo", is_flag=True, help="With --all: every paper of the demo press instead.")
@click.option(
    "--backfill",
    metavar="FROM..TO",
    help="Go back through lists and sitemaps to these days, such as 2019..2021-06.",
)
@click.option(
    "--scope",
    type=click.Choice([scope.value for scope in Scope]),
    help="Ask for this much of each paper, whatever its site file says.",
)
@click.option(
    "--rechecks",
    type=click.Choice(["yes", "no", "only"]),
    help="Look at known articles again when they are due: after what is new (yes), not at all, or only that."
    "  [default: yes; no with --backfill]",
)
@click.option("--max-pages", type=click.IntRange(1), help="Stop each paper after this many pages.")
@contact_option
@archive_option()
@json_option
def crawl_command(
    sites: tuple[str, ...],
    root: Path,
    *,
    max_pages: int | None,
    contact: str | None,
    backfill: str | None,
    scope: str | None,
    rechecks: str | None,
    all_sites: bool,
    demo: bool,
    as_json: bool,
) -> None:
    """Fetch what is new at one or more papers; run again to go on after a stop."""
    registry = known_sites()
    chosen = _chosen(registry, sites, all_sites=all_sites, demo=demo)
    if backfill is not None:
        read_span(backfill)
        if rechecks == "only":
            raise UsageError(
                "--backfill and --rechecks only exclude each other; run one after the other"
            )
    if contact is None and any(site.status is not SiteStatus.DEMO for site in chosen):
        click.echo(
            "dqtv: no contact given; set --contact or DQTV_CONTACT so that web masters can reach you",
            err=True,
        )
    from scraper.crawl_request import CrawlRequest  # noqa: PLC0415  needed by this command alone
    from scraper.crawling import crawl  # noqa: PLC0415  Scrapy takes a second to import

    request = CrawlRequest(
        sites=tuple(site.id for site in chosen),
        root=root.absolute(),
        max_pages=max_pages,
        contact=contact,
        backfill=backfill,
        scope=scope,
        rechecks=rechecks,
        progress=True,
    )
    reports = crawl(request)
    show_reports(reports, as_json=as_json)
    if not all(report.is_good for report in reports):
        sys.exit(1)


def _chosen(
    registry: Registry, ids: Sequence[str], *, all_sites: bool, demo: bool
) -> list[SiteSpec]:
    if demo and not all_sites:
        raise UsageError("--demo goes with --all; to crawl one demo paper, name it")
    if all_sites == bool(ids):
        raise UsageError("name the papers to crawl, or give --all (see `dqtv sites list`)")
    if all_sites:
        wanted = SiteStatus.DEMO if demo else SiteStatus.ACTIVE
        return [site for site in registry.sites.values() if site.status is wanted]
    chosen = [registry.site(site_id) for site_id in ids]
    for site in chosen:
        if (why := why_not_crawled(site)) is not None:
            raise UsageError(f"{site.id} is not crawled ({why})")
    return chosen


# -- extract and import -----------------------------------------------------------------------------


@cli.command("extract")
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False, allow_dash=True))
@click.option("--url", required=True, help="Address the page was fetched from.")
@click.option("--site", "site_id", help="Id of the paper, where the address does not say it.")
@click.option("--fetched-at", help="When it was fetched, ISO 8601; now when not given.")
@click.option(
    "--why",
    is_flag=True,
    help="Say where each field was read, what the score is made of, what was changed in the text and which recurring"
    " lines were left out.",
)
@click.option(
    "--archive",
    "root",
    type=click.Path(path_type=Path, file_okay=False),
    help="Leave out the lines that this archive has seen on most articles of the paper.",
)
@json_option
def extract_command(
    file: Path,
    url: str,
    site_id: str | None,
    fetched_at: str | None,
    root: Path | None,
    *,
    why: bool,
    as_json: bool,
) -> None:
    """Read one saved page (- for stdin) as a crawl would, without network and without storing it."""
    from archive.store import Store  # noqa: PLC0415  needed by two commands alone
    from scraper.saved_page import outcome_for_json, read_file  # noqa: PLC0415  needed by this command alone

    with ExitStack() as opened:
        store = opened.enter_context(Store.open(root.absolute(), create=False)) if root else None
        outcome = read_file(
            file,
            url=url,
            site_id=site_id,
            fetched_at=fetched_at,
            registry=known_sites(),
            template_of=store.template if store else None,
        )
    values = outcome_for_json(outcome)
    if as_json:
        print_json(values)
        return
    hidden = {"body", "evidence", "figures", "text_changes", "removed"} | (
        {key for key in values if key.endswith("_source")} if not why else set()
    )
    for key, value in values.items():
        if key not in hidden and value not in (None, [], ()):
            click.echo(f"{key}: {', '.join(map(str, value)) if isinstance(value, list) else value}")
    _echo_block("figures", values["figures"])
    if why:
        _echo_block("evidence", values["evidence"])
        _echo_block("changed in the text, characters", values["text_changes"])
        _echo_block("left out, on most articles of the paper", values["removed"])
    _echo_block("body", values["body"])


def _echo_block(heading: str, items: object) -> None:
    if isinstance(items, list) and items:
        click.echo(f"{heading}:")
        for item in items:
            click.echo(f"  {one_line(item)}")


@cli.command("import")
@click.argument("files", nargs=-1, required=True, type=click.Path(path_type=Path, dir_okay=False))
@click.option(
    "--all-pages",
    is_flag=True,
    help="Also keep what looks like no article, such as lists and feeds of known papers.",
)
@archive_option()
@json_option
def import_command(files: tuple[Path, ...], root: Path, *, all_pages: bool, as_json: bool) -> None:
    """Take in articles of known papers from WARC and WACZ files written by others; run again to go on."""
    from archive.store import Store  # noqa: PLC0415  needed by two commands alone
    from scraper.importer import import_warc  # noqa: PLC0415  needed by this command alone

    for path in files:
        if not path.is_file():
            raise UsageError(f"{path} is no file; check the path")
    registry = known_sites()
    reports: list[ImportReport] = []
    with (
        Store.open(root.absolute()) as store,
        stderr_progress() as bar,
    ):
        for path in files:
            task = bar.add_task(path.name, total=None)
            reports.append(
                import_warc(
                    store,
                    registry,
                    path,
                    software=SOFTWARE,
                    operator=DQTV_OPERATOR,
                    all_pages=all_pages,
                    on_record=partial(_show_records, bar, task),
                )
            )
    if as_json:
        print_json({"files": [attrs.asdict(report) for report in reports]})
    else:
        for report in reports:
            _echo_import(report)
    if any(report.bad_count for report in reports):
        sys.exit(1)


#: Bad places that are printed.
_BAD_LINES = 20


def _show_records(bar: Progress, task: TaskID, done: int) -> None:
    bar.update(task, completed=done, description=f"{done} records")


def _echo_import(report: ImportReport) -> None:
    counts = report.counts
    click.echo(
        f"{report.path}: {report.responses} responses read, {counts.fetched} pages taken in,"
        f" {counts.accepted} articles, {counts.unchanged} unchanged, {report.known} known before,"
        f" {report.foreign} of other hosts, {report.other} that look like no article,"
        f" {report.unresolved} revisits of pages that are not here"
    )
    if report.resumed:
        click.echo("  went on where an earlier import was interrupted")
    print_reasons(Console(highlight=False), "  rejected", counts.rejected)
    _echo_bad(report.bad, report.bad_count, "skipped")
    _echo_bad(report.unwanted_bad, report.unwanted_bad_count, "a page not asked for skipped")


def _echo_bad(places: tuple[Bad, ...], count: int, what: str) -> None:
    for bad in places[:_BAD_LINES]:
        url = f" ({one_line(bad.url)})" if bad.url else ""
        click.echo(f"  {what} at byte {bad.offset}: {bad.reason}{url}")
    if count > _BAD_LINES:
        click.echo(f"  and {count - _BAD_LINES} more (--json has them)")


# -- demo -------------------------------------------------------------------------------------------


@cli.command("demo")
@click.option("--no-serve", is_flag=True, help="End after publishing.")
@click.option("--host", default="127.0.0.1", show_default=True, help="Address of the search desk.")
@click.option(
    "--port",
    type=click.IntRange(1, 65535),
    default=8001,
    show_default=True,
    help="Port of the search desk.",
)
@click.option(
    "--press-port",
    type=click.IntRange(1, 65500),
    default=DEMO_PORT,
    envvar=DEMO_PORT_VARIABLE,
    show_default=True,
    help="First port of the demo press.",
)
@click.option(
    "--scale",
    type=click.IntRange(0),
    default=0,
    show_default=True,
    help="Generated articles per paper on top.",
)
@click.option(
    "--fault",
    "faults",
    multiple=True,
    metavar="PAPER=FAULT",
    help="Let a paper misbehave: 404, 429, 500, slow, truncated, charset, legacy_charset, moved, refused.",
)
@archive_option("dqtv-demo")
@json_option
def demo_command(
    *,
    root: Path,
    host: str,
    port: int,
    press_port: int,
    scale: int,
    faults: tuple[str, ...],
    no_serve: bool,
    as_json: bool,
) -> None:
    """Crawl the bundled demo press through the real pipeline, publish it and serve the search desk."""
    from scraper.demo.tour import DemoTour, take_tour  # noqa: PLC0415  Datasette takes half a second to import

    tour = DemoTour(
        root=root.absolute(), press_port=press_port, scale=scale, faults=faults,
        serve_at=None if no_serve else (host, port),
    )  # fmt: skip
    good = take_tour(tour, on_report=lambda reports: show_reports(reports, as_json=as_json))
    if not good:
        sys.exit(1)
