"""Looking at a paper asks little, one thing after the other, and nothing that robots.txt forbids."""

from __future__ import annotations

import itertools

import pytest

from archive.errors import BadAddress, NotExplored
from scraper.guard import Guard
from scraper.probe.fetch import Budget, BudgetSpent, Forbidden, NotFetched, PoliteFetcher
from scraper.probe.new import Wish, explore_paper
from scraper.settings import user_agent
from scraper.sites.known import known_sites


def fetcher(**more) -> PoliteFetcher:
    return PoliteFetcher(
        **{"user_agent": user_agent(None), "guard": Guard(allow_private=True), "delay_s": 0.0}
        | more
    )


def look(paper, **more):
    wish = Wish(
        url=paper.origin,
        user_agent=user_agent("https://ai.example/"),
        allow_private=True,
        **{"delay_s": 0.0} | more,
    )
    return explore_paper(wish, known_sites(), on_request=lambda _: None)


def test_robots_txt_comes_first_and_no_more_than_twenty_requests_are_sent(papers, serve):
    paper = serve(papers["wordpress"])
    proposal = look(paper)
    assert paper.log[0][1] == "/robots.txt"
    assert [path for _, path, _ in paper.log].count("/robots.txt") == 1
    assert len(paper.log) == proposal.requests <= 20
    assert {agent for _, _, agent in paper.log} == {user_agent("https://ai.example/")}


def test_no_address_is_asked_twice(papers, serve):
    paper = serve(papers["traps"])
    look(paper)
    paths = [path for _, path, _ in paper.log]
    assert len(paths) == len(set(paths))


def test_the_delay_holds_between_all_requests(papers, serve):
    paper = serve(papers["tables"])
    look(paper, delay_s=0.1)
    times = [at for at, _, _ in paper.log]
    assert min(b - a for a, b in itertools.pairwise(times)) >= 0.1


def test_a_longer_crawl_delay_is_kept(papers, serve):
    paper = serve(papers["tables"])
    paper.robots = "User-agent: *\nCrawl-delay: 0.3\n"
    asking = fetcher()
    for path in ("/", paper.path(paper.stories[0]), paper.path(paper.stories[1])):
        asking.get(paper.origin + path)
    times = [at for at, _, _ in paper.log]
    assert min(b - a for a, b in itertools.pairwise(times)) >= 0.3


def test_a_crawl_delay_too_long_for_a_look_ends_it_with_the_reason(papers, serve):
    paper = serve(papers["tables"])
    paper.robots = "User-agent: *\nCrawl-delay: 3000\n"
    with pytest.raises(NotExplored, match="3000 s between requests"):
        look(paper)
    assert [path for _, path, _ in paper.log] == ["/robots.txt"]


def test_what_robots_txt_forbids_is_not_asked(papers, serve):
    paper = serve(papers["wordpress"])
    paper.robots = "User-agent: *\nDisallow: /feed/\nDisallow: /category/\n"
    look(paper)
    assert not [x for _, x, _ in paper.log if x.startswith(("/feed/", "/category/"))]


@pytest.mark.parametrize(
    ("rules", "reason"),
    [("Disallow: /", "robots.txt"), ("Disallow: /chitiet/", "robots.txt forbids the articles")],
)
def test_a_paper_that_forbids_the_visit_is_left_alone_with_the_reason(papers, serve, rules, reason):
    paper = serve(papers["tables"])
    paper.robots = f"User-agent: *\n{rules}\n"
    with pytest.raises(NotExplored, match=reason):
        look(paper)
    assert not [x for _, x, _ in paper.log if x.startswith("/chitiet/")]


def test_an_unreachable_robots_txt_means_not_now(papers, serve):
    paper = serve(papers["tables"])
    paper.special["/robots.txt"] = (503, "text/plain", "")
    with pytest.raises(NotFetched, match="answered 503"):
        fetcher().get(paper.origin + "/")
    assert [x for _, x, _ in paper.log] == ["/robots.txt"]


def test_the_budget_of_requests_and_time_ends_a_look(papers, serve):
    paper = serve(papers["tables"])
    short = fetcher(budget=Budget(requests=2))
    short.get(paper.origin + "/")
    with pytest.raises(BudgetSpent, match="2 requests"):
        short.get(paper.origin + "/x")
    slow = fetcher(delay_s=50.0, budget=Budget(seconds=10.0))
    with pytest.raises(BudgetSpent, match="50 s between requests"):
        slow.get(paper.origin + "/")


def test_forbidden_addresses_say_so(papers, serve):
    paper = serve(papers["tables"])
    with pytest.raises(Forbidden, match="/quan-tri/"):
        fetcher().get(paper.origin + "/quan-tri/x")


def test_a_name_for_the_guard_does_not_open_private_hosts_elsewhere(papers, serve):
    paper = serve(papers["tables"])
    guarded = fetcher(guard=Guard(exempt={"127.0.0.1:1"}))
    with pytest.raises(BadAddress, match="private"):
        guarded.get(paper.origin + "/")
    assert paper.log == []
    host = paper.origin.removeprefix("http://")
    assert fetcher(guard=Guard(exempt={host})).get(paper.origin + "/").status == 200


def test_a_redirect_to_a_private_address_is_refused(papers, serve):
    target = serve(papers["tables"])
    moved = serve(papers["bare"])
    moved.special["/"] = (302, "text/html", target.origin + "/")
    guarded = fetcher(guard=Guard(exempt={moved.origin.removeprefix("http://")}))
    with pytest.raises(BadAddress, match="private"):
        guarded.get(moved.origin + "/")
    assert target.log == []
