"""Where the common phrases of a snapshot are kept."""

from typing import Final

#: Name -> declaration. ``docids`` is a piece of a set, packed by zlib: of the articles from ``first_docid``
#: on, the lowest bit of its first byte stands for that one.
TABLES: Final = {
    "common_phrases": """
CREATE TABLE common_phrases (
    id INTEGER PRIMARY KEY, form TEXT NOT NULL, phrase TEXT NOT NULL, articles INTEGER NOT NULL
)""",
    "common_phrase_articles": """
CREATE TABLE common_phrase_articles (
    phrase_id INTEGER NOT NULL, first_docid INTEGER NOT NULL, docids BLOB NOT NULL,
    PRIMARY KEY (phrase_id, first_docid)
) WITHOUT ROWID""",
}
#: By which a phrase is found.
INDEX: Final = "CREATE UNIQUE INDEX common_phrases_key ON common_phrases (form, phrase)"
#: Articles looked into at a time; more would not stay in a processor's cache.
AT_ONCE: Final = 128
#: Articles that say which phrases are common.
SAMPLE: Final = 400
