"""A CMS of the paper's own making, in no family: the page an extractor has no rules for."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from scraper.demo import furniture
from scraper.demo.edition import Document, robots
from scraper.demo.furniture import attribute
from scraper.demo.stories import Block, BlockKind, slug

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from scraper.demo.edition import Edition
    from scraper.demo.payload import Part
    from scraper.demo.stories import Story

_ARTICLE = re.compile(r"^/bai-viet/(\d+)/[\w-]+$", re.ASCII)
_FEED_LENGTH = 20


def article_paths(story: Story) -> tuple[str, ...]:
    """Number first, slug after it, no suffix."""
    return (f"/bai-viet/{story.number}/{story.slug}",)


def article_number(path: str) -> int | None:
    """The number in the middle."""
    match = _ARTICLE.match(path)
    return int(match[1]) if match else None


def article(edition: Edition, story: Story) -> Iterator[Part]:
    """The article page."""
    yield _head(edition, story.title, story)
    yield edition.shared("above", lambda: _above(edition))
    yield (
        f'<main><div class="duong-dan"><a href="/">Trang chủ</a> » '
        f'<a href="/chuyen-muc/{slug(story.section)}">{furniture.text(story.section)}</a></div>\n'
        f'<div class="khung-bai">\n<h2 class="tua-bai">{furniture.text(story.title)}</h2>\n'
        f'<div class="thoi-gian">{_date(story)}</div>\n{_lead(story)}'
        f'<div class="noi-dung">\n{"".join(_blocks(story))}{_byline(story)}</div>\n{_tags(story)}</div>\n'
    )
    key, related = edition.neighbours(story)
    yield edition.shared(f"related {key}", lambda: _box("Các tin khác", edition, related))
    yield edition.shared("response", _response_box)
    yield "</main>\n"
    yield edition.shared("below", lambda: _below(edition))


def missing(edition: Edition) -> Iterator[Part]:
    """The 404 page."""
    yield _head(edition, "Không có trang này", None)
    yield edition.shared("above", lambda: _above(edition))
    yield "<main><p>Không có trang này.</p></main>\n"
    yield edition.shared("below", lambda: _below(edition))


def document(edition: Edition, path: str, query: Mapping[str, str]) -> Document | None:
    """robots.txt, the sitemap, the Atom feed, the home page and the sections with ``?trang=N``."""
    if path == "/robots.txt":
        lines = ["User-agent: *", "Allow: /", f"Sitemap: {edition.origin}/sitemap.xml"]
        return robots(lines)
    if path == "/sitemap.xml":
        return edition.xml(
            furniture.sitemap((edition.url(x), x.published) for x in edition.stories)
        )
    if path == "/feed.atom":
        return edition.xml(_atom(edition), "application/atom+xml; charset=utf-8")
    if path == "/":
        return edition.html(_listing(edition, edition.masthead.name, edition.stories[:12], ""))
    prefix, _, section_slug = path.rpartition("/")
    section = edition.section_slugs.get(section_slug) if prefix == "/chuyen-muc" else None
    page = query.get("trang", "1")
    if section is None or not page.isdecimal():
        return None
    pages = _pages(path, edition.page_count(section))
    return edition.html(_listing(edition, section, edition.page(section, int(page)), pages))


def _head(edition: Edition, title: str, story: Story | None) -> str:
    og = "" if story is None else f'<meta property="og:title" content="{attribute(story.title)}">\n'
    return (
        '<!doctype html>\n<html lang="vi"><head><meta charset="utf-8">\n'
        f"<title>{furniture.text(title)} | {furniture.text(edition.masthead.name)}</title>\n{og}"
        '<meta name="viewport" content="width=device-width">\n'
        f'<link rel="alternate" type="application/atom+xml" href="{edition.origin}/feed.atom">\n'
    )


def _above(edition: Edition) -> str:
    paths = [(f"/chuyen-muc/{key}", name) for key, name in edition.section_slugs.items()]
    name = furniture.text(edition.masthead.name)
    return (
        f"{furniture.stylesheet('#006494', steps=70)}{furniture.ad_script(30)}</head><body>\n"
        f'<div class="dau-trang"><h1><a href="/">{name}</a></h1>'
        f"<p>Cơ quan của Đảng bộ tỉnh {furniture.text(edition.masthead.province)}</p></div>\n"
        f"{furniture.menu(edition, paths, 'thanh-menu')}"
    )


def _date(story: Story) -> str:
    when = story.published
    return (
        f"{furniture.weekday_word(when)}, ngày {when.day}/{when.month}/{when.year} - {when:%H:%M}"
    )


def _lead(story: Story) -> str:
    if story.sapo is None:
        return ""
    return f'<div class="mo-dau"><b>{furniture.text(story.sapo)}</b></div>\n'


def _blocks(story: Story) -> Iterator[str]:
    pictures = 0
    for block in story.blocks():
        if block.kind is BlockKind.FIGURE:
            yield _figure(story, block, pictures)
            pictures += 1
        elif block.kind is BlockKind.SUBHEAD:
            yield f"<h3>{furniture.text(block.text)}</h3>\n"
        else:
            yield f"<p>{furniture.text(block.text)}</p>\n"


def _figure(story: Story, block: Block, position: int) -> str:
    return (
        f'<div class="anh-bai"><img src="{furniture.image_path(story, position)}" alt="">'
        f'<div class="chu-thich">{furniture.text(block.text)}</div></div>\n'
    )


def _byline(story: Story) -> str:
    if story.byline is None:
        return ""
    return f'<p style="text-align: right"><b>{furniture.text(story.byline)}</b></p>\n'


def _tags(story: Story) -> str:
    links = " ".join(
        f'<a href="/tim?q={slug(tag)}">{furniture.text(tag)}</a>' for tag in story.tags
    )
    return f'<div class="tu-khoa">Chủ đề: {links}</div>\n' if links else ""


def _response_box() -> str:
    return (
        '<div class="y-kien"><h4>Phản hồi</h4><form><textarea placeholder="Viết phản hồi"></textarea>'
        '<input placeholder="Họ tên"><button type="button">Gửi phản hồi</button></form>'
        "<p>Phản hồi của bạn sẽ được tòa soạn xem trước khi đăng.</p></div>\n"
    )


def _box(title: str, edition: Edition, stories: Iterable[Story]) -> str:
    items = "".join(
        f'<li><a href="{edition.masthead.cms.article_paths(story)[0]}">{furniture.text(story.title)}</a> '
        f"<small>({story.published.day}/{story.published.month})</small></li>\n"
        for story in stories
    )
    return f'<div class="hop-tin"><h4>{title}</h4><ul>\n{items}</ul></div>\n'


def _summaries(edition: Edition, section: str, stories: Iterable[Story]) -> str:
    items = "".join(
        f'<div class="tin-nho"><a href="{edition.url(story)}" title="{attribute(story.title)}">'
        f'<img src="{furniture.image_path(story, 0)}" alt="{attribute(story.title)}">'
        f"{furniture.text(story.title)}</a><p>{furniture.text(furniture.cut(story.lead, 120))}</p></div>\n"
        for story in stories
    )
    return f'<div class="hop-muc"><h4>{furniture.text(section)}</h4>\n{items}</div>\n'


def _below(edition: Edition) -> str:
    name = furniture.text(edition.masthead.name)
    boxes = "".join(_summaries(edition, section, stories) for section, stories in edition.boxes)
    return (
        f'<div class="cot-phai">{_box("Mới nhất", edition, edition.latest)}{boxes}</div>\n'
        '<div class="chan-trang"><h4>Liên kết website</h4><ul><li>Cổng thông tin điện tử tỉnh</li>'
        f"<li>Báo Nhân Dân</li></ul>\n<p>© {name}. Giấy phép hoạt động báo điện tử số 000/GP-BTTTT "
        "cấp ngày 5/9/2019.</p></div>\n</body></html>\n"
    )


def _listing(edition: Edition, title: str, stories: Iterable[Story], pages: str) -> Iterator[Part]:
    yield _head(edition, title, None)
    yield edition.shared("above", lambda: _above(edition))
    yield f'<main class="danh-sach"><h2>{furniture.text(title)}</h2>\n{_box("Tin trong mục", edition, stories)}'
    yield f"{pages}</main>\n"
    yield edition.shared("below", lambda: _below(edition))


def _pages(path: str, count: int) -> str:
    links = " ".join(f'<a href="{path}?trang={page}">{page}</a>' for page in range(1, count + 1))
    return f'<div class="so-trang">{links}</div>'


def _atom(edition: Edition) -> str:
    """The newest articles as an Atom feed (RFC 4287)."""
    entries = "".join(
        f"<entry><id>{edition.url(story)}</id><title>{furniture.text(story.title)}</title>"
        f'<link rel="alternate" href="{edition.url(story)}"/>'
        f"<published>{story.published.isoformat()}</published><updated>{story.published.isoformat()}</updated>"
        f"<summary>{furniture.text(furniture.cut(story.lead, 160))}</summary></entry>\n"
        for story in edition.stories[:_FEED_LENGTH]
    )
    return (
        '<?xml version="1.0" encoding="utf-8"?>\n<feed xmlns="http://www.w3.org/2005/Atom">'
        f"<id>{edition.origin}/</id><title>{furniture.text(edition.masthead.name)}</title>"
        f'<link rel="self" href="{edition.origin}/feed.atom"/>'
        f"<updated>{edition.newest.published.isoformat()}</updated>\n{entries}</feed>\n"
    )
