"""``dqtv diff``: what a paper changed in an article, readable in a terminal."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import attrs
import click
from rich.text import Text

from archive.cli import archive_option, json_option, print_json, wide_console
from archive.store import Store
from archive.textdiff import Change, Piece
from archive.versions import diff_versions

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from rich.console import Console

    from archive.versions import Version, VersionDiff

#: Signs beside the colours: a copy or a pipe has none.
_SIGNS: Final = {Change.REMOVED: ("[-", "-]", "red strike"), Change.ADDED: ("{+", "+}", "green")}


@click.command("diff")
@click.argument("article_id", metavar="ARTICLE_ID")
@click.option(
    "--from",
    "old",
    type=click.IntRange(1),
    help="Older version; the one before --to when not given.",
)
@click.option(
    "--to", "new", type=click.IntRange(1), help="Newer version; the newest when not given."
)
@archive_option()
@json_option
def diff_command(
    article_id: str, root: Path, *, old: int | None, new: int | None, as_json: bool
) -> None:
    """Show what a paper changed in an article: removed words as [-word-], added ones as {+word+}."""
    with Store.open(root, create=False) as store:
        found = diff_versions(store.connection, article_id, old=old, new=new)
    if as_json:
        print_json(diff_for_json(found))
    else:
        _print(wide_console(), found)


def diff_for_json(found: VersionDiff) -> dict[str, object]:
    """What ``dqtv diff --json`` prints: every piece with what happened to it."""
    return {
        "article_id": found.article_id,
        "from": _version_for_json(found.old),
        "to": _version_for_json(found.new),
        "title": [attrs.asdict(piece) for piece in found.title],
        "sapo": [attrs.asdict(piece) for piece in found.sapo],
        "body": [[attrs.asdict(piece) for piece in part.pieces] for part in found.body],
    }


def _version_for_json(version: Version) -> dict[str, object]:
    return {"version": version.number, "seen_at": version.seen_at}


def _print(console: Console, found: VersionDiff) -> None:
    old, new = found.old, found.new
    if old.number == new.number:
        console.print(
            f"{found.article_id} has one version, seen {old.seen_at[:16]} UTC", markup=False
        )
        return
    console.print(
        f"{found.article_id}: version {old.number} (seen {old.seen_at[:16]} UTC)"
        f" to version {new.number} (seen {new.seen_at[:16]} UTC)",
        markup=False,
    )
    _print_field(console, "title", found.title)
    _print_field(console, "sapo", found.sapo)
    for number, part in enumerate(found.body, start=1):
        if part.is_changed:
            _print_field(console, f"paragraph {number}", part.pieces)


def _print_field(console: Console, name: str, pieces: Sequence[Piece]) -> None:
    if all(piece.change is Change.SAME for piece in pieces):
        return
    line = Text(f"{name}: ", style="bold")
    for number, piece in enumerate(pieces):
        line.append(" " if number else "")
        before, after, style = _SIGNS.get(piece.change, ("", "", ""))
        line.append(f"{before}{piece.text}{after}", style=f"not bold {style}".strip())
    console.print(line)
