"""``dqtv health``: what it prints, its exit codes, and the file for Prometheus."""

import json
import re
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from click.testing import CliRunner

from archive.errors import ArchiveUnwritable, UsageError
from archive.health.alarms import Finding, Kind, open_alarms, see
from archive.health.check import check_run
from archive.health.measures import DAILY, Measures, keep, measure
from archive.health.prometheus import METRICS, prometheus_text
from archive.health_cli import health_group
from archive.run_counts import RunCounts
from archive.runs import finish_run, start_run
from archive.store import Store

NOW = datetime.now(UTC)
RUN = Measures(
    run_id="r1", site="bao", kind=DAILY, started_at=NOW - timedelta(hours=3), reason="finished", found=40, fetched=52,
    accepted=3, articles=40, newest_at=NOW - timedelta(hours=5), fields={"title": 40, "byline": 10}, with_text=40,
    by_rule=20, characters=1850, asked=60, failures={"timeout": 8}, layouts={"a": 40},
)  # fmt: skip


@pytest.fixture
def root(tmp_path):
    with Store.open(tmp_path / "archive") as store, store.transaction():
        store.sync_site({"id": "bao", "name": 'Báo "Ví Dụ"', "province": None, "homepage": "https://bao.example/", "family": None, "languages": ["vi"], "status": "active"})  # fmt: skip
        keep(store.connection, RUN)
    return tmp_path / "archive"


@pytest.fixture
def ask(root):
    def run(*arguments):
        return CliRunner().invoke(health_group, [*arguments, "--archive", str(root)])

    return run


@pytest.fixture
def broken(root):
    finding = Finding(site="bao", kind=Kind.FIELD_MISSING, field="byline", before=0.95, now=0.25, example_url="https://bao.example/1")  # fmt: skip
    with Store.open(root) as store, store.transaction():
        see(store.connection, [finding], NOW)


def test_without_alarms_the_code_is_0_and_each_paper_has_its_line(ask):
    answer = ask()
    assert answer.exit_code == 0
    assert "no alarms" in answer.output
    (line,) = [x for x in answer.output.splitlines() if x.strip().startswith("bao")]
    assert {"finished", "40", "52", "25%", "50%", "1850"} <= set(line.split())


@pytest.mark.usefixtures("broken")
def test_an_open_alarm_is_printed_in_either_language_and_the_code_is_1(ask):
    for lang, words in (
        ("en", "have the author line, formerly 95 %"),
        ("vi", "có tên tác giả, trước đây là 95%"),
    ):
        answer = ask("bao", "--lang", lang)
        assert answer.exit_code == 1
        assert words in answer.output


@pytest.mark.usefixtures("broken")
def test_json_has_alarms_with_their_sentences_and_the_last_measures(ask):
    answer = json.loads(ask("--json").output)
    (alarm,) = answer["alarms"]
    assert (alarm["kind"], alarm["field"], alarm["before"]) == ("field_missing", "byline", 0.95)
    assert alarm["sentence"].keys() == {"en", "vi"}
    assert answer["sites"]["bao"]["fields"] == {"title": 40, "byline": 10}


@pytest.mark.usefixtures("broken")
def test_an_alarm_is_taken_note_of_under_a_name(ask, root):
    answer = ask("acknowledge", "1", "--note", "new rules tomorrow", "--by", "lan")
    assert answer.exit_code == 0
    with Store.open(root) as store:
        (alarm,) = open_alarms(store.connection)
    assert (alarm.acknowledged_by, alarm.note) == ("lan", "new rules tomorrow")
    again = ask()
    assert again.exit_code == 1
    assert "noted by lan" in again.output
    assert isinstance(ask("acknowledge", "1", "--note", " ").exception, UsageError)


@pytest.mark.usefixtures("broken")
def test_the_history_of_a_paper_lists_runs_and_alarms(ask):
    assert "finished" in ask("history", "bao").output
    assert "have the author line" in ask("history", "bao").output
    assert len(json.loads(ask("history", "bao", "--json").output)["runs"]) == 1


def test_an_unknown_paper_is_refused_with_those_that_are_known(ask):
    for arguments in (("other",), ("history", "other")):
        assert "it holds bao" in str(ask(*arguments).exception)


@pytest.mark.usefixtures("broken")
def test_the_figures_for_prometheus_are_well_formed_and_have_help(ask):
    answer = ask("--prometheus")
    assert answer.exit_code == 0
    sample = re.compile(
        r'[a-z_]+(\{[a-z]+="(?:[^"\\\n]|\\.)*"(,[a-z]+="(?:[^"\\\n]|\\.)*")*\})? -?[\d.e+]+'
    )
    lines = answer.output.splitlines()
    assert all(line.startswith("# ") or sample.fullmatch(line) for line in lines)
    assert {line.split()[2] for line in lines if line.startswith("# HELP")} == METRICS.keys()
    assert 'dqtv_alarm{site="bao",kind="field_missing",field="byline",acknowledged="no"} 1' in lines
    assert 'dqtv_field_share{site="bao",field="byline"} 0.25' in lines
    assert 'dqtv_run_failures{site="bao",reason="timeout"} 8' in lines
    assert "dqtv_alarms_open 1" in lines


def test_labels_with_odd_characters_are_escaped(root):
    with Store.open(root) as store, store.transaction():
        see(store.connection, [Finding(site="bao", kind=Kind.LIST_EMPTY, field='a"b\\c\nd')], NOW)
        text = prometheus_text(store.connection, NOW)
    assert 'field="a\\"b\\\\c\\nd"' in text


def test_the_file_is_written_whole_and_readable_by_others(ask, tmp_path):
    file = tmp_path / "dqtv.prom"
    file.write_text("old")
    assert ask("--prometheus", "--out", str(file)).exit_code == 0
    assert "dqtv_alarms_open 0" in file.read_text()
    assert file.stat().st_mode & 0o777 == 0o644
    assert [x.name for x in tmp_path.iterdir() if "prom" in x.name] == ["dqtv.prom"]


def test_a_folder_that_is_not_there_is_named(ask, tmp_path):
    answer = ask("--prometheus", "--out", str(tmp_path / "none" / "x.prom"))
    assert isinstance(answer.exception, ArchiveUnwritable)
    assert "none/x.prom" in str(answer.exception)


@pytest.mark.parametrize("wrong", [("--out", "x"), ("--prometheus", "--json"), ("--prometheus", "bao")])  # fmt: skip
def test_options_that_do_not_go_together_are_refused(ask, wrong):
    assert isinstance(ask(*wrong).exception, UsageError)


def test_every_metric_and_every_key_of_the_measures_is_documented():
    text = (Path(__file__).parents[3] / "docs/health.md").read_text("utf-8")
    assert [name for name in METRICS if f"`{name}`" not in text] == []
    columns = {"run_id", "site", "kind", "started_at", "reason", "found", "fetched", "accepted", "articles", "newest_at"}  # fmt: skip
    keys = {x.name for x in Measures.__attrs_attrs__} - columns
    assert [key for key in keys if f"`{key}`" not in text] == []
    assert [kind for kind in Kind if f"`{kind}`" not in text] == []


def test_a_full_disk_is_an_alarm_of_the_archive_until_a_run_has_room(root):
    with Store.open(root) as store:
        for number, (reason, alarms) in enumerate((("disk nearly full", [(None, Kind.DISK_FULL)]), ("finished", []))):  # fmt: skip
            run_id = f"disk{number}"
            start_run(store, run_id, site="bao", command="crawl", now=NOW)
            finish_run(store, run_id, reason, RunCounts(), now=NOW)
            check_run(store, run_id, DAILY, NOW)
            assert [(x.site, x.kind) for x in open_alarms(store.connection)] == alarms


def test_a_run_that_goes_on_cannot_be_measured(root):
    with Store.open(root) as store:
        start_run(store, "going-on", site="bao", command="crawl", now=NOW)
        with pytest.raises(LookupError):
            measure(store.connection, "going-on", DAILY)


def test_a_backfill_is_measured_but_neither_judged_nor_compared(root):
    with Store.open(root) as store:
        start_run(store, "back", site="bao", command="crawl", now=NOW)
        finish_run(store, "back", "blocked", RunCounts(), now=NOW)
        check_run(store, "back", "backfill", NOW)
        assert open_alarms(store.connection) == []
        assert store.connection.execute("SELECT kind FROM site_health WHERE run_id = 'back'").fetchone() == ("backfill",)  # fmt: skip
