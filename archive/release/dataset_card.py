"""``README.md``: the dataset card, with the front matter that Hugging Face reads.

https://huggingface.co/docs/hub/datasets-cards
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Final

from archive.release import snippets
from archive.release.citation import citation_line
from archive.release.facts import TITLE, TITLE_VI
from archive.release.rights import SHORT, SHORT_VI

if TYPE_CHECKING:
    from archive.release.facts import Facts

_SIZES: Final = (
    (1_000, "n<1K"), (10_000, "1K<n<10K"), (100_000, "10K<n<100K"), (1_000_000, "100K<n<1M"),
)  # fmt: skip
_CARD: Final = """\
# {title_vi}

**Phiên bản {version}** ({day}), từ ấn bản dữ liệu `{snapshot}` dựng lúc {built_at}: {articles} bài của {papers} báo. {text_vi}

- Các bảng ở thư mục `data/`; ý nghĩa từng cột ở dưới đây và trong `datapackage.json`.
- Quyền tác giả: {rights_vi} Chi tiết: [RIGHTS.md](RIGHTS.md); từng báo: `rights.csv`; bài bị gỡ: `takedowns.csv`.
- Thay đổi so với bản trước: [CHANGES.md](CHANGES.md).
- Kiểm tra: `sha256sum -c SHA256SUMS`.
- Trích dẫn: {citation}

# {title}

**Version {version}** ({day}), from the snapshot `{snapshot}` built {built_at} by {software}: {articles} articles of {papers} papers. {text}

- The tables are in `data/`; every column is explained below and in `datapackage.json`.
- Rights: {rights} More: [RIGHTS.md](RIGHTS.md); by paper: `rights.csv`; articles taken down: `takedowns.csv`.
- New since the last release: [CHANGES.md](CHANGES.md).
- To check the files: `sha256sum -c SHA256SUMS`.
- How to cite: {citation}

Trong CSV, ô mà bảng tính có thể hiểu là công thức, và ô mở đầu bằng dấu nháy đơn, có thêm một dấu nháy đơn ở trước: bỏ một
dấu thì được nguyên văn. Giá trị còn thiếu để trống.

In CSV a text that a spreadsheet might compute has an apostrophe in front, and so has one that begins with an
apostrophe: take one away to have the text. Missing values are empty.

## Loading

{snippets}
## Tables

{tables}"""


def dataset_card(facts: Facts) -> str:
    """Front matter, Vietnamese, English, and every column of every table."""
    shown = "".join(
        f"{label}:\n\n```{language}\n{code}\n```\n\n"
        for label, language, code in snippets.loading(
            [file.path for file in facts.files if file.table == "articles"]
        )
    )
    return _front_matter(facts) + _CARD.format(
        title=TITLE,
        title_vi=TITLE_VI,
        version=facts.version,
        day=facts.day,
        snapshot=facts.snapshot.id,
        built_at=facts.snapshot.built_at,
        software=facts.snapshot.software,
        articles=facts.snapshot.articles,
        papers=facts.snapshot.papers,
        text=_said(facts, "The texts are included.", "Leads, texts and captions are withheld."),
        text_vi=_said(facts, "Có toàn văn.", "Không có sapo, toàn văn và chú thích ảnh."),
        rights=SHORT,
        rights_vi=SHORT_VI,
        citation=citation_line(facts),
        snippets=shown,
        tables=_tables(facts),
    )


def _said(facts: Facts, full: str, withheld: str) -> str:
    invented = " (Demo: báo và sự kiện hư cấu / papers and events are invented.)"
    return (full if facts.with_text else withheld) + (invented if facts.is_fictional else "")


def _front_matter(facts: Facts) -> str:
    size = next((name for limit, name in _SIZES if facts.snapshot.articles < limit), "n>1M")
    lines = [
        "---",
        "language:", "  - vi",
        f"pretty_name: {json.dumps(TITLE, ensure_ascii=False)}",
        "license: other",
        "license_name: publishers-rights-and-cc-by-4.0-for-the-rest",
        "license_link: RIGHTS.md",
        f"size_categories:\n  - {size}",
        "tags:", "  - newspapers", "  - vietnam", "  - web-archive",
    ]  # fmt: skip
    files = facts.files_of(facts.main_format)
    if files:
        lines.append("configs:")
    for file in files:
        lines += [f"  - config_name: {file.table}", f"    data_files: {file.path}"]
    return "\n".join([*lines, "---", "", ""])


def _tables(facts: Facts) -> str:
    rows = {file.table: file.rows for file in facts.files}
    parts = []
    for table in facts.tables:
        count = rows.get(table.name)
        parts += [
            f"### {table.name}" + (f" ({count} rows)" if count is not None else ""), "",
            table.description, "",
            "| column | type | meaning |", "| --- | --- | --- |",
            *(f"| `{x.name}` | {x.kind} | {x.description} |" for x in table.columns), "",
        ]  # fmt: skip
    return "\n".join([*parts, ""])
