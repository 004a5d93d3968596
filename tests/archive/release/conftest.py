"""Releases of the demo stories, built once."""

import importlib.util
from datetime import date
from pathlib import Path

import pytest

from archive.release.build import Wish, build_release

DAY = date(2026, 11, 25)


def _desk():
    path = Path(__file__).parents[1] / "desk/conftest.py"
    spec = importlib.util.spec_from_file_location("desk_fixtures", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="session")
def desk_fixtures():
    """What the tests of the desk build their snapshots with."""
    return _desk()


@pytest.fixture(scope="session")
def root(tmp_path_factory, desk_fixtures):
    """An archive with a snapshot of the demo stories; tests only read it."""
    folder = tmp_path_factory.mktemp("archive")
    desk_fixtures.build_snapshot(folder, desk_fixtures.demo_stories())
    return folder


@pytest.fixture(scope="session")
def released(root, tmp_path_factory):
    """The folder of a full release."""
    return build_release(root, tmp_path_factory.mktemp("out"), Wish(date=DAY)).path
