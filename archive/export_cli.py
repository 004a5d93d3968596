"""``dqtv export``: a dataset of what a reader selects."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from archive.cli import archive_option, json_option, print_json, stderr_progress
from archive.export.changes import Changes, export_changes
from archive.export.formats import FORMATS
from archive.export.run import ALL_TABLES, export
from archive.export.selection import read_selection
from archive.export.tables import TABLES
from archive.snapshot import newest_snapshot

if TYPE_CHECKING:
    from archive.export.run import Exported


@click.command("export")
@click.option("--format", "form", required=True, type=click.Choice(list(FORMATS)), help="Format.")
@click.option(
    "--out",
    "target",
    required=True,
    type=click.Path(path_type=Path),
    help="File, or folder of texts.",
)
@click.option(
    "--table",
    default="articles",
    show_default=True,
    type=click.Choice([*TABLES, ALL_TABLES]),
    help="What to write of the articles; all is for sqlite.",
)
@click.option("--paper", "papers", multiple=True, help="Id of a paper; may be given several times.")
@click.option(
    "--province", "provinces", multiple=True, help="Province when the article appeared; repeatable."
)
@click.option(
    "--from", "published_from", help="First day of publication: YYYY, YYYY-MM or YYYY-MM-DD."
)
@click.option("--to", "published_to", help="Last day of publication, in the same forms.")
@click.option(
    "--level", type=click.Choice(["1", "2"]), help="1 mentions the militia, 2 is about it."
)
@click.option("--query", help="Only what this search finds, written as on the desk.")
@click.option(
    "--exact",
    "exact_only",
    is_flag=True,
    help="With --query: not what matches only without diacritics.",
)
@click.option(
    "--since",
    help="Only what was added, changed or withdrawn since a day, a kept snapshot or a release folder.",
)
@click.option("--no-text", is_flag=True, help="Leave out lead, text and captions.")
@archive_option()
@json_option
def export_command(
    root: Path,
    *,
    form: str,
    target: Path,
    table: str,
    no_text: bool,
    as_json: bool,
    **asked: Any,  # noqa: ANN401 - options, read by read_selection
) -> None:
    """Write the articles of the newest snapshot, or some of them, to a file for other programs."""
    selection = read_selection(**asked)
    snapshot = newest_snapshot(root)
    with stderr_progress() as bar:
        task = bar.add_task("export", total=None)

        def show(name: str, done: int, total: int) -> None:
            bar.update(task, description=f"export: {name}", completed=done, total=total)

        run = export if selection.since is None else export_changes
        exported = run(
            snapshot.path,
            selection,
            table=table,
            format=form,
            target=target,
            progress=show,
            with_text=not no_text,
        )
    if as_json:
        print_json(exported)
    else:
        _print(exported)


def _print(exported: Exported | Changes) -> None:
    click.echo(
        f"wrote {exported.rows} rows of {exported.table} to {exported.path} ({exported.bytes} bytes),"
        f" snapshot {exported.snapshot}"
    )
    if isinstance(exported, Changes):
        click.echo(
            f"  {exported.added} added, {exported.changed} changed, {exported.withdrawn} withdrawn"
            f" since {exported.since}"
        )
    click.echo(f"sha256 {exported.sha256}")
