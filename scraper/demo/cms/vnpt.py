"""The vnpt family (Thái Nguyên, Đắk Lắk ...): month in the address, hexadecimal ids, Word's markup.

Reading order and class names follow the notes on phuyen.baodaklak.vn and, for what was printed before
2016, on baodaklak.vn; the text is ours. How listings count their pages is not known: that is ours, too.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING
from urllib.parse import quote

from scraper.demo import furniture
from scraper.demo.edition import Document, robots
from scraper.demo.furniture import attribute
from scraper.demo.stories import Block, BlockKind, slug

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from scraper.demo.edition import Edition
    from scraper.demo.payload import Part
    from scraper.demo.stories import Story

_ARTICLE = re.compile(r"^/[\w-]+/\d{6}/[\w-]+-([0-9a-fA-F]{7})/?$", re.ASCII)
_SECTION = re.compile(r"^/([\w-]+)/(?:trang-(\d+)/)?$", re.ASCII)
#: Older items carry their id in capital letters.
_LOWER_CASE_SINCE = 2021
#: What is older was never moved into the new template.
_NEW_TEMPLATE_SINCE = 2016
#: The template's date: printed by every page, and true on none.
FIXED_DATE = "Thứ 2, 21/10/2024"
#: The host the paper had before; no such host exists.
OLD_HOST = "caonguyen.example"
CRAWL_DELAY_S = 0.05


def article_paths(story: Story) -> tuple[str, ...]:
    """Under section and month, with and without a slash at the end."""
    number = f"{story.number:07x}"
    if story.published.year < _LOWER_CASE_SINCE:
        number = number.upper()
    plain = f"/{slug(story.section)}/{story.published:%Y%m}/{story.slug}-{number}"
    return f"{plain}/", plain


def article_number(path: str) -> int | None:
    """The hexadecimal number at the end of the slug."""
    match = _ARTICLE.match(path)
    return int(match[1], 16) if match else None


def article(edition: Edition, story: Story) -> Iterator[Part]:
    """The article page."""
    yield _head(edition, story.title, _article_head(story))
    yield edition.shared("assets", _assets)
    yield f"</head>\n<body>\n{_page_info(edition, story)}"
    yield edition.shared("header", lambda: _header(edition))
    is_new = story.published.year >= _NEW_TEMPLATE_SINCE
    yield _new_article(edition, story) if is_new else _old_article(edition, story)
    yield _tags(edition, story)
    yield edition.shared("comment", _comment_form)
    key, related = edition.neighbours(story)
    yield edition.shared(f"related {key}", lambda: _related(edition, related))
    yield edition.shared("below", lambda: _below(edition))


def missing(edition: Edition) -> Iterator[Part]:
    """The 404 page."""
    yield _head(edition, "Không tìm thấy trang", "")
    yield edition.shared("assets", _assets)
    yield "</head>\n<body>\n"
    yield edition.shared("header", lambda: _header(edition))
    yield "<p>Trang bạn tìm không tồn tại hoặc đã được chuyển đi.</p>\n"
    yield edition.shared("below", lambda: _below(edition))


def document(edition: Edition, path: str, query: Mapping[str, str]) -> Document | None:
    """robots.txt, the home page, the sections with ``trang-N`` and the search."""
    if path == "/robots.txt":
        return robots(
            [
                "User-agent: *",
                f"Crawl-delay: {CRAWL_DELAY_S}",
                "Disallow: /common/",
                "Disallow: /file/",
            ]
        )
    if path == "/":
        return edition.html(
            _listing(edition, f"{edition.masthead.name} Online", edition.stories[:12], "")
        )
    if path == "/tim-kiem/":
        return _search(edition, query.get("key", ""), query.get("trang", "1"))
    match = _SECTION.match(path)
    section = edition.section_slugs.get(match[1]) if match else None
    if match is None or section is None:
        return None
    page = int(match[2] or 1)
    more = f"/{match[1]}/trang-{page + 1}/" if page < edition.page_count(section) else ""
    return edition.html(_listing(edition, section, edition.page(section, page), more))


def _search(edition: Edition, key: str, page: str) -> Document | None:
    """Stories that hold *key*, newest first; nothing is found for nothing."""
    if not page.isdecimal():
        return None
    wanted = " ".join(key.lower().split())
    found = [x for x in edition.stories if wanted and wanted in _searched(x)]
    start = (int(page) - 1) * edition.page_size
    end = start + edition.page_size
    more = f"/tim-kiem/?key={quote(key)}&trang={int(page) + 1}" if end < len(found) else ""
    title = f"Kết quả tìm kiếm: {key}"
    return edition.html(_listing(edition, title, found[start:end], more))


def _searched(story: Story) -> str:
    return " ".join((story.title, story.sapo or "", *story.tags, *story.body)).lower()


def _head(edition: Edition, title: str, rest: str) -> str:
    name = f"{edition.masthead.name} Online"
    return (
        f'<!DOCTYPE html>\n<html lang="vi">\n<head>\n<meta charset="utf-8">\n<title>{furniture.text(title)}'
        f' - {name}</title>\n<meta property="og:site_name" content="{name}">\n{rest}'
    )


def _article_head(story: Story) -> str:
    """Its og:url names the old host and the address the article had there; there is no canonical link.

    Every second article has no og:title either, which leaves the headline to be found on the page.
    """
    title = f'<meta property="og:title" content="{attribute(story.title)}">\n'
    description = attribute(furniture.cut(story.lead, 150))
    return (
        f'<meta name="description" content="{description}">\n'
        f"{'' if story.number % 2 else title}"
        f'<meta property="og:description" content="{description}">\n'
        f'<meta property="og:url" content="http://{OLD_HOST}/95/{story.number % 1_000_000}/{story.slug}/">\n'
        '<meta property="og:type" content="article">\n'
    )


def _assets() -> str:
    return furniture.stylesheet("#7a3b12", steps=60) + furniture.ad_script(40)


def _page_info(edition: Edition, story: Story) -> str:
    return (
        f'<div id="page_info" style="display:none"><span id="site">{furniture.text(edition.masthead.name)}</span>'
        f'<span id="cate">{furniture.text(story.section)}</span><span id="item">{story.number:07x}</span>'
        f'<span id="title">{furniture.text(story.title)}</span></div>\n'
    )


def _header(edition: Edition) -> str:
    """Header, the aside with the paper's name as the first ``h1.title``, and a page inside the page."""
    name = furniture.text(edition.masthead.name)
    province = furniture.text(edition.masthead.province)
    paths = [(f"/{key}/", section) for key, section in edition.section_slugs.items()]
    return (
        f'<header><div class="top-bar"><span class="date-now">{FIXED_DATE}</span> '
        f'<span class="weather">{province}, 22ºC</span></div>\n'
        f'<a class="logo" href="/">{name}</a>\n{furniture.menu(edition, paths, "menu-main")}</header>\n'
        f'<aside class="menu-mobile"><h1 class="title">{name} Online</h1>\n'
        f"<p>Cơ quan chủ quản: Tỉnh ủy {province}</p>\n"
        "<p>Giấy phép hoạt động báo chí số: 000/GP-BTTTT do Bộ Thông tin và Truyền thông cấp ngày 15/6/2021</p>\n"
        f"{furniture.menu(edition, paths, 'menu-side')}</aside>\n"
        '<main>\n<html>\n<head></head>\n<body>\n<div class="container"><div class="main-col">\n'
    )


def _new_article(edition: Edition, story: Story) -> str:
    reply = f'<p class="reply">{furniture.text(story.sapo)}</p>' if story.sapo else ""
    section = f"{edition.origin}/{slug(story.section)}/"
    return (
        '<nav class="group-category"><ol class="breadcrumb"><li class="breadcrumb-item"><a href="/">Trang chủ</a>'
        f'</li><li class="breadcrumb-item active"><a href="{section}">{furniture.text(story.section)}</a></li></ol>'
        f'</nav>\n<div class="group-time"><time class="time">{story.published:%H:%M, %d/%m/%Y}</time></div>\n'
        f'<div class="detail-main-title"><h1 class="title">{furniture.text(story.title)}</h1></div>\n'
        f'<div class="content-reply">{reply}</div>\n'
        '<div id="content" class="content-detail"><div class="td-post-content">\n'
        f"{_repeated_lead(story)}{''.join(_blocks(story))}{_byline(story)}</div></div>\n"
        '<div class="after-author"><p class="author">Bút danh</p></div>\n'
    )


def _old_article(edition: Edition, story: Story) -> str:
    """The template of the first years: the lead is the first paragraph, in bold."""
    lead = f"<p><strong>{furniture.text(story.sapo)}</strong></p>\n" if story.sapo else ""
    return (
        f'<a class="maincatetitle" href="{edition.origin}/{slug(story.section)}/">{furniture.text(story.section)}</a>\n'
        f'<div class="article_content"><h1 class="media-heading title5">{furniture.text(story.title)}</h1>\n'
        f'<div class="date">{story.published:%H:%M, %d/%m/%Y}</div>\n<div id="content">\n'
        '<ul class="social"><li>Chia sẻ</li><li>Bản in</li></ul><div class="bd02">Cỡ chữ A- A+</div>\n'
        f"{lead}{''.join(_blocks(story))}{_byline(story)}</div></div>\n"
    )


def _repeated_lead(story: Story) -> str:
    return _word(story.sapo) if story.sapo else ""


def _word(line: str) -> str:
    """A paragraph as pasted from Word."""
    return (
        '<p class="MsoNoSpacing" style="text-align:justify;text-indent:36.0pt">'
        '<!--?xml:namespace prefix = "o" ns = "urn:schemas-microsoft-com:office:office" /-->'
        f'<span lang="VI" style="font-size:14.0pt">{furniture.text(line)}<o:p></o:p></span></p>\n'
    )


def _blocks(story: Story) -> Iterator[str]:
    pictures = 0
    for block in story.blocks():
        if block.kind is BlockKind.FIGURE:
            yield _figure(story, block, pictures)
            pictures += 1
        elif block.kind is BlockKind.SUBHEAD:
            yield (
                f'<p class="MsoNoSpacing"><strong>{furniture.text(block.text)}<o:p></o:p></strong></p>\n'
            )
        else:
            yield _word(block.text)


def _figure(story: Story, block: Block, position: int) -> str:
    """Picture and caption are two rows of a table."""
    return (
        '<table align="center" border="0" cellpadding="1" style="width:640px"><tbody>\n'
        f'<tr><td><img src="{_image_path(story, position)}" alt="" width="640"></td></tr>\n'
        f'<tr><td><p class="MsoNoSpacing"><em>{furniture.text(block.text)}<o:p></o:p></em></p></td></tr>\n'
        "</tbody></table>\n"
    )


def _image_path(story: Story, position: int) -> str:
    return f"/dataimages/{story.published:%Y%m}/original/images{story.number}_{position}.png"


def _byline(story: Story) -> str:
    if story.byline is None:
        return ""
    return (
        f'<p align="right" class="MsoNoSpacing"><strong>{furniture.text(story.byline)}'
        "<o:p></o:p></strong></p>\n"
    )


def _tags(edition: Edition, story: Story) -> str:
    if not story.tags:
        return ""
    links = " ".join(
        f'<a href="{edition.origin}/tim-kiem/?key={quote(tag)}">{furniture.text(tag)}</a>'
        for tag in story.tags
    )
    return f'<div class="tags-box"><span>Từ khóa:</span> <div class="tags">{links}</div></div>\n'


def _comment_form() -> str:
    return (
        '<section class="section-post-detail-comment"><h3>Ý kiến của bạn</h3>\n'
        '<label>Nội dung</label><textarea name="content"></textarea>\n'
        '<label>Họ và tên</label><input name="name"><label>Email</label><input name="email">'
        '<button type="button">Gửi bình luận</button></section>\n'
    )


def _related(edition: Edition, stories: Iterable[Story]) -> str:
    boxes = "".join(_box(edition, story, "title4") for story in stories)
    return f'<section class="section-post-detail-related"><h1 class="title">Tin liên quan</h1>\n{boxes}</section>\n'


def _box(edition: Edition, story: Story, css_class: str) -> str:
    url, title = edition.url(story), furniture.text(story.title)
    return (
        f'<div class="item"><a href="{url}"><img src="{_image_path(story, 0)}" width="160" alt=""></a>'
        f'<a class="{css_class}" href="{url}">{title}</a> '
        f'<time class="time">{story.published:%H:%M, %d/%m/%Y}</time>'
        f'<p class="desc">{furniture.text(furniture.cut(story.lead, 120))}</p></div>\n'
    )


def _listing(edition: Edition, title: str, stories: Iterable[Story], more: str) -> Iterator[Part]:
    yield _head(edition, title, "")
    yield edition.shared("assets", _assets)
    yield "</head>\n<body>\n"
    yield edition.shared("header", lambda: _header(edition))
    boxes = "".join(_box(edition, story, "title2") for story in stories)
    link = f'<a class="next" href="{attribute(more)}">Trang sau</a>' if more else ""
    yield (
        f'<h2 class="cate">{furniture.text(title)}</h2>\n<div class="list-news">\n{boxes}</div>{link}\n'
    )
    yield edition.shared("below", lambda: _below(edition))


def _below(edition: Edition) -> str:
    latest = "".join(_box(edition, story, "title4") for story in edition.latest)
    boxes = "".join(
        f'<section class="cate-box"><h2>{furniture.text(section)}</h2>\n'
        f"{''.join(_box(edition, story, 'title5') for story in stories)}</section>\n"
        for section, stories in edition.boxes
    )
    name = furniture.text(edition.masthead.name)
    return (
        f'</div>\n<div class="side-col"><section><h2>Tin mới nhất</h2>\n{latest}</section>\n{boxes}</div></div>\n'
        "</body>\n</html>\n</main>\n"
        f"<footer><p>Bản quyền thuộc {name}</p><p>Ghi rõ nguồn {name} khi phát hành lại thông tin từ website này"
        "</p></footer>\n</body>\n</html>\n"
    )
