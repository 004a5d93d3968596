"""What is said of orders, as codes with values: kept so in the archive, and put into words in the reader's language.

Codes and the names of values are never changed, since rows hold them; what older rows say in words is kept as it is.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Final

import attrs
import orjson

from archive.errors import UsageError

if TYPE_CHECKING:
    from archive.health.wording import Language

#: A value's name, such as ``reason``, and a word the program has for it -> that word in the reader's language.
Word = Callable[[str, str], str]

#: What was written in words: by an error, or before there were codes.
TEXT: Final = "text"
_SENTENCES: Final[dict[str, tuple[str, str]]] = {
    TEXT: ("{text}", "{text}"),
    # why it waits
    "held": ("{site} is being crawled or imported by {by}", "{by} đang thu thập hoặc nhập dữ liệu của {site}"),
    "faster": ("{by} was faster", "{by} đã bắt đầu trước"),
    "other order": ("another order for the paper is being obeyed", "một lệnh khác cho báo này đang được thực hiện"),
    "most at a time": (
        "{n} orders are being obeyed, which is the most at a time", "{n} lệnh đang được thực hiện, cùng lúc không chạy được nhiều hơn",
    ),
    "disk full": ("the disk is nearly full: {what}", "ổ đĩa sắp đầy; hãy dọn bớt hoặc chuyển kho sang ổ lớn hơn"),
    "hours": ("the paper is crawled at {hours} only (Vietnam's time)", "báo này chỉ được thu thập trong khoảng {hours} (giờ Việt Nam)"),
    "unwritten": ("the archive could not be written", "không ghi được vào kho"),
    "stopped": ("the crawler was stopped", "chương trình thu thập đã bị dừng"),
    "crawl died": ("the process that crawled died", "tiến trình thu thập đã chết giữa chừng"),
    "check died": ("the process that checked died", "tiến trình kiểm tra đã chết giữa chừng"),
    "died": ("{by} died at it", "{by} đã chết giữa chừng"),
    "taken up": ("{because}; it is taken up again", "{because}; lệnh được thực hiện lại"),
    # how it ended
    "not crawled": ("{site} is not crawled: {why}", "{site} không được thu thập: {why}"),
    "crawled": ("{reason}; {fetched} fetched, {accepted} accepted", "{reason}; tải {fetched} trang, nhận {accepted} bài"),
    "crawled, detail": (
        "{reason} ({detail}); {fetched} fetched, {accepted} accepted", "{reason} ({detail}); tải {fetched} trang, nhận {accepted} bài",
    ),
    "checked": ("{pages} pages read: all is well", "đã đọc {pages} trang: mọi thứ đều ổn"),
    "checked, problems": ("{pages} pages read: {problems}", "đã đọc {pages} trang: {problems}"),
    "no answer": ("the check gave no answer", "lần kiểm tra không cho kết quả"),
    "paused": ("{jobs} paused", "đã tạm nghỉ: {jobs}"),
    "resumed": ("{jobs} resumed", "đã chạy tiếp: {jobs}"),
    "noted": ("alarm {n} is taken note of", "đã ghi nhận cảnh báo {n}"),
    "given up": ("{because}, as {n} before it", "{because}, trước đó đã có {n} tiến trình như vậy"),
    "over": ("the crawl is over: {because}", "lượt thu thập đã hết: {because}"),
    "ended before": ("the crawl had ended before", "lượt thu thập đã kết thúc từ trước"),
    "after pages": ("the crawl ended after the pages under way", "lượt thu thập đã kết thúc sau khi tải xong các trang đang dở"),
    "not seen": ("the crawl ended before it saw the order", "lượt thu thập kết thúc trước khi thấy lệnh"),
    "nobody": (
        "nobody took it in time: is `dqtv watch` or `dqtv run-due` called?", "không tiến trình nào nhận kịp: `dqtv watch` hoặc `dqtv run-due` có chạy không?",
    ),
    "nobody, because": ("nobody took it in time: {because}", "không tiến trình nào nhận kịp: {because}"),
    "taken back": ("taken back by {by}", "{by} đã rút lại"),
    # why it is not written
    "needs days": (
        "a backfill needs its days (FROM..TO, such as 2019..2021-06), other crawls have none",
        "thu thập bài cũ thì phải ghi ngày đầu, ví dụ 2019 hoặc 2021-06; việc khác thì để trống cả hai ô ngày",
    ),
    "days": (
        "{first}..{last}: write each day as a year, month or day, from 1997 to today, the earlier first, such as 2019..2021-06",
        "không hiểu khoảng ngày “{first}” đến “{last}”: viết năm, năm-tháng hoặc năm-tháng-ngày, từ 1997 đến hôm nay, ngày sớm hơn trước",
    ),
    "no number": ("{text!r} is no whole number", "“{text}” không phải là số nguyên"),
    "pages": ("pages: {n} is not between 1 and {most}", "số trang phải từ 1 đến {most}, không phải {n}"),
    "no note": ("say in 1 to {most} characters what is known about the alarm", "hãy ghi điều đã biết về cảnh báo, dài từ 1 đến {most} ký tự"),
    "too long": (
        "too long: names have {name} characters at most, notes {note}", "dài quá: tên chỉ được dài đến {name} ký tự, ghi chú đến {note} ký tự",
    ),
    "unknown paper": (
        "this archive has no paper {site!r}; `dqtv sites list` shows those that can be crawled",
        "kho không có báo “{site}”; hãy chọn báo trong danh sách",
    ),
    "no choice": ("{text!r} is none of {choices}", "không có lựa chọn “{text}”; chỉ có: {choices}"),
    "no alarm": ("there is no alarm {n}; `dqtv health` lists those that are open", "không có cảnh báo {n}; trang này liệt kê các cảnh báo còn mở"),
    "no order": ("there is no order {n}; `dqtv orders list` shows them", "không có lệnh {n}; trang này liệt kê các lệnh"),
    "no crawl": ("no crawl of {site} is running", "không có lượt thu thập nào của {site} đang chạy"),
    "alarm over": ("alarm {n} is over", "cảnh báo {n} đã kết thúc"),
    "nothing scheduled": ("nothing of {site} is scheduled; `dqtv schedule list` shows what is", "{site} không có việc nào trong lịch"),
    "job not scheduled": ("no {jobs} of {site} is scheduled; `dqtv schedule list` shows what is", "lịch của {site} không có việc “{jobs}”"),
    "many open": ("{n} orders are open; wait for some of them, or cancel them", "đang có {n} lệnh chưa xong; hãy chờ hoặc rút bớt lệnh"),
    "same asked": (
        "{who} has asked for the same already (order {n}); wait for it, or cancel it", "{who} đã ra lệnh này rồi (lệnh {n}); hãy chờ, hoặc rút lệnh ấy lại",
    ),
    "order over": ("order {n} is over ({outcome})", "lệnh {n} đã kết thúc ({outcome})"),
    "order taken": (
        "order {n} is being obeyed by {by}; ask for a stop of {site} instead", "{by} đang thực hiện lệnh {n}; muốn ngừng thì hãy ra lệnh dừng {site}",
    ),
    # of the audit trail
    "finished": ("{outcome}: {because}", "{outcome}: {because}"),
}  # fmt: skip
#: A process as `archive.processes.in_words` names it.
_PROCESS: Final = re.compile(r"\bprocess (\d+) on (\S+)")
#: What the program says in English of how a crawl ended, and the same in Vietnamese.
_DETAILS: Final = (
    (re.compile(r"stopped by order (\d+) of (.*)", re.DOTALL), r"theo lệnh \1 của \2"),
    (re.compile(r"stopped after (\d+) pages, as asked"), r"được yêu cầu dừng sau \1 trang"),
    (
        re.compile(r"the hours in which it may be crawled are over; the next run goes on"),
        "lần sau chạy tiếp",
    ),
)
#: Values that are words of the program, which the desk has in both languages.
_WORDS: Final = frozenset({"reason", "jobs", "outcome"})


@attrs.frozen(kw_only=True)
class Said:
    """One thing said of an order: a code, its values, and what it rests on."""

    code: str
    values: Mapping[str, str | int] = attrs.field(factory=dict)
    because: Said | None = None

    def __str__(self) -> str:
        """In English."""
        return sentence(self, "en")


class NotWritten(UsageError):
    """An order that cannot be written or taken back; ``why`` says so in either language."""

    def __init__(self, code: str, **values: str | int) -> None:
        self.why = Said(code=code, values=values)
        super().__init__(str(self.why))


def said(code: str, because: Said | None = None, **values: str | int) -> Said:
    """What is said by *code*."""
    return Said(code=code, values=values, because=because)


def sentence(what: Said, language: Language, word: Word = lambda _, text: text) -> str:
    """In one sentence without a full stop; *word* translates words of the program, such as how a run ended."""
    english, vietnamese = _SENTENCES[what.code]
    values: dict[str, object] = dict(what.values)
    for name in _WORDS & values.keys():
        values[name] = ", ".join(word(name, one) for one in str(values[name]).split(", "))
    if "by" in values:
        values["by"] = process_words(str(values["by"]), language)
    if "detail" in values and language == "vi":
        values["detail"] = _detail_in_vietnamese(str(values["detail"]))
    if what.because is not None:
        values["because"] = sentence(what.because, language, word)
    return (vietnamese if language == "vi" else english).format(**values)


def _detail_in_vietnamese(text: str) -> str:
    for pattern, words in _DETAILS:
        if match := pattern.fullmatch(text):
            return match.expand(words)
    return text


def process_words(text: str, language: Language) -> str:
    """*text* with the process it names in the reader's language."""
    return _PROCESS.sub(r"tiến trình \1 trên máy \2", text) if language == "vi" else text


def packed(what: Said) -> str:
    """As the archive keeps it, the same text for the same thing."""
    return orjson.dumps(_plain(what), option=orjson.OPT_SORT_KEYS).decode()


def unpacked(text: str) -> Said:
    """What *text* says; words that are no code of ours as they are."""
    try:
        return _said(orjson.loads(text))
    except (orjson.JSONDecodeError, KeyError, TypeError, ValueError):
        return said(TEXT, text=text)


def _plain(what: Said) -> dict[str, object]:
    inner = {} if what.because is None else {"because": _plain(what.because)}
    return {"code": what.code, "values": dict(what.values), **inner}


def _said(plain: dict[str, object]) -> Said:
    code, values, because = plain["code"], plain["values"], plain.get("because")
    if code not in _SENTENCES or not isinstance(values, dict):
        raise ValueError(code)
    inner = _said(because) if isinstance(because, dict) else None
    return Said(code=str(code), values=values, because=inner)
