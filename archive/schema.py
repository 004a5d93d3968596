"""Tables of the working database ``archive.db``, as named migrations.

What each column means stands in ``columns.py``; a test fails when one has no description.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from archive.first_tables import FIRST_TABLES
from archive.inbox_tables import INGESTED_SEGMENTS
from archive.order_tables import ORDER_TABLES
from archive.plain_sqlite_utils import Migrations

if TYPE_CHECKING:
    from sqlite_utils import Database

MIGRATIONS: Final = Migrations("dqtv-archive")


def _run(db: Database, script: str) -> None:
    # executescript() would end the transaction that all migrations share
    for statement in script.split(";"):
        if statement.strip():
            db.execute(statement)


@MIGRATIONS()
def m001_initial(db: Database) -> None:
    """Create every table of the first release."""
    _run(db, FIRST_TABLES)


_ADDRESSES_AND_BACKFILLS = """
CREATE TABLE article_addresses (
    article_id TEXT NOT NULL,
    url TEXT NOT NULL,
    source TEXT NOT NULL,
    first_seen_at TEXT NOT NULL,
    PRIMARY KEY (article_id, url)
);
CREATE INDEX article_addresses_by_url ON article_addresses (url);
CREATE TABLE backfills (
    id INTEGER PRIMARY KEY,
    site TEXT NOT NULL,
    first_day TEXT NOT NULL,
    last_day TEXT NOT NULL,
    started_at TEXT NOT NULL,
    finished_at TEXT
);
CREATE TABLE backfill_seeds (
    backfill_id INTEGER NOT NULL REFERENCES backfills (id),
    seed TEXT NOT NULL,
    reason TEXT,
    PRIMARY KEY (backfill_id, seed)
);
CREATE TABLE backfill_pages (
    backfill_id INTEGER NOT NULL REFERENCES backfills (id),
    seed TEXT NOT NULL,
    page INTEGER NOT NULL,
    keys TEXT NOT NULL,
    PRIMARY KEY (backfill_id, seed, page)
);
ALTER TABLE frontier ADD COLUMN guess INTEGER NOT NULL DEFAULT 0;
ALTER TABLE frontier ADD COLUMN published_at TEXT;
ALTER TABLE frontier ADD COLUMN backfill_id INTEGER;
ALTER TABLE frontier ADD COLUMN polled_in TEXT;
"""


@MIGRATIONS()
def m002_addresses_and_backfills(db: Database) -> None:
    """Remember every address of an article, guesses that failed, and how far a backfill got."""
    _run(db, _ADDRESSES_AND_BACKFILLS)


_TEMPLATES = """
CREATE TABLE template_pages (
    id INTEGER PRIMARY KEY,
    site TEXT NOT NULL,
    layout TEXT NOT NULL,
    article_id TEXT NOT NULL,
    blocks TEXT NOT NULL,
    votes INTEGER NOT NULL,
    seen_at TEXT NOT NULL,
    UNIQUE (site, layout, article_id)
);
CREATE INDEX template_pages_in_order ON template_pages (site, layout, id);
CREATE TABLE template_blocks (
    site TEXT NOT NULL,
    layout TEXT NOT NULL,
    block TEXT NOT NULL,
    articles INTEGER NOT NULL,
    text TEXT,
    PRIMARY KEY (site, layout, block)
) WITHOUT ROWID;
CREATE TABLE removed_blocks (
    article_id TEXT NOT NULL REFERENCES articles (id),
    position INTEGER NOT NULL,
    text TEXT NOT NULL,
    articles INTEGER NOT NULL,
    of_articles INTEGER NOT NULL,
    PRIMARY KEY (article_id, position)
);
ALTER TABLE articles ADD COLUMN printed_digest TEXT;
"""


@MIGRATIONS()
def m003_templates(db: Database) -> None:
    """Count the blocks that recur on a site's pages, and keep what is left out for it."""
    _run(db, _TEMPLATES)


_TEXT_CHANGES_AND_PAGE_KIND = """
ALTER TABLE articles ADD COLUMN page_kind TEXT;
ALTER TABLE articles ADD COLUMN text_changes TEXT;
ALTER TABLE article_versions ADD COLUMN text_changes TEXT;
"""


@MIGRATIONS()
def m004_text_changes_and_page_kind(db: Database) -> None:
    """Keep what kind of page an article stood on, and what was changed in its text."""
    _run(db, _TEXT_CHANGES_AND_PAGE_KIND)


_VERIFICATIONS = """
CREATE TABLE verifications (
    id INTEGER PRIMARY KEY,
    file TEXT NOT NULL,
    checked_at TEXT NOT NULL,
    result TEXT NOT NULL,
    detail TEXT
);
CREATE INDEX verifications_by_file ON verifications (file, checked_at);
"""


@MIGRATIONS()
def m005_verifications(db: Database) -> None:
    """Keep the results of checking WARC files, with their dates."""
    _run(db, _VERIFICATIONS)


_RECHECKS = """
ALTER TABLE frontier ADD COLUMN article_id TEXT;
ALTER TABLE frontier ADD COLUMN recheck INTEGER NOT NULL DEFAULT 0;
ALTER TABLE frontier ADD COLUMN check_from REAL;
ALTER TABLE frontier ADD COLUMN check_step INTEGER;
ALTER TABLE frontier ADD COLUMN check_at REAL;
ALTER TABLE frontier ADD COLUMN check_set REAL;
ALTER TABLE frontier ADD COLUMN etag TEXT;
ALTER TABLE frontier ADD COLUMN last_modified TEXT;
ALTER TABLE frontier ADD COLUMN validator_capture TEXT;
CREATE INDEX frontier_checks ON frontier (site, check_at) WHERE check_at IS NOT NULL;
UPDATE frontier SET
    article_id = coalesce(
        (SELECT article_id FROM article_addresses AS a WHERE a.url = frontier.url AND source = 'captured'),
        (SELECT id FROM articles AS a WHERE a.url = frontier.url AND a.site = frontier.site),
        iif(url_key LIKE 'article:%', site || ':' || substr(url_key, 9), NULL)),
    check_step = 0,
    check_from = CAST(strftime('%s', settled_at) AS REAL),
    check_at = CAST(strftime('%s', settled_at) AS REAL) + 86400.0,
    check_set = CAST(strftime('%s', settled_at) AS REAL)
WHERE outcome = 'accepted' AND state = 'done';
"""


@MIGRATIONS()
def m006_rechecks(db: Database) -> None:
    """Plan when each known article is looked at again, and keep what conditional requests need."""
    _run(db, _RECHECKS)


_IMPORTS = """
CREATE TABLE imports (
    id INTEGER PRIMARY KEY,
    name TEXT NOT NULL,
    member TEXT,
    bytes INTEGER NOT NULL,
    sha256 TEXT NOT NULL,
    position INTEGER NOT NULL DEFAULT 0,
    all_pages INTEGER NOT NULL,
    started_at TEXT NOT NULL,
    finished_at TEXT
);
CREATE UNIQUE INDEX imports_by_source ON imports (sha256, ifnull(member, ''));
CREATE TABLE import_records (
    capture_id TEXT PRIMARY KEY REFERENCES captures (id),
    import_id INTEGER NOT NULL REFERENCES imports (id),
    record_id TEXT NOT NULL,
    offset INTEGER NOT NULL,
    payload_digest TEXT
);
CREATE INDEX import_records_by_import ON import_records (import_id);
CREATE INDEX import_records_by_digest ON import_records (payload_digest);
"""


@MIGRATIONS()
def m007_imports(db: Database) -> None:
    """Remember which file and record an imported capture is from, and how far a file was read."""
    _run(db, _IMPORTS)


_CRAWL_LOG = """
CREATE TABLE crawl_log (
    run_id TEXT NOT NULL,
    position INTEGER NOT NULL,
    site TEXT NOT NULL,
    url TEXT NOT NULL,
    kind TEXT NOT NULL,
    outcome TEXT NOT NULL,
    reason TEXT,
    status INTEGER,
    capture_id TEXT,
    asked_at TEXT,
    seconds REAL,
    bytes INTEGER,
    PRIMARY KEY (run_id, position)
) WITHOUT ROWID;
CREATE INDEX runs_by_site ON runs (site, started_at);
CREATE INDEX frontier_leased ON frontier (site) WHERE state = 'leased';
ALTER TABLE runs ADD COLUMN versions TEXT;
ALTER TABLE runs ADD COLUMN rules TEXT;
ALTER TABLE runs ADD COLUMN politeness TEXT;
ALTER TABLE runs ADD COLUMN robots TEXT;
"""


@MIGRATIONS()
def m008_crawl_log(db: Database) -> None:
    """Keep a line for every request, and what each run was made with."""
    _run(db, _CRAWL_LOG)


_SIGNATURES = """
CREATE TABLE text_signatures (
    article_id TEXT PRIMARY KEY REFERENCES articles (id) ON DELETE CASCADE,
    text_sha256 TEXT NOT NULL,
    method TEXT NOT NULL,
    signature BLOB
) WITHOUT ROWID
"""


@MIGRATIONS()
def m009_text_signatures(db: Database) -> None:
    """Keep what texts are compared by, so that only new ones are read when stories are looked for."""
    _run(db, _SIGNATURES)


@MIGRATIONS()
def m010_template_pages_by_date(db: Database) -> None:
    """Find the newest pages of a layout by when they were fetched."""
    _run(
        db,
        "DROP INDEX IF EXISTS template_pages_in_order;"
        "CREATE INDEX IF NOT EXISTS template_pages_by_date ON template_pages (site, layout, seen_at, article_id)",
    )


_SCHEDULE = """
CREATE TABLE schedules (
    site TEXT NOT NULL,
    job TEXT NOT NULL,
    timing TEXT NOT NULL,
    hours TEXT,
    jitter_s REAL NOT NULL,
    priority INTEGER NOT NULL,
    months INTEGER,
    paused_at TEXT,
    next_at REAL NOT NULL,
    failures INTEGER NOT NULL,
    set_at TEXT NOT NULL,
    PRIMARY KEY (site, job)
) WITHOUT ROWID;
CREATE TABLE scheduled_runs (
    id INTEGER PRIMARY KEY,
    site TEXT NOT NULL,
    job TEXT NOT NULL,
    due_at TEXT NOT NULL,
    started_at TEXT NOT NULL,
    holder TEXT NOT NULL,
    finished_at TEXT,
    reason TEXT,
    run_id TEXT
);
CREATE INDEX scheduled_runs_by_site ON scheduled_runs (site, started_at);
CREATE TABLE schedule_clock (
    id INTEGER PRIMARY KEY,
    seen_at REAL NOT NULL
);
"""


@MIGRATIONS()
def m012_schedule(db: Database) -> None:
    """Keep what is to be crawled when, what ran, and the clock it was planned by."""
    _run(db, _SCHEDULE)


_HEALTH = """
ALTER TABLE crawl_log ADD COLUMN fields TEXT;
ALTER TABLE crawl_log ADD COLUMN body_source TEXT;
ALTER TABLE crawl_log ADD COLUMN characters INTEGER;
ALTER TABLE crawl_log ADD COLUMN layout TEXT;
ALTER TABLE crawl_log ADD COLUMN charset TEXT;
ALTER TABLE crawl_log ADD COLUMN published_at TEXT;
ALTER TABLE crawl_log ADD COLUMN listed INTEGER;
CREATE TABLE site_health (
    run_id TEXT PRIMARY KEY,
    site TEXT NOT NULL,
    kind TEXT NOT NULL,
    started_at TEXT NOT NULL,
    reason TEXT NOT NULL,
    found INTEGER NOT NULL,
    fetched INTEGER NOT NULL,
    accepted INTEGER NOT NULL,
    articles INTEGER NOT NULL,
    newest_at TEXT,
    measures TEXT NOT NULL
) WITHOUT ROWID;
CREATE INDEX site_health_by_site ON site_health (site, started_at);
CREATE TABLE alarms (
    id INTEGER PRIMARY KEY,
    site TEXT,
    kind TEXT NOT NULL,
    field TEXT,
    opened_at TEXT NOT NULL,
    last_seen_at TEXT NOT NULL,
    closed_at TEXT,
    before REAL,
    now REAL,
    example_url TEXT,
    acknowledged_at TEXT,
    acknowledged_by TEXT,
    note TEXT,
    told_at TEXT
);
CREATE UNIQUE INDEX alarms_open ON alarms (ifnull(site, ''), kind, ifnull(field, '')) WHERE closed_at IS NULL;
CREATE INDEX alarms_by_site ON alarms (site, opened_at);
"""


@MIGRATIONS()
def m013_health(db: Database) -> None:
    """Keep what each run showed of its site, and what is out of the ordinary."""
    _run(db, _HEALTH)


_NOTICES = """
CREATE TABLE notices (
    id INTEGER PRIMARY KEY,
    channel TEXT NOT NULL,
    kind TEXT NOT NULL,
    subject TEXT NOT NULL,
    body TEXT NOT NULL,
    payload TEXT NOT NULL,
    created_at TEXT NOT NULL,
    due_at REAL,
    tries INTEGER NOT NULL DEFAULT 0,
    last_error TEXT,
    sent_at TEXT
);
CREATE INDEX notices_due ON notices (due_at) WHERE due_at IS NOT NULL;
CREATE INDEX notices_by_kind ON notices (kind, created_at);
"""


@MIGRATIONS()
def m014_notices(db: Database) -> None:
    """Keep what is to be told until it is told."""
    _run(db, _NOTICES)


@MIGRATIONS()
def m015_requests(db: Database) -> None:
    """Keep what archivists ask of the crawler, and a trail of all that was asked and done."""
    for statement in ORDER_TABLES:
        db.execute(statement)


@MIGRATIONS()
def m016_ingested_segments(db: Database) -> None:
    """Remember what was taken from workers on other machines, so that nothing is taken twice."""
    db.execute(INGESTED_SEGMENTS)


#: Tables that never leave the working database.
PRIVATE_TABLES: Final = (
    "frontier", "site_locks", "rejections", "runs", "warc_files", "backfills", "backfill_seeds", "backfill_pages",
    "template_pages", "template_blocks", "verifications", "imports", "import_records",
    "text_signatures", "crawl_log", "schedules", "scheduled_runs", "schedule_clock",
    "site_health", "alarms", "notices", "orders", "audit", "ingested_segments",
)  # fmt: skip
