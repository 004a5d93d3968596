"""One page from capture to outcome: the only place where reading, cleaning and judging meet.

No I/O. The live crawl, the import of WARC files and ``dqtv extract`` all come through here.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import attrs
from bs4.exceptions import ParserRejectedMarkup
from selectolax.lexbor import SelectolaxError

from archive.decoding import without_undeclared_gzip
from archive.instants import VIETNAM
from archive.model import Accepted, Article, BodyState, Capture, Rejected, RejectReason
from archive.provinces import province_of
from archive.template import Lesson
from scraper.classify.relevance import judge
from scraper.clean.changes import lost_characters, of_whole_page, together
from scraper.clean.furniture import Learned
from scraper.clean.headline import own_title
from scraper.clean.subtree import CleanBody, clean_subtree
from scraper.clean.text import clean_and_tell, clean_line
from scraper.extract import fallback, metadata, publication, second_opinion
from scraper.extract.body import cut_by_layout, holds_player
from scraper.extract.encoded import holds_encoded_body
from scraper.extract.hazards import MOST_TEXT, why_not_parsed, why_not_read
from scraper.extract.legible import has_lost_letters, in_unicode
from scraper.extract.metadata import Found
from scraper.extract.outsiders import (
    is_challenge,
    is_listing,
    links_like_a_listing,
    says_not_found,
)
from scraper.extract.page import Page, is_html, line_text, read_page
from scraper.extract.page_kind import Content, page_kind
from scraper.extract.pager import mark_pager
from scraper.extract.printed import printed_title
from scraper.extract.skeleton import skeleton
from scraper.extract.surroundings import Surroundings, look_around
from scraper.printed_lines import authorship, clean_tags, first_clean

if TYPE_CHECKING:
    from collections.abc import Iterable

    from archive.model import TextChange
    from archive.template import Template
    from scraper.extract.body import Cut
    from scraper.sites.spec import Family, Layout, SiteSpec

_OK: Final = 200
#: Characters of a container's HTML; the longest saved one has 5,000.
_MAX_CONTAINER: Final = 2 << 20
#: Detail of a rejection that is no judgement of an article.
SAYS_NOT_FOUND: Final = "the page says that there is no such page, under a status of success"
#: Characters of a headline with its spaces; the longest met has 250.
_LONGEST_TITLE: Final = 2_000
_ELLIPSIS: Final = ("...", "…")
#: Characters of text below which a page is looked at for what stands there instead of an article.
_SHORT: Final = 400
#: Nothing is learned from a page with more text blocks; articles met have up to 120.
_MOST_BLOCKS: Final = 400
_NO_TEXT: Final = CleanBody(
    paragraphs=(), figures=(), sapo=None, byline=None, dateline=None, is_encoded=False
)
#: What parsers raise for input they give up on.
_GIVEN_UP: Final = (SelectolaxError, ParserRejectedMarkup, RecursionError, UnicodeError)


def process(
    capture: Capture, site: SiteSpec, family: Family | None, template: Template | None = None
) -> Accepted | Rejected:
    """Read one fetched page: an article about the militia, or the reason why it is none.

    Never raises for any bytes. A page that could be read and was judged keeps article and verdict in
    the Rejected as well. *template* is what earlier pages of the site taught; the outcome's lesson is
    what this one adds to it.
    """
    try:
        article, lesson = _article(capture, site, family, template or {})
    except _NoArticle as refusal:
        return Rejected(capture=capture, reason=refusal.reason, detail=refusal.detail)
    except _GIVEN_UP as error:
        detail = f"{type(error).__name__}: {error}"
        return Rejected(capture=capture, reason=RejectReason.UNREADABLE, detail=detail)
    verdict, reason = judge(article)
    if reason is None:
        return Accepted(capture=capture, article=article, verdict=verdict, lesson=lesson)
    return Rejected(capture=capture, reason=reason, article=article, verdict=verdict, lesson=lesson)


def make_ready(site: SiteSpec, family: Family | None) -> None:
    """Load, before the first page of a site without rules, what such pages may need."""
    if not site.layouts and (family is None or not family.layouts):
        second_opinion.load()


class _NoArticle(Exception):
    """The page holds no article; caught in process()."""

    def __init__(self, reason: RejectReason, detail: str) -> None:
        self.reason = reason
        self.detail = detail
        super().__init__(detail)


def _article(
    capture: Capture, site: SiteSpec, family: Family | None, template: Template
) -> tuple[Article, Lesson | None]:
    capture = _unpacked(capture)
    _check_readable(capture)
    page = read_page(capture)
    # no page shows more characters than it has bytes
    if len(capture.body) > MOST_TEXT:
        _check_length(page)
    layouts = site.layout_for(capture.fetched_at.date(), family)
    cut = cut_by_layout(page, layouts)
    if (decoded := in_unicode(page, cut)) is not None:
        page, cut = decoded, cut_by_layout(decoded, layouts)
    if cut is None:
        _check_alien(page, site)
    # Where no layout fits, the newest one's rules for title and date may still do.
    layout = cut.layout if cut else next(iter(layouts), None)
    title = _title(page, site, layout)
    if title is None:
        raise _NoArticle(RejectReason.NO_TITLE, "no title on the page")
    if cut is None:
        cut = second_opinion.reconsidered(page, fallback.cut_by_text(page), title.text)
    if cut is None and not _is_stub(page, site):
        raise _no_body(page, site)
    if cut and cut.source != "rule" and title.source == "title":
        title = _printed(page, cut, title)
    # a container is larger than its page only by entities written out
    if cut and 2 * len(capture.body) > _MAX_CONTAINER and len(cut.html) > _MAX_CONTAINER:
        size = f"{len(cut.html):,} characters in the article's container"
        raise _NoArticle(RejectReason.UNREADABLE, size)
    return _assembled(page, site, layout, title, cut, template=template)


def _unpacked(capture: Capture) -> Capture:
    """The capture, with the body unpacked when it is a gzip file that no header announced."""
    body = without_undeclared_gzip(capture.body)
    if body is capture.body:
        return capture
    # the type is that of the file, if anything
    headers = tuple(
        x for x in capture.headers if "gzip" not in x[1].lower() and "octet" not in x[1]
    )
    return attrs.evolve(capture, body=body, headers=headers)


def _check_readable(capture: Capture) -> None:
    if capture.status != _OK:
        raise _NoArticle(RejectReason.HTTP_STATUS, f"HTTP status {capture.status}")
    if not is_html(capture):
        kind = capture.header("Content-Type") or "no content type"
        raise _NoArticle(RejectReason.NOT_HTML, f"{kind}, {len(capture.body):,} bytes")
    hazard = why_not_parsed(capture.body)
    if hazard is not None:
        raise _NoArticle(RejectReason.UNREADABLE, hazard)


def _check_length(page: Page) -> None:
    body = page.tree.body
    if body is None or why_not_read(body.text()) is None:
        return
    # what the page's scripts carry is not looked at, however long it is
    hazard = why_not_read(line_text(body))
    if hazard is not None:
        raise _NoArticle(RejectReason.UNREADABLE, hazard)


def _check_alien(page: Page, site: SiteSpec) -> None:
    if is_challenge(page):
        raise _NoArticle(RejectReason.BLOCKED, "a challenge page instead of the article")
    if says_not_found(page):
        raise _NoArticle(RejectReason.NO_BODY, SAYS_NOT_FOUND)
    if is_listing(page, site):
        raise _NoArticle(RejectReason.LISTING_PAGE, "many article links and no article")


def _is_stub(page: Page, site: SiteSpec) -> bool:
    """True for an article's page without text that says in its head what the article is about."""
    return site.is_article(page.url) and any(metadata.described_leads(page))


def _no_body(page: Page, site: SiteSpec) -> _NoArticle:
    body = page.tree.body
    if body is not None and says_not_found(page, body.text()):
        return _NoArticle(RejectReason.NO_BODY, SAYS_NOT_FOUND)
    if links_like_a_listing(page, site):
        return _NoArticle(RejectReason.LISTING_PAGE, "many article links and no article")
    unasked = second_opinion.why_not_asked(page)
    detail = "no text of an article on the page" + (f"; {unasked}" if unasked else "")
    return _NoArticle(RejectReason.NO_BODY, detail)


def _assembled(
    page: Page,
    site: SiteSpec,
    layout: Layout | None,
    title: Found,
    cut: Cut | None,
    *,
    template: Template,
) -> tuple[Article, Lesson | None]:
    name = _layout_name(cut)
    around = look_around(page, cut, title.text) if cut else Surroundings()
    sapo = first_clean([*(metadata.sapos(page, layout) if layout else ()), *around.sapos])
    url = metadata.canonical_url(page, site)
    article_id = site.article_id(url)
    learned = Learned(template=template[name], article_id=article_id) if name in template else None
    addresses = metadata.own_addresses(page, site)
    is_one_of_several = mark_pager(page, cut, addresses)
    body = _cleaned(page, cut, layout, title, sapo, learned=learned)
    if body.sapo is None and not body.paragraphs and (cut is None or _shows(cut, body)):
        sapo = first_clean(metadata.described_leads(page))
        body = attrs.evolve(body, sapo=sapo.text if sapo else None)
    state = _state(page, cut, body)
    signed = authorship(page, site, layout, body, around)
    published = publication.published(page, layout, around.dates)
    published_at = published.date.instant if published else None
    published_on = published_at.astimezone(VIETNAM).date() if published_at else None
    section = first_clean([*metadata.sections(page, layout), *around.sections])
    tags, changes = clean_tags(metadata.tags(page, layout) or around.tags)
    for found in (title, sapo if body.sapo else None, signed, section):
        changes += found.changes if found else ()
    article = Article(
        id=article_id,
        site=site.id,
        url=url,
        title=title.text,
        sapo=body.sapo,
        body=body.paragraphs,
        byline=signed.byline,
        authors=signed.authors,
        dateline=body.dateline,
        section=section.text if section else None,
        tags=tags,
        addresses=addresses,
        province=province_of(site.province, published_on),
        published_at=published_at,
        published_raw=clean_line(published.raw) if published else None,
        published_precision=published.date.precision if published else None,
        modified_at=publication.modified(page, published_at),
        figures=body.figures,
        title_source=title.source,
        sapo_source=sapo.source if sapo and body.sapo else None,
        date_source=published.source if published else None,
        author_source=signed.source,
        body_source=cut.source if cut else None,
        body_state=state,
        removed=body.removed,
        printed_digest=body.printed_digest,
    )
    article = _described(page, cut, article, (*changes, *body.changes), is_one_of_several)
    return article, _lesson(article, site, name, body)


def _described(
    page: Page,
    cut: Cut | None,
    article: Article,
    changes: Iterable[TextChange],
    is_one_of_several: bool,
) -> Article:
    """The article with what its page is like and what was changed in its text."""
    content = Content(
        url=article.url,
        title=article.title,
        section=article.section,
        paragraphs=article.body,
        figures=article.figures,
        is_encoded=article.body_state is BodyState.ENCODED,
        is_one_of_several=is_one_of_several,
    )
    captions = (x for figure in article.figures for x in (figure.caption, figure.credit))
    head = (article.title, article.sapo, article.byline, article.section, *article.tags)
    texts = [x for x in (*head, *article.body, *captions) if x]
    changes = (*of_whole_page(page.decoded_as, texts), *lost_characters(texts), *changes)
    return attrs.evolve(
        article,
        page_kind=page_kind(page, cut, content),
        text_changes=together(changes),
        skeleton=skeleton(cut.node) if cut else None,
        charset=page.charset,
    )


def _layout_name(cut: Cut | None) -> str:
    """What pages are learned from together: those whose container one rule found."""
    if cut is None or cut.source != "rule":
        return "fallback"
    return f"rule:{cut.layout.body[0]}"


def _lesson(article: Article, site: SiteSpec, layout: str, body: CleanBody) -> Lesson | None:
    """What the page teaches; nothing where it is no article's address, without text or a book."""
    is_lesson = (
        article.body_state is BodyState.FULL
        and len(body.blocks) <= _MOST_BLOCKS
        and site.is_article(article.url)
    )
    if not is_lesson:
        return None
    return Lesson(article_id=article.id, layout=layout, blocks=body.blocks)


def _cleaned(
    page: Page,
    cut: Cut | None,
    layout: Layout | None,
    title: Found,
    sapo: Found | None,
    *,
    learned: Learned | None,
) -> CleanBody:
    if cut is None:
        return attrs.evolve(_NO_TEXT, sapo=sapo.text if sapo else None)
    return clean_subtree(
        cut.node,
        base_url=page.base_url,
        title=title.text,
        sapo=sapo.text if sapo else None,
        dateline=layout.dateline if layout else None,
        learned=learned,
    )


def _shows(cut: Cut, body: CleanBody) -> bool:
    """True when there is something to see, if nothing to read: an album or a film."""
    return bool(body.figures) or holds_player(cut)


def _state(page: Page, cut: Cut | None, body: CleanBody) -> BodyState:
    """How much of the text the page gave; raises where it is none, or none of an article."""
    text = "\n".join((body.sapo or "", *body.paragraphs))
    if has_lost_letters(text):
        detail = "letters of the text are lost: they were stored as question marks"
        raise _NoArticle(RejectReason.UNREADABLE, detail)
    if len(text) < _SHORT:
        if says_not_found(page, text):
            raise _NoArticle(RejectReason.NO_BODY, SAYS_NOT_FOUND)
        if body.is_encoded or holds_encoded_body(page, cut):
            return BodyState.ENCODED
    if body.is_encoded:
        return BodyState.ENCODED
    if body.paragraphs:
        return BodyState.FULL
    if body.sapo or (cut is not None and _shows(cut, body)):
        return BodyState.LEAD_ONLY
    detail = "the article's container is empty and there is no lead"
    raise _NoArticle(RejectReason.NO_BODY, detail)


def _title(page: Page, site: SiteSpec, layout: Layout | None) -> Found | None:
    """The first title that is not only the paper's name; a cut one is completed by a longer one."""
    own = (site.name, *site.own_names, *page.metas.get("og:site_name", ()))
    chosen: Found | None = None
    for found in metadata.titles(page, layout):
        if len(found.text) > _LONGEST_TITLE:
            continue
        line, changes = clean_and_tell(found.text)
        text = own_title(line, own) if line else None
        if text is None or has_lost_letters(text):
            continue
        if chosen is None or _completes(text, chosen.text):
            chosen = Found(text=text, source=found.source, changes=changes)
        if not chosen.text.endswith(_ELLIPSIS):
            break
    return chosen


def _printed(page: Page, cut: Cut, title: Found) -> Found:
    """The headline that the page prints, where only its title element names the article."""
    text, changes = clean_and_tell(printed_title(page, cut, title.text) or "")
    return Found(text=text, source="fallback:headline", changes=changes) if text else title


def _completes(text: str, cut: str) -> bool:
    return len(text) > len(cut) and text.startswith(cut.rstrip(" .…"))
