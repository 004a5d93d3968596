"""Reading as a reader does it: from a hit on and back, elsewhere, older texts, in either language."""

ARTICLE = "/-/article/songmay:9001"


def test_a_hit_leads_to_the_next_to_the_one_before_and_back(browse):
    reader = browse("/-/search", parameters={"q": "dân quân", "paper": "nuingan"})
    titles = reader.titles()
    reader.follow(reader.page.locator(".hits h3 a").nth(1))
    heading = reader.page.locator("article h1")
    assert heading.inner_text() == titles[1]
    reader.follow(reader.page.locator(".back a[rel=next]").first)
    assert heading.inner_text() == titles[2]
    reader.follow(reader.page.locator(".back a[rel=prev]").first)
    reader.follow(reader.page.locator(".back a[rel=prev]").first)
    assert heading.inner_text() == titles[0]
    reader.follow(reader.page.locator(".back a").first)
    assert reader.titles() == titles
    assert reader.page.locator(".chosen a", has_text="Báo Núi Ngàn").count() == 1


def test_the_words_looked_for_are_marked_in_the_article(browse):
    reader = browse("/-/search", parameters={"q": "ba đêm"})
    reader.follow(reader.page.locator(".hits h3 a").first)
    assert "ba đêm" in reader.page.locator("article mark").all_inner_texts()


def test_the_words_that_made_it_relevant_can_be_marked_and_unmarked(browse):
    reader = browse(ARTICLE)
    assert reader.page.locator("article mark").count() == 0
    reader.follow(reader.page.locator("a[href*='terms=1']"))
    marked = reader.page.locator("article mark").all_inner_texts()
    assert {text.lower() for text in marked} == {"dân quân"}
    assert len(marked) >= 5
    reader.follow(reader.page.locator("#why ~ p a").first)
    assert reader.page.locator("article mark").count() == 0


def test_a_reprint_leads_to_its_original(browse):
    reader = browse("/-/article/culao:9005")
    reader.follow(reader.page.locator("[aria-labelledby=elsewhere] li a"))
    assert reader.page.locator("article h1").inner_text() == "Trực đêm ở chốt dân quân"


def test_older_texts_unfold(browse, expect):
    reader = browse(ARTICLE)
    older = reader.page.locator("[aria-labelledby=versions]").get_by_text("giữ đê hai đêm")
    assert not older.first.is_visible()
    for summary in reader.page.locator("[aria-labelledby=versions] summary").all():
        summary.click()
    expect(older.first).to_be_visible()


def test_an_undated_article_says_so(browse):
    reader = browse("/-/article/culao:9003", parameters={"lang": "vi"})
    assert "không rõ ngày" in reader.page.locator(".meta").first.inner_text()


def test_a_hostile_article_is_text_with_no_dangerous_link(browse):
    reader = browse("/-/article/songmay:9002")
    heading = reader.page.locator("article h1")
    assert heading.inner_text().startswith("Dân quân <script>alert('x')</script><img src=x")
    assert "<style>" in reader.page.locator(".text").first.inner_text()
    assert reader.page.locator("a[href^='javascript:' i]").count() == 0
    assert reader.page.locator("main script, main style, main img").count() == 0


def test_the_language_is_switched_on_the_page_and_kept_by_its_links(browse):
    reader = browse("/-/search", parameters={"q": "dân quân"})
    assert reader.page.locator("html").get_attribute("lang") == "vi"
    titles = reader.titles()
    reader.follow(reader.page.locator(".languages a[hreflang=en]"))
    assert reader.page.locator("html").get_attribute("lang") == "en"
    assert reader.titles() == titles
    reader.follow(reader.page.locator(".hits h3 a").first)
    assert reader.page.locator("html").get_attribute("lang") == "en"
    reader.follow(reader.page.locator(".languages a[hreflang=vi]"))
    assert reader.page.locator("html").get_attribute("lang") == "vi"


def test_the_language_is_the_browsers(browse):
    english = browse("/", locale="en-GB")
    assert english.page.locator("html").get_attribute("lang") == "en"
    french = browse("/", locale="fr-FR")
    assert french.page.locator("html").get_attribute("lang") == "vi"


def test_everything_works_with_scripts_disabled(browse):
    reader = browse("/", java_script_enabled=False)
    reader.search("dan quan")
    reader.follow(reader.page.locator(".meant a"))
    reader.follow(reader.page.locator(".facets a", has_text="Báo Núi Ngàn").first)
    reader.follow(reader.page.locator(".pages a[rel=next]"))
    reader.follow(reader.page.locator(".hits h3 a").first)
    assert reader.path.startswith("/-/article/nuingan:")
    reader.follow(reader.page.locator(".back a[rel=prev]").first)
    reader.follow(reader.page.locator(".languages a"))
    assert reader.page.locator("html").get_attribute("lang") == "en"
    reader.follow(reader.page.locator(".back a").first)
    assert len(reader.titles()) >= 4


def test_a_missing_article_offers_a_search(browse):
    reader = browse("/-/article/songmay:0")
    reader.search("dân quân")
    assert len(reader.titles()) == 20
