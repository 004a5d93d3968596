"""Health in Prometheus' text format (exposition format 0.0.4), for node_exporter's textfile collector or a scrape."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Final

from archive.errors import unwritable
from archive.health.alarms import open_alarms
from archive.health.measures import last_measures
from archive.runs import GOOD_REASONS

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterable, Iterator
    from datetime import datetime

    from archive.health.measures import Measures

#: Name -> what it is; all are gauges, of the last run where nothing else is said.
METRICS: Final = {
    "dqtv_alarms_open": "Alarms that are open.",
    "dqtv_alarm": "1 for each open alarm; acknowledged is yes or no.",
    "dqtv_run_started_timestamp_seconds": "When the site's last run began.",
    "dqtv_run_good": "1 when it ended as asked, else 0.",
    "dqtv_run_found": "New addresses.",
    "dqtv_run_fetched": "Pages fetched.",
    "dqtv_run_articles": "Pages read as articles for the first time.",
    "dqtv_run_accepted": "Articles about the militia, new or in a new version.",
    "dqtv_run_requests": "Addresses asked for, each try counted.",
    "dqtv_run_failures": "Tries that failed, by reason.",
    "dqtv_field_share": "Share of the articles' pages on which a field was found.",
    "dqtv_rule_share": "Share of the pages on which the layout's rule found the text.",
    "dqtv_text_characters": "Characters of the middle text.",
    "dqtv_newest_article_timestamp_seconds": "Publication of the newest article known.",
    "dqtv_health_written_timestamp_seconds": "When these figures were written.",
}

_Sample = tuple[dict[str, str], float]


def prometheus_text(db: sqlite3.Connection, now: datetime) -> str:
    """All metrics with their samples; *now* is aware."""
    samples: dict[str, list[_Sample]] = {name: [] for name in METRICS}
    alarms = open_alarms(db)
    samples["dqtv_alarms_open"].append(({}, len(alarms)))
    for alarm in alarms:
        labels = {"site": alarm.site or "", "kind": alarm.kind.value, "field": alarm.field or ""}
        noted = "no" if alarm.acknowledged_at is None else "yes"
        samples["dqtv_alarm"].append((labels | {"acknowledged": noted}, 1))
    for run in last_measures(db).values():
        for name, labels, value in _of_run(run):
            samples[name].append(({"site": run.site} | labels, value))
    samples["dqtv_health_written_timestamp_seconds"].append(({}, now.timestamp()))
    return "".join(line for name in METRICS for line in _lines(name, samples[name]))


def _of_run(run: Measures) -> Iterator[tuple[str, dict[str, str], float]]:
    yield "dqtv_run_started_timestamp_seconds", {}, run.started_at.timestamp()
    yield "dqtv_run_good", {}, run.reason in GOOD_REASONS
    yield "dqtv_run_found", {}, run.found
    yield "dqtv_run_fetched", {}, run.fetched
    yield "dqtv_run_articles", {}, run.articles
    yield "dqtv_run_accepted", {}, run.accepted
    yield "dqtv_run_requests", {}, run.asked
    for reason, number in sorted(run.failures.items()):
        yield "dqtv_run_failures", {"reason": reason}, number
    for field, number in sorted(run.fields.items()):
        yield "dqtv_field_share", {"field": field}, number / run.articles
    if run.with_text:
        yield "dqtv_rule_share", {}, run.by_rule / run.with_text
    if run.characters is not None:
        yield "dqtv_text_characters", {}, run.characters
    if run.newest_at is not None:
        yield "dqtv_newest_article_timestamp_seconds", {}, run.newest_at.timestamp()


def _lines(name: str, samples: Iterable[_Sample]) -> Iterator[str]:
    yield f"# HELP {name} {METRICS[name]}\n# TYPE {name} gauge\n"
    for labels, value in samples:
        named = ",".join(f'{label}="{_escaped(text)}"' for label, text in labels.items())
        yield f"{name}{{{named}}} {value:.15g}\n" if named else f"{name} {value:.15g}\n"


def _escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")


def write_text(path: Path, text: str) -> None:
    """Put *text* into the file *path* at once: a reader sees the former one or this. Raises ArchiveUnwritable."""
    try:
        number, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
        draft = Path(name)
        try:
            with os.fdopen(number, "w", encoding="utf-8") as file:
                file.write(text)
            # the collector is another user
            draft.chmod(0o644)
            draft.replace(path)
        except BaseException:
            draft.unlink(missing_ok=True)
            raise
    except OSError as error:
        raise unwritable(path, error) from error
