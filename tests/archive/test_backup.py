"""A backup holds what an archive cannot be rebuilt without."""

from archive.backup import back_up
from archive.withdrawals import read_withdrawals, withdraw


def test_what_was_withdrawn_is_withdrawn_in_the_backup_too(
    store, save, make_accepted, tmp_path, now
):
    save(make_accepted(number=1))
    withdraw(store.root, "bao:1", reason="Theo yêu cầu của báo", now=now)
    made = back_up(store, tmp_path / "copies", now=now, site_files={}, versions={}, with_warc=False)
    assert made.articles == 1
    assert read_withdrawals(made.path).keys() == {"bao:1"}


def test_an_archive_without_withdrawals_is_backed_up_all_the_same(store, tmp_path, now):
    made = back_up(store, tmp_path / "copies", now=now, site_files={}, versions={}, with_warc=False)
    assert read_withdrawals(made.path) == {}
