"""What the tables of a published snapshot hold: one sentence each, and one for each column.

Columns that the working database has as well are explained in ``columns.py``.
"""

from __future__ import annotations

from typing import Final

from archive.columns import DESCRIPTIONS

#: Table of a snapshot -> what it holds.
TABLES: Final = {
    "snapshot": "The snapshot itself, in one row.",
    "articles": "The articles, oldest first; undated ones before all others.",
    "article_facts": "The narrow part of the articles, for filters and counts.",
    "common_phrases": "Words and phrases that many articles have, and how many do.",
    "common_phrase_articles": "Which articles have each of them, as sets of bits.",
    "article_versions": "Every text an article has had.",
    "article_addresses": "Every address under which an article was met.",
    "events": "What became of articles at their papers: not found, taken down, back, led elsewhere.",
    "figures": "Captions and credits of the articles' pictures.",
    "evidence": "Why each article is here: the parts of its relevance score.",
    "removed_blocks": "Blocks left out of articles because their paper prints them with most articles.",
    "captures": "The fetches behind the articles, and where their raw pages lie.",
    "stories": "Texts that several articles print: reprints, and articles published twice.",
    "sites": "The papers, with what the snapshot holds of each.",
    "withdrawals": "Articles that were withdrawn from publication: no text, only that they were here.",
}
#: Columns of working tables that stay private.
NOT_PUBLIC: Final = {
    "articles": {"printed_digest"},
    "captures": {"ip"},
    "events": {"id", "capture_id"},
}
#: Columns that exist in the public database only.
PUBLIC_COLUMNS: Final[dict[str, dict[str, str]]] = {
    "snapshot": {
        "id": "Name of the snapshot: when it was built, and the start of its fingerprint.",
        "built_at": "When it was built, UTC.",
        "articles": "Number of articles.",
        "papers": "Number of papers with at least one article.",
        "first_published": "Earliest publication time.",
        "last_published": "Latest publication time.",
        "software": "Program and version that built it.",
    },
    "articles": {
        "docid": "Number in chronological order; changes from snapshot to snapshot.",
        "paper": "Name of the paper.",
        "captured_at": "When the page of the current version was captured, UTC.",
        "warc_file": "File holding that page, relative to the archive's warc folder.",
        "warc_offset": "Byte at which its record starts.",
        "warc_length": "Length of the record in bytes.",
        "year": "Year of publication.",
        "month": "Month of publication, such as 2024-03.",
    },
    "common_phrases": {
        "id": "Number of the phrase in this snapshot.",
        "form": "`exact`: diacritics count; `folded`: they do not, and đ is d.",
        "phrase": "One to five words in that form, with single spaces.",
        "articles": "How many articles have it in headline, lead or text.",
    },
    "common_phrase_articles": {
        "phrase_id": "Number of the phrase.",
        "first_docid": "Docid the piece begins with.",
        "docids": "Packed by zlib: the lowest bit of the first byte stands for the article `first_docid`, the next for the one after it.",
    },
    "article_facts": {
        "docid": "Number of the article in this snapshot.",
        "site": "Paper that published it.",
        "province": "Province of the paper at publication.",
        "province_today": "The same province under today's name.",
        "year": "Year of publication.",
        "month": "Month of publication, such as 2024-03.",
        "level": "1 mentions Vietnam's militia, 2 is about it; 0: an earlier version did, this one no longer does.",
        "section": "Section as the article page names it.",
        "page_kind": "Kind of page the article stood on: article, album, video ...",
        "published_at": "Publication time, ISO 8601 with +07:00; NULL when unknown.",
        "story_id": "Story that other articles print as well; NULL where there is none.",
    },
    "stories": {
        "id": "Name of the story: id of its article that was captured first.",
        "articles": "Articles that print the text.",
        "papers": "Papers that printed it.",
        "origin_id": "Article the others were taken from; NULL when nothing says which one.",
        "origin_source": "credit: the others name its paper. date: it is older than all others.",
        "first_published": "Earliest publication time among them.",
    },
    "withdrawals": {
        "id": "Id of the article; never used again.",
        "site": "Paper that published it.",
        "url": "Canonical address at the paper.",
        "published_at": "Publication time, ISO 8601 with +07:00; NULL when unknown.",
        "reason": "Why it was withdrawn.",
        "withdrawn_at": "When it was withdrawn, UTC.",
    },
    "sites": {
        "articles": "Articles of the paper in this snapshot.",
        "first_published": "Earliest publication time.",
        "last_published": "Latest publication time.",
    },
}


def public_descriptions(table: str) -> dict[str, str]:
    """Column -> its sentence, for every column that *table* of a snapshot may have."""
    columns = DESCRIPTIONS.get(table, {}) | PUBLIC_COLUMNS.get(table, {})
    return {
        column: text for column, text in columns.items() if column not in NOT_PUBLIC.get(table, ())
    }
