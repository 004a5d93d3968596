"""The downloads page, and the files behind it: parts, caches, and no way out of a release."""

import asyncio
import hashlib
from datetime import date

import pytest

from archive.desk.changeover import close_app
from archive.desk.serve import build_app
from archive.release.build import Wish, build_release

NAME = "dqtv-2026.11.25"
CSV = f"/-/downloads/{NAME}/data/articles.csv"


@pytest.fixture(scope="module")
def folder(demo_snapshot, tmp_path_factory):
    """A folder with a release, and a secret beside it."""
    out = tmp_path_factory.mktemp("exports")
    build_release(demo_snapshot.parents[1], out, Wish(date=date(2026, 11, 25)))
    (out / "secret.txt").write_text("secret")
    return out


@pytest.fixture(scope="module")
def offering(folder, demo_snapshot, browse):
    app = build_app(demo_snapshot, releases=folder)
    yield browse(app)
    close_app(app)


@pytest.fixture(scope="module")
def content(folder):
    return (folder / NAME / "data/articles.csv").read_bytes()


@pytest.mark.parametrize(("language", "word"), [("vi", "Cách trích dẫn"), ("en", "How to cite")])
def test_a_release_is_shown_with_all_one_needs(offering, folder, language, word):
    page = offering.get(f"/-/downloads?lang={language}").text
    assert word in page
    assert NAME in page
    assert page.count("/data/articles.parquet") >= 4
    assert f"/-/downloads/{NAME}/RIGHTS.md" in page
    assert "CC-BY-4.0" in page
    for name in ("data/articles.csv", "SHA256SUMS"):
        assert hashlib.sha256((folder / NAME / name).read_bytes()).hexdigest() in page
    for code in ("pd.read_parquet", "arrow::read_parquet", "GROUP BY site"):
        assert code in page


def test_the_page_is_linked_only_when_there_are_releases(offering, demo):
    assert "/-/downloads" in offering.get("/").text
    assert "/-/downloads" not in demo.get("/").text
    assert "There is no release yet" in demo.get("/-/downloads?lang=en").text


def test_a_bag_is_offered_as_the_release_inside_it(demo_snapshot, tmp_path, browse):
    build_release(
        demo_snapshot.parents[1],
        tmp_path,
        Wish(date=date(2026, 11, 25), bagged=True, formats=("csv",)),
    )
    app = build_app(demo_snapshot, releases=tmp_path)
    try:
        assert browse(app).get(CSV).status_code == 200
        assert "data/articles.csv" in browse(app).get("/-/downloads").text
    finally:
        close_app(app)


def test_a_folder_that_is_no_release_is_passed_over(demo_snapshot, tmp_path, browse):
    (tmp_path / "dqtv-2020.01.01").mkdir()
    (tmp_path / "dqtv-2020.01.01/datapackage.json").write_text('{"dqtv": {"date": "x"}}')
    app = build_app(demo_snapshot, releases=tmp_path)
    try:
        assert browse(app).get("/-/downloads").status_code == 200
    finally:
        close_app(app)


# -- files --------------------------------------------------------------------------------------------


def test_a_file_comes_whole_with_its_type_and_may_be_kept_for_ever(offering, content):
    answer = offering.get(CSV)
    assert (answer.status_code, answer.content) == (200, content)
    headers = answer.headers
    assert headers["content-type"] == "text/csv; charset=utf-8"
    assert headers["etag"] == f'"{hashlib.sha256(content).hexdigest()}"'
    assert headers["accept-ranges"] == "bytes"
    assert headers["cache-control"] == "public, max-age=31536000, immutable"
    assert headers["content-disposition"].startswith('attachment; filename="articles.csv"')
    assert headers["last-modified"].endswith("GMT")
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["dqtv-snapshot"] in offering.get("/-/downloads").text
    assert int(headers["content-length"]) == len(content)


@pytest.mark.parametrize(
    ("asked", "part"),
    [
        ("bytes=0-0", slice(0, 1)),
        ("bytes=10-19", slice(10, 20)),
        ("bytes=100-", slice(100, None)),
        ("bytes=-5", slice(-5, None)),
        ("bytes=5-99999999", slice(5, None)),
    ],
)
def test_a_part_is_sent_when_asked_for(offering, content, asked, part):
    answer = offering.get(CSV, headers={"Range": asked})
    assert (answer.status_code, answer.content) == (206, content[part])
    first, _, _ = part.indices(len(content))
    last = first + len(content[part]) - 1
    assert answer.headers["content-range"] == f"bytes {first}-{last}/{len(content)}"


@pytest.mark.parametrize("asked", ["bytes=99999999-", "bytes=99999999-99999999", "bytes=-0"])
def test_a_part_outside_the_file_is_refused(offering, content, asked):
    answer = offering.get(CSV, headers={"Range": asked})
    assert (answer.status_code, answer.content) == (416, b"")
    assert answer.headers["content-range"] == f"bytes */{len(content)}"


@pytest.mark.parametrize(
    "asked",
    [
        "bytes=5-1",
        "lines=1-2",
        "bytes=-",
        "bytes=0-1,3-4",
        "bytes=a-b",
        "bytes=" + "9" * 5000 + "-",
    ],
)
def test_what_is_no_single_range_gets_the_whole_file(offering, content, asked):
    answer = offering.get(CSV, headers={"Range": asked})
    assert (answer.status_code, answer.content) == (200, content)


def test_a_part_of_another_edition_gets_the_whole_file(offering, content):
    answer = offering.get(CSV, headers={"Range": "bytes=0-1", "If-Range": '"other"'})
    assert (answer.status_code, answer.content) == (200, content)


def test_what_the_reader_has_is_not_sent_again(offering):
    first = offering.get(CSV)
    for name, value in (("If-None-Match", "etag"), ("If-Modified-Since", "last-modified")):
        answer = offering.get(CSV, headers={name: first.headers[value]})
        assert (answer.status_code, answer.content) == (304, b"")


def test_head_tells_the_length_without_the_file(offering, content):
    answer = asyncio.run(offering.app.client.head(CSV))
    assert (answer.status_code, answer.content) == (200, b"")
    assert int(answer.headers["content-length"]) == len(content)


@pytest.mark.parametrize(
    "path",
    [
        f"/-/downloads/{NAME}/../secret.txt",
        f"/-/downloads/{NAME}/%2e%2e/secret.txt",
        f"/-/downloads/{NAME}/..%2fsecret.txt",
        f"/-/downloads/{NAME}/..%5csecret.txt",
        f"/-/downloads/{NAME}/data/../../secret.txt",
        f"/-/downloads/{NAME}//etc/passwd",
        "/-/downloads/../secret.txt",
        "/-/downloads/%2e%2e/secret.txt",
        "/-/downloads/./secret.txt",
        f"/-/downloads/{NAME}/data",
        f"/-/downloads/{NAME}/data/articles.csv%00",
        f"/-/downloads/{NAME}/unknown.csv",
        "/-/downloads/dqtv-1999.01.01/SHA256SUMS",
    ],
)
def test_nothing_but_the_files_of_a_release_is_served(offering, path):
    answer = offering.get(path)
    assert answer.status_code in {400, 404}
    assert "secret" not in answer.text.replace("secret.txt", "")


def test_links_that_lead_out_of_a_release_are_not_followed(demo_snapshot, folder, tmp_path, browse):
    release = tmp_path / NAME
    (release / "data").mkdir(parents=True)
    (release / "datapackage.json").write_bytes((folder / NAME / "datapackage.json").read_bytes())
    (release / "data/file.csv").symlink_to(folder / "secret.txt")
    (release / "out").symlink_to(folder)
    (release / "SHA256SUMS").write_text(
        "".join(f"{'0' * 64}  {x}\n" for x in ("data/file.csv", "out/secret.txt", "../x", "data"))
    )
    (tmp_path / "dqtv-link").symlink_to(folder / NAME)
    app = build_app(demo_snapshot, releases=tmp_path)
    try:
        for path in (f"{NAME}/data/file.csv", f"{NAME}/out/secret.txt", "dqtv-link/SHA256SUMS"):
            assert browse(app).get(f"/-/downloads/{path}").status_code == 404
        assert browse(app).get(f"/-/downloads/{NAME}/SHA256SUMS").status_code == 200
    finally:
        close_app(app)
