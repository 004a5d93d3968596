"""The demo press as a server: robots.txt, listings, articles, conditional and broken requests."""

import gzip
import http.client
import json
import re
import signal
import socket
import subprocess
import sys
import tomllib
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import quote, urljoin, urlsplit
from urllib.robotparser import RobotFileParser
from xml.etree import ElementTree as ET

import pytest
from selectolax.lexbor import LexborHTMLParser

from archive.errors import PortInUse, UnknownSite, UsageError
from scraper.demo.cms import onecms, vdoc, vnpt
from scraper.demo.mastheads import MASTHEADS
from scraper.demo.press import DEMO_PORT, DemoPress
from scraper.demo.server import read_request
from scraper.sites.load import load_registry

PAPERS = (
    "demo-songmay",
    "demo-culao",
    "demo-nuingan",
    "demo-bienxanh",
    "demo-caonguyen",
    "demo-cangbien",
)
SITE_FILES = Path(sys.modules["scraper.demo.press"].__file__).with_name("papers")
BODY = {
    "demo-songmay": "#content-detail",
    "demo-culao": "#newscontents .content-fck",
    "demo-nuingan": "div.article__body",
    "demo-bienxanh": "div.noi-dung",
    "demo-caonguyen": "div.td-post-content, div.article_content",
    "demo-cangbien": "div.entry",
}
#: The one that prints the byline above the text.
BYLINE_ABOVE = "demo-cangbien"
#: Seconds between two requests as the site file says.
DELAYS = {"demo-cangbien": 0.04}


@pytest.fixture(scope="module")
def press():
    with DemoPress(port=0) as press:
        yield press


def ask(origin, path, method="GET", **headers):
    """Status, headers (lower case) and body of one request."""
    connection = http.client.HTTPConnection(urlsplit(origin).netloc, timeout=60)
    try:
        connection.request(
            method, path, headers={k.replace("_", "-"): v for k, v in headers.items()}
        )
        answer = connection.getresponse()
        body = answer.read()
        return answer.status, {k.lower(): v for k, v in answer.getheaders()}, body
    finally:
        connection.close()


def page(press, article):
    return ask(press.origin(article.paper), urlsplit(article.url).path)[2].decode()


def of_papers(press, papers):
    return [article for article in press.truth() if article.paper in papers]


def one_space(text):
    return " ".join(text.split())


def site_file(press, paper):
    text = (SITE_FILES / f"{paper}.toml").read_text(encoding="utf-8")
    host = urlsplit(press.origin(paper)).netloc
    text = text.replace("{origin}", press.origin(paper)).replace("{host}", host)
    return tomllib.loads(text)


@pytest.mark.parametrize("paper", PAPERS)
def test_every_paper_serves_robots_and_a_home_page(press, paper):
    status, headers, body = ask(press.origin(paper), "/robots.txt")
    assert (status, headers["content-type"]) == (200, "text/plain; charset=utf-8")
    assert body.startswith(b"User-agent: *\n")
    status, headers, body = ask(press.origin(paper), "/")
    assert (status, headers["content-type"]) == (200, "text/html; charset=utf-8")
    assert body.decode().count("<a ") > 20


@pytest.mark.parametrize("paper", PAPERS)
def test_unknown_addresses_answer_404_with_a_page(press, paper):
    for path in ("/khong-co-gi", "/khong-co-1.html", "/bai-viet/1/x", "/x-a1.html"):
        status, _, body = ask(press.origin(paper), path)
        assert status == 404
        assert b"<title>" in body


@pytest.mark.parametrize("paper", PAPERS)
def test_every_article_is_served_with_its_whole_text_in_order(press, paper):
    for article in (x for x in press.truth() if x.paper == paper):
        tree = LexborHTMLParser(page(press, article))
        text = one_space(tree.css_first(BODY[paper]).text())
        places = [text.find(one_space(paragraph)) for paragraph in article.body]
        assert -1 not in places, article.url
        assert places == sorted(places)
        assert all(figure.caption in text for figure in article.figures)
        assert (article.byline or "") in text
        assert paper == BYLINE_ABOVE or text.rstrip().endswith(article.byline or "")
        assert article.title in one_space(tree.body.text())
        assert article.sapo is None or article.sapo in one_space(tree.body.text())


def test_articles_print_their_date_as_their_family_does(press):
    shapes = {
        "demo-songmay": "| %H:%M:%S [GMT +7]",
        "demo-culao": '<span class="pubdate">%d/%m/%Y - %H:%M</span>',
        "demo-nuingan": 'article:published_time" content="%Y-%m-%dT%H:%M:%S+0700"',
        "demo-bienxanh": " - %H:%M</div>",
        "demo-caonguyen": ">%H:%M, %d/%m/%Y</",
        "demo-cangbien": 'block-sc-publish-time">%d/%m/%Y %H:%M</span>',
        "demo-lamkinh": 'article:published_time" content="%Y-%m-%dT%H:%M:%S+07:00"',
        "demo-trungdu": ", %d/%m/%Y - %H:%M</span>",
    }
    for article in of_papers(press, shapes):
        assert article.published.strftime(shapes[article.paper]) in page(press, article)


def test_culao_opens_every_article_with_its_agency_mark(press):
    for article in (x for x in press.truth() if x.paper == "demo-culao"):
        body = LexborHTMLParser(page(press, article)).css_first(BODY["demo-culao"])
        first = next(x for x in body.css("p") if article.body[0] in x.text())
        assert first.text().startswith("(CLO) - ")
        assert article.dateline == "(CLO) -"


def test_songmay_pages_are_broken_as_their_family_is(press):
    articles = [x for x in press.truth() if x.paper == "demo-songmay"]
    pages = [page(press, article) for article in articles]
    assert all(text.index("</html>") < text.index("<head>") for text in pages)
    assert all("&acirc;n" in text or "&agrave;" in text for text in pages)
    assert any(text.count("<!DOCTYPE") == 2 for text in pages)
    json_ld = [
        LexborHTMLParser(text).css_first("script[type='application/ld+json']").text()
        for text in pages
    ]
    assert all(re.search(r'"description": "[^"]*&\w+;', text) for text in json_ld)
    cut = [LexborHTMLParser(text).css_first("div.sapo").text() for text in pages]
    assert all(len(text) == 300 for text in cut)


def test_songmay_shows_the_time_of_the_fetch(press):
    article = next(x for x in press.truth() if x.paper == "demo-songmay")
    tree = LexborHTMLParser(page(press, article))
    today = datetime.now(article.published.tzinfo)
    assert f"{today:%d/%m/%Y}" in tree.css_first("header li").text()
    assert f"{today:%d/%m/%Y %H:}" in tree.css_first("div.title-time").text()


def test_pages_carry_the_junk_a_reader_must_not_keep(press):
    junk = {
        "demo-songmay": (
            "Phản hồi",
            "Các tin khác",
            "Cùng chuyên mục",
            "Mới nhất",
            "Liên kết website",
        ),
        "demo-culao": (
            "BÌNH LUẬN",
            "Đọc thêm",
            "Tiêu điểm",
            "Đọc nhiều",
            "Từ khóa",
            "<!-- <p>LƯU Ý",
        ),
        "demo-nuingan": ("Đọc nhiều", "Tin địa phương", "sda_middle", "Xã Đăk Rin"),
        "demo-bienxanh": ("Phản hồi", "Các tin khác", "Mới nhất", "Liên kết website"),
        "demo-caonguyen": (
            "Thứ 2, 21/10/2024",
            'id="page_info"',
            "Cơ quan chủ quản",
            "Ý kiến của bạn",
            "Gửi bình luận",
            "Tin liên quan",
        ),
        "demo-cangbien": (
            "POWERED BY",
            "Cỡ chữ",
            "Mặc định",
            "TIN LIÊN QUAN",
            "Bài liên quan",
            "sc-empty-layer",
            "Quốc ph&#242;ng",
        ),
        "demo-lamkinh": ("Tin liên quan", "Đọc nhiều", "Bản quyền thuộc"),
        "demo-trungdu": ("Cùng chuyên mục", "In bài viết", "Giấy phép số"),
    }
    for article in of_papers(press, junk):
        text = page(press, article)
        assert all(word in text for word in junk[article.paper])


def of(press, paper):
    return of_papers(press, {paper})


def test_caonguyen_pages_mislead_as_their_family_does(press):
    """The paper's name is the first h1, og:url names a dead host, and a page stands inside the page."""
    for article in of(press, "demo-caonguyen"):
        text = page(press, article)
        tree = LexborHTMLParser(text)
        assert tree.css_first("h1.title").text() == "Báo Cao Nguyên Online"
        assert vnpt.OLD_HOST in tree.css_first('meta[property="og:url"]').attributes["content"]
        assert tree.css_first("link[rel=canonical]") is None
        assert text.index("<main>") < text.index("<head></head>")
        assert "<o:p></o:p>" in text


def test_caonguyen_repeats_the_lead_or_prints_it_in_bold(press):
    repeated = 0
    for article in of(press, "demo-caonguyen"):
        tree = LexborHTMLParser(page(press, article))
        reply = tree.css_first("p.reply")
        first = tree.css_first("div.td-post-content p, div.article_content p")
        assert first.text() == article.sapo
        assert (reply is None) == (first.css_first("strong") is not None)
        repeated += reply is not None
    assert 0 < repeated < len(of(press, "demo-caonguyen"))


def test_caonguyen_numbers_are_hexadecimal_in_capitals_on_old_articles(press):
    cases = set()
    for article in of(press, "demo-caonguyen"):
        number = re.fullmatch(r"/[a-z-]+/\d{6}/.+-(\w{7})/", urlsplit(article.url).path)[1]
        assert article.article_id == f"demo-caonguyen:{number.lower()}"
        cases.add(number.isupper() if number.upper() != number.lower() else None)
        without_slash = urlsplit(article.url).path.rstrip("/")
        assert ask(press.origin("demo-caonguyen"), without_slash)[0] == 200
    assert {True, False} <= cases


def test_caonguyen_finds_by_searching_what_no_section_of_the_site_file_lists(press):
    origin = press.origin("demo-caonguyen")
    hidden = [x for x in of(press, "demo-caonguyen") if x.section == "Phóng sự"]
    seeds = site_file(press, "demo-caonguyen")["seeds"]
    assert hidden
    assert "phong-su" not in " ".join(seed["url"] for seed in seeds)
    found = ask(origin, f"/tim-kiem/?key={quote('dân quân')}")[2].decode()
    assert all(found.count(x.url) for x in hidden)
    assert "title2" not in ask(origin, f"/tim-kiem/?key={quote('không có từ này')}")[2].decode()
    assert "title2" not in ask(origin, "/tim-kiem/")[2].decode()


def test_cangbien_prints_everything_inside_the_body(press):
    for article in of(press, "demo-cangbien"):
        text = page(press, article)
        entry = LexborHTMLParser(text).css_first('div.entry[itemprop="articleBody"]')
        header = entry.css_first("div.sc-longform-header")
        assert header.css_first("h1").text() == article.title
        assert header.css_first("p").text() == f"CBO - {article.sapo}"
        assert header.text().strip().startswith(article.section)
        assert entry.text().strip().endswith("TIN LIÊN QUAN") or entry.css("p > a")
        assert "Quốc phòng" not in text[: text.index("</header>")]


def test_cangbien_serves_an_article_at_three_addresses_and_names_them_on_a_tag_page(press):
    origin = press.origin("demo-cangbien")
    listed = ask(origin, "/dan-quan-tu-ve-ptag.html")[2].decode()
    main = listed[listed.index("<main") : listed.index("</main>")]
    (sectioned,) = re.findall(rf'href="{origin}(/[\w-]+/[\w-]+-(\d+)\.html)"', main)
    assert f"/print/{sectioned[1]}.html" in main
    pages = [ask(origin, path)[2] for path in (sectioned[0], f"/print/{sectioned[1]}.html")]
    article = next(x for x in of(press, "demo-cangbien") if x.article_id.endswith(sectioned[1]))
    assert pages == [page(press, article).encode()] * 2
    assert f'<link rel="canonical" href="{article.url}" />' in pages[0].decode()


def test_cangbien_links_to_a_digest_under_an_address_like_an_articles(press):
    for path in ("/", onecms.EVENT_PATH):
        assert onecms.EVENT_PATH in ask(press.origin("demo-cangbien"), path)[2].decode()


def test_cangbien_sitemaps_are_named_in_robots_and_packed(press):
    """The index leads to gzip files that hold every article; the news sitemap to the newest ones."""
    origin = press.origin("demo-cangbien")
    robots = ask(origin, "/robots.txt")[2].decode()
    index, news = (urlsplit(x).path for x in re.findall(r"Sitemap: (\S+)", robots))
    children = re.findall(r"<loc>([^<]+)</loc>", ask(origin, index)[2].decode())
    found = set()
    for child in children:
        body = ask(origin, urlsplit(child).path)[2]
        assert body.startswith(b"\x1f\x8b") == child.endswith(".gz")
        if child.endswith(".gz"):
            found |= set(re.findall(r"<loc>([^<]+)</loc>", gzip.decompress(body).decode()))
    truth = {x.url for x in of(press, "demo-cangbien")}
    assert found == truth
    newest = re.findall(r"<loc>([^<]+)</loc>", ask(origin, news)[2].decode())
    assert 0 < len(newest) < len(truth)
    assert set(newest) < truth


@pytest.mark.parametrize("path", ["/sitemaps/articles-1999.xml.gz", "/khong-co-ptag.html"])
def test_cangbien_has_no_empty_lists(press, path):
    assert ask(press.origin("demo-cangbien"), path)[0] == 404


def test_caonguyen_and_cangbien_ask_for_their_own_pace(press):
    robots = ask(press.origin("demo-caonguyen"), "/robots.txt")[2].decode()
    assert f"Crawl-delay: {vnpt.CRAWL_DELAY_S}\n" in robots
    assert "Crawl-delay" not in ask(press.origin("demo-cangbien"), "/robots.txt")[2].decode()


@pytest.mark.parametrize(
    ("paper", "pattern"),
    [("demo-caonguyen", "div.list-news a.title2"), ("demo-cangbien", "main h3.b-grid__title a")],
)
def test_numbered_listings_lead_to_the_whole_section(press, paper, pattern):
    seed = next(x for x in site_file(press, paper)["seeds"] if "quoc-phong" in x["id"])
    assert seed["links"] == pattern
    found, pages = [], 0
    while True:
        pages += 1
        url = seed["first_url"] if pages == 1 else seed["url"].replace("{page}", str(pages))
        links = LexborHTMLParser(
            ask(press.origin(paper), url.removeprefix(press.origin(paper)))[2]
        ).css(seed["links"])
        if not links:
            break
        found += [x.attributes["href"] for x in links]
    assert found == [x.url for x in of(press, paper) if x.section == seed["section"]]


def test_pages_ask_nothing_of_other_hosts(press):
    for article in of_papers(press, press.friendly):
        links = re.findall(r'(?:src|href)="(https?://[^/"]+)', page(press, article))
        assert set(links) <= {press.origin(article.paper)}


def test_pictures_are_served(press):
    article = next(x for x in press.truth() if x.figures and x.paper == "demo-culao")
    picture = LexborHTMLParser(page(press, article)).css_first(".content-fck img").attributes["src"]
    status, headers, body = ask(press.origin(article.paper), picture)
    assert (status, headers["content-type"]) == (200, "image/png")
    assert body.startswith(b"\x89PNG")


def listed_by_json(press, seed):
    for number in range(1, 20):
        url = seed["url"].replace("{page}", str(number))
        data = json.loads(
            ask(press.origin("demo-songmay"), url.removeprefix(press.origin("demo-songmay")))[2]
        )
        if not data["data"]:
            return
        yield from (item["link"] for item in data["data"])


def test_json_listings_lead_to_every_article_by_relative_and_absolute_links(press):
    seeds = site_file(press, "demo-songmay")["seeds"]
    links = [link for seed in seeds for link in listed_by_json(press, seed)]
    assert any(link.startswith("/") for link in links)
    assert any(link.startswith("http") for link in links)
    numbers = {"demo-songmay:" + re.search(r"-(\d+)\.html", link)[1] for link in links}
    assert numbers == {x.article_id for x in press.truth() if x.paper == "demo-songmay"}
    for link in links:
        url = urljoin(press.origin("demo-songmay"), link)
        assert ask(press.origin("demo-songmay"), urlsplit(url).path)[0] == 200


@pytest.mark.parametrize(
    ("paper", "pattern"), [("demo-culao", r"-a(\d+)\.html"), ("demo-nuingan", r"-post(\d+)\.html")]
)
def test_listings_are_paged_and_lead_to_every_article(press, paper, pattern):
    found, most = set(), 0
    for seed in site_file(press, paper)["seeds"]:
        if seed["kind"] != "listing":
            continue
        for number in range(1, 4):
            url = seed["first_url"] if number == 1 else seed["url"].replace("{page}", str(number))
            tree = LexborHTMLParser(
                ask(press.origin(paper), url.removeprefix(press.origin(paper)))[2]
            )
            links = tree.css(".list-news-img-style-1 a, .timeline .story__heading a")
            most = max(most, len(links))
            found |= {re.search(pattern, x.attributes["href"])[1] for x in links}
    assert most == 5
    assert {f"{paper}:{x}" for x in found} == {
        x.article_id for x in press.truth() if x.paper == paper
    }


@pytest.mark.parametrize("paper", ["demo-culao", "demo-nuingan"])
def test_the_first_listing_page_does_not_show_the_whole_section(press, paper):
    """Not even through its side boxes, or the second page would never be needed."""
    path = "/quoc-phong-an-ninh/"
    first = ask(press.origin(paper), path)[2].decode()
    own = [x for x in press.truth() if x.paper == paper and x.section == "Quốc phòng - An ninh"]
    assert sum(x.url in first for x in own) < len(own)


def test_listings_repeat_links_in_side_boxes(press):
    text = ask(press.origin("demo-culao"), "/quoc-phong-an-ninh/")[2].decode()
    links = re.findall(r'href="([^"]+-a\d+\.html)"', text)
    assert len(links) > len(set(links))


def test_sitemaps_named_in_robots_lead_to_every_article(press):
    for paper in ("demo-nuingan", "demo-bienxanh"):
        robots = ask(press.origin(paper), "/robots.txt")[2].decode()
        waiting = re.findall(r"Sitemap: (\S+)", robots)
        found = set()
        while waiting:
            url = waiting.pop()
            locations = [
                x.text
                for x in ET.fromstring(ask(press.origin(paper), urlsplit(url).path)[2]).iter()
                if x.tag.endswith("}loc")
            ]
            waiting += [x for x in locations if x.endswith(".xml")]
            found |= {x for x in locations if not x.endswith(".xml")}
        assert found == {x.url for x in press.truth() if x.paper == paper}


def test_feeds_name_titles_and_addresses(press):
    rss = ET.fromstring(ask(press.origin("demo-culao"), "/rss/cate/quoc-phong-an-ninh/")[2])
    truth = {x.url: x for x in press.truth()}
    items = rss.findall("channel/item")
    assert len(items) == 7
    assert all(truth[x.findtext("link")].title == x.findtext("title") for x in items)
    atom = ET.fromstring(ask(press.origin("demo-bienxanh"), "/feed.atom")[2])
    name = "{http://www.w3.org/2005/Atom}"
    entries = atom.findall(f"{name}entry")
    assert 10 <= len(entries) <= 20
    for entry in entries:
        article = truth[entry.find(f"{name}link").get("href")]
        assert datetime.fromisoformat(entry.findtext(f"{name}published")) == article.published


def test_culao_asks_for_a_delay_and_forbids_what_its_pages_link_to(press):
    robots = RobotFileParser()
    robots.parse(ask(press.origin("demo-culao"), "/robots.txt")[2].decode().splitlines())
    home = ask(press.origin("demo-culao"), "/")[2].decode()
    assert vdoc.DRAFT_PATH in home
    assert not robots.can_fetch("DQTV", vdoc.DRAFT_PATH)
    assert ask(press.origin("demo-culao"), vdoc.DRAFT_PATH)[0] == 200
    assert (
        f"Crawl-delay: {vdoc.CRAWL_DELAY_S}".encode()
        in ask(press.origin("demo-culao"), "/robots.txt")[2]
    )
    assert robots.can_fetch(
        "DQTV", urlsplit(next(x.url for x in press.truth() if x.paper == "demo-culao")).path
    )


def test_gzip_is_the_same_page_in_one_member(press):
    for paper in PAPERS:
        article = next(x for x in press.truth() if x.paper == paper)
        path = urlsplit(article.url).path
        _, headers, packed = ask(press.origin(paper), path, Accept_Encoding="gzip, deflate")
        plain_headers, plain = ask(press.origin(paper), path)[1:]
        assert headers["content-encoding"] == "gzip"
        assert len(packed) < len(plain) / 2
        assert one_space(re.sub(r"\d\d:\d\d", "", gzip.decompress(packed).decode())) == one_space(
            re.sub(r"\d\d:\d\d", "", plain.decode())
        )
        assert "content-encoding" not in plain_headers


def test_conditional_requests_answer_304(press):
    for paper in PAPERS:
        article = next(x for x in press.truth() if x.paper == paper)
        path = urlsplit(article.url).path
        _, headers, _ = ask(press.origin(paper), path)
        assert ask(press.origin(paper), path, If_None_Match=headers["etag"])[0] == 304
        assert ask(press.origin(paper), path, If_None_Match='"other"')[0] == 200
        since = headers["last-modified"]
        assert ask(press.origin(paper), path, If_Modified_Since=since)[0] == 304
        assert (
            ask(press.origin(paper), path, If_Modified_Since="Sat, 01 Jan 2000 00:00:00 GMT")[0]
            == 200
        )
        assert (
            ask(press.origin(paper), path, If_None_Match='"x"', If_Modified_Since=since)[0] == 200
        )
        assert headers["etag"].startswith("W/") == (paper == "demo-songmay")


def test_connections_are_kept_and_requests_answered_in_order(press):
    host, port = urlsplit(press.origin("demo-culao")).netloc.split(":")
    with socket.create_connection((host, int(port)), timeout=60) as client:
        client.sendall(
            b"GET /robots.txt HTTP/1.1\r\nHost: x\r\n\r\nHEAD / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
        )
        received = b"".join(iter(lambda: client.recv(65536), b""))
    first, second = re.findall(rb"HTTP/1\.1 200 OK.*?\r\n\r\n", received, re.DOTALL)
    assert b"keep-alive" in first
    assert b"text/plain" in first
    assert b"Connection: close" in second
    assert received.endswith(second)


@pytest.mark.parametrize(
    "head",
    [b"nonsense", b"GET x HTTP/1.1", b"GET / HTTP/2", b"POST / HTTP/1.1\r\nContent-Length: 3", b""],
)
def test_what_is_no_request_is_refused(head):
    assert read_request(head) is None


def test_other_methods_are_not_allowed(press):
    status, headers, _ = ask(press.origin("demo-culao"), "/", method="DELETE")
    assert (status, headers["allow"]) == (405, "GET, HEAD")


def test_the_log_tells_who_asked_for_what():
    with DemoPress(port=0) as press:
        ask(press.origin("demo-culao"), "/rss?x=1", User_Agent="Reader/1")
        before = datetime.now(UTC)
        ask(press.origin("demo-nuingan"), "/robots.txt")
        first, second = press.log
    assert (first.paper, first.method, first.path, first.status) == (
        "demo-culao",
        "GET",
        "/rss?x=1",
        404,
    )
    assert first.user_agent == "Reader/1"
    assert (second.paper, second.status, second.user_agent) == ("demo-nuingan", 200, None)
    assert first.monotonic < second.monotonic
    assert first.at <= before <= second.at


def test_a_log_file_that_cannot_be_written_is_named(tmp_path):
    with pytest.raises(UsageError, match="no-folder"):
        DemoPress(port=0, log_file=tmp_path / "no-folder" / "log")


def test_a_port_in_use_is_named_with_the_way_out(press):
    with pytest.raises(PortInUse, match=rf"{press.port + 1} is already in use.*--port") as caught:
        DemoPress(port=press.port).start()
    assert caught.value.port == press.port + 1


def test_an_impossible_port_is_wrong_usage():
    with pytest.raises(UsageError, match="65500"):
        DemoPress(port=65533).start()


def test_ports_are_free_again_after_the_end():
    with DemoPress(port=0) as first:
        base = first.port
        ask(first.origin("demo-culao"), "/")
    with DemoPress(port=base) as second:
        assert ask(second.origin("demo-culao"), "/")[0] == 200


def test_unknown_papers_are_named(press):
    with pytest.raises(UnknownSite, match="demo-songmay"):
        press.origin("baocaobang")


def test_every_paper_has_a_port_of_its_own(press):
    assert set(PAPERS) <= set(press.papers)
    offsets = [masthead.port_offset for masthead in MASTHEADS]
    assert len(set(offsets)) == len(offsets)


def test_the_site_files_match_the_press(press):
    for paper in PAPERS:
        site = site_file(press, paper)
        assert site["id"] == paper
        assert site["homepage"] == press.origin(paper) + "/"
        assert f"http://{site['domains'][0]}" == press.origin(paper)
        assert press.port + site["port_offset"] == urlsplit(press.origin(paper)).port
        assert site["status"] == "demo"
        assert site["delay_s"] == DELAYS.get(paper, 0.0)
        for seed in load_registry(demo_port=press.port).site(paper).seeds:
            url = seed.page_url(seed.first_page)
            assert ask(press.origin(paper), url.removeprefix(press.origin(paper)))[0] == 200, url


def run_press(*options):
    return subprocess.Popen(
        [sys.executable, "-m", "scraper.demo.press", *options],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_as_a_process_it_says_when_it_is_ready_and_ends_cleanly(tmp_path, number):
    port = DemoPress(port=0).port
    log = tmp_path / "log.jsonl"
    with run_press("--port", str(port), "--fault", "demo-culao=429", "--log", str(log)) as process:
        line = process.stdout.readline()
        assert f"demo-songmay http://127.0.0.1:{port + 1}" in line
        assert ask(f"http://127.0.0.1:{port + 2}", "/")[0] == 429
        process.send_signal(number)
        output, errors = process.communicate(timeout=60)
    assert (process.returncode, output, errors) == (0, "", "")
    (entry,) = log.read_text(encoding="utf-8").splitlines()
    assert json.loads(entry)["status"] == 429


def test_as_a_process_it_reports_wrong_usage_in_one_line(press):
    for options in (
        ("--port", str(press.port)),
        ("--fault", "demo-culao"),
        ("--fault", "demo-culao=fire"),
    ):
        with run_press(*options) as process:
            output, errors = process.communicate(timeout=60)
        assert process.returncode == 2
        assert output == ""
        assert len(errors.splitlines()) == 1


def test_the_registry_looks_for_the_demo_papers_where_the_press_serves_them():
    load = pytest.importorskip("scraper.sites.load")
    assert load.DEMO_PORT == DEMO_PORT
    site = load.load_registry().site("demo-nuingan")
    assert site.homepage == f"http://127.0.0.1:{DEMO_PORT + 3}/"
