"""The tables of the first release, as ``schema.py`` creates them; later migrations change them."""

from __future__ import annotations

from typing import Final

FIRST_TABLES: Final = """
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
