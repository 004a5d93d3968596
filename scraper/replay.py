"""Read the archive's stored pages again with the reader and lexicon of today, and say what moved.

The live crawl and a replay share process() and the store. Two rules are a replay's own:

* The page an article's current version was read from is read again *as that version*: a better reader
  corrects its text, which is no new version of the paper's. A newer page of the article follows it, as
  in a crawl.
* An article none of whose versions is about the militia any more, with no newer page that speaks for it,
  leaves ``articles`` for ``rejections`` with its versions. Captures, addresses and events stay; when one
  of its pages is accepted again, all are read, oldest first, and the versions come back.

All pages of a replay are read with the papers' templates as they were at its start. What the pages teach is
learned together at its end, in one transaction: so a replay that was killed and started again ends as one that
was not.
"""

from __future__ import annotations

from collections import Counter, deque
from contextlib import ExitStack
from datetime import UTC, datetime
from functools import partial
from itertools import dropwhile, islice
from typing import TYPE_CHECKING, Final

import attrs

from archive.errors import RecordUnreadable
from archive.model import Accepted, Rejected
from archive.readings import (
    StoredArticle,
    StoredCapture,
    StoredRejection,
    article_ids,
    earlier_versions,
    rejected_urls,
    sites_with_readings,
    stored_article,
    stored_rejection,
)
from archive.rows import text_sha256
from archive.run_counts import RunCounts
from archive.runs import finish_run, new_run_id, start_run
from scraper.lessons import Lessons
from scraper.reader_deaths import READER_DIED
from scraper.readers import Readers, read_stored_page
from scraper.replay_report import Move, ReplayReport
from scraper.stored_reader import StoredReader, stored_page
from scraper.versions import rule_digests, versions

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from archive.store import Store
    from scraper.sites.load import Registry
    from scraper.stored_reader import CaptureReader, Readings, Said

#: Articles and rejected addresses in one transaction.
GROUP_SIZE: Final = 64


@attrs.frozen(kw_only=True)
class _Reading:
    """One article or address read again: what was stored, and what its pages say now."""

    stored: StoredArticle | StoredRejection
    #: In the order in which they are to be stored.
    outcomes: tuple[Accepted | Rejected, ...]
    #: True when the article has to leave.
    leaves: bool = False


@attrs.frozen
class _Asked:
    """A group of work under way in the readers: what is stored, with the pages that are read for it."""

    wanted: list[tuple[StoredArticle | StoredRejection | None, list[StoredCapture]]]
    readings: Readings


@attrs.define(kw_only=True)
class _Replay:
    """One replay under way."""

    store: Store
    reader: CaptureReader
    run_id: str | None
    #: Articles and rejected addresses in all, and who wants to hear how many are done.
    total: int
    told: Callable[[int, int], None] | None
    group: list[_Reading] = attrs.field(factory=list)
    seen: set[str] = attrs.field(factory=set)
    looked_at: int = 0
    pages: int = 0
    counts: Counter[str] = attrs.field(factory=Counter)
    now_rejected: Counter[str] = attrs.field(factory=Counter)
    level_changes: Counter[str] = attrs.field(factory=Counter)
    reason_changes: Counter[str] = attrs.field(factory=Counter)
    unreadable: list[str] = attrs.field(factory=list)
    given_up: list[str] = attrs.field(factory=list)
    moves: list[Move] = attrs.field(factory=list)
    lessons: Lessons = attrs.field(factory=Lessons)

    def ask_group(
        self, site_id: str, found: Sequence[StoredArticle | StoredRejection | None]
    ) -> _Asked:
        """Have the pages of a group read; None for what is no longer there."""
        wanted = [(stored, self._wanted(stored)) for stored in found]
        pages = [capture for _, captures in wanted for capture in captures]
        return _Asked(wanted, self.reader.ask(pages, site_id))

    def take_group(self, asked: _Asked) -> None:
        """Wait for the pages of a group, and write what they say."""
        read = iter(asked.readings.results())
        for stored, captures in asked.wanted:
            said = list(islice(read, len(captures)))
            if stored is None:
                self.counts["overtaken"] += 1
            elif isinstance(stored, StoredArticle):
                self._take_article(stored, said)
            elif said:
                self._take_rejection(stored, said[0])
            self.looked_at += 1
            if self.told is not None:
                self.told(self.looked_at, self.total)
        self.commit()

    def _wanted(self, stored: StoredArticle | StoredRejection | None) -> list[StoredCapture]:
        """The pages to be read first."""
        if stored is None:
            return []
        if isinstance(stored, StoredArticle):
            return [x for x in (stored.capture, stored.newest) if x is not None]
        # the newest page of an article was read with it
        return [x for x in stored.captures[-1:] if x.id not in self.seen]

    def _take_article(self, stored: StoredArticle, read: Sequence[Said]) -> None:
        own = self._readable(stored.capture, read[0])
        later = self._readable(stored.newest, read[1]) if stored.newest else None
        if own is None or (stored.newest and later is None):
            return
        outcomes: tuple[Accepted | Rejected, ...] = (_as_article(own, own, stored.id),)
        if later is not None:
            later = _as_article(later, own, stored.id)
            # an address that was given to another article says nothing of this one
            if isinstance(later, Rejected) or later.article.id == stored.id:
                outcomes += (later,)
        leaves = all(isinstance(outcome, Rejected) for outcome in outcomes)
        for version in earlier_versions(self.store.connection, stored.id) if leaves else ():
            said = self._read_one(version, stored.site)
            if said is None:
                return
            leaves = leaves and isinstance(said, Rejected)
        self.group.append(_Reading(stored=stored, outcomes=outcomes, leaves=leaves))

    def _take_rejection(self, stored: StoredRejection, read: Said) -> None:
        newest = self._readable(stored.captures[-1], read)
        if newest is None:
            return
        earlier: list[Accepted | Rejected] = []
        if newest.article is not None and not self._is_known(newest.article.id):
            found = [self._read_one(x, stored.site) for x in stored.captures[:-1]]
            # pages before the first one about the militia make no version
            after = dropwhile(lambda outcome: not isinstance(outcome, Accepted), found)
            earlier = [outcome for outcome in after if outcome is not None and outcome.article]
        self.group.append(_Reading(stored=stored, outcomes=(*earlier, newest)))

    def _read_one(self, capture: StoredCapture, site_id: str) -> Accepted | Rejected | None:
        (read,) = self.reader.ask([capture], site_id).results()
        return self._readable(capture, read)

    def _is_known(self, article_id: str) -> bool:
        return stored_article(self.store.connection, article_id) is not None

    def _readable(self, stored: StoredCapture, said: Said) -> Accepted | Rejected | None:
        """What the page says now; None when its record is unreadable or kills its reader, which is noted."""
        self.seen.add(stored.id)
        if not isinstance(said, Accepted | Rejected):
            noted = self.unreadable if isinstance(said, RecordUnreadable) else self.given_up
            noted.append(f"{stored.url}: {said}")
            return None
        self.pages += 1
        capture = attrs.evolve(said.capture, run_id=self.run_id)
        if self.run_id is not None and said.lesson is not None:
            self.lessons.add(capture, said.lesson)
        return attrs.evolve(said, capture=capture, lesson=None)

    def commit(self) -> None:
        """Write the group in one transaction, when this is no dry run; then count it."""
        if self.run_id is None:
            done = self.group
        else:
            with self.store.transaction():
                for site_id in {reading.stored.site for reading in self.group}:
                    self.reader.before_writing(site_id)
                done = [reading for reading in self.group if self._write(reading)]
        self.counts["overtaken"] += len(self.group) - len(done)
        self.group = []
        for reading in done:
            if isinstance(reading.stored, StoredArticle):
                self._count_article(reading.stored, reading)
            else:
                accepted = [x for x in reading.outcomes if isinstance(x, Accepted)]
                self._count_rejection(reading.stored, (accepted or reading.outcomes)[-1])

    def _write(self, reading: _Reading) -> bool:
        """Store one reading; False when a crawl stored something newer since it was read."""
        stored, store = reading.stored, self.store
        if isinstance(stored, StoredRejection):
            now = stored_rejection(store.connection, stored.site, stored.url)
            if now is None or now.judged_id != stored.judged_id:
                return False
        elif not self._is_current(stored):
            return False
        for outcome in reading.outcomes:
            own = isinstance(stored, StoredArticle) and outcome.capture.id == stored.capture.id
            if not own or not isinstance(stored, StoredArticle):
                store.store_outcome(outcome)
            elif reading.leaves and isinstance(outcome, Rejected):
                store.withdraw(stored.id, outcome)
            elif (judged := outcome.judged) is not None:
                store.reread(judged)
        return True

    def _is_current(self, stored: StoredArticle) -> bool:
        now = stored_article(self.store.connection, stored.id)
        return now is not None and now.capture.id == stored.capture.id

    def _count_article(self, stored: StoredArticle, reading: _Reading) -> None:
        if reading.leaves:
            rejected = reading.outcomes[0]
            assert isinstance(rejected, Rejected)  # noqa: S101 - none is accepted where an article leaves
            self.now_rejected[rejected.reason.value] += 1
            score = rejected.verdict.relevance if rejected.verdict else None
            self._moved(stored, f"level {stored.level}", rejected.reason.value, score)
            return
        accepted = [judged for outcome in reading.outcomes if (judged := outcome.judged)]
        if not accepted:
            self.counts["unchanged"] += 1
            return
        text, changed = stored.text_sha256, False
        for outcome in accepted:
            article = outcome.article
            digest = text_sha256(article.title, article.sapo, article.text)
            if digest != text:
                own = outcome.capture.id == stored.capture.id
                self.counts["corrected" if own else "new_versions"] += 1
                text, changed = digest, True
        verdict = accepted[-1].verdict
        if verdict.level != stored.level:
            self.level_changes[f"{stored.level} to {verdict.level}"] += 1
            before, after = f"level {stored.level}", f"level {verdict.level}"
            self._moved(stored, before, after, verdict.relevance)
        elif not changed:
            self.counts["unchanged"] += 1

    def _moved(self, stored: StoredArticle, before: str, after: str, score: float | None) -> None:
        self.moves.append(
            Move(
                site=stored.site, what=stored.id, title=stored.title,
                before=before, after=after, score=score,
            )
        )  # fmt: skip

    def _count_rejection(self, stored: StoredRejection, outcome: Accepted | Rejected) -> None:
        if isinstance(outcome, Accepted):
            self.counts["now_accepted"] += 1
            after = f"level {outcome.verdict.level}"
        elif outcome.reason.value == stored.reason:
            self.counts["unchanged"] += 1
            return
        else:
            after = outcome.reason.value
            self.reason_changes[f"{stored.reason} to {after}"] += 1
        self.moves.append(
            Move(
                site=stored.site, what=stored.url, before=stored.reason, after=after,
                score=outcome.verdict.relevance if outcome.verdict else None,
                title=outcome.article.title if outcome.article else None,
            )
        )  # fmt: skip

    @property
    def reason(self) -> str:
        """How the run ended, once all is read."""
        problem = "unreadable records" if self.unreadable else self.given_up and "pages given up"
        return problem or "finished"

    def run_counts(self) -> RunCounts:
        """The replay as a run record has it: nothing is fetched, only what moved is counted."""
        failed = {"unreadable_record": len(self.unreadable), READER_DIED: len(self.given_up)}
        return RunCounts(
            accepted=self.counts["now_accepted"],
            unchanged=self.counts["unchanged"],
            rejected=dict(self.now_rejected),
            failed={reason: number for reason, number in failed.items() if number},
        )

    def report(self, unknown_sites: dict[str, int]) -> ReplayReport:
        counts = self.counts
        return ReplayReport(
            run_id=self.run_id, dry_run=self.run_id is None, looked_at=self.looked_at, pages=self.pages,
            now_rejected=dict(self.now_rejected), now_accepted=counts["now_accepted"],
            level_changes=dict(self.level_changes), reason_changes=dict(self.reason_changes),
            corrected=counts["corrected"], new_versions=counts["new_versions"],
            unchanged=counts["unchanged"], overtaken=counts["overtaken"],
            unknown_sites=unknown_sites, unreadable=tuple(self.unreadable),
            given_up=tuple(self.given_up), moves=tuple(self.moves),
        )  # fmt: skip


def read_again(store: Store, registry: Registry, stored: StoredCapture) -> Accepted | Rejected:
    """What a stored page says to the reader of today. Raises RecordUnreadable, UnknownSite."""
    template = store.template(stored.site)
    return read_stored_page(registry, store.warc_folder, stored_page(store, stored), template)


def replay(
    store: Store,
    registry: Registry,
    *,
    sites: Sequence[str] = (),
    dry_run: bool = False,
    workers: int = 1,
    on_page: Callable[[int, int], None] | None = None,
    reader: CaptureReader | None = None,
) -> ReplayReport:
    """Read the stored article pages of *sites* (all when empty) again; *on_page* hears done and total.

    With several *workers* as many processes read; this one alone writes, in the same order, and what
    comes out is the same. A kill loses at most one group of work; the same replay again repeats what is
    done without changing it. With *dry_run* nothing is written. A *reader* is asked instead of workers. Raises
    UnknownSite for an id in *sites* that no site file has, ReaderDied when workers die whatever they read, SiteLocked
    when a cluster has one of the sites as it is to be written.
    """
    for site_id in sites:
        registry.site(site_id)
    wanted = [x for x in sites_with_readings(store.connection) if not sites or x in sites]
    run_id = None if dry_run else new_run_id(datetime.now(UTC))
    begin, processes = partial(Readers, registry), workers if workers > 1 else 0
    reader = reader or StoredReader(store, begin, processes=processes)
    rows = store.connection
    work = {x: (article_ids(rows, x), rejected_urls(rows, x)) for x in wanted}
    unknown = {x: len(work[x][0]) + len(work[x][1]) for x in wanted if x not in registry.sites}
    total = sum(len(ids) + len(urls) for ids, urls in work.values()) - sum(unknown.values())
    job = _Replay(store=store, reader=reader, run_id=run_id, total=total, told=on_page)
    reason = "error"
    with ExitStack() as ending:
        ending.enter_context(reader)
        if run_id is not None:
            start_run(
                store, run_id, site=", ".join(sites) or "all", command="replay",
                versions=versions(), rules=rule_digests(registry, wanted),
            )  # fmt: skip
            ending.callback(lambda: finish_run(store, run_id, reason, job.run_counts()))
        for site_id in wanted:
            if site_id not in unknown:
                reader.begin_site(site_id)
                ids, urls = work[site_id]
                _replay_all(job, site_id, ids, partial(stored_article, rows))
                # an article may have left for an address that is on the list of rejected ones
                _replay_all(job, site_id, urls, partial(stored_rejection, rows, site_id))
                job.seen.clear()
        if run_id is not None:
            with store.transaction():
                job.lessons.learn(store)
        reason = job.reason
    return job.report(unknown)


def _replay_all(
    job: _Replay,
    site_id: str,
    names: Sequence[str],
    find: Callable[[str], StoredArticle | StoredRejection | None],
) -> None:
    """Read and write what *names* stand for, group by group.

    The readers are always a group ahead of what is written, however many they are.
    """
    under_way: deque[_Asked] = deque()
    for at in range(0, len(names), GROUP_SIZE):
        under_way.append(job.ask_group(site_id, [find(x) for x in names[at : at + GROUP_SIZE]]))
        if len(under_way) > 1:
            job.take_group(under_way.popleft())
    while under_way:
        job.take_group(under_way.popleft())


def _as_article(
    outcome: Accepted | Rejected, own: Accepted | Rejected, article_id: str
) -> Accepted | Rejected:
    """The outcome under the id the article has: ids stay, also where the rule that makes them changes."""
    if outcome.article is None:
        return outcome
    is_same = outcome is own or (own.article is not None and own.article.id == outcome.article.id)
    if not is_same:
        return outcome
    return attrs.evolve(outcome, article=attrs.evolve(outcome.article, id=article_id))
