"""Traps for the generic path: layouts that no system should have, and some have.

Each function prints a story of the demo press; ``test_gold.py`` reads the pages without rules.
"""

from __future__ import annotations

import json
from html import escape

_TALK = (
    "Đọc bài mà thương bà con, mong các cấp sớm có cách hỗ trợ để mọi người yên tâm làm ăn, sinh sống ở quê mình.",
    "Ở xã tôi anh em cũng thế, việc gì khó là có mặt, không nề hà ngày nghỉ hay đêm hôm. Rất đáng được khen ngợi.",
    "Xin hỏi tòa soạn, muốn gửi quà ủng hộ thì liên hệ với ai, ở đâu? Mong tòa soạn trả lời để bạn đọc được biết.",
)


def _head(x, *, dated: bool = True) -> str:
    data = {"@type": "NewsArticle", "headline": x.title, "datePublished": x.published.isoformat()}
    script = f'<script type="application/ld+json">{json.dumps(data, ensure_ascii=False)}</script>'
    return f"<!doctype html><html><head><meta charset=utf-8><title>{escape(x.title)}</title>{script if dated else ''}</head>"


def _paragraphs(x, form="<p>{}</p>") -> str:
    return "".join(form.format(escape(text)) for text in x.paragraphs)


def _menu(other) -> str:
    return "".join(f'<a href="/{y.number}">{escape(y.title)}</a> ' for y in other)


def unclosed_menu(x, other) -> str:
    """A nav element that is never closed holds all of the page."""
    return f"""{_head(x)}<body><nav><div class=m>{_menu(other)}</div><div class=bai><h1>{escape(x.title)}</h1>
<p class=chapo><b>{escape(x.sapo)}</b></p>{_paragraphs(x)}<p align=right><b>{escape(x.byline)}</b></p></div></body></html>"""


def more_talk_than_text(x, other) -> str:
    """Readers' comments outweigh the text, under names that say nothing."""
    talk = "".join(
        f"<div class=k3><b>Bạn đọc {n}</b><p>{_TALK[n % 3]}</p></div>" for n in range(30)
    )
    return f"""{_head(x)}<body><div class=a1>{_menu(other)}</div><div class=b2><h1>{escape(x.title)}</h1><h2>{escape(x.sapo)}</h2>
<div class=c3>{_paragraphs(x)}<p style="text-align:right">{escape(x.byline)}</p></div><div class=d4><h3>Bình luận (30)</h3>{talk}</div></div></body></html>"""


def signed_above(x, other) -> str:
    """The author line stands alone above the text; the day stands in the head only."""
    return f"""{_head(x)}<body><div class=a1>{_menu(other)}</div><div class=b2><h1>{escape(x.title)}</h1><div class=t1>{escape(x.sapo)}</div>
<div class=t2>Bài, ảnh: Lan Anh</div><div class=c3>{_paragraphs(x, "<div>{}</div>")}</div></div></body></html>"""


def signed_in_the_text(x, other) -> str:
    """The author line stands in the text's own element, above the first paragraph."""
    return f"""{_head(x)}<body><div class=a1>{_menu(other)}</div><h1>{escape(x.title)}</h1><div class=t1>{escape(x.sapo)}</div>
<div class=c3><p><i>Phóng viên: Lan Anh</i></p>{_paragraphs(x)}</div></body></html>"""


def signed_beside_the_date(x, other) -> str:
    """One line of plain text with day, clock and source."""
    return f"""{_head(x, dated=False)}<body><table><tr><td>{_menu(other)}</td><td><div>{escape(x.title)}</div>
<div>Thứ Ba, {x.published:%d/%m/%Y - %H:%M} | Theo TTXVN</div><div><b>{escape(x.sapo)}</b></div><div>{"<br><br>".join(map(escape, x.paragraphs))}</div></td></tr></table></body></html>"""


def cut_lead(x, other) -> str:
    """A box repeats the beginning of lead and text, cut by its length."""
    begun = f"{x.sapo} {x.paragraphs[0]}"[: len(x.sapo) + 60]
    return f"""{_head(x)}<body><div class=a1>{_menu(other)}</div><h1>{escape(x.title)}</h1><div class=c3><div>{escape(begun)}</div>
<p>{escape(x.sapo)}</p>{_paragraphs(x)}<p align=right>{escape(x.byline)}</p></div></body></html>"""


def early_end(x, other) -> str:
    """The document ends in its head, and paragraphs are spans."""
    return f"""{_head(x).replace("<head>", "</html><head>", 1)}<body><div class=a1>{_menu(other)}</div><div class=p1><div class=p2>{escape(x.title)}</div>
<div class=p3>{x.published:%d/%m/%Y %H:%M}</div><div class=p4><span>{escape(x.sapo)}</span></div><div class=p5>{_paragraphs(x, "<div><span>{}</span></div>")}
<div style="text-align:right"><span>{escape(x.byline)}</span></div></div></div></body></html>"""


def dated_links(x, other) -> str:
    """Headlines with their days stand between the paragraphs, half link and half not."""
    links = "".join(
        f'<div class=q2><a href="/{y.number}">{escape(y.title[:30])}</a> <span>{y.published:%d/%m/%Y %H:%M}</span></div>'
        for y in other[:2]
    )
    first, *rest = x.paragraphs
    text = f"<p>{escape(first)}</p><div class=q1>{links}</div>" + "".join(
        f"<p>{escape(p)}</p>" for p in rest
    )
    return f"""{_head(x)}<body><div class=b2><h1>{escape(x.title)}</h1><div class=t1>{escape(x.sapo)}</div>
<div class=c3>{text}<p align=right>{escape(x.byline)}</p></div></div></body></html>"""


#: What prints a page, and the author line on it where it is not the story's.
LAYOUTS = {
    unclosed_menu: None,
    more_talk_than_text: None,
    signed_above: "Bài, ảnh: Lan Anh",
    signed_in_the_text: "Phóng viên: Lan Anh",
    signed_beside_the_date: "Theo TTXVN",
    cut_lead: None,
    early_end: None,
    dated_links: None,
}


def teasers(x, other) -> str:
    """A section's page under an article's address: long teasers, few links."""
    rows = "".join(
        f'<div class=r1><h3><a href="/{y.number}">{escape(y.title)}</a></h3><div>{y.published:%d/%m/%Y}</div><p>{escape(y.sapo)} {escape(y.paragraphs[0])}</p></div>'
        for y in other
    )
    return f"<!doctype html><html><head><meta charset=utf-8><title>{escape(x.section)}</title></head><body><h1>{escape(x.section)}</h1><div class=r>{rows}</div></body></html>"
