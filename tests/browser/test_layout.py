"""How pages lie on screens and paper: phones, 400 % zoom, print, light and dark."""

import pytest

from archive.desk.language import say

PHONES = [{"width": 360, "height": 740}, {"width": 320, "height": 568}]
ZOOMED = {"width": 320, "height": 256}
PAGES = [
    "/", "/-/search", "/-/search?q=d%C3%A2n+qu%C3%A2n", "/-/search?q=script+alert", "/-/search?q=d*",
    "/-/search?q=zzzz&year=2023", "/-/search/advanced", "/-/article/songmay:9001", "/-/article/songmay:9002", "/nope",
    "/-/article/songmay:9007", "/-/article/songmay:9008", "/-/article/songmay:9010", "/-/article/songmay:9001/changes", "/-/downloads",
    "/-/health", "/-/log-in", "/-/archivist", "/-/archivist/run/20261125T010000Z-nuingan1", "/-/archivist/order/1",
    "/-/archivist/stop?site=nuingan", "/-/archivist/cluster",
    "/-/timeline?q=d%C3%A2n+qu%C3%A2n", "/-/timeline?q=bi%E1%BB%83n&q=hu%E1%BA%A5n+luy%E1%BB%87n", "/-/timeline?q=d%C3%A2n+qu%C3%A2n&by=province",
    "/-/search?paper=songmay", "/-/concordance?q=d%C3%A2n+qu%C3%A2n", "/-/concordance?q=dan+quan&width=30",
    "/TABLES", "/TABLES/articles?site__exact=songmay&_sort=published_at", "/TABLES/articles/5", "/-/plugins", "/-/auth-token",
]  # fmt: skip
OVERFLOWING = """() => {
  const wide = document.documentElement.clientWidth;
  const scrolls = e => e.closest('.scroll') && !e.classList.contains('scroll');
  return [...document.body.querySelectorAll('*')]
    .filter(e => !scrolls(e) && !e.matches('.skip, .unseen') && e.getBoundingClientRect().right > wide + 1)
    .map(e => `${e.tagName}.${e.className} ${e.getBoundingClientRect().right}`)
    .concat(document.documentElement.scrollWidth > wide ? [`page ${document.documentElement.scrollWidth}`] : []);
}"""
#: Of each list of facts, where its names begin.
LEFT_EDGES = """() => [...document.querySelectorAll('dl.facts')].map(list =>
  [...new Set([...list.querySelectorAll('dt')].map(e => Math.round(e.getBoundingClientRect().left)))])"""
#: Letters whose marks reach past the box that clips them.
CLIPPED = """() => [...document.body.querySelectorAll('h1, h2, h3, button, summary, label, a, input')]
  .filter(e => ['hidden', 'clip', 'auto', 'scroll'].includes(getComputedStyle(e).overflowY) && !e.matches('.unseen')
    && e.scrollHeight > e.clientHeight + 1)
  .map(e => e.outerHTML.slice(0, 80))"""
LINES = """() => [...document.body.querySelectorAll('h1, h2, h3, p, li, button, label, dt, dd, th, td')]
  .filter(e => e.innerText && !e.matches('.unseen'))
  .map(e => [parseFloat(getComputedStyle(e).lineHeight) / parseFloat(getComputedStyle(e).fontSize), e.tagName])
  .filter(([ratio]) => ratio < 1.25)"""


@pytest.mark.parametrize("path", PAGES)
def test_no_page_scrolls_sideways_on_a_phone_or_at_four_hundred_percent(browse, path):
    reader = browse(path, viewport=PHONES[0], logged_in="archivist" in path)
    for size in (*PHONES, ZOOMED):
        reader.page.set_viewport_size(size)
        assert reader.page.evaluate(OVERFLOWING) == [], size


def test_the_page_about_several_machines_does_not_scroll_sideways_either(browse_demo):
    reader = browse_demo("/-/archivist/cluster", viewport=PHONES[0], logged_in=True)
    for size in (*PHONES, ZOOMED):
        reader.page.set_viewport_size(size)
        assert reader.page.evaluate(OVERFLOWING) == [], size


#: Of the table of what is running, with the longest that a crawl says of itself; how far the table is cut.
CUT = """([paper, since, stopping]) => {
  const row = document.querySelector("[aria-labelledby='running'] tbody tr");
  row.cells[0].querySelector('span').textContent = paper;
  row.cells[2].insertAdjacentHTML('beforeend', `<br><span class="fine alive">${since}</span>`);
  row.cells[7].lastElementChild.replaceWith(stopping);
  const box = row.closest('.scroll');
  return box.scrollWidth - box.clientWidth;
}"""


@pytest.mark.parametrize("language", ["vi", "en"])
def test_what_can_be_done_about_a_running_crawl_is_seen_on_a_desktop(browse, language):
    """A long name, a sign of life and a stop under way push the last column out of no table."""
    reader = browse("/-/archivist", logged_in=True, parameters={"lang": language})
    longest = [
        "Báo và phát thanh, truyền hình Quảng Trị",
        say(language, "archivist.sign_of_life", when="12:49, 26/11/2026"),
        say(language, "archivist.stopping", number=1234),
    ]
    assert reader.page.evaluate(CUT, longest) == 0


@pytest.mark.parametrize(
    "path", ["/-/article/songmay:9001", "/TABLES/articles/5", "/TABLES/articles"]
)
@pytest.mark.parametrize("size", [{"width": 1280, "height": 900}, PHONES[0]])
def test_what_a_list_of_facts_names_stands_in_one_column(browse, path, size):
    reader = browse(path, viewport=size)
    lists = reader.page.evaluate(LEFT_EDGES)
    assert lists
    assert [len(edges) for edges in lists] == [1] * len(lists)


@pytest.mark.parametrize("path", PAGES)
def test_lines_leave_room_for_stacked_marks_and_clip_none(browse, path):
    reader = browse(path, logged_in="archivist" in path)
    assert reader.page.evaluate(LINES) == []
    assert reader.page.evaluate(CLIPPED) == []


def test_the_first_hit_is_on_the_first_screen_of_a_phone(browse):
    reader = browse("/-/search", viewport=PHONES[0], parameters={"q": "dân quân"})
    assert reader.page.locator(".hits h3").first.bounding_box()["y"] < PHONES[0]["height"] - 60


def test_facets_are_reached_from_the_top_of_the_results_on_a_phone(browse):
    reader = browse("/-/search", viewport=PHONES[0], parameters={"q": "dân quân"})
    reader.page.locator("a[href='#facets']").click()
    reader.page.wait_for_url("**#facets")
    assert 0 <= reader.page.locator("#facets").bounding_box()["y"] < PHONES[0]["height"] / 2


def test_facets_stand_beside_the_hits_on_a_desktop(browse):
    reader = browse("/-/search", parameters={"q": "dân quân"})
    facets, hits = (reader.page.locator(x).first.bounding_box() for x in (".facets", ".list"))
    assert facets["x"] >= hits["x"] + hits["width"]
    assert not reader.page.locator("a[href='#facets']").is_visible()


@pytest.mark.parametrize("width", [320, 360, 1280])
def test_links_and_buttons_are_large_enough_to_hit(browse, width):
    """24 CSS pixels each way, links within sentences aside (WCAG 2.2, 2.5.8)."""
    reader = browse(
        "/-/search", viewport={"width": width, "height": 700}, parameters={"q": "dân quân"}
    )
    targets = reader.page.locator("header a:not(.skip), button, summary, .facets a, .pages a")
    heights = "all => all.map(e => [e.innerText, e.getBoundingClientRect().height])"
    measured = [x for x in targets.evaluate_all(heights) if x[1]]
    assert len(measured) > 10
    assert [x for x in measured if x[1] < 24] == []


@pytest.mark.parametrize(
    "path",
    [
        "/-/article/songmay:9001?q=d%C3%AA&hit=1",
        "/-/search?q=d%C3%A2n+qu%C3%A2n&paper=nuingan",
        "/-/article/songmay:9001/changes",
        "/TABLES/articles",
    ],
)
def test_print_shows_the_text_without_what_leads_elsewhere(browse, path):
    reader = browse(path, color_scheme="dark")
    reader.page.emulate_media(media="print")
    for gone in ("nav", ".languages", ".searching", ".facets", ".skip"):
        assert not [x for x in reader.page.locator(gone).all() if x.is_visible()], gone
    assert reader.page.locator("main h1").first.is_visible()
    ink = "getComputedStyle(document.body)"
    assert reader.page.evaluate(f"{ink}.backgroundColor") == "rgb(255, 255, 255)"
    assert reader.page.evaluate(f"{ink}.color") == "rgb(0, 0, 0)"


def test_dark_is_dark_and_light_is_light(browse):
    reader = browse("/", color_scheme="light")
    paper = "getComputedStyle(document.body).backgroundColor.match(/\\d+/g).map(Number)"
    assert min(reader.page.evaluate(paper)) > 200
    reader.page.emulate_media(color_scheme="dark")
    assert max(reader.page.evaluate(paper)) < 60


def test_printed_results_say_what_was_looked_for_and_in_which_paper(browse):
    reader = browse("/-/search", parameters={"q": "dân quân", "paper": "nuingan"})
    asked = reader.page.locator(".on-paper")
    assert not asked.is_visible()
    reader.page.emulate_media(media="print")
    assert asked.inner_text().endswith("dân quân")
    assert reader.page.locator(".chosen a", has_text="Báo Núi Ngàn").is_visible()


def test_changes_are_told_by_line_and_sign_on_paper_and_in_forced_colours(browse):
    reader = browse("/-/article/songmay:9001/changes", color_scheme="dark")
    for media in ({"media": "print"}, {"media": "screen", "forced_colors": "active"}):
        reader.page.emulate_media(**media)
        for tag, line, sign in (("del", "line-through", "−"), ("ins", "underline", "+")):
            shown = f"(() => {{ const e = document.querySelector('{tag}');"
            assert (
                reader.page.evaluate(f"{shown} return getComputedStyle(e).textDecorationLine }})()")
                == line
            )
            assert sign in reader.page.evaluate(
                f"{shown} return getComputedStyle(e, '::before').content }})()"
            )


def test_versions_are_told_apart_in_their_menus_on_a_phone(browse):
    """Text, padding and arrow have room: the dates are read without opening the menu."""
    reader = browse("/-/article/songmay:9001/changes", viewport=PHONES[1])
    needed = """all => all.map(e => {
      const pen = document.createElement('canvas').getContext('2d');
      pen.font = getComputedStyle(e).font;
      return [e.clientWidth - 40, pen.measureText(e.selectedOptions[0].text).width];
    })"""
    for language in ("vi", "en"):
        reader.open("/-/article/songmay:9001/changes", lang=language)
        rooms = reader.page.locator(".comparing select").evaluate_all(needed)
        assert len(rooms) == 2
        assert [x for x in rooms if x[0] < x[1]] == []


@pytest.mark.parametrize("path", ["/", "/-/search?q=d%C3%A2n+qu%C3%A2n", "/TABLES/articles"])
def test_nothing_moves_for_readers_who_asked_for_stillness(browse, path):
    reader = browse(path, reduced_motion="reduce")
    moving = """() => [...document.querySelectorAll('*')].filter(e => {
      const s = getComputedStyle(e);
      return s.animationName !== 'none' || parseFloat(s.transitionDuration) > 0 || s.scrollBehavior === 'smooth';
    }).length"""
    assert reader.page.evaluate(moving) == 0


@pytest.mark.parametrize("path", ["/-/article/songmay:9001", "/-/search?q=d%C3%A2n+qu%C3%A2n"])
def test_lines_of_text_are_not_too_long_on_a_wide_screen(browse, path):
    reader = browse(path, viewport={"width": 1920, "height": 1000})
    widths = "all => all.map(e => e.getBoundingClientRect().width / parseFloat(getComputedStyle(e).fontSize))"
    measured = reader.page.locator(".text p, .excerpt").evaluate_all(widths)
    assert measured
    # 45 em are some 80 to 90 characters
    assert max(measured) <= 45
