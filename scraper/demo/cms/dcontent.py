"""The dcontent family (Phú Thọ, Thanh Hóa): side boxes before the body, which may be one encoded line.

Reading order and class names follow the notes on baothanhhoa.vn and baophutho.vn; what they do not
say (breadcrumb, pictures, paging) is made up, and the text is ours.
"""

from __future__ import annotations

import base64
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

_ARTICLE = re.compile(r"^/[\w-]+-(\d+)\.htm$", re.ASCII)
_FEED = re.compile(r"^/rss/([\w-]+)\.rss$", re.ASCII)
_SECTION = re.compile(r"^/([\w-]+?)(?:/trang-(\d+))?$", re.ASCII)
_FEED_LENGTH = 10
CRAWL_DELAY_S = 0.06

#: Turns the encoded line into HTML in a browser; an archive keeps title and lead only.
_DECODER = (
    '<script>(function(){var d=document.getElementById("dcontent"),t=d.textContent.trim();'
    "if(!/^[A-Za-z0-9+\\/=]{60,}$/.test(t))return;"
    "d.innerHTML=new TextDecoder().decode(Uint8Array.from(atob(t),function(c){return c.charCodeAt(0)}));"
    "})();</script>\n"
)


def article_paths(story: Story) -> tuple[str, ...]:
    """At the root, with the suffix .htm."""
    return (f"/{story.slug}-{story.number}.htm",)


def article_number(path: str) -> int | None:
    """The number before the suffix."""
    match = _ARTICLE.match(path)
    return int(match[1]) if match else None


def article(edition: Edition, story: Story) -> Iterator[Part]:
    """The article page."""
    yield _head(edition, story.title, story)
    yield edition.shared("above", lambda: _above(edition))
    yield (
        f'<div class="detail"><span class="pdate">{story.published:%H:%M %d/%m/%Y}</span>\n'
        '<div class="breadcrumb"><a href="/">Trang chủ</a> / '
        f'<a href="{_section_url(edition, story.section)}">{furniture.text(story.section)}</a></div>\n'
        f'<h1 class="pTitle">{furniture.text(story.title)}</h1>\n{_lead(edition, story)}'
    )
    key, related = edition.neighbours(story)
    yield edition.shared(f"related {key}", lambda: _box("Tin liên quan", edition, related))
    yield edition.shared("read", lambda: _box("Đọc nhiều", edition, edition.latest))
    body = "".join(_blocks(edition, story)) + _byline(story)
    if edition.is_encoded(story):
        body = base64.b64encode(body.encode()).decode()
    yield f'<div id="dcontent" class="noidung">\n{body}\n</div>\n{_tags(story)}</div>\n'
    yield edition.shared("below", lambda: _below(edition))


def missing(edition: Edition) -> Iterator[Part]:
    """The 404 page."""
    yield _head(edition, "Không tìm thấy trang", None)
    yield edition.shared("above", lambda: _above(edition))
    yield "<div><h2>Trang bạn tìm không tồn tại</h2></div>\n"
    yield edition.shared("below", lambda: _below(edition))


def document(edition: Edition, path: str, query: Mapping[str, str]) -> Document | None:  # noqa: ARG001 - the protocol's
    """robots.txt, the home page, the sections with ``/trang-N`` and their feeds."""
    if path == "/robots.txt":
        return robots(["User-agent: *", f"Crawl-delay: {CRAWL_DELAY_S}", "Disallow: /tim-kiem"])
    if path == "/":
        return edition.html(_listing(edition, edition.masthead.name, edition.stories[:12], ""))
    if match := _FEED.match(path):
        return _feed(edition, match[1])
    match = _SECTION.match(path)
    section = edition.section_slugs.get(match[1]) if match else None
    if match is None or section is None:
        return None
    number = int(match[2] or 1)
    paging = _paging(edition, section, number)
    return edition.html(_listing(edition, section, edition.page(section, number), paging))


def _feed(edition: Edition, section_slug: str) -> Document | None:
    section = edition.section_slugs.get(section_slug)
    if section is None:
        return None
    stories = edition.by_section[section][:_FEED_LENGTH]
    return edition.xml(furniture.rss(edition, f"{section} - {edition.masthead.name}", stories))


def _head(edition: Edition, title: str, story: Story | None) -> str:
    name = edition.masthead.name
    rest = "" if story is None else _article_head(edition, story)
    return (
        f'<!DOCTYPE html>\n<html lang="vi">\n<head>\n<meta charset="utf-8">\n'
        f"<title>{furniture.text(title)}</title>\n"
        f'<meta name="author" content="{attribute(name)}">\n{rest}'
    )


def _article_head(edition: Edition, story: Story) -> str:
    return (
        f'<link rel="canonical" href="{edition.url(story)}">\n'
        f'<meta property="og:title" content="{attribute(story.title)}">\n'
        f'<meta property="og:description" content="{attribute(furniture.cut(story.lead, 160))}">\n'
        f'<meta property="article:published_time" content="{story.published.isoformat()}">\n'
    )


def _above(edition: Edition) -> str:
    paths = [(f"/{key}", name) for key, name in edition.section_slugs.items()]
    return (
        f"{furniture.stylesheet('#8a1538', steps=50)}{furniture.ad_script(25)}</head>\n<body>\n"
        f'<header><a class="logo" href="/">{furniture.text(edition.masthead.name)}</a>\n'
        f"{furniture.menu(edition, paths, 'menu-top')}</header>\n"
    )


def _lead(edition: Edition, story: Story) -> str:
    """Two generations of the system: ``p.pHead`` and ``div.article__sapo``."""
    lead = furniture.text(f"{edition.masthead.dateline} {story.lead}")
    if story.number % 2:
        return f'<div class="article__sapo">{lead}</div>\n'
    return f'<p class="pHead"><strong>{lead}</strong></p>\n'


def _blocks(edition: Edition, story: Story) -> Iterator[str]:
    pictures = paragraphs = 0
    for block in story.blocks():
        if block.kind is BlockKind.FIGURE:
            yield _figure(story, block, pictures)
            pictures += 1
        elif block.kind is BlockKind.SUBHEAD:
            yield f"<p><b>{furniture.text(block.text)}</b></p>\n"
        else:
            yield f"<p>{furniture.text(block.text)}</p>\n"
            paragraphs += block.kind is BlockKind.PARAGRAPH
            if paragraphs == 3 and story.number % 2:  # noqa: PLR2004 - in the middle, on some pages
                yield _inner_box(edition, story)


def _inner_box(edition: Edition, story: Story) -> str:
    """Links to other articles in the middle of the text."""
    _, related = edition.neighbours(story)
    items = "".join(f"<li>{_link(edition, other)}</li>\n" for other in related[:2])
    return f'<div class="tinlq"><p><b>Tin liên quan:</b></p><ul>\n{items}</ul></div>\n'


def _figure(story: Story, block: Block, position: int) -> str:
    return (
        f'<p style="text-align:center"><img src="{furniture.image_path(story, position)}" '
        f'alt="{attribute(story.title)}" title="{attribute(story.title)}"></p>\n'
        f'<p class="pCaption" style="text-align:center">{furniture.text(block.text)}</p>\n'
    )


def _byline(story: Story) -> str:
    if story.byline is None:
        return ""
    return f'<p style="text-align:right"><b>{furniture.text(story.byline)}</b></p>\n'


def _tags(story: Story) -> str:
    links = " ".join(
        f'<a href="/tim-kiem?tag={slug(tag)}">{furniture.text(tag)}</a>' for tag in story.tags
    )
    return f'<div class="tags"><span>Từ khóa:</span> {links}</div>\n' if links else ""


def _box(title: str, edition: Edition, stories: Iterable[Story]) -> str:
    items = "".join(f"<li>{_link(edition, story)}</li>\n" for story in stories)
    return f'<div class="box-news"><h3>{title}</h3><ul>\n{items}</ul></div>\n'


def _link(edition: Edition, story: Story) -> str:
    title = furniture.text(story.title)
    return f'<a href="{edition.url(story)}" title="{attribute(story.title)}">{title}</a>'


def _below(edition: Edition) -> str:
    name = furniture.text(edition.masthead.name)
    boxes = "".join(_box(furniture.text(key), edition, stories) for key, stories in edition.boxes)
    return (
        f"{boxes}<footer><p>Bản quyền thuộc {name}</p>\n<p>Giấy phép số 000/GP-BTTTT ngày 09/10/2020</p>\n"
        f"</footer>\n{_DECODER}</body>\n</html>\n"
    )


def _listing(edition: Edition, title: str, stories: Iterable[Story], paging: str) -> Iterator[Part]:
    yield _head(edition, title, None)
    yield edition.shared("above", lambda: _above(edition))
    items = "".join(
        f'<li class="item"><a class="thumb" href="{edition.url(story)}">'
        f'<img src="{furniture.image_path(story, 0)}" alt="{attribute(story.title)}"></a>'
        f"<h3>{_link(edition, story)}</h3><p>{furniture.text(furniture.cut(story.lead, 120))}</p></li>\n"
        for story in stories
    )
    yield (
        f'<div class="cate"><h1 class="cate-name">{furniture.text(title)}</h1>\n'
        f'<ul class="list-cate">\n{items}</ul>\n{paging}</div>\n<div class="sidebar">'
    )
    yield edition.shared("below", lambda: _below(edition))


def _paging(edition: Edition, section: str, current: int) -> str:
    base = _section_url(edition, section)
    links = " ".join(
        f"<b>{page}</b>" if page == current else f'<a href="{base}/trang-{page}">{page}</a>'
        for page in range(1, edition.page_count(section) + 1)
    )
    return f'<div class="paging">{links}</div>\n'


def _section_url(edition: Edition, section: str) -> str:
    return f"{edition.origin}/{slug(section)}"
