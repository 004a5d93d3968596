"""Verify, repair and rebuild as an archivist types them, on an archive of the demo press."""

from __future__ import annotations

import json
import os
import random
import shutil
import signal
import sqlite3
import subprocess
import time
from contextlib import closing

import attrs
import pytest
from click.testing import CliRunner

from archive.errors import DqtvError
from archive.store import Store
from archive.verify import Choice, verify
from scraper.cli import cli
from scraper.demo.press import DemoPress

pytestmark = pytest.mark.end_to_end

#: Cuts, and as many flipped bytes; 200 of each are asked for before a release.
DAMAGES = int(os.environ.get("DQTV_DAMAGES", "60"))
PAPERS = ("demo-songmay", "demo-trungdu", "demo-bienxanh")
TABLES = {
    "articles": "*",
    "article_versions": "*",
    "captures": "*",
    "figures": "*",
    "evidence": "*",
    "removed_blocks": "*",
    "events": "site, url, article_id, kind, detail, capture_id, happened_at",
    "article_addresses": "article_id, url, source",
    "rejections": "url, site, reason, detail, title, score, evidence, capture_id, run_id",
    "warc_files": "name, site, run_id, opened_at, bytes, sha256",
}


@pytest.fixture(scope="module")
def crawled(tmp_path_factory, new_command):
    """An archive of three papers, crawled twice; never changed by a test."""
    dqtv = new_command(tmp_path_factory.mktemp("crawled"))
    with DemoPress(port=dqtv.port):
        dqtv("crawl", *PAPERS)
        dqtv("crawl", *PAPERS)
    return dqtv


@pytest.fixture
def mine(crawled, tmp_path):
    """The command on a copy of that archive."""
    root = tmp_path / "copy"
    shutil.copytree(crawled.archive, root)
    return attrs.evolve(crawled, archive=root)


def rows(root, tables=TABLES):
    with closing(sqlite3.connect(root / "archive.db")) as database:
        return {
            table: sorted(database.execute(f"SELECT {columns} FROM {table}").fetchall(), key=repr)
            for table, columns in tables.items()
        }


def lose_database(root):
    for path in root.glob("archive.db*"):
        path.unlink()


def damaged(whole, chance, kind):
    """The bytes cut or with one byte changed, and where."""
    at = chance.randrange(len(whole))
    if kind == "cut":
        return whole[:at], at
    changed = bytearray(whole)
    changed[at] ^= chance.randint(1, 255)
    return bytes(changed), at


@pytest.mark.parametrize("kind", ["cut", "flip"])
def test_every_random_cut_and_every_changed_byte_is_reported_with_file_and_offset(mine, kind):
    chance = random.Random(f"20261125 {kind}")
    missed = []
    with Store.open(mine.archive, create=False) as store:
        files = store.connection.execute("SELECT name, site FROM warc_files ORDER BY name").fetchall()  # fmt: skip
        for _ in range(DAMAGES):
            name, site = chance.choice(files)
            path = store.warc_folder / name
            whole = path.read_bytes()
            content, at = damaged(whole, chance, kind)
            path.write_bytes(content)
            report = verify(store, Choice(sites=(site,)))
            path.write_bytes(whole)
            places = [
                x
                for x in report.problems
                if (
                    x.file == name and x.length is not None and x.offset <= at < x.offset + x.length
                )
                or (x.file == name and x.kind == "length" and x.offset == at)
            ]
            # a place as large as the file is none
            if not [x for x in places if x.length is None or x.length < len(whole) / 2]:
                missed.append((name, at, report.problems))
        assert verify(store, Choice()).problems == ()
    assert missed == []


def test_verify_says_what_is_wrong_and_ends_with_1(mine):
    path = min((mine.archive / "warc").rglob("*.warc.gz"))
    os.truncate(path, path.stat().st_size - 1)
    report = mine("verify", "--json", code=1).json()
    name = path.relative_to(mine.archive / "warc").as_posix()
    assert {problem["file"] for problem in report["problems"]} == {name}
    assert {"kind", "offset", "length", "what", "todo"} <= set(report["problems"][0])
    said = run("verify", name.partition("/")[0], "--archive", mine.archive)
    assert f"{name}, byte {path.stat().st_size}: the file ends here, 1 bytes are missing" in said
    other = next(paper for paper in PAPERS if not name.startswith(paper))
    said = run("verify", other, "--archive", mine.archive)
    assert said.startswith("2 of 2 files read: ")
    assert "MB/s" in said
    assert said.endswith("nothing is wrong\n")


def run(*arguments):
    """A command in this process, which spares its start; the output, or the error it ends with."""
    result = CliRunner().invoke(cli, [str(argument) for argument in arguments])
    if isinstance(result.exception, DqtvError):
        return f"{type(result.exception).exit_code} {result.exception}"
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
    return result.output


def test_verify_draws_a_sample_says_its_seed_and_stores_the_results(mine):
    at = ("--archive", mine.archive)
    assert "3 of 6 files read (drawn with --seed " in run("verify", "--sample", "50%", *at)
    assert json.loads(run("verify", "--sample", 2, "--seed", 7, "--json", *at))["seed"] == 7
    assert run("verify", "--since", "2031-01-01", *at).startswith("0 of 0 files read")
    with closing(sqlite3.connect(mine.archive / "archive.db")) as database:
        results = database.execute("SELECT result, count(*) FROM verifications GROUP BY result")
        assert results.fetchall() == [("sound", 5)]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("verify", "--sample", "none"), "neither a number of files"),
        (("verify", "--sample", "0"), "neither a number"),
        (("verify", "--sample", "150%"), "neither a number"),
        (("verify", "--since", "yesterday"), "YYYY-MM-DD"),
        (("verify", "--seed", "4"), "--sample"),
        (("verify", "baokhongco"), "holds nothing of 'baokhongco'"),
        (("repair", "demo-songmay", "--rebuild"), "reads all papers"),
        (("repair", "baokhongco"), "check the ids"),
    ],
)
def test_wrong_usage_is_named(crawled, arguments, said):
    answer = run(*arguments, "--archive", crawled.archive)
    assert answer.startswith("2 ")
    assert said in answer


@pytest.mark.parametrize("command", ["verify", "repair", "status", "replay"])
def test_without_a_database_the_way_out_is_named(mine, command):
    lose_database(mine.archive)
    assert "dqtv repair --rebuild" in run(command, "--archive", mine.archive)


def test_verify_works_while_a_paper_is_crawled(mine):
    with DemoPress(port=mine.port):
        crawl = mine.start("crawl", "demo-bienxanh", "--json")
        try:
            name = stopped_while_writing(mine.archive, crawl)
            report = json.loads(run("verify", "--json", "--archive", mine.archive))
        finally:
            crawl.kill()
            crawl.communicate()
    assert report["problems"] == []
    assert report["files"] == 6
    assert [note for note in report["notes"] if name in note]
    assert "removed" in (mended := run("repair", "--archive", mine.archive)) or "now closed" in mended  # fmt: skip
    assert run("verify", "--archive", mine.archive).endswith("nothing is wrong\n")


def stopped_while_writing(root, crawl):
    """Stop the crawl while a file is open and the database is not; the file's name."""
    give_up = time.monotonic() + 60
    while True:
        assert time.monotonic() < give_up
        assert crawl.poll() is None
        crawl.send_signal(signal.SIGSTOP)
        opened = list((root / "warc").rglob("*.open"))
        if opened and not is_locked(root):
            return opened[0].name
        crawl.send_signal(signal.SIGCONT)
        time.sleep(0.01)


def is_locked(root):
    with closing(sqlite3.connect(root / "archive.db", timeout=0, isolation_level=None)) as database:
        try:
            database.execute("BEGIN IMMEDIATE")
        except sqlite3.OperationalError:
            return True
    return False


def test_a_deleted_database_is_rebuilt_with_the_same_articles_versions_and_captures(mine):
    before = rows(mine.archive)
    assert len(before["articles"]) > 15
    lose_database(mine.archive)
    ran = mine("repair", "--rebuild")
    assert "Texts are read by the rules of today" in ran.out
    after = rows(mine.archive)
    for table in TABLES:
        assert after[table] == before[table], table
    assert run("verify", "--archive", mine.archive).endswith("nothing is wrong\n")


def test_after_a_rebuild_a_crawl_fetches_lists_and_no_article_again(mine):
    lose_database(mine.archive)
    mine("repair", "--rebuild")
    with DemoPress(port=mine.port) as press:
        report = mine("crawl", *PAPERS, "--json").json()
        fetched = {f"/{line.path.lstrip('/')}" for line in press.log}
        articles = {row[2] for row in rows(mine.archive, {"articles": "*"})["articles"]}
    assert [site["counts"]["accepted"] for site in report["sites"]] == [0, 0, 0]
    assert not [url for url in articles if "/" + url.split("/", 3)[3] in fetched]


def test_a_rebuild_killed_at_any_moment_leaves_the_former_database_in_place(mine):
    before = rows(mine.archive)
    chance = random.Random(11)
    killed = 0
    for _ in range(4):
        rebuild = mine.start("repair", "--rebuild")
        new = mine.archive / "archive.db.rebuild"
        give_up = time.monotonic() + 60
        size = chance.choice([1, 4096, 100_000, 300_000])
        while rebuild.poll() is None and not (new.exists() and new.stat().st_size >= size):
            assert time.monotonic() < give_up
            time.sleep(0.001)
        rebuild.send_signal(signal.SIGKILL)
        rebuild.communicate()
        killed += rebuild.returncode == -signal.SIGKILL
        assert rows(mine.archive) == before
    assert killed >= 2, "a rebuild must be under way when it is killed"
    report = mine("repair", "--rebuild", "--json").json()
    assert (report["problems"], report["articles"]) == ([], len(before["articles"]))
    assert rows(mine.archive) == before
    assert not list(mine.archive.glob("archive.db.rebuild*"))


def test_a_repair_killed_and_run_again_ends_with_every_row(mine):
    before = rows(mine.archive)
    with Store.open(mine.archive, create=False) as store:
        store.connection.execute("PRAGMA foreign_keys = OFF")
        store.connection.execute("DELETE FROM captures WHERE status = 200 AND kind = 'revisit'")
        store.connection.execute("DELETE FROM warc_files")
    for _ in range(2):
        repair = mine.start("repair")
        give_up = time.monotonic() + 60
        wal = mine.archive / "archive.db-wal"
        while repair.poll() is None and not (wal.exists() and wal.stat().st_size):
            assert time.monotonic() < give_up
            time.sleep(0.001)
        repair.send_signal(signal.SIGKILL)
        repair.communicate()
    run("repair", "--archive", mine.archive)
    after = rows(mine.archive)
    for table in ("captures", "articles", "article_versions", "warc_files"):
        assert after[table] == before[table], table


def test_the_checksums_beside_the_files_satisfy_sha256sum(crawled):
    for paper in PAPERS:
        done = subprocess.run(
            ["sha256sum", "--check", "--strict", "--quiet", "SHA256SUMS"],
            cwd=crawled.archive / "warc" / paper, capture_output=True, text=True, check=False,
        )  # fmt: skip
        assert (done.returncode, done.stdout) == (0, ""), done.stderr
