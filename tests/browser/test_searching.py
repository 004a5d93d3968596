"""Searching as a reader does it: with and without marks, by facet, by form, and when nothing is found."""

import re

from archive.vietnamese import collation_key


def count_of(reader):
    shown = reader.page.locator(".summary [role=status]").inner_text()
    return int(re.match(r"[\d.]+", shown).group().replace(".", ""))


def choose(reader, name):
    reader.follow(
        reader.page.locator(".facets li a", has_text=re.compile(rf"^{re.escape(name)}$")).first
    )


def test_a_query_with_marks_finds_the_words_and_marks_them(browse):
    reader = browse("/")
    reader.search("dân quân")
    assert reader.path == "/-/search"
    assert len(reader.titles()) == 20
    marked = reader.page.locator(".hits mark").all_inner_texts()
    assert marked.count("dân quân") > 20
    assert {text.lower() for text in marked} <= {"dân quân", "dân", "quân"}


def test_hits_with_other_marks_are_set_apart_and_badged(browse):
    reader = browse("/-/search", parameters={"q": '"dân quân sang bờ"'})
    assert reader.titles() == ["Dẫn quân sang bờ bắc"]
    assert reader.page.locator(".group.without .badge").count() == 1
    assert reader.page.locator(".hits h3 mark").inner_text() == "Dẫn quân sang bờ"


def test_a_query_without_marks_offers_the_ones_the_papers_print(browse):
    reader = browse("/")
    reader.search("dan quan")
    assert len(reader.titles()) == 20
    reader.follow(reader.page.locator(".meant a"))
    assert reader.page.locator("#q").input_value() == "dân quân"
    assert reader.page.locator(".meant").count() == 0


def test_two_values_of_a_facet_add_up_and_one_can_be_taken_off(browse):
    reader = browse("/-/search", parameters={"q": "dân quân"})
    every = count_of(reader)
    choose(reader, "Báo Cù Lao")
    one = count_of(reader)
    choose(reader, "Báo Núi Ngàn")
    both = count_of(reader)
    assert one < both < every
    assert reader.page.locator(".chosen li").count() == 3
    reader.follow(reader.page.locator(".chosen a", has_text="Báo Cù Lao"))
    assert count_of(reader) == both - one
    reader.follow(reader.page.locator(".chosen a.all"))
    assert count_of(reader) == every


def test_a_new_query_keeps_what_was_chosen(browse):
    reader = browse("/-/search", parameters={"q": "dân quân", "paper": "culao"})
    reader.search("chốt")
    assert reader.page.locator(".chosen a", has_text="Báo Cù Lao").count() == 1
    assert all("Cù Lao" in text for text in reader.page.locator(".hits .meta").all_inner_texts())


def test_the_filters_open_and_narrow_by_date(browse):
    reader = browse("/-/search", parameters={"q": "dân quân"})
    every = count_of(reader)
    reader.page.locator(".filters summary").click()
    reader.page.locator("#from").fill("2023")
    reader.page.locator("#to").fill("2023-06")
    reader.enter()
    assert 0 < count_of(reader) < every
    times = reader.page.locator(".hits time")
    assert all(t.get_attribute("datetime") < "2023-07" for t in times.all())


def test_the_advanced_form_writes_a_query_that_can_be_edited(browse):
    reader = browse("/-/search")
    reader.follow(reader.page.locator("a[href*='/-/search/advanced']").first)
    reader.page.locator("#phrase").fill("tiểu đội dân quân thứ")
    reader.page.locator("#none").fill("Bãi Ngang")
    reader.follow(reader.page.locator(".advanced button"))
    assert reader.path == "/-/search"
    assert '"tiểu đội dân quân thứ"' in reader.page.locator("#q").input_value()
    assert set(reader.titles()) == {"Trực đêm ở chốt dân quân", "Chốt dân quân không ngủ"}


def test_nothing_found_says_what_to_leave_out_and_that_finds_something(browse):
    parameters = {"q": "dân quân không ngủ", "year": "2023", "exact": "1"}
    reader = browse("/-/search", parameters=parameters)
    assert reader.titles() == []
    ways = reader.page.locator(".none li a")
    assert ways.count() >= 1
    reader.follow(ways.first)
    assert reader.titles() != []


def test_a_mistake_in_the_query_is_explained_above_the_form_that_still_holds_it(browse):
    reader = browse("/-/search", parameters={"q": "d*", "lang": "vi"})
    assert "dấu *" in reader.page.locator("[role=alert]").inner_text()
    assert reader.page.locator("#q").input_value() == "d*"


def test_pages_of_results_are_walked_in_both_directions(browse):
    reader = browse("/-/search", parameters={"q": "dân quân"})
    first = reader.titles()
    reader.follow(reader.page.locator(".pages a[rel=next]"))
    assert not set(first) & set(reader.titles())
    reader.follow(reader.page.locator(".pages a[rel=prev]"))
    assert reader.titles() == first


def test_a_hostile_headline_is_text_among_the_hits(browse):
    reader = browse("/-/search", parameters={"q": "script alert"})
    [title] = reader.titles()
    assert "<script>" in title
    assert reader.page.locator("script, main img").count() == 0


def first_words_right(reader):
    rights = reader.page.locator(".kwic tbody:first-of-type .right").all_inner_texts()
    return [(re.findall(r"\w+", text.lower()) or [""])[0] for text in rights]


def test_the_words_found_are_seen_in_context_and_sorted_by_a_neighbour(browse):
    reader = browse("/-/search", parameters={"q": "dân quân", "paper": "culao"})
    reader.follow(reader.page.locator("main a[href*='/-/concordance']"))
    assert reader.path == "/-/concordance"
    assert reader.page.locator(".chosen a", has_text="Báo Cù Lao").count() == 1
    by_date = first_words_right(reader)
    reader.page.locator("#order").select_option("right1")
    reader.follow(reader.page.locator(".comparing button"))
    by_word = first_words_right(reader)
    assert sorted(by_date) == sorted(by_word)
    assert by_date != by_word
    assert by_word == sorted(by_word, key=collation_key)


def test_a_line_in_context_opens_its_article_at_that_place(browse):
    reader = browse("/-/concordance", parameters={"q": "dân quân", "paper": "songmay"})
    lines = reader.page.locator(".kwic tr:not(.tier)")
    last = lines.nth(lines.count() - 1).locator(".source a")
    reader.follow(last)
    assert reader.path.startswith("/-/article/songmay:")
    assert reader.page.locator("mark").count() > 0
