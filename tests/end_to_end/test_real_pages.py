"""Real pages of three papers, where they are at hand: imported, published, searched, read."""

from __future__ import annotations

import unicodedata

import pytest

from archive.store import Store

pytestmark = pytest.mark.end_to_end

CAO_BANG = "baocaobang:3162207"
TITLE = "Lực lượng dân quân tự vệ thành phố Cao Bằng học và làm theo Bác"
CAPTION = "Lực lượng dân quân tự vệ tham gia xây dựng nông thôn mới."


@pytest.fixture(scope="module")
def imported(tmp_path_factory, new_command, shared):
    """An archive with the three pages; a test that writes into it leaves it as it was."""
    dqtv = new_command(tmp_path_factory.mktemp("imported"))
    dqtv("import", str(shared / "seed" / "pages.warc.gz"))
    dqtv("publish")
    return dqtv


def one(dqtv, sql, *values):
    with Store.open(dqtv.archive, create=False) as store:
        return store.connection.execute(sql, values).fetchone()


def six_paragraphs(shared) -> list[str]:
    text = (shared / "seed" / "bao-cao-bang-dqtv.txt").read_text(encoding="utf-8")
    lines = [" ".join(unicodedata.normalize("NFC", line).split()) for line in text.splitlines()]
    left_out = {"", TITLE, CAPTION, "Phản hồi", "Các tin khác", "Mới nhất", "Liên kết website"}
    return [line for line in lines if line not in left_out]


def test_the_cao_bang_article_is_exactly_its_title_and_six_paragraphs(imported, shared):
    title, body = one(imported, "SELECT title, body FROM articles WHERE id = ?", CAO_BANG)
    paragraphs = six_paragraphs(shared)
    assert len(paragraphs) == 6
    assert title == TITLE
    assert body.split("\n\n") == paragraphs


def test_the_cao_bang_article_has_its_caption_once_and_only_as_a_figure(imported):
    assert one(
        imported, "SELECT group_concat(caption, '|') FROM figures WHERE article_id = ?", CAO_BANG
    ) == (CAPTION,)


def test_the_cao_bang_article_is_dated_to_the_minute_and_about_the_militia_with_evidence(imported):
    row = one(
        imported, "SELECT published_at, level, relevance FROM articles WHERE id = ?", CAO_BANG
    )
    assert row[:2] == ("2024-03-19T09:12:00+07:00", 2)
    total = one(
        imported, "SELECT round(sum(weight), 2) FROM evidence WHERE article_id = ?", CAO_BANG
    )[0]
    assert total == pytest.approx(row[2])
    assert row[2] > 20


def test_the_cao_bang_text_holds_nothing_of_the_page_around_it(imported):
    title, sapo, body = one(
        imported, "SELECT title, sapo, body FROM articles WHERE id = ?", CAO_BANG
    )
    text = f"{title} {sapo} {body}"
    around = [
        "Phản hồi", "Các tin khác", "Mới nhất", "Liên kết website", "P.V", "Hà Quảng sơ kết",
        "Trùng Khánh khai mạc", "Giá vàng", "không khí lạnh", "Hotline", "02/10/2026", "Giấy phép",
    ]  # fmt: skip
    assert [word for word in around if word in text] == []


def test_the_army_officers_portrait_is_rejected_with_reason_and_score(imported):
    reason, score, evidence, capture = one(
        imported,
        "SELECT reason, score, evidence, capture_id FROM rejections WHERE site = 'baolaocai'",
    )
    assert (reason, score) == ("not_militia", 0.0)
    assert evidence is not None
    assert capture is not None


def test_the_can_tho_listing_is_left_out_by_its_address(imported):
    assert one(imported, "SELECT count(*) FROM captures WHERE site = 'baocantho'") == (0,)


def test_extract_reads_every_field_of_the_army_officers_portrait(dqtv, shared):
    page = shared / "pages" / "baolaocai-article.html"
    url = "https://baolaocai.vn/song-dep-tu-nhung-dieu-gian-di-post404649.html"
    values = dqtv("extract", str(page), "--url", url, "--json").json()
    assert (values["outcome"], values["reason"]) == ("rejected", "not_militia")
    assert (values["byline"], values["authors"]) == ("Anh Dũng", ["Anh Dũng"])
    assert values["title"] == "Sống đẹp từ những điều giản dị"
    assert values["sapo"].startswith("Không ồn ào, không phô trương thành tích")
    assert values["published_at"] == "2025-06-17T13:43:02+07:00"
    assert len(values["body"]) == 10
    assert values["body"][0].startswith("Từ nhiệm vụ chuyên môn quân sự")
    assert values["body"][-1].startswith("Trong hàng ngũ phụ nữ quân đội")


def test_a_second_import_adds_nothing(imported, shared):
    report = imported("import", str(shared / "seed" / "pages.warc.gz"), "--json").json()["files"][0]
    assert (report["known"], report["other"], report["counts"]["fetched"]) == (2, 1, 0)
    assert one(imported, "SELECT count(*), max(version) FROM articles") == (1, 1)


@pytest.mark.parametrize(
    "query", ["học và làm theo Bác", "hoc va lam theo bac", '"chiến sĩ sao vuông"']
)
def test_the_article_is_found(imported, query):
    hits = imported("search", query, "--json").json()["hits"]
    assert [hit["id"] for hit in hits] == [CAO_BANG]
