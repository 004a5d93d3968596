"""What the commands of a cluster ask for, beside `archive.cluster.options`."""

from __future__ import annotations

from pathlib import Path

import click

from archive.cluster.settings import DATABASE_VARIABLE, HUB_VARIABLE, SPOOL_VARIABLE
from scraper.cluster.extra import asked_for

spool_option = click.option(
    "--spool",
    type=click.Path(path_type=Path, file_okay=False),
    default="dqtv-spool",
    envvar=SPOOL_VARIABLE,
    show_default=True,
    show_envvar=True,
    help="Folder of this machine for pages that are not home yet.",
)


def which_database(given: str | None) -> str:
    """The DSN. Raises UsageError where none is given."""
    return asked_for(
        given, "--database", DATABASE_VARIABLE, "which PostgreSQL database the cluster has"
    )


def which_hub(given: str | None) -> str:
    """The hub's URL. Raises UsageError where none is given."""
    return asked_for(given, "--hub", HUB_VARIABLE, "where the cluster's hub is")
