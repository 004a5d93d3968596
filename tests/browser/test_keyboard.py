"""The desk without a mouse: everything is reached by Tab, in reading order, and focus is always seen."""

import pytest

FOCUS = """() => {
  const e = document.activeElement, box = e.getBoundingClientRect(), style = getComputedStyle(e);
  return {
    id: e.id, tag: e.tagName, href: e.getAttribute('href'), text: e.innerText || e.value || '',
    within: ['header', '.searching', '.advanced', '.chosen', '.summary', '.list', '.facets', '.back', '.story', '.beside', 'footer']
      .find(s => e.closest(s)) || null,
    ring: style.outlineStyle !== 'none' && parseFloat(style.outlineWidth) >= 2,
    seen: box.width > 0 && box.height > 0 && box.top >= 0 && box.bottom <= innerHeight + 1 && box.left >= 0,
  };
}"""


def tabbed(reader, most=150):
    """What Tab reaches, in order, from the top of the page to its end."""
    reached = []
    for _ in range(most):
        reader.page.keyboard.press("Tab")
        focus = reader.page.evaluate(FOCUS)
        if focus["tag"] in {"BODY", "HTML"}:
            return reached
        reached.append(focus)
    return reached


def in_order(reached):
    """Parts of the page in the order Tab meets them, each once."""
    return list(dict.fromkeys(x["within"] for x in reached if x["within"]))


def test_the_first_tab_shows_the_skip_link_and_enter_leads_past_the_header(browse):
    reader = browse("/-/search", parameters={"q": "dân quân"})
    reader.page.keyboard.press("Tab")
    first = reader.page.evaluate(FOCUS)
    assert first["href"] == "#main"
    assert first["seen"]
    reader.page.keyboard.press("Enter")
    reader.page.wait_for_url("**#main")
    reader.page.keyboard.press("Tab")
    assert reader.page.evaluate(FOCUS)["id"] == "q"


def test_tab_goes_through_search_hits_and_facets_in_this_order(browse):
    reader = browse("/-/search", parameters={"q": "dân quân", "paper": "nuingan"})
    reached = tabbed(reader)
    parts = in_order(reached)
    assert parts == ["header", ".searching", ".chosen", ".summary", ".list", ".facets"]
    hits = {x["text"] for x in reached if x["within"] == ".list"}
    assert set(reader.titles()) <= hits


@pytest.mark.parametrize(
    "path",
    [
        "/",
        "/-/search?q=d%C3%A2n+qu%C3%A2n",
        "/-/search/advanced",
        "/-/article/songmay:9001?q=d%C3%AA&hit=1",
        "/-/article/songmay:9001/changes",
        "/TABLES",
        "/TABLES/sites",
    ],
)
def test_focus_is_always_seen(browse, path):
    reached = tabbed(browse(path))
    assert len(reached) > 8
    assert [x for x in reached if not (x["ring"] and x["seen"])] == []


def walker(reader):
    """Tabs on until what has the focus is as wanted."""

    def tab_to(wanted):
        for _ in range(150):
            reader.page.keyboard.press("Tab")
            if wanted(reader.page.evaluate(FOCUS)):
                return
        pytest.fail("Tab does not lead there")

    return tab_to


def test_a_search_a_facet_and_an_article_need_no_mouse(browse, expect):
    reader = browse("/")
    tab_to = walker(reader)
    tab_to(lambda x: x["id"] == "q")
    reader.page.keyboard.type("dân quân")
    reader.enter()
    assert reader.path == "/-/search"
    tab_to(lambda x: x["within"] == ".facets" and x["text"].startswith("Báo Núi Ngàn"))
    reader.enter()
    assert "paper=nuingan" in reader.page.url
    tab_to(lambda x: x["tag"] == "SUMMARY" and x["within"] == ".searching")
    reader.page.keyboard.press("Enter")
    expect(reader.page.locator("#from")).to_be_visible()
    tab_to(lambda x: x["within"] == ".list" and "Dân quân thôn" in x["text"])
    reader.enter()
    assert reader.path.startswith("/-/article/nuingan:")
    assert reader.page.locator("article h1").inner_text().startswith("Dân quân thôn")


def test_an_article_its_changes_and_the_other_language_need_no_mouse(browse, expect):
    reader = browse("/-/search", parameters={"q": '"giữ đê suốt ba đêm"'})
    tab_to = walker(reader)
    tab_to(lambda x: x["within"] == ".list")
    reader.enter()
    assert reader.path == "/-/article/songmay:9001"
    tab_to(lambda x: (x["href"] or "").endswith("/changes"))
    reader.enter()
    assert reader.path.endswith("/changes")
    assert reader.page.locator("ins").count() > 0
    tab_to(lambda x: x["id"] == "to")
    reader.page.keyboard.press("ArrowUp")
    expect(reader.page.locator("#to")).to_have_value("1")
    tab_to(lambda x: x["tag"] == "BUTTON")
    reader.enter()
    assert "to=1" in reader.page.url
    assert reader.page.locator("ins, del").count() == 0
    tab_to(lambda x: "lang=en" in (x["href"] or ""))
    reader.enter()
    assert "lang=en" in reader.page.url
    assert reader.page.locator("h1").inner_text() == "What changed in the article"
