"""Read the plan of rechecks from Scrapy's settings, where numbers may be text from the environment."""

from __future__ import annotations

from typing import TYPE_CHECKING

from archive.errors import UsageError
from archive.rechecks import RecheckPlan

if TYPE_CHECKING:
    from collections.abc import Mapping


def recheck_plan(settings: Mapping[str, object]) -> RecheckPlan:
    """The plan that the settings of ``scraper/settings.py`` describe.

    Raises UsageError naming the setting that is no number, or for numbers that make no plan.
    """
    days = str(settings["DQTV_RECHECK_DAYS"]).strip("()[] ").split(",")
    return RecheckPlan(
        days=tuple(_number("DQTV_RECHECK_DAYS", day) for day in days if day.strip()),
        then_every=_setting(settings, "DQTV_RECHECK_THEN_EVERY") or None,
        second_look_hours=_setting(settings, "DQTV_SECOND_LOOK_HOURS"),
        per_run=int(_setting(settings, "DQTV_RECHECKS_PER_RUN")),
    )


def _setting(settings: Mapping[str, object], name: str) -> float:
    return _number(name, str(settings[name]))


def _number(name: str, text: str) -> float:
    try:
        return float(text)
    except ValueError as error:
        raise UsageError(f"{name}: {text!r} is no number") from error
