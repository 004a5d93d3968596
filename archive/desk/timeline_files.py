"""A timeline as data: JSON and CSV.

JSON: ``ok``; ``by`` (``term``, ``paper``, ``province``, ``province_today``); ``unit`` (``month``, ``year``); ``periods``
(every one from the first to the last); ``series``: for each ``query`` (text), ``paper`` (id or null), ``total``,
``exact``, ``without_diacritics``, ``undated`` (hits), ``articles`` (all that pass the filters), ``share``, ``search`` (address of the
hits) and ``points``: ``period``, ``hits``, ``exact``, ``articles``, ``share`` (0 to 1, null without articles).
By province there is ``places`` in place of ``periods`` and ``series``: ``place`` (null: unknown), ``hits``, ``exact``, ``articles``,
``share``, ``search``. Last ``snapshot``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import urlencode

import attrs

from archive.desk import answers
from archive.desk.filters import web_parameters
from archive.export.csv_file import guarded

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from datasette.utils.asgi import Response

    from archive.desk.filters import Query
    from archive.desk.places import Place
    from archive.desk.series import Point, Series, Timeline
    from archive.desk.served import Served
    from archive.desk.visit import Visit


def timeline_form(timeline: Timeline, by: str, visit: Visit, snapshot: Served) -> dict[str, object]:
    """A timeline as JSON."""
    return {
        "ok": True,
        "by": by,
        "unit": timeline.unit.value,
        "periods": timeline.periods,
        "series": [
            _series_form(series, points, visit)
            for series, points in zip(timeline.series, timeline.points, strict=True)
        ],
        "snapshot": _snapshot_form(snapshot),
    }


def _series_form(series: Series, points: Iterable[Point], visit: Visit) -> dict[str, object]:
    counts = series.counts
    return {
        "query": series.query.text,
        "paper": series.paper,
        "total": counts.total,
        "exact": counts.exact_total,
        "without_diacritics": counts.total - counts.exact_total,
        "undated": counts.undated,
        "articles": sum(series.pool.values()),
        "share": series.share,
        "search": _search(visit, series.query),
        "points": [{**attrs.asdict(point), "share": point.share} for point in points],
    }


def places_form(
    places: Sequence[Place], by: str, text: str, visit: Visit, snapshot: Served
) -> dict[str, object]:
    """Hits by province as JSON."""
    return {
        "ok": True,
        "by": by,
        "query": text,
        "places": [
            {
                "place": place.name, "hits": place.hits, "exact": place.exact,
                "articles": place.articles, "share": place.share,
                "search": _search(visit, place.query) if place.query else None,
            }
            for place in places
        ],
        "snapshot": _snapshot_form(snapshot),
    }  # fmt: skip


def timeline_csv(timeline: Timeline, snapshot: Served) -> Response:
    """One line for each series and period, those without an article too; undated hits have no period."""
    lines: list[list[object]] = [["query", "paper", "period", "hits", "exact", "articles", "share"]]
    for series, points in zip(timeline.series, timeline.points, strict=True):
        own = [guarded(series.query.text), series.paper or ""]
        lines += [[*own, p.period, p.hits, p.exact, p.articles, _share(p.share)] for p in points]
        if undated := series.pool.get(None, 0):
            hits, exact = series.counts.undated, series.counts.exact.get(None, 0)
            lines.append([*own, "", hits, exact, undated, _share(hits / undated)])
    return answers.as_csv(lines, f"dqtv-timeline-{snapshot.facts.id}.csv")


def places_csv(places: Sequence[Place], by: str, text: str, snapshot: Served) -> Response:
    """One line for each province."""
    lines: list[list[object]] = [["query", by, "hits", "exact", "articles", "share"]]
    for place in places:
        shown = [place.hits, place.exact, place.articles, _share(place.share)]
        lines.append([guarded(text), place.name or "", *shown])
    return answers.as_csv(lines, f"dqtv-{by}-{snapshot.facts.id}.csv")


def _search(visit: Visit, query: Query) -> str:
    return f"{visit.absolute('/-/search')}?{urlencode(web_parameters(query), doseq=True)}"


def _share(share: float | None) -> str:
    return "" if share is None else f"{share:.6f}"


def _snapshot_form(snapshot: Served) -> dict[str, object]:
    return {"id": snapshot.facts.id, "built_at": snapshot.facts.built_at}
