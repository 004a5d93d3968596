"""Send what is due: bounded in time, so that a dead server holds up nothing."""

from __future__ import annotations

import threading
from concurrent.futures import Future
from typing import TYPE_CHECKING, Final

import attrs

from archive.errors import NotSent
from archive.notices.lines import append
from archive.notices.mail import send_mail
from archive.notices.outbox import Outbox
from archive.notices.settings import FileSettings, MailSettings, Way
from archive.notices.webhook import post

if TYPE_CHECKING:
    from archive.notices.message import Letter, Taken
    from archive.notices.outbox import Notice
    from archive.notices.settings import NoticeSettings
    from archive.store import Store

#: Seconds for handing over one notice, name look-up and slow answers included.
LONGEST_S: Final = 60.0
#: Notices of one channel sent in one pass; the others wait for the next.
_PER_PASS: Final = 20


@attrs.frozen(kw_only=True)
class Sent:
    """What came of one notice."""

    channel: str
    subject: str
    is_good: bool
    #: What the other side said.
    said: str
    #: Unix time of the next try; None when it was sent or given up.
    next_at: float | None = None


def deliver(way: Way, letter: Letter, *, seconds: float = LONGEST_S) -> Taken:
    """Hand *letter* over in at most so many seconds. Raises NotSent."""
    answer: Future[Taken] = Future()

    def work() -> None:
        try:
            answer.set_result(_hand_over(way, letter))
        except BaseException as error:  # noqa: BLE001 - it is raised where the answer is waited for
            answer.set_exception(error)

    # a thread of its own: no timeout of sockets bounds name look-ups, or answers that come in drops
    threading.Thread(target=work, name="notice", daemon=True).start()
    try:
        return answer.result(timeout=seconds)
    except TimeoutError:
        raise NotSent(f"not done after {seconds:g} s") from None


def _hand_over(way: Way, letter: Letter) -> Taken:
    if isinstance(way, MailSettings):
        return send_mail(way, letter)
    return append(way, letter) if isinstance(way, FileSettings) else post(way, letter)


def send_due(store: Store, settings: NoticeSettings, now: float) -> list[Sent]:
    """Try every notice that is due at *now*; what came of each.

    After its first failure in a pass a channel is left alone: its other notices wait.
    """
    outbox = Outbox(store)
    outbox.tidy(settings.channels, now, days=settings.days)
    done = []
    for channel, way in settings.channels.items():
        for _ in range(_PER_PASS):
            notice = outbox.claim(channel, now)
            if notice is None:
                break
            done.append(_try(outbox, notice, way, now, days=settings.days))
            if not done[-1].is_good:
                break
    return done


def _try(outbox: Outbox, notice: Notice, way: Way, now: float, *, days: int) -> Sent:
    subject = notice.message.subject
    try:
        taken = deliver(way, notice.letter)
    except NotSent as error:
        next_at = outbox.failed(notice, str(error), now, days=days)
        return Sent(
            channel=notice.channel, subject=subject, is_good=False, said=str(error), next_at=next_at
        )
    outbox.sent(notice, taken.remark, now)
    return Sent(channel=notice.channel, subject=subject, is_good=True, said=taken.said)
