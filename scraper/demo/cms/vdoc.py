"""The vdoc family (Cần Thơ, An Giang ...): ``?p=N`` listings, no lead, captions as centred text.

Reading order and class names follow the notes on baocantho.com.vn; the text is ours.
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

    from scraper.demo.edition import Edition
    from scraper.demo.payload import Part
    from scraper.demo.stories import Story

_ARTICLE = re.compile(r"^/(?:print/)?[\w-]+-a(\d+)\.html$", re.ASCII)
_FEED = re.compile(r"^/rss/cate/([\w-]+)/$", re.ASCII)
#: Listings link this many pages although more exist (measured: 5 on baocantho.com.vn).
_LINKED_PAGES = 5
_FEED_LENGTH = 10
#: Of the slug, this many characters are kept.
_SLUG_LENGTH = 100
#: Linked from every page and disallowed by robots.txt: a crawler that obeys never asks for it.
DRAFT_PATH = "/ban-nhap-lich-truc-toa-soan-a190001.html"
CRAWL_DELAY_S = 0.05


def article_paths(story: Story) -> tuple[str, ...]:
    """At the root, and the print copy."""
    plain = f"/{story.slug[:_SLUG_LENGTH].rstrip('-')}-a{story.number}.html"
    return plain, f"/print{plain}"


def article_number(path: str) -> int | None:
    """The number after ``-a``."""
    match = _ARTICLE.match(path)
    return int(match[1]) if match else None


def article(edition: Edition, story: Story) -> Iterator[Part]:
    """The article page."""
    yield _head(edition, story.title, story)
    yield edition.shared("above", lambda: _above(edition))
    yield (
        '<div id="colcate1"><div id="topcate"><div class="titlecate"><h1>'
        f'<a href="{_section_url(edition, story.section)}">{furniture.text(story.section)}</a> &gt; '
        f'<a href="{_section_url(edition, story.section)}tin-tuc/">Tin tức</a></h1></div>\n'
        f'<div class="divpubdate"><span class="pubdate">{story.published:%d/%m/%Y - %H:%M}</span></div></div>\n'
        f'{_share("Chia sẻ")}<div id="newsdetail">\n'
        f'<h1 class="fw700 margintopbot10">{furniture.text(story.title)}</h1>\n'
        f'<div id="newscontents"><div class="content-fck">\n{"".join(_blocks(edition, story))}'
        f"{_byline(story)}</div></div>\n"
    )
    yield f'<a class="print" href="{article_paths(story)[1]}">In bài</a>\n{_tags(story)}'
    yield edition.shared("comment", _comment_form)
    key, related = edition.neighbours(story)
    yield edition.shared(f"related {key}", lambda: _read_on(edition, related))
    yield f"</div></div>\n{_focus(edition, story)}"
    yield edition.shared("below", lambda: _below(edition))


def missing(edition: Edition) -> Iterator[Part]:
    """The 404 page."""
    yield _head(edition, "Không tìm thấy nội dung", None)
    yield edition.shared("above", lambda: _above(edition))
    yield '<div id="colcate1"><h2>Nội dung bạn tìm không còn hoặc đã được chuyển đi</h2></div>\n'
    yield edition.shared("below", lambda: _below(edition))


def document(edition: Edition, path: str, query: Mapping[str, str]) -> Document | None:
    """robots.txt, the home page, the sections with ``?p=N``, their feeds and the draft."""
    if path == "/robots.txt":
        lines = [
            "User-agent: *",
            f"Crawl-delay: {CRAWL_DELAY_S}",
            "Disallow: /ban-nhap-",
            "Disallow: /print/",
        ]
        return robots(lines)
    if path == "/":
        name = f"{edition.masthead.name} Online"
        return edition.html(_listing(edition, name, edition.stories[:12], ""))
    if path == DRAFT_PATH:
        return edition.html(_draft(edition))
    if match := _FEED.match(path):
        return _feed(edition, match[1])
    return _section_page(edition, path.strip("/"), query.get("p", "1"))


def _feed(edition: Edition, section_slug: str) -> Document | None:
    section = edition.section_slugs.get(section_slug)
    if section is None:
        return None
    stories = edition.by_section[section][:_FEED_LENGTH]
    return edition.xml(furniture.rss(edition, f"{section} - {edition.masthead.name}", stories))


def _section_page(edition: Edition, section_slug: str, page: str) -> Document | None:
    section = edition.section_slugs.get(section_slug)
    if section is None or not page.isdecimal():
        return None
    paging = _paging(edition, section, int(page))
    return edition.html(_listing(edition, section, edition.page(section, int(page)), paging))


def _head(edition: Edition, title: str, story: Story | None) -> str:
    name = edition.masthead.name
    rest = "" if story is None else _article_head(edition, story)
    return (
        f'<!DOCTYPE html>\n<html lang="vi">\n<head>\n<title>{furniture.text(title)} - {name} Online</title>\n'
        '<meta http-equiv="Content-Type" content="text/html; charset=utf-8" />\n'
        f'<meta name="Keywords" content="{attribute(name)} online, thời sự xã hội" />\n'
        f'<meta name="robots" content="index,follow" />\n{rest}'
    )


def _article_head(edition: Edition, story: Story) -> str:
    description = attribute(furniture.cut(story.lead, 150))
    ld = {
        "@context": "https://schema.org",
        "@type": "NewsArticle",
        "mainEntityOfPage": {"@type": "WebPage", "@id": edition.url(story)},
        "name": story.title,
        "datePublished": f"{story.published:%Y-%m-%d}",
        "dateModified": f"{story.published:%Y-%m-%d}",
        "author": {"@type": "Person", "name": edition.masthead.name},
    }
    return (
        f'<meta name="Description" content="{description}" />\n'
        f'<link rel="canonical" href="{edition.url(story)}" />\n'
        f'<meta property="og:title" content="{attribute(story.title)}" />\n'
        f'<meta property="og:description" content="{description}" />\n'
        f'<meta property="og:url" content="{edition.url(story)}" />\n'
        f'<script type="application/ld+json">{json.dumps(ld, ensure_ascii=False)}</script>\n'
    )


def _above(edition: Edition) -> str:
    paths = [(f"/{key}/", name) for key, name in edition.section_slugs.items()]
    ticker = "".join(f"<li>{_link(edition, story)}</li>" for story in edition.stories[:5])
    return (
        f"{furniture.stylesheet('#0b5d3b', steps=60)}{furniture.ad_script(30)}</head>\n<body>\n"
        '<div class="wapperheader">'
        f'<a class="navbar-brand" href="/">{furniture.text(edition.masthead.name)}</a>'
        '<div class="h-mobi-lang"><span>TIẾNG VIỆT</span></div>\n'
        f"{furniture.menu(edition, paths, 'nav-mobi nav navbar-nav')}"
        f"{furniture.menu(edition, paths, 'list-bc')}</div>\n"
        f'<div class="ticker"><b>Dòng sự kiện</b><ul>{ticker}</ul></div>\n<div id="wrapper">\n'
    )


def _share(label: str) -> str:
    return (
        f'<div class="sharemxh"><span>{label}</span> <a href="javascript:void(0)">Zalo</a></div>\n'
    )


def _blocks(edition: Edition, story: Story) -> Iterator[str]:
    mark = f"{edition.masthead.dateline} " if edition.masthead.dateline else ""
    pictures = paragraphs = 0
    for block in story.blocks():
        if block.kind is BlockKind.FIGURE:
            yield _figure(story, block, pictures)
            pictures += 1
        elif block.kind is BlockKind.SUBHEAD:
            yield f"<p><strong>{furniture.text(block.text)}</strong></p>\n"
        elif block.kind is BlockKind.REPEATED_CAPTION:
            yield f"<p>{furniture.text(block.text)}</p>\n"
        else:
            paragraphs += 1
            yield f'<p style="text-align:justify">{mark}{furniture.text(block.text)}</p>\n'
            mark = ""
            if paragraphs == 2:  # noqa: PLR2004 - somewhere in the middle
                yield "<!-- <p>LƯU Ý: Ban biên tập sẽ sửa lại đoạn này trước khi xuất bản bài viết.</p> -->\n"


def _figure(story: Story, block: Block, position: int) -> str:
    return (
        f'<p style="text-align:center"><img src="{furniture.image_path(story, position)}" '
        f'alt="" width="640" /></p>\n'
        f'<p style="text-align:center"><em>{furniture.text(block.text)}</em></p>\n'
    )


def _byline(story: Story) -> str:
    if story.byline is None:
        return ""
    return f'<p style="text-align:right"><strong>{furniture.text(story.byline)}</strong></p>\n'


def _tags(story: Story) -> str:
    links = "".join(
        f'<a class="tag_item" href="/tim-kiem/{slug(tag)}.html">{furniture.text(tag)}</a> '
        for tag in story.tags
    )
    return (
        f'{_share("Chia sẻ bài viết")}<div class="block_tag"><span>Từ khóa</span> {links}</div>\n'
    )


def _comment_form() -> str:
    return (
        '<div id="comment"><h3>BÌNH LUẬN</h3>\n'
        "<!-- <p>LƯU Ý: Tòa soạn sẽ biên tập ý kiến của bạn đọc trước khi đăng và không chịu trách nhiệm "
        "về nội dung bình luận.</p> -->\n"
        '<label>Ý kiến của bạn</label><textarea name="content" placeholder="Ý kiến của bạn"></textarea>\n'
        '<input name="email" placeholder="Email"><input name="name" placeholder="Họ tên">'
        '<input name="captcha" placeholder="Mã xác nhận"><button type="button">Gửi ý kiến</button>'
        '<div id="fcbcomment"></div></div>\n'
    )


def _read_on(edition: Edition, stories: Iterable[Story]) -> str:
    items = "".join(
        f"<li>{_link(edition, story)}<span>{story.published:%d/%m/%Y}</span></li>\n"
        for story in stories
    )
    return f'<div class="detail-related"><h3>Đọc thêm</h3><ul>\n{items}</ul></div>\n'


def _focus(edition: Edition, story: Story) -> str:
    """The box that prints the article's own headline a second time."""
    return (
        '<div id="colcate2"><div class="box160"><div class="topbox160"><h2>Tiêu điểm</h2></div>'
        f"<ul><li>{_link(edition, story)}</li></ul></div>\n"
    )


def _below(edition: Edition) -> str:
    read = "".join(f"<li>{_picture_link(edition, story)}</li>\n" for story in edition.latest)
    boxes = "".join(_section_box(edition, name, stories) for name, stories in edition.boxes)
    name = furniture.text(edition.masthead.name)
    return (
        f'<div class="box160"><div class="topbox160"><h2>Đọc nhiều</h2></div><ul>\n{read}'
        f'<li><a href="{edition.origin}{DRAFT_PATH}">Lịch trực tòa soạn</a></li></ul></div></div>\n{boxes}</div>\n'
        f'<div class="footer-bot"><div class="i-title">Bản quyền của {name}</div>\n'
        "<p>Giấy phép số 000/GP-BTTTT, do Bộ Thông tin và Truyền thông cấp ngày 02-12-2021</p>\n"
        f'<p>Ghi rõ nguồn "{name}" khi phát hành lại thông tin từ website này</p>\n'
        '<p class="vdoc">Phát triển bởi: <a rel="nofollow" href="/vdoc">vdoc.com.vn</a></p></div>\n'
        "</body>\n</html>\n"
    )


def _section_box(edition: Edition, section: str, stories: Iterable[Story]) -> str:
    items = "".join(
        f"<li>{_picture_link(edition, story)}"
        f'<p class="txt desc">{furniture.text(furniture.cut(story.lead, 130))}</p></li>\n'
        for story in stories
    )
    return (
        f'<div class="box300"><div class="topbox300"><a href="{_section_url(edition, section)}">'
        f'<h2>{furniture.text(section)}</h2></a></div><ul class="list-news">\n{items}</ul></div>\n'
    )


def _link(edition: Edition, story: Story) -> str:
    title = furniture.text(story.title)
    return f'<a title="{attribute(story.title)}" href="{edition.url(story)}">{title}</a>'


def _picture_link(edition: Edition, story: Story) -> str:
    return (
        f'<a href="{edition.url(story)}"><img src="{furniture.image_path(story, 0)}" width="160" '
        f'alt="{attribute(story.title)}" title="{attribute(story.title)}" /></a> {_link(edition, story)}'
    )


def _listing(
    edition: Edition, title: str, stories: tuple[Story, ...], paging: str
) -> Iterator[Part]:
    yield _head(edition, f"Trang thông tin về {title.upper()}", None)
    yield edition.shared("above", lambda: _above(edition))
    items = "".join(
        f'<li class="news-img-left news-img"><a class="b-title" href="{edition.url(story)}">'
        f'<h3 class="marginbottom5 fs18">{furniture.text(story.title)}&nbsp;</h3></a>'
        f'<p class="b-content txt">{furniture.text(furniture.cut(story.lead, 140))}</p></li>\n'
        for story in stories
    )
    yield (
        f'<div id="colcate1"><div id="topcate"><div class="titlecate"><h1>{furniture.text(title)}</h1></div></div>\n'
        f'<ul class="list-news-img-style-1">\n{items}</ul>\n{paging}</div>\n<div id="colcate2">'
    )
    yield edition.shared("below", lambda: _below(edition))


def _paging(edition: Edition, section: str, current: int) -> str:
    base = _section_url(edition, section).rstrip("/")
    last = min(edition.page_count(section), _LINKED_PAGES)
    items = "".join(
        f"<li><b>{page}</b></li>"
        if page == current
        else f'<li><a href="{base}?p={page}">{page}</a></li>'
        for page in range(1, last + 1)
    )
    return f'<div class="fright" id="page"><ul>{items}<li><a href="{base}?p={last}">&raquo;</a></li></ul></div>\n'


def _section_url(edition: Edition, section: str) -> str:
    return f"{edition.origin}/{slug(section)}/"


def _draft(edition: Edition) -> Iterator[Part]:
    yield _head(edition, "Lịch trực tòa soạn", None)
    yield edition.shared("above", lambda: _above(edition))
    yield (
        '<div id="colcate1"><div id="newscontents"><div class="content-fck">'
        "<p>Bản nháp nội bộ, không dành cho bạn đọc.</p></div></div></div>\n"
    )
    yield edition.shared("below", lambda: _below(edition))
