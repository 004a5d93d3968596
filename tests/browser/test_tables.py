"""Datasette's own pages within the desk: without script, in both languages, with SQL for readers who are logged in."""

import pytest

ROWS = "article_id=songmay:9001"


def test_a_table_is_filtered_sorted_and_read_without_script(browse):
    reader = browse("/", java_script_enabled=False)
    reader.follow(reader.page.locator("header nav a", has_text="Bảng dữ liệu"))
    reader.follow(reader.page.locator(".headlines a", has_text="article_versions"))
    reader.page.locator("#column").select_option("article_id")
    reader.page.locator("#value").fill("songmay:9001")
    reader.follow(reader.page.locator(".conditions button"))
    assert reader.page.locator(".rows tbody tr").count() == 2
    reader.follow(reader.page.locator(".rows thead a", has_text="version").first)
    assert reader.page.locator(".rows thead", has_text="xếp tăng dần").count() == 1
    reader.follow(reader.page.locator(".rows tbody a").first)
    assert reader.page.locator(".record dt", has_text="text_sha256").count() == 1
    reader.follow(reader.page.locator(".back a", has_text="Các bảng dữ liệu"))
    assert reader.page.locator("h1").inner_text() == "Các bảng dữ liệu"


def test_the_other_language_shows_the_same_rows_and_stays(browse):
    """``lang`` would be a condition there that no row fulfils."""
    reader = browse(f"/TABLES/article_versions?{ROWS}")
    assert reader.page.locator(".rows tbody tr").count() == 2
    reader.follow(reader.page.locator(".languages a"))
    assert reader.page.locator("html").get_attribute("lang") == "en"
    assert reader.page.locator(".rows tbody tr").count() == 2
    reader.follow(reader.page.locator(".conditions button"))
    assert reader.page.locator("html").get_attribute("lang") == "en"
    reader.follow(reader.page.locator("header a.name"))
    assert reader.page.locator("html").get_attribute("lang") == "en"
    reader.follow(reader.page.locator("header nav a", has_text="Data tables"))
    assert reader.page.locator("h1").inner_text() == "Data tables"


def test_what_a_paper_prints_is_text_in_tables_too(browse):
    reader = browse("/TABLES/articles?id=songmay:9002")
    assert "<script>alert('x')</script>" in reader.page.locator(".rows tbody").inner_text()
    assert reader.page.locator("a[href^='javascript:' i], main script, main img").count() == 0


def test_a_reader_who_is_logged_in_runs_sql_and_others_are_not_offered_it(browse_plain):
    anyone = browse_plain("/TABLES")
    assert anyone.page.locator("textarea").count() == 0
    reader = browse_plain("/TABLES", logged_in=True)
    assert "độc giả" in reader.page.locator("nav.back").inner_text()
    reader.page.locator("#sql-editor").fill("select count(*) as n from sites")
    reader.follow(reader.page.locator("form.sql button"))
    assert reader.page.locator(".rows td").inner_text() == "4"
    reader.page.locator("#sql-editor").fill("select nope")
    reader.follow(reader.page.locator("form.sql button"))
    assert "no such column: nope" in reader.page.locator("[role=alert]").inner_text()
    assert reader.page.locator("#sql-editor").input_value() == "select nope"


@pytest.mark.parametrize(
    "path", ["/TABLES", "/TABLES/articles", "/TABLES/articles/5", "/-/plugins"]
)
def test_no_page_carries_a_script(browse, path):
    reader = browse(path)
    assert reader.page.locator("script, style, [style], [onclick]").count() == 0
