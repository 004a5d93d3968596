"""The generic path: articles on pages that no layout describes."""

from __future__ import annotations

import pytest
from selectolax.lexbor import LexborHTMLParser

from scraper.clean.subtree import clean_subtree
from scraper.extract.fallback import cut_by_text
from scraper.extract.surroundings import look_around

TITLE = "Dân quân xã Nà Phạc giúp dân gặt lúa"
SAPO = "Ba ngày liền, 45 chiến sĩ dân quân xã Nà Phạc xuống đồng gặt lúa chạy bão cùng bà con."
TEXT = (
    "Sáng sớm, khi sương còn phủ kín cánh đồng Nà Luông, tiếng cười nói đã rộn ràng khắp các thửa ruộng bậc thang.",
    "Anh Hoàng Văn Tú, thôn đội trưởng, chia tổ của mình làm ba mũi: mũi gặt, mũi tuốt và mũi gánh thóc về nhà văn hóa.",
    "Bà Lục Thị Vân, nhà có hai héc-ta lúa chín rũ, kể rằng nếu không có anh em dân quân thì vụ này coi như mất trắng.",
    "Đến chiều ngày thứ ba, hơn 20 héc-ta lúa của 31 hộ đã được đưa về kho an toàn, trước khi cơn bão đổ bộ vào đất liền.",
)
CARDS = "".join(
    f'<div class="tin"><a href="/tin-{i}.html">Tin số {i} trong ngày ở các địa phương</a>'
    "<p>Nhiều hoạt động thiết thực đã được triển khai trong tháng, thu hút đông đảo nhân dân...</p></div>"
    for i in range(12)
)


def page_with(body, before="", after=""):
    return (
        f"<html><body><ul><li><a href='/'>Trang chủ</a></li><li><a href='/a'>Thời sự</a></li><li><a href='/b'>Xã hội"
        f"</a></li><li><a href='/c'>Kinh tế</a></li><li><a href='/d'>Thể thao</a></li></ul><p>Hôm nay 02/10/2026</p>"
        f"<main><h2>{TITLE}</h2>{before}{body}{after}</main><div class='cot'>{CARDS}</div>"
        "<p>Giấy phép số 1 cấp ngày 5/9/2019</p></body></html>"
    )


BODIES = {
    "paragraphs": f"<div>{''.join(f'<p>{x}</p>' for x in TEXT)}</div>",
    "div and span": f"<div>{''.join(f'<div><span>{x}</span></div>' for x in TEXT)}</div>",
    "line breaks": f"<div>{'<br><br>'.join(TEXT)}</div>",
    "nested tables": f"<table><tr><td><table><tr><td>{'<br><br>'.join(TEXT)}</td></tr></table></td></tr></table>",
    "two halves": f"<div><div><p>{TEXT[0]}</p><p>{TEXT[1]}</p></div><div><p>{TEXT[2]}</p><p>{TEXT[3]}</p></div></div>",
    "article element": f"<article><section>{''.join(f'<p>{x}</p>' for x in TEXT)}</section></article>",
    "aspx form": f"<form><div>{''.join(f'<p>{x}</p>' for x in TEXT)}</div></form>",
}


def paragraphs(page):
    cut = cut_by_text(page)
    assert cut is not None
    html = cut.html.replace("<form>", "").replace("</form>", "")
    container = LexborHTMLParser(html).body
    return clean_subtree(container, base_url=page.url, title=TITLE, sapo=None).paragraphs


@pytest.mark.parametrize("body", BODIES.values(), ids=BODIES)
def test_the_paragraphs_are_found_whatever_holds_them(page_of, body):
    assert paragraphs(page_of(page_with(body))) == TEXT


def test_related_boxes_and_share_rows_in_the_container_are_left_out(page_of):
    junk = '<div class="tin-lien-quan"><a href="/x">Diễn tập ở xã bên</a></div><div class="share-row">Zalo Facebook</div>'
    body = f"<div><p>{TEXT[0]}</p>{junk}{''.join(f'<p>{x}</p>' for x in TEXT[1:])}</div>"

    assert paragraphs(page_of(page_with(body))) == TEXT


def test_the_box_of_an_article_named_like_junk_is_kept(page_of):
    body = f'<div><div class="shared-content">{"".join(f"<p>{x}</p>" for x in TEXT)}</div></div>'

    assert paragraphs(page_of(page_with(body))) == TEXT


LINK = '<a href="/bai-khac.html">lực lượng dân quân tự vệ của xã</a>'
COMMENTS = "".join(
    f"<p>{x} Tôi đọc bài này và thấy rất đúng với những gì quê mình đang làm.</p>" for x in TEXT * 3
)


def test_links_in_sentences_do_not_make_a_list(page_of):
    linked = [f"{x} Đó là việc làm của {LINK}, ai cũng quý." for x in TEXT]
    body = f"<div>{''.join(f'<p>{x}</p>' for x in linked)}</div>"

    assert len(paragraphs(page_of(page_with(body)))) == len(TEXT)


def test_a_line_that_is_one_link_is_another_article(page_of):
    rows = [f"<p>{x}</p>" for x in TEXT]
    rows.insert(2, '<p>Xem thêm: <a href="/x">Diễn tập chiến đấu phòng thủ ở xã bên cạnh</a></p>')

    assert paragraphs(page_of(page_with(f"<div>{''.join(rows)}</div>"))) == TEXT


@pytest.mark.parametrize("box", ['id="comments"', 'class="binh-luan"', 'style="display: none"'])
def test_what_readers_write_and_what_is_hidden_is_no_article(page_of, box):
    after = f"<div {box}><div>{COMMENTS}</div></div>"

    assert paragraphs(page_of(page_with(BODIES["paragraphs"], after=after))) == TEXT


def test_breadcrumb_headline_and_date_in_the_container_are_no_text(page_of):
    top = f"<div>Tin trong tỉnh</div><h1>{TITLE}</h1><div>Thứ Ba, 1/4/2025</div>"
    body = f"<div>{top}{''.join(f'<p>{x}</p>' for x in TEXT)}</div>"

    assert paragraphs(page_of(page_with(body))) == TEXT


def test_a_list_in_a_box_named_as_the_text_is_read(page_of):
    rows = "".join(
        f'<p><a href="/{i}">Chốt dân quân thường trực số {i} ở bản vùng cao</a></p><p>{TEXT[i % 4]}</p>'
        for i in range(6)
    )
    body = f'<div class="entry-content">{rows}</div>'

    assert cut_by_text(page_of(page_with(body))) is not None
    assert cut_by_text(page_of(page_with(body.replace("entry-content", "ds")))) is None


@pytest.mark.parametrize("teasers", [3, 4, 12])
def test_long_teasers_under_their_headlines_are_a_list_however_few_their_links(page_of, teasers):
    rows = "".join(
        f'<div class="x"><h3><a href="/{i}">Chốt dân quân thường trực số {i}</a></h3><p>07/03/2026</p><p>{" ".join(TEXT)}</p></div>'
        for i in range(teasers)
    )

    assert cut_by_text(page_of(page_with(f"<div>{rows}</div>"))) is None


def test_links_between_the_paragraphs_of_an_article_make_no_list(page_of):
    link = '<p><a href="/1">Chốt dân quân thường trực ở bản vùng cao</a></p>'
    body = f"<div>{f'</p>{link}<p>'.join(('<p>' + TEXT[0], *TEXT[1:3], TEXT[3] + '</p>'))}</div>"

    assert paragraphs(page_of(page_with(body))) == TEXT


def test_a_caption_before_the_text_is_no_lead(page_of):
    before = f"<figure><img src='/a.jpg'><figcaption>{SAPO}</figcaption></figure>"

    assert around(page_of(page_with(BODIES["paragraphs"], before))).sapos == ()


def around(page):
    cut = cut_by_text(page)
    assert cut is not None
    return look_around(page, cut, TITLE)


def test_date_and_sapo_stand_between_title_and_text(page_of):
    before = f"<div><i>Thứ Ba, ngày 1/4/2025 - 20:01</i></div><div><b>{SAPO}</b></div>"
    found = around(page_of(page_with(BODIES["paragraphs"], before)))

    assert [x.text for x in found.dates] == ["Thứ Ba, ngày 1/4/2025 - 20:01", SAPO]
    assert [x.text for x in found.sapos] == [SAPO]


def test_the_line_of_the_date_is_no_lead_and_is_read_in_parts(page_of):
    line = "Thứ Ba, 01/04/2025 - 20:01 (GMT+7) | Theo Thông tấn xã Việt Nam"
    found = around(page_of(page_with(BODIES["paragraphs"], f"<div>{line}</div>")))

    assert found.sapos == ()
    assert "Theo Thông tấn xã Việt Nam" in {x.text for x in found.lines}


@pytest.mark.parametrize("name", ["author", "tac-gia", "byline"])
def test_an_author_named_as_such_right_below_the_text_is_a_candidate(page_of, name):
    after = f'<div class="{name}">Lan Anh</div>'
    found = around(page_of(page_with(BODIES["paragraphs"], after=after)))

    assert [x.text.strip() for x in found.bylines] == ["Lan Anh"]


def test_an_author_below_other_text_is_none(page_of):
    after = f'<p>{TEXT[0] * 2}</p><div class="author">Lan Anh</div>'
    found = around(page_of(page_with(BODIES["nested tables"], after=after)))

    assert found.bylines == ()


def test_dates_elsewhere_on_the_page_are_no_candidates(page_of):
    found = around(page_of(page_with(BODIES["paragraphs"], after="<p>14:29 | 01/10/2026</p>")))

    assert found.dates == ()


def test_without_a_printed_title_nothing_around_is_believed(page_of):
    page = page_of(
        page_with(BODIES["paragraphs"], "<p>1/4/2025</p>").replace(f"<h2>{TITLE}</h2>", "")
    )

    assert around(page).dates == ()


def test_the_breadcrumb_is_the_shortest_row_from_home(page_of):
    before = '<div><a href="/">Trang chủ</a> » <a href="/qp">Quốc phòng</a></div>'

    assert [x.text for x in around(page_of(page_with(BODIES["paragraphs"], before))).sections] == [
        "Quốc phòng"
    ]


def test_tags_are_links_beside_their_label_or_marked_as_tags(page_of):
    box = '<div class="tu-khoa">Từ khóa: <a>dân quân</a> <a>bão</a></div>'
    marked = '<a rel="tag">gặt lúa</a>'

    assert around(page_of(page_with(BODIES["paragraphs"], after=box))).tags == ("dân quân", "bão")
    assert around(page_of(page_with(BODIES["paragraphs"], after=marked))).tags == ("gặt lúa",)


@pytest.mark.parametrize(
    "html",
    [
        "",
        "<p>ngắn</p>",
        f"<div>{CARDS}</div>",
        "<ul>" + "<li><a href='/1'>Một tin dài hơn mười lăm chữ</a></li>" * 40 + "</ul>",
        "<script>" + "var x = 'dân quân'; " * 200 + "</script>",
    ],
    ids=["nothing", "a word", "cards", "links", "script"],
)
def test_a_page_without_running_text_has_no_container(page_of, html):
    assert cut_by_text(page_of(f"<html><body>{html}</body></html>")) is None
