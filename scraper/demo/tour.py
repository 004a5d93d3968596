"""The demo from end to end: press, crawl, publish, serve; the same code a real crawl runs.

Hostile papers are left out: the report is to show what ordinary papers look like.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import attrs
import click

from archive.cli import announce
from archive.desk.serve import check_port, serve
from archive.errors import UsageError
from archive.publish import publish
from scraper.crawl_request import CrawlRequest
from scraper.crawling import SiteReport, crawl
from scraper.demo.press import DemoPress, read_fault_options

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path


@attrs.frozen(kw_only=True)
class DemoTour:
    """What the demo shall do."""

    root: Path
    press_port: int
    #: Generated articles per paper beside the written ones.
    scale: int = 0
    #: ``paper=fault`` as on the command line.
    faults: tuple[str, ...] = ()
    #: Host and port of the search desk; None ends the demo after publishing.
    serve_at: tuple[str, int] | None = None


def take_tour(tour: DemoTour, *, on_report: Callable[[Sequence[SiteReport]], None]) -> bool:
    """Crawl the demo press into ``tour.root``, publish, and serve until Ctrl-C.

    The press keeps running while the desk does, so that links to the originals work. Returns whether
    every paper was crawled to its end. Raises PortInUse before anything is stored.
    """
    if tour.serve_at is not None:
        check_port(*tour.serve_at)
    with DemoPress(port=tour.press_port, scale=tour.scale, faults=_faults(tour.faults)) as press:
        reports = crawl(
            CrawlRequest(sites=press.friendly, root=tour.root, demo_port=tour.press_port)
        )
        on_report(reports)
        good = all(report.is_good for report in reports)
        snapshot = publish(tour.root)
        click.echo(f"published {snapshot.articles} articles as {snapshot.path}", err=True)
        if tour.serve_at is not None and not any(r.reason == "interrupted" for r in reports):
            host, port = tour.serve_at
            serve(tour.root, host=host, port=port, on_ready=announce)
    return good


def _faults(options: tuple[str, ...]) -> dict[str, str]:
    try:
        return read_fault_options(options)
    except ValueError as error:
        raise UsageError(str(error)) from error
