"""What commands about several machines are told: the database and the hub."""

from __future__ import annotations

import click

from archive.cluster.settings import DATABASE_VARIABLE, HUB_VARIABLE

database_option = click.option(
    "--database",
    envvar=DATABASE_VARIABLE,
    show_envvar=True,
    help="PostgreSQL database of the cluster, such as postgresql://dqtv@host/dqtv.",
)
hub_option = click.option(
    "--hub",
    envvar=HUB_VARIABLE,
    show_envvar=True,
    help="Where workers and the archive hand things over: file:///srv/hub, s3://bucket/hub, sftp://host/hub.",
)
