"""Releases of the crawled demo press, with captures and in a bag, and exports on a disk that fills up."""

from __future__ import annotations

import resource
import signal
import subprocess
import sys
import zipfile
from pathlib import Path

import bagit
import orjson
import pytest

from scraper.demo.press import DemoPress

pytestmark = pytest.mark.end_to_end

#: The last prints bodies that only its page script reads: their texts are empty.
PAPERS = ("demo-songmay", "demo-culao", "demo-lamkinh")
#: `python -m wacz` ends with 0 whatever it found.
_WACZ = "import sys; from wacz.main import main; sys.exit(main(['validate', '-f', sys.argv[1]]))"


@pytest.fixture(scope="module")
def crawled(tmp_path_factory, new_command):
    dqtv = new_command(tmp_path_factory.mktemp("datasets"))
    with DemoPress(port=dqtv.port):
        dqtv("crawl", *PAPERS)
    dqtv("publish")
    return dqtv


@pytest.fixture(scope="module")
def bagged(crawled):
    """A bag around a release with captures."""
    day = ("--date", "2026-11-25")
    told = crawled("release", "--with-wacz", "--bagit", "--json", *day).json()
    return Path(told["path"])


def on_a_full_disk(dqtv, limit, *arguments):
    """Exit code and messages of the command when no file of its may grow beyond *limit* bytes."""

    def prepare():
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))

    process = dqtv.start(*arguments, preexec_fn=prepare)
    _, err = process.communicate(timeout=120)
    assert "Traceback" not in err, err
    return process.returncode, err


def run(*words, cwd):
    return subprocess.run(
        [*map(str, words)], cwd=cwd, capture_output=True, text=True, timeout=200, check=False
    )


def test_the_captures_of_every_paper_are_valid_packages(bagged):
    packages = sorted((bagged / "data/wacz").iterdir())
    assert [x.stem for x in packages] == sorted(PAPERS)
    for package in packages:
        done = run(sys.executable, "-c", _WACZ, package, cwd=bagged)
        assert done.returncode == 0, done.stdout + done.stderr
        with zipfile.ZipFile(package) as opened:
            assert opened.testzip() is None


def test_the_bag_is_valid_and_the_checksums_inside_verify(bagged):
    bagit.Bag(str(bagged)).validate()
    done = run("sha256sum", "-c", "--strict", "SHA256SUMS", cwd=bagged / "data")
    assert done.returncode == 0, done.stdout
    assert done.stdout.count("wacz: OK") == len(PAPERS)


def test_the_descriptions_of_captures_are_valid(bagged):
    program = Path(sys.executable).with_name
    done = run(
        program("frictionless"), "validate", "datapackage.json", "--json", cwd=bagged / "data"
    )
    report = orjson.loads(done.stdout)
    assert report["valid"], report
    done = run(
        program("mlcroissant"), "validate", "--jsonld", "croissant.json", cwd=bagged / "data"
    )
    assert done.returncode == 0, done.stderr


def test_captures_of_two_days_releases_are_the_same_files(crawled, bagged, tmp_path):
    crawled("release", "--with-wacz", "--date", "2026-12-01", "--out", str(tmp_path))
    later = tmp_path / "dqtv-2026.12.01/wacz"
    for package in (bagged / "data/wacz").iterdir():
        assert (later / package.name).read_bytes() == package.read_bytes()


@pytest.mark.parametrize("form", ["csv", "tsv", "jsonl", "parquet", "sqlite", "text"])
def test_an_export_on_a_full_disk_ends_clearly_and_leaves_nothing(crawled, tmp_path, form):
    # the articles of three papers take some 30 kB in the smallest format
    command = ("export", "--format", form, "--out", str(tmp_path / "out"))
    code, err = on_a_full_disk(crawled, 5_000, *command)
    assert code != 0
    assert f"cannot write {tmp_path / 'out'}" in err
    assert list(tmp_path.iterdir()) == []
    crawled(*command)
    assert (tmp_path / "out").exists()


@pytest.mark.parametrize("size", [5_000, 100_000])
def test_a_release_on_a_full_disk_ends_clearly_and_leaves_nothing(crawled, tmp_path, size):
    code, err = on_a_full_disk(crawled, size, "release", "--out", str(tmp_path), "--with-wacz")
    assert code != 0
    assert "cannot write" in err
    assert [x.name for x in tmp_path.iterdir()] == [".release.lock"]


def test_a_folder_nobody_may_write_is_named(crawled):
    done = crawled("export", "--format", "csv", "--out", "/proc/out.csv", code=None)
    assert done.code != 0
    assert "cannot write /proc/out.csv" in done.err
    done = crawled("release", "--out", "/proc/out", code=None)
    assert done.code != 0
    assert "/proc/out" in done.err
    assert "Traceback" not in done.err


def test_who_exports_what_is_not_there_is_told_what_there_is(crawled, tmp_path):
    out = ("export", "--format", "csv", "--out", str(tmp_path / "out"))
    for words, said in (
        (("--paper", "demo-nobody"), "there are: demo-culao, demo-lamkinh, demo-songmay"),
        (("--province", "Nowhere"), "there are: Cù Lao, Lam Kinh, Sông Mây"),
        (("--from", "2031"), "nothing is selected"),
        (("--since", "gestern"), "kept snapshots: 20"),
    ):
        done = crawled(*out, *words, code=None)
        assert done.code != 0
        assert said in done.err
    done = crawled("withdraw", "demo-culao:0", "--reason", "x", code=None)
    assert "there is no article 'demo-culao:0'" in done.err
    assert list(tmp_path.iterdir()) == []


def test_a_withdrawal_between_two_releases(crawled, bagged, tmp_path):
    """Runs last: it takes an article out of the archive that all tests share."""
    first = orjson.loads((bagged / "data/data/articles.jsonl").read_bytes().splitlines()[0])
    crawled("withdraw", first["id"], "--reason", "Theo yêu cầu của báo")
    early = crawled("release", "--out", str(tmp_path), code=None)
    assert "`dqtv publish` first" in early.err
    crawled("publish")
    done = crawled(
        "release", "--out", str(tmp_path), "--date", "2026-12-02", "--with-wacz", "--previous", str(bagged)
    )  # fmt: skip
    assert f"{first['site']}: no WACZ file, because it has withdrawn articles" in done.err
    made = tmp_path / "dqtv-2026.12.02"
    assert f"- `{first['id']}`" in (made / "CHANGES.md").read_text("utf-8")
    assert f"{first['id']},withdrawn," in (made / "takedowns.csv").read_text("utf-8")
    assert {x.stem for x in (made / "wacz").iterdir()} == set(PAPERS) - {first["site"]}
    held = [
        x for x in made.rglob("*") if x.is_file() and first["body"][:60].encode() in x.read_bytes()
    ]
    assert held == []
