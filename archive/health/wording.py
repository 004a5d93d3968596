"""Alarms in plain words, Vietnamese and English: site, field, the change in numbers, since when, an example."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, Literal

from archive.health.alarms import Kind
from archive.instants import VIETNAM

if TYPE_CHECKING:
    from archive.health.alarms import Alarm

Language = Literal["vi", "en"]

#: Kinds whose numbers are shares.
_SHARES: Final = frozenset(
    {
        Kind.FIELD_MISSING, Kind.FALLBACK, Kind.LIST_EMPTY, Kind.LAYOUT_CHANGED, Kind.CHARSET_CHANGED, Kind.BLOCKED,
        Kind.ROBOTS_CHANGED, Kind.TLS_CHANGED, Kind.ERRORS,
    }
)  # fmt: skip
#: Kinds whose numbers are whole.
_WHOLE: Final = frozenset({Kind.BODY_SHORT, Kind.NEVER_WORKS, Kind.SEGMENT_REFUSED})

_FIELDS: Final[dict[str, dict[str, str]]] = {
    "en": {
        "title": "the title", "sapo": "the lead (sapo)", "byline": "the author line", "published_at": "the date",
        "section": "the section", "tags": "the tags", "figures": "the pictures", "body": "the text",
        "stale": "another worker has taken the paper since; its pages are fetched again",
        "damaged": "the bytes do not fit their checksums; look at the worker's disk and at the hub",
        "unreadable": "the manifest cannot be read, or names what it must not",
        "bad_rows": "the rows cannot be what a worker found at this paper",
        "doubled": "two crawls had the same token",
        "incomplete": "files are missing; they are waited for",
        "newer_version": "the worker's program is newer; update the archive's, and they are taken",
    },
    "vi": {
        "title": "tiêu đề", "sapo": "sapo", "byline": "tên tác giả", "published_at": "ngày đăng",
        "section": "chuyên mục", "tags": "từ khóa", "figures": "ảnh", "body": "nội dung bài",
        "stale": "một máy khác đã nhận báo này; các trang đó sẽ được tải lại",
        "damaged": "dữ liệu không khớp mã kiểm tra; hãy kiểm tra ổ đĩa của máy thu thập và nơi trung chuyển",
        "unreadable": "không đọc được bản kê, hoặc bản kê ghi tên không hợp lệ",
        "bad_rows": "dữ liệu không thể là của báo này",
        "doubled": "hai lần thu thập dùng chung một mã",
        "incomplete": "còn thiếu tệp; chương trình đang chờ",
        "newer_version": "chương trình của máy thu thập mới hơn; hãy cập nhật chương trình của kho thì sẽ nhận được",
    },
}  # fmt: skip

_SENTENCES: Final[dict[str, dict[Kind, str]]] = {
    "en": {
        Kind.FIELD_MISSING: "{site}: {now} of the articles' pages have {field}, formerly {before}",
        Kind.FALLBACK: "{site}: the rules of the site file find {field} on {now} of the pages, formerly on {before}",
        Kind.BODY_SHORT: "{site}: the texts are {now} characters long, formerly {before}",
        Kind.FEWER_FOUND: "{site}: {now} new addresses a day, formerly {before}",
        Kind.FEWER_ARTICLES: "{site}: {now} {what} a day, formerly {before}",
        Kind.NOTHING_NEW: "{site}: the newest article is {now} days old; it used to be {before} days at most",
        Kind.LIST_EMPTY: "{site}: the list {field} holds no article any more; it held some in {before} of the runs before",
        Kind.LAYOUT_CHANGED: "{site}: {now} of the articles' pages are built as before, formerly {before}",
        Kind.CHARSET_CHANGED: "{site}: {now} of the pages are in the charset {field}, formerly {before}",
        Kind.BLOCKED: "{site}: {now} of the answers are pages that want to know whether we are human, formerly {before}",
        Kind.ROBOTS_CHANGED: "{site}: robots.txt keeps us from {now} of the addresses, formerly from {before}",
        Kind.TLS_CHANGED: "{site}: the certificate was refused for {now} of the addresses, formerly for {before}",
        Kind.ERRORS: "{site}: {now} of the addresses fail ({field}), formerly {before}",
        Kind.NEVER_WORKS: "{site}: the last {now} crawls failed; it is asked less and less often, down to once a week",
        Kind.DISK_FULL: "the disk of the archive is nearly full; no more pages are taken",
        Kind.SEGMENT_REFUSED: "{site}: {now} segments of workers on other machines were not taken: {field}",
    },
    "vi": {
        Kind.FIELD_MISSING: "{site}: {now} số trang bài có {field}, trước đây là {before}",
        Kind.FALLBACK: "{site}: quy tắc trong tệp cấu hình của báo tìm được {field} ở {now} số trang, trước đây là {before}",
        Kind.BODY_SHORT: "{site}: bài dài {now} ký tự, trước đây là {before}",
        Kind.FEWER_FOUND: "{site}: mỗi ngày có {now} địa chỉ mới, trước đây là {before}",
        Kind.FEWER_ARTICLES: "{site}: mỗi ngày có {now} {what}, trước đây là {before}",
        Kind.NOTHING_NEW: "{site}: bài mới nhất đã đăng cách đây {now} ngày; trước đây nhiều nhất là {before} ngày",
        Kind.LIST_EMPTY: "{site}: danh sách {field} không còn bài nào; trước đây có bài ở {before} số lần thu thập",
        Kind.LAYOUT_CHANGED: "{site}: {now} số trang bài còn bố cục như trước, trước đây là {before}",
        Kind.CHARSET_CHANGED: "{site}: {now} số trang dùng bảng mã {field}, trước đây là {before}",
        Kind.BLOCKED: "{site}: {now} số lần trả lời là trang kiểm tra xem có phải người hay không, trước đây là {before}",
        Kind.ROBOTS_CHANGED: "{site}: robots.txt không cho tải {now} số địa chỉ, trước đây là {before}",
        Kind.TLS_CHANGED: "{site}: chứng chỉ bị từ chối ở {now} số địa chỉ, trước đây là {before}",
        Kind.ERRORS: "{site}: {now} số địa chỉ bị lỗi ({field}), trước đây là {before}",
        Kind.NEVER_WORKS: "{site}: {now} lần thu thập gần nhất đều hỏng; lịch sẽ thưa dần, còn mỗi tuần một lần",
        Kind.DISK_FULL: "ổ đĩa của kho lưu trữ sắp đầy; chương trình không tải thêm trang nào",
        Kind.SEGMENT_REFUSED: "{site}: {now} gói kết quả từ các máy khác chưa được nhận vào kho: {field}",
    },
}  # fmt: skip
_SINCE: Final = {"en": ", since {since}", "vi": ", từ {since}"}
_EXAMPLE: Final = {"en": "; for example {url}", "vi": "; ví dụ {url}"}
_ARTICLES: Final = {
    "en": {None: "articles", "accepted": "articles about the militia"},
    "vi": {None: "bài", "accepted": "bài về dân quân tự vệ"},
}
_UNKNOWN: Final = {"en": "an unknown number", "vi": "chưa rõ"}


def sentence(alarm: Alarm, lang: Language, paper: str | None = None) -> str:
    """What *alarm* says, in one sentence without a full stop; *paper* is the site's name, if it is known."""
    site = alarm.site or ""
    text = _SENTENCES[lang][alarm.kind].format(
        site=f"{paper} ({site})" if paper else site,
        field=field_name(alarm.field, lang) if alarm.field else _FIELDS[lang]["body"],
        what=_ARTICLES[lang].get(alarm.field) or _ARTICLES[lang][None],
        before=_number(alarm.kind, alarm.before, lang),
        now=_number(alarm.kind, alarm.now, lang),
    )
    day = alarm.opened_at.astimezone(VIETNAM)
    text += _SINCE[lang].format(
        since=f"{day:%d/%m/%Y %H:%M}" if lang == "vi" else f"{day:%Y-%m-%d %H:%M}"
    )
    return text + (_EXAMPLE[lang].format(url=alarm.example_url) if alarm.example_url else "")


def field_name(field: str, lang: Language) -> str:
    """A field of the articles by its name; anything else, such as a reason, as it is."""
    return _FIELDS[lang].get(field, field)


def _number(kind: Kind, number: float | None, lang: Language) -> str:
    if number is None:
        return _UNKNOWN[lang]
    if kind in _SHARES:
        percent = 100 * number
        is_near_an_end = 0 < percent < 1 or 0 < 100 - percent < 1
        digits = 1 if is_near_an_end else 0
        return _decimal(percent, digits, lang) + (" %" if lang == "en" else "%")
    return _decimal(number, 0 if kind in _WHOLE else 1, lang)


def _decimal(number: float, digits: int, lang: Language) -> str:
    text = f"{number:,.{digits}f}"
    if "." in text:
        text = text.rstrip("0").rstrip(".")
    return text.translate(str.maketrans(",.", ".,")) if lang == "vi" else text
