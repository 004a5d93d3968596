"""Read stored captures again from the beginning, as the crawls and imports did that brought them.

The pages of a paper are read in the order in which they were written, since what the paper prints with
every article is learned on the way. Rules and lexicon are those of today.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Final

import attrs

from archive.captures import read_capture
from archive.errors import ArchiveError, ArchiveUnwritable, CaptureError
from archive.manifest import complete_manifest
from archive.model import Asked, CaptureKind, FoundUrl, RecordLocation, UrlKind
from archive.new_database import new_database
from archive.recovery import recover_file
from archive.refill import Refill
from archive.reindex import Reindexed, index_file, paper_folders, warc_paths
from archive.store import Store
from archive.warc_files import OPEN_SUFFIX
from scraper.answers import answer_outcome
from scraper.discovery.explore import DISCOVERY_PRIORITY, seed_urls
from scraper.importer import GROUP_SIZE as IMPORT_GROUP
from scraper.moved_hosts import HostWatch
from scraper.process import make_ready, process
from scraper.sites.row import site_row
from scraper.sites.spec import Scope

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence
    from pathlib import Path

    from archive.model import Capture, Outcome
    from scraper.sites.load import Registry
    from scraper.sites.spec import SiteSpec

#: Captures in one transaction.
GROUP_SIZE: Final = 500
_OK: Final = 200
_COUNTED: Final = ("captures", "articles", "article_versions", "rejections")


@attrs.frozen(kw_only=True)
class _Row:
    """A capture as its row has it."""

    id: str
    url: str
    kind: CaptureKind
    run_id: str
    robots: str | None
    location: RecordLocation


@attrs.define(kw_only=True)
class Rereading:
    """What came of reading captures again."""

    pages: int = 0
    results: Counter[str] = attrs.field(factory=Counter)
    #: One line for each record that could not be read.
    unreadable: list[str] = attrs.field(factory=list)
    #: Papers that no site file knows: id -> captures left unread.
    unknown_sites: dict[str, int] = attrs.field(factory=dict)

    def problems(self) -> tuple[str, ...]:
        """What could not be read, one line each."""
        papers = (
            f"{site}: {count} captures left unread, as no site file has this id; add one and start again"
            for site, count in self.unknown_sites.items()
        )
        return (*self.unreadable, *papers)


class _SiteReader:
    """Reads the captures of one paper in their order."""

    def __init__(self, store: Store, registry: Registry, site: SiteSpec, report: Rereading) -> None:
        self._store = store
        self._site = site
        self._family = registry.family_of(site)
        make_ready(site, self._family)
        self._report = report
        self._refill = Refill(store.connection)
        self._seeds = {found.url: found for found in seed_urls(site, Scope.EVERYTHING)}
        self._run_id = ""
        #: Pages of an import that were judged by the same state of the template.
        self._waiting: list[Outcome] = []
        #: Where redirects of article addresses led.
        self._targets: set[str] = set()
        self._hosts = HostWatch()

    def read(self, row: _Row) -> None:
        """Read one capture and store what it says; inside a transaction."""
        if row.run_id != self._run_id:
            self.finish()
            # each run began with what was in the database
            self._store = Store(self._store.root, self._store.database)
            self._run_id = row.run_id
        try:
            capture = read_capture(
                self._store.warc_folder, row.location, site=self._site.id, url=row.url,
                find_payload=self._store.payload_location,
            )  # fmt: skip
        except (CaptureError, ValueError) as error:
            self._report.unreadable.append(f"{row.url}: {error}")
            return
        self._report.pages += 1
        capture = attrs.evolve(
            capture, id=row.id, kind=row.kind, run_id=row.run_id, robots=row.robots
        )
        if row.robots == "not_consulted":
            self._take_import(capture)
        else:
            self._settle(capture)

    def finish(self) -> None:
        """Store what waits at the end of a run; inside a transaction."""
        for outcome in self._waiting:
            self._store_outcome(outcome)
        self._waiting.clear()
        if (moved := self._hosts.moved()) is not None:
            host, capture = moved
            self._store.events.moved_host(capture, host)
        self._hosts = HostWatch()

    def _take_import(self, capture: Capture) -> None:
        template = self._store.template(self._site.id)
        self._waiting.append(process(capture, self._site, self._family, template))
        if len(self._waiting) >= IMPORT_GROUP:
            self.finish()

    def _settle(self, capture: Capture) -> None:
        asked = capture.asked or self._guessed(capture)
        if asked is None:
            # robots.txt: its row is all there is to it
            return
        leased = self._refill.lease(capture, self._found(capture, asked))
        outcome = answer_outcome(
            leased, capture, self._site, family=self._family,
            template=self._store.template(self._site.id), scope=self._site.scope, span=asked.span,
        )  # fmt: skip
        stored = self._store_outcome(outcome, article_id=leased.article_id)
        self._refill.settle(leased, capture, outcome, asked, stored=stored)
        self._hosts.see(outcome)

    def _store_outcome(self, outcome: Outcome, *, article_id: str | None = None) -> str:
        stored = self._store.store_outcome(outcome, article_id=article_id)
        self._report.results[stored] += 1
        return stored

    def _found(self, capture: Capture, asked: Asked) -> FoundUrl:
        seed = self._site.seed(asked.seed)
        is_article = asked.kind is UrlKind.ARTICLE
        return FoundUrl(
            url=capture.url, kind=asked.kind, seed=asked.seed, page=asked.page, hops=asked.hops,
            key=self._site.key(capture.url) if is_article else None,
            priority=0 if is_article else DISCOVERY_PRIORITY,
            guess=seed.guess if seed else False,
        )  # fmt: skip

    def _guessed(self, capture: Capture) -> Asked | None:
        """What was asked for, in files of before it was kept with the record."""
        if (found := self._seeds.get(capture.url)) is not None:
            return Asked(kind=found.kind, seed=found.seed, page=found.page)
        if self._site.is_article(capture.url) or capture.url in self._targets:
            if capture.status != _OK and (target := capture.header("Location")) is not None:
                self._targets.add(target)
            return Asked(kind=UrlKind.ARTICLE)
        return None


@attrs.frozen(kw_only=True)
class RebuildReport:
    """What a rebuild of the whole database did."""

    files: int
    captures: int
    pages: int
    articles: int
    versions: int
    rejections: int
    #: Addresses that wait for the next crawl.
    waiting: int
    #: Where the former database is; None when there was none.
    kept: Path | None
    #: Files of killed runs that were closed on the way.
    recovered: tuple[str, ...]
    #: One line for each file, record or paper that could not be taken in.
    problems: tuple[str, ...]


def rebuild(
    root: Path,
    registry: Registry,
    *,
    on_progress: Callable[[str, int, int], None] | None = None,
) -> RebuildReport:
    """Build ``archive.db`` anew from the WARC files; *on_progress* hears the step, done and total.

    Raises ArchiveError while the archive is in use, ArchiveUnwritable; the former database is then as it was.
    """

    def tell(step: str, done: int, total: int) -> None:
        if on_progress is not None:
            on_progress(step, done, total)

    index = Reindexed()
    with new_database(root) as new:
        store = new.store
        _index(store, index, lambda done, total: tell("files", done, total))
        reading = read_all(
            store, registry, on_progress=lambda done, total: tell("pages", done, total)
        )
        for folder in paper_folders(store.warc_folder):
            complete_manifest(store, folder.name)
        counts = {table: _count(store, table) for table in _COUNTED}
        waiting = _count(store, "frontier WHERE state = 'found'")
    return RebuildReport(
        files=index.files, captures=counts["captures"], pages=reading.pages,
        articles=counts["articles"], versions=counts["article_versions"],
        rejections=counts["rejections"], waiting=waiting, kept=new.kept,
        recovered=tuple(map(str, index.recovered)),
        problems=(*index.problems, *reading.problems()),
    )  # fmt: skip


def _index(store: Store, report: Reindexed, tell: Callable[[int, int], None]) -> None:
    paths = warc_paths(paper_folders(store.warc_folder))
    for number, path in enumerate(paths, start=1):
        try:
            if path.name.endswith(OPEN_SUFFIX):
                done = recover_file(store, path)
                if done is None:
                    report.problems.append(f"{path}: being written; stop its crawl and start again")
                    continue
                report.recovered.append(done)
                path = path.with_name(path.name.removesuffix(OPEN_SUFFIX))  # noqa: PLW2901 - its name from now on
                if done.closed is None:
                    continue
            with store.transaction():
                report.problems += index_file(store, path)
            report.files += 1
        except ArchiveUnwritable:
            raise
        except ArchiveError as error:
            report.problems.append(str(error))
        except OSError as error:
            report.problems.append(f"{path}: it cannot be read ({error.strerror}); see that this user may read it")  # fmt: skip
        tell(number, len(paths))


def _count(store: Store, table: str) -> int:
    return int(store.connection.execute(f"SELECT count(*) FROM {table}").fetchone()[0])  # noqa: S608 - own names


def read_all(
    store: Store,
    registry: Registry,
    *,
    sites: Sequence[str] | None = None,
    on_progress: Callable[[int, int], None] | None = None,
) -> Rereading:
    """Read every capture on record, of some papers or of all; *on_progress* hears done and total.

    A paper that no site file knows is left unread and named. Raises ArchiveUnwritable.
    """
    report = Rereading()
    counts = dict(
        store.connection.execute("SELECT site, count(*) FROM captures GROUP BY site").fetchall()
    )
    wanted = sorted(counts) if sites is None else list(sites)
    report.unknown_sites = {site: counts[site] for site in wanted if site not in registry.sites}
    known = [site for site in wanted if site in registry.sites]
    done, total = 0, sum(counts[site] for site in known)
    for site_id in known:
        site = registry.site(site_id)
        with store.transaction():
            store.sync_site(site_row(site))
        reader = _SiteReader(store, registry, site, report)
        for group in _groups(_rows(store, site_id)):
            with store.transaction():
                for row in group:
                    reader.read(row)
            done += len(group)
            if on_progress is not None:
                on_progress(done, total)
        with store.transaction():
            reader.finish()
    return report


def read_some(store: Store, registry: Registry, ids: Iterable[str]) -> Rereading:
    """Read captures whose rows were missing, as far as no newer capture of their address is on record."""
    report = Rereading()
    wanted = set(ids)
    sites = {
        site
        for capture_id in wanted
        for (site,) in store.connection.execute(
            "SELECT site FROM captures WHERE id = ?", (capture_id,)
        )
    }
    for site_id in sorted(sites):
        if site_id not in registry.sites:
            report.unknown_sites[site_id] = len(wanted)
            continue
        site = registry.site(site_id)
        reader = _SiteReader(store, registry, site, report)
        for row in _rows(store, site_id):
            if row.id in wanted and _is_newest(store, row):
                with store.transaction():
                    reader.read(row)
        with store.transaction():
            reader.finish()
    return report


def _is_newest(store: Store, row: _Row) -> bool:
    found = store.connection.execute(
        "SELECT id FROM captures WHERE url = ? ORDER BY fetched_at DESC, id DESC LIMIT 1",
        (row.url,),
    ).fetchone()
    return found is not None and found[0] == row.id


def _rows(store: Store, site: str) -> list[_Row]:
    """Captures of a paper in the order in which they were written."""
    rows = store.connection.execute(
        "SELECT c.id, c.url, c.kind, c.run_id, c.robots, c.warc_file, c.offset, c.length"
        " FROM captures AS c LEFT JOIN warc_files AS f ON f.name = c.warc_file WHERE c.site = ?"
        " ORDER BY f.opened_at, c.warc_file, c.offset",
        (site,),
    )
    return [
        _Row(
            id=row[0], url=row[1], kind=CaptureKind(row[2]), run_id=row[3] or "", robots=row[4],
            location=RecordLocation(warc_file=row[5], offset=row[6], length=row[7]),
        )
        for row in rows
    ]  # fmt: skip


def _groups(rows: Sequence[_Row]) -> Iterator[Sequence[_Row]]:
    for start in range(0, len(rows), GROUP_SIZE):
        yield rows[start : start + GROUP_SIZE]
