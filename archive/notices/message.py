"""What is told: one text for people, the same for programs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import attrs

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime


@attrs.frozen(kw_only=True)
class Message:
    """A notice before it is put into the outbox."""

    #: ``alarms``, ``digest`` or ``test``.
    kind: str
    #: One line.
    subject: str
    #: Plain text.
    body: str
    #: What programs need, for JSON.
    payload: Mapping[str, Any]


@attrs.frozen(kw_only=True)
class Letter:
    """A message on its way to one channel."""

    #: The same at every try, so that a receiver can tell a repetition: ``dqtv-17-20261125T070000Z``.
    id: str
    message: Message
    created_at: datetime


@attrs.frozen(kw_only=True)
class Taken:
    """A letter that was taken."""

    #: What the other side said.
    said: str
    #: What was not quite right, such as a recipient that was refused; None when nothing was.
    remark: str | None = None
