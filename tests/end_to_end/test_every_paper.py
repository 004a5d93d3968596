"""All papers of the demo press at once: every family in one process, each asked at its own pace."""

from __future__ import annotations

import itertools

import pytest
from protego import Protego

from archive.store import Store
from scraper.sites.load import load_registry
from scraper.sites.spec import SiteStatus

pytestmark = pytest.mark.end_to_end

#: An interval may come this much short: both ends are measured by another process on a busy machine.
TOLERANCE_S = 0.015


@pytest.fixture(scope="module")
def crawled(tmp_path_factory, new_command):
    from scraper.demo.press import DemoPress  # noqa: PLC0415  the fixture's own

    command = new_command(tmp_path_factory.mktemp("every"))
    with DemoPress(port=command.port) as press:
        ran = command("crawl", "--all", "--demo", "--json", code=None)
        yield command, press, {site["site"]: site for site in ran.json()["sites"]}


def rules_of(press, paper) -> Protego:
    from urllib.request import urlopen  # noqa: PLC0415

    with urlopen(press.origin(paper) + "/robots.txt", timeout=60) as answer:
        return Protego.parse(answer.read().decode())


def asked(press, paper):
    return [
        line
        for line in press.log
        if line.paper == paper and "dqtv-archive" in (line.user_agent or "")
    ]


def test_every_paper_ends_by_itself_and_every_family_is_among_them(crawled):
    command, press, reports = crawled
    registry = load_registry(demo_port=command.port)
    demo = {s.id for s in registry.sites.values() if s.status is SiteStatus.DEMO}
    assert set(reports) == demo == set(press.papers)
    assert {registry.site(x).family for x in demo} >= set(registry.families)
    assert {x: r["reason"] for x, r in reports.items() if x in press.friendly} == dict.fromkeys(
        press.friendly, "finished"
    )


def test_no_paper_is_asked_faster_than_it_wants(crawled):
    command, press, _ = crawled
    registry = load_registry(demo_port=command.port)
    paced = 0
    for paper in press.papers:
        lines = asked(press, paper)
        agent = lines[0].user_agent
        wanted = max(rules_of(press, paper).crawl_delay(agent) or 0.0, registry.site(paper).delay_s)
        if not wanted:
            continue
        paced += 1
        # the first two requests come before the Crawl-delay of robots.txt is known
        times = [line.monotonic for line in lines[1:]]
        gaps = [later - earlier for earlier, later in itertools.pairwise(times)]
        assert len(gaps) > 10
        assert min(gaps) >= wanted - TOLERANCE_S, paper
    assert paced >= 4


def test_robots_txt_is_never_broken(crawled):
    _, press, _ = crawled
    forbidden = 0
    for paper in press.papers:
        rules = rules_of(press, paper)
        for line in asked(press, paper):
            if line.path != "/robots.txt":
                assert rules.can_fetch(press.origin(paper) + line.path, line.user_agent), line.path
        with Store.open(crawled[0].archive, create=False) as store:
            forbidden += store.connection.execute(
                "SELECT count(*) FROM frontier WHERE site = ? AND outcome = 'robots'", (paper,)
            ).fetchone()[0]
    assert forbidden > 0, "something that robots.txt forbids is linked"


def test_every_militia_article_of_every_paper_is_kept_once(crawled):
    command, press, _ = crawled
    wanted = {a.article_id for a in press.truth() if a.level > 0 and a.paper in press.friendly}
    with Store.open(command.archive, create=False) as store:
        held = [row[0] for row in store.connection.execute("SELECT id FROM articles")]
    assert len(held) == len(set(held))
    assert {x for x in held if x.split(":")[0] in press.friendly} == wanted
