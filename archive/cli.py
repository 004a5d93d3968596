"""The archive's verbs: publish, serve, search. ``scraper.cli`` mounts them on ``dqtv``."""

from __future__ import annotations

import os
import sqlite3
import sys
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import attrs
import click
import orjson
from rich.console import Console
from rich.markup import escape
from rich.progress import Progress

from archive.snapshot import newest_snapshot

if TYPE_CHECKING:
    from collections.abc import Callable

    from archive.desk.search import Hit, Results

DEFAULT_HOST = "127.0.0.1"
DEFAULT_PORT = 8001


def archive_option(
    default: str = "dqtv-data",
) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """The ``--archive`` option every verb shares; *default* is the folder when nothing is said."""
    return click.option(
        "--archive",
        "root",
        type=click.Path(path_type=Path, file_okay=False),
        default=default,
        envvar="DQTV_ARCHIVE",
        show_default=True,
        show_envvar=True,
        help="Folder of the archive.",
    )


json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON instead of text.")


def print_json(value: object) -> None:
    """Write *value* to stdout as indented JSON."""
    options = orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE
    sys.stdout.write(orjson.dumps(value, option=options, default=_jsonable).decode())


def wide_console(columns: int = 120) -> Console:
    """A console for tables on stdout; *columns* wide where no terminal says how wide it is."""
    console = Console(highlight=False)
    return console if console.is_terminal else Console(highlight=False, width=columns)


def stderr_progress() -> Progress:
    """Progress bars on stderr, shown on a terminal only."""
    console = Console(stderr=True)
    return Progress(console=console, transient=True, disable=not console.is_terminal)


def _jsonable(value: object) -> object:
    if attrs.has(type(value)):
        return attrs.asdict(cast("attrs.AttrsInstance", value), recurse=False)
    if isinstance(value, Path):
        return str(value)
    raise TypeError(type(value).__name__)


@click.command("publish")
@archive_option()
@json_option
def publish_command(root: Path, *, as_json: bool) -> None:
    """Build a read-only public snapshot of the archive for the search desk."""
    from archive.publish import publish  # noqa: PLC0415  needed by this command alone

    with stderr_progress() as bar:
        task = bar.add_task("publish", total=None)

        def show(step: str, done: int, total: int) -> None:
            bar.update(task, description=f"publish: {step}", completed=done, total=total)

        snapshot = publish(root, progress=show)
    if as_json:
        print_json(snapshot)
    else:
        click.echo(
            f"published {snapshot.articles} articles as {snapshot.path} ({snapshot.bytes} bytes)"
        )


@click.command("serve")
@archive_option()
@click.option("--host", default=DEFAULT_HOST, show_default=True, help="Address to listen at.")
@click.option(
    "--port", type=click.IntRange(1, 65535), default=DEFAULT_PORT, show_default=True, help="Port."
)
@click.option(
    "--viewer-url",
    envvar="DQTV_VIEWER_URL",
    show_envvar=True,
    help="Collection of a viewer of stored pages (make view), such as http://127.0.0.1:8002/dqtv; articles"
    " link to it.",
)
@click.option(
    "--releases",
    type=click.Path(path_type=Path, file_okay=False, exists=True),
    help="Folder with releases to offer for download; by default exports/ of the archive.",
)
@click.option(
    "--base-url",
    envvar="DQTV_BASE_URL",
    show_envvar=True,
    help="Path or address at which readers reach the desk through a web server, such as"
    " https://archive.example/dqtv/; links and citations name it.",
)
@click.option(
    "--public",
    is_flag=True,
    help="Open to the internet: limit how much one reader may ask for, and let search engines in.",
)
@click.option(
    "--status/--no-status",
    default=True,
    show_default=True,
    help="Show how the crawls are doing, and let archivists log in and give orders (dqtv accounts).",
)
@click.option(
    "--metrics-token",
    envvar="DQTV_METRICS_TOKEN",
    show_envvar=True,
    help="Secret with which a program may read /-/metrics; better given in the variable.",
)
def serve_command(root: Path, **options: Any) -> None:  # noqa: ANN401  click's own options
    """Serve the search desk on the newest snapshot until Ctrl-C.

    A snapshot published meanwhile is taken within seconds, without a break.
    """
    from archive.desk.serve import serve  # noqa: PLC0415  Datasette takes half a second to import

    serve(root, **options, on_ready=announce)


def announce(address: str) -> None:
    """Say on stdout where the desk answers."""
    click.echo(f"The search desk is at {address} - press Ctrl-C to stop.")


@click.command("search")
@click.argument("query", nargs=-1, required=True)
@archive_option()
@click.option("--paper", multiple=True, help="Id of a paper; may be given several times.")
@click.option(
    "--province", multiple=True, help="Province as named when the article appeared; repeatable."
)
@click.option("--province-today", multiple=True, help="Province under today's name; repeatable.")
@click.option("--year", multiple=True, help="Year of publication; repeatable.")
@click.option("--month", multiple=True, help="Month of publication, such as 2024-03; repeatable.")
@click.option("--section", multiple=True, help="Section as the paper names it; repeatable.")
@click.option("--from", "since", help="First day of publication: YYYY, YYYY-MM or YYYY-MM-DD.")
@click.option("--to", "until", help="Last day of publication, in the same forms.")
@click.option(
    "--level",
    type=click.Choice(["1", "2"]),
    multiple=True,
    help="1 mentions the militia, 2 is about it.",
)
@click.option("--exact", is_flag=True, help="Leave out hits that match only without diacritics.")
@click.option(
    "--expand/--no-expand",
    default=True,
    show_default=True,
    help="Look for DQTV with dân quân tự vệ, and for i where y is written, as well.",
)
@click.option(
    "--sort",
    type=click.Choice(["newest", "best"]),
    default="newest",
    show_default=True,
    help="Order.",
)
@click.option(
    "--page", type=click.IntRange(1), default=1, show_default=True, help="Page of 20 hits."
)
@json_option
def search_command(
    query: tuple[str, ...],
    root: Path,
    *,
    as_json: bool,
    **filters: str | int | bool | tuple[str, ...] | None,
) -> None:
    """Search the newest snapshot: exact spelling first, then without diacritics."""
    from archive.desk.search import read_query, search  # noqa: PLC0415  Datasette takes half a second to import

    snapshot = newest_snapshot(root)
    uri = f"{snapshot.path.absolute().as_uri()}?mode=ro&immutable=1"
    with closing(sqlite3.connect(uri, uri=True)) as connection:
        results = search(connection, read_query(_parameters(" ".join(query), filters)))
    if as_json:
        print_json({"snapshot": snapshot.id, **results_for_json(results)})
    else:
        _print_results(results)


def _parameters(
    text: str, filters: dict[str, str | int | bool | tuple[str, ...] | None]
) -> dict[str, tuple[str, ...]]:
    """The options in the form web parameters have, so that both are read by the same rules."""
    names = {"since": "from", "until": "to"}
    values: dict[str, tuple[str, ...]] = {"q": (text,)}
    for name, value in filters.items():
        if isinstance(value, tuple):
            values[name] = value
        elif value is True:
            values[name] = ("1",)
        elif name == "expand":
            values[name] = ("0",)
        elif value not in {None, False}:
            values[names.get(name, name)] = (str(value),)
    return values


def results_for_json(results: Results) -> dict[str, object]:
    """What ``dqtv search --json`` prints besides the snapshot's id."""
    return {
        "counts": {count.tier.name.lower(): count.count for count in results.counts},
        "hits": [_hit_for_json(hit) for hit in results.hits],
    }


def _hit_for_json(hit: Hit) -> dict[str, object]:
    values = attrs.asdict(hit, recurse=False)
    values["tier"] = hit.tier.name.lower()
    values["title"] = hit.title.text
    values["excerpts"] = [excerpt.text for excerpt in hit.excerpts]
    return values


def _print_results(results: Results) -> None:
    console = wide_console()
    if not results.hits:
        console.print("no hits")
    for hit in results.hits:
        mark = "" if hit.tier.exact else "  [dim](without diacritics)[/dim]"
        console.print(f"[bold]{escape(hit.title.text)}[/bold]{mark}")
        console.print(f"  {escape(hit.paper)}, {hit.published_at or 'no date'}, {escape(hit.id)}")
        for excerpt in hit.excerpts:
            console.print(f"  {escape(excerpt.text)}")


def quiet_broken_pipe() -> None:
    """Let ``dqtv ... | head`` end without a traceback."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
