"""Timelines as a reader uses them: by mouse, without one, on a phone, without colours."""

import re

import pytest

PHONE = {"width": 360, "height": 740}


def hits_found(reader):
    shown = reader.page.locator(".summary [role=status]").inner_text()
    return int(re.match(r"[\d.]+", shown).group().replace(".", ""))


def test_results_lead_to_their_timeline_and_a_bar_back_to_its_articles(browse):
    reader = browse("/-/search", parameters={"q": "dân quân", "paper": "nuingan"})
    every = hits_found(reader)
    reader.follow(reader.page.locator(".summary a[href*='/-/timeline']"))
    assert reader.path == "/-/timeline"
    bars = reader.page.locator("svg.links a")
    told = [
        int(re.search(r": (\d+)/", x).group(1)) for x in bars.locator("title").all_text_contents()
    ]
    assert sum(told) == every
    reader.follow(reader.page.locator("svg.links a rect").nth(2))
    assert reader.path == "/-/search"
    assert hits_found(reader) == told[2]
    assert reader.page.locator(".chosen a", has_text="Báo Núi Ngàn").count() == 1


def test_a_second_query_is_added_and_told_apart_by_line_and_sign(browse):
    reader = browse("/-/timeline", parameters={"q": "dân quân", "unit": "year"})
    reader.page.locator("details.filters summary").click()
    reader.page.locator("#q2").fill("huấn luyện")
    reader.follow(reader.page.locator(".terms button"))
    assert reader.page.locator("td.sampled").count() == 2
    looks = "all => all.map(e => [getComputedStyle(e).stroke, getComputedStyle(e).strokeDasharray])"
    (first, dashes), (second, others) = reader.page.locator("td.sampled .line").evaluate_all(looks)
    assert first != second
    assert dashes != others
    signs = reader.page.locator("td.sampled .sign").evaluate_all("all => all.map(e => e.tagName)")
    assert signs == ["circle", "rect"]


def test_a_point_of_a_line_leads_to_its_own_search(browse):
    given = {"q": ["dân quân", "huấn luyện"], "unit": "year"}
    reader = browse("/-/timeline", parameters=given)
    last = reader.page.locator("svg.links a").last
    told = int(re.search(r": (\d+)/", last.locator("title").text_content()).group(1))
    reader.follow(last.locator("rect"))
    assert reader.page.locator("#q").input_value() == "huấn luyện"
    assert hits_found(reader) == told


def test_months_and_shares_are_switched_to(browse):
    reader = browse("/-/timeline", parameters={"q": "dân quân"})
    reader.follow(reader.page.locator(".switch a", has_text="Tháng"))
    reader.follow(reader.page.locator(".switch a", has_text="tỷ lệ"))
    assert reader.page.locator("h2").first.inner_text() == "Tỷ lệ bài khớp theo tháng"
    assert reader.page.locator("svg[role=img] text.end").last.text_content().endswith("%")


def test_without_a_mouse_the_table_leads_to_the_articles(browse):
    reader = browse("/-/timeline", parameters={"q": "dân quân", "unit": "year"})
    focusable = "all => all.filter(e => e.tabIndex >= 0).length"
    assert reader.page.locator("svg a").evaluate_all(focusable) == 0
    link = reader.page.locator("details.figures td a").first
    told = int(link.inner_text())
    link.focus()
    reader.enter()
    assert reader.path == "/-/search"
    assert hits_found(reader) == told


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_on_a_phone_the_drawing_scrolls_in_its_frame_with_labels_of_full_size(browse, scheme):
    given = {"q": "dân quân", "unit": "month"}
    reader = browse("/-/timeline", viewport=PHONE, color_scheme=scheme, parameters=given)
    frame = reader.page.locator(".plot-scroll")
    wide, seen = frame.evaluate("e => [e.scrollWidth, e.clientWidth]")
    assert wide > seen
    assert frame.get_attribute("tabindex") == "0"
    label = reader.page.locator("svg[role=img] text").first
    assert label.evaluate("e => e.getBoundingClientRect().height") >= 12
    assert frame.bounding_box()["y"] < PHONE["height"]


def test_without_colours_bars_and_lines_have_the_systems(browse):
    reader = browse("/-/timeline", parameters={"q": "dân quân"}, forced_colors="active")
    bar = reader.page.locator("svg[role=img] .bar").first
    paper = reader.page.locator("body").evaluate("e => getComputedStyle(e).backgroundColor")
    assert bar.evaluate("e => getComputedStyle(e).fill") != paper
    reader.open("/-/timeline", q=["dân quân", "huấn luyện"])
    strokes = reader.page.locator("svg[role=img] .line").evaluate_all(
        "all => all.map(e => getComputedStyle(e).stroke)"
    )
    assert strokes
    assert paper not in strokes
