"""After the crawls: write down what is to be told, and send what is due."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from archive.health.alarms import due_to_tell, mark_told
from archive.instants import instant_of
from archive.notices.digest import look_back
from archive.notices.outbox import Outbox
from archive.notices.sending import send_due
from archive.notices.wording import alarm_message, digest_message

if TYPE_CHECKING:
    from collections.abc import Sequence

    from archive.health.wording import Language
    from archive.notices.sending import Sent
    from archive.notices.settings import NoticeSettings
    from archive.store import Store


def tell(store: Store, settings: NoticeSettings, now: float) -> list[Sent]:
    """Put alarms and the digest that are due at *now* (Unix time) into the outbox, and send; what came of each.

    Does nothing where no channel is set up. A notice that is not taken stays in the outbox: nothing is raised for it.
    """
    if not settings.channels:
        return []
    _write_alarms(store, settings, now)
    _write_digest(store, settings, now)
    return send_due(store, settings, now)


def languages_of(settings: NoticeSettings) -> Sequence[Language]:
    """The languages that are set, in their order."""
    return cast("Sequence[Language]", settings.languages)


def _write_alarms(store: Store, settings: NoticeSettings, now: float) -> None:
    names = dict(store.connection.execute("SELECT id, name FROM sites WHERE name IS NOT NULL"))
    # both or neither: an alarm counts as told once it lies in the outbox
    with store.transaction():
        alarms = due_to_tell(store.connection, instant_of(now))
        if alarms:
            message = alarm_message(alarms, names, str(store.root), languages_of(settings))
            Outbox(store).put(message, settings.channels, now)
            mark_told(store.connection, [alarm.id for alarm in alarms], instant_of(now))


def _write_digest(store: Store, settings: NoticeSettings, now: float) -> None:
    if settings.digest is None:
        return
    outbox = Outbox(store)
    newest = outbox.newest("digest")
    if newest is not None and newest >= settings.digest.last(now):
        return
    message = digest_message(look_back(store, now), str(store.root), languages_of(settings))
    with store.transaction():
        outbox.put(message, settings.channels, now)
