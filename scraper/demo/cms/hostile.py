"""A paper that would wear a crawler out: honest articles between traps, in a CMS of no family.

This module prints the pages; ``hostile_tricks`` answers what is no page: redirects, challenges, an
endless calendar, enormous and wrongly encoded answers.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from scraper.demo import furniture
from scraper.demo.edition import Document, robots
from scraper.demo.furniture import attribute
from scraper.demo.payload import Clock
from scraper.demo.stories import Block, BlockKind, slug

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from datetime import datetime

    from scraper.demo.edition import Edition
    from scraper.demo.payload import Part
    from scraper.demo.stories import Story

_ARTICLE = re.compile(r"^/[\w-]+-mc(\d+)\.html$", re.ASCII)

#: Linked from every page and disallowed by robots.txt.
FORBIDDEN_TREE = "/noi-bo/"
FORBIDDEN_PATHS = tuple(f"{FORBIDDEN_TREE}bien-ban-hop-{n}-mc{990_000 + n}.html" for n in range(3))
#: Two addresses that name each other as the page's new place.
LOOP_PATHS = ("/vong-tron-thu-nhat-mc901001.html", "/vong-tron-thu-hai-mc901002.html")
#: Each leads to the next, more often than a crawler should follow.
CHAIN_PATHS = tuple(f"/chuyen-tiep-lan-{n}-mc{902_000 + n}.html" for n in range(1, 10))
#: 40 MB each: the first with Content-Length, the second in chunks.
ENORMOUS_PATHS = ("/phu-truong-toan-van-mc903001.html", "/phu-truong-anh-mc903002.html")
#: Small answers that unpack to 20 MB: packed once, three times, and in other codings.
BOMB_PATHS = tuple(f"/goi-nen-so-{n}-mc{905_000 + n}.html" for n in range(1, 5))
#: An answer with 300 kB of headers.
HEADER_PATH = "/nhieu-tieu-de-mc906001.html"
#: Redirects to where no crawler may be led.
ASTRAY_PATHS = tuple(f"/chuyen-huong-so-{n}-mc{907_000 + n}.html" for n in range(1, 13))
#: Status 200 and a page that says that nothing was found.
SOFT_MISSING_PATH = "/bai-da-go-mc904001.html"
#: A listing whose every page names new events and a next page.
CALENDAR_PATH = "/lich-su-kien"

#: Numbers of stories with a trick of their own.
MOVED_STORY = 810051
SESSION_STORY = 810001
DEBRIS_STORY = 810002


def article_paths(story: Story) -> tuple[str, ...]:
    """At the root, number after ``-mc``."""
    return (f"/{story.slug}-mc{story.number}.html",)


def article_number(path: str) -> int | None:
    """The number after ``-mc``."""
    match = _ARTICLE.match(path)
    return int(match[1]) if match else None


def old_path(story: Story) -> str:
    """Where a moved story stood; listings still name this address."""
    return f"/tin-cu-mc{story.number}.html"


def article(edition: Edition, story: Story) -> Iterator[Part]:
    """The article page."""
    yield _head(edition, story.title, story)
    yield edition.shared("above", lambda: _above(edition))
    when = story.published
    yield (
        f'<div class="duong-dan"><a href="/">Trang chủ</a> » '
        f'<a href="{_section_path(story.section)}">{furniture.text(story.section)}</a></div>\n<div class="bai">'
        f'<h2 class="tieu-de">{furniture.text(story.title)}</h2>\n'
        f'<div class="ngay-dang">{furniture.weekday_word(when)}, {when:%d/%m/%Y, %H:%M}</div>\n{_lead(story)}'
        f'<div class="van-ban">\n{"".join(_blocks(story))}{_byline(story)}</div></div>\n'
    )
    yield edition.shared("traps", lambda: _traps(edition))
    yield edition.shared("below", lambda: _below(edition))


def missing(edition: Edition) -> Iterator[Part]:
    """The 404 page."""
    yield _head(edition, "Lỗi 404", None)
    yield edition.shared("above", lambda: _above(edition))
    yield '<p class="loi">Địa chỉ này không có trên máy chủ.</p>\n'
    yield edition.shared("below", lambda: _below(edition))


def document(edition: Edition, path: str, query: Mapping[str, str]) -> Document | None:
    """robots.txt, the home page, sections that never end, the calendar and a soft 404."""
    if path == "/robots.txt":
        return robots(["User-agent: *", f"Disallow: {FORBIDDEN_TREE}"])
    if path == "/":
        return edition.html(_listing(edition, edition.masthead.name, edition.stories, ""))
    if path == SOFT_MISSING_PATH:
        return edition.html(_soft_missing(edition))
    page = query.get("trang", "1")
    return _list(edition, path, int(page)) if page.isdecimal() else None


def _list(edition: Edition, path: str, page: int) -> Document | None:
    if path == CALENDAR_PATH:
        return edition.html(calendar(edition, page))
    prefix, _, section_slug = path.rpartition("/")
    section = edition.section_slugs.get(section_slug) if prefix == "/muc" else None
    if section is None:
        return None
    # past its end a section shows its last page for ever, with a link to the next one
    shown = min(max(page, 1), edition.page_count(section))
    following = f'<a class="tiep" href="{path}?trang={page + 1}">Trang sau</a>\n'
    return edition.html(_listing(edition, section, edition.page(section, shown), following))


def calendar(edition: Edition, page: int) -> Iterator[Part]:
    """A page of the calendar: events nobody has seen before, and always a next page."""
    yield _head(edition, f"Lịch sự kiện, trang {page}", None)
    yield edition.shared("above", lambda: _above(edition))
    events = "".join(
        f'<li><a href="{event_path(page, place)}">Sự kiện số {page}.{place}</a></li>\n'
        for place in range(3)
    )
    yield (
        f'<ul class="lich">\n{events}</ul>\n<a href="{CALENDAR_PATH}?day=2026-{page % 12 + 1:02}-01">Tháng sau</a>\n'
        f'<a class="tiep" href="{CALENDAR_PATH}?trang={page + 1}">Trang sau</a>\n'
    )
    yield Clock(lambda now: _session_link(edition, now))
    yield edition.shared("traps", lambda: _traps(edition))
    yield edition.shared("below", lambda: _below(edition))


def event_path(page: int, place: int) -> str:
    """Address of an "article" of the calendar: the first and the last answer 404, the second the calendar."""
    return f"/su-kien-{page}-{place}-mc{950_000 + 3 * page + place}.html"


def _session_link(edition: Edition, now: datetime) -> str:
    """A hidden link to an honest article under an address that never comes twice."""
    path = article_paths(edition.by_number[SESSION_STORY])[0]
    return f'<a style="display:none" href="{path}?sid={now:%H%M%S%f}">.</a>\n'


def _head(edition: Edition, title: str, story: Story | None) -> str:
    og = "" if story is None else f'<meta property="og:title" content="{attribute(story.title)}">\n'
    return (
        '<!doctype html>\n<html lang="vi"><head><meta charset="utf-8">\n'
        f"<title>{furniture.text(title)} | {furniture.text(edition.masthead.name)}</title>\n{og}"
    )


def _above(edition: Edition) -> str:
    paths = [(f"/muc/{key}", name) for key, name in edition.section_slugs.items()]
    return (
        f"{furniture.stylesheet('#333', steps=20)}</head><body>\n"
        f'<div class="bien"><a href="/">{furniture.text(edition.masthead.name)}</a></div>\n'
        f"{furniture.menu(edition, paths, 'thanh')}"
    )


def _lead(story: Story) -> str:
    if story.sapo is None:
        return ""
    return f'<div class="tom-tat"><b>{furniture.text(story.sapo)}</b></div>\n'


def _blocks(story: Story) -> Iterator[str]:
    pictures = paragraphs = 0
    for block in story.blocks():
        if block.kind is BlockKind.FIGURE:
            yield _figure(story, block, pictures)
            pictures += 1
            continue
        tag = "h3" if block.kind is BlockKind.SUBHEAD else "p"
        yield f"<{tag}>{furniture.text(block.text)}</{tag}>\n"
        paragraphs += 1
        if story.number == DEBRIS_STORY:
            yield f"<p>{{{{#if ads}}}}{{{{ads.slot({paragraphs})}}}}{{{{/if}}}}</p>\n"


def _figure(story: Story, block: Block, position: int) -> str:
    return (
        f'<div class="hinh"><img src="{furniture.image_path(story, position)}" alt="">'
        f'<div class="chu-thich">{furniture.text(block.text)}</div></div>\n'
    )


def _byline(story: Story) -> str:
    if story.byline is None:
        return ""
    return f'<p style="text-align: right"><b>{furniture.text(story.byline)}</b></p>\n'


def _traps(edition: Edition) -> str:
    """Links that lead nowhere good, on every page."""
    paths = [
        *FORBIDDEN_PATHS, LOOP_PATHS[0], CHAIN_PATHS[0], *ENORMOUS_PATHS, SOFT_MISSING_PATH,
        *BOMB_PATHS, HEADER_PATH, *ASTRAY_PATHS,
    ]  # fmt: skip
    links = "".join(f'<a href="{edition.origin}{path}">{path[1:7]}</a> ' for path in paths)
    return (
        f'<div class="tien-ich">{links}</div>\n<div hidden><a href="{CALENDAR_PATH}?day=2026-11-24">24</a> '
        f'<a href="{CALENDAR_PATH}?day=2026-11-25">25</a></div>\n'
    )


def _below(edition: Edition) -> str:
    return (
        f'<div class="cuoi">© {furniture.text(edition.masthead.name)}. Liên hệ tòa soạn: 0000 000 000</div>\n'
        "</body></html>\n"
    )


def _listing(edition: Edition, title: str, stories: Iterable[Story], more: str) -> Iterator[Part]:
    yield _head(edition, title, None)
    yield edition.shared("above", lambda: _above(edition))
    items = "".join(
        f'<li><a href="{_listed_path(story)}">{furniture.text(story.title)}</a></li>\n'
        for story in stories
    )
    yield f'<h2>{furniture.text(title)}</h2>\n<ul class="muc-luc">\n{items}</ul>\n{more}'
    yield edition.shared("traps", lambda: _traps(edition))
    yield edition.shared("below", lambda: _below(edition))


def _listed_path(story: Story) -> str:
    return old_path(story) if story.number == MOVED_STORY else article_paths(story)[0]


def _soft_missing(edition: Edition) -> Iterator[Part]:
    yield _head(edition, "Không tìm thấy", None)
    yield edition.shared("above", lambda: _above(edition))
    yield "<h2>Không tìm thấy bài viết</h2><p>Bài viết không tồn tại hoặc đã bị gỡ khỏi máy chủ.</p>\n"
    yield edition.shared("below", lambda: _below(edition))


def _section_path(section: str) -> str:
    return f"/muc/{slug(section)}"
