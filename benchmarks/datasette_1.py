"""The desk's tests on the newest alpha of Datasette 1.0, in an environment of their own: what would break, as a table.

The desk is written for Datasette 0.65. Failures are told and counted and the exit code is 0; it is 1 only when the
tests could not be run. ``python benchmarks/datasette_1.py [--environment DIR] [TEST ...]``
"""

from __future__ import annotations

import argparse
import re
import subprocess
import sys
import tempfile
import tomllib
import venv
import xml.etree.ElementTree as ET
from collections import Counter
from pathlib import Path
from typing import Final

import attrs

REPOSITORY: Final = Path(__file__).parents[1]
ALPHA: Final = "datasette>=1.0a0"
#: What the tests of the desk need beside the program; Datasette 1.0 no longer brings httpx along.
TOOLS: Final = (
    "bibtexparser", "editables", "hatchling", "httpx", "hypothesis", "pytest", "pytest-timeout", "pyyaml", "rispy",
)  # fmt: skip
_BEHIND_NAME: Final = re.compile(r"[^A-Za-z0-9._-]")
_MOST_REASONS: Final = 15


@attrs.frozen(kw_only=True)
class Test:
    """One test that was run."""

    file: str
    #: First line of what went wrong; None when it passed, or was skipped.
    reason: str | None


def wanted() -> list[str]:
    """Requirements of the program as pyproject.toml states them, but for Datasette, and of its tests."""
    project = tomllib.loads((REPOSITORY / "pyproject.toml").read_text("utf-8"))["project"]
    stated = [*project["dependencies"], *project["optional-dependencies"]["dev"]]
    by_name = {_name(requirement): requirement for requirement in stated}
    program = [x for x in project["dependencies"] if _name(x) != "datasette"]
    return [ALPHA, *program, *(by_name.get(tool, tool) for tool in TOOLS)]


def _name(requirement: str) -> str:
    return _BEHIND_NAME.split(requirement, 1)[0].lower()


def install(environment: Path) -> Path:
    """Install or update everything in *environment* and return its Python."""
    python = environment / "bin" / "python"
    if not python.exists():
        venv.create(environment, with_pip=True)
    pip = [python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    subprocess.run([*pip, "--upgrade", *wanted()], check=True)
    editable = ["--no-deps", "--no-build-isolation", "--editable", REPOSITORY]
    subprocess.run([*pip, *editable], check=True)
    return python


def run(python: Path, tests: list[str]) -> list[Test]:
    """Run *tests* and read pytest's report. Raises FileNotFoundError when it wrote none."""
    with tempfile.TemporaryDirectory() as folder:
        report = Path(folder) / "report.xml"
        command = [python, "-m", "pytest", "-q", "--no-header", "--tb=line", "-p", "no:cacheprovider", "-p", "no:logging"]  # fmt: skip
        subprocess.run(
            [*command, f"--junitxml={report}", "--continue-on-collection-errors", *tests],
            cwd=REPOSITORY, check=False, stdout=subprocess.DEVNULL,
        )  # fmt: skip
        root = ET.parse(report).getroot()  # noqa: S314 - pytest has just written it
    return [_test(case) for case in root.iter("testcase")]


def _test(case: ET.Element) -> Test:
    wrong = next((x for x in case if x.tag in {"failure", "error"}), None)
    message = None if wrong is None else (wrong.get("message") or wrong.text or "?")
    # a file that cannot be imported has no class name
    file = case.get("classname") or case.get("name") or "?"
    return Test(file=file.split(".")[-1], reason=message and message.strip().splitlines()[0][:100])


def show(version: str, tests: list[Test]) -> None:
    """Print failures by file and by reason, and how many there are."""
    failed = [test for test in tests if test.reason is not None]
    in_file, broken = Counter(x.file for x in tests), Counter(x.file for x in failed)
    print(f"{'file':<24}{'failed':>8}{'of':>8}")
    for file, number in sorted(in_file.items()):
        print(f"{file:<24}{broken[file]:>8}{number:>8}")
    if failed:
        print(f"\n{'failed':>8}  for")
    reasons = Counter(test.reason for test in failed).most_common()
    for reason, number in reasons[:_MOST_REASONS]:
        print(f"{number:>8}  {reason}")
    if left := sum(number for _, number in reasons[_MOST_REASONS:]):
        print(f"{left:>8}  other reasons")
    print(f"\nDatasette {version}: {len(failed)} of {len(tests)} tests of the desk fail.")


def main() -> int:
    """Install, run, print."""
    parser = argparse.ArgumentParser(description=__doc__)
    environment = REPOSITORY / ".venv-datasette-1"
    parser.add_argument("--environment", type=Path, default=environment)
    parser.add_argument("tests", nargs="*", default=["tests/archive/desk"])
    given = parser.parse_args()
    try:
        python = install(given.environment)
        asked = "import importlib.metadata as m; print(m.version('datasette'))"
        version = subprocess.run([python, "-c", asked], check=True, capture_output=True, text=True).stdout  # fmt: skip
        tests = run(python, given.tests)
    except (subprocess.CalledProcessError, FileNotFoundError) as error:
        print(f"The tests could not be run: {error}", file=sys.stderr)
        return 1
    show(version.strip(), tests)
    return 0


if __name__ == "__main__":
    sys.exit(main())
