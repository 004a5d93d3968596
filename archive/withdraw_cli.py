"""``dqtv withdraw`` and ``dqtv restore``: what is published of an article no more, and again."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from archive.cli import archive_option, json_option, print_json
from archive.errors import UsageError
from archive.withdrawals import read_lines, restore, withdraw

if TYPE_CHECKING:
    from pathlib import Path

_BY = click.option(
    "--by", help="Who asked for it or decided it; kept in the archive, never published."
)


@click.command("withdraw")
@click.argument("article_id", metavar="[ARTICLE_ID]", required=False)
@click.option("--reason", help="Why, in a sentence; it is published.")
@_BY
@click.option(
    "--list", "show", is_flag=True, help="List everything that was ever withdrawn or restored."
)
@archive_option()
@json_option
def withdraw_command(
    article_id: str | None,
    root: Path,
    *,
    reason: str | None,
    by: str | None,
    show: bool,
    as_json: bool,
) -> None:
    """Take an article's text out of every later snapshot, export and release; a line says it was there."""
    if show:
        lines = read_lines(root)
        if as_json:
            print_json(lines)
        for line in lines if not as_json else ():
            click.echo(
                f"{line.at}  {line.action}  {line.id}  {line.reason}  ({line.by or 'unnamed'})"
            )
        return
    if not article_id or not reason:
        raise UsageError("say which article and why: `dqtv withdraw ARTICLE_ID --reason TEXT`")
    done = withdraw(root, article_id, reason=reason, by=by)
    if as_json:
        print_json(done)
    else:
        click.echo(f"{article_id} is withdrawn; `dqtv publish --archive {root}` takes its text out")


@click.command("restore")
@click.argument("article_id")
@click.option("--reason", required=True, help="Why, in a sentence.")
@_BY
@archive_option()
@json_option
def restore_command(
    article_id: str, root: Path, *, reason: str, by: str | None, as_json: bool
) -> None:
    """Publish a withdrawn article again, from the next snapshot on."""
    done = restore(root, article_id, reason=reason, by=by)
    if as_json:
        print_json(done)
    else:
        click.echo(f"{article_id} is restored; `dqtv publish --archive {root}` brings it back")
