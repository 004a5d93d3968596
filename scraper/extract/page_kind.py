"""What kind of page an article stands on: an album, a film, an e-magazine; else an article.

Only what the CMS or the paper says is taken (address, section, ``og:type``, class of the page, label
before the headline), or what there is to see where nothing is to be read. A page with the text of a whole
article stays an article, whatever is embedded in it.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

import attrs

from archive.model import PageKind
from archive.vietnamese import exact_key

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Sequence

    from archive.model import Figure
    from scraper.extract.body import Cut
    from scraper.extract.page import Page

#: Characters from which a text is that of an article: some 200 syllables.
_WHOLE_TEXT: Final = 1_000
_FEWEST_PICTURES: Final = 2
#: Without any label, so many pictures with captions and no text are an album.
_PICTURES_ALONE: Final = 3

_SEGMENTS: Final[dict[str, PageKind]] = {
    **dict.fromkeys(("video", "videos", "video-clip", "clip", "clips", "xem-video"), PageKind.VIDEO),
    **dict.fromkeys(("podcast", "podcasts", "audio"), PageKind.AUDIO),
    **dict.fromkeys(
        ("album", "albums", "photo", "photos", "chum-anh", "phong-su-anh", "phongsuanh", "thu-vien-anh", "anh-dep"),
        PageKind.ALBUM,
    ),
    **dict.fromkeys(
        ("emagazine", "e-magazine", "emagazines", "megastory", "longform", "tin-longform"), PageKind.EMAGAZINE
    ),
    **dict.fromkeys(("infographic", "infographics", "tin-infographics", "do-hoa"), PageKind.INFOGRAPHIC),
}  # fmt: skip
#: Lower case, one tone placement; "ảnh" without its mark is England.
_SECTIONS: Final[dict[str, PageKind]] = {
    **dict.fromkeys(("video", "videos", "clip", "video clip", "video-clip", "video - clip"), PageKind.VIDEO),
    **dict.fromkeys(("podcast", "podcasts", "audio"), PageKind.AUDIO),
    **dict.fromkeys(
        ("ảnh", "ảnh đẹp", "chùm ảnh", "phóng sự ảnh", "thư viện ảnh", "album", "photo", "photos"), PageKind.ALBUM
    ),
    **dict.fromkeys(("emagazine", "e-magazine", "megastory", "longform"), PageKind.EMAGAZINE),
    **dict.fromkeys(("infographic", "infographics", "đồ họa"), PageKind.INFOGRAPHIC),
}  # fmt: skip
#: "Chùm ảnh: ...", "[Infographic] ...", "E-magazine | ..."; a colon, a bracket or a stroke has to follow.
_LABEL: Final = re.compile(
    r"^\W{0,3}(?:"
    r"(?P<album>chùm ảnh|phóng sự ảnh|album ảnh|album|photo|ảnh)"
    r"|(?P<video>video clip|video|clip)"
    r"|(?P<audio>podcast|audio)"
    r"|(?P<emagazine>e-?magazine|mega ?story|longform)"
    r"|(?P<infographic>infographics?|đồ họa)"
    r")\s*[\])}:|]"
)
#: A class of the page, its article or its container; menus and boxes are beside them.
_CLASS: Final = re.compile(
    r"(?:^|\s)(?:(?:page|article|detail|post|single|type|layout|template|content|news)[-_]{1,2})?"
    r"(?:(?P<emagazine>e-?magazine|mega-?story)|(?P<infographic>infographics?)|(?P<video>video)|(?P<album>album))"
    r"(?:[-_]{1,2}(?:page|article|detail|post|story|content))?(?=\s|$)"
    r"|(?:^|\s)single-format-(?:(?P<format_video>video)|(?P<format_album>gallery)|(?P<format_audio>audio))(?=\s|$)",
    re.IGNORECASE,
)
_FILMS: Final = (
    'video, iframe[src*="youtube"], iframe[data-src*="youtube"], iframe[src*="video"],'
    ' [class*="video-player"], [class*="video-embed"]'
)


@attrs.frozen(kw_only=True)
class Content:
    """What was read of the article, as far as it tells the kind of its page."""

    #: The article's canonical address, as far as it is believed.
    url: str
    title: str
    section: str | None
    paragraphs: Sequence[str]
    figures: Collection[Figure]
    #: Part of the text could not be read.
    is_encoded: bool
    #: The article goes on at further addresses.
    is_one_of_several: bool


def page_kind(page: Page, cut: Cut | None, content: Content) -> PageKind:
    """What kind of page this is; ``article`` where nothing says otherwise."""
    length = sum(map(len, content.paragraphs))
    is_short = length < _WHOLE_TEXT and not content.is_encoded
    for kind in _said(page, cut, content):
        if _fits(kind, content, is_short=is_short):
            return kind
    title = _LABEL.match(exact_key(content.title))
    if title is not None and title.lastgroup is not None:
        kind = PageKind(title.lastgroup)
        if (is_short or kind is PageKind.EMAGAZINE) and _fits(kind, content, is_short=is_short):
            return kind
    if not length and not content.is_encoded:
        if cut is not None and cut.node.css_first(_FILMS) is not None:
            return PageKind.VIDEO
        if sum(1 for x in content.figures if x.caption) >= _PICTURES_ALONE:
            return PageKind.ALBUM
    return PageKind.MULTI_PAGE if content.is_one_of_several else PageKind.ARTICLE


def _said(page: Page, cut: Cut | None, content: Content) -> Iterator[PageKind]:
    """Kinds that the CMS names, by whatever means."""
    for url in {page.url, content.url}:
        for segment in urlsplit(url).path.lower().split("/")[1:-1]:
            if segment in _SEGMENTS:
                yield _SEGMENTS[segment]
    section = exact_key(content.section or "")
    if section in _SECTIONS:
        yield _SECTIONS[section]
    if (page.meta("og:type") or "").strip().lower().startswith("video"):
        yield PageKind.VIDEO
    node = cut.node if cut is not None else page.tree.body
    while node is not None and node.parent is not None:
        match = _CLASS.search(node.attributes.get("class") or "")
        if match is not None and match.lastgroup is not None:
            yield PageKind(match.lastgroup.removeprefix("format_"))
        node = node.parent


def _fits(kind: PageKind, content: Content, *, is_short: bool) -> bool:
    """Whether the page holds what its label promises."""
    match kind:
        case PageKind.EMAGAZINE:
            return True
        case PageKind.ALBUM:
            return len(content.figures) >= _FEWEST_PICTURES
        case PageKind.INFOGRAPHIC:
            return is_short and len(content.figures) > 0
        case _:
            return is_short
