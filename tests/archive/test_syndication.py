"""Which articles are one story: reprints of the demo press's own texts, changed as papers change them."""

import re

import attrs
import pytest

from archive.signatures import sign_texts
from archive.syndication import Print, find_stories, is_same_text, runs, signature
from scraper.demo.mastheads import MASTHEADS
from scraper.demo.stories import load_stories

PRINTED = load_stories()
STORIES = [story for story in PRINTED if len(story.paragraphs) >= 3 and not story.reprint_of]
#: Syllables written with the tone on either vowel, and the other way to write them.
OTHER_TONES = {
    "hòa": "hoà",
    "thủy": "thuỷ",
    "khỏe": "khoẻ",
    "tỏa": "toả",
    "hủy": "huỷ",
    "lũy": "luỹ",
}


def text_of(story):
    return story.sapo, "\n\n".join(story.paragraphs)


def shortened(story):
    """The same text with one paragraph cut, another dateline and the other tone placement."""
    kept = [text for number, text in enumerate(story.paragraphs) if number != 1]
    kept[0] = f"(CTO) - {kept[0]}"
    body = "\n\n".join(kept)
    for plain, other in OTHER_TONES.items():
        body = re.sub(rf"\b{plain}\b", other, body)
    return None, body.upper()


def a_print(number, paper="Báo Cù Lao", *, published="2024-03-01T08:00:00+07:00", **changes):
    values = {
        "article_id": f"bao:{number}",
        "paper": paper,
        "published_at": published,
        "precision": "minute",
        "captured_at": f"2026-11-24T00:00:{number:02}Z",
    }
    return Print(**(values | changes))


def stories_of(*prints, texts):
    numbered = dict(enumerate(prints))
    signatures = {number: signature(*text) for number, text in enumerate(texts)}
    return find_stories(numbered, signatures, lambda number: runs(*texts[number]))


@pytest.mark.parametrize("story", STORIES, ids=lambda story: story.slug)
def test_a_text_printed_with_a_paragraph_cut_is_one_story_with_its_source(story):
    texts = [text_of(story), shortened(story)]
    (found,) = stories_of(a_print(1), a_print(2, "Báo Núi Ngàn"), texts=texts)
    assert found.article_ids == ("bao:1", "bao:2")
    assert found.papers == 2


def test_no_two_different_articles_of_the_demo_press_are_one_story():
    texts = [text_of(story) for story in STORIES]
    prints = [a_print(number) for number in range(len(texts))]
    assert len(texts) > 80
    assert stories_of(*prints, texts=texts) == ()


def test_every_reprint_of_the_demo_press_is_grouped_with_its_original_and_nothing_else_is():
    mastheads = {masthead.key: masthead for masthead in MASTHEADS}
    prints = [
        Print(
            article_id=f"{story.paper}-{story.number:{mastheads[story.paper].number_format}}",
            paper=mastheads[story.paper].name,
            published_at=story.published.isoformat(),
            precision="minute",
            captured_at=f"2026-11-20T02:00:{number % 60:02}.000000Z",
            byline=story.byline,
        )
        for number, story in enumerate(PRINTED)
    ]
    found = stories_of(*prints, texts=[text_of(story) for story in PRINTED])
    expected = {
        frozenset({printed.article_id, story.reprint_of}): story.reprint_of
        for printed, story in zip(prints, PRINTED, strict=True)
        if story.reprint_of
    }
    assert {frozenset(x.article_ids): x.origin_id for x in found} == expected
    families = {
        frozenset(mastheads[key.split("-")[0]].cms.__name__ for key in pair) for pair in expected
    }
    assert len(families) >= 3
    assert all(len(family) == 2 for family in families)


def test_texts_of_the_same_kind_with_other_names_and_numbers_are_no_story():
    frame = (
        "Sáng {day}, Ban CHQS xã {place} tổ chức khai mạc huấn luyện dân quân năm {year}. Dự lễ có đại diện {guest}."
        " Trong {days} ngày, {men} dân quân học {subject}, kết thúc bằng bắn đạn thật ở trường bắn {range}."
    )
    left = frame.format(
        day="5-4", place="Nà Luông", year="2024", guest="Đảng ủy, UBND và Hội Cựu chiến binh xã",
        days="bảy", men="46", subject="điều lệnh đội ngũ, võ thể dục, chiến thuật từng người", range="Khau Vai",
    )  # fmt: skip
    right = frame.format(
        day="12-5", place="Hưng Mỹ", year="2025", guest="Trung đoàn 885, Mặt trận Tổ quốc và nhà trường",
        days="mười", men="58", subject="kỹ thuật cấp cứu, cứu hộ trên sông, đánh bắt mục tiêu bay", range="Cái Mít",
    )  # fmt: skip
    assert not is_same_text(runs(None, left), runs(None, right))


def test_a_short_notice_has_no_signature():
    assert signature(None, "Dân quân xã trực Tết. " * 3) is None


def test_the_sapo_is_part_of_the_text():
    sapo, body = text_of(STORIES[0])
    assert signature(sapo, body) != signature(None, body)


def test_signatures_do_not_depend_on_capitals_or_tone_placement():
    body = "\n\n".join(STORIES[1].paragraphs)
    assert signature(None, body.replace("hòa", "hoà").upper()) == signature(None, body)


class TestOrigin:
    def story(self, *prints):
        text = text_of(STORIES[0])
        (found,) = stories_of(*prints, texts=[text] * len(prints))
        return found

    def test_the_oldest_is_the_origin(self):
        late = a_print(1, published="2024-03-02T08:00:00+07:00")
        early = a_print(2, "Báo Núi Ngàn")
        found = self.story(late, early)
        assert (found.origin_id, found.origin_source) == ("bao:2", "date")
        assert found.article_ids == ("bao:2", "bao:1")

    def test_the_paper_named_in_a_credit_is_the_origin_though_its_page_is_younger(self):
        named = a_print(1, "Báo Núi Ngàn", published="2024-03-05T08:00:00+07:00")
        taker = a_print(2, "Báo Cù Lao", byline="Theo báo Núi Ngàn")
        found = self.story(named, taker)
        assert (found.origin_id, found.origin_source) == ("bao:1", "credit")

    def test_a_text_credited_to_an_agency_has_no_origin_here(self):
        found = self.story(
            a_print(1, byline="Theo TTXVN"),
            a_print(2, "Báo Núi Ngàn", published="2024-03-02T08:00:00+07:00"),
        )
        assert (found.origin_id, found.origin_source) == (None, None)

    def test_two_of_one_day_have_no_origin_where_only_the_day_is_known(self):
        found = self.story(
            a_print(1, precision="day", published="2024-03-01T00:00:00+07:00"),
            a_print(2, "Báo Núi Ngàn", published="2024-03-01T09:00:00+07:00"),
        )
        assert found.origin_id is None

    def test_an_undated_article_leaves_the_origin_open(self):
        assert self.story(a_print(1), a_print(2, published=None)).origin_id is None

    def test_the_id_is_that_of_the_article_captured_first(self):
        early = a_print(
            7, captured_at="2026-11-23T00:00:00Z", published="2024-05-01T00:00:00+07:00"
        )
        assert self.story(a_print(1), early).id == "bao:7"


def test_many_prints_of_one_text_are_one_story():
    text = text_of(STORIES[2])
    prints = [a_print(number, f"Báo {number}") for number in range(60)]
    (found,) = stories_of(*prints, texts=[text] * 60)
    assert found.papers == 60


class TestSignatures:
    def article(self, make_accepted, number, story):
        accepted = make_accepted(number=number)
        article = attrs.evolve(accepted.article, sapo=story.sapo, body=tuple(story.paragraphs))
        return attrs.evolve(accepted, article=article)

    def test_only_new_and_changed_texts_are_signed(self, store, make_accepted):
        for number in (1, 2):
            with store.transaction():
                store.store_outcome(self.article(make_accepted, number, STORIES[number]))
        assert sign_texts(store) == 2
        assert sign_texts(store) == 0
        store.connection.execute("UPDATE articles SET text_sha256 = 'x' WHERE id = 'bao:1'")
        assert sign_texts(store) == 1

    def test_texts_signed_by_another_method_are_signed_anew(self, store, make_accepted):
        with store.transaction():
            store.store_outcome(self.article(make_accepted, 1, STORIES[1]))
        sign_texts(store)
        store.connection.execute("UPDATE text_signatures SET method = 'older'")
        assert sign_texts(store) == 1
