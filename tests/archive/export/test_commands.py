"""``dqtv export`` and ``dqtv withdraw`` as they are typed."""

import json

import pytest
from click.testing import CliRunner

from archive.errors import UsageError
from scraper.cli import cli


def run(*words):
    result = CliRunner().invoke(cli, list(map(str, words)), catch_exceptions=False)
    return result.output


def test_export_says_what_it_wrote(fill, store, tmp_path):
    snapshot = fill()
    target = tmp_path / "a.csv"
    told = json.loads(
        run("export", "--archive", store.root, "--format", "csv", "--out", target, "--json")
    )
    assert told["rows"] == 3
    assert told["snapshot"] == snapshot.id
    assert told["bytes"] == target.stat().st_size


def test_withdrawals_are_listed(fill, store):
    fill()
    run("withdraw", "bao:1", "--reason", "Toà soạn yêu cầu", "--archive", store.root)
    assert "withdraw  bao:1  Toà soạn yêu cầu" in run("withdraw", "--list", "--archive", store.root)


def test_a_withdrawal_without_a_reason_is_refused(store):
    with pytest.raises(UsageError, match="why"):
        run("withdraw", "bao:1", "--archive", store.root)
