"""``dqtv orders``: ask the crawler for something, and see what became of it."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

import attrs
import click
from rich.box import SIMPLE_HEAD
from rich.markup import escape
from rich.table import Table

from archive.audit import read_trail, whoever_types
from archive.cli import archive_option, json_option, print_json, wide_console
from archive.errors import UsageError
from archive.order_wording import unpacked
from archive.orders import Kind, Options, ask, cancel, in_short, last_orders, open_orders
from archive.schedule import Job
from archive.store import Store
from archive.timing import vietnam_text
from scraper.schedule_cli import job_choice
from scraper.sites.known import known_sites, why_not_crawled

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from archive.audit import Deed
    from archive.orders import Order

by_option = click.option(
    "--by", metavar="NAME", help="Who asks.  [default: your login name and machine]"
)


@click.group("orders")
def orders_group() -> None:
    """Ask the crawler for something; `dqtv watch` or the next `dqtv run-due` obeys."""


@orders_group.command("list")
@click.option("--all", "everything", is_flag=True, help="Finished ones as well, newest first.")
@click.option("--last", "-n", "count", type=click.IntRange(1), default=50, show_default=True, help="So many.")  # fmt: skip
@click.option("--trail", is_flag=True, help="Every step instead: who did what, when, newest first.")
@archive_option()
@json_option
def list_command(root: Path, *, everything: bool, count: int, trail: bool, as_json: bool) -> None:
    """List the orders that are open: who asked for what, and why it waits."""
    with Store.open(root.absolute(), create=False) as store:
        db = store.connection
        deeds = read_trail(db, limit=count) if trail else []
        orders = last_orders(db, limit=count) if everything else open_orders(db, limit=count)
    if as_json:
        listed = [_deed_for_json(x) for x in deeds] if trail else [_for_json(x) for x in orders]
        print_json({"archive": str(root), "trail" if trail else "orders": listed})
    elif trail:
        for deed in deeds:
            order = deed.order_id and f"order {deed.order_id}"
            parts = (deed.action, order, deed.site, deed.detail and str(unpacked(deed.detail)))
            what = ", ".join(part for part in parts if part)
            click.echo(f"{vietnam_text(deed.at.timestamp())}  {deed.who}: {what}")
    elif not orders:
        click.echo("no order so far" if everything else "no order is open (--all shows past ones)")
    else:
        _print_orders(orders)


def _for_json(order: Order) -> dict[str, Any]:
    """With the message in English, and as the code and values that it was made of."""
    said = order.message
    return attrs.asdict(order) | {
        "message": said and str(said),
        "said": said and attrs.asdict(said),
    }


def _deed_for_json(deed: Deed) -> dict[str, Any]:
    said = deed.detail and unpacked(deed.detail)
    return attrs.asdict(deed) | {"detail": said and str(said)}


def _print_orders(orders: Sequence[Order]) -> None:
    table = Table(box=SIMPLE_HEAD, padding=(0, 1, 0, 0))
    for heading in ("order", "paper", "what", "asked (UTC+7)", "by", "state", "message"):
        table.add_column(heading)
    for one in orders:
        state = one.outcome or ("waits" if one.is_waiting else "at work")
        cells = (
            str(one.id), one.site, in_short(one.kind, one.options),
            vietnam_text(one.asked_at.timestamp()), one.asked_by, str(state), str(one.message or ""),
        )  # fmt: skip
        table.add_row(*map(escape, cells))
    wide_console(150).print(table)


@orders_group.command("add")
@click.argument(
    "kind", type=click.Choice([kind.value for kind in Kind if kind is not Kind.ACKNOWLEDGE])
)
@click.argument("site", metavar="SITE")
@click.option("--job", type=job_choice, help="Of a crawl: what for.  [default: crawl]  Of pause and resume: which job, all when not given.")  # fmt: skip
@click.option("--backfill", "span", metavar="FROM..TO", help="Of a crawl: go back to these days.")
@click.option("--max-pages", type=click.IntRange(1), help="Of a crawl: so many pages at most.")
@click.option("--any-hour", is_flag=True, help="Of a crawl: also outside the hours that the schedule allows.")  # fmt: skip
@click.option("--note", help="Why, for those who look at it later.")
@by_option
@archive_option()
@json_option
def add_command(
    kind: str, site: str, root: Path, *, job: str | None, span: str | None, by: str | None,
    note: str | None, as_json: bool, **given: Any,  # noqa: ANN401 - options
) -> None:  # fmt: skip
    """Ask for a crawl of a paper, a stop of its crawl, a pause or resumption of its schedule, or a check of its file."""
    paper = known_sites().site(site)
    if (why := why_not_crawled(paper)) is not None:
        raise UsageError(f"{site} is not crawled ({why})")
    if span is not None and job not in {None, Job.BACKFILL.value}:
        raise UsageError(f"--backfill and --job {job} exclude each other")
    wanted = Job.BACKFILL if span is not None else Job(job) if job else None
    with Store.open(root.absolute(), create=False) as store:
        order = ask(
            store, Kind(kind), site, asked_by=by or whoever_types(), now=time.time(), note=note,
            options=Options(job=wanted, span=span, **given), known={site},
        )  # fmt: skip
    if as_json:
        print_json(_for_json(order))
    else:
        click.echo(f"order {order.id}: {in_short(order.kind, order.options)} of {site}")


@orders_group.command("cancel")
@click.argument("order_id", metavar="ORDER", type=int)
@by_option
@archive_option()
def cancel_command(order_id: int, root: Path, *, by: str | None) -> None:
    """Take back an order that nobody has taken."""
    with Store.open(root.absolute(), create=False) as store:
        cancel(store, order_id, by=by or whoever_types(), now=time.time())
    click.echo(f"order {order_id}: taken back")
