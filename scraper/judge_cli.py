"""The verbs of ``dqtv judge``: draw a sample, let people label it, say how good the rule is."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Final

import click
from rich.box import SIMPLE_HEAD
from rich.table import Table

from archive.cli import archive_option, json_option, print_json, wide_console
from archive.errors import UsageError
from archive.store import Store
from scraper.classify.lexicon import load_lexicon
from scraper.judging.archive_items import candidates, items
from scraper.judging.labels import Label, append_label, read_sample, write_sample
from scraper.judging.report import AGREED, report
from scraper.judging.sample import draw
from scraper.sites.known import known_sites

if TYPE_CHECKING:
    from scraper.judging.labels import Item
    from scraper.judging.report import Agreement, Findings, JudgeReport, Quality

_QUESTION: Final = "0 none or foreign, 1 mentions, 2 about, s skip, q quit"
_LEAD: Final = 400

file_argument = click.argument("file", type=click.Path(path_type=Path, dir_okay=False))


@click.group("judge")
def judge_group() -> None:
    """Measure the relevance rule on articles that people have labelled."""


@judge_group.command("sample")
@archive_option()
@click.option("--size", type=click.IntRange(1), default=300, show_default=True, help="How many.")
@click.option(
    "--seed", type=int, default=1, show_default=True, help="The same seed draws the same sample."
)
@click.option(
    "--out", required=True, type=click.Path(path_type=Path, dir_okay=False), help="File to write."
)
@json_option
def sample_command(root: Path, *, size: int, seed: int, out: Path, as_json: bool) -> None:
    """Draw articles and rejected pages by paper and score, for people to label."""
    if out.exists():
        raise UsageError(f"{out} exists, and may hold labels; give another name with --out")
    registry = known_sites()
    with Store.open(root.absolute(), create=False) as store:
        try:
            drawn = draw(candidates(store), size, seed)
        except ValueError as error:
            raise UsageError(
                f"{error} from the archive at {root}; give a smaller --size, or crawl first"
            ) from error
        found, unreadable = items(store, registry, drawn)
    write_sample(out, found)
    for line in unreadable:
        click.echo(f"dqtv: left out: {line}", err=True)
    if as_json:
        print_json({"file": str(out), "items": len(found), "left_out": unreadable})
    else:
        click.echo(f"{len(found)} items written to {out}; label them with `dqtv judge label`")


@judge_group.command("label")
@file_argument
@click.option("--reader", required=True, help="Your name; labels of others are not shown.")
def label_command(file: Path, reader: str) -> None:
    """Show one article after another and ask what it is about; saved after each answer."""
    reader = " ".join(reader.split())
    if not reader:
        raise UsageError("--reader needs a name")
    if reader == AGREED:
        raise UsageError(f"{AGREED!r} is what all readers agree on; give another name")
    sample = read_sample(file)
    waiting = sample.open_items(reader)
    done = len(sample.items) - len(waiting)
    for position, item in enumerate(waiting, start=1):
        click.echo(f"\n[{position} of {len(waiting)}]")
        _show(item)
        answer = click.prompt(
            _QUESTION, type=click.Choice(["0", "1", "2", "s", "q"]), show_choices=False
        )
        if answer == "q":
            break
        if answer != "s":
            append_label(file, Label(item=item.id, reader=reader, label=int(answer)))
            done += 1
    click.echo(f"{reader}: {done} of {len(sample.items)} labelled")


def _show(item: Item) -> None:
    day = (item.published_at or "no date")[:10]
    click.echo(_plain(f"{item.site}, {day}, {item.url}"))
    click.secho(_plain(item.title), bold=True)
    if item.lead:
        lead = item.lead if len(item.lead) <= _LEAD else item.lead[:_LEAD] + "…"
        click.echo(_plain(lead))
    for before, term, after in item.snippets:
        marked = click.style(_plain(term), bold=True, underline=True)
        click.echo(f"  … {_plain(before)}{marked}{_plain(after)} …")


def _plain(text: str) -> str:
    """Without what a terminal would obey."""
    return "".join(letter if letter.isprintable() else " " for letter in text)


@judge_group.command("report")
@file_argument
@click.option(
    "--reader", "readers", multiple=True, help="Only this reader; may be given several times."
)
@json_option
def report_command(file: Path, *, readers: tuple[str, ...], as_json: bool) -> None:
    """Precision, recall, confusion, kappa between readers, and a table of thresholds."""
    sample = read_sample(file)
    chosen = tuple(dict.fromkeys(readers)) or tuple(sample.labels)
    if not sample.labels:
        raise UsageError(f"nobody has labelled {file} yet; start with `dqtv judge label {file}`")
    for reader in chosen:
        if reader not in sample.labels:
            known = ", ".join(sample.labels)
            raise UsageError(f"{reader} has no labels in {file}; readers there: {known}")
    levels = load_lexicon().levels
    result = report(sample, chosen, levels=(levels.mention, levels.about))
    if as_json:
        print_json(_for_json(result))
    else:
        _print(result)


def _for_json(result: JudgeReport) -> dict[str, object]:
    return {
        "items": result.items,
        "findings": [_findings_for_json(found) for found in result.findings],
        "agreements": result.agreements,
    }


def _findings_for_json(found: Findings) -> dict[str, object]:
    return {
        "reader": found.reader,
        "labelled": found.labelled,
        "not_covered": found.not_covered,
        "confusion": {
            str(label): {str(level): count for level, count in row.items()}
            for label, row in found.confusion.items()
        },
        "kept": found.kept,
        "about": found.about,
        "thresholds": found.thresholds,
    }


def _print(result: JudgeReport) -> None:
    for found in result.findings:
        _print_findings(found, result.items)
    for agreement in result.agreements:
        _print_agreement(agreement)


def _print_findings(found: Findings, items_in_all: int) -> None:
    console = wide_console()
    console.print(
        f"{found.reader}: {found.labelled} of {items_in_all} items labelled", markup=False
    )
    if found.not_covered:
        console.print(
            f"  {found.not_covered} articles are in strata without a label, and not counted"
        )
    console.print(f"  kept (level 1 or 2): {_said(found.kept)}")
    console.print(f"  about (level 2): {_said(found.about)}")
    table = Table(title="label against level, items", box=SIMPLE_HEAD)
    for heading in ("label", "level 0", "level 1", "level 2"):
        table.add_column(heading, justify="right")
    for label, row in found.confusion.items():
        table.add_row(str(label), *map(str, row.values()))
    console.print(table)
    table = Table(title="thresholds", box=SIMPLE_HEAD)
    for heading in (
        "score from",
        "precision kept",
        "recall kept",
        "precision about",
        "recall about",
    ):
        table.add_column(heading, justify="right")
    for step in found.thresholds:
        shares = (step.kept.precision, step.kept.recall, step.about.precision, step.about.recall)
        table.add_row(f"{step.score:g}", *map(_percent, shares))
    console.print(table)


def _print_agreement(agreement: Agreement) -> None:
    first, second = agreement.readers
    kappa = "-" if agreement.kappa is None else f"{agreement.kappa:.2f}"
    click.echo(f"{first} and {second}: {agreement.same} of {agreement.both} alike, kappa {kappa}")
    for item in agreement.differing:
        click.echo(f"  differ on {item}")


def _said(quality: Quality) -> str:
    return (
        f"precision {_percent(quality.precision)}, recall {_percent(quality.recall)}"
        f" ({quality.right} right, {quality.wrong} wrong, {quality.missed} missed)"
    )


def _percent(share: float | None) -> str:
    return "-" if share is None else f"{100 * share:.1f} %"
