"""A search as an Atom feed (RFC 4287) of its newest articles; older ones by its ``next`` link (RFC 5005).

An entry's id is the article's permalink. It is ``updated`` when another text of it is captured, not
when the same text is met again.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final
from xml.etree import ElementTree as ET

import attrs

if TYPE_CHECKING:
    from collections.abc import Sequence

    from archive.desk.hit_list import ListedArticle

#: Articles of one page of a feed.
ENTRIES: Final = 50
MEDIA_TYPE: Final = "application/atom+xml; charset=utf-8"
_NAMESPACE: Final = "http://www.w3.org/2005/Atom"
#: What XML 1.0 has no place for.
_ILLEGAL: Final = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


@attrs.frozen(kw_only=True)
class Entry:
    """An article in a feed."""

    article: ListedArticle
    permalink: str
    excerpt: str


@attrs.frozen(kw_only=True)
class Feed:
    """A page of a feed; addresses are full ones."""

    title: str
    #: Of its title.
    language: str
    #: The search as a page; also the feed's id.
    search: str
    #: This page of the feed, its first one, and the following one or None.
    own: str
    first: str
    following: str | None
    entries: Sequence[Entry]
    #: When the snapshot was built.
    built_at: str
    #: Program and version that built it.
    software: str


def atom(feed: Feed) -> bytes:
    """The feed as a document in UTF-8."""
    root = ET.Element("feed", {"xmlns": _NAMESPACE, "xml:lang": feed.language})
    _add(root, "id", feed.search)
    _add(root, "title", feed.title)
    _add(root, "updated", max((x.article.captured_at for x in feed.entries), default=feed.built_at))
    _add(root, "generator", feed.software)
    _link(root, "self", feed.own, "application/atom+xml")
    _link(root, "first", feed.first, "application/atom+xml")
    if feed.following is not None:
        _link(root, "next", feed.following, "application/atom+xml")
    _link(root, "alternate", feed.search, "text/html")
    for entry in feed.entries:
        _entry(ET.SubElement(root, "entry", {"xml:lang": "vi"}), entry)
    ET.indent(root, "")
    text: bytes = ET.tostring(root, encoding="utf-8", xml_declaration=True)
    return text


def _entry(node: ET.Element, entry: Entry) -> None:
    article = entry.article
    _add(node, "id", entry.permalink)
    _add(node, "title", article.title)
    _link(node, "alternate", entry.permalink, "text/html")
    if article.url.startswith(("http://", "https://")):
        _link(node, "via", article.url, "text/html")
    if article.published_at is not None:
        _add(node, "published", article.published_at)
    _add(node, "updated", article.captured_at)
    # an entry must have an author: where none is named, it is the paper
    for name in article.authors or (article.byline or article.paper,):
        _add(ET.SubElement(node, "author"), "name", name)
    _add(ET.SubElement(node, "contributor"), "name", article.paper)
    terms = [article.paper, article.section, article.province, *article.tags]
    for term in dict.fromkeys(term for term in terms if term):
        ET.SubElement(node, "category", {"term": _plain(term)})
    _add(node, "summary", entry.excerpt)


def _add(node: ET.Element, name: str, text: str) -> None:
    ET.SubElement(node, name).text = _plain(text)


def _link(node: ET.Element, relation: str, address: str, kind: str) -> None:
    ET.SubElement(node, "link", {"rel": relation, "type": kind, "href": _plain(address)})


def _plain(text: str) -> str:
    return " ".join(_ILLEGAL.sub("", text).split())
