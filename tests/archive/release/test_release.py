"""A release is what its descriptions say: validators pass, every format loads, checksums verify."""

import json
import shutil
import sqlite3
import subprocess
import sys
from contextlib import closing
from datetime import date
from pathlib import Path

import bagit
import jsonschema
import pandas as pd
import pytest
import yaml
from pyarrow import parquet
from rocrate.rocrate import ROCrate

from archive.errors import ArchiveError, ArchiveUnwritable, NothingPublished, UsageError
from archive.export.changes import export_changes
from archive.export.selection import Selection
from archive.publish import publish
from archive.release import build
from archive.release.build import Wish, build_release
from archive.snapshot import newest_snapshot

DAY = date(2026, 11, 25)
TABLES = {"articles", "versions", "figures", "evidence", "stories", "papers", "coverage"}


def tool(name, *arguments, cwd):
    command = [str(Path(sys.executable).with_name(name)), *arguments]
    return subprocess.run(
        command, cwd=cwd, capture_output=True, text=True, timeout=200, check=False
    )


# -- validators ---------------------------------------------------------------------------------------


def test_frictionless_finds_every_table_valid(released):
    done = tool("frictionless", "validate", "datapackage.json", "--json", cwd=released)
    report = json.loads(done.stdout)
    assert report["valid"], report
    tables = [task for task in report["tasks"] if task["type"] == "table"]
    assert len(tables) == len(TABLES)


def test_mlcroissant_finds_the_croissant_valid(released):
    done = tool("mlcroissant", "validate", "--jsonld", "croissant.json", cwd=released)
    assert done.returncode == 0, done.stderr
    assert "Done." in done.stderr


def test_the_citation_file_fits_the_schema_of_its_format(released):
    schema = json.loads(Path(__file__).with_name("cff-1.2.0.schema.json").read_text("utf-8"))
    values = yaml.load((released / "CITATION.cff").read_text("utf-8"), yaml.BaseLoader)
    jsonschema.validate(values, schema)
    assert values["version"] == "2026.11.25"


@pytest.mark.skipif(
    shutil.which("cffconvert") is None, reason="cffconvert is not installed (it wants jsonschema 3)"
)
def test_cffconvert_finds_the_citation_file_valid(released):
    done = subprocess.run(
        ["cffconvert", "--validate", "--infile", "CITATION.cff"],
        cwd=released, capture_output=True, text=True, timeout=100, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert "valid" in done.stdout


def test_the_research_object_names_every_file(released):
    crate = ROCrate(released)
    named = {entity.id for entity in crate.root_dataset["hasPart"]}
    held = {x.relative_to(released).as_posix() for x in released.rglob("*") if x.is_file()}
    assert named == held - {"ro-crate-metadata.json"}


def test_the_front_matter_of_the_card_points_to_files_that_are_there(released):
    card = (released / "README.md").read_text("utf-8")
    values = yaml.safe_load(card.split("---\n")[1])
    assert values["language"] == ["vi"]
    assert {x["config_name"] for x in values["configs"]} == TABLES
    assert all((released / x["data_files"]).is_file() for x in values["configs"])


def test_the_checksums_verify_and_cover_every_file(released):
    done = subprocess.run(
        ["sha256sum", "-c", "--strict", "SHA256SUMS"],
        cwd=released,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0
    assert done.stdout.count(": OK") == sum(x.is_file() for x in released.rglob("*")) - 1


def test_a_bag_is_valid_and_its_payload_is_the_release(root, released, tmp_path):
    path = build_release(root, tmp_path, Wish(date=DAY, bagged=True)).path
    bag = bagit.Bag(str(path))
    bag.validate()
    assert bag.info["External-Identifier"] == "dqtv-2026.11.25"
    assert (path / "data/SHA256SUMS").read_bytes() == (released / "SHA256SUMS").read_bytes()


# -- content ------------------------------------------------------------------------------------------


def test_the_coverage_counts_every_article_once(released):
    coverage = pd.read_csv(released / "data/coverage.csv", encoding="utf-8-sig")
    assert coverage["articles"].sum() == 36
    assert not coverage.duplicated(["site", "month"]).any()


def test_the_release_says_which_snapshot_it_is_from(released, root):
    current = json.loads((root / "public/current.json").read_bytes())
    said = json.loads((released / "datapackage.json").read_bytes())["dqtv"]["snapshot"]
    assert (said["id"], said["sha256"]) == (current["id"], current["sha256"])
    assert said["articles"] == 36
    assert said["software"].startswith("dqtv-archive ")
    for name in ("README.md", "CITATION.cff", ".zenodo.json", "ro-crate-metadata.json"):
        assert current["id"] in (released / name).read_text("utf-8")


def test_every_paper_has_a_statement_of_rights(released):
    rights = pd.read_csv(released / "rights.csv", encoding="utf-8-sig")
    assert list(rights["site"]) == ["bienxanh", "culao", "nuingan", "songmay"]
    for row in rights.itertuples():
        assert row.statement.startswith(f"© {row.paper}, its authors")
        assert row.statement_vi.startswith(f"© {row.paper}, các tác giả")
    assert set(rights["added_licence"]) == {"CC-BY-4.0"}
    assert all(
        f"© {name}" in (released / "RIGHTS.md").read_text("utf-8") for name in rights["paper"]
    )


@pytest.mark.parametrize("with_text", [True, False])
def test_every_description_says_the_same_of_rights(root, tmp_path, with_text):
    path = build_release(root, tmp_path, Wish(date=DAY, with_text=with_text)).path

    def read(name):
        return (path / name).read_text("utf-8")

    for name in ("RIGHTS.md", "README.md", "rights.csv"):
        assert "The archive grants no right in them" in read(name)
        assert "không trao quyền nào đối với các nội dung ấy" in read(name)
    assert "CC-BY-4.0" in read("RIGHTS.md")
    for name in ("README.md", "datapackage.json", "croissant.json", "CITATION.cff",
                 ".zenodo.json", "ro-crate-metadata.json"):  # fmt: skip
        assert "CC-BY-4.0" in read(name)
        assert "RIGHTS.md" in read(name)
    licences = {x["name"]: x["path"] for x in json.loads(read("datapackage.json"))["licenses"]}
    assert licences["other-closed"] == "RIGHTS.md"
    assert json.loads(read("croissant.json"))["license"] == ["RIGHTS.md", licences["CC-BY-4.0"]]
    zenodo = json.loads(read(".zenodo.json"))
    assert zenodo["access_right"] == ("restricted" if with_text else "open")
    # CITATION.cff would say of several licences that any of them may be chosen
    assert "license" not in yaml.safe_load(read("CITATION.cff"))
    assert ("metadata only" in read("RIGHTS.md")) is not with_text


# -- policy and determinism ---------------------------------------------------------------------------


def test_two_releases_of_one_snapshot_differ_in_their_dates_only(root, released, tmp_path):
    other = build_release(root, tmp_path, Wish(date=date(2027, 1, 8))).path
    names = [x.relative_to(released) for x in released.rglob("*") if x.is_file()]
    assert {x.relative_to(other) for x in other.rglob("*") if x.is_file()} == set(names)
    for name in names:
        if name.name == "SHA256SUMS":
            continue
        mine = (released / name).read_bytes()
        theirs = (other / name).read_bytes()
        if name.parts[0] == "data":
            assert mine == theirs, name
        theirs = theirs.replace(b"2027.01.08", b"2026.11.25").replace(b"2027-01-08", b"2026-11-25")
        theirs = theirs.replace(b"maintainers (2027)", b"maintainers (2026)")
        assert mine == theirs, name


def test_a_release_without_texts_holds_no_sentence_of_one(root, tmp_path, desk_fixtures):
    path = build_release(root, tmp_path, Wish(date=DAY, with_text=False)).path
    sentences = [
        paragraph[:60].encode()
        for story in desk_fixtures.demo_stories()
        for paragraph in (*story.body, *([story.sapo] if story.sapo else []))
        if len(paragraph) > 60
    ]
    assert len(sentences) > 100
    for file in path.rglob("*"):
        if file.is_file() and file.suffix != ".parquet":
            content = file.read_bytes()
            assert not [x for x in sentences if x in content], file
    for file in path.rglob("*.parquet"):
        table = parquet.read_table(file)
        assert not {"body", "sapo", "caption"} & set(table.column_names)
        content = repr(table.to_pydict()).encode()
        assert not [x for x in sentences if x in content], file
    for name in ("README.md", "datapackage.json", "croissant.json", "CITATION.cff", ".zenodo.json"):
        assert "withheld" in (path / name).read_text("utf-8")


# -- what changed -------------------------------------------------------------------------------------


def lines_of(folder, table, key):
    text = (folder / f"data/{table}.jsonl").read_bytes().splitlines(keepends=True)
    return {
        (json.loads(line)[key[0]], *(json.loads(line)[x] for x in key[1:])): line for line in text
    }


def test_who_applies_the_changes_has_the_new_release_byte_for_byte(tmp_path, desk_fixtures):
    stories = desk_fixtures.demo_stories()[:6]
    changed = desk_fixtures.attrs.evolve(stories[1], body=("Dân quân xã vừa ra quân sáng nay.",))
    desk_fixtures.build_snapshot(tmp_path / "one", stories[:5])
    desk_fixtures.build_snapshot(tmp_path / "two", [changed, *stories[2:6]])
    old = build_release(tmp_path / "one", tmp_path / "out", Wish(date=DAY)).path
    later = Wish(date=date(2026, 12, 25), previous=old)
    made = build_release(tmp_path / "two", tmp_path / "out", later)
    changes = json.loads((made.path / "changes.json").read_bytes())
    assert changes["added"] == [stories[5].id]
    assert stories[1].id in changes["changed"]
    assert changes["withdrawn"] == [stories[0].id]
    assert changes["from"]["release"] == "dqtv-2026.11.25"
    keys = {"articles": ("id",), "versions": ("article_id", "version"),
            "figures": ("article_id", "position"), "evidence": ("article_id", "position")}  # fmt: skip
    gone = {*changes["changed"], *changes["withdrawn"]}
    fresh = {*changes["changed"], *changes["added"]}
    assert changes["by_article"] == list(keys)
    for table, key in keys.items():
        kept = {k: x for k, x in lines_of(old, table, key).items() if k[0] not in gone}
        taken = {k: x for k, x in lines_of(made.path, table, key).items() if k[0] in fresh}
        whole = kept | taken
        applied = b"".join(whole[k] for k in sorted(whole))
        assert applied == (made.path / f"data/{table}.jsonl").read_bytes()


def test_an_unchanged_archive_has_no_changes(root, released, tmp_path):
    made = build_release(root, tmp_path, Wish(date=date(2026, 12, 1), previous=released))
    assert (made.added, made.changed, made.withdrawn) == (0, 0, 0)


# -- bad input ----------------------------------------------------------------------------------------


@pytest.fixture
def out(tmp_path):
    """A folder for releases; at the end there is none in it, not even a part."""
    folder = tmp_path / "out"
    yield folder
    left = [x.name for x in folder.glob("*")] if folder.is_dir() else []
    assert left == []


def test_an_unknown_format_is_named_with_the_known_ones(root, out):
    with pytest.raises(UsageError, match=r"'xlsx'.*csv, jsonl, parquet, sqlite"):
        build_release(root, out, Wish(date=DAY, formats=("csv", "xlsx")))


def test_an_archive_without_snapshot_is_reported(tmp_path, out):
    with pytest.raises(NothingPublished, match="dqtv publish"):
        build_release(tmp_path / "none", out, Wish(date=DAY))


def test_a_target_that_is_a_file_is_refused(root, tmp_path):
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(UsageError, match="--out"):
        build_release(root, tmp_path / "file", Wish(date=DAY))


def test_a_folder_that_is_no_release_is_refused_as_previous(root, out, tmp_path):
    with pytest.raises(UsageError, match="--previous"):
        build_release(root, out, Wish(date=DAY, previous=tmp_path))


def test_a_disk_that_fills_leaves_nothing_behind(root, tmp_path, monkeypatch):
    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(build, "_write_documents", full)
    with pytest.raises(ArchiveUnwritable, match="No space left"):
        build_release(root, tmp_path, Wish(date=DAY))
    assert [x.name for x in tmp_path.iterdir()] == [".release.lock"]


def test_a_snapshot_replaced_meanwhile_is_noticed(desk_fixtures, tmp_path):
    root = tmp_path / "archive"
    path = desk_fixtures.build_snapshot(root, desk_fixtures.demo_stories()[:2])

    def replace(step):
        if step == "changes":
            shutil.copy(path, tmp_path / "copy")
            (tmp_path / "copy").replace(path)

    with pytest.raises(ArchiveError, match="was replaced"):
        build_release(root, tmp_path / "out", Wish(date=DAY), progress=replace)
    assert not (tmp_path / "out/dqtv-2026.11.25").exists()


def test_a_newer_snapshot_meanwhile_does_no_harm(desk_fixtures, tmp_path):
    root = tmp_path / "archive"
    desk_fixtures.build_snapshot(root, desk_fixtures.demo_stories()[:2])
    old = json.loads((root / "public/current.json").read_bytes())["id"]
    made = build_release(
        root,
        tmp_path / "out",
        Wish(date=DAY),
        progress=lambda step: publish(root) if step == "changes" else None,
    )
    assert made.snapshot == old


def test_a_release_that_stands_is_never_changed(root, released):
    again = build_release(root, released.parent, Wish(date=DAY))
    assert not again.is_new
    with pytest.raises(ArchiveError, match="is there already and differs"):
        build_release(root, released.parent, Wish(date=DAY, formats=("csv",)))
    assert (released / "data/articles.parquet").exists()


@pytest.mark.parametrize("table", ["articles", "article_versions", "figures", "sites"])
def test_an_export_of_changes_can_start_from_a_release(desk_fixtures, tmp_path, table):
    stories, root = desk_fixtures.demo_stories(), tmp_path / "archive"
    desk_fixtures.build_snapshot(root, stories[:10])
    first = build_release(root, tmp_path / "out", Wish(date=DAY, formats=("sqlite",))).path
    desk_fixtures.build_snapshot(root, stories)

    def changes():
        newest = newest_snapshot(root).path
        target = tmp_path / "new.jsonl"
        since = Selection(since=str(first))
        return export_changes(newest, since, table=table, format="jsonl", target=target)

    found = changes()
    with closing(sqlite3.connect(newest_snapshot(root).path)) as connection:
        now = connection.execute(f"SELECT count(*) FROM {table}").fetchone()[0]
    name = {"article_versions": "versions", "sites": "papers"}.get(table, table)
    with closing(sqlite3.connect(first / "data/dqtv.db")) as connection:
        before = connection.execute(f"SELECT count(*) FROM {name}").fetchone()[0]
    assert (found.added, found.withdrawn) == (now - before, 0)
    assert found.changed == 0 or table == "sites"
    assert found.since in (first / "datapackage.json").read_text("utf-8")


def test_a_table_that_a_release_does_not_have_is_not_taken_for_new(root, released, tmp_path):
    with pytest.raises(UsageError, match="no table captures"):
        export_changes(
            newest_snapshot(root).path, Selection(since=str(released)), table="captures",
            format="csv", target=tmp_path / "x",
        )  # fmt: skip
    assert list(tmp_path.iterdir()) == []
