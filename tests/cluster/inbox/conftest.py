"""Workers whose pages are made up, a hub in a folder, leases in memory, and the archive that takes it all in."""

from __future__ import annotations

import importlib.util
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace

import attrs
import pytest

from archive.cluster.ingest import Ingest
from archive.errors import ClusterUnreachable
from archive.store import Store

_PLACE = Path(__file__).parents[3] / "benchmarks" / "cluster" / "invented.py"
_SPEC = importlib.util.spec_from_file_location("invented", _PLACE)
invented = importlib.util.module_from_spec(_SPEC)
_SPEC.loader.exec_module(invented)


@attrs.define
class _Judged:
    newest: int | None
    acked: int
    is_current: bool
    marked: int | None = None

    def mark(self, seq: int) -> None:
        assert self.is_current
        self.marked = seq


@attrs.define
class FakeLeases:
    """Tokens and acknowledgements in memory."""

    tokens: dict[str, int] = attrs.field(factory=dict)
    acked: dict[str, int] = attrs.field(factory=dict)
    states: dict[str, int] = attrs.field(factory=dict)
    #: Sites that were given back.
    free: set[str] = attrs.field(factory=set)
    #: Called before a verdict is given, with the number of verdicts before.
    on_judging: object = None
    judged: int = 0
    #: Marks are not committed: the database dies at that instant.
    goes_away: bool = False

    def take(self, site: str = "bao") -> int:
        self.tokens[site] = self.tokens.get(site, 0) + 1
        self.acked[site] = 0
        return self.tokens[site]

    @contextmanager
    def judging(self, site, token):
        if self.on_judging is not None:
            self.on_judging(self.judged)
        self.judged += 1
        newest = self.tokens.get(site)
        judgement = _Judged(newest, self.acked.get(site, 0), newest == token)
        yield judgement
        if judgement.marked is not None:
            if self.goes_away:
                raise ClusterUnreachable("gone")
            self.acked[site] = max(self.acked[site], judgement.marked)

    def rows(self):
        """As if every token were held, by a process on another machine."""
        return [
            SimpleNamespace(
                site=site, token=token, holder="elsewhere 1 2", is_held=site not in self.free
            )
            for site, token in self.tokens.items()
        ]

    def without_state(self):
        return [(site, x) for site, x in self.tokens.items() if self.states.get(site, 0) < x]

    def has_state(self, site, token):
        self.states[site] = token

    def raise_tokens(self, at_least, by=1000):
        for site in {*self.tokens, *at_least}:
            self.tokens[site] = max(self.tokens.get(site, 0), at_least.get(site, 0)) + by
            self.acked[site] = 0
            self.states[site] = self.tokens[site]


@pytest.fixture
def archive(tmp_path):
    with Store.open(tmp_path / "archive") as store:
        yield store


@pytest.fixture
def hub_url(tmp_path) -> str:
    return (tmp_path / "hub").as_uri()


@pytest.fixture
def fakes() -> FakeLeases:
    return FakeLeases()


@pytest.fixture
def begin_worker(tmp_path):
    """Makes workers with a spool of their own, begun from a state."""
    opened = []

    def begin(token: int, state: Path, *, site: str = "bao", name: str | None = None):
        worker = invented.begin(
            tmp_path / "spool" / (name or f"{site}-{token}"), site, token, state
        )
        opened.append(worker)
        return worker

    yield begin
    for worker in opened:
        worker.close()


@pytest.fixture
def worker(archive, hub, fakes, begin_worker, tmp_path):
    """The first holder, with its state from the `hub` of the module."""
    token = fakes.take()
    Ingest(archive, hub, fakes).step()
    assert hub.get_state("bao", token, tmp_path / "state.db")
    return begin_worker(token, tmp_path / "state.db")


@pytest.fixture
def twin(worker, begin_worker, tmp_path):
    """A second crawl with the token of the first, as after a restore of the leases."""
    assert worker
    return begin_worker(1, tmp_path / "state.db", name="twin")
