"""An archivist's way through the pages: log in, give an order, have it shown, stop a crawl, log out."""

import pytest


@pytest.fixture
def lan(browse, expect):
    """A page on which lan has logged in by the form."""
    reader = browse("/-/archivist?lang=en", locale="en-GB")
    assert reader.path == "/-/log-in"
    reader.page.get_by_label("Name").fill("lan")
    reader.page.get_by_label("Password").fill(reader.desk.password)
    reader.enter()
    expect(reader.page).to_have_title("Archivists' page · DQTV Archive")
    return reader


def test_an_order_is_given_shown_and_taken_back(lan, expect):
    page = lan.page
    page.get_by_text("Start a crawl").first.click()
    page.get_by_label("Paper").first.select_option("bienxanh")
    page.get_by_label("Pages at most").fill("20")
    lan.follow(page.get_by_role("button", name="Start a crawl"))
    expect(page.get_by_role("status")).to_contain_text("is written")
    row = (
        page.get_by_role("row").filter(has_text="Báo Biển Xanh").filter(has_text="20 pages at most")
    )
    expect(row).to_contain_text("waiting")
    lan.follow(row.get_by_role("button", name="Take back"))
    expect(row).to_contain_text("taken back")


def test_a_crawl_is_stopped_only_after_asking_once_more(lan, expect):
    page = lan.page
    lan.follow(page.get_by_role("link", name="Stop… Báo Núi Ngàn"))
    expect(page.get_by_role("heading", level=1)).to_have_text("Stop this crawl?")
    lan.follow(page.get_by_role("button", name="Stop it"))
    expect(page.get_by_text("being stopped")).to_be_visible()


def test_the_page_reloads_by_itself_until_it_is_told_not_to(lan, expect):
    page = lan.page
    lan.follow(page.get_by_role("link", name="Reload by itself"))
    expect(page.get_by_role("link", name="Stop reloading by itself")).to_be_visible()
    with lan.leading_elsewhere():
        pass
    # the click may meet another reload, so what it leads to is waited for by what it shows
    page.get_by_role("link", name="Stop reloading by itself").click()
    expect(page.get_by_role("link", name="Reload by itself")).to_be_visible()


def test_who_logs_out_has_to_log_in_again(lan):
    lan.follow(lan.page.get_by_role("button", name="Log out"))
    assert lan.page.url == lan.desk.address
    lan.open("/-/archivist?lang=en")
    assert lan.path == "/-/log-in"
