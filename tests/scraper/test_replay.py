"""Stored pages read again: what moves, what stays, and that nothing is lost on the way."""

import itertools
import shutil
import sqlite3
import uuid
from contextlib import closing
from datetime import UTC, datetime, timedelta

import attrs
import pytest
from click.testing import CliRunner

from archive.captures import read_capture
from archive.clock import steady_time
from archive.errors import SiteLocked, UnknownSite
from archive.locks import LENT
from archive.model import Accepted, Evidence, Rejected, RejectReason, Verdict
from archive.publish import publish
from archive.runs import last_runs
from archive.snapshot import newest_snapshot
from archive.store import Store
from archive.template_counts import WINDOW
from archive.warc import Exchange, WarcWriter
from scraper.process import process
from scraper.replay import replay
from scraper.replay_cli import replay_command
from scraper.sites.load import load_registry

SITE = "demo-songmay"
NOW = datetime(2026, 11, 24, 3, 0, tzinfo=UTC)
MILITIA = (
    "Sáng nay, Ban CHQS xã Vàm Sậy mở lớp huấn luyện cho lực lượng dân quân tự vệ năm thứ nhất.",
    "Hơn sáu mươi chiến sĩ dân quân của tám ấp tập đội ngũ, băng bó cứu thương và cách giữ liên lạc khi nước lên.",
)
RICE = (
    "Vụ này bà con xã Vàm Sậy xuống giống hơn ba trăm héc ta, phần lớn là giống ngắn ngày, chịu phèn khá.",
    "Theo ngành nông nghiệp, thời tiết thuận lợi nên lúa phát triển đều, sâu bệnh ít hơn những năm trước.",
)
REGISTRY = load_registry()


def page(title, paragraphs):
    text = "".join(f"<p>{paragraph}</p>" for paragraph in paragraphs)
    return f"<html><head><title>{title}</title></head><body><h1>{title}</h1><article>{text}</article></body></html>".encode()


@pytest.fixture
def store(tmp_path):
    with Store.open(tmp_path / "archive") as opened:
        yield opened


@pytest.fixture
def fetch(store):
    """Write a page into a WARC file as a crawl does; the capture with its row."""
    writer = WarcWriter(
        store.warc_folder, site=SITE, run_id="20261124T030000Z-1a2b3c4d", operator="x",
        software="test", robots_policy="obey", known_payload=store.known_payload,
    )  # fmt: skip
    hours = itertools.count()

    def run(title, paragraphs, *, number=1):
        exchange = Exchange(
            id=str(uuid.uuid4()), url=address(number), fetched_at=NOW + timedelta(hours=next(hours)),
            status=200, response_headers=(("Content-Type", "text/html; charset=utf-8"),),
            payload=page(title, paragraphs),
        )  # fmt: skip
        written = writer.write_exchange(exchange)
        writer.flush(durable=False)
        capture = read_capture(
            store.warc_folder, written.location, site=SITE, find_payload=store.payload_location
        )
        with store.transaction():
            store.add_capture(capture)
        return capture

    yield run
    writer.close()


def address(number):
    example = REGISTRY.site(SITE)
    return f"{example.homepage.rstrip('/')}/chuyen-o-xa-{number}.html"


def reading(capture):
    site = REGISTRY.site(SITE)
    return process(capture, site, REGISTRY.family_of(site))


def otherwise(capture, level=2, **changes):
    """The page as an older lexicon or reader saw it: accepted, with this level and these fields."""
    article = reading(capture).article
    evidence = (Evidence(part="title", term="x", count=1, weight=4.0),)
    verdict = Verdict(relevance=4.0, level=level, evidence=evidence)
    return Accepted(capture=capture, article=attrs.evolve(article, **changes), verdict=verdict)


def refused(capture):
    return Rejected(
        capture=capture, reason=RejectReason.NOT_MILITIA, verdict=Verdict(relevance=0.0, level=0)
    )


@pytest.fixture
def save(store):
    def run(*outcomes):
        with store.transaction():
            return [store.store_outcome(outcome) for outcome in outcomes]

    return run


def dump(store):
    left_out = ("runs", "rejections")
    return [
        line
        for line in store.connection.iterdump()
        if not any(f'INTO "{x}"' in line for x in left_out)
    ]


def rows(store, sql):
    return [tuple(row) for row in store.connection.execute(sql)]


def test_an_article_read_as_before_is_unchanged(store, save, fetch):
    save(reading(fetch("Dân quân Vàm Sậy huấn luyện", MILITIA)))
    before = dump(store)
    report = replay(store, REGISTRY)
    assert (report.looked_at, report.unchanged, report.moves) == (1, 1, ())
    assert dump(store) == before


def test_an_article_judged_not_militia_leaves_and_keeps_its_captures(store, save, fetch):
    first, second = fetch("Lúa được mùa", RICE), fetch("Lúa được mùa lớn", RICE)
    save(otherwise(first), otherwise(second))
    report = replay(store, REGISTRY)
    assert report.now_rejected == {"not_militia": 1}
    assert [(move.before, move.after) for move in report.moves] == [("level 2", "not_militia")]
    for table in ("articles", "article_versions", "figures", "evidence"):
        assert rows(store, f"SELECT * FROM {table}") == []
    assert rows(store, "SELECT url, reason, capture_id, run_id FROM rejections") == [
        (second.url, "not_militia", second.id, report.run_id)
    ]
    assert {x for (x,) in rows(store, "SELECT id FROM captures")} == {first.id, second.id}
    assert publish(store.root).articles == 0


def test_an_address_accepted_again_gets_all_its_versions_back(store, save, fetch):
    first = fetch("Dân quân Vàm Sậy huấn luyện", MILITIA)
    second = fetch("Dân quân Vàm Sậy huấn luyện giỏi", MILITIA)
    save(reading(first), reading(second))
    before = rows(store, "SELECT * FROM article_versions ORDER BY version")
    with store.transaction():
        store.withdraw(reading(first).article.id, refused(second))
    assert rows(store, "SELECT count(*) FROM articles") == [(0,)]
    report = replay(store, REGISTRY)
    assert report.now_accepted == 1
    assert rows(store, "SELECT * FROM article_versions ORDER BY version") == before
    assert rows(store, "SELECT count(*) FROM rejections") == [(0,)]


def test_a_level_that_changes_is_written_with_its_evidence(store, save, fetch):
    capture = fetch("Dân quân Vàm Sậy huấn luyện", MILITIA)
    save(otherwise(capture, level=1))
    report = replay(store, REGISTRY)
    assert report.level_changes == {"1 to 2": 1}
    verdict = reading(capture).verdict
    assert rows(store, "SELECT level, relevance FROM articles") == [(2, verdict.relevance)]
    assert rows(store, "SELECT count(*) FROM evidence") == [(len(verdict.evidence),)]


def test_a_level_changes_also_where_the_same_text_was_seen_later(store, save, fetch):
    first, later = (fetch("Dân quân Vàm Sậy huấn luyện", MILITIA) for _ in range(2))
    assert later.kind == "revisit"
    assert save(otherwise(first, level=1), otherwise(later, level=1)) == ["new", "unchanged"]
    replay(store, REGISTRY)
    assert rows(
        store,
        "SELECT level, version, capture_id, last_captured_at > first_captured_at FROM articles",
    ) == [(2, 1, first.id, 1)]


def test_a_better_reading_corrects_the_text_and_makes_no_version(store, save, fetch):
    first, later = (fetch("Dân quân Vàm Sậy huấn luyện", MILITIA) for _ in range(2))
    bad = ("Xem thêm: Lúa được mùa", *MILITIA)
    save(otherwise(first, body=bad), otherwise(later, body=bad))
    report = replay(store, REGISTRY)
    assert (report.corrected, report.new_versions, report.unchanged) == (1, 0, 0)
    good = reading(first).article.text
    assert rows(store, "SELECT version, body FROM article_versions") == [(1, good)]
    assert rows(store, "SELECT version, body FROM articles") == [(1, good)]


def test_a_rejection_for_another_reason_is_told(store, save, fetch):
    capture = fetch("Lúa được mùa", RICE)
    save(Rejected(capture=capture, reason=RejectReason.NO_BODY))
    report = replay(store, REGISTRY)
    assert report.reason_changes == {"no_body to not_militia": 1}
    assert rows(store, "SELECT reason, score FROM rejections") == [("not_militia", 0.0)]


def test_an_older_page_that_was_accepted_stays_when_a_newer_one_is_none(store, save, fetch):
    first = fetch("Dân quân Vàm Sậy huấn luyện", MILITIA)
    second = fetch("Lúa được mùa", RICE)
    save(reading(first), refused(second))
    assert replay(store, REGISTRY).now_rejected == {}
    assert rows(store, "SELECT version, title, level FROM articles") == [(2, "Lúa được mùa", 0)]
    assert rows(store, "SELECT kind FROM events") == [("off_topic",)]


def test_an_article_edited_off_its_subject_stays_with_its_versions(store, save, fetch):
    first, second = fetch("Dân quân Vàm Sậy huấn luyện", MILITIA), fetch("Lúa được mùa", RICE)
    assert save(reading(first), reading(second)) == ["new", "new_version"]
    before = dump(store)
    report = replay(store, REGISTRY)
    assert (report.looked_at, report.unchanged, report.now_rejected, report.moves) == (1, 1, {}, ())
    assert dump(store) == before


def test_it_leaves_when_none_of_its_versions_is_about_the_militia_any_more(store, save, fetch):
    first, second = fetch("Lúa được mùa", RICE), fetch("Lúa được mùa lớn", RICE)
    assert save(otherwise(first), reading(second)) == ["new", "new_version"]
    assert replay(store, REGISTRY).now_rejected == {"not_militia": 1}
    assert rows(store, "SELECT * FROM articles") == []


def test_it_comes_back_with_all_its_versions_when_an_older_one_is_accepted_again(
    store, save, fetch
):
    first, second = fetch("Dân quân Vàm Sậy huấn luyện", MILITIA), fetch("Lúa được mùa", RICE)
    save(reading(first), reading(second))
    versions = "SELECT * FROM article_versions ORDER BY version"
    before, happened = rows(store, versions), rows(store, "SELECT * FROM events")
    with store.transaction():
        store.withdraw(reading(first).article.id, refused(second))
    report = replay(store, REGISTRY)
    assert (report.now_accepted, rows(store, versions)) == (1, before)
    assert rows(store, "SELECT level FROM articles") == [(0,)]
    assert rows(store, "SELECT * FROM events") == happened
    assert rows(store, "SELECT * FROM rejections") == []


def test_an_article_off_its_subject_is_published_with_its_level(store, save, fetch):
    save(
        reading(fetch("Dân quân Vàm Sậy huấn luyện", MILITIA)), reading(fetch("Lúa được mùa", RICE))
    )
    assert publish(store.root).articles == 1
    with closing(sqlite3.connect(newest_snapshot(store.root).path)) as public:
        assert public.execute("SELECT level, version FROM articles").fetchall() == [(0, 2)]
        assert public.execute("SELECT kind FROM events").fetchall() == [("off_topic",)]
        assert public.execute("SELECT count(*) FROM article_versions").fetchone() == (2,)


def test_a_dry_run_says_the_same_and_writes_nothing(store, save, fetch):
    save(otherwise(fetch("Lúa được mùa", RICE, number=1)))
    save(otherwise(fetch("Dân quân Vàm Sậy huấn luyện", MILITIA, number=2), level=1))
    save(refused(fetch("Dân quân Vàm Sậy tập bắn", MILITIA, number=3)))
    before = list(store.connection.iterdump())
    tried = replay(store, REGISTRY, dry_run=True)
    assert list(store.connection.iterdump()) == before
    done = replay(store, REGISTRY)
    assert attrs.evolve(tried, run_id=done.run_id, dry_run=False) == done
    assert (len(done.moves), done.now_accepted) == (3, 1)


def test_a_second_replay_moves_nothing_more(store, save, fetch):
    save(otherwise(fetch("Lúa được mùa", RICE, number=1)))
    save(refused(fetch("Dân quân Vàm Sậy tập bắn", MILITIA, number=3)))
    replay(store, REGISTRY)
    before = dump(store)
    again = replay(store, REGISTRY)
    assert (again.moves, again.unchanged) == ((), 2)
    assert dump(store) == before


def test_an_unreadable_record_is_named_and_its_article_stays(store, save, fetch):
    save(otherwise(fetch("Lúa được mùa", RICE)))
    (path,) = store.warc_folder.rglob("*.warc.gz*")
    path.write_bytes(path.read_bytes()[:400])
    report = replay(store, REGISTRY)
    assert len(report.unreadable) == 1
    assert path.name.removesuffix(".open") in report.unreadable[0]
    assert rows(store, "SELECT count(*) FROM articles") == [(1,)]
    assert last_runs(store)[0].reason == "unreadable records"


def test_the_run_is_recorded_and_progress_told(store, save, fetch):
    save(otherwise(fetch("Lúa được mùa", RICE)))
    told = []
    replay(store, REGISTRY, on_page=lambda done, total: told.append((done, total)))
    (run,) = last_runs(store)
    assert (run.command, run.reason, run.counts.rejected) == (
        "replay",
        "finished",
        {"not_militia": 1},
    )
    assert told == [(1, 1)]


def test_what_was_written_before_a_kill_stays_and_the_rest_follows(store, save, fetch, monkeypatch):
    monkeypatch.setattr("scraper.replay.GROUP_SIZE", 2)
    for number in range(5):
        save(otherwise(fetch("Lúa được mùa", RICE, number=number)))

    def stop(done, _total):
        if done == 3:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        replay(store, REGISTRY, on_page=stop)
    assert rows(store, "SELECT count(*) FROM articles") == [(3,)]
    assert replay(store, REGISTRY).now_rejected == {"not_militia": 3}
    assert rows(store, "SELECT count(*) FROM rejections") == [(5,)]


def test_what_a_crawl_stored_in_the_meantime_is_left_alone(store, save, fetch):
    save(otherwise(fetch("Lúa được mùa", RICE)))

    def crawl_at_work(*_):
        save(otherwise(fetch("Lúa được mùa lớn", RICE)))

    report = replay(store, REGISTRY, on_page=crawl_at_work)
    assert (report.overtaken, report.now_rejected) == (1, {})
    assert rows(store, "SELECT version FROM articles") == [(2,)]


def lend_to_worker(store):
    """As `dqtv ingest` does when a worker on another machine takes the paper."""
    with store.transaction():
        store.connection.execute(
            "INSERT INTO site_locks (site, token, holder, acquired_at, expires_at) VALUES (?, ?, 'worker1 5 5', 0, ?)",
            (SITE, f"{LENT}7", steady_time() + 300),
        )


def test_nothing_is_written_once_a_worker_began_with_the_articles_as_they_are(
    store, save, fetch, monkeypatch
):
    monkeypatch.setattr("scraper.replay.GROUP_SIZE", 2)
    for number in range(5):
        save(otherwise(fetch("Lúa được mùa", RICE, number=number)))

    def worker_comes(done, _total):
        if done == 3:
            lend_to_worker(store)

    with pytest.raises(SiteLocked, match=r"process 5 on worker1.*use `dqtv cluster replay`"):
        replay(store, REGISTRY, on_page=worker_comes)
    assert rows(store, "SELECT count(*) FROM articles") == [(3,)]
    # nor is anything read that could not be written
    refused = CliRunner().invoke(replay_command, ["--archive", str(store.root)]).exception
    assert isinstance(refused, SiteLocked)
    # a dry run changes nothing, and another paper is none of this worker's
    assert replay(store, REGISTRY, dry_run=True).now_rejected == {"not_militia": 3}
    assert replay(store, REGISTRY, sites=["demo-nuingan"]).looked_at == 0


def test_a_paper_that_no_site_file_knows_is_left_alone_and_named(store, save, fetch):
    save(otherwise(fetch("Lúa được mùa", RICE)))
    registry = attrs.evolve(REGISTRY, sites={})
    report = replay(store, registry)
    assert (report.unknown_sites, report.looked_at) == ({SITE: 1}, 0)


def test_only_the_papers_named_are_read_and_an_unknown_one_is_refused(store, save, fetch):
    save(otherwise(fetch("Lúa được mùa", RICE)))
    assert replay(store, REGISTRY, sites=["demo-nuingan"]).looked_at == 0
    with pytest.raises(UnknownSite):
        replay(store, REGISTRY, sites=["baokhongco"])


#: More articles than a template counts, all of one layout.
MANY = WINDOW + 40
PROMPT = "Bạn đọc gửi tin cho tòa soạn theo số điện thoại đường dây nóng in ở đầu trang."


def text_of(number):
    """Paragraphs of an article; all but the oldest sixty print the paper's line as well."""
    own = tuple(f"{x} Chuyện thứ {number} ở ấp {number * 7}." for x in MILITIA)
    return (*own, PROMPT, "Lớp học bế mạc vào chiều thứ sáu tuần tới.") if number >= 60 else own


@pytest.fixture
def large_paper(store, save, fetch):
    """A paper whose articles an older reader has read, learned in another order than they were fetched."""
    pages = [fetch(f"Dân quân ấp {n} huấn luyện", text_of(n), number=n) for n in range(MANY)]
    # the last ones fetched are learned first
    for at in (*range(MANY - 120, MANY), *range(MANY - 120)):
        save(attrs.evolve(otherwise(pages[at], body=("bản cũ",)), lesson=reading(pages[at]).lesson))
    return store


def state(store):
    tables = ("articles", "article_versions", "removed_blocks", "template_blocks", "evidence")
    told = {x: sorted(map(repr, rows(store, f"SELECT * FROM {x}"))) for x in tables}
    pages = "SELECT site, layout, article_id, blocks, votes, seen_at FROM template_pages ORDER BY 3"
    return told | {"pages": rows(store, pages)}


@pytest.fixture
def copied(tmp_path):
    def run(store, name):
        store.connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        shutil.copytree(store.root, tmp_path / name)
        return Store.open(tmp_path / name)

    return run


def test_kills_and_repetitions_change_nothing_for_a_paper_with_more_articles_than_count(
    large_paper, copied, monkeypatch
):
    monkeypatch.setattr("scraper.replay.GROUP_SIZE", 16)
    with copied(large_paper, "undisturbed") as undisturbed:
        replay(undisturbed, REGISTRY)
        wanted = state(undisturbed)
        assert len(wanted["pages"]) == WINDOW
        assert wanted["removed_blocks"]
        replay(undisturbed, REGISTRY)
        assert state(undisturbed) == wanted
    for stop_at in (20, 130, MANY - 1):

        def stop(done, _total, stop_at=stop_at):
            if done == stop_at:
                raise KeyboardInterrupt

        with pytest.raises(KeyboardInterrupt):
            replay(large_paper, REGISTRY, on_page=stop)
    replay(large_paper, REGISTRY)
    assert state(large_paper) == wanted


def test_a_replay_teaches_what_its_pages_print_once_all_are_read(store, save, fetch):
    for n in range(60, 70):
        save(refused(fetch(f"Dân quân ấp {n} huấn luyện", text_of(n), number=n)))
    assert rows(store, "SELECT * FROM template_pages") == []

    replay(store, REGISTRY)

    assert len(rows(store, "SELECT * FROM template_pages")) == 10
    assert rows(store, "SELECT * FROM removed_blocks") == []
    replay(store, REGISTRY)
    assert rows(store, "SELECT count(*) FROM removed_blocks WHERE text LIKE 'Bạn đọc gửi%'")[0] == (
        10,
    )
