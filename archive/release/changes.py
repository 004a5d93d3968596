"""What is new since the release before: ids that were added, changed and withdrawn.

Every release has a fingerprint of each article, over all its rows as they are released, so that two
releases can be compared whatever their formats are.
"""

from __future__ import annotations

import csv
import hashlib
from itertools import groupby
from typing import TYPE_CHECKING, Final

import attrs
import orjson

from archive.errors import UsageError
from archive.release.tables import OF_ARTICLES, rows

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from archive.release.facts import Facts
    from archive.release.tables import Released

FINGERPRINTS: Final = "fingerprints.csv"
_LISTED: Final = 200
_HOW_VI: Final = (
    "Cách cập nhật bản cũ: xoá các dòng của những bài đã rút và đã thay đổi, lấy từ bản phát hành này các dòng của những bài"
    " đã thay đổi và mới thêm, rồi sắp xếp theo khoá. Các bảng khác lấy nguyên cả bảng."
)
_HOW: Final = (
    "To bring an older copy up to date: delete the rows of the withdrawn and changed articles, take the rows"
    " of the changed and added ones from this release, sort by key. Take the other tables whole."
)


@attrs.frozen(kw_only=True)
class Earlier:
    """The release before."""

    name: str
    snapshot: str
    with_text: bool
    fingerprints: dict[str, str]


@attrs.frozen(kw_only=True)
class Changes:
    """Ids of articles, in order."""

    added: tuple[str, ...]
    changed: tuple[str, ...]
    withdrawn: tuple[str, ...]


def fingerprints(
    connection: sqlite3.Connection, tables: Sequence[Released]
) -> Iterator[tuple[str, str]]:
    """Article id and hex SHA-256 of all its rows, by id."""
    by_name = {table.name: table for table in tables}
    articles, *others = (groupby(rows(connection, by_name[x]), _article) for x in OF_ARTICLES)
    waiting = [next(other, None) for other in others]
    for article_id, own in articles:
        digest = hashlib.sha256(repr(list(own)).encode())
        for place, other in enumerate(others):
            group = waiting[place]
            # rows come in the order of ids, and every row has its article
            if group is not None and group[0] == article_id:
                digest.update(repr(list(group[1])).encode())
                waiting[place] = next(other, None)
            else:
                digest.update(b"[]")
        yield article_id, digest.hexdigest()


def _article(row: tuple[object, ...]) -> str:
    return str(row[0])


def write_fingerprints(path: Path, pairs: Iterator[tuple[str, str]]) -> dict[str, str]:
    """Write the fingerprints as CSV, and return them."""
    known: dict[str, str] = {}
    with path.open("w", encoding="utf-8", newline="") as file:
        file.write("id,sha256\r\n")
        for article_id, digest in pairs:
            file.write(f"{article_id},{digest}\r\n")
            known[article_id] = digest
    return known


def read_earlier(folder: Path) -> Earlier:
    """The release in *folder*, a bag or not. Raises UsageError when it is none or cannot be read."""
    inner = folder / "data" if (folder / "bagit.txt").exists() else folder
    try:
        package = orjson.loads((inner / "datapackage.json").read_bytes())
        with (inner / FINGERPRINTS).open(encoding="utf-8", newline="") as file:
            known = {row["id"]: row["sha256"] for row in csv.DictReader(file)}
        said = package["dqtv"]
        return Earlier(
            name=package["name"],
            snapshot=said["snapshot"]["id"],
            with_text=said["with_text"],
            fingerprints=known,
        )
    except (OSError, KeyError, TypeError, ValueError) as error:
        raise UsageError(
            f"{folder} is no release that can be read ({error}); give the folder of one with --previous"
        ) from error


def compare(earlier: Earlier | None, now: dict[str, str]) -> Changes:
    """What became of the articles; without an earlier release all are added."""
    before = earlier.fingerprints if earlier else {}
    return Changes(
        added=tuple(sorted(now.keys() - before.keys())),
        changed=tuple(sorted(x for x in now.keys() & before.keys() if now[x] != before[x])),
        withdrawn=tuple(sorted(before.keys() - now.keys())),
    )


def changes_json(facts: Facts, earlier: Earlier | None, changes: Changes) -> dict[str, object]:
    """The comparison for programs; ``replaced`` are tables to take whole."""
    return {
        "from": {"release": earlier.name, "snapshot": earlier.snapshot} if earlier else None,
        "to": {"release": facts.name, "snapshot": facts.snapshot.id},
        "added": list(changes.added),
        "changed": list(changes.changed),
        "withdrawn": list(changes.withdrawn),
        "by_article": list(OF_ARTICLES),
        "replaced": [table.name for table in facts.tables if table.name not in OF_ARTICLES],
    }


def changes_md(facts: Facts, earlier: Earlier | None, changes: Changes) -> str:
    """The comparison for people, in both languages; ``changes.json`` has every id."""
    since = f"{earlier.name} (snapshot {earlier.snapshot})" if earlier else "–"
    lines = [
        f"# {facts.name}", "",
        f"Thay đổi kể từ / changes since: {since}", "",
        "| | bài / articles |", "| --- | ---: |",
        f"| thêm / added | {len(changes.added)} |",
        f"| thay đổi / changed | {len(changes.changed)} |",
        f"| không còn / withdrawn | {len(changes.withdrawn)} |", "",
    ]  # fmt: skip
    if earlier and earlier.with_text != facts.with_text:
        lines += [
            "Một bản có toàn văn, bản kia không, nên mọi bài đều được tính là thay đổi.",
            "",
            "One of the two has the texts and the other has not, so every article counts as changed.",
            "",
        ]
    for title, ids in (
        ("Thêm / added", changes.added if earlier else ()),
        ("Thay đổi / changed", changes.changed),
        ("Không còn / withdrawn", changes.withdrawn),
    ):
        if ids:
            more = [f"- … {len(ids) - _LISTED} (changes.json)"] if len(ids) > _LISTED else []
            lines += [f"## {title}", "", *(f"- `{x}`" for x in ids[:_LISTED]), *more, ""]
    lines += [_HOW_VI, "", _HOW, ""]
    return "\n".join(lines)
