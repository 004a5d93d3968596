"""Going on behind an article: keys for paging that stay good when a new snapshot takes the place of the old.

A key is ``<group>.<article id>``: the last article seen, and the group of hits (tier) it stood in.
0 is the group of lists that have none, newest first. Page numbers shift when articles are added;
the place behind an article does not.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from operator import neg
from typing import TYPE_CHECKING, Final

import attrs

from archive.desk.filters import Sort
from archive.desk.problems import SearchProblem

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterable, Mapping, Sequence

    from archive.desk.filters import Query
    from archive.desk.hits import Found

#: Longest key that is looked at.
_LONGEST: Final = 300
_KEY: Final = re.compile(r"([0-4])\.(.+)", re.DOTALL)
#: Parameters of paging by key.
AFTER: Final = "after"
SNAPSHOT: Final = "snapshot"


class OtherSnapshot(SearchProblem):
    """The snapshot asked for is not the one served now; the key may still be good."""


class KeyGone(SearchProblem):
    """The served snapshot does not have the article to go on behind."""


@attrs.frozen(kw_only=True)
class Key:
    """The place behind an article."""

    group: int
    article_id: str

    @property
    def text(self) -> str:
        """As it stands in an address."""
        return f"{self.group}.{self.article_id}"


def read_key(values: Mapping[str, Sequence[str]], query: Query) -> Key | None:
    """The key in web parameters; None without one.

    Raises SearchProblem when it is no key, or stands with a page or an order that it cannot go with.
    """
    given = [value for value in values.get(AFTER, ()) if value.strip()]
    if not given:
        return None
    if len(given) > 1:
        raise SearchProblem("given_twice", parameter=AFTER)
    found = _KEY.fullmatch(given[0])
    if found is None or len(given[0]) > _LONGEST:
        raise SearchProblem("bad_after", parameter=AFTER, value=given[0][:100])
    if query.page > 1:
        raise SearchProblem("after_with_page", parameter=AFTER)
    if query.sort is not Sort.NEWEST:
        raise SearchProblem("after_with_best", parameter=AFTER)
    return Key(group=int(found[1]), article_id=found[2])


def check_snapshot(values: Mapping[str, Sequence[str]], served: str) -> None:
    """Raise OtherSnapshot when web parameters ask for another snapshot than the one *served*."""
    given = {value.strip() for value in values.get(SNAPSHOT, ()) if value.strip()}
    if given - {served}:
        raise OtherSnapshot(
            "other_snapshot", parameter=SNAPSHOT, value=min(given)[:100], served=served
        )


def place_after(connection: sqlite3.Connection, tiers: Iterable[Found], key: Key) -> int:
    """How many hits stand before the place behind an article, which need not be a hit itself.

    Raises KeyGone when the snapshot does not have the article.
    """
    docid = docid_of(connection, key)
    place = 0
    for tier in tiers:
        if tier.step.tier < key.group:
            place += len(tier.docids)
        elif tier.step.tier == key.group:
            place += count_to(tier.docids, docid)
    return place


def docid_of(connection: sqlite3.Connection, key: Key) -> int:
    """The article's number in this snapshot. Raises KeyGone when it has none."""
    row = connection.execute("SELECT docid FROM articles WHERE id = ?", [key.article_id]).fetchone()
    if row is None:
        raise KeyGone("key_gone", parameter=AFTER, value=key.article_id[:100])
    return int(row[0])


def count_to(docids: Sequence[int], docid: int) -> int:
    """How many of *docids*, the greatest first, stand before the place behind *docid*."""
    return bisect_right(docids, -docid, key=neg)
