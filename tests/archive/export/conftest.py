"""Small archives with a published snapshot to export from."""

from datetime import timedelta

import pytest

from archive.publish import publish
from archive.snapshot import newest_snapshot


@pytest.fixture
def fill(store, save, make_accepted, now):
    """Store some articles, publish, and return the snapshot."""

    def make(count=3, *, days=0, **changes):
        store_site(store)
        save(*(make_accepted(number=n, **changes) for n in range(1, count + 1)))
        publish(store.root, now=now + timedelta(days=days))
        return newest_snapshot(store.root)

    return make


def store_site(store):
    with store.transaction():
        store.sync_site(
            {
                "id": "bao", "name": "Báo Điện Biên", "province": "Điện Biên", "homepage": "http://bao.vn/",
                "family": None, "languages": ("vi",), "status": "demo",
            }
        )  # fmt: skip
