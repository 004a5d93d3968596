"""Switchable ways in which a demo paper misbehaves, all of them deterministic."""

from __future__ import annotations

import enum
import threading
from typing import TYPE_CHECKING

import attrs

from archive.errors import UsageError
from scraper.demo import rewrites

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

#: Answers a paper under the fault ``429`` refuses before it serves again.
REFUSALS = 3
#: Host that a paper under the fault ``moved`` leads to; nothing listens there.
NEW_HOST = "moved.invalid"
#: Of the article numbers, those that leave this rest when divided by four are gone under ``404``.
GONE_REST = 1


class Fault(enum.StrEnum):
    """One way of misbehaving; robots.txt is only touched by ``slow``, ``robots`` and ``refused``."""

    #: Article pages whose number leaves the rest 1 when divided by 4 answer 404.
    NOT_FOUND = "404"
    #: The first three answers are 429 with Retry-After: 1.
    TOO_MANY = "429"
    #: Every article page answers 500 once.
    SERVER_ERROR = "500"
    #: Every answer waits (0.3 s unless told otherwise).
    SLOW = "slow"
    #: Every article page promises more bytes than it sends, once, and the connection closes.
    TRUNCATED = "truncated"
    #: Article pages are UTF-8 and say so themselves, but their header says iso-8859-1.
    CHARSET = "charset"
    #: The article with the lowest number is sent as windows-1258 but declared utf-8.
    LEGACY_CHARSET = "legacy_charset"
    #: Every answer but robots.txt is a permanent redirect to the same path at another host.
    MOVED = "moved"
    #: Every element of article pages has other classes and another id than before.
    RENAMED = "renamed"
    #: Dates stand in a form of the paper's own, in Roman numerals, and nowhere else.
    DATES = "dates"
    #: Feeds have no entries.
    EMPTY_FEED = "empty_feed"
    #: robots.txt forbids everything.
    ROBOTS = "robots"
    #: Every page but robots.txt asks whether the visitor is human.
    CHALLENGE = "challenge"
    #: Article pages are in windows-1258, and say so.
    RECODED = "recoded"
    #: Nothing listens at the paper's port.
    REFUSED = "refused"


class Withdrawal(enum.StrEnum):
    """What a paper answers at the address of an article it has withdrawn."""

    NOT_FOUND = "404"
    GONE = "410"
    #: A redirect to the home page.
    HOME = "home"
    #: The page of a missing article, with status 200.
    NOTICE = "notice"


@attrs.frozen(kw_only=True)
class Disturbance:
    """What is to be changed in one answer."""

    #: Answer with this status and nothing else.
    status: int | None = None
    #: Path or address of a redirect.
    location: str | None = None
    #: Show the page of a missing article.
    missing: bool = False
    #: Seconds, for the header Retry-After.
    retry_after: int | None = None
    #: Seconds to wait before answering.
    delay: float = 0.0
    truncate: bool = False
    #: Name to declare in Content-Type.
    declare: str | None = None
    #: Python codec to send the page in, whatever is declared.
    encode: str | None = None
    #: What to do with the page before it is sent.
    rewrite: Callable[[str], str] | None = None


_NOTHING = Disturbance()
_FORBIDDEN = Disturbance(rewrite=rewrites.forbid_everything)
_OF_EVERY_PAGE = {
    Fault.CHALLENGE: Disturbance(rewrite=rewrites.ask_for_human),
    Fault.EMPTY_FEED: Disturbance(rewrite=rewrites.empty_feed),
}
_OF_EVERY_ARTICLE = {
    Fault.CHARSET: Disturbance(declare="iso-8859-1"),
    Fault.RENAMED: Disturbance(rewrite=rewrites.rename_classes),
    Fault.DATES: Disturbance(rewrite=rewrites.hide_dates),
    Fault.RECODED: Disturbance(
        encode="cp1258", declare="windows-1258", rewrite=rewrites.declare_vietnamese
    ),
}


class FaultSwitch:
    """The fault of one paper and what it has already done; safe to switch from any thread."""

    def __init__(self, *, lowest_number: int, slow_s: float) -> None:
        self._lowest_number = lowest_number
        self._slow_s = slow_s
        self._lock = threading.Lock()
        self._fault: Fault | None = None
        self._refusals = 0
        self._seen: set[str] = set()
        self._withdrawn: dict[int, Withdrawal] = {}
        self._moved: dict[str, str] = {}

    @property
    def fault(self) -> Fault | None:
        """The fault in force."""
        return self._fault

    def set(self, fault: Fault | None) -> None:
        """Put *fault* in force from its beginning; None ends every fault."""
        with self._lock:
            self._fault = fault
            self._refusals = 0
            self._seen.clear()

    def withdraw(self, number: int, how: Withdrawal | None) -> None:
        """Take article *number* away, or put it back with None."""
        with self._lock:
            self._withdrawn.pop(number, None)
            if how is not None:
                self._withdrawn[number] = how

    def move(self, path: str, location: str) -> None:
        """Let *path* lead to *location* for good."""
        with self._lock:
            self._moved[path] = location

    def disturb(self, path: str, number: int | None) -> Disturbance:
        """What happens to the answer for *path*; *number* is that of the article, if it is one."""
        with self._lock:
            if self._fault is Fault.SLOW:
                return Disturbance(delay=self._slow_s)
            if path == "/robots.txt" and self._fault is Fault.ROBOTS:
                return _FORBIDDEN
            if self._fault is None or path == "/robots.txt":
                return self._changed(path, number)
            return self._disturb_page(path, number)

    def _disturb_page(self, path: str, number: int | None) -> Disturbance:
        if self._fault is Fault.MOVED:
            return Disturbance(status=301, location=f"http://{NEW_HOST}{path}")
        if self._fault is Fault.TOO_MANY:
            return self._refuse()
        if self._fault in _OF_EVERY_PAGE:
            return _OF_EVERY_PAGE[self._fault]
        if number is not None and self._fault in _OF_EVERY_ARTICLE:
            return _OF_EVERY_ARTICLE[self._fault]
        return _NOTHING if number is None else self._disturb_article(path, number)

    def _changed(self, path: str, number: int | None) -> Disturbance:
        """What the paper has done to one article; any fault stands before it."""
        if path in self._moved:
            return Disturbance(status=301, location=self._moved[path])
        how = self._withdrawn.get(number) if number is not None else None
        return _NOTHING if how is None else _withdrawn(how)

    def _refuse(self) -> Disturbance:
        if self._refusals >= REFUSALS:
            return _NOTHING
        self._refusals += 1
        return Disturbance(status=429, retry_after=1)

    def _disturb_article(self, path: str, number: int) -> Disturbance:
        match self._fault:
            case Fault.NOT_FOUND if is_gone(number):
                return Disturbance(status=404)
            case Fault.SERVER_ERROR if self._first_time(path):
                return Disturbance(status=500)
            case Fault.TRUNCATED if self._first_time(path):
                return Disturbance(truncate=True)
            case Fault.LEGACY_CHARSET if number == self._lowest_number:
                return Disturbance(encode="cp1258")
        return _NOTHING

    def _first_time(self, path: str) -> bool:
        if path in self._seen:
            return False
        self._seen.add(path)
        return True


def _withdrawn(how: Withdrawal) -> Disturbance:
    match how:
        case Withdrawal.HOME:
            return Disturbance(status=302, location="/")
        case Withdrawal.NOTICE:
            return Disturbance(missing=True)
        case _:
            return Disturbance(status=int(how), missing=True)


def is_gone(number: int) -> bool:
    """True for articles that answer 404 under the fault ``404``."""
    return number % 4 == GONE_REST


def read_fault(name: str) -> Fault:
    """The fault called *name*; raises UsageError listing all names."""
    try:
        return Fault(name)
    except ValueError as error:
        known = ", ".join(Fault)
        raise UsageError(f"unknown fault {name!r}; known faults: {known}") from error


def read_faults(names: Mapping[str, str]) -> dict[str, Fault]:
    """Paper id -> fault, from the names a user wrote."""
    return {paper: read_fault(name) for paper, name in names.items()}
