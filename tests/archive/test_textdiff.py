"""What changed between two texts, word by word."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from archive.textdiff import Change, ParagraphDiff, Piece, diff_paragraphs, diff_words

SAME, REMOVED, ADDED = Change.SAME, Change.REMOVED, Change.ADDED
PARAGRAPHS = st.lists(
    st.lists(st.sampled_from(["dân", "quân", "xã", "ra", "quân."]), min_size=1).map(" ".join)
)


def test_a_changed_number_is_one_word_out_and_one_in():
    assert diff_words("Có 35 dân quân tham gia.", "Có 53 dân quân tham gia.") == (
        Piece(SAME, "Có"),
        Piece(REMOVED, "35"),
        Piece(ADDED, "53"),
        Piece(SAME, "dân quân tham gia."),
    )


@pytest.mark.parametrize(
    ("old", "new", "pieces"),
    [
        ("", "Mới thêm.", (Piece(ADDED, "Mới thêm."),)),
        ("Bỏ đi.", "", (Piece(REMOVED, "Bỏ đi."),)),
        ("", "", ()),
    ],
)
def test_nothing_on_one_side_is_all_added_or_all_removed(old, new, pieces):
    assert diff_words(old, new) == pieces


def test_an_added_paragraph_leaves_its_neighbours_alone():
    old = ["Đoạn thứ nhất nói về thủy lợi.", "Đoạn thứ hai nói về hòa bình."]
    new = [old[0], "Một đoạn khác hẳn, vừa chèn vào giữa.", old[1]]
    changed = [part.is_changed for part in diff_paragraphs(old, new)]
    assert changed == [False, True, False]


def test_a_changed_paragraph_is_compared_with_its_like_not_with_its_neighbour():
    old = ["Xã có 35 dân quân.", "Sáng nay trời mưa to."]
    new = ["Một đoạn hoàn toàn mới ở đây.", "Xã có 36 dân quân.", "Sáng nay trời mưa to."]
    assert diff_paragraphs(old, new) == (
        ParagraphDiff((Piece(ADDED, new[0]),)),
        ParagraphDiff(
            (Piece(SAME, "Xã có"), Piece(REMOVED, "35"), Piece(ADDED, "36"), Piece(SAME, "dân quân."))
        ),
        ParagraphDiff((Piece(SAME, old[1]),)),
    )  # fmt: skip


@given(PARAGRAPHS, PARAGRAPHS)
def test_both_texts_can_be_read_back_from_what_changed(old, new):
    parts = diff_paragraphs(old, new)

    def side(left_out):
        told = (" ".join(x.text for x in part.pieces if x.change is not left_out) for part in parts)
        return [text for text in told if text]

    assert side(ADDED) == old
    assert side(REMOVED) == new
