"""Counters of recurring blocks: who votes, what is forgotten, what counts as a paper's furniture."""

import attrs
import pytest

from archive import template_counts
from archive.template import Lesson, PageBlock, block_digest, is_furniture

LINE = "Đọc báo in tại mọi sạp trong tỉnh từ sáu giờ sáng."
LAYOUT = "rule:#noi-dung"


def lesson(number, *blocks, layout=LAYOUT):
    return Lesson(
        article_id=f"bao:{number}",
        layout=layout,
        blocks=tuple(PageBlock(digest=block_digest(text), text=text) for text in blocks),
    )


def own(number):
    return tuple(
        f"Đoạn {part} của bài số {number} kể chuyện riêng của bài ấy." for part in range(4)
    )


@pytest.fixture
def learn(store):
    def run(*lessons):
        counts = template_counts.TemplateCounts(store.connection)
        with store.transaction():
            for item in lessons:
                counts.learn("bao", item, "2026-11-24T03:10:00Z")
        return template_counts.TemplateCounts(store.connection).template("bao")

    return run


def articles(store, text):
    found = store.connection.execute(
        "SELECT articles, text FROM template_blocks WHERE block = ?", (block_digest(text),)
    ).fetchone()
    return tuple(found) if found else None


def test_a_block_on_three_articles_is_known_and_the_articles_own_text_is_not(store, learn):
    template = learn(*(lesson(n, *own(n), LINE) for n in range(3)))[LAYOUT]
    assert dict(template.counts) == {block_digest(LINE): 3}
    assert template.is_furniture(block_digest(LINE), len(LINE), "bao:99")
    assert articles(store, LINE) == (3, LINE)


def test_the_text_of_a_block_is_kept_from_the_second_article_on(store, learn):
    learn(lesson(1, *own(1), LINE))
    assert articles(store, LINE) == (1, None)
    learn(lesson(2, *own(2), LINE))
    assert articles(store, LINE) == (2, LINE)


def test_an_article_does_not_testify_against_itself(learn):
    template = learn(*(lesson(n, *own(n), LINE) for n in range(3)))[LAYOUT]
    assert template.others_with(block_digest(LINE), "bao:0") == (2, 2)
    assert not template.is_furniture(block_digest(LINE), len(LINE), "bao:0")


def test_versions_of_one_article_have_one_vote(store, learn):
    learn(*(lesson(1, *own(n), LINE) for n in range(5)))
    assert articles(store, LINE) == (1, None)
    assert articles(store, own(0)[0]) is None
    assert articles(store, own(4)[0]) == (1, None)


def test_a_block_twice_on_a_page_counts_once(store, learn):
    learn(lesson(1, LINE, *own(1), LINE))
    assert articles(store, LINE) == (1, None)


def test_the_same_lesson_again_changes_nothing(store, learn):
    lessons = [lesson(n, *own(n), LINE) for n in range(4)]
    learn(*lessons)
    before = list(store.connection.iterdump())
    learn(*lessons)
    assert list(store.connection.iterdump()) == before


def test_layouts_and_sites_are_counted_apart(store, learn):
    template = learn(
        *(lesson(n, *own(n), LINE) for n in range(2)),
        *(lesson(n, *own(n), LINE, layout="fallback") for n in range(2, 4)),
    )
    assert {name: dict(layout.counts) for name, layout in template.items()} == {
        LAYOUT: {},
        "fallback": {},
    }
    assert template_counts.TemplateCounts(store.connection).template("khac") == {}


def test_copies_of_an_article_under_other_ids_do_not_vote(store, learn):
    template = learn(*(lesson(n, *own(1), LINE) for n in range(6)))[LAYOUT]
    assert template.voters == {"bao:0"}
    assert articles(store, own(1)[0]) == (1, None)


def test_a_copy_with_another_opening_does_not_vote_either(learn):
    changed = ("Mở đầu khác hẳn với bản in trước.", *own(1)[1:], "Một câu thêm vào cuối.")
    assert learn(lesson(1, *own(1)), lesson(2, *changed))[LAYOUT].voters == {"bao:1"}


def test_what_is_known_as_furniture_makes_no_short_page_a_copy(learn):
    notices = ("Phóng to chữ", LINE, "Đường dây nóng của tòa soạn: 02063 852 345")
    long = [lesson(n, *own(n), *notices) for n in range(4)]
    template = learn(*long, lesson(9, "Tin vắn: xã Lũng Cà có điện.", *notices))[LAYOUT]
    assert "bao:9" in template.voters


def test_what_a_paper_no_longer_prints_is_forgotten(store, learn, monkeypatch):
    monkeypatch.setattr(template_counts, "WINDOW", 5)
    learn(*(lesson(n, *own(n), LINE) for n in range(5)))
    template = learn(*(lesson(n, *own(n)) for n in range(5, 10)))[LAYOUT]
    assert articles(store, LINE) is None
    assert articles(store, own(0)[0]) is None
    assert template.voters == {f"bao:{n}" for n in range(5, 10)}


def test_counters_are_those_of_the_pages_that_are_left(store, learn, monkeypatch):
    monkeypatch.setattr(template_counts, "WINDOW", 7)
    learn(*(lesson(n % 11, *own(n), LINE) for n in range(40)))
    pages = store.connection.execute("SELECT blocks FROM template_pages WHERE votes = 1").fetchall()
    assert len(pages) == 7
    counted = store.connection.execute("SELECT sum(articles) FROM template_blocks").fetchone()[0]
    assert counted == 7 * 5
    assert articles(store, LINE)[0] == 7


def test_the_newest_pages_count_whatever_the_order_they_are_learned_in(store, monkeypatch):
    monkeypatch.setattr(template_counts, "WINDOW", 5)
    counts = template_counts.TemplateCounts(store.connection)
    with store.transaction():
        for n in (9, 3, 8, 1, 7, 2, 6, 5, 4, 0, 3, 9):
            counts.learn("bao", lesson(n, *own(n), LINE), f"2026-11-{n + 1:02}T03:10:00Z")
    found = store.connection.execute("SELECT article_id FROM template_pages ORDER BY 1").fetchall()
    assert [x for (x,) in found] == [f"bao:{n}" for n in range(5, 10)]
    assert articles(store, own(0)[0]) is None


def test_a_template_is_kept_until_enough_was_learned_on_top(store):
    counts = template_counts.TemplateCounts(store.connection)

    def learn(numbers):
        with store.transaction():
            for n in numbers:
                counts.learn("bao", lesson(n, *own(n), LINE), "2026-11-24T03:10:00Z")

    assert counts.template("bao") == {}
    learn(range(100))
    read = counts.template("bao")
    assert len(read[LAYOUT].voters) == 100
    learn(range(100, 105))
    assert counts.template("bao") is read
    learn([105])
    assert len(counts.template("bao")[LAYOUT].voters) == 106


@pytest.mark.parametrize(
    ("carrying", "looked_at", "length", "is_theirs"),
    [
        (2, 2, 50, False),  # too few
        (3, 3, 50, True),
        (3, 4, 50, False),  # of few, nearly all must have it
        (4, 5, 50, True),
        (5, 10, 50, True),
        (4, 10, 50, False),  # a series, a law quoted in some articles
        (90, 200, 50, False),
        (100, 200, 300, True),
        (100, 200, 301, False),  # running text
        (160, 200, 301, True),
        (9, 9, 301, False),  # running text on few pages
        (10, 10, 301, True),
    ],
)
def test_a_high_share_makes_furniture(carrying, looked_at, length, is_theirs):
    assert is_furniture(carrying, looked_at, length) is is_theirs


def test_an_outcome_that_is_undone_has_taught_nothing(store, make_accepted):
    outcome = attrs.evolve(make_accepted(), lesson=lesson(1, *own(1)))
    store.connection.execute("BEGIN")
    store.store_outcome(outcome)
    store.connection.execute("ROLLBACK")
    assert store.connection.execute("SELECT count(*) FROM template_pages").fetchone()[0] == 0
    with store.transaction():
        store.store_outcome(outcome)
    assert store.connection.execute("SELECT count(*) FROM template_pages").fetchone()[0] == 1
