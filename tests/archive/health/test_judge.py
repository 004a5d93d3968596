"""What is out of the ordinary in a run, by the site's own past."""

from datetime import UTC, datetime, timedelta

import attrs
import pytest

from archive.health.alarms import Alarm, Kind
from archive.health.judge import Case, judge
from archive.health.measures import DAILY, Measures

#: A Tuesday without a holiday in the ten weeks before it.
TODAY = datetime(2025, 12, 9, 19, tzinfo=UTC)
FIELDS = ("title", "sapo", "body", "byline", "published_at", "tags")


def run(day=0, pages=60, **values):
    at = TODAY - timedelta(days=day)
    usual = {
        "found": pages, "fetched": pages + 9, "accepted": pages // 10, "articles": pages, "newest_at": at,
        "fields": dict.fromkeys(FIELDS, pages), "with_text": pages, "by_rule": pages, "characters": 2_000,
        "layouts": {"a": pages}, "charsets": {"utf-8": pages}, "asked": pages + 9, "lists": 9, "listed": 90,
    }  # fmt: skip
    return Measures(run_id=f"run{day}", site="bao", kind=DAILY, started_at=at, **({"reason": "finished"} | usual | values))  # fmt: skip


def past(days=50, pages=60, **values):
    return [run(day, pages + (day % 5), **values) for day in range(days, 0, -1)]


def out(now, before=None, **values):
    readings = judge(Case(run=now, past=past() if before is None else before, **values))
    return {(x.kind.value, x.field) for x in readings if x.is_out}


def test_a_run_like_those_before_is_ordinary():
    assert out(run()) == set()


def test_a_new_paper_without_a_past_raises_nothing_but_challenge_pages():
    empty = dict.fromkeys(FIELDS, 0)
    assert out(run(fields=empty, by_rule=0, failures={"robots": 9}), []) == set()
    assert out(run(reason="blocked", failures={"blocked": 6}), []) == {("blocked", None)}


def test_a_field_that_is_gone_is_named():
    assert out(run(fields=dict.fromkeys(FIELDS, 60) | {"byline": 2})) == {
        ("field_missing", "byline")
    }


def test_a_field_that_is_often_missing_is_no_alarm_when_it_is_missing_once_more():
    few = dict.fromkeys(FIELDS, 60) | {"tags": 20}
    assert out(run(pages=4, fields=dict.fromkeys(FIELDS, 4) | {"tags": 0}), past(fields=few)) & {("field_missing", "tags")} == set()  # fmt: skip


def test_a_few_pages_of_several_days_are_judged_together():
    without = dict.fromkeys(FIELDS, 3) | {"byline": 0}
    before = past(pages=3)
    before[-1] = run(1, 3, fields=without)
    assert ("field_missing", "byline") in out(run(pages=3, fields=without), before)
    assert ("field_missing", "byline") not in out(run(pages=1, fields=dict.fromkeys(FIELDS, 0)), past(pages=3))  # fmt: skip


def test_a_layout_whose_rules_find_nothing_is_named():
    assert out(run(by_rule=0, layouts={"b": 60})) == {
        ("fallback", "body"),
        ("layout_changed", None),
    }


def test_a_new_layout_counts_as_known_after_three_runs():
    before = past()
    before[-3:] = [run(day, layouts={"b": 60}) for day in (3, 2, 1)]
    assert out(run(layouts={"b": 60}), before) == set()


def test_short_texts_and_another_charset_are_named():
    assert out(run(characters=400)) == {("body_short", "body")}
    assert out(run(charsets={"cp1258": 60})) == {("charset_changed", "utf-8")}


@pytest.mark.parametrize(
    ("reason", "ended", "kind"),
    [
        ("robots", "finished", "robots_changed"),
        ("tls", "unreachable", "tls_changed"),
        ("blocked", "blocked", "blocked"),
    ],
)
def test_a_site_that_shuts_us_out_is_one_alarm_whatever_the_numbers(reason, ended, kind):
    shut = run(pages=0, reason=ended, asked=9, failures={reason: 9}, characters=None, lists=0)
    assert out(shut) == {(kind, None)}


def test_pages_without_a_text_are_named_by_their_reason():
    assert out(run(pages=20, asked=69, rejected={"no_body": 40})) >= {("errors", "no_body")}


def test_an_outage_of_a_day_is_no_alarm_and_one_of_three_is():
    def down(day):
        return run(day, 0, reason="unreachable", asked=6, failures={"timeout": 6}, characters=None)

    assert out(down(0)) == set()
    assert out(down(0), [*past()[:-1], down(1)]) & {("never_works", None)} == set()
    three = out(down(0), [*past()[:-2], down(2), down(1)])
    assert ("never_works", None) in three
    hourly = [attrs.evolve(down(0), started_at=TODAY - timedelta(hours=x)) for x in (3, 2, 1)]
    assert out(down(0), [*past(), *hourly]) == set()


def test_a_paper_that_always_failed_is_an_alarm_without_any_good_run():
    failing = [
        run(day, 0, reason="unreachable", asked=6, failures={"dns": 6}) for day in (21, 14, 7)
    ]
    assert ("never_works", None) in out(run(pages=0, reason="unreachable", failures={"dns": 6}), failing)  # fmt: skip


def test_half_of_few_is_an_alarm_where_all_days_are_alike_and_none_where_they_are_not():
    even = [run(day, 18 + (day % 3) - 1) for day in range(50, 0, -1)]
    uneven = [run(day, (12, 25, 17, 19, 22, 14)[day % 6]) for day in range(50, 0, -1)]
    assert ("fewer_found", None) in out(run(pages=9), even)
    assert ("fewer_found", None) not in out(run(pages=9), uneven)
    # a fall of a third is none of an alarm, however even the days were
    assert out(run(pages=13), even) == set()


def test_how_even_days_are_is_not_known_from_a_few_weeks():
    few = [run(day, 18) for day in range(25, 0, -1)]
    assert ("fewer_found", None) not in out(run(pages=9), few)


def test_half_as_many_are_an_alarm_where_many_are_usual():
    assert {x for x, _ in out(run(pages=30))} == {"fewer_found", "fewer_articles"}
    assert out(run(pages=45)) == set()
    assert out(run(pages=3), past(pages=6)) == set()


def test_saturdays_are_compared_with_saturdays():
    def weekly(day):
        at = TODAY - timedelta(days=day)
        return run(day, 15 if at.weekday() == TODAY.weekday() else 80)

    assert out(weekly(0), [weekly(day) for day in range(60, 0, -1)]) == set()


def test_a_run_that_was_cut_short_says_nothing_of_the_numbers():
    assert out(run(pages=5, reason="page limit")) == set()
    assert out(run(pages=0, reason="interrupted", asked=0)) == set()


def test_what_a_few_runs_a_day_bring_is_taken_together():
    def four_a_day(day, pages):
        at = TODAY - timedelta(days=day)
        return [attrs.evolve(run(day, pages), started_at=at - timedelta(hours=x)) for x in (18, 12, 6, 0)]  # fmt: skip

    before = [x for day in range(50, 0, -1) for x in four_a_day(day, 20)]
    *today, last = four_a_day(0, 20)
    # one thin run among four is none of an alarm
    assert out(attrs.evolve(last, found=5, articles=5, fields=dict.fromkeys(FIELDS, 5)), before + today) == set()  # fmt: skip
    *thin, last = four_a_day(0, 8)
    assert ("fewer_found", None) in out(last, before + thin)


def test_an_old_newest_article_is_an_alarm_by_the_ages_of_before():
    stale = run(newest_at=TODAY - timedelta(days=20))
    assert ("nothing_new", None) in out(stale)
    slow = [attrs.evolve(x, newest_at=x.started_at - timedelta(days=10)) for x in past()]
    assert ("nothing_new", None) not in out(stale, slow)


def test_dates_that_cannot_be_read_are_not_taken_for_old_articles():
    undated = dict.fromkeys(FIELDS, 60) | {"published_at": 0}
    now = run(fields=undated, newest_at=TODAY - timedelta(days=40))
    assert out(now) == {("field_missing", "published_at")}


def test_a_list_that_always_held_articles_and_holds_none_is_named():
    feed, search = "https://bao.example/rss", "https://bao.example/tim"
    before = {feed: [20] * 8, search: [3, 0, 5, 1]}
    assert out(run(), lists={feed: 0, search: 0}, lists_before=before) == {("list_empty", feed)}
    assert out(run(), lists={feed: None}, lists_before=before) == set()
    assert out(run(), lists={feed: 0}, lists_before={feed: [20, 20]}) == set()


def alarm(kind, field=None, before=1.0):
    return Alarm(id=1, site="bao", kind=kind, field=field, opened_at=TODAY, last_seen_at=TODAY, before=before)  # fmt: skip


@pytest.mark.parametrize(
    ("opened", "over", "lasting"),
    [
        (alarm(Kind.FIELD_MISSING, "byline"), {}, {"fields": {"title": 60, "byline": 40}}),
        (alarm(Kind.FALLBACK, "body"), {}, {"by_rule": 30}),
        (alarm(Kind.BODY_SHORT, "body", 2000), {}, {"characters": 1200}),
        (alarm(Kind.FEWER_FOUND, None, 60), {}, {"found": 40}),
        (alarm(Kind.BLOCKED, None, 0.0), {}, {"failures": {"blocked": 9}}),
        (alarm(Kind.ERRORS, "no_body", 0.0), {}, {"rejected": {"no_body": 9}}),
        (alarm(Kind.NEVER_WORKS, None, 0.0), {}, {"reason": "unreachable"}),
        (alarm(Kind.CHARSET_CHANGED, "latin1"), {"charsets": {"latin1": 60}}, {}),
    ],
)
def test_an_alarm_is_over_when_things_are_as_before_and_not_sooner(opened, over, lasting):
    def ends(values):
        readings = judge(Case(run=run(**values), past=past(), alarms=[opened]))
        return [
            x.ends(opened) for x in readings if (x.kind, x.field) == (opened.kind, opened.field)
        ]

    assert ends(over) == [True]
    assert ends(lasting) == [False]


def test_an_alarm_of_a_list_that_is_read_no_more_is_over():
    gone = alarm(Kind.LIST_EMPTY, "https://bao.example/old.rss")
    readings = judge(Case(run=run(), past=past(), alarms=[gone]))
    assert [x.ends(gone) for x in readings if x.kind is Kind.LIST_EMPTY] == [True]
