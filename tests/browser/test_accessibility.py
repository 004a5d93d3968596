"""axe-core finds nothing on any kind of page: both languages, light and dark, desktop and phone."""

from importlib.resources import files

import pytest

#: WCAG 2.0 to 2.2, levels A and AA, and axe's own best practice.
TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
#: Every kind of page, with the status it is answered with.
PAGES = {
    "home": ("/?", 200),
    "form": ("/-/search?", 200),
    "results": ("/-/search?q=d%C3%A2n+qu%C3%A2n&paper=nuingan&paper=culao&year=2023", 200),
    "without-marks": ("/-/search?q=dan+quan", 200),
    "set-apart": ("/-/search?q=%22d%C3%A2n+qu%C3%A2n+sang+b%E1%BB%9D%22", 200),
    "no-hits": ("/-/search?q=d%C3%A2n+qu%C3%A2n+kh%C3%B4ng+ng%E1%BB%A7&year=2023&exact=1", 200),
    "mistake": ("/-/search?q=d*", 400),
    "advanced": ("/-/search/advanced?", 200),
    "coverage": ("/-/coverage?", 200),
    "coverage-paper": ("/-/coverage?paper=songmay", 200),
    "article": ("/-/article/culao:9005?q=d%C3%A2n+qu%C3%A2n&terms=1", 200),
    "versions": ("/-/article/songmay:9001?q=%C4%91%C3%AA&hit=1", 200),
    "hostile": ("/-/article/songmay:9002?", 200),
    "no-article": ("/-/article/songmay:0?", 404),
    "no-page": ("/nope?", 404),
}
UNFOLD = "() => document.querySelectorAll('details').forEach(e => { e.open = true })"
RUN = """only => axe.run(document, {runOnly: only, resultTypes: ['violations'], preload: false})
  .then(found => found.violations.map(v => `${v.id}: ${v.nodes.map(n => n.target + ' ' + n.failureSummary).join(' | ')}`))"""
#: Dark differs from light in colours alone.
LOOKS = {"light": {"type": "tag", "values": TAGS}, "dark": {"type": "rule", "values": ["color-contrast"]}}  # fmt: skip


@pytest.fixture(scope="session")
def axe():
    """The source of axe-core, as a package from PyPI carries it."""
    carrier = pytest.importorskip("axe_playwright_python", reason="run `make browser-install`")
    return (files(carrier) / "axe.min.js").read_text("utf-8")


@pytest.mark.parametrize("language", ["vi", "en"])
@pytest.mark.parametrize("kind", PAGES)
def test_axe_finds_nothing(browse, axe, kind, language):
    path, status = PAGES[kind]
    reader = browse(f"{path}&lang={language}")
    assert reader.status == status
    reader.page.evaluate(UNFOLD)
    reader.page.evaluate(axe)
    for size in ({"width": 1280, "height": 800}, {"width": 360, "height": 740}):
        reader.page.set_viewport_size(size)
        for scheme, only in LOOKS.items():
            reader.page.emulate_media(color_scheme=scheme)
            assert reader.page.evaluate(RUN, only) == [], (size, scheme)
