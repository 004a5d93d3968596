"""The table of what was taken from workers on other machines."""

from __future__ import annotations

from typing import Final

INGESTED_SEGMENTS: Final = """
CREATE TABLE ingested_segments (
    site TEXT NOT NULL,
    token INTEGER NOT NULL,
    seq INTEGER NOT NULL,
    manifest_sha256 TEXT NOT NULL,
    "rows" INTEGER NOT NULL,
    files INTEGER NOT NULL,
    software TEXT NOT NULL,
    sealed_at TEXT NOT NULL,
    stored_at TEXT NOT NULL,
    PRIMARY KEY (site, token, seq)
) WITHOUT ROWID
"""
