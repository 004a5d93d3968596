"""How a cluster does, asked so that the desk never waits for it: each place by a thread of its own, once for all readers.

A database or a hub may be away, or answer after minutes. A reader waits some seconds at most and is told so; the thread
goes on, and what it brings is there for the next reader. No second one is begun meanwhile.
"""

from __future__ import annotations

import asyncio
import enum
import threading
import time
from concurrent.futures import Future
from typing import TYPE_CHECKING, Final, Generic, TypeVar

import attrs

from archive.cluster.picture import read_database, read_inbox
from archive.cluster.settings import DATABASE_VARIABLE, HUB_VARIABLE, from_environment
from archive.errors import ArchiveError, UsageError

if TYPE_CHECKING:
    from collections.abc import Callable

    from archive.cluster.picture import Inbox, Picture

#: Seconds a reader waits for an answer.
PATIENCE_S: Final = 3.0
#: Seconds for which one answer does for everybody.
KEPT_S: Final = 5.0

T = TypeVar("T")


class Why(enum.StrEnum):
    """Why there is no answer."""

    #: It cannot be reached, or answers otherwise than it should.
    AWAY = "away"
    #: It has not answered yet.
    SLOW = "slow"
    #: Its address cannot be used, or a package for it is missing.
    UNUSABLE = "unusable"
    #: No address is set.
    NOT_SET = "not_set"


@attrs.frozen(kw_only=True)
class Answer(Generic[T]):
    """What a place said, or why it did not."""

    value: T | None = None
    why: Why | None = None
    #: What went wrong, in English; None where ``why`` says it all.
    detail: str | None = None


class Asked(Generic[T]):
    """A place that is asked now and then."""

    def __init__(
        self, ask: Callable[[], T], *, patience_s: float = PATIENCE_S, kept_s: float = KEPT_S
    ) -> None:
        self._ask = ask
        self._patience_s = patience_s
        self._kept_s = kept_s
        self._under_way: Future[Answer[T]] | None = None
        self._begun = 0.0
        self._kept: tuple[float, Answer[T]] | None = None

    async def answer(self) -> Answer[T]:
        """What it says, at most ``kept_s`` seconds old; after ``patience_s`` seconds that it is slow."""
        if self._kept is not None and time.monotonic() - self._kept[0] < self._kept_s:
            return self._kept[1]
        if self._under_way is None:
            self._under_way, self._begun = _in_thread(self._ask), time.monotonic()
        under_way = self._under_way
        left = max(0.01, self._begun + self._patience_s - time.monotonic())
        # a reader who goes away, or gives up, leaves it to the next one
        await asyncio.wait([asyncio.wrap_future(under_way)], timeout=left)
        if not under_way.done():
            return Answer(why=Why.SLOW)
        self._under_way = None
        found = under_way.result()
        self._kept = time.monotonic(), found
        return found


def _in_thread(ask: Callable[[], T]) -> Future[Answer[T]]:
    future: Future[Answer[T]] = Future()

    def run() -> None:
        try:
            future.set_result(Answer(value=ask()))
        except (ImportError, UsageError) as error:
            future.set_result(Answer(why=Why.UNUSABLE, detail=_in_words(error)))
        except ArchiveError as error:
            future.set_result(Answer(why=Why.AWAY, detail=str(error)))
        except Exception as error:  # noqa: BLE001 - raised where it is waited for
            future.set_exception(error)

    # nobody waits for it when the desk ends
    threading.Thread(target=run, name="cluster", daemon=True).start()
    return future


def _in_words(error: ImportError | UsageError) -> str:
    if isinstance(error, UsageError):
        return str(error)
    return f"the package {error.name} is not installed: pip install 'dqtv-archive[cluster]'"


class ClusterLook:
    """The cluster whose database and hub are named."""

    def __init__(self, database: str, hub: str | None) -> None:
        self._database = Asked(lambda: read_database(database))
        self._hub = Asked(lambda: read_inbox(hub)) if hub is not None else None

    async def look(self) -> tuple[Answer[Picture], Answer[Inbox]]:
        """What both say, asked side by side."""
        return await asyncio.gather(self._database.answer(), self._ask_hub())

    async def _ask_hub(self) -> Answer[Inbox]:
        if self._hub is None:
            return Answer(why=Why.NOT_SET)
        return await self._hub.answer()


def cluster_of_environment() -> ClusterLook | None:
    """The cluster that the settings name; None on an archive that one machine crawls."""
    database = from_environment(DATABASE_VARIABLE)
    return None if database is None else ClusterLook(database, from_environment(HUB_VARIABLE))
