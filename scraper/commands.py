"""Every command of ``dqtv`` that has a module of its own."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from archive.accounts_cli import accounts_group
from archive.cli import publish_command, search_command, serve_command
from archive.diff_cli import diff_command
from archive.export_cli import export_command
from archive.health_cli import health_group
from archive.notices_cli import notices_group
from archive.release_cli import release_command
from archive.runs_cli import runs_group
from archive.status import status_command
from archive.verify_cli import verify_command
from archive.viewing_cli import index_command, wacz_command
from archive.withdraw_cli import restore_command, withdraw_command
from scraper.care_cli import backup_command, doctor_command
from scraper.due_cli import run_due_command, watch_command
from scraper.judge_cli import judge_group
from scraper.orders_cli import orders_group
from scraper.repair_cli import repair_command
from scraper.replay_cli import replay_command
from scraper.schedule_cli import schedule_group
from scraper.sites_cli import sites_group

if TYPE_CHECKING:
    import click

COMMANDS: Final[tuple[click.Command, ...]] = (
    accounts_group,
    backup_command,
    diff_command,
    doctor_command,
    export_command,
    health_group,
    index_command,
    judge_group,
    notices_group,
    orders_group,
    publish_command,
    release_command,
    repair_command,
    replay_command,
    restore_command,
    run_due_command,
    runs_group,
    schedule_group,
    search_command,
    serve_command,
    sites_group,
    status_command,
    verify_command,
    wacz_command,
    watch_command,
    withdraw_command,
)
