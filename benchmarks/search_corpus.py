"""A large archive of invented articles for measuring search: seeded, so that every run has the same.

Syllables and compounds are those of the demo press's own stories, drawn with Zipf weights; "dân quân"
stands in 97 of 100 articles, as in an archive on that subject. Only the database is filled; there are
no WARC files behind it.
"""

from __future__ import annotations

import contextlib
import itertools
import random
import sys
import time
import uuid
from collections import Counter
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Final

from archive.instants import VIETNAM
from archive.provinces import known_names
from archive.rows import text_sha256
from archive.signatures import sign_texts
from archive.store import Store
from archive.syndication import METHOD
from archive.vietnamese import syllables
from scraper.demo.stories import load_stories

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterator
    from pathlib import Path

SEED: Final = 20261124
FIRST: Final = datetime(2006, 1, 1, tzinfo=VIETNAM)
DAYS: Final = 20 * 365
SECTIONS: Final = (
    "Quốc phòng - An ninh",
    "Thời sự",
    "Xã hội",
    "Chính trị",
    "Kinh tế",
    "Pháp luật",
    "Phóng sự",
)
#: Phrases of the subject; queries are made of them.
COMPOUNDS: Final = (
    "dân quân tự vệ", "dân quân thường trực", "dân quân cơ động", "dân quân tại chỗ", "dân quân biển",
    "hải đội dân quân", "tự vệ cơ quan", "tự vệ doanh nghiệp", "Ban Chỉ huy quân sự", "chỉ huy trưởng",
    "chính trị viên", "khu vực phòng thủ", "diễn tập chiến đấu", "huấn luyện dân quân", "hội thao quân sự",
    "bắn đạn thật", "sẵn sàng chiến đấu", "phòng chống thiên tai", "tìm kiếm cứu nạn", "nông thôn mới",
    "biên giới hải đảo", "tuyển quân", "dự bị động viên", "giáo dục quốc phòng", "quân khu", "bộ đội biên phòng",
    "công an xã", "ủy ban nhân dân", "mặt trận tổ quốc", "hội cựu chiến binh", "đoàn thanh niên",
    "lực lượng vũ trang", "quốc phòng toàn dân", "an ninh trật tự", "cháy rừng", "lũ ống lũ quét",
)  # fmt: skip


def fill(root: Path, articles: int, *, length: int, sign: bool = True) -> tuple[float, float]:
    """Write *articles* articles of about *length* syllables into the archive at *root*, and sign them.

    Without *sign* they are entered as too short to be compared: no two of them share a text anyhow, and
    signing a million takes longer than all the rest. Returns the seconds for making and writing the
    rows, and for signing.
    """
    started = time.perf_counter()
    with Store.open(root) as store:
        for row in _sites():
            with store.transaction():
                store.sync_site(row)
        connection = store.connection
        with _in_bulk(connection), store.transaction():
            for number, batch in enumerate(_batches(_rows(articles, length), _BATCH)):
                for statement in (_CAPTURE, _ARTICLE, _VERSION, *(() if sign else (_UNCOMPARED,))):
                    connection.executemany(statement, batch)
                if number % 20 == 0:
                    report(f"{number * _BATCH:,} of {articles:,} articles written")
        written = time.perf_counter()
        if sign:
            report("signing")
            sign_texts(store)
    return written - started, time.perf_counter() - written


@contextlib.contextmanager
def _in_bulk(connection: sqlite3.Connection) -> Iterator[None]:
    """Write without a journal, and make the indexes afterwards: an archive that broke is made anew."""
    indexes = connection.execute(
        "SELECT name, sql FROM sqlite_master WHERE type = 'index' AND sql IS NOT NULL"
        " AND tbl_name IN ('captures', 'articles', 'article_versions', 'text_signatures')"
    ).fetchall()
    before = [
        connection.execute(f"PRAGMA {name}").fetchone()[0] for name in ("synchronous", "cache_size")
    ]
    for statement in ("journal_mode = OFF", "synchronous = OFF", "cache_size = -500000"):
        connection.execute(f"PRAGMA {statement}")
    for name, _ in indexes:
        connection.execute(f"DROP INDEX {name}")
    yield
    report("making the indexes")
    for _, sql in indexes:
        connection.execute(sql)
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute(f"PRAGMA synchronous = {before[0]}")
    connection.execute(f"PRAGMA cache_size = {before[1]}")


def report(text: str) -> None:
    """Tell how far it is, beside the figures."""
    print(f"{time.strftime('%H:%M:%S')} {text}", file=sys.stderr, flush=True)


def queries(count: int, *, seed: int = SEED) -> list[str]:
    """Phrases to look for: those of the subject, two of them together, and pairs of syllables."""
    chance = random.Random(seed)  # noqa: S311 - a seeded draw, no secret
    found = []
    while len(found) < count:
        kind = len(found) % 3
        if kind == 0:
            found.append(chance.choice(COMPOUNDS))
        elif kind == 1:
            found.append(" ".join(f'"{part}"' for part in chance.sample(COMPOUNDS, 2)))
        else:
            found.append(chance.choice(COMPOUNDS).rpartition(" ")[0] or "quân khu")
    return found


#: Rows written at a time.
_BATCH: Final = 1_000
_CAPTURE: Final = """
INSERT INTO captures (id, site, url, fetched_at, status, kind, warc_file, offset, length)
VALUES (:capture_id, :site, :url, :seen, 200, 'response', 'x.warc.gz', 0, 1)
"""
_ARTICLE: Final = """
INSERT INTO articles (id, site, url, title, sapo, body, authors, tags, province, section, published_at,
    published_precision, body_source, body_state, first_captured_at, last_captured_at, version, capture_id,
    text_sha256, relevance, level, word_count)
VALUES (:id, :site, :url, :title, :sapo, :body, '[]', '[]', :province, :section, :published, 'minute', 'rule',
    'full', :seen, :seen, 1, :capture_id, :digest, :relevance, :level, :words)
"""
_VERSION: Final = """
INSERT INTO article_versions (article_id, version, capture_id, text_sha256, title, sapo, body, seen_at)
VALUES (:id, 1, :capture_id, :digest, :title, :sapo, :body, :seen)
"""

_UNCOMPARED: Final = """
INSERT INTO text_signatures (article_id, text_sha256, method, signature)
VALUES (:id, :digest, :method, NULL)
"""


def _sites() -> Iterator[dict[str, object]]:
    for number in range(34):
        yield {
            "id": f"bao{number:02}", "name": f"Báo số {number:02}", "province": known_names()[number],
            "homepage": f"https://bao{number:02}.example/", "family": None, "languages": ("vi",),
            "status": "demo",
        }  # fmt: skip


def _rows(articles: int, length: int) -> Iterator[dict[str, object]]:
    chance = random.Random(SEED)  # noqa: S311 - a seeded draw, no secret
    drawn = _Words(chance)
    names = known_names()
    for number in range(articles):
        words = drawn.text(length)
        if chance.random() < 0.97:  # noqa: PLR2004 - see the module's own words
            words.insert(chance.randrange(len(words)), "dân quân")
        third = len(words) // 3
        body = "\n\n".join(" ".join(words[at : at + third]) for at in range(0, len(words), third))
        title, sapo = " ".join(drawn.text(12)), " ".join(drawn.text(30))
        site = chance.randrange(34)
        published = FIRST + timedelta(days=chance.random() * DAYS)
        url = f"https://bao{site:02}.example/bai-{number}.html"
        yield {
            "id": f"bao{site:02}:{number}", "site": f"bao{site:02}", "url": url, "title": title, "sapo": sapo,
            "body": body, "province": names[site], "section": chance.choice(SECTIONS),
            "published": published.isoformat(timespec="seconds"), "seen": "2026-11-20T00:00:00Z",
            # in order, so that each row goes to the end of its table
            "capture_id": str(uuid.UUID(int=number + 1)),
            "digest": text_sha256(title, sapo, body), "relevance": round(chance.uniform(1, 30), 2),
            "method": METHOD, "level": 1 + (chance.random() < 0.6), "words": length,  # noqa: PLR2004 - three in five are about it
        }  # fmt: skip


class _Words:
    """Draws running text of syllables and compounds."""

    def __init__(self, chance: random.Random) -> None:
        counted: Counter[str] = Counter()
        for story in load_stories():
            counted.update(syllables(" ".join(story.paragraphs)))
        common = [word for word, _ in counted.most_common()]
        self._items = [*common, *COMPOUNDS]
        zipf = [1 / rank for rank in range(3, len(common) + 3)]
        share = sum(zipf) * 0.15 / len(COMPOUNDS)
        weights = zipf + [
            share * (2 - 1.8 * place / len(COMPOUNDS)) for place in range(len(COMPOUNDS))
        ]
        self._cumulated = list(itertools.accumulate(weights))
        self._chance = chance

    def text(self, length: int) -> list[str]:
        """Words of about *length* syllables in all."""
        return self._chance.choices(self._items, cum_weights=self._cumulated, k=int(length / 1.35))


def _batches(rows: Iterator[dict[str, object]], size: int) -> Iterator[list[dict[str, object]]]:
    while batch := list(itertools.islice(rows, size)):
        yield batch
