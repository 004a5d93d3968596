from datetime import date

import pytest

from archive.asked import ASKED_FIELD, asked_text, read_asked
from archive.captures import read_capture
from archive.model import Asked, DaySpan, UrlKind

LISTING = Asked(
    kind=UrlKind.LISTING, seed="tag:dân quân; tự vệ & hơn", page=3, hops=1,
    span=DaySpan(first=date(2019, 1, 1), last=date(2019, 12, 31)),
)  # fmt: skip


@pytest.mark.parametrize("asked", [LISTING, Asked(kind=UrlKind.ARTICLE)])
def test_what_was_asked_comes_back_from_its_field(asked):
    assert read_asked({ASKED_FIELD.lower(): asked_text(asked)}) == asked


@pytest.mark.parametrize(
    "value", ["", "kind=", "kind=poem", "page=2", "kind=listing&page=two", "\0"]
)
def test_a_field_that_cannot_be_read_says_nothing(value):
    assert read_asked({ASKED_FIELD.lower(): value}) is None


def test_a_record_keeps_what_was_asked_for(store, make_writer, make_exchange):
    writer = make_writer(store.warc_folder)
    written = writer.write_exchange(make_exchange(asked=LISTING))
    plain = writer.write_exchange(make_exchange(b"User-agent: *\n", url="http://bao.vn/robots.txt"))
    writer.close()
    assert read_capture(store.warc_folder, written.location, site="bao").asked == LISTING
    assert read_capture(store.warc_folder, plain.location, site="bao").asked is None
