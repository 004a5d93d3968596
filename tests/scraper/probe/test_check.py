"""``dqtv sites check``: coverage of fields, and a word when a field or the whole paper is missing."""

from __future__ import annotations

import attrs
import pytest

from scraper.guard import Guard
from scraper.probe.coverage import check_site
from scraper.probe.fetch import PoliteFetcher
from scraper.probe.new import Wish, explore_paper
from scraper.sites.known import known_sites
from scraper.sites.spec import DateRule


def fetcher() -> PoliteFetcher:
    return PoliteFetcher(user_agent="t", guard=Guard(allow_private=True), delay_s=0.0)


@pytest.fixture
def paper(papers, serve):
    return serve(papers["tables"])


@pytest.fixture
def site(paper):
    wish = Wish(url=paper.origin, delay_s=0.0, user_agent="t", allow_private=True)
    found = explore_paper(wish, known_sites(), on_request=lambda _: None).site
    paper.log.clear()
    return found


def changed(site, **selectors):
    return attrs.evolve(site, layouts=(attrs.evolve(site.layouts[0], **selectors),))


def test_a_good_paper_has_every_named_field(paper, site):
    report = check_site(fetcher(), site, None, pages=5)
    assert report.problems == ()
    assert report.pages == report.by_rule == 5
    assert all(report.found[x] == 5 for x in ("title", "sapo", "body", "date", "section"))
    assert set(report.named) == {"title", "sapo", "body", "date", "section"}
    assert len([x for _, x, _ in paper.log if x.startswith("/chitiet/")]) == 5


def test_only_as_many_pages_as_asked_are_read(site):
    assert check_site(fetcher(), site, None, pages=2).pages == 2


def test_a_date_rule_that_fits_no_more_is_a_problem(site):
    broken = changed(site, published=(DateRule(select="td.ngay-moi"),))
    assert "date: found on 0 of 5 pages" in check_site(fetcher(), broken, None, pages=5).problems


def test_a_named_lead_that_is_never_found_is_a_problem(site):
    broken = changed(site, sapo=("td.khong-co",))
    assert "sapo: found on 0 of 5 pages" in check_site(fetcher(), broken, None, pages=5).problems


def test_a_body_selector_that_fits_no_more_is_a_problem_although_the_text_was_guessed(site):
    report = check_site(fetcher(), changed(site, body=("td.khong-co",)), None, pages=5)
    assert report.by_fallback == 5
    assert any(x.startswith("body: the layout's selectors fit on 0 of 5") for x in report.problems)


@pytest.mark.parametrize(
    ("rules", "reason"),
    [
        ("User-agent: *\nDisallow: /", "robots.txt"),
        ("User-agent: *\nDisallow: /chitiet/", "forbids"),
    ],
)
def test_a_paper_that_may_not_be_read_says_why(paper, site, rules, reason):
    paper.robots = rules
    report = check_site(fetcher(), site, None, pages=3)
    assert report.pages == 0
    assert "nothing could be fetched" in report.problems[-1]
    assert reason in report.problems[-1]


def test_seeds_that_list_nothing_are_named(paper, site):
    empty = (200, "text/html", "<html><body><p>Đang bảo trì</p></body></html>")
    paper.special = {paper.section(k, 1): empty for k in paper.sections} | {"/": empty}
    report = check_site(fetcher(), site, None, pages=3)
    assert "no article links in the page as sent" in report.problems[-1]


@pytest.mark.usefixtures("press")
def test_the_demo_papers_are_checked_without_further_leave_and_nothing_is_stored(dqtv):
    ran = dqtv("sites", "check", "demo-songmay", "demo-culao", "--pages", "3", "--json")
    sites = {x["site"]: x for x in ran.json()["sites"]}
    assert {x["pages"] for x in sites.values()} == {3}
    assert {x["by_rule"] for x in sites.values()} == {3}
    assert not dqtv.archive.exists()
    assert "demo-songmay" in dqtv("sites", "check", "demo-songmay", "--pages", "2").out


def test_a_silent_paper_ends_with_code_one_and_an_unknown_one_with_two(press, dqtv):
    press.set_fault("demo-culao", "refused")
    ran = dqtv("sites", "check", "demo-culao", "--pages", "2", code=1)
    assert "nothing could be fetched" in ran.out
    assert "unknown site" in dqtv("sites", "check", "khong-co", code=2).err
