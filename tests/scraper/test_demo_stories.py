"""The written articles: complete, distinct, and printable by their paper."""

import unicodedata
from datetime import timedelta

import pytest

from scraper.demo.cms.mediatech import CATEGORIES
from scraper.demo.mastheads import MASTHEADS
from scraper.demo.stories import BlockKind, Story, StoryFigure, load_stories, slug

STORIES = load_stories()
BY_KEY = {masthead.key: masthead for masthead in MASTHEADS}


def test_about_half_of_the_stories_are_about_the_militia():
    levels = [story.level for story in STORIES]
    assert len(STORIES) >= 60
    assert 0.35 <= levels.count(2) / len(levels) <= 0.6
    assert levels.count(1) >= 4


def test_every_paper_has_militia_stories_and_traps():
    for key in BY_KEY:
        levels = {story.level for story in STORIES if story.paper == key}
        assert {0, 2} <= levels


def test_numbers_and_titles_are_unique():
    assert len({(story.paper, story.number) for story in STORIES}) == len(STORIES)
    assert len({story.title for story in STORIES}) == len(STORIES)


def test_no_paragraph_is_printed_in_two_stories_unless_one_is_a_reprint():
    paragraphs = [
        paragraph for story in STORIES if not story.reprint_of for paragraph in story.paragraphs
    ]
    long = [paragraph for paragraph in paragraphs if len(paragraph) > 60]
    assert len(set(long)) == len(long)


@pytest.mark.parametrize("story", STORIES, ids=lambda story: f"{story.paper}-{story.number}")
def test_story_is_whole(story):
    """Its section is in its paper's menu, its text is NFC, its figures have a place in the text."""
    masthead = BY_KEY[story.paper]
    assert story.section in masthead.sections
    assert (story.sapo is not None) == masthead.has_leads
    for text in (story.title, story.sapo or "", *story.body):
        assert unicodedata.is_normalized("NFC", text)
        assert "<" not in text
    assert all(0 <= figure.after <= len(story.body) for figure in story.figures)
    assert story.published.utcoffset() == timedelta(hours=7)


def test_the_json_listing_knows_every_section_of_its_paper():
    assert set(BY_KEY["songmay"].sections) <= CATEGORIES.keys()


def test_blocks_come_in_printing_order_with_repeated_captions():
    figure = StoryFigure(after=1, caption="Một tấm ảnh.", credit="Ảnh: A", repeat=True)
    story = Story(
        number=1,
        paper="songmay",
        kind="militia",
        level=2,
        section="Xã hội",
        title="T",
        published=STORIES[0].published,
        body=("Một.", "## Hai", "Ba."),
        figures=(figure,),
    )
    assert [(block.kind, block.text) for block in story.blocks()] == [
        (BlockKind.PARAGRAPH, "Một."),
        (BlockKind.FIGURE, "Một tấm ảnh. Ảnh: A"),
        (BlockKind.REPEATED_CAPTION, "Một tấm ảnh. Ảnh: A"),
        (BlockKind.SUBHEAD, "Hai"),
        (BlockKind.PARAGRAPH, "Ba."),
    ]
    assert story.paragraphs == ("Một.", "Hai", "Ba.")


def test_slugs_are_plain_ascii():
    assert slug("“Đò” qua sông: 98,5% hộ ở Đăk Rin") == "do-qua-song-98-5-ho-o-dak-rin"
    assert all(story.slug.isascii() for story in STORIES)


def test_a_story_file_with_an_unknown_key_names_the_file(tmp_path):
    (tmp_path / "x-1.toml").write_text(
        'id = 1\nbody = []\npublished = 2024-01-01T00:00:00\nlede = "x"\n', encoding="utf-8"
    )
    with pytest.raises(ValueError, match=r"x-1\.toml.*lede"):
        load_stories(tmp_path)


def test_a_reprint_has_its_originals_paragraphs_but_those_left_out_behind_its_own_opening():
    by_name = {f"{story.paper}-{story.number}": story for story in STORIES}
    reprint, original = by_name["trungdu-413007"], by_name["songmay-3162001"]
    assert reprint.paragraphs[0].startswith("(Nà Khoang, Sông Mây) - Cụ Lộc Văn Páo")
    assert len(reprint.paragraphs) == len(original.paragraphs) - 1
    assert "Thời hoà bình" in original.paragraphs[2]
    assert "Thời hòa bình" in reprint.paragraphs[1]
    assert reprint.title != original.title
