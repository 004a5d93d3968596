"""Searches as Atom feeds, held against what RFC 4287 demands, by rules of our own over another parser."""

import re
from datetime import datetime
from urllib.parse import parse_qs, quote, urlsplit

import pytest
from lxml import etree

from archive.desk.feed import ENTRIES

ATOM = "{http://www.w3.org/2005/Atom}"
XML_LANG = "{http://www.w3.org/XML/1998/namespace}lang"
QUERY = f"q={quote('dân quân')}"
#: RFC 4287, 4.1.1 and 4.1.2: how often an element may stand in a feed and in an entry.
IN_FEED = {"id": (1, 1), "title": (1, 1), "updated": (1, 1), "generator": (0, 1), "subtitle": (0, 1),
           "rights": (0, 1), "author": (0, 99), "link": (0, 99), "entry": (0, ENTRIES)}  # fmt: skip
IN_ENTRY = {"id": (1, 1), "title": (1, 1), "updated": (1, 1), "published": (0, 1), "summary": (0, 1),
            "author": (1, 99), "contributor": (0, 99), "category": (0, 99), "link": (1, 99)}  # fmt: skip
#: RFC 3339, as 3.3 of RFC 4287 narrows it.
INSTANT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|[+-]\d\d:\d\d)")


def check(content):
    """The feed, after it was held against every MUST that concerns it."""
    root = etree.fromstring(content)
    assert root.tag == f"{ATOM}feed"
    _check_children(root, IN_FEED)
    own = root.findall(f"{ATOM}link[@rel='self']")
    assert len(own) == 1
    ids = []
    for entry in root.findall(f"{ATOM}entry"):
        _check_children(entry, IN_ENTRY)
        ids.append(entry.findtext(f"{ATOM}id"))
        assert entry.find(f"{ATOM}link[@rel='alternate']") is not None
    assert len(set(ids)) == len(ids)
    for node in root.iter():
        assert node.tag.startswith(ATOM)
        name = node.tag.removeprefix(ATOM)
        if name in {"updated", "published"}:
            assert INSTANT.fullmatch(node.text)
            datetime.fromisoformat(node.text)
        elif name in {"author", "contributor"}:
            assert [child.tag for child in node] == [f"{ATOM}name"]
            assert node[0].text
        elif name == "category":
            assert node.get("term")
        elif name == "link":
            assert urlsplit(node.get("href")).scheme in {"http", "https"}
        elif name == "id":
            assert urlsplit(node.text).scheme
        elif name in {"title", "summary"}:
            assert node.get("type", "text") == "text"
            assert len(node) == 0
    _check_pairs(root)
    return root


def _check_children(node, allowed):
    names = [child.tag.removeprefix(ATOM) for child in node]
    assert set(names) <= set(allowed)
    for name, (least, most) in allowed.items():
        assert least <= names.count(name) <= most, name


def _check_pairs(root):
    """At most one alternate link of a type and language in each (4.1.1, 4.1.2)."""
    for node in (root, *root.findall(f"{ATOM}entry")):
        kinds = [
            (x.get("type"), x.get("hreflang"))
            for x in node.findall(f"{ATOM}link[@rel='alternate']")
        ]
        assert len(set(kinds)) == len(kinds)


def ids_of(root):
    return [x.text.rpartition("/")[2] for x in root.findall(f"{ATOM}entry/{ATOM}id")]


def link(root, relation):
    found = root.find(f"{ATOM}link[@rel='{relation}']")
    return None if found is None else found.get("href").removeprefix("http://localhost")


def entry_of(desk, **given):
    root = check(desk(**given).get(f"/-/search/hits.atom?{QUERY}").content)
    [entry] = root.findall(f"{ATOM}entry")
    return entry


@pytest.fixture
def one(desk, story):
    def make(**given):
        values = {
            "id": "songmay:1",
            "title": "Dân quân ra quân",
            "body": ("Dân quân sang sông.",),
        } | given
        return desk(story(**values))

    return make


def test_an_entry_has_title_authors_paper_instants_categories_and_excerpt(one):
    entry = entry_of(
        one, title="Dân quân & <tự vệ>\n“ra quân”", authors=("Lê Ân", "Trần Bình"), tags=("a & b",),
        section="Quốc phòng", url="https://songmay.example/1.html?a=1&b=2",
    )  # fmt: skip
    assert entry.get(XML_LANG) == "vi"
    assert entry.findtext(f"{ATOM}id") == "http://localhost/-/article/songmay:1"
    assert entry.findtext(f"{ATOM}title") == "Dân quân & <tự vệ> “ra quân”"
    assert [x.text for x in entry.findall(f"{ATOM}author/{ATOM}name")] == ["Lê Ân", "Trần Bình"]
    assert entry.findtext(f"{ATOM}contributor/{ATOM}name") == "Báo Sông Mây"
    assert entry.findtext(f"{ATOM}published") == "2024-03-19T09:12:00+07:00"
    assert entry.findtext(f"{ATOM}updated").startswith("2026-11-21T02:03:05")
    terms = [x.get("term") for x in entry.findall(f"{ATOM}category")]
    assert terms == ["Báo Sông Mây", "Quốc phòng", "Sông Mây", "a & b"]
    assert entry.findtext(f"{ATOM}summary") == "Dân quân sang sông."
    assert link(entry, "via") == "https://songmay.example/1.html?a=1&b=2"


def test_without_an_author_it_is_the_byline_and_without_that_the_paper(one):
    assert entry_of(one, byline="PV-CTV").findtext(f"{ATOM}author/{ATOM}name") == "PV-CTV"
    assert entry_of(one).findtext(f"{ATOM}author/{ATOM}name") == "Báo Sông Mây"


def test_an_undated_article_has_no_day_of_publication(one):
    entry = entry_of(one, published_at=None)
    assert entry.find(f"{ATOM}published") is None
    assert entry.find(f"{ATOM}updated") is not None


def test_what_xml_cannot_hold_is_left_out(one):
    entry = entry_of(one, title="Dân quân \x01\ufffe \x0bra quân")
    assert entry.findtext(f"{ATOM}title") == "Dân quân ra quân"


def test_a_feed_of_nothing_is_valid_and_dated_by_the_snapshot(one):
    root = check(one().get("/-/search/hits.atom?q=xyzzy").content)
    assert ids_of(root) == []
    assert root.findtext(f"{ATOM}updated").startswith("2026-11-24T03:15:00")


@pytest.fixture
def many(desk, story):
    """The desk over articles of two papers, one of them without the words looked for as such."""
    return desk(*(
        story(id=f"{('songmay', 'nuingan')[n % 2]}:{n}", site=("songmay", "nuingan")[n % 2],
              body=("Dân quân." if n % 3 else "Quân và dân.",),
              published_at=f"2024-{n // 28 + 1:02}-{n % 28 + 1:02}T09:00:00+07:00")
        for n in range(120)
    ))  # fmt: skip


def test_a_feed_has_the_newest_fifty_whatever_their_group_and_leads_to_the_older_ones(many):
    address, found = f"/-/search/hits.atom?{QUERY}&sort=best&page=2&lang=en", []
    pages = []
    while address:
        root = check(many.get(address).content)
        pages.append(root)
        found += ids_of(root)
        address = link(root, "next")
    assert [int(x.partition(":")[2]) for x in found] == list(range(119, -1, -1))
    assert [len(ids_of(page)) for page in pages] == [ENTRIES, ENTRIES, 20]
    assert len({page.findtext(f"{ATOM}id") for page in pages}) == 1
    assert [link(page, "self") for page in pages][1:] == [link(page, "next") for page in pages][:-1]
    assert {link(page, "first") for page in pages} == {link(pages[0], "self")}


def test_a_feed_is_named_by_its_search_and_leads_to_it(many):
    root = check(many.get(f"/-/search/hits.atom?{QUERY}&paper=songmay&lang=en").content)
    assert root.findtext(f"{ATOM}title") == "DQTV Archive: “dân quân”; Paper: Báo Sông Mây"
    assert root.get(XML_LANG) == "en"
    asked = parse_qs(urlsplit(link(root, "alternate")).query)
    assert asked == {"q": ["dân quân"], "paper": ["songmay"], "lang": ["en"]}
    assert many.get(link(root, "alternate")).status_code == 200


def test_the_whole_archive_and_one_paper_have_feeds(many):
    root = check(many.get("/-/search/hits.atom").content)
    assert ids_of(root)[:2] == ["nuingan:119", "songmay:118"]
    assert link(root, "alternate").startswith("/")
    root = check(many.get("/-/search/hits.atom?paper=nuingan").content)
    assert ids_of(root)[:2] == ["nuingan:119", "nuingan:117"]
    assert 'type="application/atom+xml"' in many.get("/").text.partition("<body")[0]


def test_a_feed_is_sent_as_atom(many):
    answer = many.get("/-/search/hits.atom")
    assert answer.headers["content-type"] == "application/atom+xml; charset=utf-8"
    assert answer.content.startswith(b"<?xml version='1.0' encoding='utf-8'?>")


def test_an_older_page_behind_an_article_that_is_gone_answers_410(many):
    assert many.get("/-/search/hits.atom?after=0.songmay:999").status_code == 410
