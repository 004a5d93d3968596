"""A worker of the engine whose heart beats until its last job has ended.

Procrastinate 3.10 stops the heartbeat when a worker begins to shut down, so that a crawl which takes longer over its
last page than `stalled_s` is given to a second worker (its pull request 1585; seen in three of three trials).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from procrastinate import utils
from procrastinate.worker import Worker

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Sequence

_HEARTBEAT = "update_heartbeats"


class DrainingWorker(Worker):  # type: ignore[misc]  # the engine's types are not read, see pyproject.toml
    """A worker that ends its heartbeat last."""

    async def _shutdown(self, side_tasks: Sequence[asyncio.Task[Any]]) -> None:
        beating = [task for task in side_tasks if task.get_name() == _HEARTBEAT]
        others = [task for task in side_tasks if task.get_name() != _HEARTBEAT]
        try:
            await super()._shutdown(side_tasks=others)
        finally:
            await utils.cancel_and_capture_errors(beating)
