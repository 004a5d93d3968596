import sqlite3
from datetime import timedelta

import attrs
import pytest

from archive.model import (
    CaptureKind,
    Evidence,
    Explored,
    Failed,
    Figure,
    FoundUrl,
    PageKind,
    RecordLocation,
    Redirected,
    Rejected,
    RejectReason,
    TextChange,
    Verdict,
)

SITE = {
    "id": "bao",
    "name": "Báo Bao",
    "province": "Điện Biên",
    "homepage": "http://bao.vn/",
    "family": None,
    "languages": ("vi", "en"),
    "status": "active",
}


def rows(store, sql, *parameters):
    return [tuple(row) for row in store.connection.execute(sql, parameters)]


def one(store, sql, *parameters):
    (row,) = rows(store, sql, *parameters)
    return row


# articles and versions


def test_a_first_article_is_new_and_version_1(store, save, make_accepted):
    assert save(make_accepted()) == ["new"]
    assert one(store, "SELECT id, version, published_at FROM articles") == (
        "bao:1",
        1,
        "2024-03-19T09:12:00+07:00",
    )
    assert one(store, "SELECT article_id, version FROM article_versions") == ("bao:1", 1)


def test_body_is_stored_as_paragraphs_with_a_blank_line_between(store, save, make_accepted):
    save(make_accepted(body=("Một.", "Hai.")))
    assert one(store, "SELECT body, authors, tags FROM articles") == ("Một.\n\nHai.", "[]", "[]")


def test_the_same_text_again_adds_no_version(store, save, make_accepted):
    first = make_accepted()
    assert save(first, make_accepted(hours=5)) == ["new", "unchanged"]
    row = one(
        store, "SELECT version, capture_id, first_captured_at, last_captured_at FROM articles"
    )
    assert row == (
        1,
        first.capture.id,
        "2026-11-24T03:10:00.123456Z",
        "2026-11-24T08:10:00.123456Z",
    )


def test_the_same_text_again_refreshes_metadata_figures_and_evidence(store, save, make_accepted):
    later = attrs.evolve(
        make_accepted(hours=1, section="Quốc phòng", figures=(Figure(position=1, caption="Mới."),)),
        verdict=Verdict(
            relevance=2.0,
            level=1,
            evidence=(Evidence(part="body", term="dân quân", count=1, weight=2.0),),
        ),
    )
    save(make_accepted(), later)
    assert one(store, "SELECT section, relevance, level FROM articles") == ("Quốc phòng", 2.0, 1)
    assert rows(store, "SELECT caption FROM figures") == [("Mới.",)]
    assert rows(store, "SELECT position, part FROM evidence") == [(1, "body")]


@pytest.mark.parametrize(
    "change", [{"title": "Tít khác"}, {"sapo": None}, {"body": ("Đoạn khác.",)}]
)
def test_another_title_sapo_or_body_is_a_new_version(store, save, make_accepted, change):
    second = make_accepted(**({"hours": 1} | change))
    assert save(make_accepted(), second) == ["new", "new_version"]
    assert one(store, "SELECT version, capture_id FROM articles") == (2, second.capture.id)
    assert rows(store, "SELECT version FROM article_versions ORDER BY version") == [(1,), (2,)]


def test_the_same_print_read_otherwise_corrects_its_version(store, save, make_accepted):
    first = make_accepted(body=("Một.", "Đọc báo in."), printed_digest="p")
    second = make_accepted(hours=5, body=("Một.",), printed_digest="p")
    assert save(first, second) == ["new", "unchanged"]
    assert one(store, "SELECT body, version, capture_id FROM articles") == (
        "Một.",
        1,
        first.capture.id,
    )
    assert rows(store, "SELECT body FROM article_versions") == [("Một.",)]


def test_an_older_capture_of_the_same_print_corrects_nothing(store, save, make_accepted):
    newer = make_accepted(hours=5, body=("Một.",), printed_digest="p")
    older = make_accepted(body=("Một.", "Đọc báo in."), printed_digest="p")
    assert save(newer, older) == ["new", "unchanged"]
    assert one(store, "SELECT body FROM articles") == ("Một.",)


def test_two_prints_nobody_has_a_digest_of_are_two_versions(save, make_accepted):
    second = make_accepted(hours=5, body=("Một.",), printed_digest=None)
    assert save(make_accepted(printed_digest=None), second) == ["new", "new_version"]


def test_an_older_capture_never_replaces_newer_text(store, save, make_accepted):
    newer, older = make_accepted("Tít mới", hours=5), make_accepted("Tít cũ", hours=-5)
    assert save(newer, older) == ["new", "unchanged"]
    assert one(store, "SELECT title, version, capture_id, first_captured_at FROM articles") == (
        "Tít mới",
        1,
        newer.capture.id,
        "2026-11-23T22:10:00.123456Z",
    )


def test_a_capture_between_two_equal_ones_never_replaces_the_text(store, save, make_accepted):
    between = make_accepted("Tít giữa", hours=1)
    assert save(make_accepted(), make_accepted(hours=2), between)[-1] == "unchanged"
    assert one(store, "SELECT title FROM articles") != ("Tít giữa",)


def test_the_same_outcome_twice_leaves_the_same_rows(store, save, make_accepted):
    outcome = make_accepted()
    save(outcome)
    before = list(store.connection.iterdump())
    assert save(outcome) == ["unchanged"]
    assert list(store.connection.iterdump()) == before


def test_a_page_read_better_corrects_its_version_instead_of_adding_one(store, save, make_accepted):
    first = make_accepted()
    better = make_accepted("Tít đọc đúng", capture=first.capture)
    assert save(first, better) == ["new", "unchanged"]
    assert one(store, "SELECT title, version FROM articles") == ("Tít đọc đúng", 1)
    assert rows(store, "SELECT title, version FROM article_versions") == [("Tít đọc đúng", 1)]
    same = "SELECT count(*) FROM articles JOIN article_versions USING (text_sha256)"
    assert one(store, same) == (1,)


# rejections and events


def reject(capture, reason=RejectReason.NOT_MILITIA):
    verdict = Verdict(
        relevance=-3.0,
        level=0,
        evidence=(Evidence(part="foreign", term="Syria", count=2, weight=-3.0),),
    )
    return Rejected(
        capture=capture, reason=reason, detail="Không nói về dân quân.", verdict=verdict
    )


def test_a_rejected_page_keeps_reason_score_and_evidence(store, save, make_capture):
    assert save(reject(make_capture())) == ["rejected"]
    reason, score, evidence = one(store, "SELECT reason, score, evidence FROM rejections")
    assert (reason, score) == ("not_militia", -3.0)
    assert '"term":"Syria"' in evidence


def test_a_page_rejected_again_has_one_row_with_the_last_reason(store, save, make_capture):
    save(reject(make_capture()), reject(make_capture(hours=1), RejectReason.NO_BODY))
    assert rows(store, "SELECT reason FROM rejections") == [("no_body",)]


def test_an_accepted_page_is_rejected_no_more(store, save, make_capture, make_accepted):
    save(reject(make_capture("http://bao.vn/1.html")), make_accepted(hours=1))
    assert rows(store, "SELECT * FROM rejections") == []


def test_a_page_that_is_no_article_leaves_the_one_that_is_there(
    store, save, make_capture, make_accepted
):
    save(make_accepted(), reject(make_capture("http://bao.vn/1.html", hours=1)))
    assert one(store, "SELECT count(*) FROM articles") == (1,)
    assert one(store, "SELECT count(*) FROM rejections") == (1,)


def off_topic(accepted):
    """The page as it is judged when its text names no militia."""
    verdict = Verdict(relevance=0.0, level=0)
    return Rejected(
        capture=accepted.capture, reason=RejectReason.NOT_MILITIA, article=accepted.article,
        verdict=verdict,
    )  # fmt: skip


def test_an_article_edited_off_its_subject_gets_a_version_level_0_and_an_event(
    store, save, make_accepted
):
    first, edited = make_accepted(), make_accepted("Lúa được mùa", hours=1)
    assert save(first, off_topic(edited)) == ["new", "new_version"]
    assert one(store, "SELECT title, version, level, relevance, capture_id FROM articles") == (
        "Lúa được mùa", 2, 0, 0.0, edited.capture.id,
    )  # fmt: skip
    assert rows(store, "SELECT version, title FROM article_versions ORDER BY version") == [
        (1, first.article.title), (2, "Lúa được mùa"),
    ]  # fmt: skip
    assert rows(store, "SELECT kind, article_id, capture_id, detail FROM events") == [
        ("off_topic", first.article.id, edited.capture.id, "level 0 after level 2")
    ]
    assert rows(store, "SELECT * FROM evidence") == rows(store, "SELECT * FROM rejections") == []


def test_an_article_edited_back_to_its_subject_is_noted_once_more(store, save, make_accepted):
    edited, back = make_accepted("Lúa được mùa", hours=1), make_accepted(hours=2)
    results = save(make_accepted(), off_topic(edited), off_topic(edited), back, back)
    assert results == ["new", "new_version", "unchanged", "new_version", "unchanged"]
    assert one(store, "SELECT version, level FROM articles") == (3, 2)
    assert rows(store, "SELECT kind FROM events ORDER BY id") == [("off_topic",), ("on_topic",)]


def test_the_same_text_judged_otherwise_is_no_version_and_no_event(store, save, make_accepted):
    assert save(make_accepted(), off_topic(make_accepted(hours=1))) == ["new", "unchanged"]
    assert one(store, "SELECT version, level FROM articles") == (1, 0)
    assert rows(store, "SELECT * FROM events") == []


def test_a_page_about_something_else_makes_no_article_of_its_own(store, save, make_accepted):
    assert save(off_topic(make_accepted())) == ["rejected"]
    assert one(store, "SELECT count(*) FROM articles") == (0,)


def gone(make_capture, hours, *, status=404, run="run-2", url="http://bao.vn/1.html"):
    capture = make_capture(url, hours=hours, status=status, run_id=run)
    return Failed(reason="not_found", detail=f"HTTP {status}", capture=capture)


@pytest.mark.parametrize("status", [404, 410])
def test_a_known_article_that_is_not_found_once_is_only_missing(
    store, save, make_capture, make_accepted, status
):
    outcome = gone(make_capture, 1, status=status)
    assert save(make_accepted(), outcome) == ["new", "missing"]
    assert one(store, "SELECT kind, article_id, capture_id, detail FROM events") == (
        "missing",
        "bao:1",
        outcome.capture.id,
        f"HTTP {status}",
    )


@pytest.mark.parametrize(
    ("second", "stored"),
    [
        ({"hours": 14, "run": "run-3"}, "takedown"),
        ({"hours": 12, "run": "run-3"}, "missing"),
        ({"hours": 14, "run": "run-2"}, "missing"),
        # the clock was set back; the frontier has seen to the wait
        ({"hours": -4, "run": "run-3"}, "takedown"),
    ],
)
def test_a_takedown_needs_a_second_look_in_another_run_and_some_hours_on(
    save, make_capture, make_accepted, second, stored
):
    first = gone(make_capture, 1)
    assert save(make_accepted(hours=-9), first, gone(make_capture, **second))[-1] == stored


def test_a_missing_article_is_seen_at_the_address_that_was_fetched(
    store, save, make_capture, make_accepted
):
    fetched = "http://www.bao.vn/1.html?from=home"
    save(make_accepted(capture=make_capture(fetched)), gone(make_capture, 1, url=fetched))
    assert one(store, "SELECT kind FROM events") == ("missing",)


def test_a_lasting_takedown_is_one_event_and_its_end_another(
    store, save, make_capture, make_accepted
):
    stored = save(
        make_accepted(),
        gone(make_capture, 1),
        gone(make_capture, 20, run="run-3"),
        gone(make_capture, 40, run="run-4"),
        make_accepted(hours=60),
        make_accepted(hours=61),
        gone(make_capture, 70, run="run-5"),
        make_accepted(hours=80),
        gone(make_capture, 90, run="run-6"),
    )
    assert stored[1:4] == ["missing", "takedown", "gone"]
    kinds = rows(store, "SELECT kind FROM events ORDER BY happened_at")
    assert [kind for (kind,) in kinds] == [
        "missing", "takedown", "return", "missing", "found_again", "missing",
    ]  # fmt: skip


def test_an_article_that_moved_for_good_keeps_its_id(store, make_capture, make_accepted):
    old, new = "http://bao.vn/1.html", "http://bao.vn/2.html"
    moved = Redirected(
        capture=make_capture(old, hours=1, status=301),
        target=FoundUrl(url=new, key="article:2"),
        moved_to=new,
    )
    with store.transaction():
        store.store_outcome(make_accepted())
        store.store_outcome(moved, article_id="bao:1")
        assert store.store_outcome(make_accepted(number=2, hours=2)) == "unchanged"
    assert one(store, "SELECT id, url, version FROM articles") == ("bao:1", new, 1)
    addresses = dict(rows(store, "SELECT url, source FROM article_addresses"))
    assert addresses[new] == "moved"


def test_an_article_does_not_take_over_the_address_of_another(store, make_capture, make_accepted):
    old, new = "http://bao.vn/1.html", "http://bao.vn/2.html"
    moved = Redirected(capture=make_capture(old, hours=1, status=301), moved_to=new)
    with store.transaction():
        store.store_outcome(make_accepted())
        store.store_outcome(make_accepted(number=2))
        store.store_outcome(moved, article_id="bao:1")
        store.store_outcome(make_accepted(number=2, hours=2))
    assert rows(store, "SELECT id FROM articles ORDER BY id") == [("bao:1",), ("bao:2",)]


def test_a_paper_that_moves_is_one_event_until_it_moves_elsewhere(store, make_capture):
    with store.transaction():
        for host in ("a.vn", "a.vn", "b.vn"):
            store.events.moved_host(make_capture(status=301), host)
    assert rows(store, "SELECT kind, detail FROM events") == [
        ("moved_host", "a.vn"),
        ("moved_host", "b.vn"),
    ]


def test_a_404_of_no_article_is_only_a_capture(store, save, make_capture):
    failed = Failed(reason="not_found", capture=make_capture(status=404))
    assert save(failed, Failed(reason="timeout")) == ["failed", "failed"]
    assert rows(store, "SELECT * FROM events") == []
    assert one(store, "SELECT status FROM captures") == (404,)


def test_a_redirect_is_noted_once_for_each_target(store, save, make_capture):
    def moved(hours, target):
        capture = make_capture(hours=hours, status=301)
        return Redirected(capture=capture, target=FoundUrl(url=target))

    assert save(moved(0, "http://bao.vn/a"), moved(1, "http://bao.vn/a")) == ["redirected"] * 2
    save(moved(2, "http://bao.vn/b"))
    assert rows(store, "SELECT kind, detail FROM events ORDER BY id") == [
        ("redirect", "http://bao.vn/a"),
        ("redirect", "http://bao.vn/b"),
    ]


def test_a_listing_leaves_only_its_capture(store, save, make_capture):
    assert save(Explored(capture=make_capture(), found=(FoundUrl(url="http://bao.vn/2"),))) == [
        "explored"
    ]
    summary = store.summary()
    assert (summary.captures, summary.articles, summary.frontier) == (1, 0, {})


# captures and sites


def test_a_capture_is_added_once(store, make_capture):
    capture = make_capture()
    with store.transaction():
        store.add_capture(capture)
        store.add_capture(attrs.evolve(capture, url="http://bao.vn/other"))
    assert rows(store, "SELECT url, fetched_at, content_type FROM captures") == [
        (capture.url, "2026-11-24T03:10:00.123456Z", "text/html; charset=utf-8")
    ]
    assert store.has_capture(capture.id)
    assert not store.has_capture("another")


def test_a_capture_without_a_record_is_refused(store, make_capture):
    with pytest.raises(ValueError, match="no record"), store.transaction():
        store.add_capture(make_capture(location=None))


def test_a_site_keeps_its_capture_times_when_its_file_changes(store, make_capture):
    with store.transaction():
        store.sync_site(SITE)
        store.add_capture(make_capture(hours=2))
        store.add_capture(make_capture(hours=1))
        store.sync_site(SITE | {"name": "Báo mới"})
    row = one(store, "SELECT name, languages, first_captured_at, last_captured_at FROM sites")
    assert row == (
        "Báo mới",
        '["vi","en"]',
        "2026-11-24T04:10:00.123456Z",
        "2026-11-24T05:10:00.123456Z",
    )


def test_a_site_file_read_after_an_import_finds_the_capture_times(store, make_capture):
    with store.transaction():
        store.add_capture(make_capture())
        store.sync_site(SITE)
    assert one(store, "SELECT first_captured_at FROM sites") == ("2026-11-24T03:10:00.123456Z",)


def test_known_payload_is_the_first_full_record(store, make_capture, now):
    place = RecordLocation(warc_file="bao/2026/y.warc.gz", offset=7, length=8)
    with store.transaction():
        store.add_capture(make_capture("http://bao.vn/late", hours=2))
        store.add_capture(make_capture("http://bao.vn/revisit", kind=CaptureKind.REVISIT))
        store.add_capture(make_capture("http://bao.vn/first", hours=1, location=place))
    assert store.known_payload("ab" * 32) == ("http://bao.vn/first", now + timedelta(hours=1))
    assert store.payload_location("ab" * 32) == place
    assert store.known_payload("cd" * 32) is None
    assert store.payload_location("cd" * 32) is None


def test_known_end_is_after_the_last_row_of_the_file(store, make_capture):
    with store.transaction():
        for offset in (10, 500, 200):
            place = RecordLocation(warc_file="bao/2026/x.warc.gz", offset=offset, length=90)
            store.add_capture(make_capture(location=place))
    assert store.known_end("bao/2026/x.warc.gz") == 590
    assert store.known_end("bao/2026/none.warc.gz") == 0


# transactions


def test_a_failed_transaction_leaves_nothing(store, make_accepted):
    def fail():
        with store.transaction():
            store.store_outcome(make_accepted())
            raise KeyError("stop")

    with pytest.raises(KeyError):
        fail()
    assert store.summary().captures == 0


def test_a_failed_savepoint_undoes_only_itself(store, make_accepted):
    bad = make_accepted(number=2)
    bad = attrs.evolve(bad, verdict=attrs.evolve(bad.verdict, level=None))
    with store.transaction():
        with store.savepoint():
            store.store_outcome(make_accepted(number=1))
        with pytest.raises(sqlite3.IntegrityError), store.savepoint():
            store.store_outcome(bad)
        with store.savepoint():
            store.store_outcome(make_accepted(number=3))
    assert rows(store, "SELECT id FROM articles ORDER BY id") == [("bao:1",), ("bao:3",)]
    assert one(store, "SELECT count(*) FROM captures") == (2,)


def test_transactions_do_not_nest(store):
    with store.transaction(), pytest.raises(RuntimeError, match="savepoint"), store.transaction():
        pass


def test_a_savepoint_outside_a_transaction_is_refused(store):
    with pytest.raises(RuntimeError, match="inside transaction"), store.savepoint():
        pass


def test_summary_counts_by_site_reason_and_state(store, save, make_accepted, make_capture):
    save(make_accepted(), reject(make_capture("http://bao.vn/9", site="kia", hours=1)))
    with store.transaction():
        store.sync_site(SITE)
        store.connection.execute(
            "INSERT INTO frontier (site, url_key, url, kind, found_at) VALUES ('bao', 'k', 'u', 'article', 'x')"
        )
    summary = store.summary()
    assert (summary.articles, summary.captures) == (1, 2)
    assert summary.rejections == {"not_militia": 1}
    assert summary.frontier == {"found": 1}
    assert [(site.site, site.name, site.articles, site.captures) for site in summary.sites] == [
        ("bao", "Báo Bao", 1, 1),
        ("kia", None, 0, 1),
    ]


# the same page read again


def test_a_page_read_again_corrects_its_version_and_judges_anew(store, save, make_accepted):
    first = make_accepted()
    save(first, make_accepted(hours=5))
    better = attrs.evolve(
        first,
        article=attrs.evolve(first.article, sapo="Sapo đúng.", figures=()),
        verdict=Verdict(relevance=2.0, level=1),
    )
    before = one(store, "SELECT first_captured_at, last_captured_at FROM articles")
    with store.transaction():
        assert store.reread(better)
        assert not store.reread(better)
    assert rows(store, "SELECT version, sapo FROM article_versions") == [(1, "Sapo đúng.")]
    assert one(store, "SELECT version, sapo, level FROM articles") == (1, "Sapo đúng.", 1)
    assert rows(store, "SELECT * FROM figures") == rows(store, "SELECT * FROM evidence") == []
    assert one(store, "SELECT first_captured_at, last_captured_at FROM articles") == before


def test_another_page_is_not_taken_for_the_one_read_before(store, save, make_accepted):
    save(make_accepted())
    with store.transaction(), pytest.raises(LookupError, match="bao:1 was not read from capture"):
        store.reread(make_accepted(hours=1))


def test_an_article_withdrawn_leaves_its_captures_addresses_and_events(store, save, make_accepted):
    first, second = make_accepted(), make_accepted("Tít khác", hours=1)
    other = make_accepted(number=2)
    save(
        first,
        second,
        other,
        Failed(reason="not_found", capture=attrs.evolve(second.capture, id="gone", status=404)),
    )
    kept = ("captures", "events", "article_addresses")
    before = [rows(store, f"SELECT * FROM {table}") for table in kept]
    with store.transaction():
        store.withdraw("bao:1", Rejected(capture=second.capture, reason=RejectReason.NOT_MILITIA))
    assert [rows(store, f"SELECT * FROM {table}") for table in kept] == before
    assert before[1]
    for table in ("figures", "evidence", "article_versions"):
        assert {x for (x,) in rows(store, f"SELECT article_id FROM {table}")} == {"bao:2"}
    assert rows(store, "SELECT id FROM articles") == [("bao:2",)]
    assert rows(store, "SELECT url, reason, capture_id FROM rejections") == [
        ("http://bao.vn/1.html", "not_militia", second.capture.id)
    ]
    assert store.connection.execute("PRAGMA foreign_key_check").fetchall() == []


CHANGES = (TextChange("tcvn3", 120), TextChange("invisible", 2))
CHANGES_JSON = '[{"count":120,"kind":"tcvn3"},{"count":2,"kind":"invisible"}]'


def test_kind_of_page_and_text_changes_are_stored(store, save, make_accepted):
    save(make_accepted(page_kind=PageKind.ALBUM, text_changes=CHANGES))

    assert one(store, "SELECT page_kind, text_changes FROM articles") == ("album", CHANGES_JSON)


def test_each_version_keeps_its_own_text_changes(store, save, make_accepted):
    save(make_accepted(text_changes=CHANGES), make_accepted("Dân quân xã ra quân", hours=5))

    assert rows(store, "SELECT text_changes FROM article_versions ORDER BY version") == [
        (CHANGES_JSON,), ("[]",),
    ]  # fmt: skip
    assert one(store, "SELECT text_changes FROM articles") == ("[]",)


def test_a_page_read_again_says_what_is_changed_now(store, save, make_accepted):
    first = make_accepted()
    save(first)
    better = attrs.evolve(first, article=attrs.evolve(first.article, text_changes=CHANGES))
    with store.transaction():
        assert not store.reread(better)

    assert one(store, "SELECT text_changes FROM article_versions") == (CHANGES_JSON,)
