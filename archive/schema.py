"""Tables of the working database ``archive.db``: named migrations and one description per column.

``DESCRIPTIONS`` is the only place where columns are explained; the documentation and the public
database's metadata are rendered from it, and a test fails when a column has none.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from sqlite_utils import Migrations

if TYPE_CHECKING:
    from sqlite_utils import Database

MIGRATIONS: Final = Migrations("dqtv-archive")

_INITIAL = """
CREATE TABLE sites (
    id TEXT PRIMARY KEY,
    name TEXT NOT NULL,
    province TEXT,
    homepage TEXT NOT NULL,
    family TEXT,
    languages TEXT NOT NULL,
    status TEXT NOT NULL,
    first_captured_at TEXT,
    last_captured_at TEXT
);
CREATE TABLE runs (
    id TEXT PRIMARY KEY,
    site TEXT NOT NULL,
    command TEXT NOT NULL,
    holder TEXT NOT NULL,
    started_at TEXT NOT NULL,
    finished_at TEXT,
    reason TEXT,
    counts TEXT
);
CREATE TABLE warc_files (
    name TEXT PRIMARY KEY,
    site TEXT NOT NULL,
    run_id TEXT NOT NULL,
    opened_at TEXT NOT NULL,
    closed_at TEXT,
    bytes INTEGER,
    sha256 TEXT,
    verified_at TEXT
);
CREATE TABLE captures (
    id TEXT PRIMARY KEY,
    site TEXT NOT NULL,
    url TEXT NOT NULL,
    fetched_at TEXT NOT NULL,
    status INTEGER NOT NULL,
    kind TEXT NOT NULL,
    content_type TEXT,
    warc_file TEXT NOT NULL,
    offset INTEGER NOT NULL,
    length INTEGER NOT NULL,
    payload_sha256 TEXT,
    run_id TEXT,
    robots TEXT,
    ip TEXT
);
CREATE INDEX captures_by_url ON captures (url, fetched_at);
CREATE INDEX captures_by_digest ON captures (payload_sha256);
CREATE INDEX captures_by_file ON captures (warc_file, offset);
CREATE TABLE articles (
    id TEXT PRIMARY KEY,
    site TEXT NOT NULL,
    url TEXT NOT NULL,
    title TEXT NOT NULL,
    sapo TEXT,
    body TEXT NOT NULL,
    byline TEXT,
    authors TEXT NOT NULL,
    dateline TEXT,
    section TEXT,
    tags TEXT NOT NULL,
    province TEXT,
    published_at TEXT,
    published_raw TEXT,
    published_precision TEXT,
    modified_at TEXT,
    title_source TEXT,
    sapo_source TEXT,
    date_source TEXT,
    author_source TEXT,
    body_source TEXT,
    body_state TEXT NOT NULL,
    first_captured_at TEXT NOT NULL,
    last_captured_at TEXT NOT NULL,
    version INTEGER NOT NULL,
    capture_id TEXT NOT NULL REFERENCES captures (id),
    text_sha256 TEXT NOT NULL,
    relevance REAL NOT NULL,
    level INTEGER NOT NULL,
    story_id TEXT,
    word_count INTEGER NOT NULL
);
CREATE INDEX articles_by_site ON articles (site, published_at);
CREATE INDEX articles_by_url ON articles (url);
CREATE INDEX articles_by_capture ON articles (capture_id);
CREATE TABLE article_versions (
    article_id TEXT NOT NULL REFERENCES articles (id),
    version INTEGER NOT NULL,
    capture_id TEXT NOT NULL REFERENCES captures (id),
    text_sha256 TEXT NOT NULL,
    title TEXT NOT NULL,
    sapo TEXT,
    body TEXT NOT NULL,
    seen_at TEXT NOT NULL,
    PRIMARY KEY (article_id, version)
);
CREATE TABLE figures (
    article_id TEXT NOT NULL REFERENCES articles (id),
    position INTEGER NOT NULL,
    url TEXT,
    caption TEXT,
    credit TEXT,
    PRIMARY KEY (article_id, position)
);
CREATE TABLE evidence (
    article_id TEXT NOT NULL REFERENCES articles (id),
    position INTEGER NOT NULL,
    part TEXT NOT NULL,
    term TEXT NOT NULL,
    count INTEGER NOT NULL,
    weight REAL NOT NULL,
    PRIMARY KEY (article_id, position)
);
CREATE TABLE events (
    id INTEGER PRIMARY KEY,
    site TEXT NOT NULL,
    url TEXT NOT NULL,
    article_id TEXT,
    kind TEXT NOT NULL,
    detail TEXT,
    capture_id TEXT,
    happened_at TEXT NOT NULL
);
CREATE INDEX events_by_url ON events (url, kind);
CREATE INDEX events_by_article ON events (article_id, kind);
CREATE TABLE rejections (
    url TEXT NOT NULL,
    site TEXT NOT NULL,
    reason TEXT NOT NULL,
    detail TEXT,
    title TEXT,
    score REAL,
    evidence TEXT,
    capture_id TEXT NOT NULL,
    run_id TEXT,
    rejected_at TEXT NOT NULL,
    PRIMARY KEY (site, url)
);
CREATE TABLE frontier (
    id INTEGER PRIMARY KEY,
    site TEXT NOT NULL,
    url_key TEXT NOT NULL,
    url TEXT NOT NULL,
    kind TEXT NOT NULL,
    seed TEXT,
    page INTEGER,
    priority INTEGER NOT NULL DEFAULT 0,
    hops INTEGER NOT NULL DEFAULT 0,
    state TEXT NOT NULL DEFAULT 'found'
        CHECK (state IN ('found', 'leased', 'done', 'failed')),
    attempts INTEGER NOT NULL DEFAULT 0,
    interrupted INTEGER NOT NULL DEFAULT 0,
    not_before REAL NOT NULL DEFAULT 0,
    found_at TEXT NOT NULL,
    found_on TEXT,
    settled_at TEXT,
    outcome TEXT,
    detail TEXT,
    run_id TEXT,
    UNIQUE (site, url_key)
);
CREATE INDEX frontier_ready ON frontier (site, priority DESC, id) WHERE state = 'found';
CREATE TABLE site_locks (
    site TEXT PRIMARY KEY,
    token TEXT NOT NULL,
    holder TEXT NOT NULL,
    acquired_at REAL NOT NULL,
    expires_at REAL NOT NULL,
    last_fetch_at REAL
);
"""


@MIGRATIONS()
def m001_initial(db: Database) -> None:
    """Create every table of the first release."""
    for statement in _INITIAL.split(";"):
        if statement.strip():
            db.execute(statement)


#: Tables that never leave the working database.
PRIVATE_TABLES: Final = ("frontier", "site_locks", "rejections", "runs", "warc_files")

DESCRIPTIONS: Final[dict[str, dict[str, str]]] = {
    "sites": {
        "id": "Stable short name of the paper; never reused, never renamed.",
        "name": "Name of the paper.",
        "province": "Province or city the paper serves, under today's name.",
        "homepage": "Address of the paper's home page.",
        "family": "CMS family whose layouts read the pages; NULL when the generic path reads them.",
        "languages": "Languages of the paper, as a JSON list of codes.",
        "status": "active, off, former or demo.",
        "first_captured_at": "Instant of the first capture, UTC.",
        "last_captured_at": "Instant of the newest capture, UTC.",
    },
    "runs": {
        "id": "Run id: start instant in UTC and a random part.",
        "site": "Site crawled, or the file imported.",
        "command": "crawl, import or replay.",
        "holder": "Host, process number and process start that run it; tells a killed run from a live one.",
        "started_at": "Start of the run, UTC.",
        "finished_at": "End of the run, UTC; NULL while it runs or after it was killed.",
        "reason": "Why it ended: finished, interrupted, page limit, error.",
        "counts": "Found, fetched, accepted, rejected and failed by reason, as JSON.",
    },
    "warc_files": {
        "name": "File name relative to the archive's warc folder.",
        "site": "Site whose pages it holds.",
        "run_id": "Run that wrote it.",
        "opened_at": "When it was begun, UTC.",
        "closed_at": "When it was closed and renamed, UTC; NULL while open.",
        "bytes": "Length of the closed file in bytes.",
        "sha256": "Hex SHA-256 of the closed file.",
        "verified_at": "Instant of the last successful check, UTC.",
    },
    "captures": {
        "id": "UUID of the WARC record.",
        "site": "Site the page belongs to.",
        "url": "Address that was fetched.",
        "fetched_at": "Instant of the fetch, UTC.",
        "status": "HTTP status code.",
        "kind": "response, revisit or import.",
        "content_type": "Content-Type header as sent.",
        "warc_file": "File holding the record, relative to the archive's warc folder.",
        "offset": "Byte at which the record's gzip member starts.",
        "length": "Length of the gzip member in bytes.",
        "payload_sha256": "Hex SHA-256 of the payload as transferred.",
        "run_id": "Run that fetched or imported it.",
        "robots": "What robots.txt said: allowed, or not_consulted for imports.",
        "ip": "Address of the server that answered.",
    },
    "articles": {
        "id": "Stable article id: site, colon, the CMS's own number or a hash of the address.",
        "site": "Paper that published it.",
        "url": "Canonical address at the paper.",
        "title": "Headline.",
        "sapo": "Lead paragraph as the paper marks it.",
        "body": "Text, paragraphs joined by a blank line; without captions, byline and boilerplate.",
        "byline": "Author line verbatim.",
        "authors": "People named as authors, as a JSON list.",
        "dateline": "Place or agency mark that opened the text, verbatim.",
        "section": "Section as the article page names it.",
        "tags": "Tags printed with the article, as a JSON list.",
        "province": "Province or city the paper served, under the name it had on the day of publication; without a day, only where it never had another.",
        "published_at": "Publication time, ISO 8601 with +07:00; NULL when the page gives none.",
        "published_raw": "The text the date was read from.",
        "published_precision": "second, minute or day.",
        "modified_at": "Last change as the page states it, ISO 8601 with +07:00.",
        "title_source": "Where the headline was read.",
        "sapo_source": "Where the lead was read.",
        "date_source": "Where the date was read.",
        "author_source": "Where the byline was read.",
        "body_source": "rule (the CMS family's layout) or fallback (the generic path).",
        "body_state": "full, lead_only or encoded.",
        "first_captured_at": "First capture of the article, UTC.",
        "last_captured_at": "Newest capture of the article, UTC.",
        "version": "Number of the current version, from 1.",
        "capture_id": "Capture the current version was read from.",
        "text_sha256": "Hex SHA-256 of title, lead and body of the current version.",
        "relevance": "Relevance score; the evidence table holds its parts.",
        "level": "1 mentions Vietnam's militia, 2 is about it.",
        "story_id": "Story shared with other papers; NULL until compared.",
        "word_count": "Syllables in lead and body.",
    },
    "article_versions": {
        "article_id": "Article.",
        "version": "Number of the version, from 1.",
        "capture_id": "Capture it was read from.",
        "text_sha256": "Hex SHA-256 of title, lead and body.",
        "title": "Headline of this version.",
        "sapo": "Lead of this version.",
        "body": "Text of this version.",
        "seen_at": "When this version was first seen, UTC.",
    },
    "figures": {
        "article_id": "Article.",
        "position": "Order on the page, from 1.",
        "url": "Address of the picture.",
        "caption": "Caption as printed.",
        "credit": "Photo credit as printed.",
    },
    "evidence": {
        "article_id": "Article.",
        "position": "Order in the explanation, from 1.",
        "part": "Part of the rule that applied.",
        "term": "Term as it stands in the text, or the rule's name.",
        "count": "How often it occurs there.",
        "weight": "Points it added to the relevance score.",
    },
    "events": {
        "id": "Number of the event.",
        "site": "Site.",
        "url": "Address concerned.",
        "article_id": "Article concerned, if one is known.",
        "kind": "takedown, return or redirect.",
        "detail": "What was seen.",
        "capture_id": "Capture that shows it.",
        "happened_at": "When it was seen, UTC.",
    },
    "rejections": {
        "url": "Address of the page.",
        "site": "Site.",
        "reason": "Why the page is no article of this archive.",
        "detail": "The reason in a sentence.",
        "title": "Headline, if one was read.",
        "score": "Relevance score, if one was computed.",
        "evidence": "Parts of the score, as JSON.",
        "capture_id": "Capture that was judged.",
        "run_id": "Run that judged it.",
        "rejected_at": "When it was judged, UTC.",
    },
    "frontier": {
        "id": "Row number; also the order of discovery.",
        "site": "Site.",
        "url_key": "Normalised address, one row per site and key.",
        "url": "Address to fetch.",
        "kind": "article, feed, sitemap, listing or json_listing.",
        "seed": "Seed of the site file it came from.",
        "page": "Number of the listing page.",
        "priority": "Higher is fetched earlier.",
        "hops": "Redirects that led here.",
        "state": "found, leased, done or failed.",
        "attempts": "Fetches that failed.",
        "interrupted": "Times the crawling process died while this address was being fetched.",
        "not_before": "Unix time before which it is not fetched again.",
        "found_at": "When it was found, UTC.",
        "found_on": "Page it was found on.",
        "settled_at": "When its last outcome was stored, UTC.",
        "outcome": "Last outcome.",
        "detail": "What went wrong, if anything.",
        "run_id": "Run that settled it last.",
    },
    "site_locks": {
        "site": "Site.",
        "token": "Random token of the holder.",
        "holder": "Host and process that crawls the site.",
        "acquired_at": "Unix time of the start.",
        "expires_at": "Unix time at which the lock may be taken over.",
        "last_fetch_at": "Unix time of the last request, kept between runs so that the delay holds.",
    },
}
