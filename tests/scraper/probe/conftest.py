"""Papers on systems that no family knows, made up for these tests and served on this machine.

Each has its own markup, addresses and junk; the articles are the demo press's generated ones.
"""

from __future__ import annotations

import contextlib
import json
import threading
import time
from datetime import datetime, timedelta
from html import escape
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import attrs
import pytest

from archive.instants import VIETNAM
from archive.vietnamese import fold
from scraper.demo.mastheads import MASTHEADS
from scraper.demo.scale import generate
from scraper.demo.stories import slug

ARTICLES = 26
_WEEK = ("Thứ Hai", "Thứ Ba", "Thứ Tư", "Thứ Năm", "Thứ Sáu", "Thứ Bảy", "Chủ nhật")
_COMMENTS = (
    "Bài viết rất hay, cảm ơn tòa soạn đã phản ánh kịp thời. Mong báo có thêm nhiều bài như thế này nữa về quê tôi.",
    "Tôi ở xã bên, đọc mà thấy tự hào. Mong các cấp quan tâm hơn đến đời sống của anh em, nhất là trong mùa mưa bão.",
    "Cháu tôi cũng đang tham gia, vất vả lắm nhưng vui. Chúc anh em mạnh khỏe, hoàn thành tốt nhiệm vụ được giao.",
)


@attrs.define
class Paper:
    """One made-up paper: how it addresses and prints a story."""

    name: str
    #: Story to path.
    path: object
    #: Paper and story to the article's page.
    article: object
    feed: str | None = None
    sitemap: str | None = None
    #: Section's address from its slug and page.
    section: object = lambda key, page: f"/{key}" + (f"?page={page}" if page > 1 else "")
    robots: str = "User-agent: *\nDisallow: /quan-tri/\n"
    origin: str = ""
    masthead: object = MASTHEADS[0]
    shown: int = 12
    stories: list = attrs.field(factory=list)
    log: list = attrs.field(factory=list)
    #: Answers of its own for some targets: status, content type and text (for redirects, where to).
    special: dict = attrs.field(factory=dict)

    def __attrs_post_init__(self):
        stories = generate(self.masthead, ARTICLES)
        self.stories = [
            attrs.evolve(
                x,
                number=70_000 + 37 * at,
                published=datetime(2026, 11, 20, 6, 7, tzinfo=VIETNAM)
                - timedelta(hours=19 * at, minutes=13 * at),
                tags=("an ninh", fold(x.section)) if at % 2 else (),
            )
            for at, x in enumerate(stories)
        ]

    def url(self, story) -> str:
        return self.origin + self.path(story)

    def answer(self, target: str) -> tuple[int, str, str]:
        """Status, content type and text."""
        if target in self.special:
            return self.special[target]
        documents = {
            "/robots.txt": ("text/plain", lambda: self.robots),
            self.feed: ("application/rss+xml", self._rss),
            self.sitemap: ("application/xml", self._sitemap),
        }
        if target in documents:
            kind, text = documents[target]
            return 200, kind, text()
        page = self._page(target)
        missing = "<html><body><p>Không tìm thấy trang.</p></body></html>"
        return (404, "text/html", missing) if page is None else (200, "text/html", page)

    def _page(self, target: str) -> str | None:
        if target == "/":
            return self._listing("Trang chủ", self.stories[: self.shown])
        for story in self.stories:
            if target == self.path(story):
                return self.article(self, story)
        for key, name in self.sections.items():
            if target in {self.section(key, page) for page in range(1, 5)}:
                own = [x for x in self.stories if x.section == name] or self.stories
                return self._listing(name, own, key)
        return None

    @property
    def sections(self) -> dict[str, str]:
        return {slug(name): name for name in self.masthead.sections}

    def menu(self) -> str:
        items = "".join(
            f'<li><a href="{self.section(key, 1)}">{name}</a></li>'
            for key, name in self.sections.items()
        )
        return f'<ul class="menu"><li><a href="/">Trang chủ</a></li>{items}</ul>'

    def cards(self, stories, item="li") -> str:
        """Headlines with dates, as side boxes have them."""
        return "".join(
            f'<{item}><a href="{self.path(x)}">{escape(x.title)}</a>'
            f' <span class="card-date">{x.published:%d/%m/%Y %H:%M}</span></{item}>'
            for x in stories
        )

    def near(self, story, count=4):
        at = self.stories.index(story)
        return [self.stories[(at + 3 * step + 1) % ARTICLES] for step in range(count)]

    def comments(self, story) -> str:
        at = self.stories.index(story)
        return "".join(
            f'<div class="c-item"><b>Bạn đọc {at + n}</b> <i>{story.published + timedelta(days=n):%d/%m/%Y %H:%M}</i>'
            f"<p>{_COMMENTS[(at + n) % 3]}</p></div>"
            for n in range(at % 3)
        )

    @property
    def footer(self) -> str:
        return (
            f"<p>Cơ quan chủ quản: Tỉnh ủy. Giấy phép hoạt động báo điện tử số 123/GP-BTTTT cấp ngày 05/09/2019."
            f" Ghi rõ nguồn {self.name} khi phát hành lại thông tin từ trang này.</p>"
        )

    def _listing(self, title: str, stories, key: str | None = None) -> str:
        pages = "".join(f'<a href="{self.section(key, n)}">{n}</a> ' for n in (2, 3)) if key else ""
        feed = (
            f'<link rel="alternate" type="application/rss+xml" href="{self.feed}">'
            if self.feed
            else ""
        )
        return (
            f"<!doctype html><html><head><meta charset=utf-8><title>{title} - {self.name}</title>{feed}</head><body>"
            f"{clock()}{self.menu()}<h2>{title}</h2><ul>{self.cards(stories)}</ul><p>{pages}</p>{self.footer}</body></html>"
        )

    def _rss(self) -> str:
        items = "".join(
            f"<item><title>{escape(x.title)}</title><link>{escape(self.url(x))}</link></item>"
            for x in self.stories[:10]
        )
        return f'<?xml version="1.0"?><rss version="2.0"><channel><title>{self.name}</title>{items}</channel></rss>'

    def _sitemap(self) -> str:
        rows = "".join(f"<url><loc>{escape(self.url(x))}</loc></url>" for x in self.stories[:20])
        return f'<?xml version="1.0"?><urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9">{rows}</urlset>'


def clock() -> str:
    now = datetime.now(VIETNAM)
    return f'<div class="clock">{_WEEK[now.weekday()]}, {now:%d/%m/%Y, %H:%M:%S}</div>'


def weekday(when) -> str:
    return _WEEK[when.weekday()]


def paragraphs(story, form: str) -> str:
    return "".join(form.format(escape(x)) for x in story.paragraphs)


def with_figures(story, form: str, figure: str) -> str:
    """The story's blocks, paragraphs and pictures."""
    return "".join((figure if x.figure else form).format(escape(x.text)) for x in story.blocks())


# -- the systems ------------------------------------------------------------------------------------


def wordpress(paper, x) -> str:
    number = x.number
    return f"""<!doctype html><html lang="vi"><head><meta charset="utf-8"><title>{escape(x.title)} - {paper.name}</title>
<meta property="og:title" content="{escape(x.title)} - {paper.name}"><meta property="og:site_name" content="{paper.name}">
<meta property="og:description" content="{escape((x.sapo or x.body[0])[:150])}">
<link rel="alternate" type="application/rss+xml" href="/feed/"></head>
<body class="post-template-default single single-post postid-{number} single-format-standard">
<header class="site-header">{clock()}<h1 class="site-title"><a href="/">{paper.name}</a></h1>{paper.menu()}</header>
<div id="primary" class="content-area"><main id="main" class="site-main">
<div class="breadcrumbs"><a href="/">Trang chủ</a> » <a href="{paper.section(slug(x.section), 1)}">{x.section}</a></div>
<article id="post-{number}" class="post-{number} post type-post status-publish hentry category-{slug(x.section)}">
<header class="entry-header"><h1 class="entry-title">{escape(x.title)}</h1>
<div class="entry-meta"><span class="posted-on"><time class="entry-date published" datetime="{x.published.isoformat()}">{x.published:%d/%m/%Y}</time>
<time class="updated" datetime="{(x.published + timedelta(days=1)).isoformat()}">{x.published + timedelta(days=1):%d/%m/%Y}</time></span></div></header>
<div class="entry-content"><p class="lead"><strong>{escape(x.sapo or "")}</strong></p>
{with_figures(x, "<p>{0}</p>", '<figure class="wp-block-image"><img src="/a.jpg"><figcaption>{0}</figcaption></figure>')}
<p style="text-align:right"><strong>{x.byline or "P.V"}</strong></p>
<div class="sharedaddy sd-sharing-enabled"><h3>Chia sẻ:</h3><ul><li><a href="#">Facebook</a></li><li><a href="#">Zalo</a></li></ul></div>
<div class="jp-relatedposts"><h3>Bài liên quan</h3><ul>{paper.cards(paper.near(x))}</ul></div>
</div><footer class="entry-footer"><span class="tags-links">Từ khóa: {"".join(f'<a href="/tag/{slug(t)}" rel="tag">{t}</a>' for t in x.tags)}</span></footer>
</article><div id="comments" class="comments-area"><h2>Bình luận</h2>{paper.comments(x)}</div></main></div>
<aside id="secondary"><section class="widget widget_recent_entries"><h2>Bài mới</h2><ul>{paper.cards(paper.stories[:6])}</ul></section></aside>
<footer class="site-footer">{paper.footer}</footer></body></html>"""


def portal(paper, x) -> str:
    """A government-style portal: nothing in the head, paragraphs as spans in divs."""
    when = x.published
    return f"""<html><head><meta http-equiv="Content-Type" content="text/html; charset=utf-8"><title>Cổng thông tin {paper.name}</title></head>
<body><form id="aspnetForm"><div id="s4-workspace"><div class="top-bar"><div class="lblDate">{clock()}</div></div>{paper.menu()}
<div class="row"><div id="ctl00_MainZone" class="ms-zone"><div class="portlet-body"><div class="BreadCrumb"><span><a href="/">Trang chủ</a></span> &gt; <span><a href="{paper.section(slug(x.section), 1)}">{x.section}</a></span></div>
<div class="ArticleHeader"><div class="ArticleTitle"><span>{escape(x.title)}</span></div><div class="ArticleDate">{weekday(when)}, {when:%d/%m/%Y, %H:%M} | Lượt xem: {x.number % 977}</div></div>
<div class="ArticleSummary"><span>{escape(x.sapo or "")}</span></div>
<div class="ArticleContent"><div class="ExternalClass{x.number:08X}">{with_figures(x, '<div><span style="font-size:13pt">{0}</span></div>', '<div class="pic" style="text-align:center"><img src="/p.jpg" width="500"><div class="pic-note"><em>{0}</em></div></div>')}
<div style="text-align:right"><span><b>{x.byline or "Ban biên tập"}</b></span></div></div></div>
<div class="ArticleTool"><a href="#">In trang</a> <a href="#">Gửi email</a> <a href="#">Về đầu trang</a></div>
<div class="OtherNews"><div class="OtherTitle">Các tin khác</div><ul>{paper.cards(paper.near(x, 6))}</ul></div></div></div>
<div class="col-right"><div class="portlet"><div class="portlet-title">Thông báo</div><div class="portlet-body">{paper.cards(paper.stories[2:7], "div")}</div></div></div></div>
<div class="footer">{paper.footer}</div></div></form></body></html>"""


def tables(paper, x) -> str:
    """Fifteen years old: nested tables, text between line breaks."""
    text = "<br><br>".join(escape(p) for p in x.paragraphs)
    return f"""<html><head><meta charset="utf-8"><title>{paper.name} - {escape(x.title)}</title></head><body bgcolor="#ffffff">
<table width="980" align="center"><tr><td colspan="3" class="banner">{paper.name}<br>{clock()}</td></tr><tr>
<td width="160" valign="top"><table class="menutable">{"".join(f'<tr><td><a class="menu" href="{paper.section(k, 1)}">{v}</a></td></tr>' for k, v in paper.sections.items())}</table></td>
<td width="600" valign="top"><table width="100%"><tr><td class="path"><a href="/">Trang chủ</a> &raquo; <a href="{paper.section(slug(x.section), 1)}">{x.section}</a></td></tr>
<tr><td><table width="100%"><tr><td class="tieude">{escape(x.title)}</td></tr><tr><td class="ngaythang"><i>Cập nhật lúc {x.published:%H:%M} ngày {x.published.day}/{x.published.month}/{x.published.year}</i></td></tr>
<tr><td class="tomtat"><b>{escape(x.sapo or "")}</b></td></tr><tr><td class="noidung">{text}<br><br><div align="right"><b>{x.byline or "Minh Khôi"}</b></div></td></tr></table></td></tr>
<tr><td class="tinkhac"><b>Các tin đã đưa</b><br>{"".join(f'- <a href="{paper.path(y)}">{escape(y.title)}</a> ({y.published:%d/%m/%Y})<br>' for y in paper.near(x, 7))}</td></tr></table></td>
<td width="220" valign="top"><table><tr><td class="hot">{"".join(f'<a href="{paper.path(y)}">{escape(y.title)}</a><br>{escape((y.sapo or "")[:120])}...<br>' for y in paper.stories[:4])}</td></tr></table></td></tr>
<tr><td colspan="3" class="foot">{paper.footer}</td></tr></table></body></html>"""


def utility(paper, x) -> str:
    """Utility classes only, as new sites are written."""
    return f"""<!doctype html><html lang="vi"><head><meta charset="utf-8"><title>{escape(x.title)} | {paper.name}</title>
<meta name="description" content="{escape((x.sapo or x.body[0])[:160])}"></head><body class="bg-white text-gray-900 antialiased">
<header class="sticky top-0 z-50 bg-white shadow"><div class="max-w-7xl mx-auto flex items-center justify-between px-4 py-3"><a class="text-2xl font-black" href="/">{paper.name}</a><span class="text-xs text-gray-500">{clock()}</span></div><nav class="flex gap-4">{paper.menu()}</nav></header>
<div class="max-w-7xl mx-auto grid grid-cols-12 gap-8 px-4"><main class="col-span-8"><div class="flex gap-2 text-sm text-gray-500"><a class="hover:text-red-600" href="/">Trang chủ</a><span>/</span><a class="hover:text-red-600" href="{paper.section(slug(x.section), 1)}">{x.section}</a></div>
<h1 class="mt-4 text-3xl font-bold leading-tight md:text-4xl">{escape(x.title)}</h1>
<div class="mt-3 flex items-center text-sm text-gray-500"><span class="font-medium">{x.byline or "Phóng viên"}</span><span class="mx-2">•</span><span>{x.published:%d/%m/%Y %H:%M}</span></div>
<p class="mt-4 text-lg font-semibold">{escape(x.sapo or "")}</p>
<div class="prose prose-lg mt-6 max-w-none">{with_figures(x, '<p class="mb-4">{0}</p>', '<figure class="my-6"><img class="w-full rounded" src="/a.webp"><figcaption class="text-sm text-center">{0}</figcaption></figure>')}
<div class="my-6 rounded border p-4"><div class="font-bold">Đọc thêm</div>{paper.cards(paper.near(x, 2), "div")}</div></div>
<div class="mt-6 flex gap-2">{"".join(f'<a class="rounded bg-gray-100 px-2" href="/chu-de/{slug(t)}">#{t}</a>' for t in x.tags)}</div>
<section class="mt-10"><h3 class="text-xl font-bold">Ý kiến bạn đọc</h3>{paper.comments(x)}</section></main>
<aside class="col-span-4"><h3 class="text-lg font-bold">Đọc nhiều</h3>{paper.cards(paper.stories[1:7], "div")}</aside></div><footer class="mt-12 bg-gray-900 text-white">{paper.footer}</footer></body></html>"""


def bare(paper, x) -> str:
    """Tables again, without a single class: widths and colours are all there is."""
    text = "".join(f"<p align=justify>{escape(p)}</p>" for p in x.paragraphs)
    return f"""<html><head><meta charset=utf-8><title>{escape(x.title)}</title></head><body>
<table width=100% bgcolor=#003366><tr><td><font color=white>{paper.name}</font></td><td align=right><font color=white>{datetime.now(VIETNAM):%d/%m/%Y}</font></td></tr></table>
<table width=960><tr><td width=180 valign=top bgcolor=#eeeeee>{paper.menu()}</td><td width=560 valign=top>
<font size=5 color=#990000>{escape(x.title)}</font><br><font size=1 color=#666666>{weekday(x.published)}, {x.published:%d/%m/%Y - %H:%M}</font>
<p align=left><b>{escape(x.sapo or "")}</b></p>{text}<p align=right><b>{x.byline or "Hoài An"}</b></p></td>
<td width=220 valign=top bgcolor=#f5f5f5><b>Tin mới</b>{paper.cards(paper.stories[:6], "p")}</td></tr></table>
<hr><font size=1>{paper.footer}</font></body></html>"""


def hashed(paper, x) -> str:
    """A client framework's hashed names, the date in JSON-LD and the body in one article element with comments."""
    data = {
        "@context": "https://schema.org",
        "@type": "NewsArticle",
        "headline": x.title,
        "datePublished": x.published.isoformat(),
    }
    return f"""<!doctype html><html><head><meta charset="utf-8"><title>{escape(x.title)} – {paper.name}</title><meta property="og:title" content="{escape(x.title)}">
<script type="application/ld+json">{json.dumps(data, ensure_ascii=False)}</script></head><body><div id="__next"><div class="Layout_root__kX3a9"><div class="Header_bar__9sQ1f">{clock()}{paper.menu()}</div>
<article class="Story_story__Zt4bD" data-id="{x.number}"><div class="Story_crumbs__p0Q2x"><a href="/">Trang chủ</a><a href="{paper.section(slug(x.section), 1)}">{x.section}</a></div><h1 class="Story_title__aB12c">{escape(x.title)}</h1>
<div class="Story_meta__Qw9eR"><span class="Story_author__mN8bV">{x.byline or "Thu Hà"}</span><time>{weekday(x.published)}, {x.published:%d/%m/%Y %H:%M} (GMT+7)</time></div>
<h2 class="Story_sapo__Lk2jH">{escape(x.sapo or "")}</h2><div class="Story_body__Gf5dS"><div class="Ad_slot__q1W2e" id="ad-{x.number}">Quảng cáo</div>
{with_figures(x, "<p>{0}</p>", '<div class="Photo_box__Vc3xZ"><img src="/a.jpg"><span class="Photo_caption__Hj6kL">{0}</span></div>')}
<div class="Related_box__Bn4mK"><strong>Tin liên quan</strong><ul>{paper.cards(paper.near(x, 3))}</ul></div></div>
<div class="Comments_list__Ty7uI"><h3>Bình luận ({paper.stories.index(x) % 3})</h3>{paper.comments(x)}</div></article></div>
<div class="Side_col__Rt6yU">{paper.cards(paper.stories[:8], "div")}</div><div class="Footer_foot__Op9iU">{paper.footer}</div></div></body></html>"""


def one_box(paper, x) -> str:
    """Title, date, lead, text, tags and related news in one box; the date stands below the text."""
    return f"""<!doctype html><html><head><meta charset="utf-8"><title>{escape(x.title)} - {x.section} - {paper.name}</title><meta property="og:site_name" content="{paper.name}"><meta name="pubdate" content="{x.published:%Y-%m-%dT%H:%M:%S+07:00}"></head><body>
<div id="page"><div id="head">{clock()}{paper.menu()}</div><div id="left"><div class="news-detail">
<h3 class="news-title">{escape(x.title)}</h3><h4 class="news-desc">{escape(x.sapo or "")}</h4>
{with_figures(x, "<p>{0}</p>", '<table class="imgtable" align="center"><tr><td><img src="/a.jpg"></td></tr><tr><td class="imgnote">{0}</td></tr></table>')}
<p class="news-author"><strong>{x.byline or "Bảo Ngọc"}</strong></p><div class="news-time">Ngày đăng: {x.published:%d-%m-%Y %H:%M}</div>
<div class="news-share"><a href="#">Facebook</a> <a href="#">Twitter</a></div><div class="news-tag">Từ khóa: {", ".join(f'<a href="/tu-khoa/{slug(t)}">{t}</a>' for t in x.tags)}</div>
<ul class="news-same">{paper.cards(paper.near(x, 6))}</ul></div></div><div id="right">{paper.cards(paper.stories[:7], "p")}</div><div id="foot">{paper.footer}</div></div></body></html>"""


def traps(paper, x) -> str:
    """Everything twice: a list with the same classes above the article, a clock in a time element, halves, long comments."""
    half = len(x.body) // 2
    first, second = (
        "".join(f"<p>{escape(p)}</p>" for p in part)
        for part in (x.paragraphs[:half], x.paragraphs[half:])
    )
    now = datetime.now(VIETNAM)
    top = "".join(
        f'<div class="item"><a class="title" href="{paper.path(y)}">{escape(y.title)}</a><div class="date">{y.published:%d/%m/%Y %H:%M}</div></div>'
        for y in paper.near(x, 3)
    )
    talk = "".join(
        f'<div class="line"><b>{escape(y.title[:20])}</b><p>{escape(y.body[-1])}</p></div>'
        for y in paper.near(x, paper.stories.index(x) % 3)
    )
    return f"""<!doctype html><html><head><meta charset="utf-8"><title>{escape(x.title)} | {x.section} | {paper.name}</title>
<script type="application/ld+json">{{"@type":"WebPage","dateModified":"{now.isoformat()}"}}</script></head><body class="p{x.number}">
<header><time datetime="{now.isoformat()}">{now:%H:%M %d/%m/%Y}</time>{paper.menu()}</header><div class="top">{top}</div>
<div class="wrap"><div class="detail" id="detail-{x.number}"><h1 class="title">{escape(x.title)}</h1><div class="info"><span class="who">{x.byline or "PV"}</span><div class="date">{weekday(x.published)}, {x.published.day}/{x.published.month}/{x.published.year} {x.published:%H:%M}</div></div>
<div class="text"><p><b>{escape(x.sapo or "")}</b></p><div class="part">{first}</div><div class="qc-giua">Quảng cáo giữa bài</div><div class="part">{second}</div></div>
<div class="talk"><h4>Bạn đọc viết</h4>{talk}</div></div><div class="more">{paper.cards(paper.near(x, 8), "div")}</div></div>
<div class="bottom">{paper.footer}</div></body></html>"""


def make_papers() -> list[Paper]:
    """One paper of each system; a fresh one each time."""
    # some papers of the press print no lead
    one, two, three, four = [x for x in MASTHEADS if generate(x, 1)[0].sapo][:4]
    return [
        Paper("Báo Đồi Sim", lambda x: f"/{x.published:%Y/%m}/{x.slug}/", wordpress, feed="/feed/", masthead=one,
              section=lambda k, n: f"/category/{k}/" + (f"page/{n}/" if n > 1 else "")),
        Paper("Báo Bến Nước", lambda x: f"/Pages/tin-tuc.aspx?ItemID={x.number}&CateID={len(x.section)}", portal, masthead=three),
        Paper("Báo Rừng Tràm", lambda x: f"/chitiet/{x.number}/{x.slug}.htm", tables, masthead=four,
              section=lambda k, n: f"/muc/{k}.htm" + (f"?trang={n}" if n > 1 else "")),
        Paper("Báo Sao Mai", lambda x: f"/{slug(x.section)}/{x.slug}-{x.number:x}0{x.number % 7}a", utility, sitemap="/sitemap.xml", masthead=one),
        Paper("Báo Gò Nổi", lambda x: f"/xem-tin/{x.number}", bare, masthead=three, shown=20),
        Paper("Báo Thuyền Thúng", lambda x: f"/{x.slug}-d{x.number}.html", hashed, feed="/rss/tin-moi.rss", masthead=two),
        Paper("Báo Ngã Ba", lambda x: f"/{slug(x.section)}/{x.slug}_{x.number}.html", one_box, masthead=four,
              section=lambda k, n: f"/{k}" + (f"/trang-{n}.html" if n > 1 else "/")),
        Paper("Báo Cầu Khỉ", lambda x: f"/tin/{x.number}-{x.slug}", traps, sitemap="/sitemap.xml", masthead=one),
    ]  # fmt: skip


@contextlib.contextmanager
def served(paper: Paper):
    """Serve *paper* on a free port; its log tells when it was asked for what."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self):
            paper.log.append((time.monotonic(), self.path, self.headers["User-Agent"]))
            status, kind, text = paper.answer(self.path)
            body = text.encode()
            self.send_response(status)
            if status in {301, 302}:
                self.send_header("Location", text)
            self.send_header("Content-Type", f"{kind}; charset=utf-8")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    paper.origin = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    try:
        yield paper
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


@pytest.fixture
def serve():
    """Serves papers until the test ends."""
    with contextlib.ExitStack() as stack:
        yield lambda paper: stack.enter_context(served(paper))


@pytest.fixture
def papers() -> dict[str, Paper]:
    return {paper.article.__name__: paper for paper in make_papers()}
