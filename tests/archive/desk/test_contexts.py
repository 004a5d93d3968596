"""Lines of a concordance: what stands left and right of a found word, their order, their collocates."""

import pytest

from archive.desk.contexts import Collocate, Occurrence, Order, collocates, occurrences
from archive.desk.highlight import mark_terms, unmarked


def lines(text, term="dân quân", width=5):
    return [(x.left, x.keyword, x.right) for x in occurrences(mark_terms(text, [term]), width)]


def test_every_occurrence_has_its_own_line():
    assert lines("Dân quân xã, dân quân huyện.") == [
        ("", "Dân quân", " xã, dân quân huyện."),
        ("Dân quân xã, ", "dân quân", " huyện."),
    ]


def test_a_text_in_which_nothing_was_found_has_no_line():
    assert list(occurrences(unmarked("Không có gì."), 5)) == []


def test_the_context_is_so_many_words_with_their_signs():
    text = "Sáng nay, ở xã “Bãi Ngang”, 45 dân quân (nam và nữ) đã lên đê, giữ làng."
    assert lines(text, width=3) == [("“Bãi Ngang”, 45 ", "dân quân", " (nam và nữ)")]


def test_a_number_is_not_cut_in_two():
    text = "đã góp 12.345 công cho dân quân và hơn 3.000 cây"
    assert lines(text, width=3) == [("12.345 công cho ", "dân quân", " và hơn 3.000")]


def test_the_context_ends_with_its_paragraph():
    text = "Đoạn trước.\n\nCó dân quân ở đây.\n\nĐoạn sau."
    assert lines(text) == [("Có ", "dân quân", " ở đây.")]


def test_runs_of_white_space_are_one_blank():
    assert lines("lực  lượng\tdân quân \n xã") == [("lực lượng ", "dân quân", " xã")]


def test_a_word_without_end_is_cut():
    [(left, _, right)] = lines("x" * 90_000 + " dân quân " + "y" * 90_000)
    assert max(len(left), len(right)) <= 5 * 40


def test_the_words_nearest_to_the_found_one_come_first():
    [occurrence] = occurrences(mark_terms("một hai, ba dân quân bốn. Năm sáu", ["dân quân"]), 8)
    assert occurrence.words_left == ["ba", "hai", "một"]
    assert occurrence.words_right == ["bốn", "Năm", "sáu"]


@pytest.mark.parametrize(
    ("order", "expected"),
    [
        (Order.DATE, ["c a X e b", "a c X đ a", "X â", "b b X d c"]),
        (Order.LEFT_1, ["X â", "c a X e b", "b b X d c", "a c X đ a"]),
        (Order.LEFT_2, ["X â", "a c X đ a", "b b X d c", "c a X e b"]),
        (Order.RIGHT_1, ["X â", "b b X d c", "a c X đ a", "c a X e b"]),
        (Order.RIGHT_2, ["X â", "a c X đ a", "c a X e b", "b b X d c"]),
    ],
)
def test_lines_sort_by_a_word_left_or_right_in_vietnamese_order(order, expected):
    texts = ["c a X e b", "a c X đ a", "X â", "b b X d c"]
    found = [next(occurrences(mark_terms(text, ["X"]), 5)) for text in texts]
    ordered = sorted(zip(found, texts, strict=True), key=lambda pair: pair[0].key(order))
    assert [text for _, text in ordered] == expected


def test_among_lines_of_one_word_the_words_farther_out_decide():
    near = Occurrence("", "X", " xã Bãi Ngang")
    far = Occurrence("", "X", " xã An Bình")
    assert far.key(Order.RIGHT_1) < near.key(Order.RIGHT_1)


def test_collocates_are_counted_by_side_whatever_their_capitals_and_place_of_tone():
    found = [
        Occurrence("Lực lượng ", "dân quân", " xã Hoà Bình"),
        Occurrence("lực ", "dân quân", " và lực hòa"),
    ]
    assert collocates(found, 3) == (
        Collocate(word="lực", left=2, right=1),
        Collocate(word="hòa", left=0, right=2),
        Collocate(word="bình", left=0, right=1),
    )


def test_words_beyond_the_span_are_no_collocates():
    found = [Occurrence("một hai ba bốn năm sáu ", "X", "")]
    assert {x.word for x in collocates(found, 20)} == {"hai", "ba", "bốn", "năm", "sáu"}
