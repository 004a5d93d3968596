"""The list of commands: known without importing what they need."""

import subprocess
import sys

import pytest
from click.testing import CliRunner

from scraper.cli import cli
from scraper.commands import PLACES


@pytest.mark.parametrize("name", PLACES)
def test_the_list_says_what_the_command_says_of_itself(name):
    command = cli.commands[name]
    assert command.name == name
    first_paragraph = (command.help or "").partition("\n\n")[0]
    assert PLACES[name].help == " ".join(first_paragraph.split())


@pytest.mark.parametrize("words", [["--help"], ["export", "--help"], ["publish", "--help"]])
def test_what_reads_the_archive_alone_imports_no_crawler(words):
    code = (
        "import sys\nfrom click.testing import CliRunner\nfrom scraper.cli import cli\n"
        f"assert CliRunner().invoke(cli, {words}).exit_code == 0\n"
        "sys.exit(str({'scrapy', 'twisted', 'datasette'} & sys.modules.keys() or ''))"
    )
    ran = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=False
    )
    assert ran.stderr.strip() == ""


def test_an_unknown_command_is_a_usage_error():
    ran = CliRunner().invoke(cli, ["nothing-of-the-kind"])
    assert ran.exit_code == 2
    assert "No such command" in ran.output
