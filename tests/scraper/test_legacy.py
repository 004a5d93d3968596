"""Text in TCVN3, VNI and VIQR."""

from __future__ import annotations

import unicodedata

import pytest

from scraper.extract.legacy import Scheme, decoded, may_be_legacy, scheme_of
from scraper.extract.legible import has_lost_letters, in_unicode
from scraper.extract.syllables import is_syllable, marked_words

# written by hand from the tables of the encodings, apart from the program's own
PHRASES = {
    Scheme.TCVN3: "Lùc l\u00adîng d©n qu©n tù vÖ x· Hßa B×nh ®· huÊn luyÖn ®¹t kÕt qu¶ tèt",
    Scheme.VNI: "Löïc löôïng daân quaân töï veä xaõ Hoøa Bình ñaõ huaán luyeän ñaït keát quaû toát",
    Scheme.VIQR: "Lu+.c lu+o+.ng da^n qua^n tu+. ve^. xa~ Ho`a Bi`nh dda~ hua^'n luye^.n dda.t ke^'t qua? to^'t",
}
PLAIN = "Lực lượng dân quân tự vệ xã Hòa Bình đã huấn luyện đạt kết quả tốt"


def in_plain(source):
    """HTML of the decoded page, None when there is nothing to decode."""
    result = decoded(source)
    return result.source if result else None


def page(text, *, title="x", before="", after=""):
    return (
        f"<html><head><title>{title}</title></head><body>{before}<p>{text}</p>{after}</body></html>"
    )


@pytest.mark.parametrize("scheme", Scheme)
def test_a_paragraph_is_recognised_and_decoded(scheme):
    assert scheme_of(PHRASES[scheme]) is scheme
    assert in_plain(page(PHRASES[scheme])) == page(PLAIN)


@pytest.mark.parametrize("scheme", Scheme)
def test_the_quick_look_lets_every_legacy_paragraph_through(scheme):
    assert may_be_legacy(PHRASES[scheme])


@pytest.mark.parametrize(
    ("encoded", "plain"),
    [
        ("¡n ¢n £ ¤ ¥n ¦ §n", "Ăn Ân Ê Ô Ơn Ư Đn"),
        ("¨ © ª « ¬ \u00ad ®", "ă © ê ô ơ ư ®"),
        ("µ ¶ · ¸ ¹ » ¼ ½ ¾ Æ", "à ả ã á ạ ằ ẳ ẵ ắ ặ"),
        ("Ç È É Ê Ë Ì Î Ï Ð Ñ", "ầ ẩ ẫ ấ ậ è ẻ ẽ é ẹ"),
        ("Ò Ó Ô Õ Ö × Ø Ü Ý Þ", "ề ể ễ ế ệ ì ỉ ĩ í ị"),
        ("ß á â ã ä å æ ç è é", "ò ỏ õ ó ọ ồ ổ ỗ ố ộ"),
        ("ê ë ì í î ï ñ ò ó ô", "ờ ở ỡ ớ ợ ù ủ ũ ú ụ"),
        ("õ ö ÷ ø ù ú û ü ý þ", "ừ ử ữ ứ ự ỳ ỷ ỹ ý ỵ"),
    ],
)
def test_every_letter_of_tcvn3(encoded, plain):
    phrase = PHRASES[Scheme.TCVN3]

    assert in_plain(page(f"{phrase}, {phrase}: {encoded}")) == page(f"{PLAIN}, {PLAIN}: {plain}")


@pytest.mark.parametrize(
    ("encoded", "plain"),
    [
        ("aù aø aû aõ aï aâ aá aà aå aã aä aê aé aè aú aü aë", "á à ả ã ạ â ấ ầ ẩ ẫ ậ ă ắ ằ ẳ ẵ ặ"),
        ("eù eø eû eõ eï eâ eá eà eå eã eä", "é è ẻ ẽ ẹ ê ế ề ể ễ ệ"),
        ("í ì æ ó ò", "í ì ỉ ĩ ị"),
        ("où oø oû oõ oï oâ oá oà oå oã oä", "ó ò ỏ õ ọ ô ố ồ ổ ỗ ộ"),
        ("ô ôù ôø ôû ôõ ôï", "ơ ớ ờ ở ỡ ợ"),
        ("uù uø uû uõ uï ö öù öø öû öõ öï", "ú ù ủ ũ ụ ư ứ ừ ử ữ ự"),
        ("yù yø yû yõ î ñ Ñ", "ý ỳ ỷ ỹ ỵ đ Đ"),
        ("ÑAÛNG BOÄ, QUAÂN SÖÏ", "ĐẢNG BỘ, QUÂN SỰ"),
    ],
)
def test_every_letter_of_vni(encoded, plain):
    phrase = " ".join([PHRASES[Scheme.VNI]] * 4)

    assert in_plain(page(f"{phrase}: {encoded}")) == page(f"{' '.join([PLAIN] * 4)}: {plain}")


@pytest.mark.parametrize("scheme", [Scheme.TCVN3, Scheme.VNI])
def test_bytes_without_a_charset_are_decoded_although_read_as_windows_1258(page_of, scheme):
    body = page(PHRASES[scheme]).encode("latin-1")

    fixed = in_unicode(page_of(body, content_type="text/html"), None)

    assert fixed is not None
    assert fixed.tree.css_first("p").text() == PLAIN


def test_entities_are_decoded_as_the_letters_they_are_written_for(page_of):
    text = "".join(f"&#{ord(x)};" if ord(x) > 126 else x for x in PHRASES[Scheme.TCVN3])

    fixed = in_unicode(page_of(page(text)), None)

    assert fixed is not None
    assert fixed.tree.css_first("p").text() == PLAIN


def test_title_description_alternative_text_and_linked_data_are_decoded_as_well(page_of):
    head = (
        '<meta property="og:title" content="D©n qu©n x·"><script type="application/ld+json">'
        '{"@type": "NewsArticle", "headline": "D\\u00a9n qu\\u00a9n", "author": {"name": "NguyÔn V¨n Hå"}}</script>'
    )
    fixed = in_unicode(
        page_of(head + page(PHRASES[Scheme.TCVN3], after='<img alt="Tù vÖ" src="/d©n.jpg">')), None
    )

    assert fixed is not None
    assert fixed.meta("og:title") == "Dân quân xã"
    assert fixed.linked_data["headline"] == "Dân quân"
    assert fixed.linked_data["author"] == {"name": "Nguyễn Văn Hồ"}
    assert fixed.tree.css_first("img").attributes == {"alt": "Tự vệ", "src": "/d©n.jpg"}


def test_unicode_around_the_article_stays_as_it_is():
    before, after = "<div>Trang chủ, Thời sự</div>", "<div>© Báo Núi Ngàn, số 12</div>"
    body = page(PHRASES[Scheme.TCVN3], before=before, after=after)

    assert in_plain(body) == page(PLAIN, before=before, after=after)


def test_a_line_that_reads_well_both_ways_goes_with_the_one_before_it():
    """nói is "núi" in TCVN3."""
    legacy = page(PHRASES[Scheme.TCVN3], before="<i>nói</i>", after="<b>nói</b>")

    assert in_plain(legacy) == page(PLAIN, before="<i>nói</i>", after="<b>núi</b>")


def test_scripts_are_not_touched():
    script = "<script>var a = 'd©n qu©n tù vÖ', b = a^2 + o+1;</script>"

    assert script in (in_plain(page(PHRASES[Scheme.TCVN3], after=script)) or "")


def test_a_question_of_stops_in_viqr():
    text = PHRASES[Scheme.VIQR]
    sentence = f"{text}. {text}. Dda^y la` na(m thu+' hai. Ho. hoi: ai lai\\? Bo^. tra? lo+`i ra^'t ro~ nhu+ the^."

    plain = in_plain(page(sentence)) or ""

    assert plain.endswith(
        f"<p>{PLAIN}. {PLAIN}. Đây là năm thứ hai. Họ hoi: ai lai? Bộ trả lời rất rõ như thê.</p></body></html>"
    )


@pytest.mark.parametrize(
    "text",
    [
        PLAIN,
        unicodedata.normalize("NFD", PLAIN),
        "Müller, Schröder und Weiß führen die Mannschaft über die Brücke zum größten Sieg der Königsklasse",
        "Le général a été reçu à l’Élysée où il a évoqué la défense opérationnelle et la sécurité du Pacifique",
        "Příliš žluťoučký kůň úpěl ďábelské ódy",
        "© 2024 «Báo Núi Ngàn» ® giữ bản quyền ¹ ² nội dung, ­ghi rõ nguồn",
        "f(x) = a^2 + b^2, o+1, u+1, e^x, a^3, o^2, e^2",
        "30°C, 5 µm, ½ kg, ¼ lít, 12 m², §5, ¶6",
        "ÐẮK LẮK, ngƣời dân đƣợc, Ðảng bộ",
    ],
)
def test_other_text_is_left_alone(text):
    assert scheme_of(text) is None
    assert in_plain(page(text)) is None


def test_the_quick_look_stops_at_ordinary_text():
    assert not may_be_legacy(f"{PLAIN}. " * 50 + "© Báo Núi Ngàn")


# -- possible syllables -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "word",
    [
        "nghiêng",
        "giữa",
        "gì",
        "quý",
        "quyết",
        "khuya",
        "khuỷu",
        "xoong",
        "đường",
        "Huỳnh",
        "quốc",
        "thuyền",
        "ĐỒNG",
        "Đắk",
        "ươm",
        "yêu",
        "ngoài",
        "hoặc",
        "oằn",
        "uống",
        "tuýp",
        "gìn",
    ],
)
def test_vietnamese_syllables_are_possible(word):
    assert is_syllable(word)
    assert is_syllable(unicodedata.normalize("NFD", word))


@pytest.mark.parametrize(
    "word",
    [
        "nguyÔn",
        "vÖ",
        "xà-lan",
        "kếb",
        "tòc",
        "hoãt",
        "đướng̀",
        "aâ",
        "veä",
        "löïc",
        "îng",
        "l\xadîng",
        "Müller",
        "été",
        "ngôpt",
    ],
)
def test_other_words_are_not(word):
    assert not is_syllable(word)


def test_only_words_with_marks_are_counted():
    assert marked_words("Ban tin dân quân va MÜLLER").total == 3
    assert marked_words("Ban tin dân quân va MÜLLER").plausible == 2
    assert marked_words("no marks at all").share == 0


# -- letters lost ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "text",
    [
        "L?c l??ng d?n qu?n t? v?",
        "S?ng nay, x? t? ch?c ra qu?n hu?n luy?n",
        "L\ufffdc l\ufffd\ufffdng d\ufffdn qu\ufffdn",
    ],
)
def test_text_with_question_marks_for_letters_is_lost(text):
    assert has_lost_letters(text)


@pytest.mark.parametrize(
    "text",
    [
        "Vì sao? Ai làm? Ở đâu? Bao giờ?",
        "Xem https://bao.example/?id=1?a=2 để biết thêm về hội thao của lực lượng dân quân tự vệ năm nay",
        "Dân quân làm gì?",
        PLAIN + "\ufffd" + PLAIN,
    ],
)
def test_questions_are_no_lost_letters(text):
    assert not has_lost_letters(text)


def test_an_encoded_text_longer_than_any_article_is_refused_with_the_reason():
    line = "<p>Lùc l\u00adîng d©n qu©n tù vÖ x· Nµ Ph¹c ra qu©n huÊn luyÖn</p>"

    with pytest.raises(UnicodeError, match="characters in tcvn3"):
        in_plain(line * 2_000)


PHRASE = PHRASES[Scheme.TCVN3]


@pytest.mark.parametrize(
    ("headed", "plain"),
    [
        ('<font face=".VnTimeH">D©n qu©n</font>', "DÂN QUÂN"),
        ('<span style="font-family: .VnArialH; color: red">huÊn luyÖn</span>', "HUẤN LUYỆN"),
        ('<span style="font-family:&quot;.VnTimeH&quot;">tin vÒ</span>', "TIN VỀ"),
        ('<font face=".VnTimeH">tin</font>', "TIN"),
        ('<font face=".VnTimeH">ë</font> x· Hßa An', "Ở xã Hòa An"),
        ('<font face=".VnTimeH">x· <b>Hßa</b> An</font> vµ b¶n', "XÃ HÒA AN và bản"),
        ('<font face=".VnTimeH">§¹i<font face=".VnTime">µ</font>o</font> lµ', "ĐẠIàO là"),
        ('<font face=".VnTimeH">Êt<font size="2">Þ</font>nh</font> lµ', "ẤTỊNH là"),
        ('<font face=".VnTime">Êp H¹</font>', "ấp Hạ"),
        ('<font face="Arial">Êp H¹</font>', "ấp Hạ"),
    ],
)
def test_text_in_a_font_of_capitals_is_in_capitals(page_of, headed, plain):
    fixed = in_unicode(page_of(page(PHRASE, after=f"<div>{headed}</div>")), None)

    assert fixed is not None
    assert fixed.tree.css_first("div").text() == plain


def test_a_sentence_that_begins_with_a_toned_vowel_stays_as_it_is_written():
    """Nothing says that the paper meant a capital there: TCVN3 has none."""
    assert "tốt. ở xã" in (in_plain(page(f"{PHRASE}. ë x· Hßa An")) or "")


def test_the_font_is_of_no_consequence_on_a_page_in_unicode():
    assert in_plain(page(PLAIN, after='<font face=".VnTimeH">dân quân</font>')) is None


@pytest.mark.parametrize("scheme", Scheme)
def test_the_page_says_what_it_was_decoded_from(page_of, scheme):
    fixed = in_unicode(page_of(page(PHRASES[scheme])), None)

    assert fixed is not None
    assert fixed.decoded_as == (scheme.value,)
