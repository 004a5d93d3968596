"""Each known family is named by its fingerprints."""

from __future__ import annotations

import pytest

from scraper.demo.press import DemoPress
from scraper.probe.new import Wish, explore_paper
from scraper.sites.load import load_registry


@pytest.fixture(scope="module")
def elsewhere():
    """The demo press at ports that no site file claims."""
    with DemoPress(port=0) as press:
        yield press


REGISTRY = load_registry()
WITH_FAMILY = [x.id for x in REGISTRY.sites.values() if x.status == "demo" and x.family]


@pytest.mark.parametrize("paper", WITH_FAMILY)
def test_the_family_is_named_and_its_own_address_pattern_is_kept(elsewhere, paper):
    proposal = explore_paper(
        Wish(url=elsewhere.origin(paper), delay_s=0, user_agent="t", allow_private=True),
        REGISTRY,
        on_request=lambda _: None,
    )
    known = REGISTRY.site(paper)
    assert proposal.site.family == known.family
    assert proposal.recognition is not None
    assert proposal.recognition.pages == proposal.recognition.looked_at
    assert "article_url" not in proposal.text
    assert proposal.site.name == known.name
    assert proposal.site.layouts == ()
    assert len(proposal.site.examples) == 3
    assert {x.article.body_source for x in proposal.outcomes if x.article} == {"rule"}


def test_a_paper_of_no_family_gets_selectors_of_its_own(elsewhere):
    proposal = explore_paper(
        Wish(url=elsewhere.origin("demo-bienxanh"), delay_s=0, user_agent="t", allow_private=True),
        REGISTRY,
        on_request=lambda _: None,
    )
    assert proposal.site.family is None
    assert proposal.recognition is None
    layout = proposal.site.layouts[0]
    assert (layout.title, layout.body) == (("h2.tua-bai",), ("div.noi-dung",))
    assert [x.select for x in layout.published] == ["div.thoi-gian"]
