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
    "listing": ("/-/search?paper=songmay", 200),
    "without-marks": ("/-/search?q=dan+quan", 200),
    "set-apart": ("/-/search?q=%22d%C3%A2n+qu%C3%A2n+sang+b%E1%BB%9D%22", 200),
    "no-hits": ("/-/search?q=d%C3%A2n+qu%C3%A2n+kh%C3%B4ng+ng%E1%BB%A7&year=2023&exact=1", 200),
    "mistake": ("/-/search?q=d*", 400),
    "advanced": ("/-/search/advanced?", 200),
    "concordance": ("/-/concordance?q=d%C3%A2n+qu%C3%A2n&order=right1&year=2023", 200),
    "concordance-form": ("/-/concordance?", 200),
    "concordance-without-marks": ("/-/concordance?q=dan+quan&width=20", 200),
    "concordance-mistake": ("/-/concordance?q=d%C3%A2n&order=x", 400),
    "coverage": ("/-/coverage?", 200),
    "coverage-paper": ("/-/coverage?paper=songmay", 200),
    "timeline": ("/-/timeline?q=d%C3%A2n+qu%C3%A2n&measure=share", 200),
    "timeline-terms": (
        "/-/timeline?q=d%C3%A2n+qu%C3%A2n&q=hu%E1%BA%A5n+luy%E1%BB%87n&q=hu%E1%BA%A5n+luy%E1%BB%87n&unit=year",
        200,
    ),
    "timeline-papers": ("/-/timeline?q=d%C3%A2n+qu%C3%A2n&by=paper&from=2023", 200),
    "timeline-places": ("/-/timeline?q=d%C3%A2n+qu%C3%A2n&by=province", 200),
    "timeline-listing": ("/-/timeline?paper=songmay", 200),
    "timeline-listing-places": ("/-/timeline?year=2023&by=province", 200),
    "timeline-none": ("/-/timeline?q=zzzz", 200),
    "timeline-form": ("/-/timeline?", 200),
    "timeline-mistake": ("/-/timeline?q=a&q=d*", 400),
    "article": ("/-/article/culao:9005?q=d%C3%A2n+qu%C3%A2n&terms=1", 200),
    "versions": ("/-/article/songmay:9001?q=%C4%91%C3%AA&hit=1", 200),
    "hostile": ("/-/article/songmay:9002?", 200),
    "lead-only": ("/-/article/songmay:9007?", 200),
    "encoded": ("/-/article/songmay:9008?", 200),
    "changes": ("/-/article/songmay:9001/changes?", 200),
    "no-version": ("/-/article/songmay:9001/changes?from=1&to=9", 404),
    "withdrawn": ("/-/article/songmay:9010?", 410),
    "downloads": ("/-/downloads?", 200),
    "health": ("/-/health?", 200),
    "log-in": ("/-/log-in?", 200),
    "no-article": ("/-/article/songmay:0?", 404),
    "no-page": ("/nope?", 404),
}
#: Datasette's own, as everyone sees them.
TABLES = {
    "database": ("/TABLES?_show_hidden=1", 200),
    "table": ("/TABLES/articles?", 200),
    "conditions": ("/TABLES/articles?site__exact=songmay&_sort=published_at&_search=dan+quan", 200),
    "no-rows": ("/TABLES/figures?article_id=nobody", 200),
    "row": ("/TABLES/articles/5?", 200),
    "facts": ("/TABLES/article_versions?_sort_desc=version", 200),
    "bad-sort": ("/TABLES/articles?_sort=nope", 400),
    "no-row": ("/TABLES/articles/0?", 404),
    "no-sql": ("/TABLES?sql=select+1", 403),
    "login": ("/-/auth-token?", 403),
    "not-root": ("/-/permissions?", 403),
    "versions-json": ("/-/versions?", 200),
    "plugins": ("/-/plugins?", 200),
    "databases": ("/-/databases?", 200),
    "settings": ("/-/settings?", 200),
    "metadata": ("/-/metadata?", 200),
    "closed": ("/-/patterns?", 404),
}
#: And as a reader sees them who is logged in to a plain Datasette.
READERS = {
    "database": ("/TABLES?", 200),
    "table": ("/TABLES/articles?_facet=site", 200),
    "query": ("/TABLES?sql=select+title,+body+from+articles+where+site+=+:site&site=songmay", 200),
    "no-rows": ("/TABLES?sql=select+1+where+0", 200),
    "bad-query": ("/TABLES?sql=select+nope", 400),
    "log-out": ("/-/logout?", 200),
    "actor": ("/-/actor?", 200),
}
#: The desk's own as an archivist sees them.
ARCHIVISTS = {
    "archivist": ("/-/archivist?order=2", 200),
    "archivist-live": ("/-/archivist?live=1", 200),
    "archivist-log": ("/-/archivist/run/20261125T010000Z-nuingan1?", 200),
    "archivist-order": ("/-/archivist/order/1?", 200),
    "archivist-stop": ("/-/archivist/stop?site=nuingan", 200),
    "archivist-nothing-to-stop": ("/-/archivist/stop?site=songmay", 409),
    "archivist-one-machine": ("/-/archivist/cluster?", 200),
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


def look_over(reader, axe, status, language):
    assert reader.status == status
    assert reader.page.locator("html").get_attribute("lang") == language
    # an archivist's page that reloads by itself would do so under axe on a slow machine
    reader.page.evaluate("window.stop()")
    reader.page.evaluate(UNFOLD)
    reader.page.evaluate(axe)
    for size in ({"width": 1280, "height": 800}, {"width": 360, "height": 740}):
        reader.page.set_viewport_size(size)
        for scheme, only in LOOKS.items():
            reader.page.emulate_media(color_scheme=scheme)
            assert reader.page.evaluate(RUN, only) == [], (size, scheme)


@pytest.mark.parametrize("language", ["vi", "en"])
@pytest.mark.parametrize("kind", PAGES)
def test_axe_finds_nothing(browse, axe, kind, language):
    path, status = PAGES[kind]
    look_over(browse(f"{path}&lang={language}"), axe, status, language)


@pytest.mark.parametrize("language", ["vi", "en"])
@pytest.mark.parametrize("kind", TABLES)
def test_axe_finds_nothing_on_datasettes_pages(browse, axe, kind, language):
    path, status = TABLES[kind]
    look_over(browse(f"{path}&_lang={language}"), axe, status, language)


@pytest.mark.parametrize("kind", READERS)
def test_axe_finds_nothing_on_pages_of_readers_who_are_logged_in(browse_plain, axe, kind):
    path, status = READERS[kind]
    look_over(browse_plain(f"{path}&_lang=vi", logged_in=True), axe, status, "vi")


@pytest.mark.parametrize("language", ["vi", "en"])
@pytest.mark.parametrize("kind", ARCHIVISTS)
def test_axe_finds_nothing_on_archivists_pages(browse, axe, kind, language):
    path, status = ARCHIVISTS[kind]
    look_over(browse(f"{path}&lang={language}", logged_in=True), axe, status, language)


@pytest.mark.parametrize("language", ["vi", "en"])
def test_axe_finds_nothing_on_the_page_about_several_machines(browse_demo, axe, language):
    look_over(
        browse_demo(f"/-/archivist/cluster?lang={language}", logged_in=True), axe, 200, language
    )
