"""What a page says to its reader goes to the archive as JSON and is the same there."""

from datetime import UTC, datetime, timedelta, timezone

import attrs
import pytest

from archive.errors import ReaderDied, RecordUnreadable
from archive.model import (
    Accepted,
    Article,
    BodyState,
    Capture,
    Evidence,
    Figure,
    PageKind,
    RecordLocation,
    Rejected,
    RejectReason,
    TextChange,
    Verdict,
)
from archive.readings import StoredCapture
from archive.template import Lesson, PageBlock, RemovedBlock
from scraper.cluster.said import from_json, to_json

PLACE = RecordLocation(warc_file="bao/2026/x.warc.gz", offset=7, length=9)
STORED = StoredCapture(id="1", site="bao", url="http://x/1.html", location=PLACE)
CAPTURE = Capture(
    id="1", site="bao", url=STORED.url, fetched_at=datetime(2026, 11, 24, 3, 0, 0, 5, UTC), status=200, location=PLACE
)  # fmt: skip
ARTICLE = Article(
    id="bao:1", site="bao", url=STORED.url, title="Dân quân Vàm Sậy", sapo="Lời dẫn.", body=("Một.", "Hai."),
    byline="An Bình", authors=("An Bình",), tags=("dân quân",), addresses=("http://x/1.amp",),
    published_at=datetime(2026, 11, 23, 7, 5, tzinfo=timezone(timedelta(hours=7))), published_precision="minute",
    figures=(Figure(position=1, caption="Ảnh"),), body_state=BodyState.LEAD_ONLY, page_kind=PageKind.ALBUM,
    text_changes=(TextChange("charset:utf-8", 4),), removed=(RemovedBlock(position=2, text="x", articles=3, of_articles=4),),
)  # fmt: skip
VERDICT = Verdict(relevance=4.5, level=2, evidence=(Evidence(part="title", term="x", count=1, weight=4.5),))  # fmt: skip
LESSON = Lesson(article_id="bao:1", layout="rule:div", blocks=(PageBlock("00ff", "Một."),))
ACCEPTED = Accepted(capture=CAPTURE, article=ARTICLE, verdict=VERDICT, lesson=LESSON)


@pytest.mark.parametrize(
    "said",
    [
        ACCEPTED,
        attrs.evolve(ACCEPTED, lesson=None, article=attrs.evolve(ARTICLE, published_at=None)),
        Rejected(
            capture=CAPTURE, reason=RejectReason.NOT_MILITIA, article=ARTICLE, verdict=VERDICT
        ),
        Rejected(capture=CAPTURE, reason=RejectReason.BLOCKED, detail="a challenge"),
    ],
)
def test_an_outcome_comes_back_as_it_was(said):
    assert from_json(to_json(said), STORED) == said


def test_a_page_that_killed_its_reader_stays_given_up():
    back = from_json(to_json(ReaderDied("died 3 times")), STORED)
    assert (type(back), str(back)) == (ReaderDied, "died 3 times")


def test_of_an_unreadable_record_only_that_is_told_as_the_archive_finds_out_why():
    assert from_json(to_json(RecordUnreadable("no capture at records.warc.gz")), STORED) is None


@pytest.mark.parametrize("text", [b"{}", b"7", b'{"capture": {}}', b"no JSON"])
def test_what_no_worker_has_written_is_refused(text):
    with pytest.raises((ValueError, KeyError, TypeError)):
        from_json(text, STORED)
