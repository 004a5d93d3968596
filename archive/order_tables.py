"""The tables of orders and of the audit trail; triggers keep what was asked and done from being taken back."""

from __future__ import annotations

from typing import Final

ORDER_TABLES: Final = (
    """
CREATE TABLE orders (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    kind TEXT NOT NULL,
    site TEXT NOT NULL,
    options TEXT NOT NULL,
    asked_by TEXT NOT NULL,
    asked_at TEXT NOT NULL,
    expires_at TEXT NOT NULL,
    note TEXT,
    tries INTEGER NOT NULL DEFAULT 0,
    taken_at TEXT,
    holder TEXT,
    seen_at TEXT,
    finished_at TEXT,
    outcome TEXT,
    message TEXT,
    result TEXT,
    run_id TEXT
)""",
    "CREATE UNIQUE INDEX orders_open ON orders (site, kind, options, ifnull(run_id, '')) WHERE finished_at IS NULL",
    """
CREATE TABLE audit (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    at TEXT NOT NULL,
    who TEXT NOT NULL,
    action TEXT NOT NULL,
    site TEXT,
    order_id INTEGER REFERENCES orders (id),
    detail TEXT,
    before TEXT,
    after TEXT
)""",
    "CREATE INDEX orders_in_order ON orders (id) WHERE finished_at IS NULL",
    "CREATE INDEX audit_by_order ON audit (order_id)",
    "CREATE INDEX runs_open ON runs (started_at) WHERE finished_at IS NULL",
    (
        "CREATE TRIGGER orders_stay BEFORE DELETE ON orders"
        " BEGIN SELECT RAISE(ABORT, 'orders are never deleted'); END"
    ),
    (
        "CREATE TRIGGER audit_stays BEFORE DELETE ON audit"
        " BEGIN SELECT RAISE(ABORT, 'the audit trail is never cut'); END"
    ),
    (
        "CREATE TRIGGER audit_is_written_once BEFORE UPDATE ON audit"
        " BEGIN SELECT RAISE(ABORT, 'the audit trail is never changed'); END"
    ),
)
