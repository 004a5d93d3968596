"""``dqtv sites list`` and ``dqtv sites show``: what they say of the papers."""

from __future__ import annotations

import json

import attrs
import pytest
from click.testing import CliRunner

from archive.errors import UsageError
from scraper.cli import cli
from scraper.sites.known import known_sites
from scraper.sites.spec import SiteSpec


@pytest.fixture
def run(monkeypatch):
    monkeypatch.setenv("COLUMNS", "200")

    def run(*arguments):
        result = CliRunner().invoke(cli, ["sites", *arguments])
        assert result.exit_code == 0, result.output
        return result.output

    return run


def row(text, site_id):
    [line] = [x for x in text.splitlines() if x.split()[:1] == [site_id]]
    return " ".join(line.split())


def test_the_list_has_a_row_for_every_paper(run):
    text = run("list")

    for site in known_sites().sites.values():
        assert row(text, site.id).startswith(f"{site.id} {site.name} {site.province_then} ")


@pytest.mark.parametrize(
    ("site", "said"),
    [
        ("baohagiang", "baohagiang Báo Hà Giang Hà Giang Tuyên Quang vnpt former home, feed"),
        ("huengaynay", "huengaynay Báo Huế (Huế ngày nay) Thừa Thiên Huế Huế - off home"),
        ("baocaobang", "baocaobang Báo Cao Bằng Cao Bằng Cao Bằng mediatech active json_listing, feed"),
        ("baosonla", "baosonla Báo Sơn La Sơn La Sơn La - active listing"),
        ("demo-culao", "Cù Lao Cù Lao vdoc demo"),
    ],
)  # fmt: skip
def test_the_list_says_province_then_and_now_family_status_and_discovery(run, site, said):
    assert said in row(run("list"), site)


def test_the_list_as_json_says_the_same(run):
    sites = {x["id"]: x for x in json.loads(run("list", "--json"))}

    paper = sites["baohagiang"]
    assert list(sites) == list(known_sites().sites)
    assert (paper["province_then"], paper["province_today"]) == ("Hà Giang", "Tuyên Quang")
    assert (sites["huengaynay"]["province_then"], sites["huengaynay"]["province"]) == (
        "Thừa Thiên Huế",
        "Huế",
    )
    assert (paper["status"], paper["successor"]) == ("former", "baotuyenquang")
    assert paper["discovery"] == ["home", "feed"]
    assert sites["demo-culao"]["province_today"] == "Cù Lao"


def test_one_paper_is_shown_with_every_key_of_its_file(run):
    shown = json.loads(run("show", "baotravinh", "--json"))

    assert {x.name for x in attrs.fields(SiteSpec)} <= shown.keys()
    assert shown["tls_exception"].startswith("The certificate of")
    assert shown["former_domains"] == ["baotravinh.vn"]
    assert shown["scope"] == "defence"
    assert shown["seeds"][1]["scope"] == "everything"
    assert shown["layouts"][0]["body"] == ["#newscontents", "div.content-fck"]
    assert shown["layouts"][0]["dateline"].startswith("^")


def test_one_paper_is_shown_line_by_line(run):
    lines = run("show", "baodanang").splitlines()

    assert "province: Đà Nẵng" in lines
    assert "scope: defence" in lines
    assert r"  ^/print/(?P<id>\d+)\.html$" in lines
    assert "  id tag-dan-quan, kind tag, url https://baodanang.vn/dan-quan-ptag.html" in "\n".join(lines)  # fmt: skip


@pytest.mark.parametrize(
    ("site", "why"),
    [
        ("baohagiang", "status former: it was merged into baotuyenquang"),
        ("baolangson", "status off: robots.txt was seen to disallow everything"),
    ],
)
def test_a_former_paper_and_one_that_is_off_are_refused_with_the_reason(site, why):
    result = CliRunner().invoke(cli, ["crawl", site])

    assert isinstance(result.exception, UsageError)
    assert why in str(result.exception)
