"""``dqtv ingest``: take in what workers on other machines leave, once or for ever."""

from __future__ import annotations

import sys
import time
from typing import TYPE_CHECKING

import attrs
import click

from archive.cdxj import index_closed_files
from archive.cli import archive_option, json_option, print_json
from archive.cluster.hub import Hub
from archive.cluster.ingest import Ingest, Report
from archive.cluster.options import database_option, hub_option
from archive.cluster.settings import DATABASE_VARIABLE, HUB_VARIABLE
from archive.errors import ClusterUnreachable, HubUnreachable, UsageError
from archive.locks import ingest_lock
from archive.store import Store

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@click.command("ingest")
@hub_option
@database_option
@click.option("--once", is_flag=True, help="End when nothing more can be taken.")
@click.option(
    "--every",
    type=click.FloatRange(0.1, 3600),
    default=5.0,
    show_default=True,
    help="Seconds between two looks at an empty inbox.",
)
@archive_option()
@json_option
def ingest_command(
    root: Path,
    *,
    hub: str | None,
    database: str | None,
    once: bool,
    every: float,
    as_json: bool,
) -> None:
    """Take in what workers on other machines left, and lay ready what the next ones begin with; until Ctrl-C."""
    if not hub or not database:
        missing, option = (HUB_VARIABLE, "--hub") if not hub else (DATABASE_VARIABLE, "--database")
        raise UsageError(f"give {option}, or set {missing} (docs/cluster.md)")
    try:
        from archive.cluster.leases import Leases  # noqa: PLC0415 - says itself what is missing
    except ImportError as error:
        raise UsageError(
            f"a part is not installed ({error}); pip install 'dqtv-archive[cluster]'"
        ) from error
    total = Report()
    there = Hub(hub)
    with Store.open(root.absolute()) as store, ingest_lock(root), Leases(database) as leases:
        try:
            for report in _looks(store, Ingest(store, there, leases), once=once, every=every):
                _add(total, report, quiet=as_json)
        finally:
            _tell(total, as_json=as_json)
    if once and total.refused:
        sys.exit(1)


def _looks(store: Store, ingest: Ingest, *, once: bool, every: float) -> Iterator[Report]:
    """Look again and again; while hub or database are away, and it is to go on for ever, wait for them."""
    trouble = ""
    is_indexed = False
    while True:
        try:
            report = ingest.step()
        except (HubUnreachable, ClusterUnreachable) as error:
            if once:
                raise
            if str(error) != trouble:
                click.echo(f"dqtv: {error}", err=True)
            trouble = str(error)
        else:
            trouble = ""
            yield report
            if report.did_anything:
                is_indexed = False
                continue
            if not is_indexed:
                # as a crawl does at its end; not while segments wait
                for problem in index_closed_files(store).problems:
                    click.echo(f"dqtv: {problem}", err=True)
                is_indexed = True
            if once:
                return
        time.sleep(every)


def _add(total: Report, report: Report, *, quiet: bool) -> None:
    for name in ("stored", "rows", "files", "bytes", "known", "refused", "states"):
        setattr(total, name, getattr(total, name) + getattr(report, name))
    total.waiting = report.waiting
    for note in report.notes:
        if note not in total.notes:
            total.notes.append(note)
            click.echo(f"dqtv: {note}", err=True)
    if report.stored and not quiet:
        click.echo(f"stored {report.stored} segments with {report.rows} rows", err=True)


def _tell(total: Report, *, as_json: bool) -> None:
    if as_json:
        print_json(attrs.asdict(total))
        return
    click.echo(
        f"{total.stored} segments stored: {total.rows} rows, {total.files} WARC files, {total.bytes} bytes;"
        f" {total.known} known before, {total.refused} refused, {total.waiting} waiting,"
        f" {total.states} states laid ready"
    )
