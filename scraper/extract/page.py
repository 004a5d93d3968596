"""A fetched page, decoded and parsed once: what every other module of this stage reads from."""

from __future__ import annotations

import codecs
import re
from functools import cached_property
from typing import TYPE_CHECKING, Final
from urllib.parse import urljoin

import attrs
from selectolax.lexbor import LexborHTMLParser

from archive.model import ChangeKind
from scraper.extract.jsonld import read_linked_data
from scraper.extract.syllables import marked_words

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from selectolax.lexbor import LexborNode

    from archive.model import Capture

_META_CHARSET: Final = re.compile(
    rb"""<meta[^>]{0,200}?charset\s*=\s*["']?\s*([\w.:-]{2,40})""", re.IGNORECASE
)
_HEADER_CHARSET: Final = re.compile(r"""charset\s*=\s*["']?\s*([\w.:-]{2,40})""", re.IGNORECASE)
_CHARSET_SEARCHED: Final = 4096
_BOMS: Final = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
#: UTF-8 has been tried by then; the others are Python's own and no charset of a page.
_NO_CHARSETS: Final = frozenset({
    "utf-8", "ascii", "utf-7", "idna", "punycode", "unicode_escape", "raw_unicode_escape", "unicode-escape",
    "raw-unicode-escape",
})  # fmt: skip
_UTF_8: Final = "utf-8"
#: What Windows machines in Vietnam wrote before UTF-8.
_LEGACY_CHARSET: Final = "cp1258"
#: A text is Vietnamese with so large a share of possible syllables, and so much more than without.
_VIETNAMESE, _BETTER = 0.8, 0.2
#: Characters of a page that are looked at for that; 5 MB took 0.2 s.
_MOST_COMPARED: Final = 400_000

_MARKUP: Final = re.compile(
    rb"<(?:!doctype\s+html|html|head|body|div|p|table|meta|title|h[1-6]|ul|article|section|main|span)\b",
    re.IGNORECASE,
)
_MARKUP_SEARCHED: Final = 65_536
_HTML_TYPES: Final = ("text/html", "application/xhtml+xml")

_FOR_MACHINES: Final = 'meta, base[href], link[rel="canonical"], script[type="application/ld+json"]'


@attrs.frozen(kw_only=True, slots=False, eq=False)
class Page:
    """A parsed page. Only ``body`` and ``fallback`` set role marks in the tree; nothing else changes it."""

    url: str
    #: Aware UTC.
    fetched_at: datetime
    tree: LexborHTMLParser = attrs.field(repr=False)
    #: How all of the text was decoded, where that is not what the page declares: ``charset:utf-8``, ``tcvn3``.
    decoded_as: tuple[str, ...] = ()
    #: Charset it was read in, and in brackets what else it declares: ``utf-8 (iso8859-1)``; None for plain ASCII.
    charset: str | None = None

    @cached_property
    def _for_machines(self) -> dict[str, list[LexborNode]]:
        """What describes the page, wherever it stands, by element and in page order.

        Looked for together: every search reads the whole tree, which is a thirtieth of the time of a page (measured).
        """
        found: dict[str, list[LexborNode]] = {}
        for node in self.tree.css(_FOR_MACHINES):
            found.setdefault(node.tag or "", []).append(node)
        return found

    @cached_property
    def metas(self) -> dict[str, tuple[str, ...]]:
        """Contents of the meta elements by lower-case property, name or itemprop, in page order."""
        found: dict[str, list[str]] = {}
        for node in self._for_machines.get("meta", ()):
            attributes = node.attributes
            key = attributes.get("property") or attributes.get("name") or attributes.get("itemprop")
            content = attributes.get("content")
            if key and content and content.strip():
                found.setdefault(key.strip().lower(), []).append(content)
        return {key: tuple(contents) for key, contents in found.items()}

    @cached_property
    def linked_data(self) -> dict[str, object]:
        """Properties of the page's JSON-LD article (schema.org); empty when it has none."""
        scripts = self._for_machines.get("script", ())
        return read_linked_data([node.text(deep=True) for node in scripts])

    @cached_property
    def base_url(self) -> str:
        """What relative addresses on the page are relative to."""
        return join_url(self.url, self._first_href("base") or "") or self.url

    @cached_property
    def canonical(self) -> str | None:
        """Absolute address the page names as its own, if any."""
        href = (self._first_href("link") or "").strip()
        return join_url(self.base_url, href) if href else None

    def _first_href(self, name: str) -> str | None:
        nodes = self._for_machines.get(name)
        return nodes[0].attributes.get("href") if nodes else None

    def meta(self, name: str) -> str | None:
        """First content of the meta *name* (lower case), or None."""
        contents = self.metas.get(name)
        return contents[0] if contents else None

    def first(self, selector: str) -> LexborNode | None:
        """First element that fits *selector* and holds text, or None."""
        node = self.tree.css_first(selector)
        if node is None or node.text().strip():
            return node
        return next((other for other in self.tree.css(selector) if other.text().strip()), None)


def read_page(capture: Capture) -> Page:
    """Decode and parse the capture's body (lexbor, one pass).

    Works for any bytes: what is no HTML becomes a page of text. UTF-8 is believed before what header
    and meta element declare, because wrong declarations are common and UTF-8 is hardly met by chance.
    """
    text, charset = _decoded(capture)
    declares_otherwise = charset is not None and not _agrees(charset, capture)
    return Page(
        url=capture.url,
        fetched_at=capture.fetched_at,
        tree=LexborHTMLParser(text),
        decoded_as=(f"{ChangeKind.CHARSET}:{charset}",) if declares_otherwise else (),
        charset=charset and _with_declared(charset, capture),
    )


def is_html(capture: Capture) -> bool:
    """True when the body is markup, whatever the header says, and no document of another kind."""
    content_type = (capture.header("Content-Type") or "").partition(";")[0].strip().lower()
    if content_type and not content_type.startswith(("text/", *_HTML_TYPES)):
        return False
    start = capture.body[:_MARKUP_SEARCHED]
    if start.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        start = start.replace(b"\x00", b"")
    return _MARKUP.search(start) is not None and not start.lstrip().startswith((b"<?xml", b"<rss"))


def join_url(base: str, href: str) -> str | None:
    """*href* made absolute, or None when it is no address."""
    try:
        return urljoin(base, href.strip())
    except ValueError:
        return None


def _decoded(capture: Capture) -> tuple[str | bytes, str | None]:
    """Text (or UTF-8 bytes) of the body, and the charset it was read in; None for plain ASCII."""
    body = capture.body
    for mark, encoding in _BOMS:
        if body.startswith(mark):
            # the mark declares it
            return body.decode(encoding, errors="replace"), None
    if body.isascii():
        return body, None
    try:
        body.decode("utf-8")
    except UnicodeDecodeError:
        return _decoded_otherwise(capture)
    return body, _UTF_8


def _decoded_otherwise(capture: Capture) -> tuple[str, str]:
    as_utf8 = capture.body.decode("utf-8", errors="replace")
    if _is_damaged_utf8(as_utf8):
        return as_utf8, _UTF_8
    legacy = capture.body.decode(_LEGACY_CHARSET, errors="replace")
    declared = _declared(capture)
    if declared is None or declared == _LEGACY_CHARSET:
        return legacy, _LEGACY_CHARSET
    text = capture.body.decode(declared, errors="replace")
    # a Western charset is what an editor put in without asking; the better Vietnamese wins
    likely = marked_words(legacy[:_MOST_COMPARED]).share
    if likely > max(_VIETNAMESE, marked_words(text[:_MOST_COMPARED]).share + _BETTER):
        return legacy, _LEGACY_CHARSET
    return text, declared


def _agrees(charset: str, capture: Capture) -> bool:
    """True when header or meta element name *charset*, or none of them any, which stands for UTF-8."""
    is_silent = True
    for name in _named_charsets(capture):
        if name == charset:
            return True
        is_silent = False
    return is_silent and charset == _UTF_8


def _with_declared(charset: str, capture: Capture) -> str:
    others = sorted({name for name in _named_charsets(capture) if name != charset})
    return f"{charset} ({', '.join(others)})" if others else charset


def _is_damaged_utf8(text: str) -> bool:
    """True when most of what is not ASCII was readable: a page cut short or with a few bad bytes."""
    bad = text.count("\ufffd")
    return len(text) - len(text.encode("ascii", "ignore")) > 2 * bad


def _declared(capture: Capture) -> str | None:
    """The 8-bit charset that header or meta element name, if Python knows it."""
    # iso-8859-1 is what servers say when nobody has told them: it has no Vietnamese letters
    usable = (x for x in _named_charsets(capture) if x not in _NO_CHARSETS and x != "iso8859-1")
    return next(usable, None)


def _named_charsets(capture: Capture) -> Iterator[str]:
    """Python's names of the charsets that header and meta element declare, as far as it knows them."""
    header = _HEADER_CHARSET.search(capture.header("Content-Type") or "")
    if header and (known := _known_charset(header[1])):
        yield known
    meta = _META_CHARSET.search(capture.body[:_CHARSET_SEARCHED])
    if meta and (known := _known_charset(meta[1].decode("ascii", "replace"))):
        yield known


def _known_charset(name: str) -> str | None:
    try:
        known = codecs.lookup(name)
        # Python knows codecs that make no text of bytes (base64)
        b"a".decode(known.name)
    except (LookupError, ValueError):
        return None
    return known.name


_INLINE: Final = frozenset({"strong", "b", "em", "i", "span"})
#: Elements that end a line of text.
_BREAKS: Final = frozenset({"br", "p", "div", "li", "tr", "td", "h1", "h2", "h3", "h4"})
_SILENT: Final = frozenset({"script", "style", "noscript", "template", "xml"})


def line_text(node: LexborNode, *, most: int | None = None) -> str:
    """Text of an element as a reader sees it on one line: no scripts, a space for every break.

    With *most*, reading ends after so many letters, spaces not counted: the text is longer than that,
    or it is whole.
    """
    parts: list[str] = []
    letters = 0
    for inner in node.traverse(include_text=True):
        if inner.is_text_node:
            parent = inner.parent
            if parent is None or parent.tag not in _SILENT:
                text = inner.text_content or ""
                parts.append(text)
                if most is not None and (letters := letters + len(text.strip())) > most:
                    break
        elif inner.tag in _BREAKS:
            parts.append(" ")
    return "".join(parts)


def is_whole_line(node: LexborNode) -> bool:
    """False for a few bold words that open a paragraph: a lead in the text is all of its line."""
    parent = node.parent
    if node.tag not in _INLINE or parent is None or parent.tag != "p":
        return True
    return len(line_text(parent).strip()) <= len(line_text(node).strip())
