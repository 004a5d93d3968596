"""The onecms family (Đà Nẵng, Hải Phòng ...): headline, byline and lead inside the body, numeric entities.

Reading order and class names follow the notes on baodanang.vn; the text is ours. How sections count
their pages and what the sitemaps are called is not known: that is ours, too.
"""

from __future__ import annotations

import gzip
import re
from typing import TYPE_CHECKING

from scraper.demo import furniture
from scraper.demo.edition import Document, robots
from scraper.demo.furniture import attribute
from scraper.demo.payload import assemble, seal
from scraper.demo.stories import Block, BlockKind, slug

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from datetime import datetime

    from scraper.demo.edition import Edition
    from scraper.demo.payload import Part
    from scraper.demo.stories import Story

_ARTICLE = re.compile(r"^/(?:print/(\d+)|(?:[\w-]+/)?[\w-]+-(\d+))\.html$", re.ASCII)
_TAG = re.compile(r"^/([\w-]+)-ptag\.html$", re.ASCII)
_YEAR_MAP = re.compile(r"^/sitemaps/articles-(\d{4})\.xml\.gz$", re.ASCII)
_NEWS_MAP_LENGTH = 8
#: A digest of articles under an address that looks much like an article's.
EVENT_PATH = "/phong-chong-thien-tai-event1204.html"
#: Characters .NET writes as numbers: the upper half of Latin-1.
_LATIN_1 = re.compile("[\u00a0-\u00ff]")


def article_paths(story: Story) -> tuple[str, ...]:
    """At the root, under its section, and the print copy."""
    plain = f"/{story.slug}-{story.number}.html"
    return plain, f"/{slug(story.section)}{plain}", f"/print/{story.number}.html"


def article_number(path: str) -> int | None:
    """The number at the end of the slug, or of the print copy."""
    match = _ARTICLE.match(path)
    return int(match[1] or match[2]) if match else None


def article(edition: Edition, story: Story) -> Iterator[Part]:
    """The article page; the print copy is the same."""
    yield _head(edition, story.title, _article_head(edition, story))
    yield edition.shared("above", lambda: _above(edition))
    key, related = edition.neighbours(story)
    yield (
        f'<nav aria-label="breadcrumb"><ol class="breadcrumb"><li class="breadcrumb-item"><a href="/">Trang ch&#7911;'
        f'</a></li><li class="breadcrumb-item active"><a href="{_section_url(edition, story.section)}">'
        f"{numeric(story.section)}</a></li></ol></nav>\n"
        f'<div class="c-news-detail">\n{_tools(story)}<div class="b-maincontent">\n'
        '<div class="entry" itemprop="articleBody">\n'
        f'{_longform_header(edition, story)}{"".join(_blocks(story))}<div class="sc-empty-layer">&nbsp;</div>\n'
        f"{_tail(edition, story, related)}</div></div>\n{_share(edition)}{_tags(edition, story)}"
    )
    yield edition.shared(
        f"related {key}",
        lambda: (
            _box("Bài liên quan", edition, related[::2]) + _box("Đọc tiếp", edition, related[1::2])
        ),
    )
    yield "</div></main>\n"
    yield edition.shared("below", lambda: _below(edition))


def missing(edition: Edition) -> Iterator[Part]:
    """The 404 page."""
    yield _head(edition, "404", "")
    yield edition.shared("above", lambda: _above(edition))
    yield "<p>Không tìm thấy nội dung bạn cần.</p></main>\n"
    yield edition.shared("below", lambda: _below(edition))


def document(edition: Edition, path: str, query: Mapping[str, str]) -> Document | None:
    """robots.txt, the sitemaps, the home page, the sections with ``?page=N``, tags and the event."""
    listed = {
        "/": (edition.masthead.name, edition.stories[:12]),
        EVENT_PATH: ("Phòng, chống thiên tai", edition.stories[::2]),
    }
    if path == "/robots.txt":
        return robots(_robots_lines(edition))
    if path in listed:
        return edition.html(_listing(edition, *listed[path]))
    if match := _TAG.match(path):
        return _tag_page(edition, match[1])
    return _map(edition, path) or _section_page(
        edition, path.removeprefix("/"), query.get("page", "1")
    )


def numeric(value: str) -> str:
    """*value* as menus and alternative texts write it: ``Quốc ph&#242;ng``."""
    return _LATIN_1.sub(lambda found: f"&#{ord(found[0])};", furniture.text(value))


def _robots_lines(edition: Edition) -> list[str]:
    return [
        "User-agent: *",
        "Disallow: /search",
        "Disallow: /api/",
        f"Sitemap: {edition.origin}/sitemap.xml",
        f"Sitemap: {edition.origin}/sitemap-news.xml",
    ]


def _map(edition: Edition, path: str) -> Document | None:
    if path == "/sitemap.xml":
        return edition.xml(furniture.sitemap(_maps(edition), root="sitemapindex"))
    if path == "/sitemap-news.xml":
        return edition.xml(_news_sitemap(edition))
    if path == "/sitemaps/categories.xml":
        sections = [_section_url(edition, name) for name in edition.masthead.sections]
        return edition.xml(furniture.sitemap((url, edition.newest.published) for url in sections))
    match = _YEAR_MAP.match(path)
    return _year_map(edition, int(match[1])) if match else None


def _maps(edition: Edition) -> Iterator[tuple[str, datetime]]:
    yield f"{edition.origin}/sitemaps/categories.xml", edition.newest.published
    changed: dict[int, datetime] = {}
    for story in edition.stories:
        changed.setdefault(story.published.year, story.published)
    for year, last in changed.items():
        yield f"{edition.origin}/sitemaps/articles-{year}.xml.gz", last


def _year_map(edition: Edition, year: int) -> Document | None:
    """The articles of a year as a gzip file (no transfer encoding: the file itself is compressed)."""
    stories = [story for story in edition.stories if story.published.year == year]
    if not stories:
        return None
    text = furniture.sitemap((edition.url(x), x.published) for x in stories)
    return Document(
        payload=assemble([seal(gzip.compress(text.encode(), mtime=0), level=0)]),
        content_type="application/x-gzip",
        modified=stories[0].published,
    )


def _news_sitemap(edition: Edition) -> str:
    """The newest articles in Google's news extension of the sitemap protocol."""
    rows = "".join(
        f"<url><loc>{edition.url(story)}</loc><news:news><news:publication>"
        f"<news:name>{furniture.text(edition.masthead.name)}</news:name><news:language>vi</news:language>"
        f"</news:publication><news:publication_date>{story.published.isoformat()}</news:publication_date>"
        f"<news:title>{furniture.text(story.title)}</news:title></news:news></url>\n"
        for story in edition.stories[:_NEWS_MAP_LENGTH]
    )
    return (
        '<?xml version="1.0" encoding="utf-8"?>\n'
        '<urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9" '
        f'xmlns:news="http://www.google.com/schemas/sitemap-news/0.9">\n{rows}</urlset>\n'
    )


def _tag_page(edition: Edition, tag_slug: str) -> Document | None:
    stories = [x for x in edition.stories if tag_slug in {slug(tag) for tag in x.tags}]
    if not stories:
        return None
    name = next(tag for tag in stories[0].tags if slug(tag) == tag_slug)
    return edition.html(_listing(edition, f"#{name}", stories, in_section=stories[-1]))


def _section_page(edition: Edition, section_slug: str, page: str) -> Document | None:
    section = edition.section_slugs.get(section_slug)
    if section is None or not page.isdecimal():
        return None
    return edition.html(_listing(edition, section, edition.page(section, int(page))))


def _head(edition: Edition, title: str, rest: str) -> str:
    return (
        f'<!DOCTYPE html>\n<html lang="vi">\n<head>\n<meta charset="utf-8" />\n<title>{furniture.text(title)}</title>\n'
        f'<meta property="og:site_name" content="{attribute(edition.masthead.name)}" />\n{rest}'
    )


def _article_head(edition: Edition, story: Story) -> str:
    """Every second article has its time in the head as well."""
    time = (
        f'<meta property="article:published_time" content="{story.published.isoformat()}" />\n'
        if story.number % 2
        else ""
    )
    return (
        f'<link rel="canonical" href="{edition.url(story)}" />\n'
        f'<meta property="og:title" content="{attribute(story.title)}" />\n'
        f'<meta property="og:description" content="{attribute(furniture.cut(story.lead, 150))}" />\n'
        f'<meta property="og:url" content="{edition.url(story)}" />\n{time}'
    )


def _above(edition: Edition) -> str:
    name = furniture.text(edition.masthead.name)
    items = "".join(
        f'<li class="nav-item"><a class="nav-link" href="{_section_url(edition, section)}" '
        f'title="{numeric(section)}">{numeric(section)}</a></li>\n'
        for section in edition.masthead.sections
    )
    return (
        f"{furniture.stylesheet('#0a4f9e', steps=60)}{furniture.ad_script(40)}</head>\n<body>\n"
        f'<header class="c-header"><a class="c-header__logo" href="/">{name}</a> <span>Đường dây nóng: 0200 000 000'
        f'</span>\n<ul class="c-menu"><li><a href="/">Trang ch&#7911;</a></li>\n{items}</ul>\n'
        f'<ul class="c-menu-expand">\n{items}<li><a href="{EVENT_PATH}">Ph&#242;ng, ch&#7889;ng thi&#234;n tai</a></li>'
        '</ul></header>\n<main class="c-main">\n'
    )


def _tools(story: Story) -> str:
    return (
        '<div class="c-share-detail"><span>Cỡ chữ</span> <a href="javascript:;">A-</a> <a href="javascript:;">A+</a> '
        f'<a class="print" href="{article_paths(story)[2]}">In bài viết</a> <span>Chia sẻ</span></div>\n'
    )


def _longform_header(edition: Edition, story: Story) -> str:
    """Section, headline, byline, date and lead, all inside the element that says it is the body."""
    author = (
        f'<span class="sc-longform-header-author block-sc-author">{furniture.text(story.byline)}</span> • '
        if story.byline
        else ""
    )
    mark = f"{edition.masthead.dateline} " if edition.masthead.dateline else ""
    sapo = (
        f'<p class="sc-longform-header-sapo block-sc-sapo">{mark}{furniture.text(story.sapo)}</p>\n'
        if story.sapo
        else ""
    )
    return (
        '<div class="sc-longform-header"><div class="sc-longform-header-meta"><span class="sc-longform-header-cate '
        f'block-sc-cate-name">{furniture.text(story.section)}</span></div>\n'
        f'<h1 class="sc-longform-header-title block-sc-title">{furniture.text(story.title)}</h1>\n'
        f'<div class="sc-longform-header-info">{author}<span class="sc-longform-header-date block-sc-publish-time">'
        f"{story.published:%d/%m/%Y %H:%M}</span></div>\n{sapo}</div>\n"
    )


def _blocks(story: Story) -> Iterator[str]:
    pictures = 0
    for block in story.blocks():
        if block.kind is BlockKind.FIGURE:
            yield _figure(story, block, pictures)
            pictures += 1
        elif block.kind is BlockKind.SUBHEAD:
            yield f"<h2>{furniture.text(block.text)}</h2>\n"
        else:
            yield f"<p>{furniture.text(block.text)}</p>\n"


def _figure(story: Story, block: Block, position: int) -> str:
    """Half of the editors use the picture element with a caption, half centre a line under the picture."""
    picture = f'<img src="{furniture.image_path(story, position)}" alt="{numeric(story.slug)}" width="800">'
    caption = furniture.text(block.text)
    if story.number % 2:
        return f'<figure class="image">{picture}<figcaption>{caption}</figcaption></figure>\n'
    return f'<p style="text-align:center">{picture}</p>\n<p style="text-align:center"><em>{caption}</em></p>\n'


def _tail(edition: Edition, story: Story, related: Iterable[Story]) -> str:
    """Lines of the page's tools that end up at the end of the body; every third article gets headlines, too."""
    links = "".join(f"<p>{_link(edition, other)}</p>\n" for other in tuple(related)[:2])
    return (
        "<p>POWERED BY</p>\n<p>Cỡ chữ</p>\n<p>Mặc định</p>\n<p>TIN LIÊN QUAN</p>\n"
        f"{links if story.number % 3 == 0 else ''}"
    )


def _share(edition: Edition) -> str:
    return (
        '<div class="c-share-detail"><a href="javascript:;">Chia sẻ Facebook</a> '
        f"<span>Theo dõi {furniture.text(edition.masthead.name)} trên</span> <a href='#'>Google News</a></div>\n"
    )


def _tags(edition: Edition, story: Story) -> str:
    if not story.tags:
        return ""
    links = "".join(
        f'<h4><a href="{edition.origin}/{slug(tag)}-ptag.html">{furniture.text(tag)}</a></h4> '
        for tag in story.tags
    )
    return f'<div class="c-widget-tags onecms__tags"><span>Từ khóa</span> {links}</div>\n'


def _link(edition: Edition, story: Story, path: str | None = None) -> str:
    address = edition.url(story) if path is None else edition.origin + path
    return f'<a href="{address}" title="{numeric(story.title)}">{furniture.text(story.title)}</a>'


def _grid(edition: Edition, story: Story, path: str | None = None) -> str:
    return (
        f'<div class="b-grid"><div class="b-grid__img"><img src="{furniture.image_path(story, 0)}" '
        f'alt="{numeric(story.title)}"></div><h3 class="b-grid__title">{_link(edition, story, path)}</h3>'
        f'<div class="b-grid__desc">{furniture.text(furniture.cut(story.lead, 120))}</div>'
        f'<span class="b-grid__time">{story.published:%d/%m/%Y %H:%M}</span></div>\n'
    )


def _box(title: str, edition: Edition, stories: Iterable[Story]) -> str:
    cards = "".join(_grid(edition, story) for story in stories)
    return f'<div class="c-box"><div class="c-box__title">{title}</div>\n<div class="c-box__content">\n{cards}</div></div>\n'


def _listing(
    edition: Edition, title: str, stories: Iterable[Story], *, in_section: Story | None = None
) -> Iterator[Part]:
    """The list proper stands in ``main``; *in_section* is linked under its section, and as a print copy."""
    yield _head(edition, f"{title} - {edition.masthead.name}", "")
    yield edition.shared("above", lambda: _above(edition))
    cards = "".join(
        _grid(edition, story, article_paths(story)[1] if story is in_section else None)
        for story in stories
    )
    copy = f'<a href="{article_paths(in_section)[2]}">In bài viết</a>' if in_section else ""
    yield f'<h1 class="c-list-title">{numeric(title)}</h1>\n<div class="c-list">\n{cards}</div>{copy}\n</main>\n'
    yield edition.shared("below", lambda: _below(edition))


def _below(edition: Edition) -> str:
    boxes = "".join(_box(numeric(name), edition, stories) for name, stories in edition.boxes)
    name = furniture.text(edition.masthead.name)
    return (
        f'<aside class="c-side">{_box("Tin mới nhất", edition, edition.latest)}{boxes}</aside>\n'
        f'<footer class="c-footer"><p>Cơ quan của Đảng bộ tỉnh {furniture.text(edition.masthead.province)}</p>'
        f"<p>Giấy phép số 000/GP-BTTTT ngày 20/5/2022</p><p>® {name} giữ bản quyền nội dung trên website này.</p>"
        '<p>POWERED BY <span class="onecms">ONECMS</span></p></footer>\n</body>\n</html>\n'
    )


def _section_url(edition: Edition, section: str) -> str:
    return f"{edition.origin}/{slug(section)}"
