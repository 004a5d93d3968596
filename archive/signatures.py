"""What articles are compared by, kept in the working database: a text is read once, not at every publish."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import orjson

from archive.syndication import METHOD, signature

if TYPE_CHECKING:
    from archive.store import Store

#: Texts signed in one transaction; a crawl that writes at the same time waits some 0.1 s at most.
_GROUP: Final = 200

_UNSIGNED: Final = """
SELECT a.id FROM articles AS a
LEFT JOIN text_signatures AS s ON s.article_id = a.id
WHERE s.article_id IS NULL OR s.text_sha256 <> a.text_sha256 OR s.method <> ?
ORDER BY a.rowid
"""
_TEXTS: Final = """
SELECT id, text_sha256, sapo, body FROM articles WHERE id IN (SELECT value FROM json_each(?))
"""
_SIGNED: Final = """
INSERT INTO text_signatures (article_id, text_sha256, method, signature) VALUES (?, ?, ?, ?)
ON CONFLICT (article_id) DO UPDATE SET
    text_sha256 = excluded.text_sha256, method = excluded.method, signature = excluded.signature
"""


def sign_texts(store: Store) -> int:
    """Sign every article whose text has changed since it was signed; returns how many.

    Texts too short to be compared get NULL. A kill loses one group; the next call goes on.
    Raises ArchiveUnwritable.
    """
    # looked for once: looking again for every group would read the whole archive each time
    unsigned = [row[0] for row in store.connection.execute(_UNSIGNED, (METHOD,))]
    for start in range(0, len(unsigned), _GROUP):
        group = orjson.dumps(unsigned[start : start + _GROUP]).decode()
        with store.transaction():
            rows = store.connection.execute(_TEXTS, (group,)).fetchall()
            store.connection.executemany(
                _SIGNED,
                [(key, digest, METHOD, signature(sapo, body)) for key, digest, sapo, body in rows],
            )
    return len(unsigned)
