"""The mediatech family (Cao Bằng, Tây Ninh ...): broken tree, named entities, JSON listing.

Reading order and class names follow the notes on baotayninh.vn and baocaobang.vn; the text is ours.
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

from scraper.demo import furniture
from scraper.demo.cms.mediatech_text import detail, entities, named_attribute
from scraper.demo.edition import Document, robots
from scraper.demo.furniture import attribute
from scraper.demo.payload import Clock, Part, assemble
from scraper.demo.stories import slug

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from datetime import datetime

    from scraper.demo.edition import Edition
    from scraper.demo.stories import Story

_ARTICLE = re.compile(r"^/(?:[\w-]+/)?[\w-]+-(\d+)\.html$", re.ASCII)
#: The listing call's own numbers of the sections.
CATEGORIES = {
    "Thời sự": 57,
    "Chính trị": 58,
    "Kinh tế": 59,
    "Thế giới": 60,
    "Xã hội": 61,
    "Văn hóa": 62,
    "Thể thao": 64,
    "Quốc phòng - An ninh": 67,
    "Pháp luật": 68,
}


def article_paths(story: Story) -> tuple[str, ...]:
    """Without and with the section; the first is canonical."""
    plain = f"/{story.slug}-{story.number}.html"
    return plain, f"/{slug(story.section)}{plain}"


def article_number(path: str) -> int | None:
    """The number at the end of the slug."""
    match = _ARTICLE.match(path)
    return int(match[1]) if match else None


def article(edition: Edition, story: Story) -> Iterator[Part]:
    """The article page."""
    yield _head(edition, story.title, story)
    yield edition.shared("assets", _assets)
    yield f"</head>\n<body>\n{_page_info(edition, story)}"
    yield from _header(edition)
    yield (
        '<div class="main-news mt-3"><div class="container"><div class="main-content">\n'
        '<div class="head-main d-flex detail-brea"><div class="breadcrumbs">'
        '<ol class="breadcrumb clearfix"><li class="active">'
        f'<a href="/{_section_slug(story.section)}">{entities(story.section)}</a></li></li></ol></div>\n'
        '<div class="title-time ml-auto d-none d-md-block">'
    )
    yield Clock(_title_time)
    yield (
        '</div></div>\n<div class="main-two-column"><div class="main-left">\n'
        '<div class="content-article livenews">\n'
        f'<h1 class="name font1">\n\t\t\t{entities(story.title)}\t\t</h1>\n'
        f"{_date_line(story)}{_social(edition, story)}{detail(story)}{_topics(story)}"
    )
    yield edition.shared("comments", _comments)
    yield "</div>\n"
    key, related = edition.neighbours(story)
    yield edition.shared(f"related {key}", lambda: _related(edition, related))
    yield "</div>\n"
    yield from _below(edition)


def missing(edition: Edition) -> Iterator[Part]:
    """The 404 page."""
    yield _head(edition, "Không tìm thấy trang", None)
    yield edition.shared("assets", _assets)
    yield "</head>\n<body>\n"
    yield from _header(edition)
    yield '<div class="main-news"><div class="main-two-column"><h2>Không tìm thấy trang bạn yêu cầu</h2>\n'
    yield from _below(edition)


def document(edition: Edition, path: str, query: Mapping[str, str]) -> Document | None:
    """robots.txt, the JSON listing, the home page and the section pages."""
    if path == "/robots.txt":
        return robots(
            ["User-agent: *", "Disallow: /search", "Disallow: /tags", "Disallow: /print/"]
        )
    if path == "/list-post-by-category":
        return _json_listing(edition, query)
    if path == "/":
        return edition.html(_listing(edition, edition.masthead.name, edition.stories[:12]))
    section = edition.section_slugs.get(path[1:].lower())
    if section is None:
        return None
    return edition.html(_listing(edition, section, edition.page(section, 1)))


def _json_listing(edition: Edition, query: Mapping[str, str]) -> Document | None:
    """One page of a section as Laravel pages things; links are relative or absolute, as they come."""
    numbers = {str(number): name for name, number in CATEGORIES.items()}
    section = numbers.get(query.get("category_id", ""))
    page = query.get("page", "1")
    if section not in edition.by_section or not page.isdecimal():
        return None
    answer = {
        "current_page": int(page),
        "data": [_json_item(edition, story) for story in edition.page(section, int(page))],
        "per_page": edition.page_size,
        "last_page": edition.page_count(section),
        "total": len(edition.by_section[section]),
    }
    return Document(
        payload=assemble([json.dumps(answer)]),
        content_type="application/json",
        modified=edition.newest.published,
    )


def _json_item(edition: Edition, story: Story) -> dict[str, object]:
    plain, sectioned = article_paths(story)
    return {
        "id": story.number,
        "title": story.title,
        "link": sectioned if story.number % 2 else edition.origin + plain,
        "thumb": furniture.image_path(story, 0),
        "description": furniture.cut(story.lead, 120),
        "published_at": f"{story.published:%Y-%m-%d %H:%M:%S}",
    }


def _head(edition: Edition, title: str, story: Story | None) -> str:
    name = edition.masthead.name
    rest = "" if story is None else _article_head(edition, story)
    return (
        '<!DOCTYPE html>\n<html lang="" class="desktop header-fixed layout_style_1">\n\n</html>\n\n'
        '<head>\n<meta charset="utf-8">\n<meta name="author" content="MEDIATECH" />\n'
        f'<meta name="copyright" content="{attribute(name.upper())}" />\n'
        f"<title>{furniture.text(title)}</title>\n{rest}"
    )


def _article_head(edition: Edition, story: Story) -> str:
    description = attribute(furniture.cut(story.lead, 150))
    ld = {
        "@context": "https://schema.org",
        "@type": "NewsArticle",
        "headline": entities(story.title),
        "description": entities(furniture.cut(story.lead, 150)),
        "datePublished": f"{story.published:%Y-%m-%d %H:%M:%S}",
        "dateModified": furniture.zulu(story.published),
        "author": {"@type": "Person", "name": f"{edition.masthead.key}tv"},
        "articleSection": story.section.encode("ascii", "xmlcharrefreplace").decode(),
    }
    return (
        f'<meta name="description" content="{description}">\n'
        f'<link rel="canonical" href="{edition.url(story)}">\n'
        f'<meta property="og:title" content="{attribute(story.title)}">\n'
        f'<meta property="og:description" content="{description}">\n'
        '<meta property="og:type" content="website">\n'
        f'<meta property="og:url" content="{edition.url(story)}">\n'
        f'<script type="application/ld+json">\n{json.dumps(ld, ensure_ascii=False, indent=4)}\n</script>\n'
    )


def _assets() -> str:
    return furniture.stylesheet("#a5161d", steps=60) + furniture.ad_script(40)


def _page_info(edition: Edition, story: Story) -> str:
    section = furniture.text(story.section)
    return (
        '<section class="page-info d-none">\n<div id="site-id">4</div>\n'
        f'<div id="cate-id">{CATEGORIES[story.section]}</div>\n<div id="cate-title">{section} /</div>\n'
        f'<div id="cate-url">/{_section_slug(story.section)}</div>\n'
        f'<div id="post-id">{story.number}</div>\n'
        f'<div id="article-title">{furniture.text(story.title)}</div>\n'
        f'<div id="article-url">{edition.url(story)}</div>\n<div id="article-type">news</div>\n</section>\n'
    )


def _header(edition: Edition) -> Iterator[Part]:
    yield '<header>\n<div class="extra-menu d-none d-md-block"><ul class="navbar-nav mr-auto">\n<li>'
    yield Clock(lambda now: f"{furniture.weekday_number(now)} ngày {now:%d/%m/%Y}")
    yield edition.shared("header", lambda: _header_rest(edition))


def _header_rest(edition: Edition) -> str:
    name = edition.masthead.name
    paths = [(f"/{_section_slug(section)}", section) for section in edition.masthead.sections]
    return (
        '</li>\n<li>Hotline: <a href="tel:02060000000">0206 000 0000</a></li>\n'
        '<li><a href="/gioi-thieu">Giới thiệu</a></li></ul></div>\n'
        f'<a class="logo" href="/">{furniture.text(name)} điện tử</a>\n'
        f"{furniture.menu(edition, paths, 'navbar-nav main-menu')}"
        f"{furniture.menu(edition, paths, 'navbar-nav mobile-menu d-md-none')}</header>\n"
        '<section class="main-body">\n<div class="container"><div class="trending">'
        '<a href="/tags/hoc-va-lam-theo-bac">#Học và làm theo Bác</a> '
        '<a href="/tags/xay-dung-nong-thon-moi">#Xây dựng nông thôn mới</a></div>\n'
        '<div class="weather"><div class="weather-today">'
        f'<span class="wname">{furniture.text(edition.masthead.province)}</span>'
        '<span class="wline mr-1">, </span><span class="wtoday">24°C</span></div></div></div>\n'
    )


def _title_time(now: datetime) -> str:
    return f"{furniture.weekday_number(now)}, {now:%d/%m/%Y %H:%M} [(GMT +7)]"


def _date_line(story: Story) -> str:
    when = story.published
    return (
        '<div class="text_to_audio"></div>\n<div class="date font5 text-six d-flex align-items-center">'
        f"{furniture.weekday_number(when)}, {when:%d/%m/%Y | %H:%M:%S} [GMT +7] "
        '<span class="d-inline d-md-none ml-auto"><span class="font-default font3">A</span>&nbsp; '
        '<span class="font-up font1">A</span></span></div>\n'
    )


def _social(edition: Edition, story: Story) -> str:
    return (
        '<div class="social mt-2 d-flex align-items-center"><div class="print_page">'
        f'<span class="btn btn_print" data-url="/print/news/{story.number}"><i class="fa fa-print"></i> In'
        '</span></div> <span class="share">Chia sẻ</span> <div class="googlenew"><a class="google-news" '
        f'href="/google-news">Theo dõi {furniture.text(edition.masthead.name)} trên Google News</a>'
        "</div></div>\n"
    )


def _topics(story: Story) -> str:
    links = ", ".join(
        f'<a href="/tags/{slug(tag)}">{furniture.text(tag)}</a>' for tag in story.tags
    )
    label = "Từ khóa: " if links else ""
    return f'<div class="topics">{label}{links}</div>\n<div class="relates"></div>\n'


def _comments() -> str:
    return (
        '<section class="box-comments p-0 mt-3">\n'
        '<h3 class="comments-heading">Phản hồi (<span class="total-comment"></span>)</h3>\n'
        '<div class="comments-area allow-not-login"><textarea class="input-message rounded-0" name="message" '
        'placeholder="Ý kiến bạn đọc"></textarea><label>Ý kiến bạn đọc</label>\n'
        '<span class="input-alert"><span class="input-counter">0</span> / '
        '<span class="input-max">500</span> ký tự</span>\n'
        '<input placeholder="Email"><input placeholder="Họ tên"><button type="button" value="Gửi">Gửi</button>\n'
        '<div class="comments-filter d-none"><a href="javascript:;" class="active" data-filter="like">'
        'Quan tâm nhất</a> <a href="javascript:;" data-filter="time">Mới nhất</a></div>\n'
        '<div class="comments-list" id="comments-list"></div></div></section>\n'
    )


def _related(edition: Edition, stories: Iterable[Story]) -> str:
    chosen = tuple(stories)
    half = len(chosen) // 2
    return _box("Các tin khác", edition, chosen[:half]) + _box(
        "Cùng chuyên mục", edition, chosen[half:]
    )


def _box(title: str, edition: Edition, stories: Iterable[Story]) -> str:
    cards = "".join(_card(edition, story) for story in stories)
    return (
        '<div class="block-content block-news-list mt-3" data-nosnippet><h2 class="title mb-3">'
        f'<a href="javascript:;"><span class="main-title">{title}</span></a></h2>\n'
        f'<div class="body-block card-border-bottom">\n{cards}</div></div>\n'
    )


def _card(edition: Edition, story: Story) -> str:
    plain, sectioned = article_paths(story)
    address = sectioned if story.number % 2 else edition.origin + plain
    title = furniture.text(story.title)
    return (
        '<article class="card card-style-horizontal thumb-left">'
        f'<a href="{address}"><img class="card-img" src="{furniture.image_path(story, 0)}" '
        f'alt="{named_attribute(story.title)}" /></a>\n'
        f'<h3 class="card-title" title="{named_attribute(story.title)}"><a href="{address}">'
        f'<span class="main-title">{title}</span></a></h3>\n'
        f'<div class="card-desc"><a href="{address}">{furniture.text(furniture.cut(story.lead, 110))}</a></div>\n'
        f'<div class="card-meta"><time class="card-time" rel="{story.published.timestamp():.0f}">'
        f'<i class="fa fa-clock-o"></i> {story.published:%H:%M | %d/%m/%Y} </time></div></article>\n'
    )


def _below(edition: Edition) -> Iterator[Part]:
    yield edition.shared("below", lambda: _below_text(edition))


def _below_text(edition: Edition) -> str:
    name = furniture.text(edition.masthead.name)
    options = "".join(
        f"<option>{name}</option>"
        for name in (
            f"Cổng thông tin điện tử tỉnh {edition.masthead.province}",
            "Báo Nhân Dân",
            "TTXVN",
        )
    )
    boxes = "".join(_box(section, edition, stories) for section, stories in edition.boxes)
    return (
        f'<aside class="main-right">{_box("Mới nhất", edition, edition.latest)}{boxes}</aside>\n'
        "</div></div></div></div></section>\n"
        '<footer><div class="footer-link"><div class="main-title">Liên kết website</div>'
        f"<select>{options}</select></div>\n"
        f'<div class="license">Giấy phép số 000/GP-BTTTT ngày 20/5/2017. Bản quyền thuộc {name}. '
        "Ghi rõ nguồn khi phát hành lại thông tin từ website này.</div></footer>\n</body>\n"
    )


def _listing(edition: Edition, title: str, stories: Iterable[Story]) -> Iterator[Part]:
    yield _head(edition, f"{title} - {edition.masthead.name}", None)
    yield edition.shared("assets", _assets)
    yield "</head>\n<body>\n"
    yield from _header(edition)
    cards = "".join(_card(edition, story) for story in stories)
    yield (
        '<div class="main-news"><div class="container"><div class="main-content"><div class="main-two-column">\n'
        f'<div class="main-left"><h1 class="category-title">{furniture.text(title)}</h1>\n'
        f'<div class="list-post">{cards}</div><a class="load-more" href="javascript:;">Xem thêm</a></div>\n'
    )
    yield from _below(edition)


def _section_slug(section: str) -> str:
    """Sections keep their capitals in addresses: ``Quoc-phong-An-ninh``."""
    parts = (slug(part) for part in section.split(" - "))
    return "-".join(part[:1].upper() + part[1:] for part in parts)
