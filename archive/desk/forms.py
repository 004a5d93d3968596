"""The desk's JSON: stable fields, each described here. Missing is null; times are ISO 8601.

Search: ``ok``, ``query`` (text, from, to, exact, expand, sort, and each facet's chosen values:
paper, province, province_today, year, month, section, level), ``page`` (null where paged by key),
``page_size``, ``pages``, ``total``, ``total_capped`` (true: there are more), ``counts`` (list of tier 1-4, match ``exact`` or
``folded``, count, capped; a list without words has tier 0, match null), ``facets`` (by name: ``estimated``, ``values`` with value, count, chosen),
``facets_cut`` (true: counting them took too long), ``expansions`` (other ways to write the words, looked for too), ``did_you_mean`` (a spelling with
marks, or null), ``results``, ``next`` (address of what follows, or null), ``snapshot`` (id, built_at).
A result: ``id``, ``permalink``, ``url`` (at the paper), ``site``, ``paper``, ``province``,
``section``, ``byline``, ``authors``, ``title``, ``title_html``, ``excerpts_html`` (escaped, found words in ``<mark>``),
``published_at``, ``published_precision``, ``level``, ``relevance``, ``tier``, ``match``,
``gone`` (``takedown``: the paper took it down; ``missing``: not found once, not yet confirmed; else null).

Article: ``ok``, ``article`` and ``snapshot``; see ``article_form``.

Errors: ``ok`` false, ``error`` (a sentence in the page's language), ``status``. Of paging that cannot go on (410) also ``restart`` and
``continue``, addresses, the latter or null, and ``snapshot``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import attrs

from archive.desk.filters import PAGE_SIZE, Facet
from archive.desk.viewer import archived_copy
from archive.desk.visit import article_path

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from archive.desk.article import ShownArticle, Version
    from archive.desk.filters import Query
    from archive.desk.search import Hit, Results
    from archive.desk.snapshot import SnapshotFacts
    from archive.desk.visit import Visit
    from archive.textdiff import Piece
    from archive.versions import VersionDiff

Form = dict[str, object]


def query_form(query: Query) -> Form:
    """A search as understood, without its order."""
    return {
        "text": query.text,
        **{facet.value: query.chosen(facet) for facet in Facet},
        "from": query.published_from.isoformat() if query.published_from else None,
        "to": query.published_to.isoformat() if query.published_to else None,
        "exact": query.exact_only,
        "expand": query.expand,
    }


def results_form(
    results: Results,
    visit: Visit,
    snapshot: SnapshotFacts,
    gone: Mapping[str, str],
    *,
    following: str | None,
    by_key: bool,
) -> Form:
    """A page of search results; *gone* says which articles are not at their papers now.

    *following* is the address of the next page; one that was asked for *by_key* has no number.
    """
    query = results.query
    return {
        "ok": True,
        "query": {**query_form(query), "sort": query.sort.value},
        "page": None if by_key else query.page,
        "page_size": PAGE_SIZE,
        "pages": results.pages,
        "total": results.total,
        "total_capped": results.capped,
        "counts": [
            {
                "tier": count.tier.value,
                "match": count.tier.match,
                "count": count.count,
                "capped": count.capped,
            }
            for count in results.counts
        ],
        "facets": {
            counts.facet.value: {
                "estimated": counts.estimated,
                "values": [attrs.asdict(choice) for choice in counts.choices],
            }
            for counts in results.facets
        },
        "facets_cut": results.aids_cut,
        "expansions": results.expansions,
        "did_you_mean": results.spelling,
        "results": [_hit_form(hit, visit, gone.get(hit.id)) for hit in results.hits],
        "next": following,
        "snapshot": _snapshot_form(snapshot),
    }


def article_form(
    article: ShownArticle, visit: Visit, snapshot: SnapshotFacts, viewer: str | None = None
) -> Form:
    """One article: its columns, ``body`` as a list of paragraphs, figures, evidence, versions.

    ``capture`` tells where the raw page lies: url, captured_at (UTC), warc_file, offset, length, and
    archived_copy, where the *viewer* shows it (null without one).
    ``elsewhere`` lists articles with the same text: id, title, paper, published_at,
    published_precision, is_origin; ``origin_source`` is ``credit``, ``date`` or null (unknown).
    ``text_changes`` lists kind and count of characters; null: not kept then. ``addresses`` lists url,
    source and first_seen_at; ``notes``, what became of it at its paper: kind (missing, takedown,
    found_again, return, off_topic, on_topic, redirect, moved), at and since (UTC), url, target; ``gone`` is true when it was
    not there when last looked for.
    """
    plain = (
        "id", "site", "paper", "url", "byline", "authors", "dateline", "section", "tags",
        "province", "province_today", "published_at", "published_precision", "date_source", "body_source",
        "body_state", "page_kind", "first_captured_at", "last_captured_at", "word_count", "level", "relevance",
        "version",
    )  # fmt: skip
    return {
        "ok": True,
        "article": {
            **{name: getattr(article, name) for name in plain},
            "permalink": visit.absolute(article_path(article.id)),
            "title": article.title.text,
            "sapo": article.sapo.text if article.sapo else None,
            "body": [paragraph.text for paragraph in article.paragraphs],
            "figures": [attrs.asdict(figure) for figure in article.figures],
            "evidence": [attrs.asdict(part) for part in article.evidence],
            "capture": {
                "url": article.capture_url,
                "captured_at": article.captured_at,
                "warc_file": article.location.warc_file,
                "offset": article.location.offset,
                "length": article.location.length,
                "archived_copy": archived_copy(viewer, article.capture_url, article.captured_at),
            },
            "versions": [_version_form(version, viewer) for version in article.versions],
            "text_changes": None
            if article.text_changes is None
            else [attrs.asdict(repair) for repair in article.text_changes],
            "addresses": [attrs.asdict(address) for address in article.addresses],
            "notes": [attrs.asdict(note) for note in article.notes],
            "gone": article.is_gone,
            "elsewhere": [attrs.asdict(other) for other in article.elsewhere],
            "is_origin": article.is_origin,
            "origin_source": article.origin_source,
        },
        "snapshot": _snapshot_form(snapshot),
    }


def _version_form(version: Version, viewer: str | None) -> Form:
    return {
        "version": version.version,
        "seen_at": version.seen_at,
        "title": version.title,
        "url": version.capture_url,
        "captured_at": version.captured_at,
        "archived_copy": archived_copy(viewer, version.capture_url, version.captured_at),
    }


def changes_form(diff: VersionDiff, visit: Visit, snapshot: SnapshotFacts) -> Form:
    """What changed from version ``from`` to version ``to`` of an article.

    ``title`` and ``sapo`` are lists of pieces, ``body`` a list of paragraphs, each a list of pieces; a
    piece has ``change`` (same, removed, added) and ``text``.
    """
    return {
        "ok": True,
        "article_id": diff.article_id,
        "permalink": visit.absolute(article_path(diff.article_id)),
        "from": {"version": diff.old.number, "seen_at": diff.old.seen_at},
        "to": {"version": diff.new.number, "seen_at": diff.new.seen_at},
        "title": _pieces(diff.title),
        "sapo": _pieces(diff.sapo),
        "body": [_pieces(paragraph.pieces) for paragraph in diff.body],
        "snapshot": _snapshot_form(snapshot),
    }


def _pieces(pieces: Iterable[Piece]) -> list[Form]:
    return [{"change": piece.change.value, "text": piece.text} for piece in pieces]


def error_form(message: str, status: int) -> Form:
    """An error."""
    return {"ok": False, "error": message, "status": status}


def _hit_form(hit: Hit, visit: Visit, gone: str | None) -> Form:
    return {
        "id": hit.id,
        "permalink": visit.absolute(article_path(hit.id)),
        "url": hit.url,
        "site": hit.site,
        "paper": hit.paper,
        "province": hit.province,
        "section": hit.section,
        "byline": hit.byline,
        "authors": hit.authors,
        "title": hit.title.text,
        "title_html": hit.title.__html__(),
        "excerpts_html": [excerpt.__html__() for excerpt in hit.excerpts],
        "published_at": hit.published_at,
        "published_precision": hit.published_precision,
        "level": hit.level,
        "relevance": hit.relevance,
        "tier": hit.tier.value,
        "match": hit.tier.match,
        "gone": gone,
    }


def _snapshot_form(snapshot: SnapshotFacts) -> Form:
    return {"id": snapshot.id, "built_at": snapshot.built_at}
