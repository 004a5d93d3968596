"""``dqtv health``: what is out of the ordinary, and how each paper does."""

from __future__ import annotations

import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Final

import attrs
import click
from rich.box import SIMPLE_HEAD
from rich.markup import escape
from rich.table import Table

from archive.audit import whoever_types
from archive.cli import archive_option, json_option, print_json, wide_console
from archive.errors import UsageError
from archive.health.alarms import acknowledge, open_alarms, past_alarms
from archive.health.measures import last_measures, past_runs
from archive.health.prometheus import prometheus_text, write_text
from archive.health.wording import sentence
from archive.instants import VIETNAM
from archive.store import Store

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from typing import Any

    from archive.health.alarms import Alarm
    from archive.health.measures import Measures
    from archive.health.wording import Language

_LANGUAGES: Final[tuple[Language, ...]] = ("en", "vi")
_FIELDS: Final = ("sapo", "byline", "published_at")


class _HealthGroup(click.Group):
    """``dqtv health`` and ``dqtv health SITE`` are short for ``dqtv health show``."""

    #: Command that is meant when none is named.
    default = "show"

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        if not args or (args[0] not in self.commands and args[0] not in ctx.help_option_names):
            args = [self.default, *args]
        return super().parse_args(ctx, args)


language_option = click.option(
    "--lang", type=click.Choice(_LANGUAGES), default="en", show_default=True, help="Language of the alarms."
)  # fmt: skip


@click.group("health", cls=_HealthGroup)
def health_group() -> None:
    """Say what is out of the ordinary (`dqtv health [SITE...]`), and how each paper does; exit code 1 when something is."""


@health_group.command("show")
@click.argument("sites", nargs=-1, metavar="[SITE...]")
@language_option
@click.option("--prometheus", is_flag=True, help="Print the figures in Prometheus' text format.")
@click.option(
    "--out",
    type=click.Path(path_type=Path, dir_okay=False),
    help="With --prometheus: write them to this file, all at once.",
)
@archive_option()
@json_option
def show_command(
    sites: tuple[str, ...], root: Path, *, lang: Language, prometheus: bool, out: Path | None, as_json: bool
) -> None:  # fmt: skip
    """List open alarms, and the last run of each paper; exit code 1 when an alarm is open.

    With --prometheus the code is 0: the figures say what is open.
    """
    if out is not None and not prometheus:
        raise UsageError("--out goes with --prometheus")
    if prometheus and (as_json or sites):
        raise UsageError("--prometheus gives the figures of all papers, and no JSON")
    with Store.open(root, create=False) as store:
        if prometheus:
            _prometheus(store, out)
            return
        names = _names(store, sites)
        alarms = open_alarms(store.connection, sites)
        measures = {
            site: run
            for site, run in sorted(last_measures(store.connection).items())
            if not sites or site in sites
        }
    if as_json:
        shown = [_for_json(alarm, names) for alarm in alarms]
        print_json({"archive": str(root), "alarms": shown, "sites": measures})
    else:
        _echo_alarms(alarms, lang, names)
        _print_sites(measures, alarms)
    if alarms:
        sys.exit(1)


def _prometheus(store: Store, out: Path | None) -> None:
    text = prometheus_text(store.connection, datetime.now(UTC))
    if out is None:
        sys.stdout.write(text)
    else:
        write_text(out.absolute(), text)


@health_group.command("history")
@click.argument("site")
@click.option("--days", type=click.IntRange(1), default=30, show_default=True, help="So many days back.")  # fmt: skip
@language_option
@archive_option()
@json_option
def history_command(site: str, root: Path, *, days: int, lang: Language, as_json: bool) -> None:
    """List what the daily runs of a paper showed, and its alarms, past ones as well."""
    with Store.open(root, create=False) as store:
        names = _names(store, (site,))
        runs = past_runs(store.connection, site, since=datetime.now(UTC) - timedelta(days=days))
        alarms = past_alarms(store.connection, site)
    if as_json:
        shown = [_for_json(alarm, names) for alarm in alarms]
        print_json({"archive": str(root), "site": site, "runs": runs, "alarms": shown})
        return
    wide_console(140).print(_table(((f"{_day(run.started_at)}", run) for run in reversed(runs)), "run (Vietnam)"))  # fmt: skip
    _echo_alarms(alarms, lang, names)


@health_group.command("acknowledge")
@click.argument("alarm_id", metavar="ID", type=int)
@click.option("--note", required=True, help="What is known about it, or done.")
@click.option("--by", help="Who takes note; by default your login name and machine.")
@archive_option()
def acknowledge_command(alarm_id: int, root: Path, *, note: str, by: str | None) -> None:
    """Take note of an open alarm: it is told no more. It still closes by itself.

    ID is the number that `dqtv health` prints before it.
    """
    if not note.strip():
        raise UsageError("--note is empty; say what is known about the alarm")
    with Store.open(root, create=False) as store, store.transaction():
        alarm = acknowledge(
            store.connection,
            alarm_id,
            by=by or whoever_types(),
            note=note.strip(),
            now=datetime.now(UTC),
        )
    click.echo(f"{alarm.id}: {sentence(alarm, 'en')}; noted: {alarm.note}")


def _names(store: Store, sites: Iterable[str]) -> dict[str, str]:
    """Names of the papers. Raises UsageError for a site of which the archive holds nothing."""
    names: dict[str, str] = dict(store.connection.execute("SELECT id, name FROM sites").fetchall())
    for site in sites:
        if site not in names:
            known = ", ".join(sorted(names)) or "no paper"
            raise UsageError(f"the archive holds nothing of {site!r}; it holds {known}")
    return names


def _for_json(alarm: Alarm, names: Mapping[str, str]) -> dict[str, Any]:
    paper = names.get(alarm.site or "")
    return attrs.asdict(alarm) | {
        "sentence": {lang: sentence(alarm, lang, paper) for lang in _LANGUAGES}
    }


def _echo_alarms(alarms: Sequence[Alarm], lang: Language, names: Mapping[str, str]) -> None:
    if not alarms:
        click.echo("no alarms")
    for alarm in alarms:
        click.echo(f"{alarm.id}: {sentence(alarm, lang, names.get(alarm.site or ''))}")
        if alarm.acknowledged_at is not None:
            click.echo(f"   noted by {alarm.acknowledged_by}, {_day(alarm.acknowledged_at)}: {alarm.note}")  # fmt: skip
        if alarm.closed_at is not None:
            click.echo(f"   over since {_day(alarm.closed_at)}")


def _print_sites(measures: Mapping[str, Measures], alarms: Sequence[Alarm]) -> None:
    if not measures:
        click.echo("no run was measured yet; `dqtv crawl` and `dqtv run-due` measure each run at its end")  # fmt: skip
        return
    counts = {site: sum(alarm.site == site for alarm in alarms) for site in measures}
    wide_console(140).print(_table(measures.items(), "paper", counts))


def _table(
    rows: Iterable[tuple[str, Measures]], first: str, alarms: Mapping[str, int] | None = None
) -> Table:
    table = Table(box=SIMPLE_HEAD, padding=(0, 1, 0, 0))
    table.add_column(first)
    if alarms is not None:
        for heading, side in (("last run (Vietnam)", "left"), ("alarms", "right")):
            table.add_column(heading, justify="right" if side == "right" else "left")
    table.add_column("ended")
    numbers = ("found", "fetched", "articles", "militia", "failed", "rule", "lead", "author", "date", "chars")  # fmt: skip
    for heading in numbers:
        table.add_column(heading, justify="right")
    table.add_column("newest")
    for name, run in rows:
        more = () if alarms is None else (_day(run.started_at), str(alarms[name]))
        table.add_row(*map(escape, (name, *more, *_cells(run))))
    return table


def _cells(run: Measures) -> tuple[str, ...]:
    counts = (run.found, run.fetched, run.articles, run.accepted, sum(run.failures.values()))
    shares = (_share(run.by_rule, run.with_text), *(_share(run.fields.get(x, 0), run.articles) for x in _FIELDS))  # fmt: skip
    length = "" if run.characters is None else str(run.characters)
    newest = "" if run.newest_at is None else _day(run.newest_at)
    return (run.reason, *map(str, counts), *shares, length, newest)


def _share(number: int, of: int) -> str:
    return f"{number / of:.0%}" if of else ""


def _day(instant: datetime) -> str:
    return f"{instant.astimezone(VIETNAM):%Y-%m-%d %H:%M}"
