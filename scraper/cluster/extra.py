"""What crawling on several machines needs beside the program itself, asked for only when it is used."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

from archive.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Iterator

DATABASE_VARIABLE: Final = "DQTV_CLUSTER_DATABASE"
HUB_VARIABLE: Final = "DQTV_CLUSTER_HUB"
SPOOL_VARIABLE: Final = "DQTV_CLUSTER_SPOOL"

#: Packages of the extra ``cluster``, and those it brings along.
_PACKAGES: Final = frozenset(
    {"procrastinate", "psycopg", "psycopg_pool", "psycopg_binary", "fsspec", "croniter"}
)


@contextmanager
def cluster_extra() -> Iterator[None]:
    """Raise UsageError with the way out where a package of the extra is missing."""
    try:
        yield
    except ImportError as error:
        if (error.name or "").partition(".")[0] not in _PACKAGES:
            raise
        raise UsageError(
            f"crawling on several machines needs the package {error.name}, which is not installed:"
            " pip install 'dqtv-archive[cluster]'"
        ) from error


def asked_for(value: str | None, option: str, variable: str, what: str) -> str:
    """*value* of an option that has no default. Raises UsageError naming option and variable when it is missing."""
    if value:
        return value
    raise UsageError(f"say {what}: {option}, or set {variable}")
