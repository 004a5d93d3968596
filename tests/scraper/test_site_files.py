"""Site and family files: what is read from them, and that every mistake is named at once."""

from __future__ import annotations

import pytest

from archive.errors import SiteSpecError, UnknownSite
from archive.model import UrlKind
from scraper.sites.load import load_registry
from scraper.sites.spec import SiteStatus

FAMILIES = sorted(load_registry().families)
GOOD = """
id = "bao-thu"
name = "Báo Thử"
province = "Cao Bằng"
homepage = "https://baothu.example/"
domains = ["baothu.example"]
article_url = '-(?P<id>\\d+)\\.html$'
"""
SEED = """
[[seeds]]
id = "muc"
kind = "listing"
url = "https://baothu.example/muc?p={page}"
"""


@pytest.fixture
def problems_of(tmp_path):
    """Mistakes found when the paper file *text* is added, without the folder's name."""

    def read(text, file="bao-thu.toml", families=None):
        (tmp_path / file).write_text(text, encoding="utf-8")
        for name, family in (families or {}).items():
            (tmp_path / "families").mkdir(exist_ok=True)
            (tmp_path / "families" / name).write_text(family, encoding="utf-8")
        with pytest.raises(SiteSpecError) as caught:
            load_registry(extra=tmp_path)
        return [problem.replace(f"{tmp_path}/", "") for problem in caught.value.problems]

    return read


def test_the_papers_of_the_project_load():
    registry = load_registry()

    assert {"baocaobang", "baocantho", "baolaocai"} <= set(registry.sites)
    assert list(registry.sites) == sorted(registry.sites)
    assert {"mediatech", "vdoc", "hemera"} <= set(registry.families)


def test_a_paper_without_an_address_pattern_has_its_familys():
    registry = load_registry()
    site = registry.site("baocaobang")

    assert site.article_url == registry.families["mediatech"].article_url
    assert (
        site.article_id("https://baocaobang.vn/the-thao/Huong-vi-pho-chua-Cao-Bang-38371.html")
        == "baocaobang:38371"
    )


@pytest.mark.parametrize(
    ("site", "path"),
    [
        ("baocaobang", "/Truyenhinh-Internet/chuong-trinh-123.html"),
        ("baocaobang", "/Phongsuanh/181/trang1-1.html"),
        ("baocaobang", "/tags/dan-quan-1.html"),
        ("baocantho", "/print/huan-luyen-a196670.html"),
        ("baocantho", "/thoi-su/"),
        ("baolaocai", "/tu-khoa/thieu-ta-tag40212.html"),
    ],
)
def test_pages_that_are_no_articles_are_left_out(site, path):
    spec = load_registry().site(site)

    assert not spec.is_article(spec.homepage.rstrip("/") + path)


def test_the_json_listing_of_cao_bang_is_asked_as_its_script_asks():
    seed = load_registry().site("baocaobang").seed("quoc-phong-an-ninh")

    assert seed is not None
    assert seed.kind is UrlKind.JSON_LISTING
    assert seed.items == "data[].link"
    assert seed.headers == {"X-Requested-With": "XMLHttpRequest"}
    assert seed.page_url(2).startswith(
        "https://baocaobang.vn/list-post-by-category?page=2&limit=12&category_id=67"
    )


def test_the_first_page_of_a_listing_may_have_an_address_of_its_own():
    seed = load_registry().site("baocantho").seed("quoc-phong-an-ninh")

    assert seed is not None
    assert seed.page_url(1) == "https://baocantho.com.vn/quoc-phong-an-ninh/"
    assert seed.page_url(2) == "https://baocantho.com.vn/quoc-phong-an-ninh?p=2"


def test_real_papers_are_asked_at_most_every_five_seconds():
    real = [x for x in load_registry().sites.values() if x.status is not SiteStatus.DEMO]

    assert real
    assert all(site.delay_s >= 5 for site in real)


def test_demo_papers_have_addresses_on_the_port_asked_for():
    site = load_registry(demo_port=9000).site("demo-culao")

    assert site.domains == ("127.0.0.1:9002",)
    assert site.homepage == "http://127.0.0.1:9002/"
    assert all(seed.url.startswith("http://127.0.0.1:9002/") for seed in site.seeds)


def test_a_site_is_found_by_the_host_of_an_address():
    registry = load_registry()
    site = registry.site_for_url("https://WWW.baocaobang.vn/x-1.html")

    assert site is not None
    assert site.id == "baocaobang"


@pytest.mark.parametrize(
    "url", ["https://example.org/x-1.html", "ftp://baocaobang.vn/x", "http://[::1", "", "x"]
)
def test_an_address_of_no_site_finds_none(url):
    assert load_registry().site_for_url(url) is None


def test_an_unknown_site_is_named_with_the_known_ones():
    with pytest.raises(UnknownSite, match=r"'baoxyz'.*baocaobang"):
        load_registry().site("baoxyz")


def test_family_of_a_paper_with_its_own_system_is_none():
    registry = load_registry()

    assert registry.family_of(registry.site("demo-bienxanh")) is None
    assert registry.family_of(registry.site("baolaocai")) is registry.families["hemera"]


def test_a_further_folder_adds_papers(tmp_path):
    (tmp_path / "bao-thu.toml").write_text(GOOD + SEED, encoding="utf-8")

    site = load_registry(extra=tmp_path).site("bao-thu")

    assert site.delay_s == 5
    assert site.seeds[0].max_pages == 50


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        (GOOD.replace('name = "Báo Thử"', ""), "name: is required"),
        (GOOD.replace('"Báo Thử"', "7"), "name: must be a non-empty string, not 7"),
        (GOOD.replace('"Báo Thử"', '" "'), "name: must be a non-empty string, not ' '"),
        (GOOD + "delay = 5", "delay: unknown key; known here: article_url, copies, delay_s,"),
        (GOOD + "delay_s = 0.5", "delay_s: 0.5 s is below 1 s: give the reason in 'note'"),
        (GOOD + "delay_s = -1", "delay_s: must be a number of seconds from 0 to 86400, not -1"),
        (GOOD + "delay_s = true", "delay_s: must be a number of seconds from 0 to 86400, not True"),
        (GOOD + 'status = "on"', "status: must be one of active, off, former, demo, not 'on'"),
        (GOOD + 'family = "vnptt"', f"family: unknown family 'vnptt'; known: {', '.join(FAMILIES)}"),
        (GOOD + "exclude = ['(']", "exclude[0]: is no regular expression: "),
        (GOOD + 'exclude = "x"', "exclude: must be a list of non-empty strings, not 'x'"),
        (GOOD + 'status = "off"', "note: is required for a paper that is off: say why"),
        (GOOD + 'status = "former"', "successor: is required for a former paper"),
        (GOOD + 'successor = "baocaobang"', "successor: belongs to former papers only"),
        (GOOD + 'status = "former"\nsuccessor = "baoxyz"', "successor: 'baoxyz' is no known site"),
        (GOOD.replace('"Cao Bằng"', '"Cao Bang"'), "province: 'Cao Bang' is no province; the nearest is 'Cao Bằng'"),
        (GOOD.replace('"Cao Bằng"', '"Hà Giang"'), "province: 'Hà Giang' is 'Tuyên Quang' today"),
        (GOOD.replace('"Cao Bằng"', '"Hoà Bình"'), "province: 'Hoà Bình' is 'Phú Thọ' today"),
        (GOOD + 'scope = "all"', "scope: must be one of defence, everything, not 'all'"),
        (GOOD + 'former_domains = ["X.vn"]', "former_domains[0]: must be a lower-case host name, not 'X.vn'"),
        (GOOD + 'copies = "^/print/"', "copies: needs a group (?P<id>...) around the CMS's own number"),
        (GOOD + 'examples = ["https://x.example/a-1.html"]', "examples[0]: https://x.example/a-1.html is on none of"),
        (GOOD + 'examples = ["https://baothu.example/a.html"]', "examples[0]: https://baothu.example/a.html fits neither"),
        (GOOD + 'examples = ["a-1.html"]', "examples[0]: must be an absolute address, not 'a-1.html'"),
        (GOOD + "port_offset = 1", "port_offset: belongs to demo papers only"),
        (GOOD + 'status = "demo"', "port_offset: is required for a demo paper"),
        (GOOD.replace("article_url", "# article_url"), "article_url: is required for a site without a family"),
        (GOOD.replace("?P<id>", ""), "article_url: needs a group (?P<id>...) around the CMS's own number"),
        (GOOD.replace('["baothu.example"]', "[]"), "domains: is required (at least one host)"),
        (GOOD.replace('["baothu.example"]', '["https://baothu.example"]'), "domains[0]: must be a lower-case host name"),
        (GOOD.replace('"https://baothu.example/"', '"baothu.example"'), "homepage: must be an absolute http or https"),
        (GOOD.replace('"https://baothu.example/"', '"https://x.example/"'), "homepage: https://x.example/ is on none"),
        (GOOD.replace('"bao-thu"', '"Bao Thu"'), "id: must be lower-case letters, digits and hyphens, not 'Bao Thu'"),
        (GOOD.replace('"bao-thu"', '"bao-khac"'), "id: 'bao-khac' differs from the file's name; call the file bao-khac.toml"),
        (GOOD + "seeds = 3", "seeds: must be a list of tables"),
        (GOOD + SEED.replace('url = "https://baothu.example/muc?p={page}"', ""), "seeds[0].url: is required"),
        (GOOD + SEED.replace("?p={page}", ""), "seeds[0].url: a listing's address needs {page} (or max_pages = 1"),
        (GOOD + SEED.replace("https://baothu.example", ""), "seeds[0].url: must be an absolute http or https address"),
        (GOOD + SEED.replace("baothu.example", "x.example"), "seeds[0].url: x.example is none of the site's domains"),
        (GOOD + SEED.replace('"listing"', '"feed"'), "seeds[0].url: {page} is for listings, not for a feed"),
        (GOOD + SEED.replace('"listing"', '"article"'), "seeds[0].kind: must be one of feed, sitemap, listing, json_listing, tag, search, home"),
        (GOOD + SEED.replace('"listing"', '"rss"'), "seeds[0].kind: must be one of article, feed, sitemap"),
        (GOOD + SEED + 'links = "a["', "seeds[0].links: is no CSS selector: 'a['"),
        (GOOD + SEED + 'items = "data[]"', "seeds[0].items: is for JSON listings, not for a listing"),
        (GOOD + SEED.replace('"listing"', '"json_listing"') + 'links = "a"', "seeds[0].links: is for listings, not for a"),
        (GOOD + SEED.replace('"listing"', '"search"'), "seeds[0].url: a search needs {term} or {slug} in its address"),
        (GOOD + SEED.replace("muc?", "{slug}?"), "seeds[0].url: {term} and {slug} are for tag and search, not for a listing"),
        (GOOD + SEED + 'terms = ["dân quân"]', "seeds[0].terms: makes sense only beside an address with {term} or {slug}"),
        (GOOD + SEED + "guess = 1", "seeds[0].guess: must be true or false, not 1"),
        (GOOD + SEED + 'scope = "x"', "seeds[0].scope: must be one of defence, everything"),
        (GOOD + SEED + "max_pages = 0", "seeds[0].max_pages: must be a whole number of at least 1, not 0"),
        (GOOD + SEED + "headers = { a = 1 }", "seeds[0].headers: must be a table of strings"),
        (GOOD + SEED + 'max_page = 3', "seeds[0].max_page: unknown key; known here:"),
        (GOOD + SEED + SEED, "seeds[1].id: 'muc' is the id of another seed already"),
        (GOOD + '[[layouts]]\ntitle = ["h1"]', "layouts[0].body: is required"),
        (GOOD + '[[layouts]]\nbody = ["div["]', "layouts[0].body[0]: is no CSS selector: 'div['"),
        (GOOD + '[[layouts]]\nbody = ["p"]\nvalid_from = "2024"', "layouts[0].valid_from: must be a date such as"),
        (GOOD + '[[layouts]]\nbody = ["p"]\n[[layouts]]\nbody = ["p"]', "layouts[1].valid_from: layouts must stand newest"),
        (GOOD + '[[layouts]]\nbody = ["p"]\npublished = [{ attribute = "x" }]', "layouts[0].published[0].select: is required"),
        (GOOD + '[[layouts]]\nbody = ["p"]\npublished = [{ select = "p", regex = "x" }]', "layouts[0].published[0].regex: unknown"),
        (GOOD + "[[layouts]]\nbody = ['p']\ndateline = '['", "layouts[0].dateline: is no regular expression"),
        ("id = ", "is no TOML: "),
    ],
)  # fmt: skip
def test_a_mistake_is_named_with_file_and_key(problems_of, text, problem):
    problems = problems_of(text)

    assert any(x.startswith(f"bao-thu.toml: {problem}") for x in problems), problems


def test_a_search_is_one_seed_for_each_word(tmp_path):
    search = SEED.replace('"listing"', '"search"').replace("muc?p", "tim?q={term}&s={slug}&p")
    (tmp_path / "bao-thu.toml").write_text(GOOD + search + 'terms = ["dân quân", "tự vệ"]')

    seeds = load_registry(extra=tmp_path).site("bao-thu").seeds

    assert [seed.id for seed in seeds] == ["muc-dan-quan", "muc-tu-ve"]
    assert (
        seeds[1].page_url(3) == "https://baothu.example/tim?q=t%E1%BB%B1%20v%E1%BB%87&s=tu-ve&p=3"
    )


def test_a_search_without_words_of_its_own_asks_for_the_militias_names(tmp_path):
    search = SEED.replace('"listing"', '"tag"').replace("muc?p", "{slug}-tag?p")
    (tmp_path / "bao-thu.toml").write_text(GOOD + search)

    seeds = load_registry(extra=tmp_path).site("bao-thu").seeds

    assert "muc-dan-quan-tu-ve" in [seed.id for seed in seeds]
    assert len(seeds) == 6


IDENTITY = GOOD.replace(
    "article_url = ",
    """former_domains = ["baothu.com.example"]
copies = ['^/print/(?P<id>\\d+)\\.html$', '^/amp/.*-(?P<id>\\d+)\\.html$']
article_url = """,
)


@pytest.mark.parametrize(
    "address",
    [
        "http://baothu.example/tin/dan-quan-77.html",
        "https://baothu.example/dan-quan-77.html?utm_source=zalo",
        "https://baothu.example/dan-quan-77.html?sid=5f1c",
        "https://baothu.example/print/77.html",
        "https://baothu.example/amp/dan-quan-77.html",
        "https://baothu.com.example/tin/dan-quan-77.html",
    ],
)
def test_all_addresses_of_an_article_have_one_id_and_one_key(tmp_path, address):
    (tmp_path / "bao-thu.toml").write_text(IDENTITY, encoding="utf-8")
    registry = load_registry(extra=tmp_path)
    site = registry.site_for_url(address)

    assert site is registry.site("bao-thu")
    assert site.article_id(address) == "bao-thu:77"
    assert site.key(address) == "article:77"


def test_copies_and_former_hosts_are_known_but_never_asked(tmp_path):
    (tmp_path / "bao-thu.toml").write_text(IDENTITY, encoding="utf-8")
    site = load_registry(extra=tmp_path).site("bao-thu")

    assert site.is_article("https://baothu.example/dan-quan-77.html")
    assert not site.is_article("https://baothu.example/print/77.html")
    assert not site.is_article("https://baothu.com.example/tin/dan-quan-77.html")


def test_an_address_without_number_keeps_its_id_on_a_moved_host(tmp_path):
    text = IDENTITY.replace(
        "article_url = '-(?P<id>\\d+)", "article_url = '^/tin-bai/(?P<slug>[^/]+)"
    )
    (tmp_path / "bao-thu.toml").write_text(text, encoding="utf-8")
    site = load_registry(extra=tmp_path).site("bao-thu")
    addresses = [
        f"https://{host}/tin-bai/dan-quan.html" for host in ("baothu.example", "baothu.com.example")
    ]

    assert len({site.article_id(address) for address in addresses}) == 1
    assert site.article_id(addresses[0]) != site.article_id(addresses[0].replace("quan", "y"))


def test_two_files_must_not_claim_one_former_host(problems_of):
    problems = problems_of(GOOD + 'former_domains = ["baocaobang.vn"]')

    assert problems == [
        "bao-thu.toml: former_domains[0]: baocaobang.vn is claimed by papers/baocaobang.toml already"
    ]


def test_five_mistakes_in_one_file_are_five_lines(problems_of):
    text = (
        GOOD.replace('name = "Báo Thử"', "").replace("Cao Bằng", "Cao Bàng")
        + 'scope = "all"\ndelay_s = -1\nexclude = ["("]'
    )

    keys = [problem.split(": ")[1] for problem in problems_of(text)]

    assert sorted(keys) == ["delay_s", "exclude[0]", "name", "province", "scope"]


def test_a_former_paper_keeps_the_name_its_province_had(tmp_path):
    text = GOOD.replace("Cao Bằng", "Hà Giang") + 'status = "former"\nsuccessor = "baotuyenquang"'
    (tmp_path / "bao-thu.toml").write_text(text, encoding="utf-8")

    site = load_registry(extra=tmp_path).site("bao-thu")

    assert (site.province, site.province_today) == ("Hà Giang", "Tuyên Quang")


def test_a_demo_paper_may_have_an_invented_province(tmp_path):
    text = GOOD.replace("Cao Bằng", "Mây Trắng") + 'status = "demo"\nport_offset = 9'
    (tmp_path / "bao-thu.toml").write_text(text, encoding="utf-8")

    site = load_registry(extra=tmp_path).site("bao-thu")

    assert (site.province_then, site.province_today) == ("Mây Trắng", "Mây Trắng")


def test_a_former_host_of_two_papers_is_refused(problems_of):
    problems = problems_of(GOOD + 'former_domains = ["baosonla.org.vn"]')

    assert problems == [
        "bao-thu.toml: former_domains[0]: baosonla.org.vn is claimed by papers/baosonla.toml already"
    ]


def test_a_short_delay_with_a_reason_is_allowed(tmp_path):
    (tmp_path / "bao-thu.toml").write_text(GOOD + 'delay_s = 0.5\nnote = "agreed with the paper"')

    assert load_registry(extra=tmp_path).site("bao-thu").delay_s == 0.5


def test_all_mistakes_of_all_files_come_in_one_error(problems_of, tmp_path):
    (tmp_path / "bao-hai.toml").write_text(
        GOOD.replace("bao-thu", "bao-hai") + "x = 1\ny = 2", encoding="utf-8"
    )

    problems = problems_of(GOOD + 'status = "on"', families={"lo.toml": 'id = "lo"\nz = 1'})

    text = "\n".join(problems)
    assert "bao-hai.toml: x: unknown key" in text
    assert "bao-hai.toml: y: unknown key" in text
    assert "bao-thu.toml: status: must be one of" in text
    assert "families/lo.toml: description: is required" in text
    assert "families/lo.toml: article_url: is required" in text
    assert "families/lo.toml: z: unknown key" in text


def test_two_files_must_not_claim_one_host(problems_of):
    problems = problems_of(GOOD.replace("baothu.example", "baocaobang.vn"))

    assert problems == [
        "bao-thu.toml: domains[0]: baocaobang.vn is claimed by papers/baocaobang.toml already"
    ]


def test_two_files_must_not_have_one_id(problems_of):
    problems = problems_of(GOOD.replace("bao-thu", "baocaobang"), file="baocaobang.toml")

    assert problems == [
        "baocaobang.toml: id: 'baocaobang' is the id of papers/baocaobang.toml already"
    ]


def test_a_demo_paper_among_the_real_ones_needs_no_delay(tmp_path):
    text = GOOD + 'status = "demo"\nport_offset = 9\ndelay_s = 0'
    (tmp_path / "bao-thu.toml").write_text(text, encoding="utf-8")

    assert load_registry(extra=tmp_path).site("bao-thu").delay_s == 0
