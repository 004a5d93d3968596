"""The database built anew from WARC files is the one that was lost."""

from __future__ import annotations

import itertools
import re
import shutil
import sqlite3
import uuid
from contextlib import closing
from datetime import UTC, datetime, timedelta

import attrs
import pytest

from archive.captures import read_capture
from archive.errors import ArchiveError
from archive.frontier import Frontier
from archive.instants import utc_text
from archive.locks import SiteLock
from archive.manifest import MANIFEST_NAME, register_closed
from archive.model import Asked, FoundUrl, UrlKind
from archive.new_database import NEW_NAME, new_database
from archive.rechecks import Rechecks
from archive.reindex import paper_folders, reindex
from archive.runs import start_run
from archive.store import Store
from archive.verify import Choice, verify
from archive.warc import Exchange, WarcWriter
from scraper.answers import answer_outcome
from scraper.importer import import_warc
from scraper.rebuild import read_some, rebuild
from scraper.sites.load import Registry
from scraper.sites.row import site_row
from scraper.sites.spec import Layout, Scope, Seed, SiteSpec

NOW = datetime(2026, 11, 24, 3, 0, tzinfo=UTC)
LIST = "https://bao.example/quoc-phong?page=1"
SITE = SiteSpec(
    id="bao",
    name="Báo Thử",
    province=None,
    homepage="https://bao.example/",
    domains=("bao.example",),
    article_url=(re.compile(r"-(?P<id>\d+)\.html$"),),
    layouts=(Layout(title=("h1",), body=("#b",)),),
    seeds=(Seed(id="qp", kind=UrlKind.LISTING, url="https://bao.example/quoc-phong?page={page}"),),
)
REGISTRY = Registry(sites={"bao": SITE}, families={}, by_host={"bao.example": SITE})
NOTICE = "Đọc báo in tại các điểm bưu điện xã từ sáu giờ ba mươi hằng ngày."
#: What must be the same to the byte; the rest of a row says when something was written.
TABLES = {
    "captures": "*",
    "articles": "*",
    "article_versions": "*",
    "figures": "*",
    "evidence": "*",
    "removed_blocks": "*",
    "template_pages": "site, layout, article_id, blocks, votes, seen_at",
    "template_blocks": "*",
    "events": "site, url, article_id, kind, detail, capture_id, happened_at",
    "rejections": "url, site, reason, detail, title, score, evidence, capture_id, run_id",
    "article_addresses": "article_id, url, source",
    "warc_files": "name, site, run_id, opened_at, bytes, sha256",
    "frontier": "site, url_key, url, kind, seed, page, state, outcome, published_at, run_id, article_id,"
    " check_from, check_step, check_at, etag, validator_capture",
    "sites": "*",
}


def address(number):
    return f"https://bao.example/tin-{number}.html"


def page(number, *, extra="", closing=NOTICE, topic="dân quân tự vệ"):
    lines = (
        f"Sáng {number + 1}-3, {topic} xã Nà Phạc {number} ra quân huấn luyện trên bãi bồi ven suối.",
        f"Xã đội trưởng thôn {number} cho biết, {20 + number} chiến sĩ tập bắn và băng bó. {extra}",
        f"Buổi chiều, các tổ ở bản {number} giúp bà con gặt {number + 3} thửa ruộng chín muộn.",
        closing,
    )
    text = "".join(f"<p>{line}</p>" for line in lines)
    title = f"{topic.capitalize()} Nà Phạc huấn luyện đợt {number}"
    return f'<html><body><h1>{title}</h1><div id="b">{text}</div></body></html>'.encode()


def listing(*numbers):
    links = "".join(f'<a href="{address(n)}">Tin {n}</a>' for n in numbers)
    return f"<html><body>{links}</body></html>".encode()


@attrs.define
class Crawl:
    """A crawl without network: the pages given, read and stored one by one as the crawl stores them."""

    root: object
    hours: object = attrs.field(factory=itertools.count)
    keep_asked: bool = True

    def run(self, *answers, commit=True, close=True):
        """One run over *answers*."""
        with Store.open(self.root) as store:
            began = NOW + timedelta(hours=next(self.hours))
            run_id = f"{began:%Y%m%dT%H%M%SZ}-{began.hour:08x}"
            writer = WarcWriter(
                store.warc_folder, site="bao", run_id=run_id, operator="x", software="test",
                robots_policy="obey", known_payload=store.known_payload, clock=lambda: began,
            )  # fmt: skip
            frontier = Frontier(store.connection)
            with store.transaction():
                store.sync_site(site_row(SITE))
            for answer in answers:
                capture = self.fetch(store, writer, run_id, answer)
                if commit:
                    self.settle(store, frontier, capture, answer)
            if close:
                register_closed(store, writer.close())
            else:
                # as a kill leaves it: what was flushed, and no lock
                writer.flush(durable=False)
                writer._open.stream.close()

    def fetch(self, store, writer, run_id, answer):
        url, kind, status, body, headers = answer
        seed = "qp" if kind is UrlKind.LISTING else None
        asked = Asked(kind=kind, seed=seed, page=1 if seed else None) if kind else None
        exchange = Exchange(
            id=str(uuid.uuid4()), url=url, fetched_at=NOW + timedelta(hours=next(self.hours)),
            status=status, payload=b"" if status == 304 else body, asked=asked if self.keep_asked else None,
            response_headers=(
                ("Content-Type", "text/html; charset=utf-8"), ("ETag", f'"{len(body)}"'), *headers,
            ),
        )  # fmt: skip
        written = writer.write_exchange(exchange)
        writer.flush(durable=False)
        capture = read_capture(
            store.warc_folder, written.location, site="bao", find_payload=store.payload_location
        )
        robots = "allowed" if kind else None
        return attrs.evolve(capture, kind=written.kind, run_id=run_id, robots=robots)

    @staticmethod
    def settle(store, frontier, capture, answer):
        url, kind = answer[:2]
        with store.transaction():
            if kind is None:
                store.add_capture(capture)
                return
            now = capture.fetched_at
            leased = lease(store, frontier, capture, url, kind)
            outcome = answer_outcome(
                leased, capture, SITE, family=None, template=store.template("bao"),
                scope=Scope.DEFENCE, span=None,
            )  # fmt: skip
            stored = store.store_outcome(outcome, article_id=leased.article_id)
            frontier.settle(
                leased, outcome, run_id=capture.run_id, now=utc_text(now), clock=now.timestamp()
            )
            Rechecks(store.connection).settled(leased, outcome, stored, now.timestamp())


def lease(store, frontier, capture, url, kind):
    """The row of an address, added when nothing led to it, opened again when it is done."""
    is_article, now = kind is UrlKind.ARTICLE, capture.fetched_at
    found = FoundUrl(
        url=url, kind=kind, key=SITE.key(url) if is_article else None,
        seed=None if is_article else "qp", page=None if is_article else 1,
    )  # fmt: skip
    opened = store.connection.execute(
        "UPDATE frontier SET state = 'found', recheck = article_id IS NOT NULL"
        " WHERE url = ? AND ifnull(outcome, '') <> 'moved'",
        (url,),
    )
    if not opened.rowcount:
        frontier.add("bao", (found,), run_id=capture.run_id, now=now.isoformat(), found_on=None)
    leased = {x.url: x for x in frontier.lease("bao", 99, now.timestamp())}
    frontier.give_back([x.id for x in leased.values() if x.url != url])
    return leased[url]


def article(number, status=200, headers=(), **options):
    return (address(number), UrlKind.ARTICLE, status, page(number, **options), headers)


def front_page(*numbers):
    return (LIST, UrlKind.LISTING, 200, listing(*numbers), ())


RICE = """<html><body><h1>Lúa hè thu trúng mùa</h1><div id="b"><p>Vụ này bà con xuống giống hơn ba trăm héc ta,
phần lớn là giống ngắn ngày, chịu phèn khá.</p><p>Thời tiết thuận lợi nên lúa phát triển đều.</p></div></body></html>""".encode()
ROBOTS = ("https://bao.example/robots.txt", None, 200, b"User-agent: *\nDisallow:\n", ())


@pytest.fixture
def crawl(tmp_path):
    return Crawl(tmp_path / "archive")


def edited(number):
    """An article whose page now says something about rice."""
    return (address(number), UrlKind.ARTICLE, 200, RICE, ())


@pytest.fixture
def crawled(made, tmp_path):
    """An archive of one's own, as ``made`` made it."""
    return shutil.copytree(made, tmp_path / "crawled")


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """Three runs: a notice is learned, a text changes, an article goes and comes back, one moves."""
    crawl = Crawl(tmp_path_factory.mktemp("made") / "archive")
    crawl.run(ROBOTS, front_page(*range(30)), *(article(n) for n in range(12)))
    crawl.run(
        front_page(*range(30)),
        *(article(n) for n in range(12, 18)),
        (address(18), UrlKind.ARTICLE, 200, RICE, ()),
        article(3, extra="Bản sửa: thêm một tổ nữa."),
        article(4),
        article(5, status=404),
        article(6, status=404),
        article(7, status=304),
        (address(8), UrlKind.ARTICLE, 301, b"moved", (("Location", address(108)),)),
        article(108),
        (address(25), UrlKind.ARTICLE, 301, b"moved", (("Location", address(26)),)),
    )
    # a second look decides after half a day
    crawl.hours = itertools.count(80)
    crawl.run(article(5, status=404), article(6), article(26), article(5))
    crawl.run(article(1, closing="Một câu kết khác hẳn của riêng bài."), article(108, status=304))
    # two are edited off their subject, one of them back to it
    crawl.run(edited(2), edited(3))
    crawl.run(edited(2), article(3))
    return crawl.root


def content(path):
    with closing(sqlite3.connect(path)) as database:
        return {
            table: sorted(database.execute(f"SELECT {columns} FROM {table}").fetchall(), key=repr)
            for table, columns in TABLES.items()
        }


def lose_database(root):
    for path in root.glob("archive.db*"):
        path.unlink()


def test_a_lost_database_is_built_anew_with_the_same_rows(crawled):
    before = content(crawled / "archive.db")
    assert before["removed_blocks"], "the notice was learned on the way"
    assert len(before["article_versions"]) > len(before["articles"]), "a text changed"
    assert {row[3] for row in before["events"]} >= {
        "missing",
        "found_again",
        "takedown",
        "return",
        "redirect",
        "off_topic",
        "on_topic",
    }
    assert {row[5] for row in before["captures"]} == {"response", "revisit"}
    lose_database(crawled)
    report = rebuild(crawled, REGISTRY)
    assert report.problems == ()
    assert report.kept is None
    after = content(crawled / "archive.db")
    for table in TABLES:
        assert after[table] == before[table], table


def test_addresses_that_were_found_and_not_fetched_wait_again(crawled):
    with Store.open(crawled, create=False) as store:
        before = Frontier(store.connection).counts("bao")
    lose_database(crawled)
    report = rebuild(crawled, REGISTRY)
    with Store.open(crawled, create=False) as store:
        assert Frontier(store.connection).counts("bao") == before
    assert report.waiting == before["found"] > 5


def test_a_rebuilt_archive_verifies_and_crawls_on(crawled):
    lose_database(crawled)
    rebuild(crawled, REGISTRY)
    Crawl(crawled, itertools.count(500)).run(article(27))
    with Store.open(crawled, create=False) as store:
        report = verify(store, Choice())
    assert (report.problems, report.notes) == ((), ())


def test_the_former_database_is_kept_as_it_was(crawled):
    before = content(crawled / "archive.db")
    report = rebuild(crawled, REGISTRY)
    assert report.kept.parent == crawled
    assert content(report.kept) == before
    assert not list(crawled.glob("archive.db-*"))
    second = rebuild(crawled, REGISTRY)
    assert second.kept != report.kept
    assert content(report.kept) == before


def test_a_database_that_cannot_be_read_is_kept_too(crawled):
    garbage = b"SQLite format 3\0" + b"\xff" * 5000
    (crawled / "archive.db").write_bytes(garbage)
    (crawled / "archive.db-wal").write_bytes(b"left over")
    report = rebuild(crawled, REGISTRY)
    assert report.kept.read_bytes() == garbage
    assert report.kept.with_name(report.kept.name + "-wal").read_bytes() == b"left over"
    assert not (crawled / "archive.db-wal").exists()
    assert report.articles == 19


def test_an_error_on_the_way_leaves_the_former_database_in_place(crawled, monkeypatch):
    before = content(crawled / "archive.db")

    def fail(*_, **__):
        raise RuntimeError("cut off")

    monkeypatch.setattr("scraper.rebuild.read_all", fail)
    with pytest.raises(RuntimeError, match="cut off"):
        rebuild(crawled, REGISTRY)
    assert content(crawled / "archive.db") == before
    monkeypatch.undo()
    assert rebuild(crawled, REGISTRY).articles == len(before["articles"]), "a rerun starts over"
    assert not (crawled / NEW_NAME).exists()


def test_what_a_killed_rebuild_left_is_not_taken_for_a_beginning(crawled):
    for name in (NEW_NAME, f"{NEW_NAME}-wal", f"{NEW_NAME}-shm"):
        (crawled / name).write_bytes(b"torn")
    assert rebuild(crawled, REGISTRY).articles == 19
    assert not list(crawled.glob(f"{NEW_NAME}*"))


def test_an_archive_in_use_is_not_rebuilt(crawled):
    with Store.open(crawled) as store:
        start_run(store, "20261125T000000Z-00000001", site="bao", command="crawl")
        with pytest.raises(ArchiveError, match="is in use \\(crawl of bao"):
            rebuild(crawled, REGISTRY)
    assert not (crawled / NEW_NAME).exists()


def test_nobody_writes_the_former_database_while_it_is_rebuilt(crawled, monkeypatch):
    monkeypatch.setattr("archive.database.BUSY_TIMEOUT_S", 0.01)
    with (
        new_database(crawled),
        Store.open(crawled) as store,
        pytest.raises(ArchiveError, match="another process has been writing"),
    ):
        SiteLock(store, "bao").acquire()


def test_one_rebuild_at_a_time(crawled):
    with new_database(crawled), pytest.raises(ArchiveError, match="another process builds"):
        rebuild(crawled, REGISTRY)


def test_a_folder_without_warc_files_is_named(tmp_path):
    with pytest.raises(ArchiveError, match="no WARC files at"):
        rebuild(tmp_path, REGISTRY)


def test_files_of_before_it_was_kept_what_was_asked_are_read_by_their_addresses(tmp_path):
    crawl = Crawl(tmp_path / "old", keep_asked=False)
    crawl.run(ROBOTS, front_page(*range(8)), *(article(n) for n in range(6)))
    before = content(crawl.root / "archive.db")
    lose_database(crawl.root)
    rebuild(crawl.root, REGISTRY)
    after = content(crawl.root / "archive.db")
    for table in TABLES:
        assert after[table] == before[table], table


def test_imported_pages_stay_imported(crawled, tmp_path):
    (older,) = list((crawled / "warc").rglob("*.warc.gz"))[:1]
    root = tmp_path / "second"
    with Store.open(root) as store:
        import_warc(store, REGISTRY, older, software="test", operator="x")
    before = content(root / "archive.db")
    assert {row[5] for row in before["captures"]} == {"import"}
    lose_database(root)
    rebuild(root, REGISTRY)
    after = content(root / "archive.db")
    for table in TABLES:
        assert after[table] == before[table], table
    with closing(sqlite3.connect(root / "archive.db")) as database:
        assert database.execute("SELECT command, reason FROM runs").fetchall() == [
            ("import", "rebuilt from WARC files")
        ]


def test_a_file_that_a_killed_run_left_open_is_closed_and_read(crawl):
    crawl.run(*(article(n) for n in range(3)))
    crawl.run(article(7), commit=False, close=False)
    (torn,) = crawl.root.rglob("*.open")
    with torn.open("ab") as file:
        file.write(b"\x1f\x8b\x08 torn")
    lose_database(crawl.root)
    report = rebuild(crawl.root, REGISTRY)
    assert "8 torn bytes at its end cut" in report.recovered[0]
    assert (report.articles, report.problems) == (4, ())


def test_damage_is_named_and_not_made_the_norm(crawled):
    path = min((crawled / "warc").rglob("*.warc.gz"))
    content_ = bytearray(path.read_bytes())
    # in the packed data: of a member's head, only the file's checksum tells what no reader looks at
    member = content_.rfind(b"\x1f\x8b\x08", 0, len(content_) // 2)
    content_[member + 40] ^= 0xFF
    path.write_bytes(content_)
    lose_database(crawled)
    report = rebuild(crawled, REGISTRY)
    name = path.relative_to(crawled / "warc").as_posix()
    assert [line for line in report.problems if line.startswith(f"{name}, byte ")]
    assert report.articles >= 17
    with Store.open(crawled, create=False) as store:
        assert {x.kind for x in verify(store, Choice()).problems} >= {"damaged", "checksum"}
    (path.parents[1] / MANIFEST_NAME).unlink()
    lose_database(crawled)
    rebuild(crawled, REGISTRY)
    with Store.open(crawled, create=False) as store:
        kinds = {x.kind for x in verify(store, Choice()).problems}
    assert "damaged" in kinds, "also where nothing is left that says what the file was"


def test_files_that_are_none_of_ours_are_named_and_the_rest_is_read(crawled):
    folder = crawled / "warc" / "bao" / "2026"
    (folder / "empty.warc.gz").touch()
    (folder / "wget.warc.gz").write_bytes(b"no gzip at all")
    (folder / "folder.warc.gz").mkdir()
    lose_database(crawled)
    report = rebuild(crawled, REGISTRY)
    assert report.articles == 19
    for name in ("empty", "wget", "folder"):
        assert [line for line in report.problems if f"{name}.warc.gz" in line], name


def test_a_paper_without_a_site_file_keeps_its_captures_and_is_named(crawled):
    lose_database(crawled)
    report = rebuild(crawled, Registry(sites={}, families={}, by_host={}))
    assert (report.captures, report.articles) == (40, 0)
    assert "no site file has this id" in report.problems[0]


# -- rows that are missing --------------------------------------------------------------------------


def repair(root):
    with Store.open(root, create=False) as store:
        index = reindex(store, paper_folders(store.warc_folder))
        return index, read_some(store, REGISTRY, index.added)


def forget(root, *statements):
    with Store.open(root, create=False) as store:
        store.connection.execute("PRAGMA foreign_keys = OFF")
        for statement in statements:
            store.connection.execute(statement)


def test_a_sound_archive_needs_no_repair(crawled):
    before = content(crawled / "archive.db")
    index, reading = repair(crawled)
    assert (index.added, index.corrected, index.recovered, index.problems) == ([], 0, [], [])
    assert reading.pages == 0
    assert content(crawled / "archive.db") == before


def test_missing_rows_of_captures_and_files_are_written_again(crawled):
    before = content(crawled / "archive.db")
    forget(crawled, "DELETE FROM warc_files", f"DELETE FROM captures WHERE url = '{address(9)}'")
    index, _ = repair(crawled)
    assert (len(index.added), len(index.recovered)) == (1, 6)
    after = content(crawled / "archive.db")
    for table in ("captures", "articles", "article_versions", "warc_files"):
        assert after[table] == before[table], table


def test_an_article_whose_rows_are_gone_comes_back_with_its_capture(crawled):
    gone = "article_id = 'bao:9'"
    forget(
        crawled,
        f"DELETE FROM captures WHERE url = '{address(9)}'",
        *(f"DELETE FROM {t} WHERE {gone}" for t in ("evidence", "figures", "article_versions")),
        "DELETE FROM articles WHERE id = 'bao:9'",
    )
    _, reading = repair(crawled)
    assert dict(reading.results) == {"new": 1}
    with Store.open(crawled, create=False) as store:
        assert store.connection.execute("SELECT version FROM articles WHERE id = 'bao:9'").fetchone() == (1,)  # fmt: skip


def test_a_page_that_a_newer_one_replaced_only_gets_its_row_back(crawled):
    before = content(crawled / "archive.db")
    forget(crawled, f"DELETE FROM captures WHERE url = '{address(3)}' AND kind = 'response' AND fetched_at < '2026-11-24T18'")  # fmt: skip
    index, reading = repair(crawled)
    assert (len(index.added), reading.pages) == (1, 0)
    assert content(crawled / "archive.db") == before


def test_a_capture_that_a_kill_left_without_a_row_is_taken_up(crawl):
    crawl.run(*(article(n) for n in range(3)))
    crawl.run(article(7), commit=False, close=False)
    index, reading = repair(crawl.root)
    assert [str(x).rpartition(": ")[2] for x in index.recovered] == ["left open by a killed run, now closed"]  # fmt: skip
    assert (len(index.added), dict(reading.results)) == (1, {"new": 1})


def test_a_row_that_names_a_wrong_place_is_corrected(crawled):
    before = content(crawled / "archive.db")
    forget(crawled, f"UPDATE captures SET offset = offset + 5, status = 500 WHERE url = '{address(9)}'")  # fmt: skip
    index, _ = repair(crawled)
    assert index.corrected == 1
    assert content(crawled / "archive.db") == before


def test_a_copy_of_a_file_does_not_take_its_rows_over(crawled):
    path = min((crawled / "warc").rglob("*.warc.gz"))
    before = content(crawled / "archive.db")["captures"]
    path.with_name("copy.warc.gz").write_bytes(path.read_bytes())
    index, _ = repair(crawled)
    assert (index.added, index.corrected) == ([], 0)
    assert content(crawled / "archive.db")["captures"] == before


def test_a_damaged_file_without_a_row_is_left_alone_and_named(crawled):
    path = min((crawled / "warc").rglob("*.warc.gz"))
    name = path.relative_to(crawled / "warc").as_posix()
    forget(crawled, f"DELETE FROM warc_files WHERE name = '{name}'")
    damaged = bytearray(path.read_bytes())
    damaged[-40] ^= 0xFF
    path.write_bytes(damaged)
    (path.parents[1] / MANIFEST_NAME).unlink()
    index, _ = repair(crawled)
    assert name in index.problems[0]
    assert "restore the file from a backup" in index.problems[0]
    with Store.open(crawled, create=False) as store:
        assert not store.has_closed_file(name)


@pytest.mark.parametrize("changed", ["the database", "the manifest"])
def test_where_database_and_manifest_differ_the_one_that_fits_the_file_wins(crawled, changed):
    path = min((crawled / "warc").rglob("*.warc.gz"))
    name = path.relative_to(crawled / "warc").as_posix()
    manifest = path.parents[1] / MANIFEST_NAME
    before = manifest.read_text("utf-8"), content(crawled / "archive.db")
    if changed == "the database":
        forget(crawled, f"UPDATE warc_files SET sha256 = '{'ab' * 32}' WHERE name = '{name}'")
    else:
        manifest.write_text(re.sub(r"^\w+", "ab" * 32, before[0], count=1), encoding="utf-8")
    repair(crawled)
    assert (manifest.read_text("utf-8"), content(crawled / "archive.db")) == before
    with Store.open(crawled, create=False) as store:
        assert verify(store, Choice()).problems == ()
