"""What the hostile paper answers instead of a page: redirects, challenges, floods and odd bytes."""

from __future__ import annotations

import functools
import gzip
import itertools
from collections import Counter
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

import brotli  # type: ignore[import-untyped]  # ships no type information

from scraper.demo.cms import hostile
from scraper.demo.cms.legacy_text import tcvn3
from scraper.demo.edition import HTML
from scraper.demo.newsroom import Answer, encode
from scraper.demo.payload import assemble

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from scraper.demo.edition import Edition
    from scraper.demo.newsroom import Request
    from scraper.demo.stories import Story

#: Story number -> how often its page is a challenge before the article comes: a shell that sets a
#: cookie and loads itself again, and a captcha.
SHIELDED: Final = {810006: 1, 810053: 2}
#: Sent as gzip bytes that no header declares.
GZIPPED: Final = 810004
#: Sent in windows-1258 and declared as that.
WINDOWS_1258: Final = 810003
#: Sent in the font encoding TCVN3 and declared as windows-1252.
TCVN3: Final = 810005

_ENORMOUS_BYTES: Final = 40 << 20
_PIECE: Final = b"<p>" + b"to kho ban giay, " * 3_854 + b"</p>"
_BOMB_BYTES: Final = 20 << 20
#: Where the redirects of ``ASTRAY_PATHS`` lead: cloud metadata, this machine and private networks in every
#: spelling, other schemes, another port, a user name that looks like the host.
ASTRAY_TARGETS: Final = (
    "http://169.254.169.254/latest/meta-data/", "http://127.0.0.1:1/", "http://localhost/", "http://10.0.0.1/",
    "http://[::1]/", "http://[::ffff:127.0.0.1]/", "http://2130706433/", "http://0x7f.0.0.1/", "http://0177.1/",
    "file:///etc/passwd", "https://demo-maychu.example:22/", "http://demo-maychu.example@192.168.1.1/",
)  # fmt: skip
_COOKIE_SHELL: Final = (
    '<!doctype html><html><head><meta charset="utf-8"></head><body><script>'
    'document.cookie="D1N=4f1c0a9e;path=/";window.location.reload(true);</script></body></html>\n'
)
_CAPTCHA_SHELL: Final = (
    '<!doctype html><html><head><meta charset="utf-8"><title>Xác minh truy cập</title></head><body>'
    "<h1>Vui lòng xác nhận bạn không phải là robot</h1>"
    '<form action="/xac-minh"><div class="g-captcha"></div><button>Tiếp tục</button></form></body></html>\n'
)


class HostileTricks:
    """The answers of one hostile paper; remembers how often a shielded article was asked for."""

    def __init__(self, edition: Edition) -> None:
        self._edition = edition
        self._asked: Counter[int] = Counter()
        self._targets = _redirects(edition)
        self._recoders: dict[int, Callable[[str], Answer]] = {
            GZIPPED: lambda page: _html(gzip.compress(page.encode(), mtime=0)),
            WINDOWS_1258: lambda page: _html(encode(_declare(page, "windows-1258"), "cp1258")),
            TCVN3: lambda page: _html(tcvn3(_declare(page, "windows-1252"))),
        }

    def answer(self, request: Request, now: datetime) -> Answer | None:
        """A trick for the address, or None where the paper answers like any other."""
        path = urlsplit(request.target).path
        if path in self._targets:
            return Answer(status=302, headers=(("Location", self._targets[path]),))
        if path in _FLOODS:
            return _FLOODS[path]()
        number = hostile.article_number(path) or 0
        if path.startswith("/su-kien-"):
            return self._event(number, path, now)
        story = self._edition.by_number.get(number)
        if story is None or path not in hostile.article_paths(story):
            return None
        return self._challenge(number) or self._recoded(story, now)

    def _challenge(self, number: int) -> Answer | None:
        """A challenge until a shielded article was asked for often enough."""
        self._asked[number] += 1
        if self._asked[number] > SHIELDED.get(number, 0):
            return None
        shell = _CAPTCHA_SHELL if number == max(SHIELDED) else _COOKIE_SHELL
        return _html(shell.encode(), HTML)

    def _recoded(self, story: Story, now: datetime) -> Answer | None:
        """The article in bytes of another kind."""
        recode = self._recoders.get(story.number)
        if recode is None:
            return None
        page = assemble(hostile.article(self._edition, story)).identity(now)
        return recode(page.decode())

    def _event(self, number: int, path: str, now: datetime) -> Answer | None:
        """The calendar again, further on, for every third event; the others do not exist."""
        page, place = divmod(number - 950_000, 3)
        if place != 1 or path != hostile.event_path(page, place):
            return None
        body = assemble(hostile.calendar(self._edition, 1_000 + page)).identity(now)
        return _html(body, HTML)


def _redirects(edition: Edition) -> dict[str, str]:
    """Path -> where it leads: a loop, a long chain, and the new place of a moved story."""
    first, second = hostile.LOOP_PATHS
    chain = (*hostile.CHAIN_PATHS, hostile.CHAIN_PATHS[0].replace("lan-1", "cuoi-cung"))
    moved = edition.by_number[hostile.MOVED_STORY]
    return {
        first: second,
        second: first,
        hostile.old_path(moved): edition.url(moved),
        **dict(itertools.pairwise(chain)),
        **dict(zip(hostile.ASTRAY_PATHS, ASTRAY_TARGETS, strict=True)),
    }


def _enormous(*, chunked: bool) -> Answer:
    return Answer(
        status=200,
        headers=(("Content-Type", HTML),),
        body=_PIECE,
        times=_ENORMOUS_BYTES // len(_PIECE),
        chunked=chunked,
    )


@functools.cache
def _bomb(codings: str) -> Answer:
    """A body of zeros packed in *codings*, the first of them innermost."""
    body = bytes(_BOMB_BYTES)
    for coding in codings.split(", "):
        body = brotli.compress(body, quality=5) if coding == "br" else gzip.compress(body, mtime=0)
    headers = (("Content-Type", HTML), ("Content-Encoding", codings))
    return Answer(status=200, headers=headers, body=body)


def _many_headers() -> Answer:
    headers = tuple((f"X-Tieu-De-{n}", "x" * 80) for n in range(3_000))
    return Answer(status=200, headers=(("Content-Type", HTML), *headers), body=b"<p>...</p>")


def _html(body: bytes, content_type: str = "text/html") -> Answer:
    return Answer(status=200, headers=(("Content-Type", content_type),), body=body)


def _declare(page: str, charset: str) -> str:
    return page.replace('<meta charset="utf-8">', f'<meta charset="{charset}">', 1)


_FLOODS: Final[dict[str, Callable[[], Answer]]] = {
    hostile.ENORMOUS_PATHS[0]: lambda: _enormous(chunked=False),
    hostile.ENORMOUS_PATHS[1]: lambda: _enormous(chunked=True),
    hostile.HEADER_PATH: _many_headers,
    **{
        path: functools.partial(_bomb, codings)
        for path, codings in zip(
            hostile.BOMB_PATHS, ("gzip", "br", "gzip, gzip, gzip", "br, gzip"), strict=True
        )
    },
}
