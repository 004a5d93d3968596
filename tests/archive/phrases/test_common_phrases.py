"""Common phrases: those kept are the common ones, and every set is what FTS5 finds."""

import sqlite3
import zlib
from contextlib import closing

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from archive.phrases import build as building
from archive.phrases.build import PhraseBuilder
from archive.phrases.forms import EXACT, FOLDED, FORMS
from archive.phrases.tables import AT_ONCE, INDEX, TABLES
from archive.phrases.words import LONGEST, Batch, Vocabulary

#: What texts are made of: words that stand together, are toned in two ways, differ by a mark alone; signs
#: that part words, and some that only FTS5 can say of whether they do.
PIECES = (
    "dân", "quân", "Dân", "QUÂN", "dan", "dẫn", "hoà", "hòa", "bình", "thuỷ", "thủy", "đê", "de", "qúy", "quý",
    "2024", "xã", "nghiêng", "tự", "vệ", "khongphaitiengviet", ",", ".", "-", "_", "/", "“", "…", "\n", "\u00a0",
    "²", "½", "đ\u0302", "e\u0301", "ñ", "ſ", "K", "Я", "\u200b", "\u0301", "😀", "ﬁ", "Ǆ", "\x00", "´", "ª",
)  # fmt: skip
texts = st.lists(
    st.tuples(st.sampled_from(PIECES), st.sampled_from(["", " ", "  "])), max_size=12
).map(lambda parts: "".join(piece + space for piece, space in parts))
articles = st.lists(st.tuples(st.none() | texts, st.none() | texts, texts), max_size=12)


def build(rows, path, *, first=1):
    """Find the common phrases of articles whose docids begin with *first*; write them to the file *path*."""
    path.unlink(missing_ok=True)
    texts = [*([()] * first), *rows]
    with closing(sqlite3.connect(path)) as writing, writing:
        builder = PhraseBuilder(rows, writing)
        for start in range(0, len(texts), AT_ONCE):
            own = texts[start : start + AT_ONCE]
            builder.look_into([*own, *([()] * (AT_ONCE - len(own)))])
        builder.finish()
    return path


def kept(path):
    """(form, phrase) -> the docids of the articles that have it."""
    with closing(sqlite3.connect(path)) as connection:
        found = {}
        for phrase_id, form, phrase, count in connection.execute("SELECT * FROM common_phrases"):
            docids = set()
            for first, packed in connection.execute(
                "SELECT first_docid, docids FROM common_phrase_articles WHERE phrase_id = ?",
                (phrase_id,),
            ):
                bits = int.from_bytes(zlib.decompress(packed), "little")
                docids |= {first + place for place in range(bits.bit_length()) if bits >> place & 1}
            assert count == len(docids)
            found[form, phrase] = docids
    return found


def by_fts5(rows, wanted, *, first=1):
    """The same as FTS5 finds it, fed as the indexes are."""
    found = {}
    with closing(sqlite3.connect(":memory:")) as connection:
        for form in FORMS:
            connection.execute(
                f"CREATE VIRTUAL TABLE {form.name} USING fts5(title, sapo, body, tokenize='{form.tokenizer}')"
            )
            connection.executemany(
                f"INSERT INTO {form.name} (rowid, title, sapo, body) VALUES (?, ?, ?, ?)",
                [
                    (docid, *(text and form.key(text) for text in row))
                    for docid, row in enumerate(rows, start=first)
                ],
            )
        for form, phrase in wanted:
            hits = connection.execute(
                f"SELECT rowid FROM {form} WHERE {form} MATCH ?", (f'"{phrase}"',)
            )
            found[form, phrase] = {docid for (docid,) in hits}
    return found


@settings(max_examples=300, deadline=None)
@given(articles)
def test_every_set_is_what_fts5_finds(tmp_path_factory, rows):
    built = tmp_path_factory.mktemp("phrases") / "built.db"
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(building, "_LEAST", 1)
        build(rows, built)
    found = kept(built)
    assert found == by_fts5(rows, found)
    # whatever is plain Vietnamese in the sample is common with a least of one
    for form in FORMS:
        plain = [form.phrase(text) for row in rows for text in row if text]
        words = {word for phrase in plain if phrase for word in phrase.split()}
        assert {word for word in words if len(word) <= LONGEST and form.spellings(word)} <= {
            phrase for own, phrase in found if own == form.name
        }


def test_phrases_of_up_to_five_words_are_kept_where_five_articles_have_them(tmp_path):
    rows = [
        ("Dân quân tự vệ xã giữ đê", None, "Đêm ấy, dân quân ra đê."),
        *[(f"Tin {n}", "", "Dân quân, tự vệ: xã giữ rừng") for n in range(4)],
        ("Dân quân tự vệ", None, "xã"),
    ]
    build(rows, tmp_path / "built.db")
    found = kept(tmp_path / "built.db")
    assert found["exact", "dân quân tự vệ xã"] == {1, 2, 3, 4, 5}
    assert found["exact", "dân quân"] == {1, 2, 3, 4, 5, 6}
    # six words; one article
    assert ("exact", "dân quân tự vệ xã giữ") not in found
    assert ("exact", "ra đê") not in found
    assert found["folded", "dan quan tu ve xa"] == {1, 2, 3, 4, 5}


def test_pieces_of_a_set_are_joined_by_their_first_docid(tmp_path, monkeypatch):
    monkeypatch.setattr(building, "PIECE", 256)
    rows = [("Dân quân" if n % 3 else "Tự vệ", None, "x" * (n % 5)) for n in range(1_000)]
    build(rows, tmp_path / "built.db")
    found = kept(tmp_path / "built.db")
    assert found == by_fts5(rows, found)
    assert len(found["exact", "dân quân"]) == 666
    with closing(sqlite3.connect(tmp_path / "built.db")) as connection:
        firsts = connection.execute("SELECT DISTINCT first_docid FROM common_phrase_articles")
        assert sorted(first for (first,) in firsts) == [0, 256, 512, 768]


def test_docids_may_have_gaps(tmp_path):
    rows = [("Dân quân", None, "giữ đê")] * 6
    build(rows, tmp_path / "built.db", first=300)
    assert kept(tmp_path / "built.db")["exact", "quân"] == set(range(300, 306))


def test_without_articles_no_phrase_is_kept(tmp_path):
    build([], tmp_path / "built.db")
    assert kept(tmp_path / "built.db") == {}


def test_of_too_many_phrases_the_commonest_stay(tmp_path, monkeypatch):
    monkeypatch.setattr(building, "_MOST_PHRASES", 6)
    rows = [("dân quân", None, f"xã {'giữ đê' if n < 6 else 'giữ'}") for n in range(12)]
    build(rows, tmp_path / "built.db")
    common = {"dân", "quân", "xã", "giữ", "dân quân", "xã giữ"}
    assert {phrase for form, phrase in kept(tmp_path / "built.db") if form == "exact"} == common
    monkeypatch.setattr(building, "_MOST_PHRASES", 5_000)
    build(rows, tmp_path / "built.db")
    assert ("exact", "giữ đê") in kept(tmp_path / "built.db")


def test_the_same_articles_give_the_same_phrases_in_the_same_order(tmp_path):
    rows = [(f"Dân quân tự vệ xã {n}", None, "giữ đê, giữ rừng") for n in range(20)]
    dumps = []
    for name in ("one.db", "other.db"):
        build(rows, tmp_path / name)
        with closing(sqlite3.connect(tmp_path / name)) as connection:
            dumps.append(list(connection.iterdump()))
    assert dumps[0] == dumps[1]


def test_tables_and_index_can_be_made_elsewhere():
    with closing(sqlite3.connect(":memory:")) as connection:
        for declared in (*TABLES.values(), INDEX):
            connection.execute(declared)
        names = {name for (name,) in connection.execute("SELECT name FROM sqlite_master")}
    assert names == {*TABLES, "common_phrases_key"}


@pytest.mark.parametrize(
    ("form", "text", "phrase"),
    [
        (EXACT, "Dân quân,  TỰ VỆ", "dân quân tự vệ"),
        (FOLDED, "Dân quân,  TỰ VỆ", "dan quan tu ve"),
        (EXACT, "thuỷ lợi", "thủy lợi"),
        (EXACT, "...", ""),
        # FTS5 may see another word there
        (EXACT, "m² đất", None),
    ],
)
def test_a_phrase_is_written_in_its_form(form, text, phrase):
    assert form.phrase(text) == phrase


def test_a_word_has_every_spelling_that_compares_as_it():
    assert EXACT.spellings("hòa") == {"hòa", "hoà"}
    assert EXACT.spellings("quý") == {"quý", "qúy"}
    assert EXACT.spellings("đê") == {"đê"}
    assert EXACT.spellings("dẫnhòa") == set()
    assert FOLDED.spellings("hoa") == {"hoa"}


def test_words_of_a_batch_are_numbered_in_their_order_and_texts_do_not_run_together():
    vocabulary = Vocabulary(EXACT, ["dân", "quân", "hòa"])
    batch = Batch.of([("Dân quân", None), ("hoà.Dân", "quân giữ")])
    assert vocabulary.numbers(batch).tolist() == [1, 2, 0, 3, 1, 0, 2, 0, 0]
    assert batch.articles.tolist() == [0, 0, 0, 1, 1, 1, 1, 1, 1]


@pytest.mark.parametrize("word", ["", "nghiêngnghiêng", "m²"])
def test_a_word_that_does_not_fit_is_refused(word):
    with pytest.raises(ValueError, match="not a word"):
        Vocabulary(EXACT, [word])
