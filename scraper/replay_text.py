"""What a replay did, for people."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import click

if TYPE_CHECKING:
    from scraper.replay_report import ReplayReport

#: Lines of moved articles, of unreadable records and of pages given up that are printed; --json has them all.
_LINES: Final = 20


def echo_report(report: ReplayReport) -> None:
    """Print what a replay did, for people."""
    click.echo("dry run, nothing was written" if report.dry_run else f"replay {report.run_id}")
    lines = {
        "articles and rejected pages": f"{report.looked_at} looked at, {report.pages} pages read",
        "accepted before, rejected now": _counted(report.now_rejected),
        "rejected before, accepted now": str(report.now_accepted),
        "level changed": _counted(report.level_changes),
        "reason of rejection changed": _counted(report.reason_changes),
        "text corrected, no new version": str(report.corrected),
        "new versions": str(report.new_versions),
        "unchanged": str(report.unchanged),
        "left to a crawl at work": str(report.overtaken),
        "papers without a site file, left alone": _counted(report.unknown_sites),
        "unreadable records": str(len(report.unreadable)),
        "pages given up, as they kill what reads them": str(len(report.given_up)),
    }
    for heading, value in lines.items():
        click.echo(f"  {heading}: {value}")
    for move in report.moves[:_LINES]:
        score = "" if move.score is None else f", score {move.score:g}"
        click.echo(f"{move.before} -> {move.after}{score}: {move.what}: {move.title or '-'}")
    _echo_rest(len(report.moves))
    for line in report.unreadable[:_LINES]:
        click.echo(f"unreadable: {line}")
    _echo_rest(len(report.unreadable))
    for line in report.given_up[:_LINES]:
        click.echo(f"given up: {line}")
    _echo_rest(len(report.given_up))


def _echo_rest(count: int) -> None:
    if count > _LINES:
        click.echo(f"  and {count - _LINES} more (--json has them all)")


def _counted(counts: dict[str, int]) -> str:
    return ", ".join(f"{key} {count}" for key, count in sorted(counts.items())) or "0"
