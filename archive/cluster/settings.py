"""Names of the settings by which a machine belongs to a cluster; no package is needed to read them."""

from __future__ import annotations

import os
from typing import Final

#: PostgreSQL with the leases and the queue, as libpq reads it.
DATABASE_VARIABLE: Final = "DQTV_CLUSTER_DATABASE"
#: fsspec URL of the place where workers and the archive hand things over.
HUB_VARIABLE: Final = "DQTV_CLUSTER_HUB"
#: Folder of a worker for what is not home yet.
SPOOL_VARIABLE: Final = "DQTV_CLUSTER_SPOOL"


def from_environment(variable: str) -> str | None:
    """Value of a variable of the environment; None when it is not set or empty."""
    return os.environ.get(variable) or None
