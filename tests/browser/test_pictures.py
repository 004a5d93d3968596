"""The pictures in docs/: written anew when DQTV_PICTURES names their folder, and looked after otherwise."""

import os
import re
import struct
from pathlib import Path

import pytest

DOCS = Path(__file__).parents[2] / "docs"
TAKEN_INTO = os.environ.get("DQTV_PICTURES")
MOST_BYTES, MOST_BYTES_TOGETHER = 180_000, 2_500_000
DESKTOP, PHONE = {"width": 1120, "height": 760}, {"width": 360, "height": 740}
READING, TALL = {"width": 1120, "height": 600}, {"width": 1120, "height": 1000}
VIEWS = {
    "home-vi": ("/?lang=vi", DESKTOP, "light"),
    "home-dark-en": ("/?lang=en", DESKTOP, "dark"),
    "search-vi": ("/-/search?q=dan+quan&lang=vi", DESKTOP, "light"),
    "search-en": ("/-/search?q=d%C3%A2n+qu%C3%A2n&paper=songmay&paper=culao&lang=en", DESKTOP, "light"),
    "search-phone-vi": ("/-/search?q=d%C3%A2n+qu%C3%A2n&lang=vi", PHONE, "light"),
    "advanced-en": ("/-/search/advanced?lang=en", DESKTOP, "light"),
    "timeline-vi": ("/-/timeline?q=d%C3%A2n+qu%C3%A2n&q=hu%E1%BA%A5n+luy%E1%BB%87n&q=di%E1%BB%85n+t%E1%BA%ADp&lang=vi", TALL, "light"),
    "timeline-en": ("/-/timeline?q=hu%E1%BA%A5n+luy%E1%BB%87n&measure=share&lang=en", TALL, "light"),
    "article-vi": ("/-/article/bienxanh:55001?q=d%C3%A2n+qu%C3%A2n&hit=2&lang=vi", READING, "light"),
    "article-en": ("/-/article/bienxanh:55001?terms=1&lang=en", READING, "light"),
    "changes-vi": ("/-/article/bienxanh:55001/changes?lang=vi", READING, "light"),
    "changes-en": ("/-/article/bienxanh:55001/changes?lang=en", READING, "light"),
    "downloads-vi": ("/-/downloads?lang=vi", READING, "light"),
    "downloads-en": ("/-/downloads?lang=en", READING, "light"),
    "tables-vi": ("/TABLES/articles?_lang=vi&_col=title&_col=published_at&_col=section&_col=level&section__contains=An+ninh", TALL, "light"),
    "tables-en": ("/TABLES/articles?_lang=en&_col=title&_col=published_at&_col=section&_col=level&section__contains=An+ninh", TALL, "light"),
    "health-vi": ("/-/health?lang=vi", READING, "light"),
    "health-en": ("/-/health?lang=en", READING, "light"),
    "archivist-vi": ("/-/archivist?lang=vi", TALL, "light"),
    "archivist-en": ("/-/archivist?lang=en", TALL, "light"),
    "cluster-vi": ("/-/archivist/cluster?lang=vi", TALL, "light"),
    "cluster-en": ("/-/archivist/cluster?lang=en", TALL, "light"),
    "article-phone-dark-vi": ("/-/article/bienxanh:55001?lang=vi", PHONE, "dark"),
}  # fmt: skip


@pytest.mark.skipif(not TAKEN_INTO, reason="DQTV_PICTURES names no folder (make pictures)")
@pytest.mark.parametrize("name", VIEWS)
def test_take_the_picture(browse_demo, name):
    path, viewport, scheme = VIEWS[name]
    for_archivists = path.startswith("/-/archivist")
    reader = browse_demo(path, viewport=viewport, color_scheme=scheme, logged_in=for_archivists)
    target = Path(TAKEN_INTO) / f"{name}.png"
    target.parent.mkdir(parents=True, exist_ok=True)
    reader.page.screenshot(path=target)
    assert target.stat().st_size <= MOST_BYTES


@pytest.mark.parametrize("name", VIEWS)
def test_every_view_has_a_small_picture_of_its_size(name):
    picture = (DOCS / "screenshots" / f"{name}.png").read_bytes()
    assert len(picture) <= MOST_BYTES
    width, height, depth = struct.unpack(">IIB", picture[16:25])
    assert {"width": width, "height": height} == VIEWS[name][1]
    assert depth == 8


def test_no_picture_is_left_over():
    pictures = list((DOCS / "screenshots").iterdir())
    assert {path.stem for path in pictures} == set(VIEWS)
    assert sum(path.stat().st_size for path in pictures) <= MOST_BYTES_TOGETHER


@pytest.mark.parametrize(("page", "language"), [("guide.md", "en"), ("huong-dan.md", "vi")])
def test_each_guide_shows_pictures_in_its_language_with_words_for_them(page, language):
    text = (DOCS / page).read_text("utf-8")
    shown = re.findall(r"!\[([^\]]*)\]\(screenshots/([^)]+)\.png\)", text)
    assert len(shown) >= 3
    assert all(len(words) > 15 and name.endswith(f"-{language}") for words, name in shown)
