"""The walls of the house, read from the imports: who may know whom, and how large a part may grow."""

import ast
import re
from functools import cache
from pathlib import Path

import attrs
import pytest

ROOT = Path(__file__).resolve().parents[1]

#: The only parts that know Scrapy and Twisted.
KNOWS_SCRAPY = re.compile(
    r"scraper\.(?:(?:spiders|middlewares|extensions)(?:\..+)?|scheduler|downloader|pipelines|settings|crawling|tls|downloads)"
)
#: What each stage imports from outside its own package: the nouns, and no other stage.
STAGE_KNOWS = {
    "discovery": {"archive.instants", "archive.model", "scraper.sites.spec"},
    "extract": {
        "archive.addresses",
        "archive.instants",
        "archive.model",
        "archive.spacing",
        "archive.vietnamese",
        "scraper.sites.spec",
    },
    "clean": {
        "archive.model",
        "archive.spacing",
        "archive.template",
        "archive.vietnamese",
        "scraper.sites.spec",
    },
    "classify": {"archive.errors", "archive.model", "archive.vietnamese"},
    "sites": {
        "archive.addresses",
        "archive.errors",
        "archive.model",
        "archive.provinces",
        "archive.vietnamese",
    },
}
#: The modules that join stages, and the stages they join; ``scraper.sites.spec`` is a noun.
JOINS = {
    "scraper.answers": {"discovery", "extract"},
    "scraper.cli": {"sites"},
    # names papers, as the other commands do
    # rules by which a replay's pages are read
    "scraper.cluster.book_reader": {"sites"},
    "scraper.cluster.cli": {"sites"},
    "scraper.cluster.parcel_post": {"sites"},
    "scraper.cluster.reading": {"sites"},
    "scraper.cluster.replay_cli": {"sites"},
    "scraper.cluster.replaying": {"sites"},
    "scraper.guard": {"sites"},
    "scraper.importer": {"sites"},
    # people read a sample of what was judged
    "scraper.judge_cli": {"classify", "sites"},
    "scraper.judging.archive_items": {"classify", "sites"},
    "scraper.printed_lines": {"clean", "extract"},
    "scraper.process": {"extract", "clean", "classify"},
    "scraper.readers": {"sites"},
    "scraper.rebuild": {"discovery", "sites"},
    "scraper.repair_cli": {"sites"},
    "scraper.replay": {"sites"},
    "scraper.replay_cli": {"sites"},
    "scraper.saved_page": {"sites"},
    "scraper.scheduler": {"sites"},
    "scraper.sites_cli": {"sites"},
    # schedules name papers, backups take their files along
    "scraper.care_cli": {"sites"},
    "scraper.due_cli": {"sites"},
    "scraper.install": {"sites"},
    "scraper.orders_cli": {"sites"},
    "scraper.schedule_cli": {"sites"},
    "scraper.versions": {"sites"},
    # looking at a paper before it is crawled: the stages are tried on a handful of pages
    "scraper.probe.container": {"extract"},
    "scraper.probe.coverage": {"discovery"},
    "scraper.probe.fields": {"clean", "extract"},
    "scraper.probe.look": {"discovery", "extract"},
    "scraper.probe.moments": {"extract"},
    "scraper.probe.naming": {"clean", "extract", "sites"},
    "scraper.probe.new": {"sites"},
    "scraper.probe.proposal": {"extract", "sites"},
    "scraper.probe.recognise": {"extract"},
    "scraper.probe.running_text": {"extract"},
    "scraper.probe.samples": {"clean", "extract"},
    "scraper.probe.site_file": {"sites"},
    "scraper.probe.tree": {"extract"},
    "scraper.spiders.newspaper": {"discovery", "sites"},
}
#: The search desk reads published snapshots; of the rest of the archive it knows this much.
DESK_KNOWS = {
    "archive.citations",
    "archive.errors",
    # one rule for what a spreadsheet might compute
    "archive.export.csv_file",
    "archive.instants",
    "archive.model",
    # how common phrases are written
    "archive.phrases.forms",
    "archive.public_columns",
    "archive.release.snippets",
    "archive.snapshot",
    "archive.textdiff",
    "archive.versions",
    "archive.vietnamese",
}
#: The desk beside its archive: log-in, status, orders. These modules alone know of the private database, by readings
#: that write nothing and by the functions that write orders.
OFFICE = {
    "archive.desk.archivist_pages",
    "archive.desk.cluster_look",
    "archive.desk.cluster_pages",
    "archive.desk.health_pages",
    "archive.desk.office",
    "archive.desk.order_forms",
    "archive.desk.private_archive",
    "archive.desk.public_health",
    "archive.desk.sessions",
    "archive.desk.log_in",
}
OFFICE_KNOWS = {
    # who may log in
    "archive.accounts",
    # how several machines do, for archivists
    "archive.cluster.picture",
    "archive.cluster.settings",
    # what goes on, for everybody and for archivists
    "archive.crawl_log",
    "archive.health.prometheus",
    "archive.health.wording",
    "archive.operations",
    "archive.runs",
    "archive.schedule",
    # orders, with their trail, and notes on alarms
    "archive.audit",
    "archive.health.alarms",
    "archive.order_wording",
    "archive.orders",
    "archive.transactions",
}
#: Of the desk, the one module that opens the private database.
OPENS_ARCHIVE = "archive.desk.private_archive"
#: Packages that only several machines need, and the parts that know of them; nobody else loads those parts.
CLUSTER_PACKAGES = {"fsspec", "paramiko", "procrastinate", "psycopg", "psycopg_pool", "s3fs"}
CLUSTER = ("archive.cluster", "scraper.cluster")
#: But for these two: the desk shows archivists how the machines do. They load packages only when they are asked.
CLUSTER_SHOWN = {"archive.cluster.picture", "archive.cluster.settings"}
#: Leases in PostgreSQL know nothing of what is crawled.
LEASES_KNOW = {
    "archive.cluster.leases": {
        "archive.clock",
        "archive.cluster.settings",
        "archive.errors",
        "archive.lease",
        "archive.processes",
    },
    "archive.cluster.postgres_lease": {
        "archive.cluster.leases",
        "archive.errors",
        "archive.lease",
        "archive.processes",
    },
}
#: Of the rest of the program, the demo press knows this much; its tour is an ordinary user.
PRESS_KNOWS = {"archive.errors", "archive.instants", "archive.vietnamese"}

LONGEST_MODULE = 400
LONGEST_FUNCTION = 60
EMPTY_NAMES = {"base", "common", "helper", "helpers", "misc", "util", "utils"}


@attrs.frozen
class Module:
    """A module of the program, as its source says."""

    name: str
    path: Path
    tree: ast.Module

    @property
    def imports(self) -> set[str]:
        """Full names of the modules it imports, wherever in the file, types included."""
        found = set()
        for node in ast.walk(self.tree):
            if isinstance(node, ast.Import):
                found |= {alias.name for alias in node.names}
            elif isinstance(node, ast.ImportFrom):
                assert node.level == 0, f"{self.name} imports relatively"
                found |= {_imported(node.module, alias.name) for alias in node.names}
        return found

    @property
    def own_imports(self) -> set[str]:
        """Imports within the program."""
        return {name for name in self.imports if name.split(".")[0] in {"archive", "scraper"}}

    @property
    def texts(self) -> list[str]:
        """String constants; the parts between the braces of an f-string are left out."""
        return [
            node.value
            for node in ast.walk(self.tree)
            if isinstance(node, ast.Constant) and isinstance(node.value, str)
        ]


def _imported(module: str, name: str) -> str:
    """``from scraper.demo import press`` means the module, ``from attrs import frozen`` does not."""
    path = ROOT.joinpath(*module.split("."), name)
    return f"{module}.{name}" if path.is_dir() or path.with_suffix(".py").exists() else module


@cache
def modules() -> dict[str, Module]:
    found = {}
    for package in ("archive", "scraper"):
        for path in sorted((ROOT / package).rglob("*.py")):
            parts = path.relative_to(ROOT).with_suffix("").parts
            name = ".".join(parts[:-1] if parts[-1] == "__init__" else parts)
            found[name] = Module(name, path, ast.parse(path.read_text(encoding="utf-8")))
    return found


def within(package: str) -> list[Module]:
    return [x for x in modules().values() if x.name == package or x.name.startswith(f"{package}.")]


def test_the_reader_of_imports_sees_modules_of_both_packages():
    assert {"archive.store", "archive.desk.search", "scraper.cli"} <= modules().keys()
    assert "scraper.discovery.explore" in modules()["scraper.spiders.newspaper"].own_imports
    assert "scraper.demo.press" in modules()["scraper.demo.tour"].own_imports


def test_archive_never_imports_scraper():
    wrong = {x.name for x in within("archive") if any(y.startswith("scraper") for y in x.imports)}
    assert not wrong


def test_only_the_crawl_itself_knows_scrapy():
    knowing = {
        x.name
        for x in modules().values()
        if any(y.split(".")[0] in {"scrapy", "twisted"} for y in x.imports)
    }
    assert "scraper.scheduler" in knowing
    assert {name for name in knowing if not KNOWS_SCRAPY.fullmatch(name)} == set()


@pytest.mark.parametrize("stage", STAGE_KNOWS)
def test_a_stage_knows_the_nouns_and_its_own_kind_only(stage):
    package = f"scraper.{stage}"
    known = {name for module in within(package) for name in module.own_imports}
    assert {x for x in known if not f"{x}.".startswith(f"{package}.")} == STAGE_KNOWS[stage]


def test_stages_are_joined_where_joining_is_the_job():
    joined = {
        module.name: stages
        for module in within("scraper")
        if module.name.split(".")[1:2] not in [[stage] for stage in STAGE_KNOWS]
        and (stages := {_stage(name) for name in module.own_imports} - {None})
    }
    assert joined == JOINS


def _stage(name: str) -> str | None:
    """Stage of a module, if it is one of a stage's workings."""
    parts = name.split(".")
    is_noun = name == "scraper.sites.spec"
    return parts[1] if len(parts) > 1 and parts[1] in STAGE_KNOWS and not is_noun else None


def test_only_the_desks_office_knows_of_the_working_archive_and_one_module_opens_it():
    foreign = {
        f"{module.name} imports {name}"
        for module in within("archive.desk")
        for name in module.own_imports - _desk_knows(module.name)
        if not name.startswith("archive.desk")
    }
    assert foreign == set()
    assert modules().keys() >= OFFICE


def _desk_knows(module: str) -> set[str]:
    opening = {"archive.database"} if module == OPENS_ARCHIVE else set()
    return DESK_KNOWS | opening | (OFFICE_KNOWS if module in OFFICE else set())


def test_the_demo_press_knows_nothing_of_the_crawler_that_visits_it():
    foreign = {
        f"{module.name} imports {name}"
        for module in within("scraper.demo")
        if module.name != "scraper.demo.tour"
        for name in module.own_imports - PRESS_KNOWS
        if not name.startswith("scraper.demo")
    }
    assert foreign == set()


def _is_cluster(name: str) -> bool:
    return f"{name}.".startswith(tuple(f"{part}." for part in CLUSTER))


def test_a_single_machine_knows_nothing_of_several():
    knowing = {
        f"{module.name} imports {name}"
        for module in modules().values()
        if not _is_cluster(module.name)
        for name in module.imports - (CLUSTER_SHOWN if module.name in OFFICE else set())
        if _is_cluster(name) or name.split(".")[0] in CLUSTER_PACKAGES
    }
    assert knowing == set()
    assert "psycopg" in modules()["archive.cluster.leases"].imports


def test_workers_start_crawls_and_know_nothing_of_what_happens_in_them():
    """The slice alone loads the crawl, and what a worker loads is neither that nor the stages."""
    joining = {
        module.name
        for module in within("scraper.cluster")
        if module.own_imports & {"scraper.crawling", "scraper.spiders.newspaper", "scraper.process"}
    }
    assert joining == {"scraper.cluster.crawl"}
    loaded = (
        "worker",
        "engine",
        "drain",
        "reaper",
        "tables",
        "database",
        "slice_end",
        "reading_end",
    )
    known = {name for part in loaded for name in modules()[f"scraper.cluster.{part}"].own_imports}
    assert {name for name in known if not name.startswith(("archive.", "scraper.cluster"))} == {
        "scraper.cores",
        "scraper.settings",
    }


@pytest.mark.parametrize("name", LEASES_KNOW)
def test_leases_know_nothing_of_what_is_crawled(name):
    assert modules()[name].own_imports == LEASES_KNOW[name]


def test_only_the_command_line_imports_the_demo():
    users = {
        module.name
        for module in modules().values()
        if any(name.startswith("scraper.demo") for name in module.own_imports)
        and not module.name.startswith("scraper.demo")
    }
    assert users == {"scraper.cli"}


_ARTICLE_ROWS = re.compile(
    r"\b(?:INSERT(?:\s+OR\s+\w+)?\s+INTO|REPLACE\s+INTO|UPDATE|DELETE\s+FROM)\s+(?:main\.|work\.)?"
    r"(?:articles|article_versions|figures|evidence)\b",
    re.IGNORECASE,
)


def test_article_rows_are_written_by_the_store_only():
    writers = {x.name for x in modules().values() if any(map(_ARTICLE_ROWS.search, x.texts))}
    # publish fills the public database, whose tables have the same names
    assert writers == {"archive.store", "archive.publish", "archive.published_stories"}


def test_publish_only_reads_the_working_database():
    texts = modules()["archive.publish"].texts
    assert any(text.startswith("ATTACH") for text in texts)
    assert any("?mode=ro" in text for text in texts)
    assert not [x for x in texts if re.search(r"\b(?:INTO|UPDATE|DELETE FROM)\s+work\.", x)]


@pytest.mark.parametrize("table", ["articles", "article_versions", "figures", "evidence"])
def test_article_rows_are_not_written_through_sqlite_utils_either(table):
    through = re.compile(
        rf"""(?:\[|\.table\()["']{table}["'][\])]\.(?:insert|upsert|update|delete|transform)"""
    )
    users = {x.name for x in modules().values() if through.search(x.path.read_text("utf-8"))}
    assert users == set()


def test_no_module_is_named_for_nothing():
    named = {x.name for x in modules().values() if EMPTY_NAMES & set(x.name.split("."))}
    assert named == set()


@pytest.mark.parametrize("name", modules())
def test_modules_and_functions_stay_readable(name):
    module = modules()[name]
    lines = len(module.path.read_text(encoding="utf-8").splitlines())
    assert lines <= LONGEST_MODULE
    too_long = [
        node.name
        for node in ast.walk(module.tree)
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        and (node.end_lineno or 0) - node.lineno + 1 > LONGEST_FUNCTION
    ]
    assert too_long == []
