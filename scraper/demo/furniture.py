"""Pieces that pages of every CMS are made of: escaping, times, styles, scripts, pictures, feeds."""

from __future__ import annotations

import struct
import zlib
from datetime import UTC
from email.utils import format_datetime
from html import escape
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from scraper.demo.edition import Edition
    from scraper.demo.stories import Story

_WORDS = ("Hai", "Ba", "Tư", "Năm", "Sáu", "Bảy")


def text(value: str) -> str:
    """*value* as element text."""
    return escape(value, quote=False)


def attribute(value: str) -> str:
    """*value* as a double-quoted attribute's value."""
    return escape(value)


def cut(value: str, length: int) -> str:
    """The first *length* characters with an ellipsis, cut at a word where anything was cut."""
    if len(value) <= length:
        return value
    return value[:length].rsplit(" ", 1)[0] + "..."


def weekday_number(day: datetime) -> str:
    """``Thứ 2`` ... ``Thứ 7``, ``Chủ nhật``."""
    return "Chủ nhật" if day.weekday() == 6 else f"Thứ {day.weekday() + 2}"  # noqa: PLR2004 - Sunday


def weekday_word(day: datetime) -> str:
    """``Thứ Hai`` ... ``Thứ Bảy``, ``Chủ nhật``."""
    return "Chủ nhật" if day.weekday() == 6 else f"Thứ {_WORDS[day.weekday()]}"  # noqa: PLR2004 - Sunday


def image_path(story: Story, position: int) -> str:
    """Path of the picture in *position* (from 0) of *story*; every picture is the same grey."""
    month = story.published.strftime("%Y%m")
    return f"/upload/image/{month}/medium/{story.number}_{position}.png"


def is_image_path(path: str) -> bool:
    """True for the addresses of pictures; the vnpt system keeps its own under ``/dataimages/``."""
    return path.startswith(("/upload/image/", "/dataimages/")) and path.endswith(".png")


def grey_png(width: int = 160, height: int = 90) -> bytes:
    """A plain grey picture (PNG specification, 8-bit greyscale)."""
    rows = zlib.compress((b"\x00" + b"\xc8" * width) * height)
    header = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    chunks = ((b"IHDR", header), (b"IDAT", rows), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(_chunk(name, data) for name, data in chunks)


def _chunk(name: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))


def stylesheet(accent: str, *, steps: int) -> str:
    """An inline stylesheet the size real papers carry: layout, then utility classes by the hundred."""
    rules = [
        "body{margin:0;font:16px/1.6 Arial,sans-serif;color:#222}",
        f"a{{color:{accent};text-decoration:none}}",
        ".container{max-width:1140px;margin:0 auto;padding:0 12px}",
        ".d-none{display:none}",
        "img{max-width:100%;height:auto}",
    ]
    for step in range(steps):
        rules += [
            f".m-{step}{{margin:{step * 2}px!important}}.p-{step}{{padding:{step * 2}px!important}}",
            f".mt-{step}{{margin-top:{step * 2}px}}.mb-{step}{{margin-bottom:{step * 2}px}}",
            f".w-{step}{{width:{step}%}}.fs-{step}{{font-size:{10 + step}px}}",
            f"@media(min-width:{320 + step * 8}px){{.col-{step}{{flex:0 0 {step}%}}}}",
        ]
    return f'<style type="text/css">{"".join(rules)}</style>\n'


def ad_script(zones: int) -> str:
    """The inline script that would fill *zones* advertising places; it reaches nowhere."""
    calls = "".join(
        f'window.adZones.push({{"zone":{number},"position":"detail_{number}","sizes":'
        f'[[300,250],[300,600],[336,280]],"targets":{{"site":"article","slot":"s{number % 7}"}},'
        f'"lazy":{"true" if number % 2 else "false"},"refresh":{30 + number}}});\n'
        for number in range(zones)
    )
    return f"<script>window.adZones=window.adZones||[];\n{calls}</script>\n"


def menu(edition: Edition, paths: Iterable[tuple[str, str]], css_class: str) -> str:
    """The navigation bar: (path, name) pairs as a list of absolute links."""
    items = "".join(
        f'<li class="nav-item has-child"><a class="nav-link title" href="{edition.origin}{path}" '
        f'title="{attribute(name)}">{text(name)}</a></li>\n'
        for path, name in paths
    )
    return f'<ul class="{css_class}">\n<li><a href="/" title="Trang chủ">Trang chủ</a></li>\n{items}</ul>\n'


def rss(edition: Edition, title: str, stories: Iterable[Story]) -> str:
    """An RSS 2.0 feed."""
    items = "".join(
        f"<item><title>{text(story.title)}</title><link>{edition.url(story)}</link>"
        f'<guid isPermaLink="true">{edition.url(story)}</guid>'
        f"<pubDate>{format_datetime(story.published)}</pubDate>"
        f"<description><![CDATA[{cut(story.lead, 160)}]]></description></item>\n"
        for story in stories
    )
    built = format_datetime(edition.newest.published)
    return (
        '<?xml version="1.0" encoding="utf-8"?>\n<rss version="2.0"><channel>'
        f"<title>{text(title)}</title><link>{edition.origin}/</link><language>vi</language>"
        f"<lastBuildDate>{built}</lastBuildDate>\n{items}</channel></rss>\n"
    )


def sitemap(entries: Iterable[tuple[str, datetime]], root: str = "urlset") -> str:
    """A sitemap, or with *root* ``sitemapindex`` an index of sitemaps, of (URL, last change)."""
    item = "url" if root == "urlset" else "sitemap"
    rows = "".join(
        f"<{item}><loc>{text(url)}</loc><lastmod>{changed.isoformat()}</lastmod></{item}>\n"
        for url, changed in entries
    )
    namespace = "http://www.sitemaps.org/schemas/sitemap/0.9"
    return (
        f'<?xml version="1.0" encoding="UTF-8"?>\n<{root} xmlns="{namespace}">\n{rows}</{root}>\n'
    )


def zulu(instant: datetime) -> str:
    """*instant* in UTC as Laravel writes it: ``2024-03-19T02:12:00.000000Z``."""
    return instant.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
