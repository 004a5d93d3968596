"""The field of a record that says what the crawl took the address for, in both directions.

WARC 1.1 lets readers ignore fields they do not know (ISO 28500:2017, 5.1), so other programs are not disturbed.
"""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Final
from urllib.parse import parse_qs, urlencode

from archive.model import Asked, DaySpan, UrlKind

if TYPE_CHECKING:
    from collections.abc import Mapping

ASKED_FIELD: Final = "WARC-DQTV-Asked"


def asked_text(asked: Asked) -> str:
    """Value of the field: ``kind=listing&seed=quoc-phong&page=2``, percent-encoded."""
    pairs: dict[str, str | int] = {"kind": asked.kind.value}
    if asked.seed is not None:
        pairs["seed"] = asked.seed
    if asked.page is not None:
        pairs["page"] = asked.page
    if asked.hops:
        pairs["hops"] = asked.hops
    if asked.span is not None:
        pairs["backfill"] = f"{asked.span.first}..{asked.span.last}"
    return urlencode(pairs)


def read_asked(fields: Mapping[str, str]) -> Asked | None:
    """What the fields of a record (names in lower case) say; None when they say nothing that can be read."""
    values = {key: found[0] for key, found in parse_qs(fields.get(ASKED_FIELD.lower(), "")).items()}
    try:
        return Asked(
            kind=UrlKind(values["kind"]),
            seed=values.get("seed"),
            page=int(values["page"]) if "page" in values else None,
            hops=int(values.get("hops", 0)),
            span=_span(values["backfill"]) if "backfill" in values else None,
        )
    except (KeyError, ValueError):
        return None


def _span(text: str) -> DaySpan:
    first, _, last = text.partition("..")
    return DaySpan(first=date.fromisoformat(first), last=date.fromisoformat(last))
