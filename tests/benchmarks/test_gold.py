"""The benchmark of extraction: its readers of gold sets, its score, and the floor on a public set."""

from __future__ import annotations

import gzip
import importlib
import json
import sys
from pathlib import Path

import pytest

BENCHMARKS = Path(__file__).parents[2] / "benchmarks"
#: Lead and paragraphs of every page of the public set: measured .972, .960 and .984.
FLOOR_F1, FLOOR_PRECISION, FLOOR_RECALL = 0.969, 0.956, 0.980


@pytest.fixture(scope="module", autouse=True)
def _benchmarks_on_the_path():
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(str(BENCHMARKS))
        yield


@pytest.fixture
def sets():
    return importlib.import_module("gold_sets")


@pytest.fixture
def benchmark():
    return importlib.import_module("gold")


def write_json(path, value):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(value), encoding="utf-8")


def write_page(path, html=b"<p>trang</p>"):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(gzip.compress(html))


def gold(sets, *texts):
    return sets.GoldPage(id="x", url="https://bao.example/x", html=b"", texts=texts)


@pytest.mark.parametrize(
    ("text", "precision", "recall"),
    [
        ("một hai ba bốn năm sáu", 1.0, 1.0),
        ("Một hai ba bốn năm sáu", 2 / 3, 2 / 3),
        ("một, hai; ba – bốn... năm (sáu)", 1.0, 1.0),
        ("một hai ba bốn năm", 1.0, 2 / 3),
        ("một hai ba bốn năm sáu bảy", 3 / 4, 1.0),
        ("một hai ba bốn năm sáu một hai ba bốn", 3 / 7, 1.0),
        ("bảy tám", 0.0, 0.0),
        ("", 1.0, 0.0),
    ],
)
def test_a_text_is_scored_by_its_runs_of_four_words(sets, text, precision, recall):
    found = sets.score(gold(sets, "một hai ba bốn năm sáu"), text)

    assert (found.precision, found.recall) == pytest.approx((precision, recall))


def test_the_nearest_of_several_right_texts_counts(sets):
    page = gold(sets, "một hai ba bốn năm", "một hai ba bốn")

    assert sets.score(page, "một hai ba bốn").f1 == 1.0
    assert sets.score(page, "một hai ba bốn năm").f1 == 1.0


def test_every_page_weighs_the_same(sets):
    both = sets.mean([sets.Score(1.0, 0.5), sets.Score(0.5, 0.0)])

    assert (both.precision, both.recall) == (0.75, 0.25)
    assert both.f1 == pytest.approx(0.375)
    assert sets.Score(0.0, 0.0).f1 == 0.0


def test_pages_of_the_article_extraction_benchmark_are_read(sets, tmp_path):
    truth = {"b": {"url": "https://b.example/", "articleBody": "hai"},
             "a": {"url": "https://a.example/", "articleBody": "một"}}  # fmt: skip
    write_json(tmp_path / "ground-truth.json", truth)
    for name in truth:
        write_page(tmp_path / "html" / f"{name}.html.gz")

    pages = sets.read_gold(tmp_path)

    assert [(x.id, x.url, x.texts) for x in pages] == [
        ("a", "https://a.example/", ("một",)),
        ("b", "https://b.example/", ("hai",)),
    ]
    assert pages[0].html == b"<p>trang</p>"


def test_only_articles_of_wcxb_are_read(sets, tmp_path):
    for name, kind in (("0001", "article"), ("0002", "product")):
        value = {
            "url": "https://a.example/",
            "_internal": {"page_type": {"primary": kind}},
            "ground_truth": {"main_content": "một hai"},
        }
        write_json(tmp_path / "ground-truth" / f"{name}.json", value)
        write_page(tmp_path / "html" / f"{name}.html.gz")

    assert [(x.id, x.texts) for x in sets.read_gold(tmp_path)] == [("0001", ("một hai",))]


def test_paragraphs_in_brackets_may_be_missing_in_fundus_evaluation(sets, tmp_path):
    truth = {"Bao_0.html.gz": {"url": "https://a.example/", "body": ["[Tóm tắt]", "Một", "[Hai]"]},
             "Bao_1.html.gz": {"url": "https://a.example/1", "body": ["Một"]}}  # fmt: skip
    write_json(tmp_path / "ground_truth.json", truth)
    for name in truth:
        write_page(tmp_path / "html" / name)

    assert [(x.id, x.texts) for x in sets.read_gold(tmp_path)] == [
        ("Bao_0", ("Tóm tắt\nMột\nHai", "Một")),
        ("Bao_1", ("Một",)),
    ]


WCXB_PAGE = {
    "schema_version": "2.0",
    "url": "https://a.example/",
    "file_id": "0001",
    "_internal": {"page_type": {"primary": "article", "confidence": "verified", "needs_review": False, "tags": ["xã"]}},
    "ground_truth": {
        "title": "Gặt lúa", "author": "Lan Anh", "publish_date": "2025-09-04", "main_content": "Một.\n\nHai.",
        "with": ["Một."], "without": ["Trang chủ"], "main_content_markdown": "Một.\n\n**Hai.**",
    },
}  # fmt: skip


def test_the_two_parts_of_wcxb_are_read_from_its_repository(sets, tmp_path):
    for part, name in (("dev", "0001"), ("test", "4011")):
        write_json(
            tmp_path / part / "ground-truth" / f"{name}.json", {**WCXB_PAGE, "file_id": name}
        )
        write_page(tmp_path / part / "html" / f"{name}.html.gz")
    (tmp_path / "README.md").write_text("x")

    found = sets.read_gold(tmp_path)

    assert [(x.id, x.texts) for x in found] == [
        ("0001", ("Một.\n\nHai.",)),
        ("4011", ("Một.\n\nHai.",)),
    ]
    assert sets.score(found[0], "Một. Hai.").f1 == 1.0


def test_fundus_evaluation_is_read_from_its_repository(sets, tmp_path):
    truth = {
        "Bao_0.html.gz": {
            "body": ["Một", "[Theo dõi]"],
            "url": "https://a.example/",
            "crawl_date": "2024-02-28 13:06:44.083593",
        }
    }
    write_json(tmp_path / "dataset" / "ground_truth.json", truth)
    write_page(tmp_path / "dataset" / "html" / "Bao_0.html.gz")
    write_json(
        tmp_path / "dataset" / "extractions" / "trafilatura.json", {"Bao_0.html.gz": ["Một"]}
    )

    assert [(x.id, x.texts) for x in sets.read_gold(tmp_path)] == [
        ("Bao_0", ("Một\nTheo dõi", "Một"))
    ]


def test_stored_captures_are_gold_pages_of_known_papers(sets, tmp_path):
    folder = tmp_path / "demo-nuingan" / "le-ra-quan"
    write_json(folder / "article.json", {"sapo": "Tóm tắt.", "body": ["Một.", "Hai."]})
    write_json(folder / "capture.json", {"url": "https://a.example/", "headers": [["A", "b"]]})
    (folder / "page.html").write_bytes(b"<p>trang</p>")

    (page,) = sets.read_gold(tmp_path)

    assert (page.id, page.site) == ("demo-nuingan/le-ra-quan", "demo-nuingan")
    assert page.texts == ("Tóm tắt.\nMột.\nHai.",)
    assert page.headers == (("A", "b"),)


def test_a_folder_without_gold_pages_is_refused(sets, tmp_path):
    with pytest.raises(ValueError, match="holds no gold pages"):
        sets.read_gold(tmp_path)


def test_a_peer_that_is_not_installed_is_told_apart_from_one_that_fails(benchmark, tmp_path):
    assert benchmark.run_peer("goose3", tmp_path / "python", tmp_path, "en") is None
    assert benchmark.run_peer("goose3", Path(sys.executable), tmp_path, "en") is None
    with pytest.raises(RuntimeError, match="no peer of this name"):
        benchmark.run_peer("khong-co", Path(sys.executable), tmp_path, "en")


def test_figures_name_the_worst_and_the_slowest_page(sets, benchmark):
    pages = [sets.GoldPage(id=x, url="", html=b"", texts=("một hai",)) for x in "ab"]
    run = benchmark.Run(name="x", texts=["một hai", ""], seconds=[0.3, 0.1])
    row = benchmark.figures(run, pages)

    assert (row["recall"], row["empty"]) == (0.5, 1)
    assert row["worst_pages"][0]["id"] == "b"
    assert row["slowest_page"] == {"id": "a", "seconds": 0.3}
    assert row["pages_per_cpu_second"] == pytest.approx(5)


def test_the_generic_path_reads_the_pages_of_a_public_set(sets, benchmark, shared):
    folder = shared / "gold" / "aeb"
    if not folder.is_dir():
        pytest.skip("the public gold pages are not on this machine")
    pages = sets.read_gold(folder)
    found = sets.mean(sets.score(page, benchmark.generic_text(page)) for page in pages)

    assert found.f1 >= FLOOR_F1
    assert found.precision >= FLOOR_PRECISION
    assert found.recall >= FLOOR_RECALL
