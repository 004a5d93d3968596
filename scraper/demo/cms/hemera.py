"""The hemera family (Lào Cai, Hà Tĩnh ...): bare ``<div>`` paragraphs, zoned times, sitemaps.

Reading order and class names follow the notes on baolaocai.vn; the text is ours.
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

from scraper.demo import furniture
from scraper.demo.edition import Document, robots
from scraper.demo.furniture import attribute
from scraper.demo.stories import Block, BlockKind, slug

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from datetime import datetime

    from scraper.demo.edition import Edition
    from scraper.demo.payload import Part
    from scraper.demo.stories import Story

_ARTICLE = re.compile(r"^/[\w-]+-post(\d+)\.html$", re.ASCII)
_YEAR_MAP = re.compile(r"^/sitemaps/news-(\d{4})\.xml$", re.ASCII)
_NEWS_MAP_LENGTH = 10
_FIRST_SYLLABLES = ("Đăk", "Ia", "Kon", "Nậm", "Phù", "Bản", "Chư", "Mường", "Plei", "Tà")
_LAST_SYLLABLES = ("Rin", "Mơ Nông", "Trang", "Nham", "Lót", "Păng", "Sao", "Khoa", "Tơ Re")


def article_paths(story: Story) -> tuple[str, ...]:
    """At the root only."""
    return (f"/{story.slug}-post{story.number}.html",)


def article_number(path: str) -> int | None:
    """The number after ``-post``."""
    match = _ARTICLE.match(path)
    return int(match[1]) if match else None


def article(edition: Edition, story: Story) -> Iterator[Part]:
    """The article page."""
    yield _head(edition, story.title, story)
    yield edition.shared("above", lambda: _above(edition))
    yield (
        '<div class="site-body"><div class="container detail">\n'
        f'<div class="breadcrumbs"><h2 class="main"><a href="{_section_url(edition, story.section)}" '
        f'title="{attribute(story.section)}" class="active">{furniture.text(story.section)}</a></h2></div>\n'
        '<div class="col"><div class="main-col content-col"><div class="article">\n'
        f'<h1 class="article__title cms-title "> {furniture.text(story.title)} </h1>\n'
        f"{_meta_row(edition, story)}{_sapo(story)}"
        '<div class="article__body zce-content-body cms-body" itemprop="articleBody">\n'
        f"{''.join(_blocks(story))}{_byline(story)}"
        '<div id="sdaWeb_SdaArticleAfterBody" class="rennab" style="display:none"></div></div>\n'
        f"{_tags(edition, story)}{_share(edition, story)}"
        f'<div class="wrap-comment" id="comment{story.number}" data-id="{story.number}"></div></div></div>\n'
    )
    key, related = edition.neighbours(story)
    yield edition.shared(f"related {key}", lambda: _hot_news("Đọc nhiều", edition, related))
    yield edition.shared("below", lambda: _below(edition))


def missing(edition: Edition) -> Iterator[Part]:
    """The 404 page."""
    yield _head(edition, "404", None)
    yield edition.shared("above", lambda: _above(edition))
    yield '<div class="site-body"><div><div><p>Đường dẫn không tồn tại.</p>\n'
    yield edition.shared("below", lambda: _below(edition))


def document(edition: Edition, path: str, query: Mapping[str, str]) -> Document | None:
    """robots.txt, the sitemaps, the home page and the sections with ``?page=N``."""
    if path == "/robots.txt":
        return robots(_robots_lines(edition))
    if path == "/sitemap.xml":
        return edition.xml(furniture.sitemap(_year_maps(edition), root="sitemapindex"))
    if path == "/news-sitemap.xml":
        return edition.xml(_news_sitemap(edition))
    if match := _YEAR_MAP.match(path):
        return _year_map(edition, int(match[1]))
    if path == "/":
        return edition.html(_listing(edition, edition.masthead.name, edition.stories[:12], None))
    return _section_page(edition, path, query.get("page", "1"))


def _robots_lines(edition: Edition) -> list[str]:
    return [
        "User-agent: *",
        "Disallow: /search/",
        "Disallow: /api/",
        f"Sitemap: {edition.origin}/sitemap.xml",
        f"Sitemap: {edition.origin}/news-sitemap.xml",
    ]


def _year_maps(edition: Edition) -> Iterator[tuple[str, datetime]]:
    changed: dict[int, datetime] = {}
    for story in edition.stories:
        changed.setdefault(story.published.year, story.published)
    for year, last in changed.items():
        yield f"{edition.origin}/sitemaps/news-{year}.xml", last


def _year_map(edition: Edition, year: int) -> Document | None:
    stories = [story for story in edition.stories if story.published.year == year]
    if not stories:
        return None
    return edition.xml(furniture.sitemap((edition.url(x), x.published) for x in stories))


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
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        '<urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9" '
        'xmlns:news="http://www.google.com/schemas/sitemap-news/0.9">\n'
        f"{rows}</urlset>\n"
    )


def _section_page(edition: Edition, path: str, page: str) -> Document | None:
    section = edition.section_slugs.get(path.strip("/"))
    if section is None or not path.endswith("/") or not page.isdecimal():
        return None
    stories = edition.page(section, int(page))
    following = int(page) + 1 if int(page) < edition.page_count(section) else None
    return edition.html(_listing(edition, section, stories, following))


def _head(edition: Edition, title: str, story: Story | None) -> str:
    name = f"{edition.masthead.name} điện tử"
    rest = "" if story is None else _article_head(edition, story)
    return (
        f'<!DOCTYPE html> <html lang="vi"> <head> <title>{furniture.text(title)} | {name}</title>\n'
        '<meta http-equiv="Content-Type" content="text/html; charset=utf-8" />\n'
        f'<meta name="author" content="{name}" /> <meta name="copyright" content="Copyright © 2026 by {name}" />\n'
        f'<meta property="og:site_name" content="{name}"/>\n{rest}'
    )


def _article_head(edition: Edition, story: Story) -> str:
    when = f"{story.published:%Y-%m-%dT%H:%M:%S%z}"
    description = attribute(story.lead)
    properties = {
        "og:type": "article",
        "og:url": edition.url(story),
        "og:title": story.title,
        "og:description": story.lead,
        "article:section": story.section,
        "article:published_time": when,
        "article:modified_time": when,
    }
    tags = "".join(
        f'<meta property="article:tag" content="{attribute(tag)},"/>\n' for tag in story.tags
    )
    metas = "".join(
        f'<meta property="{key}" content="{attribute(value)}"/>\n'
        for key, value in properties.items()
    )
    organisation = {
        "@context": "http://schema.org",
        "@type": "Organization",
        "name": f"{edition.masthead.name} điện tử",
        "url": edition.origin,
        "foundingDate": "1963",
    }
    return (
        f'<meta name="description" content="{description}"/>\n'
        f'<link rel="canonical" href="{edition.url(story)}" />\n{metas}{tags}'
        f'<script type="application/ld+json"> {json.dumps(organisation, ensure_ascii=False)} </script>\n'
    )


def _above(edition: Edition) -> str:
    paths = [(f"/{key}/", name) for key, name in edition.section_slugs.items()]
    name = furniture.text(edition.masthead.name)
    return (
        f"{furniture.stylesheet('#b3261e', steps=60)}{furniture.ad_script(40)}</head>\n"
        '<body class=""> <header class="site-header "> <div class="container"> <div class="top-header">\n'
        '<a href="javascript:void(0);" id="today"></a> '
        '<a href="tel:02140000000">Hotline: 0214 000 000</a> '
        '<a href="#">Liên hệ quảng cáo</a> <a href="#">English</a> <a href="#">中文</a></div>\n'
        f'<a class="logo" href="/" title="{name}">{name} điện tử</a>\n'
        f"{furniture.menu(edition, paths, 'menu')}</div></header>\n"
    )


def _meta_row(edition: Edition, story: Story) -> str:
    when = f"{story.published:%Y-%m-%dT%H:%M:%S%z}"
    return (
        f'<div class="article__meta"> <div class="row"> <time class="time" datetime="{when}">'
        f'<i class="ic-calendar"></i><span data-time="{story.published.timestamp():.0f}" data-format="long">'
        f"{story.published:%d/%m/%Y %H:%M}</span></time> "
        f'<meta class="cms-date" itemprop="datePublished" content="{when}"> </div>\n'
        f"{_share_row(edition)}</div>\n"
    )


def _share(edition: Edition, story: Story) -> str:
    return f'<div class="article__meta" data-id="{story.number}">{_share_row(edition)}</div>\n'


def _share_row(edition: Edition) -> str:
    return (
        '<div class="row"><div class="social social-share"> '
        '<a href="javascript:void(0);" class="tw" title="Chia sẻ qua Twitter">Chia sẻ qua Twitter</a> '
        '<a href="javascript:void(0);" class="print sendprint" title="In bài viết">In bài viết</a> '
        '<a href="javascript:void(0);" class="mail sendmail">Chia sẻ qua Email</a> </div> '
        f'<a class="gg-news" href="#"> <span>Theo dõi {furniture.text(edition.masthead.name)} trên</span> '
        "Google News</a></div>"
    )


def _sapo(story: Story) -> str:
    if story.sapo is None:
        return ""
    return (
        '<div class="article__sapo cms-desc"> <i class="news-icon"></i> '
        f"{furniture.text(story.sapo)} </div>\n"
    )


def _blocks(story: Story) -> Iterator[str]:
    pictures = paragraphs = 0
    for block in story.blocks():
        if block.kind is BlockKind.FIGURE:
            yield _figure(story, block, pictures)
            pictures += 1
        elif block.kind is BlockKind.SUBHEAD:
            yield f"<div> <strong>{furniture.text(block.text)}</strong>\n</div>\n"
        elif block.kind is BlockKind.REPEATED_CAPTION:
            yield f"<div> {furniture.text(block.text)}\n</div>\n"
        else:
            paragraphs += 1
            yield f"<div> {furniture.text(block.text)}&nbsp;\n</div>\n"
            if paragraphs % 3 == 0:
                yield _advert(paragraphs // 3)


def _advert(number: int) -> str:
    return (
        f'<div class="sda_middle"> <div id="sdaWeb_SdaArticleMiddle{number}" class="rennab fyi" '
        f'data-platform="1" data-position="Web_SdaArticleMiddle{number}"> </div>\n</div>\n'
    )


def _figure(story: Story, block: Block, position: int) -> str:
    picture = (
        f'<img class="cms-photo" src="{furniture.image_path(story, position)}" '
        f'alt="{attribute(block.text)}" width="800">'
    )
    caption = furniture.text(block.text)
    if story.number % 2:
        return (
            f'<table class="picture" align="center"><tbody><tr><td class="pic">{picture}</td></tr>'
            f'<tr><td class="caption">{caption}</td></tr></tbody></table>\n'
        )
    return f'<figure class="picture">{picture}<figcaption>{caption}</figcaption></figure>\n'


def _byline(story: Story) -> str:
    if story.byline is None:
        return ""
    return f'<div class="t1"> <span class="t2">{furniture.text(story.byline)}</span>\n</div>\n'


def _tags(edition: Edition, story: Story) -> str:
    if not story.tags:
        return ""
    links = " ".join(
        f'<a href="{edition.origin}/tu-khoa/{slug(tag)}-tag{len(tag)}.html">#{furniture.text(tag)}</a>'
        for tag in story.tags
    )
    return (
        '<div class="article__tags"> <h3 class="box-heading"> <span class="title">Từ khóa:</span> </h3> '
        f'<div class="box-content"> {links} </div> </div>\n'
    )


def _hot_news(title: str, edition: Edition, stories: Iterable[Story]) -> str:
    cards = "".join(_card(edition, story) for story in stories)
    return (
        '<div class="sub-col sidebar-right"> <section class="hot-news fyi-position"> '
        f'<h3 class="box-heading"> <span class="title">{title}</span> </h3>\n'
        f'<div class="box-content" data-source="mostread-news">\n{cards}</div> </section>\n'
    )


def _section_box(section: str, edition: Edition, stories: Iterable[Story]) -> str:
    cards = "".join(_card(edition, story) for story in stories)
    return (
        f'<section class="cate-news"> <h3 class="box-heading"> <a class="title" '
        f'href="{_section_url(edition, section)}">{furniture.text(section)}</a> </h3>\n{cards}</section>\n'
    )


def _card(edition: Edition, story: Story) -> str:
    url, title = edition.url(story), attribute(story.title)
    return (
        f'<article class="story"> <figure class="story__thumb"> <a class="cms-link" href="{url}" '
        f'title="{title}"> <img class="lazyload" src="{furniture.image_path(story, 0)}" alt="{title}"> '
        f'</a> </figure> <h2 class="story__heading" data-tracking="{story.number}"> '
        f'<a class="cms-link" href="{url}" title="{title}"> {furniture.text(story.title)} </a> </h2> </article>\n'
    )


def _below(edition: Edition) -> str:
    cards = "".join(_card(edition, story) for story in edition.latest)
    boxes = "".join(_section_box(section, edition, stories) for section, stories in edition.boxes)
    name = furniture.text(edition.masthead.name)
    return (
        f'<section class="latest-news"><h3 class="box-heading">Tin mới</h3>\n{cards}</section>\n{boxes}'
        f'<div class="local-news fyi-position"> <h3 class="box-heading"> <a class="title" href="#">'
        f'Tin địa phương</a> </h3>\n<div class="box-content"> <div class="district">\n{_communes()}</div></div></div>\n'
        "</div></div></div></div>\n"
        f'<footer class="site-footer container"> <a href="/" class="logo">{name} điện tử</a>\n'
        '<p>Giấy phép xuất bản số: <span class="bold">000/GP-BTTTT</span></p>\n'
        "<p>Bộ Thông tin và Truyền thông cấp ngày 22/03/2022</p>\n"
        '<p class="text"> Cấm sao chép dưới mọi hình thức nếu không có sự chấp thuận bằng văn bản. </p> </footer>\n'
        "</body> </html>\n"
    )


def _communes() -> str:
    """The list of the province's communes: ninety place names on every page."""
    names = [f"Xã {first} {last}" for first in _FIRST_SYLLABLES for last in _LAST_SYLLABLES]
    return "".join(
        f'<a data-id="{number}" href="/dia-phuong/{slug(name)}/{number}.html" title="{name}"> '
        f'<i class="ic-location"></i>{name} </a>\n'
        for number, name in enumerate(names, start=11)
    )


def _listing(
    edition: Edition, title: str, stories: Iterable[Story], following: int | None
) -> Iterator[Part]:
    yield _head(edition, title, None)
    yield edition.shared("above", lambda: _above(edition))
    cards = "".join(_card(edition, story) for story in stories)
    more = "" if following is None else f'<a class="loadmore" href="?page={following}">Xem thêm</a>'
    yield (
        f'<div class="site-body"><div class="container"><h1 class="cate-title">{furniture.text(title)}</h1>\n'
        f'<div class="col"><div class="main-col"><div class="timeline">\n{cards}</div>{more}</div>\n<div>'
    )
    yield edition.shared("below", lambda: _below(edition))


def _section_url(edition: Edition, section: str) -> str:
    return f"{edition.origin}/{slug(section)}/"
