"""How instants are written as text: one fixed form each, so that text order is time order."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from typing import Final

#: Vietnam's clock: +07:00 all year since 1975, no summer time (IANA tz, Asia/Ho_Chi_Minh).
VIETNAM: Final = timezone(timedelta(hours=7))


def utc_text(instant: datetime) -> str:
    """Write an aware instant as ``2026-11-24T03:10:00.123456Z`` (also a valid WARC 1.1 date).

    Raises ValueError for a naive datetime, which names no instant.
    """
    return _aware(instant).astimezone(UTC).isoformat(timespec="microseconds")[:-6] + "Z"


def paper_text(instant: datetime) -> str:
    """Write an aware instant on the paper's own clock: ``2024-03-19T09:12:00+07:00``.

    Raises ValueError for a naive datetime.
    """
    return _aware(instant).astimezone(VIETNAM).isoformat(timespec="seconds")


def compact_text(instant: datetime) -> str:
    """Write an aware instant for names of files and runs: ``20261124T031000Z``.

    Raises ValueError for a naive datetime.
    """
    return _aware(instant).astimezone(UTC).strftime("%Y%m%dT%H%M%SZ")


def instant_of(unix: float) -> datetime:
    """The aware UTC datetime of a Unix time in seconds."""
    return datetime.fromtimestamp(unix, UTC)


def read_instant(text: str) -> datetime:
    """Read any of the forms above, and WARC dates of any precision, as an aware datetime.

    Raises ValueError when *text* is no instant or names no time zone. Digits beyond microseconds,
    which WARC 1.1 allows, are cut.
    """
    return _aware(datetime.fromisoformat(text.strip()))


def _aware(instant: datetime) -> datetime:
    if instant.tzinfo is None:
        raise ValueError(f"{instant.isoformat()} names no time zone")
    return instant
