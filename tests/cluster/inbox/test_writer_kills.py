"""The writer killed at random instants stores everything once and nothing stale: ``benchmarks/cluster``, in short.

``DQTV_WRITER_KILLS=30`` makes it the whole measurement, with 20 manifests for each kill.
"""

from __future__ import annotations

import importlib
import os
import sys
from pathlib import Path

import pytest

pytest.importorskip("fsspec", reason="the extra `cluster` is not installed")
pytestmark = [pytest.mark.end_to_end, pytest.mark.timeout(1800)]

KILLS = int(os.environ.get("DQTV_WRITER_KILLS", "3"))


@pytest.fixture
def kills(monkeypatch):
    monkeypatch.syspath_prepend(str(Path(__file__).parents[3] / "benchmarks" / "cluster"))
    yield importlib.import_module("writer_kills")
    for name in ("writer_kills", "invented"):
        sys.modules.pop(name, None)


def test_a_writer_killed_again_and_again_stores_all_rows_once_and_refuses_all_that_is_stale(
    kills, postgres, tmp_path
):
    bench = kills.Bench(folder=tmp_path, dsn=postgres)
    outcome = kills.try_kills(bench, sites=KILLS, each=10 if KILLS > 3 else 4, kills=KILLS, seed=20261126)  # fmt: skip
    assert outcome.problems == []
    assert outcome.kills >= KILLS - 1
    assert outcome.articles == outcome.expected > 0
    assert outcome.refused == outcome.stored == outcome.manifests // 2
