"""What is no newspaper, private, claimed or silent gives one line with the reason, and writes nothing."""

from __future__ import annotations

import socket

import pytest

from archive.errors import BadAddress, NotExplored, UsageError
from scraper.guard import Guard, web_address
from scraper.probe.new import Wish, explore_paper
from scraper.sites.known import known_sites


def explore(url, **more):
    wish = Wish(**{"url": url, "delay_s": 0.0, "user_agent": "t", "allow_private": True} | more)
    return explore_paper(wish, known_sites(), on_request=lambda _: None)


@pytest.mark.parametrize(
    "text",
    ["baovidu.vn", "ftp://baovidu.vn/", "mailto:a@b.vn", "https://", "", "http://a b.vn/", "http://[::1", "http://b.vn:0/", "http://ai@b.vn/"],
)  # fmt: skip
def test_what_is_no_web_address_is_refused(text):
    with pytest.raises(BadAddress, match="no http or https address"):
        web_address(text)


def test_an_address_gets_its_host_in_lower_case_and_a_path():
    assert web_address(" HTTPS://BaoViDu.VN ") == "https://baovidu.vn/"
    assert web_address("http://b.vn:8080/a?b=c#d") == "http://b.vn:8080/a?b=c"


def test_one_private_address_among_public_ones_is_enough(monkeypatch):
    def both(*_, **__):
        return [(2, 1, 6, "", ("8.8.8.8", 80)), (2, 1, 6, "", ("10.0.0.1", 80))]

    monkeypatch.setattr(socket, "getaddrinfo", both)
    with pytest.raises(BadAddress, match=r"10\.0\.0\.1"):
        Guard().destination("http://baovidu.example/")


def test_a_host_that_does_not_resolve_says_so(monkeypatch):
    def nothing(*_, **__):
        raise socket.gaierror(-2, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", nothing)
    with pytest.raises(NotExplored, match=r"baovidu\.example does not resolve"):
        explore("https://baovidu.example/")


def test_a_host_that_answers_nothing_says_so():
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    with pytest.raises(NotExplored, match=r"could not|does not answer"):
        explore(f"http://127.0.0.1:{port}/")


def test_a_host_that_a_file_claims_is_named_with_its_paper():
    with pytest.raises(BadAddress, match=r"baocantho\.com\.vn belongs to baocantho .*family vdoc"):
        explore("https://baocantho.com.vn/")


def test_a_redirect_to_a_claimed_host_is_refused_as_well(papers, serve, press, dqtv, monkeypatch):
    monkeypatch.setenv("DQTV_DEMO_PORT", str(dqtv.port))
    paper = serve(papers["bare"])
    paper.special["/"] = (301, "text/html", press.origin("demo-songmay") + "/")
    with pytest.raises(BadAddress, match="belongs to demo-songmay"):
        explore(paper.origin)


def test_an_id_that_exists_or_is_none_is_refused_before_anything_is_asked(papers, serve):
    paper = serve(papers["bare"])
    with pytest.raises(UsageError, match="baocantho is the id of Báo Cần Thơ already"):
        explore(paper.origin, site_id="baocantho")
    with pytest.raises(UsageError, match="lower-case"):
        explore(paper.origin, site_id="Báo Gò Nổi")
    assert paper.log == []


def test_a_file_that_exists_is_refused_before_anything_is_asked(
    papers, serve, tmp_path, monkeypatch
):
    monkeypatch.setenv("DQTV_SITES", str(tmp_path))
    registry = known_sites()
    (tmp_path / "moi.toml").write_text("# begun")
    paper = serve(papers["bare"])
    wish = Wish(url=paper.origin, site_id="moi", delay_s=0.0, user_agent="t", allow_private=True)
    with pytest.raises(UsageError, match="exists already"):
        explore_paper(wish, registry, on_request=lambda _: None)
    assert paper.log == []


_PLAIN = "<!doctype html><html><head><title>Trang cá nhân</title></head><body><h1>Xin chào</h1><p>{}</p></body></html>"
_TEXT = (
    "Tôi viết ở đây những điều mình nghĩ về làng quê, con sông và mùa nước nổi, không theo ngày tháng nào cả. "
    * 3
)


def _shop(paper):
    goods = [f"Áo thun nam cổ tròn vải bông mẫu số {n} màu xanh" for n in range(12)]
    items = "".join(
        f'<a href="/san-pham/ao-thun-nam-co-tron-vai-bong-{500 + n}.html">{x}</a>'
        for n, x in enumerate(goods)
    )
    paper.special["/"] = (
        200,
        "text/html",
        f"<html><head><title>Cửa hàng</title></head><body>{items}</body></html>",
    )
    for n, name in enumerate(goods):
        page = f"<html><head><title>{name}</title></head><body><h1>{name}</h1><p>Giá: 199.000 đồng</p><p>{_TEXT} {n}</p></body></html>"
        paper.special[f"/san-pham/ao-thun-nam-co-tron-vai-bong-{500 + n}.html"] = (
            200,
            "text/html",
            page,
        )


def test_a_plain_page_is_no_newspaper(papers, serve):
    paper = serve(papers["bare"])
    paper.special["/"] = (200, "text/html", _PLAIN.format(_TEXT))
    with pytest.raises(NotExplored, match="no newspaper: no links that look like articles"):
        explore(paper.origin)


def test_a_shop_is_no_newspaper(papers, serve):
    paper = serve(papers["bare"])
    _shop(paper)
    with pytest.raises(NotExplored, match="no newspaper: of 6 pages"):
        explore(paper.origin)


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        ((404, "text/html", "x"), "answered 404"),
        ((500, "text/html", "x"), "answered 500"),
        ((200, "application/pdf", "%PDF-1.7"), "no web page"),
        ((302, "text/html", "/"), "redirects"),
        ((302, "text/html", "ftp://b.vn/"), "no http or https address"),
    ],
)
def test_a_home_page_that_is_none_gives_the_reason(papers, serve, answer, reason):
    paper = serve(papers["bare"])
    paper.special["/"] = answer
    with pytest.raises((NotExplored, BadAddress), match=reason):
        explore(paper.origin)


def test_the_command_ends_with_one_line_and_the_right_code(
    papers, serve, dqtv, tmp_path, monkeypatch
):
    monkeypatch.setenv("DQTV_SITES", str(tmp_path))
    paper = serve(papers["bare"])
    paper.special["/"] = (200, "text/html", _PLAIN.format(_TEXT))
    cases = [
        (("baovidu.vn",), 2, "no http or https address"),
        ((paper.origin,), 2, "private"),
        (("https://baocantho.com.vn/",), 2, "belongs to baocantho"),
        ((paper.origin, "--allow-private", "--delay", "0"), 1, "no newspaper"),
        ((paper.origin, "--delay", "0"), 2, "--delay"),
    ]
    for arguments, code, reason in cases:
        ran = dqtv("sites", "new", *arguments, "--write", code=code)
        errors = [x for x in ran.err.splitlines() if not x.startswith("dqtv: asking")]
        assert len(errors) == 1, ran.err
        assert reason in errors[0]
        assert ran.out == ""
    assert list(tmp_path.iterdir()) == []
