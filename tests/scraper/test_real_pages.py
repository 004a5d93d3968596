"""Real pages of three families, where the maintainers' copies are at hand; nothing of them is kept here."""

from __future__ import annotations

import unicodedata
from datetime import UTC, datetime

import attrs
import pytest
from warcio.archiveiterator import ArchiveIterator

from archive.instants import paper_text
from archive.model import Accepted, Rejected, RejectReason
from scraper.process import process
from scraper.sites.load import load_registry
from scraper.sites.spec import SiteSpec

CAO_BANG = "https://baocaobang.vn/luc-luong-dan-quan-tu-ve-thanh-pho-cao-bang-hoc-va-lam-theo-bac-3162207.html"
LAO_CAI = "https://baolaocai.vn/song-dep-tu-nhung-dieu-gian-di-post404649.html"
CAN_THO = "https://baocantho.com.vn/thoi-su/"
TAY_NINH = "https://baotayninh.vn/voi-bien-chung-omicron-nguyen-tac-phong-benh-chinh-van-la-5k-va-vaccine-88701.html"


@pytest.fixture(scope="module")
def registry():
    return load_registry()


@pytest.fixture
def outcome_of(shared, capture_of, registry):
    """Outcome of a page of the seed WARC file, by its address."""

    def read(url):
        with (shared / "seed" / "pages.warc.gz").open("rb") as stream:
            for record in ArchiveIterator(stream):
                if record.rec_headers.get_header("WARC-Target-URI") == url:
                    when = datetime.fromisoformat(record.rec_headers.get_header("WARC-Date"))
                    capture = capture_of(record.content_stream().read(), url=url, fetched_at=when)
        site = registry.site_for_url(url)
        return process(capture, site, registry.family_of(site))

    return read


@pytest.fixture
def tay_ninh(shared, capture_of, registry):
    family = registry.families["mediatech"]
    site = SiteSpec(
        id="baotayninh",
        name="Báo Tây Ninh",
        province="Tây Ninh",
        homepage="https://baotayninh.vn/",
        domains=("baotayninh.vn",),
        family="mediatech",
        article_url=family.article_url,
    )
    body = (shared / "pages" / "baotayninh-article-excerpt.html").read_bytes()
    capture = capture_of(body, url=TAY_NINH, fetched_at=datetime(2026, 10, 2, 11, 38, tzinfo=UTC))
    return process(capture, site, family)


def sample_lines(shared):
    text = (shared / "seed" / "bao-cao-bang-dqtv.txt").read_text(encoding="utf-8")
    lines = (" ".join(unicodedata.normalize("NFC", line).split()) for line in text.splitlines())
    return [line for line in lines if line]


def test_cao_bang_has_exactly_its_title_and_six_paragraphs(outcome_of, shared):
    title, *rest = sample_lines(shared)
    *body, fourth, third, second, first = rest
    caption = body[2]
    outcome = outcome_of(CAO_BANG)

    assert [fourth, third, second, first] == [
        "Phản hồi",
        "Các tin khác",
        "Mới nhất",
        "Liên kết website",
    ]
    assert body.count(caption) == 2
    assert (
        outcome.article.title
        == title
        == "Lực lượng dân quân tự vệ thành phố Cao Bằng học và làm theo Bác"
    )
    assert list(outcome.article.body) == [line for line in body if line != caption]
    assert len(outcome.article.body) == 6


def test_cao_bang_has_its_caption_once_and_only_as_a_figure(outcome_of, shared):
    outcome = outcome_of(CAO_BANG)
    caption = sample_lines(shared)[3]

    assert [figure.caption for figure in outcome.article.figures] == [caption]
    assert caption not in outcome.article.text


def test_cao_bang_is_accepted_with_time_section_and_byline(outcome_of):
    outcome = outcome_of(CAO_BANG)
    article = outcome.article

    assert isinstance(outcome, Accepted)
    assert outcome.verdict.level == 2
    assert article.id == "baocaobang:3162207"
    assert paper_text(article.published_at) == "2024-03-19T09:12:00+07:00"
    assert (article.byline, article.authors) == ("P.V", ())
    assert article.section == "Quốc phòng - An ninh"
    assert article.sapo is None
    assert "P.V" not in article.text


def test_cao_bang_time_is_the_same_from_the_page_when_the_head_is_silent(outcome_of, registry):
    capture = outcome_of(CAO_BANG).capture
    silent = attrs.evolve(capture, body=capture.body.replace(b"datePublished", b"dateX"))
    site = registry.site("baocaobang")
    article = process(silent, site, registry.family_of(site)).article

    assert article is not None
    assert paper_text(article.published_at) == "2024-03-19T09:12:00+07:00"
    assert article.date_source == "rule:div.content-article div.date"


def test_lao_cai_is_read_whole_and_rejected_as_not_militia(outcome_of):
    outcome = outcome_of(LAO_CAI)
    article = outcome.article

    assert isinstance(outcome, Rejected)
    assert outcome.reason is RejectReason.NOT_MILITIA
    assert outcome.verdict.level == 0
    assert article.title == "Sống đẹp từ những điều giản dị"
    assert article.sapo.startswith("Không ồn ào, không phô trương thành tích")
    assert article.sapo.endswith("bằng những việc làm thiết thực.")
    assert len(article.body) == 10
    assert article.body[0].startswith("Từ nhiệm vụ chuyên môn quân sự")
    assert article.body[-1].endswith("lặng lẽ góp sức bằng những việc làm ý nghĩa.")
    assert (article.byline, article.authors) == ("Anh Dũng", ("Anh Dũng",))
    assert paper_text(article.published_at) == "2025-06-17T13:43:02+07:00"
    assert article.section == "Review Lào Cai"
    assert article.tags == ("Thiếu tá Đoàn Thị Hạnh",)


def test_can_tho_section_is_recognised_as_a_listing(outcome_of):
    outcome = outcome_of(CAN_THO)

    assert isinstance(outcome, Rejected)
    assert outcome.reason is RejectReason.LISTING_PAGE


def test_tay_ninh_has_its_whole_lead_and_sub_headings(tay_ninh):
    article = tay_ninh.article

    assert article.sapo.startswith("Theo các chuyên gia, hiện chưa có")
    assert article.sapo.endswith("nguyên tắc phòng bệnh chính vẫn là 5K và vaccine.")
    assert article.sapo_source == "rule:#content-detail p.sapo"
    assert [line for line in article.body if len(line) < 60] == [
        "Cần có phương án dự phòng",
        "Nguyên tắc phòng bệnh vẫn là 5K",
    ]
    assert len(article.body) == 5


def test_tay_ninh_has_one_figure_with_its_credit(tay_ninh):
    (figure,) = tay_ninh.article.figures

    assert figure.caption.startswith("Biện pháp phòng dịch quan trọng nhất")
    assert figure.caption.endswith("khử khuẩn.")
    assert figure.credit == "Ảnh: TTXVN"


def test_tay_ninh_has_byline_time_and_section(tay_ninh):
    article = tay_ninh.article

    assert (article.byline, article.authors) == ("Tạ Nguyên/Báo Tin tức", ("Tạ Nguyên",))
    assert paper_text(article.published_at) == "2021-12-01T11:51:00+07:00"
    assert article.section == "Y tế sức khỏe"


@pytest.mark.parametrize("url", [CAO_BANG, LAO_CAI])
def test_the_generic_path_finds_the_same_text_without_a_layout(outcome_of, registry, url):
    ruled = outcome_of(url)
    site = attrs.evolve(registry.site_for_url(url), family=None)
    article = process(ruled.capture, site, None).article

    assert article is not None
    assert article.body_source == "fallback"
    assert article.body == ruled.article.body
    assert article.published_at == ruled.article.published_at
