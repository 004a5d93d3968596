"""The plan of rechecks as settings say it."""

import pytest

from archive.errors import UsageError
from archive.rechecks import RecheckPlan
from scraper import settings
from scraper.recheck_settings import recheck_plan

USUAL = {name: value for name, value in vars(settings).items() if name.startswith("DQTV_")}


def test_the_settings_as_they_come_are_the_plan_as_documented():
    assert recheck_plan(USUAL) == RecheckPlan()


def test_text_of_the_environment_and_values_of_scrapy_are_read_alike():
    assert recheck_plan(USUAL | {"DQTV_RECHECK_DAYS": [2, 4.5]}).days == (2, 4.5)
    assert recheck_plan(USUAL | {"DQTV_RECHECK_DAYS": " 2, 4.5 "}).days == (2, 4.5)


def test_nothing_is_checked_again_for_an_empty_list_and_never_again_for_a_zero():
    plan = recheck_plan(USUAL | {"DQTV_RECHECK_DAYS": "", "DQTV_RECHECK_THEN_EVERY": "0"})
    assert (plan.days, plan.then_every) == ((), None)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("DQTV_RECHECK_DAYS", "1,soon"),
        ("DQTV_RECHECKS_PER_RUN", "many"),
        ("DQTV_RECHECK_DAYS", "3,1"),
    ],
)
def test_what_is_no_plan_is_refused_with_its_name_or_its_days(name, value):
    with pytest.raises(UsageError, match=rf"{name}|3, 1"):
        recheck_plan(USUAL | {name: value})
