"""Accounts: kept for their owner's eyes only, checked in equal time, never with the password itself."""

import stat
from datetime import UTC, datetime

import orjson
import pytest
from click.testing import CliRunner

from archive import accounts as accounts_module
from archive.accounts import LONGEST_PASSWORD, Account, Accounts
from archive.accounts_cli import accounts_group
from archive.errors import ArchiveError, ArchiveUnwritable, UsageError

NOW = datetime(2026, 11, 25, 8, tzinfo=UTC)
PASSWORD = "bốn từ chẳng liên quan"


@pytest.fixture(autouse=True)
def cheap_passwords(monkeypatch):
    """What makes guessing dear would make these tests slow."""
    monkeypatch.setitem(accounts_module._COST, "n", 16)


@pytest.fixture
def accounts(tmp_path):
    return Accounts(tmp_path)


def run(root, *arguments, password=PASSWORD):
    return CliRunner().invoke(
        accounts_group, [*arguments, "--archive", str(root)], input=f"{password}\n"
    )


def test_only_the_right_password_of_an_account_is_taken(accounts):
    accounts.add(Account.new("lan", PASSWORD, NOW))
    assert accounts.check("lan", PASSWORD).name == "lan"
    assert accounts.check(" LAN ", PASSWORD).name == "lan"
    assert accounts.check("lan", PASSWORD + "x") is None
    assert accounts.check("minh", PASSWORD) is None


def test_the_same_letters_written_another_way_are_the_same_password(accounts):
    accounts.add(Account.new("lan", "bốn từ chẳng liên quan", NOW))
    decomposed = "bo\u0302\u0301n tu\u031b\u0300 cha\u0306\u0309ng lie\u0302n quan"
    assert accounts.check("lan", decomposed).name == "lan"


def test_the_file_is_for_its_owner_and_holds_no_password(accounts):
    accounts.add(Account.new("lan", PASSWORD, NOW))
    accounts.add(Account.new("minh", PASSWORD, NOW))
    assert stat.S_IMODE(accounts.path.stat().st_mode) == 0o600
    text = accounts.path.read_text("utf-8")
    assert PASSWORD not in text
    lan, minh = orjson.loads(text)["accounts"].values()
    assert lan["hash"] != minh["hash"], "each has a salt of its own"
    assert [path.name for path in accounts.path.parent.iterdir()] == ["accounts.json"]


def test_another_password_changes_the_mark_of_an_account(accounts):
    accounts.add(Account.new("lan", PASSWORD, NOW))
    before = accounts.find("lan").mark
    accounts.replace(Account.new("lan", PASSWORD, NOW))
    assert accounts.find("lan").mark != before


@pytest.mark.parametrize("name", ["", "hai từ", "a/b", "x" * 41, "<b>"])
def test_a_name_that_will_not_do_is_refused(name):
    with pytest.raises(UsageError, match="no name for an account"):
        Account.new(name, PASSWORD, NOW)


@pytest.mark.parametrize(
    ("password", "reason"), [("short", "15 or more"), ("x" * (LONGEST_PASSWORD + 1), "too long")]
)
def test_a_password_that_will_not_do_is_refused(password, reason):
    with pytest.raises(UsageError, match=reason):
        Account.new("lan", password, NOW)


def test_a_name_is_added_once_and_removed_once(accounts):
    accounts.add(Account.new("lan", PASSWORD, NOW))
    with pytest.raises(UsageError, match="dqtv accounts password lan"):
        accounts.add(Account.new("Lan", PASSWORD, NOW))
    accounts.remove("LAN")
    assert accounts.all() == []
    with pytest.raises(UsageError, match="there are: none"):
        accounts.remove("lan")


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[]",
        "{}",
        '{"accounts": {"lan": {"salt": "zz", "hash": "", "added_at": ""}}}',
        '{"accounts": {"lan": {"salt": 1}}}',
        '{"accounts": 5}',
    ],
)
def test_a_damaged_file_is_named_with_the_way_out(accounts, text):
    accounts.path.write_text(text)
    with pytest.raises(ArchiveError, match=r"accounts\.json cannot be read.*dqtv accounts add"):
        accounts.check("lan", PASSWORD)


def test_an_archive_that_is_not_there_is_named(tmp_path):
    with pytest.raises(ArchiveUnwritable, match="nowhere"):
        Accounts(tmp_path / "nowhere").add(Account.new("lan", PASSWORD, NOW))


def test_the_commands_add_list_change_and_remove_accounts(tmp_path):
    assert "lan may log in" in run(tmp_path, "add", "Lan").output
    assert run(tmp_path, "list").output.startswith("lan  added 20")
    listed = orjson.loads(run(tmp_path, "list", "--json").output)
    assert [each.keys() for each in listed["accounts"]] == [{"name", "added_at"}]
    other = PASSWORD + " nữa"
    assert "log in again" in run(tmp_path, "password", "lan", password=other).output
    assert Accounts(tmp_path).check("lan", other)
    assert not Accounts(tmp_path).check("lan", PASSWORD)
    assert "no longer" in run(tmp_path, "remove", "lan").output
    assert "dqtv accounts add" in run(tmp_path, "list").output
