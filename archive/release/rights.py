"""Whose the texts are and what may be done with them: ``RIGHTS.md`` and ``rights.csv``.

Every other description of a release says the same in its own form, from the sentences here.
"""

from __future__ import annotations

import csv
import io
from typing import TYPE_CHECKING, Final

from archive.export.csv_file import guarded

if TYPE_CHECKING:
    from archive.release.facts import Facts, Paper

#: Licence of what the archive adds; it never covers what the papers wrote.
LICENCE: Final = "CC-BY-4.0"
LICENCE_URL: Final = "https://creativecommons.org/licenses/by/4.0/"
SHORT: Final = (
    "Titles, leads, texts, captions and stored pages belong to the papers that published them, their authors"
    " and the agencies they credit. The archive grants no right in them. Read, search, count and quote them with"
    " their source, as far as the law of your country allows; do not publish whole texts again without the"
    f" paper's consent. What the archive adds is under {LICENCE}."
)
SHORT_VI: Final = (
    "Tiêu đề, sapo, bài viết, chú thích ảnh và trang lưu thuộc về các báo đã đăng, tác giả và những hãng tin mà báo"
    " ghi nguồn. Kho lưu trữ không trao quyền nào đối với các nội dung ấy. Bạn có thể đọc, tìm kiếm, thống kê và"
    " trích dẫn có ghi nguồn trong phạm vi luật nơi bạn ở cho phép; không đăng lại toàn văn khi chưa được"
    f" báo đồng ý. Phần kho lưu trữ thêm vào theo giấy phép {LICENCE}."
)
_OWN: Final = (
    "What the archive adds - ids, dates as read, places, scores with their evidence, links between articles,"
    " counts, checksums, descriptions of columns, and the selection and arrangement of all this, as far as there"
    f" are rights in it - is under [{LICENCE}]({LICENCE_URL}): use it for anything, and name the release with"
    " its version."
)
_OWN_VI: Final = (
    "Phần kho lưu trữ thêm vào - mã bài, ngày đã đọc, địa danh, điểm số kèm bằng chứng, liên kết giữa các bài, số"
    " đếm, mã kiểm tra, mô tả cột, cùng việc lựa chọn và sắp xếp những thứ đó, nếu phát sinh quyền - theo giấy phép"
    f" [{LICENCE}]({LICENCE_URL}): được dùng vào mọi việc, chỉ cần ghi tên và phiên bản của bản phát hành."
)
_HELD: Final = "This release holds the texts. Before you hand it on, ask yourself whether you may."
_HELD_VI: Final = "Bản phát hành này có toàn văn. Trước khi chuyển cho người khác, hãy xem mình có được phép không."
_WITHHELD: Final = (
    "This release is metadata only: it holds no lead, text, version's text, caption or stored page. Titles, bylines,"
    " sections and tags are kept, because an article cannot be named without them."
)
_WITHHELD_VI: Final = (
    "Bản phát hành này chỉ có siêu dữ liệu: không có sapo, bài viết, văn bản các phiên bản, chú thích ảnh và trang lưu."
    " Tiêu đề, tên tác giả, chuyên mục và từ khoá được giữ lại vì thiếu chúng thì không gọi tên được bài viết."
)
_TAKEDOWN: Final = (
    "A paper or an author who wants a text taken out writes to whoever published this release. The text then leaves the"
    " desk and every later release; a line with id, day and reason stays. `takedowns.csv` lists such articles, and those"
    " that their paper took down itself: {}. Whoever holds a copy of an earlier release is asked to delete the articles"
    " that `changes.json` names as withdrawn."
)
_TAKEDOWN_VI: Final = (
    "Báo hoặc tác giả muốn gỡ một bài thì viết cho nơi đã công bố bản phát hành này. Khi đó văn bản không còn trên trang"
    " tra cứu và trong mọi bản phát hành sau; chỉ còn một dòng ghi mã bài, ngày và lý do. `takedowns.csv` liệt kê những"
    " bài ấy và những bài chính báo đã gỡ: {}. Ai đang giữ bản phát hành cũ, xin xoá những bài mà `changes.json`"
    " ghi là đã rút (withdrawn)."
)


def rights_csv(facts: Facts) -> str:
    """One row for each paper: whose its texts are, whether they are here, what may be done."""
    stream = io.StringIO()
    writer = csv.writer(stream, lineterminator="\r\n")
    writer.writerow(
        [
            "site", "paper", "homepage", "articles", "rights_holder", "text_released", "added_licence",
            "statement", "statement_vi",
        ]
    )  # fmt: skip
    for paper in facts.papers:
        writer.writerow(
            [
                paper.id, guarded(paper.name), guarded(paper.homepage or ""), paper.articles,
                guarded(paper.name), "yes" if facts.with_text else "no", LICENCE,
                guarded(_statement(paper)), guarded(_statement_vi(paper)),
            ]
        )  # fmt: skip
    return "\ufeff" + stream.getvalue()


def _statement(paper: Paper) -> str:
    return f"© {paper.name}, its authors and the agencies it credits. {SHORT}"


def _statement_vi(paper: Paper) -> str:
    return f"© {paper.name}, các tác giả và những hãng tin mà báo ghi nguồn. {SHORT_VI}"


def rights_md(facts: Facts, taken_down: int) -> str:
    """The same for people, in both languages; *taken_down* rows stand in ``takedowns.csv``."""
    lines = [
        "# Quyền tác giả", "",
        SHORT_VI, "",
        _HELD_VI if facts.with_text else _WITHHELD_VI, "",
        _OWN_VI, "",
        _TAKEDOWN_VI.format(taken_down), "",
        "# Rights", "",
        SHORT, "",
        _HELD if facts.with_text else _WITHHELD, "",
        _OWN, "",
        _TAKEDOWN.format(taken_down), "",
        "| site | báo / paper | bài / articles | chủ sở hữu quyền / rights holder |",
        "| --- | --- | ---: | --- |",
        *(f"| {x.id} | {_linked(x.name, x.homepage)} | {x.articles} | © {x.name} |" for x in facts.papers),
        "",
    ]  # fmt: skip
    return "\n".join(lines)


def _linked(name: str, address: str | None) -> str:
    return f"[{name}]({address})" if address else name
