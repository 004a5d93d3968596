"""Builders of values that tests of the archive share."""

import uuid
from datetime import UTC, datetime, timedelta, timezone

import attrs
import pytest

from archive.model import (
    Accepted,
    Article,
    Capture,
    Evidence,
    Figure,
    RecordLocation,
    Verdict,
)
from archive.store import Store
from archive.warc import Exchange, WarcWriter

NOW = datetime(2026, 11, 24, 3, 10, 0, 123456, tzinfo=UTC)
PAGE = b"<html>" + "dân quân ".encode() * 40
VIETNAM = timezone(timedelta(hours=7))


@pytest.fixture
def now():
    return NOW


@pytest.fixture
def store(tmp_path):
    with Store.open(tmp_path / "archive") as opened:
        yield opened


@pytest.fixture
def make_capture():
    def make(url="http://bao.vn/1.html", *, hours=0, **changes):
        values = {
            "id": str(uuid.uuid4()),
            "site": "bao",
            "url": url,
            "fetched_at": NOW + timedelta(hours=hours),
            "status": 200,
            "headers": (("Content-Type", "text/html; charset=utf-8"),),
            "body": b"<html>",
            "payload_sha256": "ab" * 32,
            "location": RecordLocation(warc_file="bao/2026/x.warc.gz", offset=10, length=90),
            "run_id": "20261124T030955Z-1a2b3c4d",
            "robots": "allowed",
        }
        return Capture(**(values | changes))

    return make


@pytest.fixture
def make_accepted(make_capture):
    def make(
        title="Dân quân xã Mường Phăng luyện tập", *, number=1, hours=0, capture=None, **changes
    ):
        url = f"http://bao.vn/{number}.html"
        article = Article(
            id=f"bao:{number}",
            site="bao",
            url=url,
            title=title,
            sapo="Sáng 19-3, lực lượng dân quân tự vệ huyện Điện Biên ra quân.",
            body=("Đoạn thứ nhất nói về thuỷ lợi.", "Đoạn thứ hai nói về hoà bình."),
            province="Điện Biên",
            published_at=datetime(2024, 3, 19, 9, 12, tzinfo=VIETNAM),
            figures=(Figure(position=1, caption="Dân quân luyện tập."),),
        )
        return Accepted(
            capture=capture or make_capture(url, hours=hours),
            article=attrs.evolve(article, **changes),
            verdict=Verdict(
                relevance=7.5,
                level=2,
                evidence=(Evidence(part="title", term="Dân quân", count=1, weight=5.0),),
            ),
        )

    return make


@pytest.fixture
def save(store):
    """Store outcomes in one transaction; the answers in order."""

    def run(*outcomes):
        with store.transaction():
            return [store.store_outcome(outcome) for outcome in outcomes]

    return run


@pytest.fixture
def make_exchange():
    def make(payload=PAGE, **changes):
        values = {
            "id": str(uuid.uuid4()),
            "url": "http://bao.vn/1.html?a=b",
            "fetched_at": NOW,
            "status": 200,
            "reason": "OK",
            "request_headers": (("User-Agent", "dqtv"), ("Accept", "text/html")),
            "response_headers": (
                ("Content-Type", "text/html"),
                ("Set-Cookie", "a=1"),
                ("Set-Cookie", "b=2"),
            ),
            "payload": payload,
            "ip": "127.0.0.1",
        }
        return Exchange(**(values | changes))

    return make


@pytest.fixture
def make_writer(tmp_path):
    """Writers into one folder; whatever a test leaves open is closed at its end."""
    writers = []

    def make(folder=None, **changes):
        values = {
            "site": "bao",
            "run_id": "20261124T030955Z-1a2b3c4d",
            "operator": "Archive <archive@example.org>",
            "software": "dqtv-archive test",
            "robots_policy": "obey",
            "known_payload": lambda _: None,
        }
        writers.append(WarcWriter(folder or tmp_path / "warc", **(values | changes)))
        return writers[-1]

    yield make
    for writer in writers:
        writer.close()
