"""Every command of ``dqtv`` that has a module of its own, imported when it runs.

Importing them all takes a second and a half, half of that for Scrapy: more than many commands take.
"""

from __future__ import annotations

from collections.abc import Iterator, MutableMapping
from importlib import import_module
from typing import Any, Final

import attrs
import click


@attrs.frozen
class Place:
    """Where a command is, and what the list of commands says of it."""

    module: str
    name: str
    #: The first paragraph of its help.
    help: str


PLACES: Final = {
    "accounts": Place(
        "archive.accounts_cli",
        "accounts_group",
        "Say who may log in to the desk, see the archivists' page and give orders there.",
    ),
    "backup": Place(
        "scraper.care_cli",
        "backup_command",
        "Copy database, manifests and site files into a dated folder in TARGET, also while crawls go on.",
    ),
    "cluster": Place(
        "scraper.cluster.cli",
        "cluster_group",
        "Crawl on several machines into one archive, by way of a PostgreSQL database and a hub.",
    ),
    "diff": Place(
        "archive.diff_cli",
        "diff_command",
        "Show what a paper changed in an article: removed words as [-word-], added ones as {+word+}.",
    ),
    "doctor": Place(
        "scraper.care_cli",
        "doctor_command",
        "Look over disk, clock, database, locks, files, snapshot and schedule; exit code 1 when something needs a hand.",
    ),
    "export": Place(
        "archive.export_cli",
        "export_command",
        "Write the articles of the newest snapshot, or some of them, to a file for other programs.",
    ),
    "health": Place(
        "archive.health_cli",
        "health_group",
        "Say what is out of the ordinary (`dqtv health [SITE...]`), and how each paper does; exit code 1 when something is.",
    ),
    "index": Place(
        "archive.viewing_cli",
        "index_command",
        "Index the closed WARC files for pywb and other viewers (CDXJ); run it again after a crawl.",
    ),
    "ingest": Place(
        "archive.cluster.ingest_cli",
        "ingest_command",
        "Take in what workers on other machines left, and lay ready what the next ones begin with; until Ctrl-C.",
    ),
    "judge": Place(
        "scraper.judge_cli",
        "judge_group",
        "Measure the relevance rule on articles that people have labelled.",
    ),
    "notices": Place(
        "archive.notices_cli",
        "notices_group",
        "Tell about alarms and the week, by mail, to a web address, into a file.",
    ),
    "orders": Place(
        "scraper.orders_cli",
        "orders_group",
        "Ask the crawler for something; `dqtv watch` or the next `dqtv run-due` obeys.",
    ),
    "publish": Place(
        "archive.cli",
        "publish_command",
        "Build a read-only public snapshot of the archive for the search desk.",
    ),
    "release": Place(
        "archive.release_cli",
        "release_command",
        "Make a release of the newest snapshot: tables, descriptions, rights, checksums, changes.",
    ),
    "repair": Place(
        "scraper.repair_cli",
        "repair_command",
        "Close files left by killed runs and write the rows that the WARC files show to be missing.",
    ),
    "replay": Place(
        "scraper.replay_cli",
        "replay_command",
        "Read stored pages again with today's rules, without network, and say what moved.",
    ),
    "restore": Place(
        "archive.withdraw_cli",
        "restore_command",
        "Publish a withdrawn article again, from the next snapshot on.",
    ),
    "run-due": Place(
        "scraper.due_cli",
        "run_due_command",
        "Obey orders and crawl what is due by the schedule, then end; exit code 1 when a crawl failed.",
    ),
    "runs": Place(
        "archive.runs_cli",
        "runs_group",
        "List crawls, imports and replays (`dqtv runs [SITE]`), or show one in full.",
    ),
    "schedule": Place(
        "scraper.schedule_cli",
        "schedule_group",
        "Say when each paper is crawled. `dqtv run-due` or `dqtv watch` then does what is due.",
    ),
    "search": Place(
        "archive.cli",
        "search_command",
        "Search the newest snapshot: exact spelling first, then without diacritics.",
    ),
    "serve": Place(
        "archive.cli",
        "serve_command",
        "Serve the search desk on the newest snapshot until Ctrl-C.",
    ),
    "sites": Place(
        "scraper.sites_cli",
        "sites_group",
        "Show the papers this program knows, check them, add new ones.",
    ),
    "status": Place(
        "archive.status",
        "status_command",
        "Show each paper at a glance: what is stored, what waits, what failed, what needs a look.",
    ),
    "verify": Place(
        "archive.verify_cli",
        "verify_command",
        "Read the stored WARC files to the last byte: checksums, every record, every row that names one.",
    ),
    "wacz": Place(
        "archive.viewing_cli",
        "wacz_command",
        "Package the captures of papers as WACZ files, one for each paper, which play without a server.",
    ),
    "watch": Place(
        "scraper.due_cli",
        "watch_command",
        "Obey orders, and do what is due whenever it is, until Ctrl-C or SIGTERM: for containers and terminals.",
    ),
    "withdraw": Place(
        "archive.withdraw_cli",
        "withdraw_command",
        "Take an article's text out of every later snapshot, export and release; a line says it was there.",
    ),
}


class Commands(MutableMapping[str, click.Command]):
    """Name -> command; those of ``PLACES`` are imported when they are asked for."""

    def __init__(self) -> None:
        self._here: dict[str, click.Command] = {}

    def __getitem__(self, name: str) -> click.Command:
        if name not in self._here:
            place = PLACES[name]
            self._here[name] = getattr(import_module(place.module), place.name)
        return self._here[name]

    def __setitem__(self, name: str, command: click.Command) -> None:
        self._here[name] = command

    def __delitem__(self, name: str) -> None:
        del self._here[name]

    def __iter__(self) -> Iterator[str]:
        return iter({**PLACES, **self._here})

    def __len__(self) -> int:
        return len({**PLACES, **self._here})

    def described(self) -> dict[str, click.Command]:
        """Every command for a list of them: those not imported as their names and help alone."""
        named = {name: click.Command(name, help=place.help) for name, place in PLACES.items()}
        return named | self._here


class CommandGroup(click.Group):
    """The group of all commands; listing them imports none."""

    def __init__(self, **settings: Any) -> None:  # noqa: ANN401 - what click takes
        super().__init__(commands=Commands(), **settings)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the list of commands."""
        assert isinstance(self.commands, Commands)  # noqa: S101 - made above
        click.Group(commands=self.commands.described()).format_commands(ctx, formatter)
