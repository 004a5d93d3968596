"""Write the generated parts of README.md and docs/*.md from the program itself.

A generated part stands between ``<!-- kind: argument -->`` and ``<!-- /kind -->``; the kinds are the
keys of ``RENDERERS``. ``--check`` writes nothing, names every stale file and exits 1.
"""  # noqa: INP001 - a script beside the documents, not a package

from __future__ import annotations

import argparse
import ast
import re
import sqlite3
import sys
import tempfile
import tokenize
from contextlib import closing
from datetime import UTC, datetime
from functools import cache
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, Final

import attrs
import click

from archive.columns import DESCRIPTIONS
from archive.desk.serve import SETTINGS
from archive.public_columns import PUBLIC_COLUMNS
from archive.publish import publish
from archive.store import Store
from scraper.cli import cli
from scraper.sites.load import load_registry
from scraper.sites.spec import Scope, SiteStatus

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from scraper.sites.spec import SiteSpec

ROOT: Final = Path(__file__).resolve().parents[1]
#: Columns of the help text, whatever the terminal.
HELP_WIDTH: Final = 88

_BLOCK: Final = re.compile(
    r"(?P<open><!-- (?P<kind>[a-z]+): (?P<argument>[^\n]*?) -->\n)(?P<body>.*?)(?P<close><!-- /(?P=kind) -->)",
    re.DOTALL,
)


def documents() -> tuple[Path, ...]:
    """The files that may hold generated parts."""
    return (ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md")))


def generated(text: str) -> str:
    """*text* with every generated part written anew. Raises KeyError for an unknown kind."""
    return _BLOCK.sub(_fresh, text)


def _fresh(block: re.Match[str]) -> str:
    body = RENDERERS[block["kind"]](block["argument"])
    return f"{block['open']}\n{body.strip()}\n\n{block['close']}"


# -- commands ---------------------------------------------------------------------------------------


def commands() -> dict[str, click.Command]:
    """Every command by its full name: ``dqtv``, ``dqtv crawl``, ``dqtv sites list`` ..."""
    return dict(_walk("dqtv", cli))


def _walk(name: str, command: click.Command) -> Iterator[tuple[str, click.Command]]:
    yield name, command
    if isinstance(command, click.Group):
        for short in sorted(command.commands):
            yield from _walk(f"{name} {short}", command.commands[short])


def help_text(name: str) -> str:
    """What ``NAME --help`` prints in a terminal of fixed width."""
    context: click.Context | None = None
    command: click.Command = cli
    settings = {"terminal_width": HELP_WIDTH, "help_option_names": ["-h", "--help"]}
    for word in name.split():
        if context is not None:
            command = _member(command, word)
        context = click.Context(command, info_name=word, parent=context, **settings)
    assert context is not None  # noqa: S101 - a name has at least one word
    return command.get_help(context)


def _member(group: click.Command, name: str) -> click.Command:
    if not isinstance(group, click.Group):
        raise TypeError(f"{group.name} has no commands")
    return group.commands[name]


def _help(name: str) -> str:
    return f"```text\n{help_text(name)}\n```"


# -- tables of both databases -----------------------------------------------------------------------


@attrs.frozen
class Column:
    """A column as the database has it, with its description."""

    name: str
    #: SQLite's type; NOT NULL where it holds.
    kind: str
    meaning: str | None


@cache
def tables(database: str) -> dict[str, tuple[Column, ...]]:
    """Tables and columns of ``working`` (archive.db) or ``public`` (a snapshot), built empty for this."""
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        with Store.open(root) as store:
            path = store.path
        if database == "public":
            path = publish(root, now=datetime(2026, 1, 1, tzinfo=UTC)).path
        with closing(sqlite3.connect(path)) as connection:
            return {name: _columns(connection, database, name) for name in _names(connection)}


def _names(connection: sqlite3.Connection) -> list[str]:
    """Tables of ours: none of SQLite's, of sqlite-utils' and of the full-text indexes' own."""
    rows = connection.execute(
        "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%'"
        " AND name NOT LIKE '\\_%' ESCAPE '\\' AND name NOT GLOB 'articles_exact_*'"
        " AND name NOT GLOB 'articles_folded_*' ORDER BY name"
    )
    return [row[0] for row in rows]


def _columns(connection: sqlite3.Connection, database: str, table: str) -> tuple[Column, ...]:
    # a full-text index holds the texts of the articles, in another form
    described = "articles" if table.startswith("articles_") else table
    meanings = dict(DESCRIPTIONS.get(described, {}))
    if database == "public":
        meanings |= PUBLIC_COLUMNS.get(described, {})
    rows = connection.execute('SELECT name, type, "notnull" FROM pragma_table_info(?)', (table,))
    return tuple(
        Column(name, f"{kind} NOT NULL" if required else kind, meanings.get(name))
        for name, kind, required in rows
    )


def _table(argument: str) -> str:
    database, name = argument.split()
    rows = (
        (f"`{column.name}`", column.kind.lower(), column.meaning)
        for column in tables(database)[name]
    )
    return _markdown(("column", "type", "meaning"), rows)


# -- keys of site files -----------------------------------------------------------------------------


@attrs.frozen
class Key:
    """A key of a site or family file, as ``scraper/sites/spec.py`` declares it."""

    name: str
    #: What kind of value it takes, in words.
    value: str
    #: ``required``, the default, or an en dash.
    default: str
    meaning: str | None


_KINDS: Final = {
    "str": "text", "str | None": "text", "tuple[str, ...]": "list of texts", "int": "whole number",
    "float": "number", "date | None": "date", "dict[str, str]": "table of texts",
    "re.Pattern[str]": "regular expression", "re.Pattern[str] | None": "regular expression",
    "tuple[re.Pattern[str], ...]": "list of regular expressions", "UrlKind": "text",
    "SiteStatus": "text", "Scope": "text", "bool": "true or false", "tuple[Seed, ...]": "`[[seeds]]` tables",
    "tuple[Layout, ...]": "`[[layouts]]` tables", "tuple[DateRule, ...]": "list of tables",
}  # fmt: skip
#: Where the reader of the files asks for more, or less, than the declaration says.
_REQUIRED: Final = {
    "Layout.body": "required",
    "SiteSpec.province": "–",
    "SiteSpec.article_url": "the family's",
    "SiteSpec.successor": "required for `former`",
}
_ENUMS: Final = {"SiteStatus": SiteStatus, "Scope": Scope}
#: Keys whose names say enough in the code.
_MEANINGS: Final = {
    "SiteSpec.id": "Short name of the paper, the same as the file's name. It is part of every article's id, so it is never changed and never used again.",
    "SiteSpec.name": "Name of the paper, as readers know it.",
    "SiteSpec.province": "Province or centrally-run city the paper serves: for a former paper the name it had then, for every other today's. Names are checked against `archive/provinces.toml`.",
    "SiteSpec.homepage": "Address of the home page; its host must be one of `domains`.",
    "SiteSpec.status": "`active` (crawled), `off` (not crawled), `former` (the paper exists no more) or `demo`. `off` needs a `note`, `former` a `successor`.",
    "SiteSpec.family": "Id of the CMS family whose layouts read the pages. Without one, the paper needs layouts of its own or is read by the generic path.",
    "SiteSpec.languages": "Languages the paper prints, as codes.",
    "SiteSpec.seeds": "Where to look for articles.",
    "Layout.title": "The headline.",
    "Layout.sapo": "The lead paragraph, where the paper marks one.",
    "Layout.body": "The article's container. The first selector that finds an element decides.",
    "Layout.byline": "The author line; the last short element that fits.",
    "Layout.published": "Where the date of publication stands; see the date rules below.",
    "Layout.section": "The steps of the breadcrumb; the last one that is not the home page is the section.",
    "Layout.tags": "The tags printed with the article.",
    "Family.id": "Short name of the family, the same as the file's name.",
    "Family.layouts": "How articles are read, newest layout first.",
}  # fmt: skip


@cache
def keys(class_name: str) -> tuple[Key, ...]:
    """The keys that *class_name* of ``scraper/sites/spec.py`` stands for."""
    source = (ROOT / "scraper/sites/spec.py").read_text(encoding="utf-8")
    comments = _comments(source)
    [found] = (
        node
        for node in ast.parse(source).body
        if isinstance(node, ast.ClassDef) and node.name == class_name
    )
    return tuple(
        _key(class_name, field, comments)
        for field in found.body
        if isinstance(field, ast.AnnAssign)
    )


def _key(class_name: str, field: ast.AnnAssign, comments: dict[int, Comment]) -> Key:
    name = ast.unparse(field.target)
    annotation = ast.unparse(field.annotation)
    full_name = f"{class_name}.{name}"
    value = _KINDS[annotation]
    if class_name == "Layout" and value == "list of texts":
        value = "list of CSS selectors"
    default = _REQUIRED.get(full_name) or _default(field.value)
    said = " ".join(_above(comments, field.lineno, "#:")).replace("``", "`")
    return Key(name, value, default, said or _MEANINGS.get(full_name))


def _default(value: ast.expr | None) -> str:
    if value is None:
        return "required"
    if isinstance(value, ast.Call):
        given = {keyword.arg: keyword.value for keyword in value.keywords}
        if "factory" in given:
            return "–"
        return _default(given.get("default"))
    if isinstance(value, ast.Attribute):
        return f"`{_ENUMS[ast.unparse(value.value)][value.attr].value}`"
    constant = ast.literal_eval(value)
    return "–" if constant in (None, ()) else f"`{_plain(constant)}`"


def _plain(constant: object) -> str:
    return ", ".join(map(str, constant)) if isinstance(constant, tuple) else str(constant)


def _keys(class_name: str) -> str:
    rows = ((f"`{key.name}`", key.value, key.default, key.meaning) for key in keys(class_name))
    return _markdown(("key", "value", "default", "meaning"), rows)


# -- settings ---------------------------------------------------------------------------------------


@cache
def scrapy_settings() -> dict[str, tuple[str, str]]:
    """Value and reason of the Scrapy settings in ``scraper/settings.py``, as written there.

    Left out are our own that come from the environment or a crawl, and wiring that needs no reason.
    """
    source = (ROOT / "scraper/settings.py").read_text(encoding="utf-8")
    comments = _comments(source)
    found: dict[str, tuple[str, str]] = {}
    for node in ast.parse(source).body:
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
            name, reason = node.targets[0].id, _reason(node, comments)
            is_wiring = isinstance(node.value, ast.Dict | ast.List)
            is_from_outside = name.startswith("DQTV_") and not isinstance(node.value, ast.Constant)
            if not is_from_outside and (reason or not is_wiring):
                value = "see the file" if is_wiring else f"`{ast.unparse(node.value)}`"
                found[name] = (value, reason)
    return found


def _reason(node: ast.Assign, comments: dict[int, Comment]) -> str:
    """The comments above, inside and beside an assignment as running text."""
    last = node.end_lineno or node.lineno
    inside = [comments[line] for line in range(node.lineno, last + 1) if line in comments]
    lines = [*_above(comments, node.lineno, "#"), *(x.text.lstrip("#: ") for x in inside)]
    return " ".join(lines)


def _settings(which: str) -> str:
    if which == "datasette":
        plain = ((f"`{name}`", f"`{value}`") for name, value in SETTINGS.items())
        return _markdown(("setting", "value"), plain)
    explained = ((f"`{name}`", *said) for name, said in scrapy_settings().items())
    return _markdown(("setting", "value", "reason"), explained)


# -- papers -----------------------------------------------------------------------------------------


def _papers(which: str) -> str:
    sites = load_registry().sites.values()
    if which == "summary":
        return _summary([site for site in sites if site.status is not SiteStatus.DEMO])
    chosen = (site for site in sites if (site.status is SiteStatus.DEMO) == (which == "demo"))
    return _markdown(
        ("id", "paper", "province then", "province now", "CMS family", "status", "discovery"),
        (_paper(site) for site in chosen),
    )


def _paper(site: SiteSpec) -> tuple[str | None, ...]:
    status = f"former, now `{site.successor}`" if site.successor else site.status.value
    family = f"`{site.family}`" if site.family else None
    kinds = ", ".join(f"`{kind}`" for kind in site.discovery)
    return (
        f"`{site.id}`",
        site.name,
        site.province_then,
        site.province_today,
        family,
        status,
        kinds,
    )


def _summary(sites: list[SiteSpec]) -> str:
    """How many papers of each family and status there are."""
    statuses = (SiteStatus.ACTIVE, SiteStatus.OFF, SiteStatus.FORMER)
    families = sorted({site.family or "" for site in sites}, key=lambda name: (not name, name))
    rows: list[tuple[str | None, ...]] = []
    for family in (*families, None):
        counted = [site for site in sites if family is None or (site.family or "") == family]
        label = "all" if family is None else f"`{family}`" if family else "own or not known"
        numbers = (str(sum(x.status is status for x in counted)) for status in statuses)
        rows.append((label, *numbers))
    return _markdown(("CMS family", *(status.value for status in statuses)), rows)


def _families(_: str) -> str:
    rows = ((f"`{x.id}`", x.description) for x in load_registry().families.values())
    return _markdown(("family", "what it is"), rows)


# -- source comments and Markdown -------------------------------------------------------------------


@attrs.frozen
class Comment:
    """A comment of a Python file."""

    text: str
    #: True when nothing else stands on its line.
    alone: bool


def _comments(source: str) -> dict[int, Comment]:
    """Line number -> comment on it."""
    return {
        token.start[0]: Comment(token.string, alone=token.line.lstrip().startswith("#"))
        for token in tokenize.tokenize(BytesIO(source.encode()).readline)
        if token.type == tokenize.COMMENT
    }


def _above(comments: dict[int, Comment], line: int, mark: str) -> list[str]:
    """The unbroken run of comment lines right above *line* that begin with *mark*, without it."""
    found: list[str] = []
    while (
        (comment := comments.get(line := line - 1))
        and comment.alone
        and comment.text.startswith(mark)
    ):
        found.append(comment.text.removeprefix(mark).strip())
    return found[::-1]


def _markdown(headings: tuple[str, ...], rows: Iterable[tuple[str | None, ...]]) -> str:
    lines = [headings, tuple("---" for _ in headings), *rows]
    return "\n".join(f"| {' | '.join(_cell(cell) for cell in line)} |" for line in lines)


def _cell(text: str | None) -> str:
    return (text or "–").replace("|", "\\|")


RENDERERS: Final[dict[str, Callable[[str], str]]] = {
    "help": _help,
    "table": _table,
    "keys": _keys,
    "settings": _settings,
    "papers": _papers,
    "families": _families,
}


def main() -> int:
    """Write (or check) all documents; the exit code."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument(
        "--check", action="store_true", help="write nothing; exit 1 if a file is stale"
    )
    check: bool = parser.parse_args().check
    stale = 0
    for path in documents():
        old = path.read_text(encoding="utf-8")
        new = generated(old)
        if new == old:
            continue
        stale += 1
        name = path.relative_to(ROOT)
        if check:
            click.echo(f"{name} is stale; run `make docs`", err=True)
        else:
            path.write_text(new, encoding="utf-8")
            click.echo(f"{name} written")
    return 1 if check and stale else 0


if __name__ == "__main__":
    sys.exit(main())
