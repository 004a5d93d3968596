"""The bbg family (Bắc Ninh, former Bắc Giang): HTML under the suffix ``.bbg``, numbered listings.

Class names follow the notes on baobacninhtv.vn; what they do not say is made up, and the text is ours.
One section is drawn by page script, so plain HTTP sees no articles in it; the feed, which only the
home page names, has them.
"""

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

_ARTICLE = re.compile(r"^/[\w-]+/[\w-]+-postid(\d+)\.bbg$", re.ASCII)
_SECTION = re.compile(r"^/([\w-]+?)(?:-page(\d+))?$", re.ASCII)
_FEED_LENGTH = 30
#: Named by the home page's head and by nothing else.
FEED_PATH = "/rss/moi-nhat.bbg"
#: Its listing holds no link before page script has run.
SCRIPTED_SECTION = "Thời sự"


def article_paths(story: Story) -> tuple[str, ...]:
    """Below the section, number after ``-postid``."""
    return (f"/{slug(story.section)}/{story.slug}-postid{story.number}.bbg",)


def article_number(path: str) -> int | None:
    """The number after ``-postid``."""
    match = _ARTICLE.match(path)
    return int(match[1]) if match else None


def article(edition: Edition, story: Story) -> Iterator[Part]:
    """The article page."""
    yield _head(edition, story.title, story)
    yield edition.shared("above", lambda: _above(edition))
    when = story.published
    yield (
        '<main class="news-detail"><div class="news-detail__head">'
        f'<a class="post-meta" href="{_section_url(edition, story.section)}">{furniture.text(story.section)}</a> '
        f'<span class="post-date">{furniture.weekday_word(when)}, {when:%d/%m/%Y - %H:%M}</span></div>\n'
        f'<h1 class="news-detail__title">{furniture.text(story.title)}</h1>\n{_sapo(story)}'
    )
    yield edition.shared("share", _share)
    yield '<div class="news-details__content link_content">\n'
    yield "".join(_blocks(story))
    key, related = edition.neighbours(story)
    if story.number % 2:
        # the list stands inside the text's container, before the author's name
        yield edition.shared(f"related {key}", lambda: _related(edition, related))
    yield f"{_byline(story)}</div>\n{_tags(story)}"
    yield edition.shared(f"more {key}", lambda: _box("Cùng chuyên mục", edition, related))
    yield "</main>\n"
    yield edition.shared("below", lambda: _below(edition))


def missing(edition: Edition) -> Iterator[Part]:
    """The 404 page."""
    yield _head(edition, "Trang không tồn tại", None)
    yield edition.shared("above", lambda: _above(edition))
    yield "<main><p>Trang không tồn tại hoặc đã bị gỡ.</p></main>\n"
    yield edition.shared("below", lambda: _below(edition))


def document(edition: Edition, path: str, query: Mapping[str, str]) -> Document | None:  # noqa: ARG001 - the protocol's
    """robots.txt, the home page, the feed and the sections with ``-pageN``."""
    if path == "/robots.txt":
        return robots(["User-agent: *", "Disallow: /tim-kiem"])
    if path == "/":
        return edition.html(_home(edition))
    if path == FEED_PATH:
        newest = edition.stories[:_FEED_LENGTH]
        return edition.xml(furniture.rss(edition, f"Mới nhất - {edition.masthead.name}", newest))
    match = _SECTION.match(path)
    section = edition.section_slugs.get(match[1]) if match else None
    if match is None or section is None:
        return None
    if section == SCRIPTED_SECTION:
        return edition.html(_scripted(edition, section))
    number = int(match[2] or 1)
    paging = _paging(edition, section, number)
    return edition.html(_listing(edition, section, edition.page(section, number), paging))


def _head(edition: Edition, title: str, story: Story | None, extra: str = "") -> str:
    name = furniture.text(edition.masthead.name)
    rest = extra if story is None else _article_head(edition, story)
    return (
        f'<!DOCTYPE html>\n<html lang="vi">\n<head>\n<meta charset="utf-8" />\n'
        f"<title>{furniture.text(title)} - {name}</title>\n{rest}"
    )


def _article_head(edition: Edition, story: Story) -> str:
    return (
        f'<link rel="canonical" href="{edition.url(story)}" />\n'
        f'<meta property="og:title" content="{attribute(story.title)}" />\n'
        f'<meta property="og:url" content="{edition.url(story)}" />\n'
        f'<meta name="description" content="{attribute(furniture.cut(story.lead, 160))}" />\n'
    )


def _above(edition: Edition) -> str:
    paths = [(f"/{key}", name) for key, name in edition.section_slugs.items()]
    return (
        f"{furniture.stylesheet('#1d4e89', steps=50)}{furniture.ad_script(25)}</head>\n<body>\n"
        f'<header class="header"><a class="logo" href="/">{furniture.text(edition.masthead.name)}</a>\n'
        f"{furniture.menu(edition, paths, 'main-menu')}</header>\n"
    )


def _sapo(story: Story) -> str:
    if story.sapo is None:
        return ""
    return f'<div class="news_detail_sapo">{furniture.text(story.sapo)}</div>\n'


def _share() -> str:
    return (
        '<div class="news-detail__share"><span>Chia sẻ</span> <a href="javascript:;">Facebook</a> '
        '<a href="javascript:;">Zalo</a> <a href="javascript:;">In bài viết</a></div>\n'
    )


def _blocks(story: Story) -> Iterator[str]:
    pictures = 0
    for block in story.blocks():
        if block.kind is BlockKind.FIGURE:
            yield _figure(story, block, pictures)
            pictures += 1
        elif block.kind is BlockKind.SUBHEAD:
            yield f"<h3>{furniture.text(block.text)}</h3>\n"
        else:
            yield f'<p style="text-align: justify;">{furniture.text(block.text)}</p>\n'


def _figure(story: Story, block: Block, position: int) -> str:
    return (
        f'<figure class="image"><img src="{furniture.image_path(story, position)}" '
        f'alt="{attribute(block.text)}" /><figcaption>{furniture.text(block.text)}</figcaption></figure>\n'
    )


def _byline(story: Story) -> str:
    if story.byline is None:
        return ""
    return f'<p style="text-align: right;"><strong>{furniture.text(story.byline)}</strong></p>\n'


def _tags(story: Story) -> str:
    links = " ".join(
        f'<a href="/tim-kiem?q={slug(tag)}">#{furniture.text(tag)}</a>' for tag in story.tags
    )
    return f'<div class="news-detail__tags">{links}</div>\n' if links else ""


def _related(edition: Edition, stories: Iterable[Story]) -> str:
    items = "".join(
        f"<li>{_link(edition, story)}<p>{furniture.text(furniture.cut(story.lead, 110))}</p></li>\n"
        for story in stories
    )
    return f'<div class="news-related__list"><h4>Tin liên quan</h4><ul>\n{items}</ul></div>\n'


def _box(title: str, edition: Edition, stories: Iterable[Story]) -> str:
    items = "".join(f"<li>{_link(edition, story)}</li>\n" for story in stories)
    return f'<section class="box"><h4>{title}</h4><ul>\n{items}</ul></section>\n'


def _link(edition: Edition, story: Story, css_class: str = "box-link") -> str:
    title = furniture.text(story.title)
    return f'<a class="{css_class}" href="{edition.url(story)}">{title}</a>'


def _below(edition: Edition) -> str:
    """The side boxes, without the scripted section: it is drawn by script here as well."""
    boxes = "".join(
        _box(furniture.text(name), edition, stories)
        for name, stories in edition.boxes
        if name != SCRIPTED_SECTION
    )
    name = furniture.text(edition.masthead.name)
    return (
        f"<aside>{boxes}</aside>\n<footer><p>© {name}</p>\n"
        "<p>Giấy phép số 000/GP-BTTTT cấp ngày 14/6/2021</p></footer>\n</body>\n</html>\n"
    )


def _home(edition: Edition) -> Iterator[Part]:
    feed = (
        '<link rel="alternate" type="application/rss+xml" title="Mới nhất" '
        f'href="{edition.origin}{FEED_PATH}" />\n'
    )
    yield _head(edition, "Trang nhất", None, feed)
    yield edition.shared("above", lambda: _above(edition))
    newest = "".join(
        f"<li>{_link(edition, story, 'font-tin-doc')}</li>\n" for story in edition.stories[:12]
    )
    yield f'<main class="home"><ul class="home-news">\n{newest}</ul></main>\n'
    yield edition.shared("below", lambda: _below(edition))


def _scripted(edition: Edition, section: str) -> Iterator[Part]:
    """A section that page script fills; plain HTTP sees an empty list."""
    yield _head(edition, section, None)
    yield edition.shared("above", lambda: _above(edition))
    yield (
        f'<main class="category"><h1>{furniture.text(section)}</h1>\n'
        f'<div id="app" data-section="{slug(section)}"><noscript>Hãy bật JavaScript để xem tin.</noscript></div>\n'
        '<script>window.__APP__={section:document.getElementById("app").dataset.section,page:1};</script></main>\n'
    )
    yield edition.shared("footer", lambda: "<footer></footer>\n</body>\n</html>\n")


def _listing(edition: Edition, title: str, stories: Iterable[Story], paging: str) -> Iterator[Part]:
    yield _head(edition, title, None)
    yield edition.shared("above", lambda: _above(edition))
    items = "".join(
        f'<article class="item">{_link(edition, story, "font-tin-doc")}'
        f"<p>{furniture.text(furniture.cut(story.lead, 120))}</p></article>\n"
        for story in stories
    )
    yield f'<main class="category"><h1>{furniture.text(title)}</h1>\n{items}{paging}</main>\n'
    yield edition.shared("below", lambda: _below(edition))


def _paging(edition: Edition, section: str, current: int) -> str:
    base = _section_url(edition, section)
    links = " ".join(
        f"<b>{page}</b>" if page == current else f'<a href="{base}-page{page}">{page}</a>'
        for page in range(1, edition.page_count(section) + 1)
    )
    return f'<nav class="pages">{links}</nav>\n'


def _section_url(edition: Edition, section: str) -> str:
    return f"{edition.origin}/{slug(section)}"
