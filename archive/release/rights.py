"""Whose the texts are and what may be done with them: ``RIGHTS.md`` and ``rights.csv``."""

from __future__ import annotations

import csv
import io
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from archive.release.facts import Facts

SHORT: Final = (
    "Titles, leads, texts and captions belong to the papers that published them. Read, search, count and"
    " quote them with their source, as the law of your country allows; do not publish whole texts"
    " again without the paper's consent. The archive grants no right in them and takes texts out on request."
)
SHORT_VI: Final = (
    "Tiêu đề, sapo, bài viết và chú thích ảnh thuộc về các báo đã đăng. Bạn có thể đọc, tìm kiếm, thống kê và"
    " trích dẫn có ghi nguồn trong phạm vi luật nơi bạn ở cho phép; không đăng lại toàn văn khi chưa được"
    " báo đồng ý. Kho lưu trữ không trao quyền nào đối với các văn bản này và gỡ văn bản khi được yêu cầu."
)
_OWN: Final = (
    "What the archive adds - ids, dates as read, places, scores with their evidence, links, checksums,"
    " descriptions - may be used freely; please cite the release."
)
_OWN_VI: Final = (
    "Phần kho lưu trữ thêm vào - mã bài, ngày đã đọc, địa danh, điểm số kèm bằng chứng, liên kết, mã kiểm tra,"
    " mô tả - được dùng tự do; xin ghi nguồn bản phát hành."
)
_WITHHELD: Final = "This release holds no lead, text, version's text or caption."
_WITHHELD_VI: Final = (
    "Bản phát hành này không có sapo, bài viết, văn bản các phiên bản và chú thích ảnh."
)


def rights_csv(facts: Facts) -> str:
    """One row for each paper: whose its texts are, whether they are here, what may be done."""
    stream = io.StringIO()
    writer = csv.writer(stream, lineterminator="\r\n")
    writer.writerow(
        ["site", "paper", "homepage", "articles", "rights_holder", "text_released", "statement"]
    )
    for paper in facts.papers:
        writer.writerow(
            [
                paper.id, paper.name, paper.homepage or "", paper.articles, paper.name,
                "yes" if facts.with_text else "no", SHORT,
            ]
        )  # fmt: skip
    return "\ufeff" + stream.getvalue()


def rights_md(facts: Facts, taken_down: int) -> str:
    """The same for people, in both languages; *taken_down* rows stand in ``takedowns.csv``."""
    withheld = ["", _WITHHELD_VI] if not facts.with_text else []
    withheld_en = ["", _WITHHELD] if not facts.with_text else []
    lines = [
        "# Quyền tác giả", "", SHORT_VI, *withheld, "", _OWN_VI, "",
        f"`takedowns.csv` liệt kê các bài đã bị gỡ (báo gỡ hoặc kho lưu trữ rút): {taken_down}.", "",
        "# Rights", "", SHORT, *withheld_en, "", _OWN, "",
        f"`takedowns.csv` lists articles that were taken down by their paper or withdrawn here: {taken_down}.",
        "",
        "| site | báo / paper | bài / articles | chủ sở hữu quyền / rights holder |",
        "| --- | --- | ---: | --- |",
        *(f"| {x.id} | {_linked(x.name, x.homepage)} | {x.articles} | {x.name} |" for x in facts.papers),
        "",
    ]  # fmt: skip
    return "\n".join(lines)


def _linked(name: str, address: str | None) -> str:
    return f"[{name}]({address})" if address else name
