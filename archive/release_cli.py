"""``dqtv release``: a dated, checksummed, described folder of data from the newest snapshot."""

from __future__ import annotations

from datetime import UTC, date, datetime
from pathlib import Path

import click

from archive.cli import archive_option, json_option, print_json, stderr_progress
from archive.errors import BadDateRange, NothingCaptured, UsageError
from archive.recovery import recover_open_files
from archive.release.build import FORMATS_HELD, Wish, build_release
from archive.store import Store
from archive.wacz import papers_with_files, write_wacz
from archive.withdrawals import read_withdrawals


@click.command("release")
@archive_option()
@click.option(
    "--out",
    type=click.Path(path_type=Path),
    help="Folder in which dqtv-YYYY.MM.DD is made; by default exports/ of the archive, where the desk finds it.",
)
@click.option(
    "--formats",
    default=",".join(FORMATS_HELD),
    show_default=True,
    help="Formats of the tables, with commas between them.",
)
@click.option("--metadata-only", is_flag=True, help="Leave out leads, texts and captions.")
@click.option("--with-wacz", is_flag=True, help="Add the captures of every paper as WACZ files.")
@click.option("--bagit", is_flag=True, help="Make the folder a BagIt bag; the release is in data/.")
@click.option("--date", "day", help="Date of the release, YYYY-MM-DD; by default today.")
@click.option(
    "--previous",
    type=click.Path(path_type=Path, file_okay=False),
    help="Folder of the release before; CHANGES.md and changes.json compare with it.",
)
@json_option
def release_command(
    root: Path,
    *,
    out: Path | None,
    formats: str,
    metadata_only: bool,
    with_wacz: bool,
    bagit: bool,
    day: str | None,
    previous: Path | None,
    as_json: bool,
) -> None:
    """Make a release of the newest snapshot: tables, descriptions, rights, checksums, changes."""
    if with_wacz and metadata_only:
        raise UsageError(
            "--with-wacz holds the papers' pages with their texts; leave --metadata-only out"
        )
    wish = Wish(
        date=_read_day(day),
        formats=tuple(dict.fromkeys(x.strip() for x in formats.split(",") if x.strip())),
        with_text=not metadata_only,
        bagged=bagit,
        previous=previous,
    )

    def pack(folder: Path) -> None:
        _write_packages(root, folder)

    with stderr_progress() as bar:
        task = bar.add_task("release", total=None)
        made = build_release(
            root,
            out or root / "exports",
            wish,
            pack=pack if with_wacz else None,
            progress=lambda step: bar.update(task, description=f"release: {step}"),
        )
    if as_json:
        print_json(made)
        return
    state = "released" if made.is_new else "already released, identical:"
    click.echo(
        f"{state} {made.articles} articles of snapshot {made.snapshot} as {made.path} ({made.bytes} bytes)"
    )
    click.echo(
        f"  {made.added} added, {made.changed} changed, {made.withdrawn} withdrawn since"
        f" {previous or 'nothing: no --previous given'}"
    )


def _write_packages(root: Path, folder: Path) -> None:
    # their pages hold texts that were taken out of publication
    held_back = {withdrawal.site for withdrawal in read_withdrawals(root).values()}
    with Store.open(root.absolute(), create=False) as store:
        recover_open_files(store)
        for site in papers_with_files(store):
            if site in held_back:
                click.echo(
                    f"dqtv: {site}: no WACZ file, because it has withdrawn articles", err=True
                )
                continue
            try:
                package = write_wacz(store, site, out=folder)
            except NothingCaptured:
                continue
            for problem in package.problems:
                click.echo(f"dqtv: {site}: {problem}", err=True)


def _read_day(text: str | None) -> date:
    if text is None:
        return datetime.now(UTC).date()
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise BadDateRange(f"{text!r} is no date; write --date YYYY-MM-DD") from error
