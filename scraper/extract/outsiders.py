"""Pages that are no article although a request for one was answered: challenges, errors, listings."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from scraper.extract.hazards import why_not_parsed
from scraper.extract.page import is_html, join_url, line_text, read_page

if TYPE_CHECKING:
    from archive.model import Capture
    from scraper.extract.page import Page
    from scraper.sites.spec import SiteSpec

#: Letters a reader sees on a challenge page, at most; the shells met have a sentence or nothing.
_MOST_SHELL_TEXT: Final = 600
#: The shell of a captcha says less than the shortest article, and links to nothing but its maker.
_MOST_CAPTCHA_TEXT: Final = 300
_MOST_SHELL_LINKS: Final = 6
#: Bytes or characters of a shell; those met have at most 30,000 (with the script that solves the puzzle in them).
_LARGEST_SHELL: Final = 256 << 10
#: Distinct article links from which a page without an article counts as a listing.
_LISTING_LINKS: Final = 8

#: In the source of the page: no newspaper writes these itself.
_MACHINERY: Final = re.compile(
    r"cf[-_]chl|cf-challenge|cf-error-details|cdn-cgi/challenge-platform|_incapsula_resource|incapsula incident"
    r"|ddos-guard|sucuri_cloudproxy|aws-waf-token|awswafintegration|geo\.captcha-delivery|px-captcha|perimeterx",
    re.IGNORECASE,
)
#: In its visible text or title.
_WORDS: Final = re.compile(
    r"ddos protection|just a moment|checking (?:your|the) browser|checking if the site connection|attention required"
    r"|are you (?:a )?(?:human|robot)|verify(?:ing)? (?:that )?you are (?:a )?human|you have been blocked"
    r"|access (?:is |has been )?denied|request unsuccessful|the requested url was rejected|unusual traffic"
    r"|403 forbidden|web application firewall|enable (?:javascript|cookies)[^.]{0,40}to continue"
    r"|xác (?:minh|nhận|thực) (?:rằng )?(?:bạn|quý vị|quý khách) (?:không phải|là)"
    r"|không phải là? ?(?:robot|người máy)|truy cập (?:của bạn )?(?:đã )?bị (?:từ chối|chặn|tạm khóa)"
    r"|(?:địa chỉ )?ip (?:của bạn )?(?:đã )?bị (?:chặn|khóa)|(?:truy cập|lưu lượng|hoạt động) bất thường"
    r"|(?:đang )?kiểm tra trình duyệt|(?:bật|kích hoạt|cho phép) (?:javascript|cookies?)[^.]{0,40}để (?:tiếp tục|xem|truy cập)"
    r"|nhập (?:mã|các ký tự)[^.]{0,40}để (?:tiếp tục|truy cập|xác (?:minh|nhận))",
    re.IGNORECASE,
)
_CAPTCHA: Final = re.compile(r"captcha|turnstile", re.IGNORECASE)
_COOKIE: Final = re.compile(r"document\.cookie\s*=|setcookie\s*\(", re.IGNORECASE)
_RELOAD: Final = re.compile(
    r"location\.(?:reload|replace|href|assign)|location\s*=|http-equiv=.?refresh", re.IGNORECASE
)

_THING: Final = (
    r"(?:trang(?: web)?|bài viết|bài báo|tin bài|nội dung|đường dẫn|địa chỉ|liên kết|chuyên mục)"
)
_WISH: Final = r"(?: (?:này|mà|bạn|quý vị|quý khách|độc giả|đang|cần|muốn|vừa|yêu cầu|tìm kiếm|tìm|truy cập|xem)){0,8}"
_MISSING: Final = (
    r"(?:không (?:được )?(?:tìm thấy|tồn tại)|(?:đã|hiện) (?:không còn|bị (?:xóa|xoá|gỡ)))"
)
_NOT_FOUND: Final = re.compile(
    rf"\b{_THING}{_WISH} {_MISSING}|không (?:tìm|tìm được|tìm thấy|thấy|tồn tại) {_THING}"
    rf"|\bkhông có {_THING} này\b"
    r"|\blỗi\s*:?\s*404|\b404\b[ :–-]{0,3}(?:not found|error|lỗi|không)|page not found|^\W*404\W*$",
    re.IGNORECASE,
)
_LONGEST_NOTICE: Final = 160


def is_challenge(page: Page) -> bool:
    """True for a shell that asks for a captcha, refuses us, or sets a cookie and loads itself again.

    A page that gives its title or address in the head is the paper's own: comment forms have captchas.
    """
    body = page.tree.body
    if body is None or page.meta("og:title") or page.canonical:
        return False
    seen = " ".join(line_text(body).split())
    source = page.tree.html or ""
    is_large = len(seen) > _MOST_SHELL_TEXT or len(source) > _LARGEST_SHELL
    if is_large or _has_article_data(page):
        return False
    if _MACHINERY.search(source):
        return True
    if len(page.tree.css("a[href]")) > _MOST_SHELL_LINKS:
        return False
    title = page.tree.css_first("title")
    if _WORDS.search(f"{title.text() if title is not None else ''} {seen} {_unscripted(page)}"):
        return True
    reloads = _COOKIE.search(source) is not None and _RELOAD.search(source) is not None
    return len(seen) <= _MOST_CAPTCHA_TEXT and (reloads or _CAPTCHA.search(source) is not None)


def is_challenge_capture(capture: Capture) -> bool:
    """True when an answer to any request (a listing's, a feed's) is a challenge page; never raises."""
    if len(capture.body) > _LARGEST_SHELL or not is_html(capture):
        return False
    if why_not_parsed(capture.body) is not None:
        return False
    return is_challenge(read_page(capture))


def says_not_found(page: Page, text: str = "") -> bool:
    """True when a page answered with success says that there is no such page (a "soft 404").

    The notice stands in title or headline, or in *text*: what little the page has where the article
    should be.
    """
    if _has_article_data(page):
        return False
    notices = [node.text() for node in page.tree.css("title, h1, h2, h3")[:20]]
    notices += [line for line in text.splitlines() if line.strip()]
    short = (" ".join(x.split()) for x in notices)
    return any(len(x) <= _LONGEST_NOTICE and _NOT_FOUND.search(x) is not None for x in short)


def article_links(page: Page, site: SiteSpec) -> int:
    """Number of distinct articles of the site that the page links to, itself not counted."""
    found: set[str] = set()
    for node in page.tree.css("a[href]"):
        address = join_url(page.base_url, node.attributes.get("href") or "")
        if address and _fits(site, address):
            found.add(site.article_id(address))
    return len(found - {site.article_id(page.url)})


def is_listing(page: Page, site: SiteSpec) -> bool:
    """True for a page under an address that is no article's and that links to many articles."""
    return not _fits(site, page.url) and article_links(page, site) >= _LISTING_LINKS


def links_like_a_listing(page: Page, site: SiteSpec) -> bool:
    """True when the page links to many articles, whatever its address."""
    return article_links(page, site) >= _LISTING_LINKS


def _has_article_data(page: Page) -> bool:
    """True when the head describes an article: no error page has its date."""
    dated = page.meta("article:published_time") or page.linked_data.get("datePublished")
    return bool(dated)


def _unscripted(page: Page) -> str:
    """What the page shows to readers without JavaScript."""
    return " ".join(node.text() for node in page.tree.css("noscript")[:5])


def _fits(site: SiteSpec, address: str) -> bool:
    try:
        return site.is_article(address)
    except ValueError:
        return False
