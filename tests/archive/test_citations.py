"""Citations that other programs' readers take back unchanged."""

import bibtexparser
import pytest
import rispy

from archive.citations import (
    CitedArticle,
    CitedSearch,
    bibtex,
    csl,
    ris,
    search_bibtex,
    search_csl,
    search_ris,
)

TITLE = "100% dân quân {xã} A_B & C$ #1\nluyện tập ~ ^ \\"
ARTICLE = CitedArticle(
    id="bao:1", title=TITLE, paper="Báo Điện Biên", authors=("Nguyễn Văn Ân", "Lò Thị Mường"),
    section="Quốc phòng", sapo="Sáng 19-3,\r\nER  - ra quân.", tags=("dân quân", "biển"),
    url="https://bao.vn/1_{a}.html?a=b&c=%20", permalink="https://desk.example/-/article/bao:1",
    published_at="2024-03-19T09:12:00+07:00", captured_at="2026-11-20T02:03:04Z",
    snapshot="20261124T031500Z-1a2b3c4d",
)  # fmt: skip
ONE_LINE = " ".join(TITLE.split())


def test_a_ris_reader_gets_every_field_back():
    [entry] = rispy.loads(ris(ARTICLE))
    assert entry["type_of_reference"] == "NEWS"
    assert entry["title"] == ONE_LINE
    assert entry["authors"] == ["Nguyễn Văn Ân", "Lò Thị Mường"]
    assert entry["secondary_title"] == "Báo Điện Biên"
    assert entry["date"] == "2024/03/19"
    assert entry["abstract"] == "Sáng 19-3, ER - ra quân."
    assert entry["keywords"] == ["dân quân", "biển"]
    assert entry["urls"] == [ARTICLE.url]


def test_a_bibtex_reader_gets_names_and_title_back():
    library = bibtexparser.parse_string(bibtex(ARTICLE))
    assert library.failed_blocks == []
    [entry] = library.entries
    assert entry.key == "bao_1"
    assert entry["author"] == "{Nguyễn Văn Ân} and {Lò Thị Mường}"
    assert entry["title"] == (
        r"{100\% dân quân \{xã\} A\_B \& C\$ \#1 luyện tập \textasciitilde{} \textasciicircum{} \textbackslash{}}"
    )
    assert entry["url"] == "https://bao.vn/1_%7Ba%7D.html?a=b&c=%20"
    assert entry["date"] == "2024-03-19"


def test_csl_json_has_the_types_of_its_schema():
    [item] = csl(ARTICLE)
    assert item["type"] == "article-newspaper"
    assert item["issued"] == {"date-parts": [[2024, 3, 19]]}
    assert item["author"] == [{"literal": "Nguyễn Văn Ân"}, {"literal": "Lò Thị Mường"}]
    assert item["title"] == ONE_LINE


@pytest.mark.parametrize("write", [ris, bibtex])
def test_what_is_not_known_is_left_out(write):
    bare = CitedArticle(
        id="b:2", title="Tin", paper="Báo", url="http://b/2", permalink="http://d/2",
        captured_at="2026-11-20T02:03:04Z", snapshot="s",
    )  # fmt: skip
    text = write(bare)
    assert "None" not in text
    assert "author" not in text
    assert "AU  -" not in text


SEARCH = CitedSearch(
    title="tìm “dân quân & {xã} 100%”; Báo: Báo Sông Mây", found="7 bài trong ấn bản dữ liệu S1.",
    address="http://d/-/search?q=d%C3%A2n&paper=songmay", snapshot="S1",
    built_at="2026-11-24T03:15:00Z", language="vi",
)  # fmt: skip


def test_readers_of_citations_get_a_search_back():
    [entry] = rispy.loads(search_ris(SEARCH))
    assert entry["type_of_reference"] == "ELEC"
    assert (entry["title"], entry["urls"]) == (SEARCH.title, [SEARCH.address])
    assert (entry["year"], entry["notes"]) == ("2026", [SEARCH.found])
    library = bibtexparser.parse_string(search_bibtex(SEARCH))
    assert library.failed_blocks == []
    [entry] = library.entries
    assert entry["url"] == SEARCH.address
    assert entry["title"] == r"{tìm “dân quân \& \{xã\} 100\%”; Báo: Báo Sông Mây}"
    [item] = search_csl(SEARCH)
    assert (item["type"], item["URL"], item["note"]) == ("webpage", SEARCH.address, SEARCH.found)
    assert item["issued"] == {"date-parts": [[2026, 11, 24]]}


@pytest.mark.filterwarnings("ignore")  # citeproc-py warns of fields that a style does not use
def test_a_csl_processor_sets_an_article_and_a_search_with_what_finds_them():
    citeproc = pytest.importorskip("citeproc", reason="citeproc-py is not installed")
    from citeproc.source.json import CiteProcJSON  # noqa: PLC0415 - where it is installed

    source = CiteProcJSON([*csl(ARTICLE), *search_csl(SEARCH)])
    style = citeproc.CitationStylesStyle("harvard-cite-them-right", validate=False)
    bibliography = citeproc.CitationStylesBibliography(style, source, citeproc.formatter.plain)
    for key in source:
        bibliography.register(citeproc.Citation([citeproc.CitationItem(key)]))
    article, search = (str(entry) for entry in bibliography.bibliography())
    for part in ("Nguyễn Văn Ân", "2024", "Báo Điện Biên", "19", ARTICLE.url):
        assert part in article
    for part in ("dân quân & {xã}", "2026", SEARCH.address):
        assert part in search
