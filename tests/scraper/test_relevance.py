"""Which articles are about Việt Nam's militia, and what the verdict is made of."""

import os
import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from archive.model import Article, Figure, RejectReason
from scraper.classify.lexicon import CORE, LexiconError, load_lexicon, read_lexicon
from scraper.classify.relevance import judge
from scraper.classify.terms import find_terms
from scraper.demo.stories import load_stories

SHARED = Path(os.environ.get("DQTV_SHARED", Path(__file__).parents[3] / "shared"))
STORIES = load_stories()
LEXICON = Path(__file__).parents[2] / "scraper" / "classify" / "lexicon.toml"

FILLER = (
    "Vụ này, bà con đã xuống giống hơn 320 ha, phần lớn là giống ngắn ngày, chịu phèn khá. "
    "Theo ngành nông nghiệp, thời tiết thuận lợi nên lúa phát triển đều, sâu bệnh ít hơn mọi năm. "
)


def article(*body, title="Chuyện ở cơ sở", sapo=None, section=None, captions=()):
    figures = tuple(
        Figure(position=position, caption=caption) for position, caption in enumerate(captions, 1)
    )
    return Article(
        id="test:1",
        site="test",
        url="https://test.example/1",
        title=title,
        sapo=sapo,
        body=body,
        section=section,
        figures=figures,
    )


def level(*body, **fields):
    return judge(article(*body, **fields))[0].level


def story_article(story):
    return article(
        *story.paragraphs,
        title=story.title,
        sapo=story.sapo,
        section=story.section,
        captions=[figure.caption for figure in story.figures],
    )


def story_name(story):
    return f"{story.paper}-{story.number}-{story.kind}"


@pytest.mark.parametrize("story", STORIES, ids=story_name)
def test_every_demo_story_gets_the_level_a_careful_reader_gives(story):
    verdict, reason = judge(story_article(story))
    assert verdict.level == story.level, verdict
    assert (reason is None) == (story.level > 0)


@pytest.mark.parametrize("story", STORIES, ids=story_name)
def test_weights_of_the_evidence_add_up_to_the_relevance(story):
    verdict, _ = judge(story_article(story))
    hundredths = [round(entry.weight * 100) for entry in verdict.evidence]
    assert sum(hundredths) == round(verdict.relevance * 100)
    assert all(
        entry.weight == hundredth / 100
        for entry, hundredth in zip(verdict.evidence, hundredths, strict=True)
    )
    assert all(entry.part and entry.term for entry in verdict.evidence)


@pytest.mark.parametrize(
    "story",
    [s for s in STORIES if s.kind == "foreign" and "Phòng vệ" not in s.title],
    ids=story_name,
)
def test_foreign_militia_news_is_left_out_for_that_reason(story):
    assert judge(story_article(story))[1] is RejectReason.FOREIGN_MILITIA


ABOUT = [
    (
        "Ra quân huấn luyện dân quân tự vệ năm 2024",
        "Sáng 5/3, Ban CHQS huyện tổ chức lễ ra quân huấn luyện lực lượng DQTV.",
    ),
    (
        "Hội thao trung đội dân quân cơ động",
        "Ban CHQS huyện tổ chức hội thao cho 12 trung đội dân quân cơ động các xã, thị trấn.",
    ),
    (
        "Chiến sĩ sao vuông giúp dân gặt lúa",
        "Hơn 60 chiến sĩ dân quân xã Tân Thạnh giúp bà con ấp Rạch Gừa gặt lúa chạy bão.",
    ),
    (
        "Chiến sỹ sao vuông bám bản",
        "Các chiến sỹ sao vuông xã Nà Khoang thay nhau trực ở chốt đầu bản.",
    ),
    (
        "Hải đội dân quân thường trực bám biển",
        "Hải đội dân quân thường trực tỉnh có 9 tàu, do Bộ CHQS tỉnh quản lý, thường xuyên tuần tra, hỗ trợ ngư dân các xã ven biển.",
    ),
    (
        "Dân quân biển giúp ngư dân tránh bão",
        "Dân quân biển phường Cửa Lạch và bộ đội biên phòng kêu gọi 200 tàu cá của các xã vào bờ.",
    ),
    (
        "Tự vệ cơ quan luyện tập phương án bảo vệ trụ sở",
        "Trung đội tự vệ cơ quan UBND tỉnh luyện tập phương án bảo vệ trụ sở, do Ban CHQS chỉ huy.",
    ),
    (
        "Thôn đội trưởng ở vùng cao",
        "Làm thôn đội trưởng đã mười năm, anh Lý A Páo thuộc từng nhà trong xã.",
    ),
    (
        "88 năm Ngày truyền thống DQTV (28/3/1935 - 28/3/2023)",
        "Đội Tự vệ đỏ ra đời theo nghị quyết của Đảng; từ đó lực lượng DQTV trưởng thành qua hai cuộc kháng chiến chống Pháp, chống Mỹ.",
    ),
    (
        "Phường diễn tập chiến đấu phòng thủ năm 2025",
        "Phường Bến Sông tổ chức diễn tập chiến đấu phòng thủ; dân quân tại chỗ cùng công an phường bảo vệ mục tiêu. Kết thúc, Ban CHQS phường rút kinh nghiệm.",
    ),
    (
        "DÂN QUÂN TỰ VỆ THAM GIA CHỐNG DỊCH",
        "Lực lượng dân quân tự vệ các xã, phường trực chốt kiểm soát dịch suốt ngày đêm.",
    ),
    ("Tổ dân quân y tế về thôn", "Tổ dân quân y tế xã khám bệnh cho 80 người ở thôn Khe Lim."),
    (
        "Thăm dân quân trực Tết",
        "Lãnh đạo UBND huyện thăm, tặng quà dân quân trực Tết ở các xã. Dân quân xã Bản Thượng hứa hoàn thành nhiệm vụ.",
    ),
    (
        "Luật Dân quân tự vệ đi vào cuộc sống",
        "Sau bốn năm thi hành Luật DQTV số 48/2019/QH14, các xã đã kiện toàn ban CHQS.",
    ),
]

MENTIONS = [
    (
        "Lúa đông xuân được mùa",
        FILLER + "Khi đê rò, dân quân xã cùng bà con đắp lại ngay trong đêm.",
    ),
    (
        "Bắt nhóm trộm chó",
        FILLER + "Công an xã phối hợp dân quân tuần tra, bắt quả tang hai đối tượng.",
    ),
    (
        "Cháy nhà trong đêm",
        "Rạng sáng nay, một ngôi nhà ở xã Hòa An bốc cháy; mười phút sau, dân quân và công an xã dập tắt lửa.",
    ),
    (
        "Lớp kỹ năng tự vệ cho nữ sinh",
        FILLER + "Lớp dạy kỹ năng tự vệ do Hội phụ nữ xã mở, có dân quân xã hướng dẫn.",
    ),
    ("Vũ khí tự vệ bán tràn lan", FILLER + "Công an xã cùng dân quân thu 12 vũ khí tự vệ ở chợ."),
    (
        "Chợ phiên vùng cao",
        FILLER + "Bên cầu Dân Quân, các thôn trong xã họp chợ. Hai dân quân đứng giữ trật tự.",
    ),
    (
        "Ngày hội đọc sách",
        FILLER + "Sách do lực lượng dân quân xã quyên góp được xếp ở nhà văn hóa thôn.",
    ),
    ("Hội làng", FILLER + "Đội hình diễu hành có trung đội dân quân của xã."),
    ("Gương sáng thôn bản", FILLER + "Ông từng là xã đội trưởng rồi về làm Bí thư chi bộ thôn."),
    ("Người lính già", FILLER + "Năm 1972, ông là dân quân xã, góp công bắn rơi máy bay Mỹ."),
]

#: Self-defence units of works and offices, in reports that name no commune and no committee.
SELF_DEFENCE = [
    (
        "Diễn tập ở nhà máy dệt",
        "Lực lượng tự vệ tập cứu người trong khói, nối vòi nước, đưa máy móc ra sân.",
    ),
    (
        "Giữ kho qua mùa bão",
        "Ca trực đêm có sáu người của lực lượng tự vệ, ai cũng thuộc lối vào từng gian kho.",
    ),
    ("Tập chữa cháy ở xưởng may", "Đội tự vệ dập tắt đám cháy giả định trong bảy phút."),
    (
        "Người thợ lò và khẩu súng trường",
        "Ông từng là chiến sĩ tự vệ, ban ngày xuống lò, ban đêm trực súng.",
    ),
    ("Bảo vệ ca ba", "Tự vệ nhà máy thay nhau tuần tra quanh tường rào, giữ từng cuộn dây đồng."),
    (
        "Xếp hàng vào ca",
        FILLER + "Trong số cán bộ, công nhân viên có mặt, ba mươi người thuộc lực lượng tự vệ.",
    ),
    ("Hội thao của thợ", FILLER * 3 + "Cuối buổi, lực lượng tự vệ của phân xưởng thi ném lựu đạn."),
]

#: The same words, and what points abroad.
SELF_DEFENCE_ABROAD = [
    (
        "Tàu khu trục ra khơi",
        "Lực lượng tự vệ trên biển điều hai tàu khu trục ra khơi, theo Kyodo.",
    ),
    (
        "Thị trấn tự giữ mình",
        "Lực lượng tự vệ ở một thị trấn Mexico lập chốt chặn các băng nhóm, AFP đưa tin.",
    ),
    ("Người Kurd rút quân", "Lực lượng tự vệ người Kurd rút khỏi thị trấn sau ba ngày giao tranh."),
]

OUTSIDE = [
    # words that only look like the force
    ("Gặp mặt cựu chiến binh", "Lực lượng vũ trang nhân dân Quân khu 4 gặp mặt cựu chiến binh các xã."),
    ("Tuyên dương", "Quân đội nhân dân, người dân Quân khu 7 và UBND các xã dự lễ."),
    ("Tòa án nhân dân quận xét xử", "Tòa án nhân dân quận 3 đưa vụ án ra xét xử; người dân quan tâm theo dõi."),
    ("Nông dân quan tâm giá lúa", "Nông dân quan tâm giá lúa; diễn đàn quan trọng này do UBND huyện mở."),
    ("Bệnh viện quân dân y", "Trạm xá quân dân y xã đảo khám bệnh; phòng khám dân quân y mở cửa cả tuần."),
    ("Tọa đàm", "Tọa đàm bàn về công tác dân quân sự và dân quân chủng của UBND tỉnh."),
    ("Vạch trần luận điệu", "Cái gọi là “Lực lượng dân quân phục quốc” đã bị Công an tỉnh bóc gỡ ở các xã."),
    ("Cầu mới qua suối", "UBND xã khởi công cầu Dân Quân, dài 30 m, nối hai thôn."),
    ("Xã Dân Quân về đích", "Xã Dân Quân về đích nông thôn mới, đường thôn phẳng đẹp."),
    # other meanings of tự vệ
    ("Tự vệ chính đáng hay phạm tội?", "Luật sư phân tích hành vi tự vệ chính đáng trong vụ án ở xã Tân Lập."),
    ("Giải võ tự vệ", "Sở thể thao mở giải võ tự vệ; võ sinh các xã, phường tham gia."),
    ("Kỹ năng tự vệ cho học sinh", "Đoàn thanh niên xã dạy kỹ năng tự vệ cho học sinh."),
    ("Bán vũ khí tự vệ qua mạng", "Công an huyện thu giữ vũ khí tự vệ, dụng cụ tự vệ bán qua mạng."),
    ("Áp thuế tự vệ với thép", "Bộ áp thuế tự vệ tạm thời; biện pháp tự vệ có hiệu lực ba năm, UBND tỉnh cho biết."),
    ("Nhật Bản tập trận", "Lực lượng Tự vệ Nhật Bản điều tàu khu trục ra khơi, theo hãng tin Kyodo."),
    ("Động đất", "Lực lượng Phòng vệ mặt đất Nhật Bản cứu trợ vùng động đất."),
    ("Lực lượng Tự vệ trên biển Nhật Bản nhận tàu mới", "Tàu được hạ thủy tại Nhật Bản hôm qua."),
    # other countries' militia
    ("Dân quân Houthi bắn tên lửa", "Dân quân Houthi ở Yemen tuyên bố bắn tên lửa vào tàu hàng."),
    ("Giao tranh ở Syria", "Lực lượng dân quân người Kurd giao tranh với quân nổi dậy ở Aleppo, Syria."),
    ("Donbass lại nóng", "Dân quân Donetsk cáo buộc Ukraine pháo kích; phía Nga lên tiếng."),
    ("Tàu dân quân biển Trung Quốc", "Philippines phát hiện 40 tàu dân quân biển của Trung Quốc ở bãi cạn, Manila phản đối Bắc Kinh."),
    ("Hơn 100 tàu dân quân biển tụ tập", "Philippines nói các tàu dân quân biển neo đậu trái phép; Trung Quốc bác bỏ, Mỹ lên tiếng."),
    ("Xả súng ở Thái Lan", "Cảnh sát Thái Lan cho biết một dân quân làng bị bắn ở miền nam Thái Lan."),
    ("Baghdad rung chuyển", "Dân quân dòng Shiite do Iran hậu thuẫn bị không kích ở Iraq, theo Reuters."),
    ("Nhóm dân quân bắt con tin", "Nhóm dân quân chiếm giữ một thị trấn ở miền bắc Mali từ đêm qua, bắt nhiều con tin."),
    # no militia at all
    ("Bộ đội biên phòng giúp dân", "Đồn biên phòng cùng công an xã giúp dân dựng nhà."),
    ("Du kích năm xưa", "Đội du kích xã từng đánh đồn giặc, nay còn ba người."),
    ("Huấn luyện chiến sĩ mới", "Trung đoàn bộ binh, Bộ CHQS tỉnh khai mạc huấn luyện chiến sĩ mới, SSCĐ."),
]  # fmt: skip


@pytest.mark.parametrize(("title", "body"), ABOUT)
def test_articles_about_the_militia_are_level_2(title, body):
    assert level(body, title=title) == 2


def test_a_short_page_that_names_a_unit_only_our_law_knows_is_not_taken_for_foreign():
    """Also where the headline says "dân quân biển", which is another country's as often."""
    article = Article(
        id="x:1", site="x", url="https://bao.example/1", title="Dân quân biển Núi Ngàn nhận tàu vỏ thép thứ hai",
        sapo="Hải đội dân quân thường trực tỉnh vừa tiếp nhận con tàu dài 33 mét.",
    )  # fmt: skip
    verdict, reason = judge(article)
    assert (verdict.level, reason) == (2, None), verdict


@pytest.mark.parametrize(("title", "body"), MENTIONS)
def test_articles_that_mention_the_militia_are_level_1(title, body):
    assert level(body, title=title) == 1


@pytest.mark.parametrize(("title", "body"), SELF_DEFENCE)
def test_self_defence_units_are_not_taken_for_foreign_where_nothing_points_abroad(title, body):
    verdict, reason = judge(article(body, title=title))
    assert (verdict.level >= 1, reason) == (True, None), verdict


@pytest.mark.parametrize(("title", "body"), SELF_DEFENCE_ABROAD)
def test_self_defence_units_abroad_are_left_out_for_that_reason(title, body):
    verdict, reason = judge(article(body, title=title))
    assert (verdict.level, reason) == (0, RejectReason.FOREIGN_MILITIA), verdict


def test_an_article_without_any_foreign_cue_is_never_called_foreign():
    verdict, reason = judge(article(FILLER * 3 + "Một nhóm dân quân đi qua."))
    assert (verdict.level, reason) == (0, RejectReason.NOT_MILITIA)


@pytest.mark.parametrize(("title", "body"), OUTSIDE)
def test_articles_without_vietnams_militia_are_level_0(title, body):
    assert level(body, title=title) == 0


def test_both_tone_placements_get_the_same_verdict():
    modern = article(
        "Đảng ủy xã và dân quân giúp dân gặt lúa.", title="Dân quân khỏe, thủy lợi thông"
    )
    old = article("Đảng uỷ xã và dân quân giúp dân gặt lúa.", title="Dân quân khoẻ, thuỷ lợi thông")
    assert judge(modern)[0].relevance == judge(old)[0].relevance


def test_a_longer_militia_term_wins_over_a_guard_inside_it():
    assert level("Dân quân khu phố 3, phường Cái Mít tuần tra đêm.") >= 1
    assert level("Người dân quân khu 9 và phường Cái Mít đón Tết.") == 0


def test_a_term_counts_only_as_whole_syllables():
    verdict, reason = judge(article("Hộidân quânnhu xã."))
    assert (verdict.level, verdict.evidence, reason) == (0, (), RejectReason.NOT_MILITIA)


def test_one_remark_in_a_short_report_gets_no_density():
    report = article(FILLER + "Nước rút, dân quân xã giúp dân dọn bùn.", title="Nước lên ở Vàm Sậy")
    named_in_title = article("Nước rút, dân quân xã giúp dân.", title="Dân quân giúp dân dọn bùn")
    assert "density" not in {entry.part for entry in judge(report)[0].evidence}
    assert "density" in {entry.part for entry in judge(named_in_title)[0].evidence}


def test_two_sentences_with_the_militia_do_get_density():
    twice = article(FILLER * 3 + "Dân quân xã giúp dân. Hôm sau, dân quân lại đến.")
    assert "density" in {entry.part for entry in judge(twice)[0].evidence}


def test_context_alone_gives_no_points():
    verdict, _ = judge(
        article("Bộ CHQS tỉnh diễn tập khu vực phòng thủ, huấn luyện, bắn đạn thật.")
    )
    assert verdict.evidence == ()


def test_a_caption_can_be_the_mention():
    assert level(FILLER, "Nước rút ở xã Tân Thạnh.", captions=["Dân quân giúp dân dọn nhà."]) == 1


def test_defence_pages_add_to_a_militia_term_and_world_pages_take_away():
    body = FILLER * 3 + "Dân quân xã đến giúp."
    plain = judge(article(body))[0].relevance
    assert judge(article(body, section="Quốc phòng - An ninh"))[0].relevance == plain + 1
    assert judge(article(body, section="Thế giới"))[0].relevance == plain - 3


def test_evidence_shows_terms_as_written():
    verdict, _ = judge(article("Đại đội DÂN QUÂN của xã.", title="Thăm Dân quân tự vệ"))
    assert (
        next(entry.term for entry in verdict.evidence if entry.part == "title") == "Dân quân tự vệ"
    )


def test_false_friends_do_not_speak_against_the_word_dan_quan():
    verdict, _ = judge(article(FILLER + "Dân quân xã dạy võ tự vệ, kỹ năng tự vệ."))
    assert "false_friend" not in {entry.part for entry in verdict.evidence}


def test_false_friends_speak_against_tu_ve_alone():
    verdict, _ = judge(
        article(FILLER * 3 + "Võ tự vệ, thuế tự vệ, quyền tự vệ, vũ khí tự vệ; đội tự vệ xã.")
    )
    taken = sum(entry.weight for entry in verdict.evidence if entry.part == "false_friend")
    assert (verdict.level, taken) == (0, -6.0)


def test_an_article_sunk_by_foreign_cues_says_so():
    body = (
        "Nhóm vũ trang ở Mali và Niger tấn công; dân quân địa phương bỏ chạy, theo AFP và Reuters."
    )
    assert judge(article(body))[1] is RejectReason.FOREIGN_MILITIA


def test_no_vietnamese_cue_takes_points():
    verdict, _ = judge(article(FILLER * 3 + "Một nhóm dân quân đi qua."))
    assert verdict.level == 0
    assert ("no Vietnamese cue", -3.0) in {(e.term, e.weight) for e in verdict.evidence}


def test_an_article_without_any_vietnamese_cue_is_never_about_vietnams_militia():
    body = "Dân quân tuần tra suốt đêm. Dân quân bắt được ba người. Dân quân rút đi."
    verdict, _ = judge(article(body, title="Dân quân tuần tra"))
    assert (verdict.relevance > load_lexicon().levels.about, verdict.level) == (True, 1)


_WORDS = st.sampled_from(
    [
        *("dân quân", "tự vệ", "DQTV", "đội tự vệ", "dân quân biển", "nhân", "khu", "xã", "UBND", "Syria", "Nga"),
        *("diễn tập", "huấn luyện", "võ", "thuế", ".", ",", "Dân Quân", "cầu", "của", "Houthi", "lúa", "được mùa"),
    ]
)  # fmt: skip


@given(st.lists(_WORDS, max_size=30), st.lists(_WORDS, min_size=1, max_size=6))
def test_any_mixture_of_terms_gets_a_consistent_verdict(body, title):
    verdict, reason = judge(article(" ".join(body), title=" ".join(title)))
    assert sum(round(entry.weight * 100) for entry in verdict.evidence) == round(
        verdict.relevance * 100
    )
    assert (reason is None) == (verdict.level > 0)
    assert verdict.level < 2 or verdict.relevance >= load_lexicon().levels.about


@given(st.text(max_size=200))
def test_any_text_gets_a_verdict(text):
    verdict, _ = judge(article(text, title=text or "x"))
    assert verdict.level in {0, 1, 2}


def _shared(path):
    if not path.exists():
        pytest.skip("the shared pages are not here")
    return path


def test_the_cao_bang_sample_is_about_the_militia():
    text = _shared(SHARED / "seed" / "bao-cao-bang-dqtv.txt").read_text(encoding="utf-8")
    lines = [" ".join(line.split()) for line in text.splitlines() if line.strip()]
    verdict, reason = judge(article(*lines[1:], title=lines[0]))
    assert (verdict.level, reason) == (2, None)
    assert 24 <= verdict.relevance <= 28


def test_the_lao_cai_officers_portrait_is_not_about_the_militia():
    page = _shared(SHARED / "pages" / "baolaocai-article.html").read_text(encoding="utf-8")
    without_scripts = re.sub(r"<(script|style)\b.*?</\1>", " ", page, flags=re.DOTALL)
    plain = [
        " ".join(line.split()) for line in re.sub(r"<[^>]+>", "\n", without_scripts).splitlines()
    ]
    verdict, reason = judge(article(*filter(None, plain), title="Sống đẹp từ những điều giản dị"))
    assert len("".join(plain)) > 2000
    assert (verdict.level, reason) == (0, RejectReason.NOT_MILITIA)


class TestTerms:
    """Finding terms."""

    def test_of_overlapping_terms_the_first_then_the_longer_stays(self):
        text = "lực lượng tự vệ nhà máy và nhân dân quân khu 4, dân quân tự vệ"
        assert [hit.term.key for hit in find_terms(load_lexicon().every, text)] == [
            "lực lượng tự vệ nhà máy",
            "nhân dân quân",
            "dân quân tự vệ",
        ]

    def test_offsets_point_at_the_term(self):
        text = "xã có dân quân."
        hits = find_terms(load_lexicon().core, text)
        assert [text[hit.start : hit.end] for hit in hits] == ["dân quân"]


class TestLexicon:
    """The lexicon file."""

    def test_no_militia_term_hides_behind_a_guard_of_its_own(self):
        for term in load_lexicon().terms:
            if term.groups & CORE:
                found = find_terms(load_lexicon().every, term.key)
                assert [hit.term for hit in found] == [term]

    def test_all_mistakes_are_reported_at_once_with_their_keys(self):
        broken = (
            LEXICON.read_text(encoding="utf-8")
            .replace("about = 8.0", 'about = "eight"')
            .replace("lead_most = 2", "lead_mots = 2")
            .replace('"nữ tự vệ"', '"nữ {tự vệ", "", "xã đội"')
            .replace('"dân quân chính đảng",', '"dân quân chính đảng", "dqtv",')
            .replace('world = ["thế giới", "quốc tế"]', "world = []")
        )
        with pytest.raises(LexiconError) as caught:
            read_lexicon(broken)
        problems = "\n".join(caught.value.problems)
        for expected in (
            "levels.about: a number from 0 up is needed",
            "score.lead_mots: unknown key",
            "score.lead_most: a number from 0 up is needed",
            "terms.strong: 'nữ {tự vệ' has a brace without its partner",
            "terms.strong: '' is no term",
            "terms.strong: 'xã đội' stands there twice",
            "terms.dqtv: cannot be in all of guards, strong",
            "sections.world: a list of terms is needed",
        ):
            assert expected in problems

    def test_every_term_stands_under_a_comment_of_its_own_list(self):
        lines = LEXICON.read_text(encoding="utf-8").partition("[terms]")[2].splitlines()
        bare, explained = [], False
        for line in map(str.strip, lines):
            if line.startswith("#"):
                explained = True
            elif line.endswith("= ["):
                opening, explained = explained, False
                bare += [] if opening else [line]
            elif line.startswith('"'):
                bare += [] if explained else [line]
        assert bare == []

    def test_a_missing_table_is_one_mistake_among_the_others(self):
        with pytest.raises(LexiconError, match="terms: a table is needed"):
            read_lexicon("[score]\n[levels]\n[sections]\n")

    def test_a_file_that_is_no_toml_is_said_to_be_none(self):
        with pytest.raises(LexiconError, match="not TOML"):
            read_lexicon("= 3")
