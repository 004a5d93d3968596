"""The commands as users type them, right and wrong: one clear message each, the right exit code."""

from __future__ import annotations

import socket
import sqlite3
import subprocess
import sys
import urllib.request

import pytest

from archive.store import Store
from scraper.demo.mastheads import MASTHEADS

pytestmark = pytest.mark.end_to_end


def traceback_free(ran) -> str:
    assert "Traceback" not in ran.err, ran.err
    return ran.err


def test_the_demo_ends_with_a_report_and_a_snapshot(dqtv, tmp_path):
    root = tmp_path / "demo"
    ran = dqtv(
        "demo", "--no-serve", "--archive", str(root), "--press-port", str(dqtv.port), "--json"
    )
    sites = ran.json()["sites"]
    ordinary = [masthead.id for masthead in MASTHEADS if not masthead.hostile]
    assert [site["site"] for site in sites] == ordinary
    assert {site["reason"] for site in sites} == {"finished"}
    assert sum(site["counts"]["accepted"] for site in sites) >= 30
    assert (root / "public" / "current.json").exists()
    found = dqtv("search", "dân quân", "--archive", str(root), "--json").json()
    assert found["hits"]


def test_the_demo_serves_a_page_that_answers(dqtv, tmp_path):
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    demo = dqtv.start(
        "demo",
        "--archive",
        str(tmp_path / "d"),
        "--press-port",
        str(dqtv.port),
        "--port",
        str(port),
    )
    try:
        for line in demo.stdout:
            if f"http://127.0.0.1:{port}" in line:
                break
        with urllib.request.urlopen(
            f"http://127.0.0.1:{port}/-/search?q=dan+quan&lang=vi"
        ) as answer:
            page = answer.read().decode()
        assert "<mark>" in page
    finally:
        demo.terminate()
        demo.communicate(timeout=60)


def test_an_unknown_site_is_named_with_the_known_ones(dqtv):
    err = traceback_free(dqtv("crawl", "baokhongco", code=2))
    assert "unknown site 'baokhongco'" in err
    assert "baocaobang" in err


def test_crawl_without_a_paper_says_what_is_missing(dqtv):
    assert "name the papers to crawl, or give --all" in traceback_free(dqtv("crawl", code=2))


def test_an_unreachable_host_is_reported_and_nothing_is_stored(dqtv):
    """Nothing listens at the demo press's ports."""
    ran = dqtv("crawl", "demo-songmay", "--json", code=1)
    (site,) = ran.json()["sites"]
    assert site["reason"] == "unreachable"
    assert "Connection" in site["detail"] or "connection" in site["detail"]


def test_a_site_file_with_mistakes_lists_all_of_them(dqtv, tmp_path):
    folder = tmp_path / "sites"
    folder.mkdir()
    (folder / "sai.toml").write_text('id = "sai"\nnmae = "x"\ndelay_s = "fast"\n', encoding="utf-8")
    environment = {**dqtv.environment(), "DQTV_SITES": str(folder)}
    ran = subprocess.run(
        [sys.executable, "-m", "scraper", "sites", "list"],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert ran.returncode == 1
    assert "Traceback" not in ran.stderr
    for said in ("sai.toml", "nmae", "delay_s", "name"):
        assert said in ran.stderr


@pytest.mark.usefixtures("press")
@pytest.mark.parametrize(("option", "value"), [("--from", "2024-13-01"), ("--to", "hôm qua")])
def test_a_bad_date_is_named(dqtv, option, value):
    dqtv("crawl", "demo-bienxanh")
    dqtv("publish")
    err = traceback_free(dqtv("search", "dân quân", option, value, code=2))
    assert value in err


@pytest.mark.usefixtures("press")
def test_a_date_range_the_wrong_way_round_is_named(dqtv):
    dqtv("crawl", "demo-bienxanh")
    dqtv("publish")
    err = traceback_free(dqtv("search", "dân quân", "--from", "2025", "--to", "2020", code=2))
    assert "2025" in err
    assert "2020" in err


def test_a_file_that_is_no_warc_is_named_and_nothing_is_stored(dqtv, tmp_path):
    file = tmp_path / "notes.txt"
    file.write_text("not a WARC file")
    err = traceback_free(dqtv("import", str(file), code=1))
    assert str(file) in err
    with Store.open(dqtv.archive) as store:
        assert store.summary().captures == 0


def test_a_missing_file_is_named(dqtv, tmp_path):
    err = traceback_free(dqtv("import", str(tmp_path / "absent.warc.gz"), code=2))
    assert "absent.warc.gz" in err


def test_a_database_of_another_program_is_left_alone(dqtv):
    dqtv.archive.mkdir()
    path = dqtv.archive / "archive.db"
    database = sqlite3.connect(path)
    database.execute("CREATE TABLE recipes (id)")
    database.commit()
    database.close()
    before = path.read_bytes()
    for command in (("status",), ("publish",), ("crawl", "demo-songmay")):
        assert "archive.db" in traceback_free(dqtv(*command, code=1))
    assert path.read_bytes() == before


def test_a_database_of_a_newer_version_is_refused(dqtv):
    with Store.open(dqtv.archive) as store:
        store.connection.execute(
            "INSERT INTO _sqlite_migrations (migration_set, name, applied_at) VALUES ('dqtv-archive', 'm999_future', '2030')"
        )
    assert "version" in traceback_free(dqtv("status", code=1))


def test_an_archive_that_cannot_be_written_is_said_so(dqtv, tmp_path):
    blocker = tmp_path / "file"
    blocker.write_text("x")
    err = traceback_free(
        dqtv("crawl", "demo-songmay", "--archive", str(blocker / "archive"), code=1)
    )
    assert str(blocker) in err


def test_status_without_an_archive_says_how_to_start_one(dqtv):
    assert "dqtv demo" in traceback_free(dqtv("status", code=1))


@pytest.mark.usefixtures("press")
def test_search_and_serve_before_publishing_say_what_to_run(dqtv):
    dqtv("crawl", "demo-bienxanh")
    for command in (("search", "x"), ("serve",)):
        assert "dqtv publish" in traceback_free(dqtv(*command, code=1))


def test_a_port_in_use_is_said_so_before_anything_is_crawled(dqtv, tmp_path):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = str(taken.getsockname()[1])
        root = tmp_path / "d"
        err = traceback_free(
            dqtv(
                "demo",
                "--archive",
                str(root),
                "--press-port",
                str(dqtv.port),
                "--port",
                port,
                code=2,
            )
        )
    assert f"{port} is already in use" in err
    assert not root.exists()


@pytest.mark.usefixtures("press")
def test_a_press_port_in_use_is_said_so(dqtv, tmp_path):
    err = traceback_free(
        dqtv(
            "demo",
            "--no-serve",
            "--archive",
            str(tmp_path / "d"),
            "--press-port",
            str(dqtv.port),
            code=2,
        )
    )
    assert "is already in use" in err


def test_an_unknown_fault_is_named_with_the_known_ones(dqtv, tmp_path):
    err = traceback_free(
        dqtv(
            "demo",
            "--no-serve",
            "--archive",
            str(tmp_path / "d"),
            "--fault",
            "demo-culao=boom",
            code=2,
        )
    )
    assert "boom" in err
    assert "429" in err


def test_extract_reads_standard_input_and_needs_a_known_host(dqtv):
    err = traceback_free(
        dqtv("extract", "-", "--url", "https://khongbiet.example/a-1.html", code=2, stdin="<p>x")
    )
    assert "khongbiet.example" in err
    ran = dqtv("extract", "-", "--url", "https://baocaobang.vn/a-1.html", "--json", stdin="<p>x")
    assert ran.json()["outcome"] == "rejected"


def test_a_full_disk_stops_the_crawl_with_one_message_and_keeps_what_was_stored(dqtv, press):
    """A file size limit stands in for a full disk: every write past it fails."""
    dqtv("crawl", "demo-bienxanh")
    with Store.open(dqtv.archive) as store:
        before = store.summary()
    command = [sys.executable, "-m", "scraper", "crawl", *press.friendly]
    ran = subprocess.run(
        ["/bin/sh", "-c", 'ulimit -f 400; trap "" XFSZ; exec "$@"', "sh", *command],
        env=dqtv.environment(), capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip
    assert ran.returncode == 1, ran.stderr
    assert "Traceback" not in ran.stderr
    assert str(dqtv.archive) in ran.stderr
    with Store.open(dqtv.archive) as store:
        assert store.summary().articles >= before.articles
    (site,) = dqtv("crawl", "demo-songmay", "--json").json()["sites"]
    assert site["reason"] == "finished"


def test_scrapy_crawl_works_as_scrapy_users_expect(dqtv, press):
    ran = subprocess.run(
        [sys.executable, "-m", "scrapy", "crawl", "newspaper", "-a", "site=demo-bienxanh"],
        env=dqtv.environment(), capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip
    assert ran.returncode == 0, ran.stderr
    with Store.open(dqtv.archive, create=False) as store:
        kept = {a.article_id for a in press.truth() if a.paper == "demo-bienxanh" and a.level > 0}
        assert store.summary().articles == len(kept)


def test_status_counts_what_the_archive_holds(dqtv, press):
    dqtv("crawl", "demo-bienxanh")
    values = dqtv("status", "--json").json()
    kept = [a for a in press.truth() if a.paper == "demo-bienxanh" and a.level > 0]
    assert values["summary"]["articles"] == len(kept)
    assert values["runs"][0]["reason"] == "finished"
    assert "demo-bienxanh" in dqtv("status").out


def test_output_cut_off_by_head_is_no_error(dqtv):
    ran = subprocess.run(
        f"{sys.executable} -m scraper sites list --json | head -1",
        shell=True, env=dqtv.environment(), capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert "Traceback" not in ran.stderr
