"""A real PostgreSQL for the tests: Debian's, started in a temporary folder on a socket of its own."""

import os
import shutil
import subprocess
import uuid
from contextlib import closing
from pathlib import Path

import pytest

psycopg = pytest.importorskip("psycopg", reason="the extra dqtv-archive[cluster] is not installed")

_BINARIES = sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)


def _as_server(*words, folder):
    """PostgreSQL refuses to run as root."""
    prefix = (
        ["setpriv", "--reuid=postgres", "--regid=postgres", "--clear-groups"]
        if os.geteuid() == 0
        else []
    )
    return subprocess.run(
        [*prefix, *map(str, words)],
        cwd=folder,
        check=True,
        capture_output=True,
        text=True,
        timeout=60,
    )


@pytest.fixture(scope="session")
def postgres_server():
    """Folder of its socket; `start` and `kill` are for tests that take it away."""
    if not _BINARIES:
        pytest.skip("PostgreSQL is not installed: apt install postgresql")
    folder = Path("/tmp") / f"dqtv-pg-{uuid.uuid4().hex[:8]}"
    folder.mkdir()
    if os.geteuid() == 0:
        shutil.chown(folder, "postgres", "postgres")
    binaries = _BINARIES[0]
    options = f"-k {folder} -c listen_addresses= -c max_connections=60"
    try:
        _as_server(
            binaries / "initdb",
            "-D",
            folder / "data",
            "-U",
            "dqtv",
            "--auth=trust",
            "-N",
            folder=folder,
        )
        _as_server(
            binaries / "pg_ctl",
            "-D",
            folder / "data",
            "-o",
            options,
            "-l",
            folder / "log",
            "-w",
            "start",
            folder=folder,
        )
        yield folder
        _as_server(
            binaries / "pg_ctl",
            "-D",
            folder / "data",
            "-m",
            "immediate",
            "-w",
            "stop",
            folder=folder,
        )
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def postgres(postgres_server):
    """DSN of an empty database."""
    name = f"t{uuid.uuid4().hex[:12]}"
    with closing(
        psycopg.connect(f"host={postgres_server} user=dqtv dbname=postgres", autocommit=True)
    ) as connection:
        connection.execute(f"CREATE DATABASE {name}")
    yield f"host={postgres_server} user=dqtv dbname={name}"
    with closing(
        psycopg.connect(f"host={postgres_server} user=dqtv dbname=postgres", autocommit=True)
    ) as connection:
        connection.execute(f"DROP DATABASE {name} WITH (FORCE)")
