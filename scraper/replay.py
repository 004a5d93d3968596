"""Read the archive's stored pages again with the reader and lexicon of today, and say what moved.

The live crawl and a replay share process() and the store. Two rules are a replay's own:

* The page an article's current version was read from is read again *as that version*: a better reader
  corrects its text, which is no new version of the paper's. A newer page of the article follows it, as
  in a crawl.
* An article whose own page is judged otherwise now, with no newer page that speaks for it, leaves
  ``articles`` for ``rejections`` with its versions. Captures, addresses and events stay; when the
  address is accepted again, all its pages are read, oldest first, and the versions come back.
"""

from __future__ import annotations

from collections import Counter
from contextlib import ExitStack
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

import attrs

from archive.captures import read_capture
from archive.errors import RecordUnreadable
from archive.model import Accepted, Rejected, RunCounts
from archive.readings import (
    StoredArticle,
    StoredCapture,
    StoredRejection,
    article_ids,
    rejected_urls,
    sites_with_readings,
    stored_article,
    stored_rejection,
)
from archive.rows import text_sha256
from archive.runs import finish_run, new_run_id, start_run
from scraper.process import process
from scraper.versions import rule_digests, versions

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from archive.store import Store
    from scraper.sites.load import Registry

#: Articles and rejected addresses in one transaction.
GROUP_SIZE: Final = 64


@attrs.frozen(kw_only=True)
class Move:
    """One article or page that is judged otherwise now."""

    site: str
    #: Id of the article, address of a rejected page.
    what: str
    title: str | None
    #: ``level 2``, or the reason of the rejection.
    before: str
    after: str
    #: Relevance now; None when the page could not be judged.
    score: float | None


@attrs.frozen(kw_only=True)
class ReplayReport:
    """What a replay did, or would do."""

    run_id: str | None
    dry_run: bool
    #: Articles and rejected addresses looked at.
    looked_at: int
    #: Pages read back from WARC files.
    pages: int
    #: Accepted before, rejected now: reason -> count.
    now_rejected: dict[str, int]
    now_accepted: int
    #: ``1 to 2`` -> count, of articles that stay.
    level_changes: dict[str, int]
    #: Rejected before and now, for another reason: ``old to new`` -> count.
    reason_changes: dict[str, int]
    #: Texts read better than before; no version was added.
    corrected: int
    #: Newer pages of an article whose text now differs from its version.
    new_versions: int
    #: Accepted or rejected as before, with the same level or reason and the same text.
    unchanged: int
    #: A crawl stored something newer in the meantime.
    overtaken: int
    #: Papers in the archive that no site file knows: id -> articles and addresses left as they are.
    unknown_sites: dict[str, int]
    #: One line for each record that could not be read; what it belongs to stays as it was.
    unreadable: tuple[str, ...]
    moves: tuple[Move, ...]


@attrs.frozen(kw_only=True)
class _Reading:
    """One article or address read again: what was stored, and what its pages say now."""

    stored: StoredArticle | StoredRejection
    #: In the order in which they are to be stored.
    outcomes: tuple[Accepted | Rejected, ...]
    #: True when the article has to leave.
    leaves: bool = False


@attrs.define(kw_only=True)
class _Replay:
    """One replay under way."""

    store: Store
    registry: Registry
    run_id: str | None
    group: list[_Reading] = attrs.field(factory=list)
    seen: set[str] = attrs.field(factory=set)
    looked_at: int = 0
    pages: int = 0
    counts: Counter[str] = attrs.field(factory=Counter)
    now_rejected: Counter[str] = attrs.field(factory=Counter)
    level_changes: Counter[str] = attrs.field(factory=Counter)
    reason_changes: Counter[str] = attrs.field(factory=Counter)
    unreadable: list[str] = attrs.field(factory=list)
    moves: list[Move] = attrs.field(factory=list)

    def read_article(self, article_id: str) -> None:
        stored = stored_article(self.store.connection, article_id)
        if stored is None:
            self.counts["overtaken"] += 1
            return
        own = self._outcome(stored.capture)
        if own is None:
            return
        later = self._outcome(stored.newest) if stored.newest else None
        outcomes: tuple[Accepted | Rejected, ...] = (_as_article(own, own, article_id),)
        if later is not None:
            later = _as_article(later, own, article_id)
            # an address that was given to another article says nothing of this one
            if isinstance(later, Rejected) or later.article.id == article_id:
                outcomes += (later,)
        leaves = all(isinstance(outcome, Rejected) for outcome in outcomes)
        self._take(_Reading(stored=stored, outcomes=outcomes, leaves=leaves))

    def read_rejection(self, site: str, url: str) -> None:
        stored = stored_rejection(self.store.connection, site, url)
        if stored is None or not stored.captures:
            self.counts["overtaken"] += 1
            return
        if stored.captures[-1].id in self.seen:
            # the newest page of an article, read with it
            return
        newest = self._outcome(stored.captures[-1])
        if newest is None:
            return
        earlier: list[Accepted | Rejected] = []
        if isinstance(newest, Accepted) and not self._is_known(newest.article.id):
            read = (self._outcome(capture) for capture in stored.captures[:-1])
            earlier = [outcome for outcome in read if isinstance(outcome, Accepted)]
        self._take(_Reading(stored=stored, outcomes=(*earlier, newest)))

    def _is_known(self, article_id: str) -> bool:
        return stored_article(self.store.connection, article_id) is not None

    def _outcome(self, stored: StoredCapture) -> Accepted | Rejected | None:
        """What the page says now; None when its record is unreadable, which is noted."""
        self.seen.add(stored.id)
        try:
            outcome = read_again(self.store, self.registry, stored, run_id=self.run_id)
        except RecordUnreadable as error:
            self.unreadable.append(f"{stored.url}: {error}")
            return None
        self.pages += 1
        return outcome

    def _take(self, reading: _Reading) -> None:
        self.group.append(reading)
        if len(self.group) >= GROUP_SIZE:
            self.commit()

    def commit(self) -> None:
        """Write the group in one transaction, when this is no dry run; then count it."""
        if self.run_id is None:
            done = self.group
        else:
            with self.store.transaction():
                done = [reading for reading in self.group if self._write(reading)]
        self.counts["overtaken"] += len(self.group) - len(done)
        self.group = []
        for reading in done:
            if isinstance(reading.stored, StoredArticle):
                self._count_article(reading.stored, reading)
            else:
                self._count_rejection(reading.stored, reading.outcomes[-1])

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
            elif isinstance(outcome, Accepted):
                store.reread(outcome)
            elif reading.leaves:
                store.withdraw(stored.id, outcome)
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
        accepted = [outcome for outcome in reading.outcomes if isinstance(outcome, Accepted)]
        text, changed = stored.text_sha256, False
        for outcome in accepted:
            digest = _digest(outcome)
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

    def run_counts(self) -> RunCounts:
        """The replay as a run record has it: nothing is fetched, only what moved is counted."""
        failed = {"unreadable_record": len(self.unreadable)} if self.unreadable else {}
        return RunCounts(
            accepted=self.counts["now_accepted"],
            unchanged=self.counts["unchanged"],
            rejected=dict(self.now_rejected),
            failed=failed,
        )

    def report(self, unknown_sites: dict[str, int]) -> ReplayReport:
        counts = self.counts
        return ReplayReport(
            run_id=self.run_id, dry_run=self.run_id is None, looked_at=self.looked_at, pages=self.pages,
            now_rejected=dict(self.now_rejected), now_accepted=counts["now_accepted"],
            level_changes=dict(self.level_changes), reason_changes=dict(self.reason_changes),
            corrected=counts["corrected"], new_versions=counts["new_versions"],
            unchanged=counts["unchanged"], overtaken=counts["overtaken"],
            unknown_sites=unknown_sites, unreadable=tuple(self.unreadable), moves=tuple(self.moves),
        )  # fmt: skip


def read_again(
    store: Store, registry: Registry, stored: StoredCapture, *, run_id: str | None = None
) -> Accepted | Rejected:
    """What a stored page says to the reader of today. Raises RecordUnreadable, UnknownSite."""
    capture = read_capture(
        store.warc_folder,
        stored.location,
        site=stored.site,
        url=stored.url,
        find_payload=store.payload_location,
    )
    site = registry.site(stored.site)
    capture = attrs.evolve(capture, id=stored.id, run_id=run_id)
    return process(capture, site, registry.family_of(site), store.template(site.id))


def replay(
    store: Store,
    registry: Registry,
    *,
    sites: Sequence[str] = (),
    dry_run: bool = False,
    on_page: Callable[[int, int], None] | None = None,
) -> ReplayReport:
    """Read the stored article pages of *sites* (all when empty) again; *on_page* hears done and total.

    A kill loses at most one group of work; the same replay again repeats what is done without
    changing it. With *dry_run* nothing is written. Raises UnknownSite for an id in *sites* that no
    site file has.
    """
    for site_id in sites:
        registry.site(site_id)
    wanted = [x for x in sites_with_readings(store.connection) if not sites or x in sites]
    run_id = None if dry_run else new_run_id(datetime.now(UTC))
    job = _Replay(store=store, registry=registry, run_id=run_id)
    work = {
        x: (article_ids(store.connection, x), rejected_urls(store.connection, x)) for x in wanted
    }
    unknown = {x: len(work[x][0]) + len(work[x][1]) for x in wanted if x not in registry.sites}
    total = sum(len(ids) + len(urls) for ids, urls in work.values()) - sum(unknown.values())
    reason = "error"
    with ExitStack() as ending:
        if run_id is not None:
            start_run(
                store, run_id, site=", ".join(sites) or "all", command="replay",
                versions=versions(), rules=rule_digests(registry, wanted),
            )  # fmt: skip
            ending.callback(lambda: finish_run(store, run_id, reason, job.run_counts()))
        for site_id in wanted:
            if site_id not in unknown:
                _replay_site(job, site_id, *work[site_id], told=on_page, total=total)
        job.commit()
        reason = "finished" if not job.unreadable else "unreadable records"
    return job.report(unknown)


def _replay_site(
    job: _Replay,
    site_id: str,
    ids: Sequence[str],
    urls: Sequence[str],
    *,
    told: Callable[[int, int], None] | None,
    total: int,
) -> None:
    def step() -> None:
        job.looked_at += 1
        if told is not None:
            told(job.looked_at, total)

    for article_id in ids:
        job.read_article(article_id)
        step()
    # an article may leave for an address that is on the list of rejected ones
    job.commit()
    for url in urls:
        job.read_rejection(site_id, url)
        step()
    job.commit()
    job.seen.clear()


def _as_article(
    outcome: Accepted | Rejected, own: Accepted | Rejected, article_id: str
) -> Accepted | Rejected:
    """The outcome under the id the article has: ids stay, also where the rule that makes them changes."""
    if not isinstance(outcome, Accepted):
        return outcome
    is_same = outcome is own or (own.article is not None and own.article.id == outcome.article.id)
    if not is_same:
        return outcome
    return attrs.evolve(outcome, article=attrs.evolve(outcome.article, id=article_id))


def _digest(outcome: Accepted) -> str:
    article = outcome.article
    return text_sha256(article.title, article.sapo, article.text)
