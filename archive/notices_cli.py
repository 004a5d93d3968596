"""``dqtv notices``: what is told to whom."""

from __future__ import annotations

import os
import sys
import time
from typing import TYPE_CHECKING

import attrs
import click

from archive.cli import archive_option, json_option, print_json
from archive.errors import NotSent, UsageError
from archive.instants import instant_of
from archive.notices.digest import look_back
from archive.notices.message import Letter
from archive.notices.outbox import Outbox
from archive.notices.sending import deliver
from archive.notices.settings import (
    NOTICES_FILE,
    SMTP_HOST,
    WEBHOOK_URL,
    NoticeSettings,
    read_settings,
)
from archive.notices.telling import languages_of, tell
from archive.notices.wording import digest_message, test_message
from archive.store import Store
from archive.timing import vietnam_text

if TYPE_CHECKING:
    from pathlib import Path

    from archive.notices.outbox import Notice
    from archive.notices.sending import Sent


@click.group("notices")
def notices_group() -> None:
    """Tell about alarms and the week, by mail, to a web address, into a file.

    Set up by environment variables, see docs/settings.md.
    """


@notices_group.command("list")
@click.option("--last", "-n", "count", type=click.IntRange(1), default=20, show_default=True, help="So many.")  # fmt: skip
@click.option("--waiting", is_flag=True, help="Only those that are not sent yet.")
@archive_option()
@json_option
def list_command(root: Path, *, count: int, waiting: bool, as_json: bool) -> None:
    """List the newest notices: what became of each, and when the next try is."""
    settings = read_settings(os.environ)
    with Store.open(root, create=False) as store:
        notices = Outbox(store).last(count, only_waiting=waiting)
    if as_json:
        print_json(
            {"archive": str(root), "channels": list(settings.channels), "notices": [_plain(x) for x in notices]}
        )  # fmt: skip
        return
    for one in notices:
        click.echo(_line(one))
    if not settings.channels:
        click.echo(_none_set_up(), err=True)
    elif not notices:
        click.echo("nothing waits" if waiting else "nothing was told so far")


def _plain(notice: Notice) -> dict[str, object]:
    values = attrs.asdict(notice, recurse=False)
    del values["message"]
    return {**values, "state": notice.state, **attrs.asdict(notice.message)}


def _line(notice: Notice) -> str:
    at = vietnam_text(notice.created_at.timestamp())
    line = f"{notice.id:4}  {at}  {notice.channel:7} {notice.state:8}  {notice.message.subject}"
    if notice.due_at is not None and notice.tries:
        line += f"  (tried {notice.tries} times, again {vietnam_text(notice.due_at)})"
    return f"{line}\n      {notice.last_error}" if notice.last_error else line


@notices_group.command("send")
@archive_option()
@json_option
def send_command(root: Path, *, as_json: bool) -> None:
    """Write down what is to be told and send what is due, as `dqtv run-due` does; exit code 1 when something was not taken."""
    settings = _settings()
    with Store.open(root, create=False) as store:
        sent = tell(store, settings, time.time())
        waiting = Outbox(store).waiting()
    if as_json:
        print_json({"archive": str(root), "sent": sent, "waiting": waiting})
    else:
        for one in sent:
            click.echo(in_words(one))
        click.echo(f"{waiting} notices wait" if waiting else "no notice waits")
    if not all(one.is_good for one in sent):
        sys.exit(1)


def in_words(sent: Sent) -> str:
    """What came of a notice, in one line."""
    if sent.is_good:
        return f"{sent.channel}: {sent.subject}: {sent.said}"
    again = f"again {vietnam_text(sent.next_at)}" if sent.next_at else "given up"
    return f"{sent.channel}: {sent.subject}: not taken, {again}: {sent.said}"


@notices_group.command("test")
@archive_option()
@json_option
def test_command(root: Path, *, as_json: bool) -> None:
    """Send a test message by every way that is set up, and say what came back; exit code 1 when one failed."""
    settings = _settings()
    now = time.time()
    message = test_message(str(root.absolute()), languages_of(settings))
    letter = Letter(id=f"dqtv-test-{now:.0f}", message=message, created_at=instant_of(now))
    results: dict[str, tuple[bool, str]] = {}
    for channel, way in settings.channels.items():
        try:
            results[channel] = (True, deliver(way, letter).said)
        except NotSent as error:
            results[channel] = (False, str(error))
    if as_json:
        print_json({channel: {"is_good": good, "said": said} for channel, (good, said) in results.items()})  # fmt: skip
    else:
        for channel, (good, said) in results.items():
            click.echo(f"{channel}: {'ok, ' if good else 'FAILED, '}{said}")
    if not all(good for good, _ in results.values()):
        sys.exit(1)


@notices_group.command("digest")
@archive_option()
@json_option
def digest_command(root: Path, *, as_json: bool) -> None:
    """Print the digest of the last seven days; nothing is sent."""
    settings = read_settings(os.environ)
    with Store.open(root, create=False) as store:
        digest = look_back(store, time.time())
    message = digest_message(digest, str(root.absolute()), languages_of(settings))
    if as_json:
        print_json(message.payload)
    else:
        click.echo(f"{message.subject}\n\n{message.body}", nl=False)


def _settings() -> NoticeSettings:
    settings = read_settings(os.environ)
    if not settings.channels:
        raise UsageError(_none_set_up())
    return settings


def _none_set_up() -> str:
    return (
        f"no way to tell anybody is set up: set {SMTP_HOST}, {WEBHOOK_URL} or {NOTICES_FILE}"
        " (docs/operations.md says how)"
    )
