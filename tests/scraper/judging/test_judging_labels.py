"""The file of a sample, and the terminal flow that fills it."""

import attrs
import pytest
from click.testing import CliRunner

from archive.errors import UsageError
from scraper.cli import cli
from scraper.judging.labels import Item, Label, append_label, read_sample, write_sample

ITEM = Item(
    id="bao:1", site="bao", url="http://bao.vn/1.html", published_at="2024-03-19T09:12:00+07:00",
    title="Dân quân ra đồng", lead="Sáng nay, dân quân xã giúp dân.", snippets=(("Hai ", "dân quân", " gác cầu."),),
    score=23.5, level=2, stratum="bao, 12 up", population=7,
)  # fmt: skip


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "sample.jsonl"
    write_sample(
        path,
        [attrs.evolve(ITEM, id=f"bao:{number}", title=f"Tít số {number}") for number in (1, 2, 3)],
    )
    return path


def run(*words, answers=""):
    return CliRunner().invoke(cli, ["judge", *map(str, words)], input=answers)


def labels(file, reader):
    return read_sample(file).labels.get(reader, {})


def test_items_and_labels_are_read_as_written(file):
    append_label(file, Label(item="bao:2", reader="An", label=1))
    append_label(file, Label(item="bao:2", reader="An", label=2))
    sample = read_sample(file)
    assert sample.items[0] == attrs.evolve(ITEM, title="Tít số 1")
    assert sample.labels == {"An": {"bao:2": 2}}
    assert [item.id for item in sample.open_items("An")] == ["bao:1", "bao:3"]


def test_a_sample_never_takes_the_place_of_a_file(file):
    before = file.read_bytes()
    with pytest.raises(UsageError, match="may hold labels"):
        write_sample(file, [ITEM])
    assert file.read_bytes() == before


@pytest.mark.parametrize(
    ("line", "why"),
    [
        ("{", "line 4"),
        ("[1]", "it is no object"),
        ('{"kind": "label", "item": "bao:1", "reader": "An", "label": 3}', "3 is none of 0, 1, 2"),
        ('{"kind": "label", "item": "bao:1", "reader": "An", "label": true}', "True is none of"),
        ('{"kind": "label", "item": "bao:1", "reader": " ", "label": 1}', "names no reader"),
        ('{"kind": "label", "item": "bao:9", "reader": "An", "label": 1}', "no item bao:9"),
        ('{"kind": "label", "item": "bao:1"}', "line 4"),
        ('{"kind": "item", "id": "x"}', "snippets"),
        ('{"kind": "note"}', "kind 'note'"),
    ],
)
def test_a_line_that_is_no_label_is_named(file, line, why):
    with file.open("a", encoding="utf-8") as out:
        out.write(line + "\n")
    with pytest.raises(UsageError, match=r"line 4 is no item and no label") as caught:
        read_sample(file)
    assert why in str(caught.value)


def test_missing_and_empty_files_are_told_with_the_way_out(tmp_path):
    with pytest.raises(UsageError, match="dqtv judge sample"):
        read_sample(tmp_path / "none.jsonl")
    (tmp_path / "empty.jsonl").touch()
    with pytest.raises(UsageError, match="holds no items"):
        read_sample(tmp_path / "empty.jsonl")


def test_answers_are_saved_and_the_flow_goes_on_where_it_stopped(file):
    first = run("label", file, "--reader", "An", answers="2\nq\n")
    assert "Tít số 1" in first.output
    assert "An: 1 of 3 labelled" in first.output
    assert labels(file, "An") == {"bao:1": 2}
    second = run("label", file, "--reader", "An", answers="x\n0\n1\n")
    assert "Tít số 1" not in second.output
    assert labels(file, "An") == {"bao:1": 2, "bao:2": 0, "bao:3": 1}


def test_a_skipped_item_is_asked_for_again(file):
    run("label", file, "--reader", "An", answers="s\n1\n1\n")
    assert labels(file, "An") == {"bao:2": 1, "bao:3": 1}
    assert "Tít số 1" in run("label", file, "--reader", "An", answers="q\n").output


def test_an_answer_is_in_the_file_before_the_next_question(file):
    # the input ends: as when the terminal is closed
    assert run("label", file, "--reader", "An", answers="2\n").exit_code != 0
    assert labels(file, "An") == {"bao:1": 2}


def test_a_reader_sees_neither_score_nor_what_others_said(file):
    run("label", file, "--reader", "An", answers="2\n2\n2\n")
    shown = run("label", file, "--reader", "Bình", answers="q\n").output
    assert "Tít số 1" in shown
    assert "Hai dân quân gác cầu." in shown
    assert not [word for word in ("An", "23.5", "level", "12 up", "score") if word in shown]


def test_what_a_terminal_would_obey_is_not_shown(tmp_path):
    path = tmp_path / "sample.jsonl"
    write_sample(path, [attrs.evolve(ITEM, title="Tít \x1b[2J lạ")])
    assert "\x1b[2J" not in run("label", path, "--reader", "An", answers="q\n").output


@pytest.mark.parametrize("name", ["", "  ", "agreed"])
def test_a_reader_needs_a_name_of_its_own(file, name):
    assert isinstance(run("label", file, "--reader", name).exception, UsageError)


def test_a_report_without_labels_or_for_an_unknown_reader_is_refused(file):
    assert "nobody has labelled" in str(run("report", file).exception)
    append_label(file, Label(item="bao:2", reader="An", label=1))
    assert "Bình has no labels" in str(run("report", file, "--reader", "Bình").exception)


def test_the_report_shows_both_readers_and_their_agreement(file):
    for number, (one, other) in enumerate(((2, 2), (1, 1), (0, 1)), start=1):
        append_label(file, Label(item=f"bao:{number}", reader="An", label=one))
        append_label(file, Label(item=f"bao:{number}", reader="Bình", label=other))
    shown = run("report", file).output
    assert "An: 3 of 3 items labelled" in shown
    assert (
        "kept (level 1 or 2): precision 66.7 %, recall 100.0 % (2 right, 1 wrong, 0 missed)"
        in shown
    )
    assert "An and Bình: 2 of 3 alike, kappa 0.50" in shown
    assert "differ on bao:3" in shown
    assert "precision about" in shown
