"""A paper on a system nobody has described: the proposed file, unedited, reads further pages right."""

from __future__ import annotations

import hashlib
import re
import uuid
from datetime import UTC, datetime

import pytest

from archive.model import Capture
from scraper.probe.new import Wish, explore_paper
from scraper.process import process
from scraper.sites.known import known_sites
from scraper.sites.load import load_registry

SYSTEMS = ("wordpress", "portal", "tables", "utility", "bare", "hashed", "one_box", "traps")


def wish(paper, **more) -> Wish:
    return Wish(
        url=paper.origin + "/", delay_s=0, user_agent="dqtv-test", allow_private=True, **more
    )


def propose(paper):
    return explore_paper(wish(paper), known_sites(), on_request=lambda _: None)


def read(paper, site, story):
    status, kind, text = paper.answer(paper.path(story))
    assert status == 200
    return process(
        Capture(
            id=str(uuid.uuid4()), site=site.id, url=paper.url(story), fetched_at=datetime.now(UTC),
            status=200, headers=(("Content-Type", f"{kind}; charset=utf-8"),), body=text.encode(),
        ),
        site,
        None,
    ).article  # fmt: skip


def is_right(article, story) -> bool:
    """Title, date and body as printed; a lead that no element marks may open the body."""
    return (
        article is not None
        and article.title == story.title
        and article.published_at == story.published
        and article.body in (story.paragraphs, (story.sapo, *story.paragraphs))
    )


@pytest.mark.parametrize("system", SYSTEMS)
def test_at_least_eight_of_ten_further_pages_are_read_right(papers, serve, system):
    paper = serve(papers[system])
    proposal = propose(paper)
    looked_at = {x.capture.url for x in proposal.outcomes}
    further = [x for x in paper.stories if paper.url(x) not in looked_at][:10]
    assert len(further) == 10
    right = sum(is_right(read(paper, proposal.site, x), x) for x in further)
    assert right >= 8, proposal.text


def _without_meaning(markup: str) -> str:
    """The same page with classes that say nothing, and without ids and metas."""
    markup = re.sub(r"<meta (?:property|name)[^>]*>", "", markup)
    return re.sub(
        r' class="([^"]*)"',
        lambda found: f' class="{" ".join(map(_digest, found[1].split()))}"',
        re.sub(r' id="[^"]*"', "", markup),
    )


def _digest(name: str) -> str:
    return f"css-{hashlib.sha256(name.encode()).hexdigest()[:6]}"


@pytest.mark.parametrize("system", SYSTEMS)
def test_names_without_meaning_do_as_well_since_the_pages_are_compared(papers, serve, system):
    paper = serve(papers[system])
    article = paper.article
    paper.article = lambda own, story: _without_meaning(article(own, story))
    proposal = propose(paper)
    looked_at = {x.capture.url for x in proposal.outcomes}
    further = [x for x in paper.stories if paper.url(x) not in looked_at][:10]
    assert sum(is_right(read(paper, proposal.site, x), x) for x in further) >= 8, proposal.text


@pytest.mark.parametrize("system", SYSTEMS)
def test_every_article_of_the_paper_fits_the_inferred_address_and_has_its_own_id(
    papers, serve, system
):
    paper = serve(papers[system])
    site = propose(paper).site
    urls = [paper.url(x) for x in paper.stories]
    assert all(site.is_article(url) for url in urls)
    assert len({site.article_id(url) for url in urls}) == len(urls)
    assert not site.is_article(paper.origin + "/")
    assert not any(site.is_article(paper.origin + paper.section(k, 2)) for k in paper.sections)


@pytest.mark.parametrize("system", SYSTEMS)
def test_the_file_holds_selectors_that_no_single_article_owns(papers, serve, system):
    paper = serve(papers[system])
    text = propose(paper).text
    layout = text.partition("[[layouts]]")[2]
    assert layout
    assert "nth-child" not in layout
    assert not [x for x in paper.stories if str(x.number) in layout]


def test_what_is_sure_of_the_other_fields_is_named_too(papers, serve):
    paper = serve(papers["hashed"])
    layout = propose(paper).site.layouts[0]
    assert layout.title == ("h1.Story_title__aB12c",)
    assert layout.sapo == ("h2.Story_sapo__Lk2jH",)
    assert layout.body == ("div.Story_body__Gf5dS",)
    assert layout.byline == ("span.Story_author__mN8bV",)
    assert layout.section == ("div.Story_crumbs__p0Q2x a",)
    assert layout.figure == ("div.Photo_box__Vc3xZ",)
    assert layout.caption == ("span.Photo_caption__Hj6kL",)
    assert set(layout.drop) == {"div.Ad_slot__q1W2e", "div.Related_box__Bn4mK"}


def test_the_header_clock_and_the_licence_are_never_taken_for_the_date(papers, serve):
    for system in ("portal", "traps", "wordpress"):
        paper = serve(papers[system])
        selectors = [x.select for x in propose(paper).site.layouts[0].published]
        assert selectors
        assert not any(x in " ".join(selectors) for x in ("clock", "header", "foot", "card"))


def test_feeds_sitemaps_sections_and_paging_become_seeds(papers, serve):
    seeds = {x.id: x for x in propose(serve(papers["wordpress"])).site.seeds}
    assert seeds["feed"].url.endswith("/feed/")
    assert seeds["quoc-phong-an-ninh"].url.endswith("/category/quoc-phong-an-ninh/page/{page}/")
    assert seeds["quoc-phong-an-ninh"].scope == "defence"
    assert seeds["kinh-te"].scope == "everything"
    assert "sitemap" in {x.id for x in propose(serve(papers["utility"])).site.seeds}


def test_the_command_writes_the_file_it_showed_and_the_program_then_knows_the_paper(
    papers, serve, dqtv, tmp_path, monkeypatch
):
    paper = serve(papers["tables"])
    folder = tmp_path / "sites"
    folder.mkdir()
    monkeypatch.setenv("DQTV_SITES", str(folder))
    arguments = ("sites", "new", paper.origin, "--allow-private", "--delay", "0")
    shown = dqtv(*arguments)
    assert list(folder.iterdir()) == []
    assert "Nothing is written" in shown.out
    for story in paper.stories[:1]:
        assert "first paragraph" in shown.out
        assert story.paragraphs[0][:30] in shown.out
    written = dqtv(*arguments, "--write", "--json").json()
    assert [x.name for x in folder.iterdir()] == ["baorungtram.toml"]
    assert (folder / "baorungtram.toml").read_text() == written["toml"]
    assert written["toml"] in shown.out
    assert load_registry(extra=folder).site("baorungtram").name == "Báo Rừng Tràm"
    again = dqtv(*arguments, "--write", code=2)
    assert "baorungtram" in again.err
    checked = dqtv("sites", "check", "baorungtram", "--allow-private", "--json").json()["sites"][0]
    assert checked["problems"] == []
    assert checked["by_rule"] == checked["pages"] == 5
