"""What the documents say is what the program does: generated parts, names, links, examples."""

import asyncio
import importlib.util
import re
import shlex
import sqlite3
import subprocess
import sys
import tomllib
import unicodedata
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import click
import pytest

from archive.columns import DESCRIPTIONS
from archive.desk import filters, hit_files, hit_list, hits, keys, query, ranking, timeline_asked
from archive.desk.changeover import close_app
from archive.desk.serve import SETTINGS, build_app
from archive.frontier import TRANSIENT
from archive.model import (
    Accepted,
    Article,
    Capture,
    Evidence,
    Figure,
    RecordLocation,
    Rejected,
    RejectReason,
    Verdict,
)
from archive.publish import publish
from archive.run_counts import RunCounts
from archive.schema import MIGRATIONS
from archive.store import Store
from scraper import settings
from scraper.cli import cli, show_reports
from scraper.crawling import SiteReport
from scraper.install import Installation, units
from scraper.saved_page import outcome_for_json
from scraper.sites.build import DEFAULT_DELAY_S, build_family, build_site
from scraper.sites.load import load_registry
from scraper.sites.spec import SiteStatus
from scraper.sites.tables import Table

ROOT = Path(__file__).resolve().parents[1]
#: Folders that tools make; the rest of the checkout is the project.
MADE_BY_TOOLS = {
    ".git", ".venv", ".venv-peers", ".venv-view", ".replayweb", ".mypy_cache", ".pytest_cache", ".ruff_cache", ".hypothesis", "__pycache__",
    "build", "dist", "dqtv-data", "dqtv-demo",
}  # fmt: skip


def project_files():
    for path in sorted(ROOT.rglob("*")):
        if path.is_file() and not MADE_BY_TOOLS & set(path.relative_to(ROOT).parts):
            yield path


MARKDOWN = [path for path in project_files() if path.suffix == ".md"]


def read(name):
    return (ROOT / name).read_text(encoding="utf-8")


def named(path):
    return path.relative_to(ROOT).as_posix()


@pytest.fixture(scope="module")
def generate():
    """docs/generate.py as a module."""
    spec = importlib.util.spec_from_file_location("docs_generate", ROOT / "docs/generate.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


# -- generated parts ----------------------------------------------------------------------------------


def test_generated_parts_are_current():
    """In a process of its own: click keeps the help options of a command that was called alone."""
    command = [sys.executable, "docs/generate.py", "--check"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"run `make docs`\n{done.stdout}{done.stderr}"


def test_a_stale_part_is_written_anew(generate):
    stale = "before\n<!-- help: dqtv publish -->\nstale\n<!-- /help -->\nafter\n"
    fresh = generate.generated(stale)
    assert "Usage: dqtv publish" in fresh
    assert "stale" not in fresh
    assert fresh.startswith("before\n<!-- help: dqtv publish -->\n")
    assert fresh.endswith("<!-- /help -->\nafter\n")


def test_help_is_the_same_in_any_terminal(generate, monkeypatch):
    shown = generate.help_text("dqtv crawl")
    monkeypatch.setenv("COLUMNS", "40")
    monkeypatch.setenv("DQTV_ARCHIVE", "/somewhere")
    assert generate.help_text("dqtv crawl") == shown


# -- commands -----------------------------------------------------------------------------------------


def walk(name, command):
    yield name, command
    for short, member in getattr(command, "commands", {}).items():
        yield from walk(f"{name} {short}", member)


COMMANDS = dict(walk("dqtv", cli))


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_and_option_is_in_the_readme(name):
    found = re.search(rf"<!-- help: {name} -->(.*?)<!-- /help -->", read("README.md"), re.DOTALL)
    assert found, f"README.md lacks the help of {name}"
    options = [o for x in COMMANDS[name].params if isinstance(x, click.Option) for o in x.opts]
    assert [option for option in options if option not in found[1]] == []


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_and_option_says_what_it_does(name):
    command = COMMANDS[name]
    assert command.help
    silent = [x.name for x in command.params if isinstance(x, click.Option) and not x.help]
    assert silent == []


def example_lines():
    for path in MARKDOWN:
        blocks = re.findall(r"```console\n(.*?)```", path.read_text(encoding="utf-8"), re.DOTALL)
        for line in "".join(blocks).splitlines():
            if line.strip().startswith("$ dqtv "):
                yield pytest.param(line.strip()[2:], id=f"{named(path)}: {line.strip()}")


@pytest.mark.parametrize("line", list(example_lines()))
def test_every_example_is_a_command_the_program_takes(line):
    words = shlex.split(line)
    name = max((x for x in COMMANDS if f"{line} ".startswith(f"{x} ")), key=len)
    command = COMMANDS[name]
    if isinstance(command, click.Group):
        # `dqtv runs` alone is short for one of its commands
        command = command.commands[command.default]
    context = command.make_context(name, words[len(name.split()) :])
    assert context.params.keys() == {x.name for x in command.params if x.expose_value}


@pytest.mark.parametrize("path", MARKDOWN, ids=named)
def test_every_make_target_named_exists(path):
    targets = set(re.findall(r"^([a-z0-9-]+):", read("Makefile"), re.MULTILINE))
    said = re.findall(r"(?:`|\$ )make ([a-z0-9-]+)", path.read_text(encoding="utf-8"))
    assert set(said) <= targets


# -- the walk from an empty server --------------------------------------------------------------------

OPERATIONS = read("docs/operations.md")
CONSOLE = re.findall(r"```console\n(.*?)```", OPERATIONS, re.DOTALL)
#: Commands of bash, of Debian's essential packages, of systemd, and of those this walk installs or is about.
ON_A_SERVER = {
    "apt", "cd", "cp", "crontab", "docker", "dqtv", "exit", "export", "install", "make", "nano", "source", "sudo",
    "systemctl", "useradd",
}  # fmt: skip


def typed(block):
    return "".join(f"{line.removeprefix('$ ')}\n" for line in block.splitlines())


@pytest.mark.parametrize("block", CONSOLE)
def test_every_block_of_operations_is_bash_of_commands_a_server_has(block):
    assert all(line.startswith("$ ") for line in block.splitlines())
    read_only = subprocess.run(["bash", "-n"], input=typed(block), text=True, capture_output=True, check=False)  # fmt: skip
    assert (read_only.returncode, read_only.stderr) == (0, "")
    words = [shlex.split(line) for line in typed(block).splitlines()]
    programs = {
        word for x in words for word in x[: 1 + (x[0] == "sudo")] if not word.startswith("-")
    }
    assert programs <= ON_A_SERVER


def test_the_walk_gives_its_user_the_shell_its_blocks_are_written_for():
    assert "$ source .venv/bin/activate\n" in OPERATIONS
    assert re.search(r"^\$ sudo useradd .*--shell /bin/bash dqtv$", OPERATIONS, re.MULTILINE)


def test_the_walk_puts_every_unit_in_place_by_its_name(tmp_path):
    """Named one by one: on Ubuntu the administrator's shell may not look into another's home for a pattern."""
    [copied] = re.findall(r"^\$ sudo cp (.*) /etc/systemd/system/$", OPERATIONS, re.MULTILINE)
    written = units(Installation(root=tmp_path, contact=None, run_as="dqtv"))
    assert copied.split() == [f"~dqtv/dqtv-archive/units/{name}" for name in written]


def test_the_walk_writes_only_into_folders_that_its_user_was_given():
    made = re.findall(r"^\$ sudo install -d -o dqtv (.*)$", OPERATIONS, re.MULTILINE)
    used = {f"/srv/{name}" for name in re.findall(r"/srv/([a-z-]+)", OPERATIONS)}
    assert used == set(" ".join(made).split())


def test_the_nightly_line_is_a_command_the_program_takes():
    [line] = re.findall(r"^30 6 \* \* \*  (.*)$", OPERATIONS, re.MULTILINE)
    program, name, *arguments = shlex.split(line)
    assert program == "~/dqtv-archive/.venv/bin/dqtv"
    assert COMMANDS[f"dqtv {name}"].make_context(name, arguments).params["keep"] == 7


# -- tables -------------------------------------------------------------------------------------------

ARTICLE = Article(
    id="bao:1",
    site="bao",
    url="https://bao.example/1.html",
    title="Dân quân xã ra quân huấn luyện",
    sapo="Sáng 19-3, dân quân xã ra quân.",
    body=("Đoạn thứ nhất.", "Đoạn thứ hai."),
    province="Điện Biên",
    published_at=datetime.fromisoformat("2024-03-19T09:12:00+07:00"),
    published_precision="minute",
    figures=(Figure(position=1, caption="Dân quân luyện tập."),),
)
CAPTURE = Capture(
    id="6f1c2f4e-0000-4000-8000-000000000001",
    site="bao",
    url=ARTICLE.url,
    fetched_at=datetime(2026, 11, 24, 3, 10, tzinfo=UTC),
    status=200,
    location=RecordLocation(warc_file="bao/2026/x.warc.gz", offset=10, length=90),
)
VERDICT = Verdict(
    relevance=6.0, level=2, evidence=(Evidence(part="title", term="dân quân", count=1, weight=6.0),)
)


@pytest.fixture(scope="module")
def databases(tmp_path_factory):
    """A working archive with one article, and its snapshot."""
    root = tmp_path_factory.mktemp("archive")
    with Store.open(root) as store:
        with store.transaction():
            store.store_outcome(Accepted(capture=CAPTURE, article=ARTICLE, verdict=VERDICT))
        path = store.path
    return {"working": path, "public": publish(root).path}


def columns_of(path):
    """Columns by table, for all that is not SQLite's or an index's own."""
    own = re.compile(r"sqlite_.*|articles_(?:exact|folded)_.*|" + MIGRATIONS.migrations_table)
    with closing(sqlite3.connect(path)) as connection:
        names = [
            row[0]
            for row in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")
        ]
        return {
            name: [row[1] for row in connection.execute(f"PRAGMA table_info({name})")]
            for name in names
            if not own.fullmatch(name)
        }


@pytest.mark.parametrize("database", ["working", "public"])
def test_every_table_and_column_is_documented(databases, database):
    text = read("docs/tables.md")
    for table, columns in columns_of(databases[database]).items():
        found = re.search(
            rf"<!-- table: {database} {table} -->(.*?)<!-- /table -->", text, re.DOTALL
        )
        assert found, f"docs/tables.md lacks {database} {table}"
        rows = re.findall(r"^\| `(\w+)` \| [^|]+ \| (.+) \|$", found[1], re.MULTILINE)
        assert [name for name, _ in rows] == columns
        assert [name for name, meaning in rows if meaning == "–"] == []


def test_every_working_column_has_one_description_and_no_other_has(databases):
    assert {x: list(y) for x, y in DESCRIPTIONS.items()} == columns_of(databases["working"])


# -- settings -----------------------------------------------------------------------------------------


def test_every_environment_variable_is_documented():
    sources = [x for x in project_files() if x.suffix == ".py" and x.parts[-2] != "tests"]
    program = [x for x in sources if x.relative_to(ROOT).parts[0] in {"archive", "scraper"}]
    used = {name for x in program for name in re.findall(r"\bDQTV_[A-Z_]+\b", x.read_text("utf-8"))}
    assert "DQTV_ARCHIVE" in used
    text = read("docs/settings.md")
    assert [
        name for name in sorted(used) if f"`{name}`" not in text and f"`-s {name}=" not in text
    ] == []


def test_every_setting_a_user_may_change_is_documented():
    text = read("docs/settings.md")
    plain = [
        name
        for name, value in vars(settings).items()
        if name.isupper() and isinstance(value, bool | int | float) and name != "DEMO_PORT"
    ]
    assert "DOWNLOAD_DELAY" in plain
    assert [name for name in (*plain, *SETTINGS) if f"| `{name}` |" not in text] == []


def test_the_user_agent_shown_is_the_one_sent():
    assert f"\n{settings.user_agent('https://example.org/dqtv')}\n" in read("docs/settings.md")


# -- site files ---------------------------------------------------------------------------------------


def known_keys(problems, path):
    """Keys the reader takes at *path*, as it says when it meets an unknown one."""
    [found] = [x for x in problems if x.startswith(f"x.toml: {path}nonsense: unknown key")]
    return set(found.partition("known here: ")[2].split(", "))


def problems_of(build, values):
    problems = []
    build(Table("x.toml", values, problems))
    return problems


@pytest.fixture(scope="module")
def reader_keys():
    """The keys the reader of the files takes, by the class they end up in."""
    rule = {"nonsense": 1}
    layout = {"nonsense": 1, "published": [rule]}
    site = {"nonsense": 1, "seeds": [{"nonsense": 1}], "layouts": [layout], "port_offset": 1}
    of_site = problems_of(lambda table: build_site(table, {}), site)
    of_family = problems_of(build_family, {"nonsense": 1})
    return {
        "SiteSpec": known_keys(of_site, "") - {"port_offset"},
        "Seed": known_keys(of_site, "seeds[0]."),
        "Layout": known_keys(of_site, "layouts[0]."),
        "DateRule": known_keys(of_site, "layouts[0].published[0]."),
        "Family": known_keys(of_family, ""),
    }


@pytest.mark.parametrize("name", ["SiteSpec", "Seed", "Layout", "DateRule", "Family"])
def test_every_key_of_a_site_file_is_documented(reader_keys, name):
    text = read("docs/site-files.md")
    found = re.search(rf"<!-- keys: {name} -->(.*?)<!-- /keys -->", text, re.DOTALL)
    rows = re.findall(r"^\| `(\w+)` \| [^|]+ \| [^|]+ \| (.+) \|$", found[1], re.MULTILINE)
    assert {key for key, _ in rows} == reader_keys[name]
    assert [key for key, meaning in rows if meaning == "–"] == []


def test_the_key_of_demo_papers_is_documented():
    assert "`port_offset`" in read("docs/site-files.md")


@pytest.mark.parametrize("name", ["SiteSpec", "Seed", "Layout", "DateRule", "Family"])
def test_keys_documented_as_required_are(generate, name):
    required = {key.name for key in generate.keys(name) if key.default == "required"}
    path, problems = {
        "SiteSpec": ("", problems_of(lambda table: build_site(table, {}), {"family": "x"})),
        "Seed": ("seeds[0].", problems_of(lambda table: build_site(table, {}), {"seeds": [{}]})),
        "Layout": ("layouts[0].", problems_of(build_family, {"layouts": [{}]})),
        "DateRule": ("layouts[0].published[0].", problems_of(build_family, {"layouts": [{"published": [{}]}]})),
        "Family": ("", problems_of(build_family, {})),
    }[name]  # fmt: skip
    missing = re.compile(rf"x\.toml: {re.escape(path)}(\w+): is required")
    assert {found[1] for x in problems if (found := missing.match(x))} - {
        "article_url"
    } == required - {"article_url"}


def site_examples():
    for path in MARKDOWN:
        text = path.read_text(encoding="utf-8")
        for number, block in enumerate(re.findall(r"```toml\n(.*?)```", text, re.DOTALL), start=1):
            yield pytest.param(block, id=f"{named(path)} {number}")


@pytest.mark.parametrize("block", list(site_examples()))
def test_every_example_of_a_site_file_can_be_read(block, tmp_path):
    lines = "\n".join(line.strip() for line in block.splitlines())
    site_id = tomllib.loads(lines)["id"]
    (tmp_path / f"{site_id}.toml").write_text(lines, encoding="utf-8")
    site = load_registry(extra=tmp_path).site(site_id)
    assert site.seeds
    assert site.article_url is not None


def test_the_list_of_papers_names_every_paper_with_its_province_then_and_now():
    text = (
        read("docs/papers.md").partition("<!-- papers: real -->")[2].partition("<!-- /papers -->")
    )
    rows = [[cell.strip(" `") for cell in x.split("|")] for x in text[0].splitlines()]
    said = {cells[1]: cells[3:5] for cells in rows if len(cells) == 9}
    real = [x for x in load_registry().sites.values() if x.status is not SiteStatus.DEMO]
    assert {x.id: [x.province_then, x.province_today] for x in real}.items() <= said.items()
    assert said["baohagiang"] == ["Hà Giang", "Tuyên Quang"]


def test_the_summary_in_the_readme_counts_every_paper_once():
    text = read("README.md").partition("<!-- papers: summary -->")[2].partition("<!-- /papers -->")
    counts = re.search(r"^\| all \| (\d+) \| (\d+) \| (\d+) \|$", text[0], re.MULTILINE)
    real = [x for x in load_registry().sites.values() if x.status is not SiteStatus.DEMO]
    assert counts
    assert sum(map(int, counts.groups())) == len(real)


def test_the_costs_of_the_scopes_are_computed_right():
    section = read("docs/site-files.md").partition("## How much of a paper: scope")[2]
    a_day = {"defence": (3, 15), "everything": (12, 60)}
    minutes = [sum(x) * DEFAULT_DELAY_S / 60 for x in a_day.values()]
    articles = [365 * x[1] for x in a_day.values()]
    hours = [x * DEFAULT_DELAY_S / 3600 for x in articles]
    assert (
        f"| requests each day | {sum(a_day['defence'])} | {sum(a_day['everything'])} |" in section
    )
    assert f"| time each day | {minutes[0]:g} minutes | {minutes[1]:g} minutes |" in section
    assert (
        f"| fetching one past year | {articles[0]:,} articles, {hours[0]:.1f} hours"
        f" | {articles[1]:,} articles, {hours[1]:.1f} hours |" in section
    )


# -- JSON ---------------------------------------------------------------------------------------------


def documented_keys(text):
    """Names in the first column of the tables in *text*."""
    cells = re.findall(r"^\| (`[^|]+) \|", text, re.MULTILINE)
    return {key for cell in cells for key in re.findall(r"`(\w+)`", cell)}


def test_every_key_of_extract_json_is_in_the_readme():
    section = read("README.md").partition("## Read one saved page")[2].partition("\n## ")[0]
    outcome = Rejected(
        capture=CAPTURE, reason=RejectReason.NOT_MILITIA, article=ARTICLE, verdict=VERDICT
    )
    assert documented_keys(section) == outcome_for_json(outcome).keys()


@pytest.fixture(scope="module")
def ask(databases):
    """Ask the desk over the snapshot for JSON."""
    app = build_app(databases["public"])
    yield lambda path: asyncio.run(app.client.get(path)).json()
    close_app(app)


def test_every_field_of_the_search_json_is_documented(ask):
    section = read("docs/search.md").partition("### Search\n")[2].partition("\n### ")[0]
    answer = ask("/-/search.json?q=d%C3%A2n+qu%C3%A2n")
    [result] = answer["results"]
    assert documented_keys(section) == answer.keys() | result.keys()
    inner = {*answer["query"], *answer["counts"][0], *answer["snapshot"]}
    assert [name for name in sorted(inner) if f"`{name}`" not in section] == []


def test_every_field_of_a_searchs_files_is_documented():
    section = read("docs/search.md").partition("### Articles of a search as files\n")[2]
    assert documented_keys(section.partition("\n### ")[0]) == set(hit_files.FIELDS)
    assert f"{hit_list.MOST:,}" in section
    assert [form for form in hit_files.HIT_FILES if f"`{form}`" not in section] == []


def test_paging_by_key_is_documented_with_its_parameters_and_its_refusal(ask):
    section = read("docs/search.md").partition("### Paging by key\n")[2].partition("\n### ")[0]
    refusal = ask("/-/search.json?q=d%C3%A2n+qu%C3%A2n&snapshot=another")
    assert documented_keys(section) == {keys.AFTER, keys.SNAPSHOT, *refusal}


def test_every_field_and_parameter_of_the_timeline_is_documented(ask):
    section = read("docs/search.md").partition("### Timeline\n")[2].partition("\n### ")[0]
    shown = ask("/-/timeline.json?q=d%C3%A2n+qu%C3%A2n")
    places = ask("/-/timeline.json?q=d%C3%A2n+qu%C3%A2n&by=province")
    parameters = {"q", *timeline_asked.OPTIONS}
    fields = {"points", *shown} | places.keys() - {"query"}
    assert documented_keys(section) == (parameters | fields) - {"ok"}
    inner = {*shown["series"][0], *shown["series"][0]["points"][0], *places["places"][0], *places}
    assert [name for name in sorted(inner - {"ok"}) if f"`{name}`" not in section] == []


def test_every_field_of_the_article_json_is_documented(ask):
    section = read("docs/search.md").partition("### Article\n")[2].partition("\nThe desk sends")[0]
    answer = ask("/-/article/bao:1.json")
    assert answer.keys() == {"ok", "article", "snapshot"}
    article = answer["article"]
    assert documented_keys(section) == article.keys()
    inner = {
        *article["capture"], *article["figures"][0], *article["evidence"][0], *article["versions"][0],
    }  # fmt: skip
    assert [name for name in sorted(inner) if f"`{name}`" not in section] == []


def test_every_parameter_and_limit_of_the_search_is_documented():
    text = read("docs/search.md")
    parameters = text.partition("Search parameters.")[2].partition("\n## ")[0]
    values = {
        "q": ["x"], "paper": ["a", "b"], "province": ["c"], "province_today": ["d"], "year": ["2020"],
        "month": ["2020-01"], "section": ["e"], "from": ["2020"], "to": ["2021"], "level": ["1", "2"],
        "exact": ["1"], "expand": ["0"], "sort": ["best"], "page": ["2"],
    }  # fmt: skip
    assert filters.web_parameters(filters.read_query(values)).keys() == values.keys()
    assert documented_keys(parameters) == values.keys()
    english, vietnamese = text.partition("## English")[2], text.partition("## English")[0]
    for number in (
        query.MAX_CHARACTERS,
        query.MAX_UNITS,
        ranking.RANKED,
        ranking.FINELY,
        hits.COUNT_LIMIT,
    ):
        assert f"{number:,}" in english
        assert f"{number:,}".replace(",", ".") in vietnamese


@pytest.mark.parametrize("name", ["docs/guide.md", "docs/huong-dan.md"])
def test_every_column_of_the_report_is_explained(name, capsys, monkeypatch):
    monkeypatch.setenv("COLUMNS", "200")
    report = SiteReport(
        site="bao", reason="finished", detail=None, counts=RunCounts(), recovered=0, waiting=0
    )
    show_reports([report], as_json=False)
    [headings] = [x for x in capsys.readouterr().out.splitlines() if "accepted" in x]
    explained = re.findall(r"^\| (\w+) \|", read(name), re.MULTILINE)
    assert [word for word in headings.split() if word not in {"paper", *explained}] == []


@pytest.mark.parametrize("name", ["docs/guide.md", "docs/huong-dan.md"])
def test_every_reason_to_leave_a_page_out_is_explained(name):
    assert documented_keys(read(name)) >= {reason.value for reason in RejectReason}


def test_every_failure_that_may_pass_is_explained():
    assert documented_keys(read("docs/guide.md")) >= set(TRANSIENT)


# -- the documents themselves -------------------------------------------------------------------------


def test_the_changelog_has_this_version():
    version = tomllib.loads(read("pyproject.toml"))["project"]["version"]
    changelog = read("CHANGELOG.md")
    assert f"\n## [{version}] - " in changelog
    assert "\n## [Unreleased]\n" in changelog
    assert "\n### Sites\n" in changelog


def without_code(text):
    return re.sub(r"```.*?```", "", text, flags=re.DOTALL)


def anchors(path):
    """Anchors of a Markdown file's headings, as GitHub makes them."""
    headings = re.findall(
        r"^#+ (.+)$", without_code(path.read_text(encoding="utf-8")), re.MULTILINE
    )
    return {anchor(heading) for heading in headings}


def anchor(heading):
    kept = (c for c in heading.lower() if c in " -_" or unicodedata.category(c)[0] in "LNM")
    return "".join(kept).strip().replace(" ", "-")


@pytest.mark.parametrize("path", MARKDOWN, ids=named)
def test_links_between_documents_lead_somewhere(path):
    text = without_code(path.read_text(encoding="utf-8"))
    for target in re.findall(r"\]\(([^)\s]+)\)", text):
        if re.match(r"[a-z]+:", target):
            continue
        file, _, fragment = target.partition("#")
        goal = path.parent / file if file else path
        assert goal.exists(), f"{named(path)} links to {target}"
        assert not fragment or fragment in anchors(goal), f"{named(path)} links to {target}"


def test_sections_of_the_design_notes_named_in_the_code_exist():
    known = anchors(ROOT / "docs/design-notes.md")
    for path in project_files():
        if path.suffix in {".py", ".toml"} and path != Path(__file__).resolve():
            for fragment in re.findall(r"design-notes\.md#?([\w-]*)", path.read_text("utf-8")):
                assert fragment in known, f"{named(path)} names #{fragment} of the design notes"


def test_both_guides_have_the_same_sections_for_the_same_readers():
    def levels(name):
        return re.findall(r"^(#+) ", without_code(read(name)), re.MULTILINE)

    vietnamese, english = levels("docs/huong-dan.md"), levels("docs/guide.md")
    assert vietnamese.count("##") == english.count("##") == 2
    assert vietnamese[:6] == english[:6]


CODE = [
    path for path in project_files() if path.suffix in {".py", ".toml"} or path.name == "Makefile"
]


#: Documents that a release is written with.
OF_RELEASES = {"RIGHTS.md", "CHANGES.md"}


def test_documents_named_in_the_code_are_part_of_the_project():
    lost = [
        f"{named(path)}:{number}: {name}"
        for path in CODE
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1)
        for name in re.findall(r"[\w./-]+\.md\b", line)
        if not (ROOT / name).exists() and not (ROOT / "docs" / name).exists()
        if Path(name).name not in OF_RELEASES
    ]
    assert lost == []


@pytest.mark.parametrize(
    "pattern",
    [
        r"(?<![\w.])/(?:home|root|tmp|work|Users)/\w",
        r"\b(?:archive|extraction|frontier|publish|sites|style|vietnamese) study\b",
        r"\breference(?: notes?\b|:)",
    ],
)
def test_no_file_names_a_machine_or_notes_that_are_not_here(pattern):
    found = [
        f"{named(path)}:{number}"
        for path in project_files()
        for number, line in enumerate(lines_of(path), start=1)
        if re.search(pattern, line)
    ]
    assert found == []


def lines_of(path):
    try:
        return path.read_text(encoding="utf-8").splitlines()
    except UnicodeDecodeError:
        return []
