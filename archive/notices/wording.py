"""Notices in plain words, Vietnamese and English, and the same for programs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from archive.health.wording import sentence
from archive.instants import VIETNAM, utc_text
from archive.notices.message import Message

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from datetime import datetime

    from archive.health.alarms import Alarm
    from archive.health.wording import Language
    from archive.notices.digest import Digest, PaperWeek

#: Between the languages of one notice.
_BETWEEN: Final = "\n\n" + "-" * 60 + "\n\n"

WORDS: Final[dict[str, dict[str, str]]] = {
    "vi": {
        "alarms": "{count} cảnh báo cần xem",
        "alarms_intro": "Kho lưu trữ {archive} có {count} cảnh báo cần xem:",
        "alarms_outro": "Xem tất cả: dqtv health. Đã biết việc nào thì ghi nhận việc ấy bằng dqtv health acknowledge để khỏi được báo lại;"
        " hết trục trặc thì cảnh báo tự đóng.",
        "test": "Thư thử",
        "test_text": "Đây là thư thử của kho lưu trữ {archive}. Nhận được thư này nghĩa là thông báo sẽ đến nơi.",
        "digest": "Tuần {since} – {until}: {articles} bài mới, {alarms} cảnh báo",
        "digest_intro": "Kho lưu trữ {archive} từ {since} đến {until}, giờ Việt Nam.",
        "totals": "{good} trong {crawls} lượt thu thập hoàn tất, tải {fetched} trang, thêm {articles} bài về dân quân tự vệ."
        " Kho hiện có {all} bài.",
        "alarms_head": "CẢNH BÁO",
        "alarms_numbers": "{open} cảnh báo đang mở, {opened} mở trong tuần, {closed} đã đóng trong tuần.",
        "open_head": "Đang mở:",
        "closed_head": "Đã đóng:",
        "papers_head": "TỪNG BÁO",
        "paper": "{name}: {good}/{crawls} lượt hoàn tất, {fetched} trang, {articles} bài mới",
        "trouble": "lượt hỏng gần nhất: {reason}",
        "not_crawled": "{name}: có trong lịch nhưng cả tuần không thu thập lượt nào",
        "no_papers": "Tuần này không thu thập báo nào.",
        "gaps_head": "THÁNG KHÔNG CÓ BÀI",
        "gaps_intro": "Mười hai tháng qua, những tháng dưới đây không có bài nào trong kho; có thể báo không đăng, cũng có thể ta bỏ sót:",
        "no_gaps": "Mười hai tháng qua, không báo nào bị trống tháng nào kể từ bài đầu tiên.",
        "disk_head": "Ổ ĐĨA",
        "disk": "Kho chiếm {archive} MB; ổ đĩa còn trống {free} MB.",
        "next_head": "SẮP TỚI",
        "no_next": "Không có việc nào trong lịch.",
        "overdue": "{count} việc đã quá hạn hơn một ngày: xem dqtv doctor.",
        "paused": "{count} việc đang tạm dừng.",
        "crawl": "thu thập", "rechecks": "xem lại", "backfill": "lấy bài cũ",
    },
    "en": {
        "alarms": "Alarms to look at: {count}",
        "alarms_intro": "Alarms of the archive {archive} that need a look: {count}",
        "alarms_outro": "All of them: dqtv health. Take note of what you know with dqtv health acknowledge, so that it is told no more;"
        " an alarm closes by itself when it is over.",
        "test": "Test message",
        "test_text": "This is a test message of the archive {archive}. If you read it, notices reach you.",
        "digest": "Week of {since} to {until}: {articles} articles are new, {alarms} alarms open",
        "digest_intro": "The archive {archive} from {since} to {until}, Vietnam's time.",
        "totals": "{good} of {crawls} crawls ended as asked, {fetched} pages were fetched, {articles} articles about the militia are new."
        " The archive holds {all} articles.",
        "alarms_head": "ALARMS",
        "alarms_numbers": "Open: {open}, {opened} of them since this week. Closed this week: {closed}.",
        "open_head": "These are open:",
        "closed_head": "These closed:",
        "papers_head": "PAPERS",
        "paper": "{name}: {good} of {crawls} crawls ended as asked, {fetched} pages, {articles} new articles",
        "trouble": "the last that did not: {reason}",
        "not_crawled": "{name}: scheduled, but not crawled all week",
        "no_papers": "No paper was crawled this week.",
        "gaps_head": "MONTHS WITHOUT ARTICLES",
        "gaps_intro": "In the last twelve months, the archive has no article of these; the paper may have printed none, or we missed them:",
        "no_gaps": "In the last twelve months, no paper lacks a month since its first article.",
        "disk_head": "DISK",
        "disk": "The archive takes {archive} MB; {free} MB are free on its disk.",
        "next_head": "NEXT",
        "no_next": "Nothing is scheduled.",
        "overdue": "Jobs that are due for more than a day: {count}; see dqtv doctor.",
        "paused": "Jobs that are paused: {count}.",
        "crawl": "crawl", "rechecks": "rechecks", "backfill": "backfill",
    },
}  # fmt: skip
#: Ends of crawls in Vietnamese; in English they are what the program says everywhere.
_ENDS: Final = {
    "unreachable": "không kết nối được",
    "blocked": "bị chặn",
    "asked to come back later": "báo yêu cầu quay lại sau",
    "error": "lỗi chương trình",
    "interrupted": "bị dừng giữa chừng",
    "stopped by order": "dừng theo yêu cầu",
    "ended without saying so": "tiến trình bị ngắt",
    "page budget": "quá số trang cho một lượt",
    "disk nearly full": "ổ đĩa sắp đầy",
    "archive unwritable": "không ghi được vào kho",
    "lease_lost": "không còn giữ quyền thu thập báo",
}


def alarm_message(
    alarms: Sequence[Alarm], names: Mapping[str, str], archive: str, languages: Sequence[Language]
) -> Message:
    """One notice about *alarms*; *names* are the papers' by site."""

    def text(lang: Language) -> str:
        words = WORDS[lang]
        lines = [f"- {said}" for said in _sentences(alarms, names, lang)]
        intro = words["alarms_intro"].format(archive=archive, count=len(alarms))
        return "\n\n".join([intro, "\n".join(lines), words["alarms_outro"]])

    subject = WORDS[languages[0]]["alarms"].format(count=len(alarms))
    sites = sorted({alarm.site for alarm in alarms if alarm.site})
    return Message(
        kind="alarms",
        subject=_subject(f"{subject}: {', '.join(sites)}" if sites else subject),
        body=_BETWEEN.join(map(text, languages)) + "\n",
        payload={"archive": archive, "alarms": [_for_programs(alarm) for alarm in alarms]},
    )


def test_message(archive: str, languages: Sequence[Language]) -> Message:
    """A notice that only shows that notices arrive."""
    return Message(
        kind="test",
        subject=_subject(WORDS[languages[0]]["test"]),
        body=_BETWEEN.join(WORDS[x]["test_text"].format(archive=archive) for x in languages) + "\n",
        payload={"archive": archive},
    )


def digest_message(digest: Digest, archive: str, languages: Sequence[Language]) -> Message:
    """The notice about a week."""
    numbers = _totals(digest)
    subject = WORDS[languages[0]]["digest"].format(
        since=_day(digest.since, languages[0]), until=_day(digest.until, languages[0]),
        articles=numbers["articles"], alarms=len(digest.open),
    )  # fmt: skip
    body = _BETWEEN.join("\n".join(_digest_lines(digest, archive, lang)) for lang in languages)
    return Message(
        kind="digest",
        subject=_subject(subject),
        body=body + "\n",
        payload={"archive": archive, "digest": _digest_for_programs(digest)},
    )


def _subject(text: str) -> str:
    return f"[DQTV] {text}"[:200]


def _sentences(alarms: Sequence[Alarm], names: Mapping[str, str], lang: Language) -> Iterator[str]:
    return (sentence(alarm, lang, names.get(alarm.site or "")) for alarm in alarms)


def _totals(digest: Digest) -> dict[str, int]:
    return {
        "good": sum(one.good for one in digest.papers),
        "crawls": sum(one.crawls for one in digest.papers),
        "fetched": sum(one.fetched for one in digest.papers),
        "articles": sum(one.new_articles for one in digest.papers),
        "all": digest.articles,
    }


def _digest_lines(digest: Digest, archive: str, lang: Language) -> Iterator[str]:
    words = WORDS[lang]
    yield words["digest_intro"].format(
        archive=archive, since=_moment(digest.since, lang), until=_moment(digest.until, lang)
    )
    yield words["totals"].format(**{k: _whole(v, lang) for k, v in _totals(digest).items()})
    yield from ("", words["alarms_head"])
    yield words["alarms_numbers"].format(
        open=len(digest.open), opened=digest.opened, closed=len(digest.closed)
    )
    for heading, alarms in (("open_head", digest.open), ("closed_head", digest.closed)):
        if alarms:
            yield words[heading]
            yield from (f"- {said}" for said in _sentences(alarms, digest.names, lang))
    yield from ("", words["papers_head"])
    yield from _paper_lines(digest, lang)
    yield from ("", words["gaps_head"])
    yield from _gap_lines(digest, lang)
    yield from ("", words["disk_head"])
    yield words["disk"].format(
        archive=_whole(digest.archive_mb, lang), free=_whole(digest.free_mb, lang)
    )
    yield from ("", words["next_head"])
    yield from _next_lines(digest, lang)


def _paper_lines(digest: Digest, lang: Language) -> Iterator[str]:
    words = WORDS[lang]
    shown = [one for one in digest.papers if one.crawls or one.new_articles or one.is_scheduled]
    if not shown:
        yield words["no_papers"]
    for one in shown:
        if not one.crawls and one.is_scheduled:
            yield "- " + words["not_crawled"].format(name=_name(one))
            continue
        line = words["paper"].format(
            name=_name(one), good=one.good, crawls=one.crawls, fetched=_whole(one.fetched, lang),
            articles=_whole(one.new_articles, lang),
        )  # fmt: skip
        if one.last_trouble:
            line += "; " + words["trouble"].format(reason=_end(one.last_trouble, lang))
        yield f"- {line}"


def _gap_lines(digest: Digest, lang: Language) -> Iterator[str]:
    lacking = [one for one in digest.papers if one.gaps]
    yield WORDS[lang]["gaps_intro" if lacking else "no_gaps"]
    for one in lacking:
        months = (f"{x[5:]}/{x[:4]}" if lang == "vi" else x for x in one.gaps)
        yield f"- {_name(one)}: {', '.join(months)}"


def _next_lines(digest: Digest, lang: Language) -> Iterator[str]:
    words = WORDS[lang]
    if not digest.next:
        yield words["no_next"]
    for one in digest.next:
        yield f"- {_moment(one.at, lang)}  {one.site} ({words[one.job]})"
    for key, count in (("overdue", digest.overdue), ("paused", digest.paused)):
        if count:
            yield words[key].format(count=count)


def _name(paper: PaperWeek) -> str:
    return f"{paper.name} ({paper.site})" if paper.name else paper.site


def _end(reason: str, lang: Language) -> str:
    return _ENDS.get(reason, reason) if lang == "vi" else reason


def _day(at: datetime, lang: Language) -> str:
    return f"{at.astimezone(VIETNAM):{'%d/%m' if lang == 'vi' else '%Y-%m-%d'}}"


def _moment(at: datetime, lang: Language) -> str:
    return f"{at.astimezone(VIETNAM):{'%d/%m/%Y %H:%M' if lang == 'vi' else '%Y-%m-%d %H:%M'}}"


def _whole(number: float, lang: Language) -> str:
    text = f"{number:,.0f}"
    return text.replace(",", ".") if lang == "vi" else text


def _for_programs(alarm: Alarm) -> dict[str, Any]:
    return {
        "id": alarm.id, "site": alarm.site, "kind": alarm.kind.value, "field": alarm.field, "before": alarm.before,
        "now": alarm.now, "since": utc_text(alarm.opened_at), "example_url": alarm.example_url,
        "acknowledged": alarm.acknowledged_at is not None,
    }  # fmt: skip


def _digest_for_programs(digest: Digest) -> dict[str, Any]:
    return {
        "since": utc_text(digest.since),
        "until": utc_text(digest.until),
        **_totals(digest),
        "papers": [
            {"site": x.site, "name": x.name, "crawls": x.crawls, "good": x.good, "fetched": x.fetched,
             "new_articles": x.new_articles, "last_trouble": x.last_trouble, "months_without": list(x.gaps)}
            for x in digest.papers
        ],
        "alarms_open": [_for_programs(x) for x in digest.open],
        "alarms_closed": [_for_programs(x) for x in digest.closed],
        "free_mb": round(digest.free_mb),
        "archive_mb": round(digest.archive_mb),
        "next": [{"at": utc_text(x.at), "site": x.site, "job": x.job} for x in digest.next],
        "overdue": digest.overdue,
        "paused": digest.paused,
    }  # fmt: skip
