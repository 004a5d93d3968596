"""``dqtv accounts``: who may log in to the desk."""

from __future__ import annotations

import sys
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import click

from archive.accounts import Account, Accounts, read_name
from archive.cli import archive_option, json_option, print_json

if TYPE_CHECKING:
    from pathlib import Path


@click.group("accounts")
def accounts_group() -> None:
    """Say who may log in to the desk, see the archivists' page and give orders there."""


@accounts_group.command("add")
@click.argument("name")
@archive_option()
def add_command(name: str, root: Path) -> None:
    """Add an account; asks for its password, or reads it from the first line of stdin."""
    accounts = Accounts(root)
    accounts.add(Account.new(read_name(name), _password(), datetime.now(UTC)))
    click.echo(f"{read_name(name)} may log in; the account is in {accounts.path}")


@accounts_group.command("password")
@click.argument("name")
@archive_option()
def password_command(name: str, root: Path) -> None:
    """Give an account another password, asked for as by `add`; this ends its sessions."""
    Accounts(root).replace(Account.new(read_name(name), _password(), datetime.now(UTC)))
    click.echo(f"{read_name(name)} has another password and has to log in again")


@accounts_group.command("list")
@archive_option()
@json_option
def list_command(root: Path, *, as_json: bool) -> None:
    """List the accounts with the day they were added."""
    accounts = Accounts(root).all()
    if as_json:
        listed = [{"name": each.name, "added_at": each.added_at} for each in accounts]
        print_json({"archive": str(root), "accounts": listed})
        return
    for account in accounts:
        click.echo(f"{account.name}  added {account.added_at[:10]}")
    if not accounts:
        click.echo("no accounts; `dqtv accounts add NAME` adds one")


@accounts_group.command("remove")
@click.argument("name")
@archive_option()
def remove_command(name: str, root: Path) -> None:
    """Remove an account; who is logged in by it is so no more."""
    Accounts(root).remove(name)
    click.echo(f"{read_name(name)} may no longer log in")


def _password() -> str:
    if not sys.stdin.isatty():
        # for scripts: never an argument or a variable, which other users of the machine may see
        return sys.stdin.readline().rstrip("\r\n")
    asked: str = click.prompt("Password", hide_input=True, confirmation_prompt=True)
    return asked
