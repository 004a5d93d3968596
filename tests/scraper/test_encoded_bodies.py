"""Bodies sent encoded, wherever a paper puts them: title and lead are kept, the code is in no field."""

from __future__ import annotations

import base64
import json
import re
import textwrap

import attrs
import pytest

from archive.model import Accepted, BodyState
from scraper.process import process
from scraper.sites.spec import Layout, SiteSpec

TITLE = "Dân quân xã Thạch Ngàn diễn tập phòng thủ khu vực"
LEAD = "Sáng 12/9, hơn 80 dân quân xã Thạch Ngàn bước vào cuộc diễn tập phòng thủ khu vực kéo dài hai ngày."
BODY = "<p>Phần này bị trang báo giấu trong một chuỗi dài, đọc trên trình duyệt mới thấy được.</p>"
BLOB = base64.b64encode((BODY * 9).encode()).decode()
LINES = textwrap.wrap(BLOB, 76)

PLACES = {
    "plain line": BLOB,
    "plain lines": "\n".join(LINES),
    "lines with breaks": "<br>".join(LINES),
    "paragraph": f"<p>{BLOB}</p>",
    "paragraph for each line": "".join(f"<p>{x}</p>" for x in LINES),
    "paragraph with breaks in pairs": f"<p>{'<br><br>'.join(LINES)}</p>",
    "div with a picture": f'<div>{BLOB}<img src="/a.jpg" width="600"></div>',
    "centred under a picture": f'<p><img src="/a.jpg"></p><p align="center"><em>{BLOB[:240]}</em></p>',
    "figure caption": f'<figure><img src="/a.jpg"><figcaption>{BLOB}</figcaption></figure><p>{BLOB}</p>',
    "script": f'<div id="x"></div><script>fill("x", "{BLOB}")</script>',
    "hidden input": f'<input type="hidden" value="{BLOB}">',
    "hidden div": f'<div style="display:none">{BLOB}</div>',
    "attribute": f'<div class="lazy" data-content="{BLOB}"></div>',
    "textarea": f"<textarea>{BLOB}</textarea>",
    "escapes": f"<p>{'%3Cp%3ED%C3%A2n' * 30}</p>",
    "hexadecimal": f"<p>{BODY.encode().hex() * 3}</p>",
    "URL-safe": f"<p>{base64.urlsafe_b64encode((BODY * 9).encode()).decode()}</p>",
}
SITE = SiteSpec(
    id="bao",
    name="Báo Thạch Ngàn",
    province=None,
    homepage="https://bao.example/",
    domains=("bao.example",),
    article_url=(re.compile(r"-(?P<id>\d+)\.html?$"),),
    layouts=(Layout(body=("#dcontent",), title=("h1",), sapo=("h2.sapo",)),),
)
FOREIGN = attrs.evolve(SITE, layouts=())


def page(inner: str, outside: str = "") -> str:
    return (
        f'<html><head><title>{TITLE}</title><meta property="og:title" content="{TITLE}"></head><body><h1>{TITLE}</h1>'
        f'<h2 class="sapo">{LEAD}</h2><div id="dcontent">{inner}</div>{outside}</body></html>'
    )


def texts(article):
    """Every text of an article, for looking for code in it."""
    return json.dumps(attrs.asdict(article), default=str, ensure_ascii=False)


@pytest.mark.parametrize("place", PLACES)
def test_title_and_lead_are_kept_and_the_code_is_nowhere(capture_of, place):
    outcome = process(capture_of(page(PLACES[place])), SITE, None)

    assert isinstance(outcome, Accepted)
    article = outcome.article
    assert (article.title, article.sapo, article.body) == (TITLE, LEAD, ())
    assert article.body_state is BodyState.ENCODED
    assert not re.search(r"[A-Za-z0-9+/%_-]{40,}", texts(article))
    assert not any(line[-20:] in texts(article) for line in LINES)


def test_a_body_hidden_beside_the_container_counts_as_well(capture_of):
    outcome = process(capture_of(page("", f"<script>var body = '{BLOB}';</script>")), SITE, None)

    assert outcome.article.body_state is BodyState.ENCODED


def test_readable_paragraphs_beside_the_code_are_kept(capture_of):
    inner = f"<p>{LEAD} Tiếp theo là phần hiệp đồng.</p><p>{BLOB}</p><p align=right><b>Lê Thị Mận</b></p>"
    article = process(capture_of(page(inner)), SITE, None).article

    assert article.body == (f"{LEAD} Tiếp theo là phần hiệp đồng.",)
    assert article.byline == "Lê Thị Mận"
    assert article.body_state is BodyState.ENCODED


def test_code_as_a_lead_is_no_lead(capture_of):
    html = page(f"<p>{LEAD}</p><p>{LEAD[:60]} ở xã bạn.</p>").replace(
        f'sapo">{LEAD}', f'sapo">{BLOB}'
    )
    article = process(capture_of(html), SITE, None).article

    assert article.sapo is None
    assert BLOB not in texts(article)


def test_on_an_unknown_page_the_code_is_recognised_as_well(capture_of):
    html = page("").replace(
        "</h2>", f"</h2><div class=a><p>{LEAD}</p><p>{LEAD[:70]} tại xã bạn.</p><p>{BLOB}</p></div>"
    )
    article = process(capture_of(html), FOREIGN, None).article

    assert article.body_state is BodyState.ENCODED
    assert BLOB[:60] not in texts(article)


@pytest.mark.parametrize(
    "outside",
    [
        '<script src="/x.js"></script>',
        f'<img src="data:image/png;base64,{BLOB}">',
        f"<script>var icon = 'data:font/woff2;base64,{BLOB}';</script>",
        '<script type="application/json">{"a": "' + BLOB + '"}</script>',
        f'<script>var key = "{BLOB[:300]}";</script>',
        f"<a href='/{'dan-quan-tu-ve-huan-luyen-' * 30}1.html'>x</a>",
        f"<script>var path = '{'thoi-su/quoc-phong/' * 40}A1';</script>",
    ],
)  # fmt: skip
def test_other_long_words_on_a_page_with_a_lead_only_are_no_body(capture_of, outside):
    article = process(capture_of(page('<img src="/a.jpg">', outside)), SITE, None).article

    assert article.body_state is BodyState.LEAD_ONLY


def test_a_long_address_in_the_text_is_no_code(capture_of):
    url = "https://bao.example/" + "dan-quan-" * 12 + "1.html"
    inner = (
        f"<p>{LEAD} Xem thêm tại {url} để biết lịch diễn tập của các xã khác trong huyện.</p>" * 2
    )
    article = process(capture_of(page(inner)), SITE, None).article

    assert article.body_state is BodyState.FULL
    assert url in article.text
